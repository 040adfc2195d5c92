//! The loop: look at the transport, tell events, write, wait.

use umqtt_proto::wire::{Delivery, FixedHeader, PacketType, Publish};
use umqtt_proto::{Await, Event, Frame, FrameKind, Instant, Phase, RequestError};

use super::sender::remaining;
use super::{Client, Sender};
use crate::error::Error;
use crate::memory::Buffers;
use crate::transport::{Interest, Io, Transport};

/// How the loop ended.
pub(super) enum Pumped {
    /// With an event that lends nothing.
    Told(Event<'static>),
    /// The next event lends from the receiver; it is to be polled with this time.
    ///
    /// It is left to the caller, since a loop cannot return what it lends.
    Lends(Instant),
    /// The time is over.
    Nothing,
}

impl<T: Transport, B: Buffers> Client<T, B> {
    /// Runs until there is an event or `wait` milliseconds have passed.
    ///
    /// The transport is looked at before a time-out is believed, so that an answer that lies there is seen first
    /// even if the caller comes late.
    pub(super) fn pump(&mut self, wait: u32) -> Result<Pumped, Error<T::Error>> {
        let start = self.sender.transport.now();
        let mut now = start;
        let mut look = matches!(self.receiver.peek(), Ok(None));
        let mut found = true;
        loop {
            if look && self.sender.session.phase() != Phase::Disconnected {
                found = self.look()?;
                now = self.sender.transport.now();
            }
            look = true;
            if let Some(pumped) = self.next_event(now)? {
                return Ok(pumped);
            }
            if self.sender.session.phase() == Phase::Disconnected {
                return Err(Error::Request(RequestError::NotConnected));
            }
            let write = !self.sender.session.poll_transmit().is_empty();
            if write && !self.sender.write(now)? {
                // There may be room for acknowledgements now.
                look = false;
                continue;
            }
            let left = remaining(wait, now.since(start));
            if left == 0 {
                return Ok(Pumped::Nothing);
            }
            if found {
                continue;
            }
            let mut timeout = left;
            if write {
                timeout = timeout.min(self.sender.patience(now));
            }
            if let Some(due) = self.sender.session.poll_timeout(now) {
                // What is due and was not done waits for bytes to come or go.
                timeout = timeout.min(due.max(1));
            }
            self.sender.wait(Interest { read: !self.receiver.unfilled().is_empty(), write }, timeout)?;
        }
    }

    /// Reads what is there; tells whether that was something.
    fn look(&mut self) -> Result<bool, Error<T::Error>> {
        let room = self.receiver.unfilled();
        if room.is_empty() {
            return Ok(false);
        }
        match self.sender.transport.read(room) {
            Ok(Io::Done(count)) if count > 0 => {
                self.receiver.advance(count);
                Ok(true)
            }
            Ok(Io::Done(_) | Io::WouldBlock) => Ok(false),
            Ok(Io::Closed) => Err(self.sender.fail(Error::Closed)),
            Err(error) => Err(self.sender.fail(Error::Transport(error))),
        }
    }

    /// The next event for the caller, if there is one now.
    fn next_event(&mut self, now: Instant) -> Result<Option<Pumped>, Error<T::Error>> {
        loop {
            if self.next_lends() {
                return Ok(Some(Pumped::Lends(now)));
            }
            match self.sender.session.poll_event(&mut self.receiver, now) {
                Ok(None) => return Ok(None),
                Ok(Some(Event::Handled(_))) => {}
                Ok(Some(event)) => {
                    if let Some(event) = detach(event) {
                        return Ok(Some(Pumped::Told(event)));
                    }
                }
                Err(error) => return Err(self.sender.fail(Error::Session(error))),
            }
        }
    }

    /// Whether the next frame becomes an event that lends from the receiver.
    fn next_lends(&mut self) -> bool {
        if !self.sender.is_connected() || !self.sender.session.can_receive() {
            return false;
        }
        let Ok(Some(Frame { kind, header, body, .. })) = self.receiver.peek() else { return false };
        match header.packet_type {
            PacketType::SubAck => true,
            PacketType::Publish => {
                if kind != FrameKind::Part {
                    self.repeated = self.sender.was_told(kind, header, body);
                }
                !self.repeated
            }
            _ => false,
        }
    }
}

impl<T: Transport, B: Buffers> Sender<T, B> {
    /// Whether this is a message of QoS 2 that was handed out before.
    fn was_told(&self, kind: FrameKind, header: FixedHeader, body: &[u8]) -> bool {
        if header.flags & 0b0110 != 0b0100 {
            return false;
        }
        let delivery = match kind {
            FrameKind::Untitled => Delivery::decode(header, body).map(|(delivery, _)| delivery),
            _ => Publish::decode_body(header, body).map(|message| message.delivery),
        };
        let Ok(Delivery::ExactlyOnce { id, .. }) = delivery else { return false };
        self.session.in_flight().iter().any(|slot| slot.id() == id && slot.awaits(Await::PubRel))
    }
}

/// The event without its lifetime, if it lends nothing.
const fn detach(event: Event<'_>) -> Option<Event<'static>> {
    Some(match event {
        Event::Connected { session_present } => Event::Connected { session_present },
        Event::Delivered { id, late } => Event::Delivered { id, late },
        Event::Unsubscribed { id, late } => Event::Unsubscribed { id, late },
        Event::TimedOut { id } => Event::TimedOut { id },
        Event::Lost { id } => Event::Lost { id },
        Event::UnknownAck { id, packet_type } => Event::UnknownAck { id, packet_type },
        _ => return None,
    })
}
