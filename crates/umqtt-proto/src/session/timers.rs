//! What happens without a packet: time-outs, keep-alive, what was lost, and what is sent again.

use super::Session;
use super::event::{Event, SessionError};
use super::inflight::{Await, Mark, Slot};
use super::keep_alive::{Action, Elapsed, action};
use super::phase::{Phase, PhaseInput};
use super::rx::ACK;
use crate::store::Store;
use crate::time::Instant;
use crate::wire::{Ack, PINGREQ};

/// A time-out that never ends.
pub const NEVER: u32 = u32::MAX;

/// How long to wait for the broker's answers, in milliseconds; [`NEVER`] waits for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Timeouts {
    /// From CONNECT to CONNACK.
    pub connect: u32,
    /// From PINGREQ to PINGRESP.
    pub ping: u32,
    /// From a message, SUBSCRIBE or UNSUBSCRIBE to its acknowledgement.
    pub message: u32,
}

impl Timeouts {
    /// 5 s for CONNACK, 5 s for PINGRESP, 10 s for acknowledgements.
    pub const DEFAULT: Self = Self { connect: 5_000, ping: 5_000, message: 10_000 };
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Whether `elapsed` milliseconds are enough.
pub(super) const fn is_over(timeout: u32, elapsed: u32) -> bool {
    elapsed >= timeout && timeout != NEVER
}

impl<T, F, S> Session<T, F, S>
where
    T: AsRef<[u8]> + AsMut<[u8]>,
    F: AsRef<[Slot]> + AsMut<[Slot]>,
    S: Store,
{
    /// The milliseconds until [`poll_event`](Self::poll_event) has something to do even if no byte arrives;
    /// `None` when never.
    #[must_use]
    pub fn poll_timeout(&self, now: Instant) -> Option<u32> {
        let mut wait = match self.phase {
            Phase::Disconnected | Phase::Disconnecting => NEVER,
            // What the table has to tell waits until the broker has answered.
            Phase::AwaitConnAck => {
                let wait = remaining(self.timeouts.connect, now.since(self.asked));
                return if wait == NEVER { None } else { Some(wait) };
            }
            // There is something to send again as soon as there is room.
            Phase::Resuming if self.transmitter.pending().is_empty() => 0,
            Phase::Connected if self.transmitter.has_room(PINGREQ.len() + ACK) => {
                match self.keep_alive_action(now) {
                    Action::Wait(wait) => wait.unwrap_or(NEVER),
                    Action::Ping if self.pinged && !self.transmitter.pending().is_empty() => NEVER,
                    Action::Ping | Action::GiveUp => 0,
                }
            }
            // What waits is to be sent first, and whoever sends it bounds that.
            Phase::Resuming | Phase::Connected => NEVER,
        };
        for slot in self.in_flight.slots() {
            if slot.is(Mark::Lost) {
                wait = 0;
            } else if !slot.is(Mark::Told) && !slot.awaits(Await::PubRel) {
                wait = wait.min(remaining(self.timeouts.message, now.since(slot.sent_at())));
            }
        }
        if wait == NEVER { None } else { Some(wait) }
    }

    /// What the keep-alive asks for.
    fn keep_alive_action(&self, now: Instant) -> Action {
        let elapsed = Elapsed {
            sent: now.since(self.last_sent),
            received: now.since(self.last_received),
            ping: if self.pinged { Some(now.since(self.asked)) } else { None },
        };
        action(self.keep_alive, self.timeouts.ping, &elapsed)
    }

    /// Sends PINGREQ as the keep-alive asks; tells whether PINGRESP is overdue, unless it is received already.
    pub(super) fn check_keep_alive(&mut self, now: Instant) -> bool {
        if !matches!(self.phase, Phase::Resuming | Phase::Connected) {
            return false;
        }
        let action = self.keep_alive_action(now);
        // While an answer is awaited, any packet that waits to be sent keeps the link alive as well.
        let ping = action == Action::Ping && (!self.pinged || self.transmitter.pending().is_empty());
        // With room for an acknowledgement behind it, so that receiving goes on.
        if ping && self.transmitter.has_room(PINGREQ.len() + ACK) && self.transmitter.push(&PINGREQ) {
            self.pinged(now);
        }
        action == Action::GiveUp
    }

    /// Ends the connection when CONNACK is overdue.
    pub(super) fn check_connect(&self, now: Instant) -> Result<(), SessionError> {
        if self.phase == Phase::AwaitConnAck && is_over(self.timeouts.connect, now.since(self.asked)) {
            return Err(SessionError::ConnectTimeout);
        }
        Ok(())
    }

    /// The oldest PINGREQ without an answer is the one that counts.
    pub(super) fn pinged(&mut self, now: Instant) {
        if !self.pinged {
            self.pinged = true;
            self.asked = now;
        }
    }

    /// The first exchange that waited too long, told once.
    pub(super) fn poll_timed_out(&mut self, now: Instant) -> Option<Event<'static>> {
        if self.phase == Phase::AwaitConnAck {
            return None;
        }
        let timeout = self.timeouts.message;
        let slot = self.in_flight.slots_mut().iter_mut().find(|slot| {
            !slot.is(Mark::Told) && !slot.awaits(Await::PubRel) && is_over(timeout, now.since(slot.sent_at()))
        })?;
        slot.mark(Mark::Told);
        Some(Event::TimedOut { id: slot.id() })
    }

