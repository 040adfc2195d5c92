//! A server behind links, and time that jumps to the next moment at which something happens.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use umqtt_proto::Instant;

use super::{End, Link, LinkError, VirtualClock, until};
use crate::{Broker, CloseReason, ConnectionId};

/// How a server ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// What it sent before arrives.
    Close,
    /// What is in transit is lost.
    Reset,
}

/// What a [`Network`] asks of the server behind it: bytes in, bytes out, time as an argument.
///
/// [`Broker`] and [`Player`](crate::script::Player) do this; a test may bring its own.
pub trait Service {
    /// A link was opened.
    fn open(&mut self, now: Instant) -> ConnectionId;
    /// Bytes came.
    fn receive(&mut self, connection: ConnectionId, bytes: &[u8], now: Instant);
    /// Takes the bytes to be sent.
    fn output(&mut self, connection: ConnectionId) -> Vec<u8>;
    /// Whether the server has ended the connection, and how; what [`output`](Self::output) has left comes first.
    fn ending(&self, connection: ConnectionId) -> Option<Ending>;
    /// The link has ended; the connection will not be named again.
    fn lost(&mut self, connection: ConnectionId, now: Instant);
    /// Time has passed.
    fn tick(&mut self, now: Instant);
    /// The milliseconds until `tick` has something to do, if it ever has.
    fn timeout(&self, now: Instant) -> Option<u32>;
}

impl Service for Broker {
    fn open(&mut self, now: Instant) -> ConnectionId {
        Self::open(self, now)
    }

    fn receive(&mut self, connection: ConnectionId, bytes: &[u8], now: Instant) {
        Self::receive(self, connection, bytes, now);
    }

    fn output(&mut self, connection: ConnectionId) -> Vec<u8> {
        Self::output(self, connection)
    }

    fn ending(&self, connection: ConnectionId) -> Option<Ending> {
        match self.close_reason(connection)? {
            CloseReason::Cut => Some(Ending::Reset),
            _ => Some(Ending::Close),
        }
    }

    fn lost(&mut self, connection: ConnectionId, _: Instant) {
        Self::lost(self, connection);
    }

    fn tick(&mut self, now: Instant) {
        Self::tick(self, now);
    }

    fn timeout(&self, now: Instant) -> Option<u32> {
        Self::timeout(self, now)
    }
}

/// A server and the links that lead to it, in one thread and on one virtual clock; clones are the same network.
///
/// A client's transport calls [`wait_readable`](Self::wait_readable) and [`wait_writable`](Self::wait_writable) where
/// a real one would block.
///
/// ```
/// use umqtt_testkit::Broker;
/// use umqtt_testkit::link::{Direction, Network};
///
/// let network = Network::new(Broker::default());
/// let (mut client, link) = network.open();
/// link.delay(Direction::ToClient, 40);
/// client.write(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04shed").unwrap();
///
/// let deadline = network.now().after(1000);
/// assert!(network.wait_readable(&client, deadline));
/// assert_eq!(network.now().as_millis(), 40);
/// let mut answer = [0; 8];
/// assert_eq!(client.read(&mut answer), Ok(4));
/// assert!(!network.wait_readable(&client, deadline), "nothing more comes");
/// assert_eq!(network.now(), deadline);
/// ```
pub struct Network<S = Broker> {
    clock: VirtualClock,
    inner: Rc<RefCell<Inner<S>>>,
}

struct Inner<S> {
    service: S,
    lines: Vec<Line>,
    /// The server reads nothing from a client to which it has something to write.
    writes_first: bool,
}

/// The server's end of a link.
struct Line {
    end: End,
    connection: ConnectionId,
    output: Vec<u8>,
    /// How much of the output was written.
    written: usize,
    over: bool,
}

impl<S> Clone for Network<S> {
    fn clone(&self) -> Self {
        Self { clock: self.clock.clone(), inner: Rc::clone(&self.inner) }
    }
}

impl<S: Service> Network<S> {
    /// A network of this server, whose clock starts at 0.
    #[must_use]
    pub fn new(service: S) -> Self {
        Self::with_clock(service, VirtualClock::default())
    }

    /// A network of this server on a clock of the test.
    #[must_use]
    pub fn with_clock(service: S, clock: VirtualClock) -> Self {
        Self {
            clock,
            inner: Rc::new(RefCell::new(Inner { service, lines: Vec::new(), writes_first: false })),
        }
    }

    /// Opens a link to the server: the client's end, and the handle for faults.
    #[must_use]
    pub fn open(&self) -> (End, Link) {
        let (link, client, end) = Link::new(&self.clock);
        let mut inner = self.inner.borrow_mut();
        let connection = inner.service.open(self.now());
        inner.lines.push(Line { end, connection, output: Vec::new(), written: 0, over: false });
        (client, link)
    }

