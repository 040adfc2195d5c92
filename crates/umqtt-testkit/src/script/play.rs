//! Goes through a script, without I/O.

use std::collections::VecDeque;
use std::fmt;

use umqtt_proto::PacketId;
use umqtt_proto::wire::{FixedHeader, Packet};

use super::parse::{Action, Element, Script, Step};

/// How many packet ids a script can name.
const IDS: usize = 10;

/// How many bytes of what came a mismatch shows.
const SHOWN: usize = 40;

/// What the client did instead of what the script expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The number of the line that was not met, from 1.
    pub line: usize,
    /// The line.
    pub expected: String,
    /// The bytes that came since the line before was met.
    pub came: Vec<u8>,
    /// Whether the client closed after them.
    pub closed: bool,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: `{}`, but the client ", self.line, self.expected)?;
        if !self.came.is_empty() {
            f.write_str("sent")?;
            if let Ok(Some((header, _))) = FixedHeader::decode(&self.came) {
                write!(f, " {}", format!("{:?}", header.packet_type).to_uppercase())?;
            }
            for byte in self.came.iter().take(SHOWN) {
                write!(f, " {byte:02x}")?;
            }
            if self.came.len() > SHOWN {
                write!(f, " ... ({} bytes)", self.came.len())?;
            }
        }
        match (self.came.is_empty(), self.closed) {
            (true, true) => f.write_str("closed the connection"),
            (false, true) => f.write_str(" and closed the connection"),
            (_, false) => Ok(()),
        }
    }
}

impl std::error::Error for Mismatch {}

/// How far a script has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It waits in the line of this number.
    Line(usize),
    /// All of it was met.
    Done,
    /// The client did something else; the connection was reset.
    Mismatch(Mismatch),
}

/// What the driver of a script is to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Wait for a connection, then say [`Play::opened`].
    Accept,
    /// Wait for bytes, then say [`Play::received`], or for the end, then say [`Play::ended`].
    Receive,
    Send(Vec<u8>),
    /// Send each byte by itself.
    SendSplit(Vec<u8>),
    Stall(u32),
    Close,
    Reset,
    /// Nothing is left to do.
    Nothing,
}

/// A script and how far it has come.
#[derive(Clone, Debug)]
pub(super) struct Play {
    steps: Vec<Step>,
    at: usize,
    /// What came and no step has taken.
    input: Vec<u8>,
    /// Whether the driver is at the step at `at`.
    given: bool,
    is_open: bool,
    /// The client has closed.
    ended: bool,
    /// The packet ids that came, each once, the last one first.
    packet_ids: VecDeque<PacketId>,
    mismatch: Option<Mismatch>,
}

enum Found {
    /// The step takes this many bytes.
    Length(usize),
    NeedMore,
    Different,
}

impl Play {
    pub(super) fn new(script: Script) -> Self {
        Self {
            steps: script.steps,
            at: 0,
            input: Vec::new(),
            given: false,
            is_open: false,
            ended: false,
            packet_ids: VecDeque::new(),
            mismatch: None,
        }
    }

    pub(super) fn progress(&self) -> Progress {
        match (&self.mismatch, self.steps.get(self.at)) {
            (Some(mismatch), _) => Progress::Mismatch(mismatch.clone()),
            (None, Some(step)) => Progress::Line(step.line),
            (None, None) => Progress::Done,
        }
    }

    pub(super) fn opened(&mut self) {
        self.is_open = true;
        self.ended = false;
        self.input.clear();
        self.at += 1;
    }

