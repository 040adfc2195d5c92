//! A script behind a virtual link.

use std::collections::BTreeMap;

use umqtt_proto::Instant;

use super::parse::Script;
use super::play::{Next, Play, Progress};
use crate::ConnectionId;
use crate::link::{Ending, Service, until};

/// Plays a [`Script`] as the server of a [`Network`](crate::link::Network).
///
/// ```
/// use umqtt_testkit::link::Network;
/// use umqtt_testkit::script::{Player, Progress};
///
/// let script = "expect connect\nsend 20 02 00 05\nclose".parse().unwrap();
/// let network = Network::new(Player::new(script));
/// let (mut client, _link) = network.open();
/// client.write(b"\xc0\x00").unwrap();
/// network.pump();
/// let Progress::Mismatch(mismatch) = network.with(|player| player.progress()) else { panic!() };
/// assert_eq!(mismatch.to_string(), "line 1: `expect connect`, but the client sent PINGREQ c0 00");
/// ```
#[derive(Clone, Debug)]
pub struct Player {
    play: Play,
    lines: BTreeMap<ConnectionId, Line>,
    opened: u64,
    /// The connection that the script is about.
    current: Option<ConnectionId>,
    stalled_until: Option<Instant>,
}

#[derive(Clone, Debug, Default)]
struct Line {
    accepted: bool,
    /// What came before the script accepted the connection.
    early: Vec<u8>,
    output: Vec<u8>,
    ending: Option<Ending>,
}

impl Player {
    /// A player at the start of its script.
    #[must_use]
    pub fn new(script: Script) -> Self {
        let play = Play::new(script);
        Self { play, lines: BTreeMap::new(), opened: 0, current: None, stalled_until: None }
    }

    /// How far the script has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.play.progress()
    }

    /// Goes on until something must come or time must pass.
    fn run(&mut self, now: Instant) {
        while self.stalled_until.is_none_or(|moment| until(now, moment) == 0) {
            self.stalled_until = None;
            match self.play.next() {
                Next::Accept => {
                    let Some((id, line)) = self.lines.iter_mut().find(|(_, line)| !line.accepted) else {
                        return;
                    };
                    line.accepted = true;
                    self.current = Some(*id);
                    self.play.opened();
                    self.play.received(&std::mem::take(&mut line.early));
                }
                Next::Send(bytes) | Next::SendSplit(bytes) => {
                    if let Some(line) = self.current() {
                        line.output.extend_from_slice(&bytes);
                    }
                }
                Next::Stall(millis) => self.stalled_until = Some(now.after(millis)),
                Next::Close => self.end(Ending::Close),
                Next::Reset => self.end(Ending::Reset),
                Next::Receive | Next::Nothing => return,
            }
        }
    }

    fn current(&mut self) -> Option<&mut Line> {
        self.lines.get_mut(&self.current?)
    }

    fn end(&mut self, ending: Ending) {
        if let Some(line) = self.current() {
            line.ending = Some(ending);
        }
        self.current = None;
    }
}

impl Service for Player {
    fn open(&mut self, now: Instant) -> ConnectionId {
        let id = ConnectionId::new(self.opened);
        self.opened += 1;
        self.lines.insert(id, Line::default());
        self.run(now);
        id
    }

    fn receive(&mut self, connection: ConnectionId, bytes: &[u8], now: Instant) {
        if self.current == Some(connection) {
            self.play.received(bytes);
            self.run(now);
        } else if let Some(line) = self.lines.get_mut(&connection).filter(|line| !line.accepted) {
            line.early.extend_from_slice(bytes);
        }
    }

    fn output(&mut self, connection: ConnectionId) -> Vec<u8> {
        self.lines.get_mut(&connection).map(|line| std::mem::take(&mut line.output)).unwrap_or_default()
    }

    fn ending(&self, connection: ConnectionId) -> Option<Ending> {
        self.lines.get(&connection)?.ending
    }

    fn lost(&mut self, connection: ConnectionId, now: Instant) {
        self.lines.remove(&connection);
        if self.current == Some(connection) {
            self.play.ended();
            self.run(now);
        }
    }

    fn tick(&mut self, now: Instant) {
        self.run(now);
    }

    fn timeout(&self, now: Instant) -> Option<u32> {
        Some(until(now, self.stalled_until?))
    }
}
