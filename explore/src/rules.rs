//! What must hold: causes for errors, and what is true in every state.

use umqtt_proto::{Phase, QoS, RequestError, SessionError};

use crate::config::{Config, Request, Storage};
use crate::link::State;
use crate::memory::Device;
use crate::packet::Packet;
use crate::witness::Checked;
use crate::world::World;

impl<D: Device> World<D> {
    /// Whether a request may be refused for this.
    pub fn has_cause(&self, error: RequestError, request: Request) -> Checked {
        let session = self.engine.session();
        let phase = session.phase();
        let cause = match error {
            RequestError::NotConnected => !session.is_connected(),
            RequestError::TransmitFull => {
                let waits = !session.pending().is_empty() || session.payload_remaining() > 0;
                waits || phase == Phase::Resuming
            }
            RequestError::InFlightFull => session.in_flight().free_slots() == 0,
            RequestError::StoreFull => !session.store().is_empty(),
            RequestError::StoreFailed => session.store().has_failed(),
            RequestError::NoStore => !D::KEEPS && !self.is_clean && request.qos() == Some(QoS::ExactlyOnce),
            _ => false,
        };
        if cause { Ok(()) } else { Err(format!("a request is refused without a cause: {error}")) }
    }

    /// Whether the connection may end for this.
    pub fn has_reason(&self, error: SessionError, config: &Config) -> Checked {
        let is_dead = matches!(self.link.state, State::Dead | State::Late) || self.link.is_ended();
        let reason = match error {
            SessionError::Refused(_) => !self.broker.is_accepted(),
            SessionError::ConnectTimeout | SessionError::PingTimeout => {
                is_dead && self.link.readable() == 0 || self.link.stalls
            }
            SessionError::IncomingFull => {
                let room = usize::from(config.incoming);
                let is_full = room > 0 && self.engine.session().incoming().count() == room;
                let owes = |(message, _)| self.broker.has_sent(message) && self.witness.is_told(message);
                let is_stuck = is_dead || self.link.stalls && config.is_timed;
                if !is_stuck && self.broker.unreceived().any(owes) {
                    return Err(
                        "the connection ends for a full table, and a PUBREC that is due is not written"
                            .into(),
                    );
                }
                is_full && (self.broker.qos2_in_flight() > room || self.witness.is_mistaken)
            }
            SessionError::StoreFailed => self.engine.session().store().has_failed(),
            _ => false,
        };
        if reason { Ok(()) } else { Err(format!("the connection ends without a reason: {error}")) }
    }

    /// What holds in every state.
    pub fn check(&self, config: &Config) -> Checked {
        let session = self.engine.session();
        if self.link.is_open() == (session.phase() == Phase::Disconnected) {
            return Err(format!("the engine is {:?}, and the link {:?}", session.phase(), self.link.state));
        }
        for (index, slot) in session.in_flight().iter().enumerate() {
            if session.in_flight().iter().skip(index + 1).any(|other| other.id() == slot.id()) {
                return Err(format!("id {} is in flight twice", slot.id()));
            }
        }
        if config.storage == Storage::Durable && !self.is_clean {
            for (_, id) in self.broker.unreceived() {
                let pub_rec = Packet::PubRec(id).encode();
                let is_sent = session.pending().windows(4).any(|bytes| bytes == pub_rec.as_slice());
                if is_sent && !session.store().holds_incoming(id) {
                    return Err(format!(
                        "PUBREC {id} is to be written, and the store does not know the message"
                    ));
                }
            }
        }
        for open in self.witness.open() {
            if session.in_flight().iter().all(|slot| slot.id().as_u16() != open.id) {
                return Err(format!("id {} has no end, and is not in flight any more", open.id));
            }
        }
        Ok(())
    }
}