    pub(super) fn received(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    pub(super) fn ended(&mut self) {
        self.ended = true;
    }

    /// Goes on until the driver has something to do; that it asks says that the last thing is done.
    pub(super) fn next(&mut self) -> Next {
        self.at += usize::from(std::mem::take(&mut self.given));
        loop {
            let Some(step) = self.steps.get(self.at).filter(|_| self.mismatch.is_none()) else {
                if !std::mem::replace(&mut self.is_open, false) {
                    return Next::Nothing;
                }
                return if self.mismatch.is_some() { Next::Reset } else { Next::Close };
            };
            let next = match &step.action {
                Action::Accept => return Next::Accept,
                Action::Send(bytes) => Next::Send(self.bytes(bytes)),
                Action::SendSplit(bytes) => Next::SendSplit(self.bytes(bytes)),
                Action::Stall(millis) => Next::Stall(*millis),
                Action::Close => Next::Close,
                Action::Reset => Next::Reset,
                Action::Drain => {
                    self.input.clear();
                    if !self.ended {
                        return Next::Receive;
                    }
                    Next::Close
                }
                Action::ExpectClose => {
                    if !self.input.is_empty() {
                        self.fail();
                        continue;
                    }
                    if !self.ended {
                        return Next::Receive;
                    }
                    Next::Close
                }
                Action::ExpectPacket(_) | Action::ExpectBytes { .. } => {
                    match self.find(&step.action) {
                        Found::Length(length) => {
                            self.take(length);
                            self.at += 1;
                        }
                        Found::NeedMore if !self.ended => return Next::Receive,
                        _ => self.fail(),
                    }
                    continue;
                }
            };
            self.given = true;
            if matches!(next, Next::Close | Next::Reset) {
                self.is_open = false;
            }
            return next;
        }
    }

    /// The bytes of a `send`; an id that no packet had is 0.
    fn bytes(&self, elements: &[Element]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for element in elements {
            match element {
                Element::Byte(byte, times) => bytes.resize(bytes.len() + times, *byte),
                Element::Id(back) => {
                    bytes.extend(self.packet_ids.get(*back).map_or(0, |id| id.as_u16()).to_be_bytes());
                }
                Element::Any => {}
            }
        }
        bytes
    }

    /// Whether what came is what a step expects.
    fn find(&self, action: &Action) -> Found {
        match action {
            Action::ExpectPacket(wanted) => match Packet::decode(&self.input) {
                Ok(Some((packet, length))) if wanted.is_none_or(|wanted| wanted == packet.packet_type()) => {
                    Found::Length(length)
                }
                // The first byte tells the type before the packet is whole.
                Ok(None) => match (wanted, self.input.first()) {
                    (Some(wanted), Some(first)) if first >> 4 != *wanted as u8 => Found::Different,
                    _ => Found::NeedMore,
                },
                _ => Found::Different,
            },
            Action::ExpectBytes { pattern, rest } => match self.find_pattern(pattern) {
                Found::Length(length) if *rest => self.find_end(length),
                found => found,
            },
            _ => Found::Different,
        }
    }

    fn find_pattern(&self, pattern: &[Element]) -> Found {
        let mut input = self.input.as_slice();
        for element in pattern {
            let (wanted, length) = match element {
                Element::Byte(byte, times) => ([*byte, *byte], *times),
                Element::Any => {
                    let Some((_, rest)) = input.split_first() else { return Found::NeedMore };
                    input = rest;
                    continue;
                }
                Element::Id(back) => match self.packet_ids.get(*back) {
                    Some(id) => (id.as_u16().to_be_bytes(), 2),
                    None => return Found::Different,
                },
            };
            let (came, rest) = input.split_at_checked(length).unwrap_or((input, &[]));
            if came.iter().zip(wanted.iter().cycle()).any(|(came, wanted)| came != wanted) {
                return Found::Different;
            }
            if came.len() < length {
                return Found::NeedMore;
            }
            input = rest;
        }
        Found::Length(self.input.len() - input.len())
    }

    /// The end of the packet in which the byte before `length` lies.
    fn find_end(&self, length: usize) -> Found {
        let mut end = 0usize;
        while end < length {
            match FixedHeader::decode(self.input.get(end..).unwrap_or_default()) {
                Ok(Some((header, start))) => end += start + header.remaining_length as usize,
                Ok(None) => return Found::NeedMore,
                Err(_) => return Found::Different,
            }
        }
        if end <= self.input.len() { Found::Length(end) } else { Found::NeedMore }
    }

    /// Takes what a step expected, and remembers the packet ids among it.
    fn take(&mut self, length: usize) {
        let taken: Vec<u8> = self.input.drain(..length).collect();
        let mut rest = taken.as_slice();
        while let Ok(Some((packet, length))) = Packet::decode(rest) {
            let id = match packet {
                Packet::Publish(publish) => publish.id(),
                Packet::Ack(ack) => Some(ack.id()),
                Packet::Subscribe(subscribe) => Some(subscribe.id()),
                Packet::Unsubscribe(unsubscribe) => Some(unsubscribe.id()),
                _ => None,
            };
            if let Some(id) = id {
                self.packet_ids.retain(|other| *other != id);
                self.packet_ids.push_front(id);
                self.packet_ids.truncate(IDS);
            }
            rest = rest.get(length..).unwrap_or_default();
        }
    }

    fn fail(&mut self) {
        if let Some(step) = self.steps.get(self.at) {
            let (line, expected) = (step.line, step.text.clone());
            let came = std::mem::take(&mut self.input);
            self.mismatch = Some(Mismatch { line, expected, came, closed: self.ended });
        }
    }
}