    /// The connection is over: no answer can come to SUBSCRIBE and UNSUBSCRIBE, nor to a message that no store
    /// keeps. A QoS 1 message leaves nothing behind on the broker; the id of one of QoS 2 stays in use.
    pub(super) fn mark_at_close(&mut self) {
        for slot in self.in_flight.slots_mut() {
            slot.unmark(Mark::Resend);
            if !slot.awaits(Await::PubRel) && !is_resumable::<S>(slot) {
                slot.mark(Mark::Lost);
                if !slot.awaits(Await::PubRec) {
                    slot.mark(Mark::Gone);
                }
            }
        }
        self.marked = true;
    }

    /// The broker accepted the connection: all that it may still answer is sent again, or told as lost when it
    /// has forgotten the session [MQTT-4.4.0-1].
    pub(super) fn mark_at_connect(&mut self, session_present: bool) {
        self.marked = true;
        if !can_resume::<S>() {
            return; // All was marked when the last connection ended.
        }
        for slot in self.in_flight.slots_mut() {
            if !session_present {
                self.store.remove(slot.id());
                slot.mark(Mark::Lost);
                slot.mark(Mark::Gone);
            } else if is_resumable::<S>(slot) {
                slot.mark(Mark::Resend);
            }
        }
    }

    /// Sends again what is to be sent again, as far as there is room, then tells what is lost.
    pub(super) fn poll_marked(&mut self) -> Option<Event<'static>> {
        // Before the broker's answer nothing else is told.
        if !self.marked || self.phase == Phase::AwaitConnAck {
            return None;
        }
        self.resume();
        while let Some(slot) = self.in_flight.slots_mut().iter_mut().find(|slot| slot.is(Mark::Lost)) {
            let lost = *slot;
            slot.unmark(Mark::Lost);
            slot.mark(Mark::Told);
            slot.mark(Mark::Ended);
            let left = *slot;
            if lost.is(Mark::Gone) {
                self.in_flight.remove(left);
            }
            // Each id has one end; those of the broker are its own matter.
            if !lost.is(Mark::Ended) && !lost.awaits(Await::PubRel) {
                return Some(Event::Lost { id: lost.id() });
            }
        }
        self.marked = self.phase == Phase::Resuming;
        None
    }

    /// Puts what is to be sent again on a resumed session into the transmit buffer, as far as there is room.
    ///
    /// [`poll_event`](Self::poll_event) does so too; this is for who wants to send without taking events.
    pub fn resume(&mut self) {
        if self.phase == Phase::Resuming && (!can_resume::<S>() || self.resend()) {
            if let Some(phase) = self.phase.next(PhaseInput::Resumed) {
                self.enter(phase);
            }
        }
    }

    /// Sends again in the order of the table [MQTT-4.6.0-1, -4]; tells whether all is done.
    fn resend(&mut self) -> bool {
        for slot in self.in_flight.slots_mut() {
            if !slot.is(Mark::Resend) {
                continue;
            }
            let sent = if slot.awaits(Await::PubComp) {
                self.transmitter.push(&Ack::PubRel(slot.id()).to_bytes())
            } else if let Some(packet) = self.store.packet(slot.id()) {
                self.transmitter.push_duplicate(packet)
            } else {
                true
            };
            if !sent {
                return false;
            }
            slot.unmark(Mark::Resend);
        }
        true
    }
}

/// Whether there can be anything to send again: without a store and QoS 2 the code for it is left out.
const fn can_resume<S: Store>() -> bool {
    S::KEEPS || cfg!(feature = "qos2")
}

/// Whether a new connection of the same session can finish the exchange.
fn is_resumable<S: Store>(slot: &Slot) -> bool {
    cfg!(feature = "qos2") && slot.awaits(Await::PubComp)
        || S::KEEPS && (slot.awaits(Await::PubAck) || slot.awaits(Await::PubRec))
}

pub(super) const fn remaining(timeout: u32, elapsed: u32) -> u32 {
    if timeout == NEVER { NEVER } else { timeout.saturating_sub(elapsed) }
}
