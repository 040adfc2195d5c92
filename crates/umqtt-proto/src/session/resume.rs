//! What is sent again on a new connection, and what is lost.

use super::event::{NoticeKind, SessionError};
use super::exchange::{Await, ExchangeInput, Progress};
use super::in_flight::Slots;
use super::incoming::IncomingIds;
use super::phase::{Phase, PhaseInput};
use super::{OnSessionLost, Session};
use crate::store::{Store, StoreError};
use crate::wire::{DUP, PacketType};

impl<T, F, S, I> Session<T, F, S, I>
where
    T: AsRef<[u8]> + AsMut<[u8]>,
    F: Slots,
    S: Store,
    I: IncomingIds,
{
    /// The broker has accepted the connection: decides what is sent again and what is lost.
    pub(super) fn begin_to_resume(&mut self, session_present: bool) -> Result<(), SessionError> {
        if !session_present && (S::KEEPS || cfg!(feature = "qos2")) {
            // The broker's ids have no meaning any more, nor has a PUBREL.
            self.incoming.clear();
            self.outgoing.close_up();
            let tells = self.clean_session || self.on_session_lost == OnSessionLost::Tell;
            let mut index = 0;
            while let Some(slot) = self.outgoing.get(index) {
                if tells || slot.awaits(Await::PubComp) {
                    slot.on(ExchangeInput::Forgotten);
                }
                index = index.wrapping_add(1);
            }
            self.stale = S::KEEPS;
        }
        if S::KEEPS && self.stale {
            self.forget_broker().map_err(|_| SessionError::StoreFailed)?;
            self.stale = false;
        }
        self.unsettled = true;
        self.outgoing.begin_again();
        self.enter(PhaseInput::ConnAck);
        self.resume()
    }

    /// Removes from the store at once what the broker no longer knows, since no later CONNACK says that again. When
    /// the store fails, the next connection begins with this step.
    fn forget_broker(&mut self) -> Result<(), StoreError> {
        self.store.remove_incoming(None)?;
        let mut index = 0;
        while let Some(slot) = self.outgoing.get(index) {
            if slot.awaits(Await::PubComp) && !slot.progress().is_alive() {
                let id = slot.id();
                self.store.remove(id)?;
            }
            index = index.wrapping_add(1);
        }
        Ok(())
    }

    /// Puts what is to be sent again into the transmit buffer, in order and as far as there is room
    /// [MQTT-4.6.0-1, -4].
    #[cfg_attr(target_os = "none", inline(never))]
    pub(crate) fn resume(&mut self) -> Result<(), SessionError> {
        if self.phase == Phase::Resuming && (!S::KEEPS || self.send_again()?) {
            self.outgoing.pass(0);
            self.enter(PhaseInput::Resumed);
        }
        Ok(())
    }

    /// Tells whether all is done.
    fn send_again(&mut self) -> Result<bool, SessionError> {
        loop {
            let index = self.outgoing.passed();
            let Some(slot) = self.outgoing.get(index) else { return Ok(true) };
            let id = slot.id();
            if slot.is_again() {
                if slot.awaits(Await::PubComp) {
                    if !self.transmitter.push_ack(PacketType::PubRel, id.as_u16()) {
                        return Ok(false);
                    }
                } else if let Some(length) = self.store.length(id) {
                    let open = self.transmitter.open_bytes();
                    let offset = if open == 0 { 0 } else { length.saturating_sub(open) };
                    let room = self.transmitter.any_room();
                    if room.is_empty() {
                        return Ok(false);
                    }
                    let count = self.store.read(id, offset, room).unwrap_or(0);
                    if count == 0 {
                        return Err(SessionError::StoreFailed);
                    }
                    if let (0, Some(first)) = (offset, room.first_mut()) {
                        *first |= DUP;
                    }
                    self.transmitter.commit(count);
                    let left = length.saturating_sub(offset.saturating_add(count));
                    self.transmitter.open(left);
                    if left > 0 {
                        return Ok(false);
                    }
                }
                if let Some(slot) = self.outgoing.get(index) {
                    slot.on(ExchangeInput::Resent);
                }
            }
            self.outgoing.pass(index.wrapping_add(1));
        }
    }

    /// Reports the first exchange that is lost, and drops those that were reported.
    pub(crate) fn tell_lost(&mut self) -> Result<(), SessionError> {
        // Nothing is reported before the broker's answer.
        if !self.unsettled || self.phase == Phase::AwaitConnAck {
            return Ok(());
        }
        let mut index = 0;
        while let Some(slot) = self.outgoing.get(index) {
            let id = slot.id();
            match slot.progress() {
                Progress::Lost => {
                    slot.on(ExchangeInput::Told);
                    self.tell(NoticeKind::Lost, 0, id.as_u16());
                    return Ok(());
                }
                Progress::Told => {
                    if S::KEEPS {
                        self.store.remove(id).map_err(|_| SessionError::StoreFailed)?;
                    }
                    self.outgoing.remove(index);
                }
                _ => index = index.wrapping_add(1),
            }
        }
        self.unsettled = false;
        Ok(())
    }
}