    /// The clock that all of the network follows.
    #[must_use]
    pub const fn clock(&self) -> &VirtualClock {
        &self.clock
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Calls `action` with the server.
    pub fn with<R>(&self, action: impl FnOnce(&mut S) -> R) -> R {
        action(&mut self.inner.borrow_mut().service)
    }

    /// Lets the server read nothing from a client that does not take what the server has to write, as a server with
    /// blocking calls does.
    pub fn write_first(&self, writes_first: bool) {
        self.inner.borrow_mut().writes_first = writes_first;
    }

    /// Lets everything happen that can happen without time passing.
    pub fn pump(&self) {
        let now = self.now();
        let inner = &mut *self.inner.borrow_mut();
        inner.service.tick(now);
        loop {
            let mut moved = false;
            for line in &mut inner.lines {
                moved |= line.pump(&mut inner.service, inner.writes_first, now);
            }
            inner.lines.retain(|line| !line.over);
            if !moved {
                return;
            }
        }
    }

    /// Lets `millis` milliseconds pass; everything happens at its moment.
    pub fn advance(&self, millis: u32) {
        let deadline = self.now().after(millis);
        self.wait(deadline, || None);
    }

    /// Lets time pass until `end` has bytes, an end or an error to read; returns `false` when it has none at
    /// `deadline`.
    ///
    /// The deadline must be at most 24 days ahead.
    #[must_use]
    pub fn wait_readable(&self, end: &End, deadline: Instant) -> bool {
        self.wait(deadline, || end.readable_in())
    }

    /// Lets time pass until `end` takes a write or gives an error; returns `false` when it does neither at `deadline`.
    #[must_use]
    pub fn wait_writable(&self, end: &End, deadline: Instant) -> bool {
        self.wait(deadline, || end.writable_in())
    }

    /// Moves the clock from one moment at which something happens to the next, until `ready_in` says 0.
    fn wait(&self, deadline: Instant, ready_in: impl Fn() -> Option<u32>) -> bool {
        loop {
            self.pump();
            let ready = ready_in();
            let left = until(self.now(), deadline);
            if ready == Some(0) {
                return true;
            }
            if left == 0 {
                return false;
            }
            let next = ready.into_iter().chain(self.next_event()).min().unwrap_or(left);
            self.clock.advance(next.clamp(1, left));
        }
    }

    /// The milliseconds until time alone changes something at the server.
    fn next_event(&self) -> Option<u32> {
        let inner = self.inner.borrow();
        let lines = inner.lines.iter().flat_map(|line| {
            let (idle, reads) = (line.unsent().is_empty(), line.reads(inner.writes_first));
            let readable = if reads { line.end.readable_in() } else { None };
            [readable, if idle { None } else { line.end.writable_in() }]
        });
        lines.flatten().chain(inner.service.timeout(self.now())).min()
    }
}

impl Line {
    /// Moves what can be moved now; whether anything was.
    fn pump<S: Service>(&mut self, service: &mut S, writes_first: bool, now: Instant) -> bool {
        let mut moved = false;
        let mut room = [0; 4096];
        while !self.over && self.reads(writes_first) {
            match self.end.read(&mut room) {
                Err(LinkError::WouldBlock) => break,
                Ok(count) if count > 0 => {
                    service.receive(self.connection, room.get(..count).unwrap_or_default(), now);
                }
                // The client has closed, or the link was cut.
                Ok(_) | Err(LinkError::Reset) => self.finish(service, now),
            }
            moved = true;
        }
        while !self.over {
            if self.unsent().is_empty() {
                self.output = service.output(self.connection);
                self.written = 0;
            }
            if self.output.is_empty() {
                break;
            }
            match self.end.write(self.output.get(self.written..).unwrap_or_default()) {
                Ok(count) => self.written += count,
                Err(LinkError::WouldBlock) => break,
                Err(LinkError::Reset) => self.finish(service, now),
            }
            moved = true;
        }
        if let Some(ending) = service.ending(self.connection).filter(|_| !self.over) {
            if ending == Ending::Reset {
                self.end.reset();
            }
            if ending == Ending::Reset || self.unsent().is_empty() {
                self.finish(service, now);
                moved = true;
            }
        }
        moved
    }

    /// Whether the server reads from the client.
    fn reads(&self, writes_first: bool) -> bool {
        !writes_first || self.unsent().is_empty()
    }

    fn unsent(&self) -> &[u8] {
        self.output.get(self.written..).unwrap_or_default()
    }

    fn finish<S: Service>(&mut self, service: &mut S, now: Instant) {
        self.over = true;
        self.end.close();
        service.lost(self.connection, now);
    }
}

impl<S: fmt::Debug> fmt::Debug for Network<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.inner.borrow();
        f.debug_struct("Network")
            .field("now", &self.clock.now())
            .field("links", &inner.lines.len())
            .field("service", &inner.service)
            .finish()
    }
}
