//! The link between engine and broker: bytes on their way, and where it fails.

use crate::broker::{Answers, Broker};
use crate::config::{Config, Pieces};
use crate::list::List;
use crate::packet::Packet;
use crate::witness::{Checked, Witness};

/// Whether bytes get through.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum State {
    Closed,
    Up,
    /// Bytes get through, but those of the broker are late.
    Late,
    /// What is written is lost; what was on its way to the client may still be read.
    Dead,
    /// The broker has refused the connection and closed it.
    Refused,
    /// DISCONNECT has arrived, and nothing may follow it; the broker has closed.
    Finished,
}

/// Some numbers of bytes.
pub type Counts = List<u8, 4>;

/// The link.
#[derive(Clone, Copy, Hash, Debug)]
pub struct Link {
    pub state: State,
    /// It did not take all at the last attempt.
    pub stalls: bool,
    /// The packets on their way to the client.
    to_client: Answers,
    /// How many bytes of the first one were read.
    read: u8,
    /// The bytes of a packet of the client that is not all there.
    to_broker: List<u8, 32>,
    /// When the client has written something for the last time, by its clock.
    pub written_at: u32,
    /// When it was opened.
    pub opened_at: u32,
}

impl Link {
    pub fn new() -> Self {
        Self {
            state: State::Closed,
            stalls: false,
            to_client: List::new(),
            read: 0,
            to_broker: List::new(),
            written_at: 0,
            opened_at: 0,
        }
    }

    pub fn open(&mut self, now: u32) {
        *self = Self { state: State::Up, written_at: now, opened_at: now, ..Self::new() };
    }

    pub fn close(&mut self) {
        *self = Self::new();
    }

    pub fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    /// Whether the broker has closed it.
    pub fn is_ended(&self) -> bool {
        matches!(self.state, State::Refused | State::Finished)
    }

    /// Whether the broker may send something.
    pub fn has_room(&self) -> bool {
        matches!(self.state, State::Up | State::Late) && self.to_client.as_slice().len() < 8
    }

    pub fn send(&mut self, packet: Packet) {
        self.to_client.push(packet);
    }

    pub fn is_empty(&self) -> bool {
        self.to_client.as_slice().is_empty() && self.to_broker.as_slice().is_empty()
    }

    /// How many bytes can be read now.
    pub fn readable(&self) -> usize {
        if self.state == State::Late {
            return 0;
        }
        let all: usize = self.to_client.as_slice().iter().map(|packet| packet.length()).sum();
        all - usize::from(self.read)
    }

    /// The numbers of bytes that a read may give, when there is room for so many.
    pub fn reads(&self, room: usize, pieces: Pieces) -> Counts {
        let all = self.readable().min(room);
        let first = self.to_client.as_slice().first().map_or(0, |packet| packet.length());
        let mut counts = Counts::new();
        counts.push(all as u8);
        let rest = first - usize::from(self.read);
        if pieces >= Pieces::Packets && rest < all {
            counts.push(rest as u8);
        }
        if all > 1 && rest > 1 && (pieces == Pieces::Bytes || pieces == Pieces::Split && self.read == 0) {
            counts.push(1);
        }
        counts
    }

    /// Reads so many bytes; tells which packets were read to their end.
    pub fn read(&mut self, buffer: &mut [u8]) -> Vec<Packet> {
        let mut whole = Vec::new();
        for byte in buffer {
            let packet = self.to_client.as_slice()[0];
            *byte = packet.encode().as_slice()[usize::from(self.read)];
            self.read += 1;
            if usize::from(self.read) == packet.length() {
                self.to_client.drop_front(1);
                self.read = 0;
                whole.push(packet);
            }
        }
        whole
    }

    /// The numbers of bytes that a write may take, above 0.
    pub fn writes(&self, pending: &[u8], pieces: Pieces) -> Counts {
        let mut counts = Counts::new();
        counts.push(pending.len() as u8);
        // The rest of the packet that has begun, or the first one.
        let begun = self.to_broker.as_slice();
        let length = begun.iter().chain(pending).nth(1).map_or(2, |&length| 2 + usize::from(length));
        let rest = length - begun.len();
        if pieces >= Pieces::Packets && rest < pending.len() {
            counts.push(rest as u8);
        }
        let is_whole = begun.is_empty();
        if pending.len() > 1 && rest > 1 && (pieces == Pieces::Bytes || pieces == Pieces::Split && is_whole) {
            counts.push(1);
        }
        counts
    }

    /// The broker gets bytes; tells which packets they completed, and whether the connection goes on.
    pub fn write(
        &mut self,
        bytes: &[u8],
        broker: &mut Broker,
        witness: &mut Witness,
        config: &Config,
    ) -> Checked<Vec<Packet>> {
        let mut whole = Vec::new();
        for &byte in bytes {
            match self.state {
                State::Dead | State::Refused | State::Closed => return Ok(whole),
                State::Finished => return Err("something follows DISCONNECT [MQTT-3.14.4-2]".into()),
                State::Up | State::Late => {}
            }
            self.to_broker.push(byte);
            if let Some((packet, _)) = Packet::decode(self.to_broker.as_slice())? {
                self.to_broker.clear();
                whole.push(packet);
                if !broker.receive(packet, &mut self.to_client, witness, config)? {
                    // The broker closes, and reads no more.
                    broker.close();
                    self.state = if packet == Packet::Disconnect { State::Finished } else { State::Refused };
                }
            }
        }
        Ok(whole)
    }
}
