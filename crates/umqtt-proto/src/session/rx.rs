//! What a session does with what arrives.

use super::Session;
use super::event::{Event, LargeMessage, SessionError};
use super::inflight::{Await, Mark, Slot};
use super::phase::{Phase, PhaseInput};
use crate::error::Violation;
use crate::packet_id::PacketId;
use crate::receiver::{Frame, FrameKind, Receiver};
use crate::store::Store;
use crate::time::Instant;
use crate::wire::{Ack, ConnAck, ConnectReturnCode, Delivery, FixedHeader, PacketType, Publish, SubAck};

/// The bytes of an acknowledgement.
pub(super) const ACK: usize = 4;

impl<T, F, S> Session<T, F, S>
where
    T: AsRef<[u8]> + AsMut<[u8]>,
    F: AsRef<[Slot]> + AsMut<[Slot]>,
    S: Store,
{
    /// What happened next, or `None` until bytes arrive, bytes are sent, or
    /// [`poll_timeout`](Self::poll_timeout) is over.
    ///
    /// An event borrows from the receiver alone: the session can be used while a message is held. The
    /// acknowledgement of a message is in the transmit buffer when the message is handed out; without room for
    /// it nothing is taken from the receiver, so send before you poll again.
    ///
    /// # Errors
    /// [`SessionError`]: the connection is over, and the transport must be closed [MQTT-4.8.0-1].
    pub fn poll_event<'r, R>(
        &mut self,
        receiver: &'r mut Receiver<R>,
        now: Instant,
    ) -> Result<Option<Event<'r>>, SessionError>
    where
        R: AsRef<[u8]> + AsMut<[u8]>,
    {
        let result = self.step(receiver, now);
        if result.is_err() {
            self.handle_closed();
        }
        result
    }

    /// Whether [`poll_event`](Self::poll_event) takes the next frame of the receiver: there is a connection, and
    /// room in the transmit buffer for an acknowledgement.
    #[must_use]
    pub fn can_receive(&self) -> bool {
        matches!(self.phase, Phase::AwaitConnAck | Phase::Resuming | Phase::Connected)
            && self.transmitter.has_room(ACK)
    }

    fn step<'r, R>(
        &mut self,
        receiver: &'r mut Receiver<R>,
        now: Instant,
    ) -> Result<Option<Event<'r>>, SessionError>
    where
        R: AsRef<[u8]> + AsMut<[u8]>,
    {
        if let Some(event) = self.poll_marked() {
            return Ok(Some(event));
        }
        let (fresh, mid_packet) = (receiver.is_fresh(), receiver.is_mid_packet());
        if fresh {
            self.last_received = now;
        }
        let overdue = self.check_keep_alive(now);
        if self.can_receive() {
            match receiver.poll() {
                Err(violation) => return Err(violation.into()),
                Ok(Some(frame)) => return self.handle(&frame, now),
                // The broker is at it: PINGRESP stands behind what arrives.
                Ok(None) if fresh => {
                    if self.pinged && mid_packet {
                        self.asked = now;
                    }
                }
                Ok(None) if overdue => return Err(SessionError::PingTimeout),
                Ok(None) => {}
            }
        }
        self.check_connect(now)?;
        Ok(self.poll_timed_out(now))
    }

    /// Deals with a frame; the transmitter has room for an acknowledgement.
    fn handle<'r>(&mut self, frame: &Frame<'r>, now: Instant) -> Result<Option<Event<'r>>, SessionError> {
        let &Frame { kind, header, body, remaining } = frame;
        if self.phase == Phase::AwaitConnAck {
            return self.handle_conn_ack(header, body);
        }
        match header.packet_type {
            PacketType::Publish => {
                let mut topic = None;
                let mut payload = body;
                if kind == FrameKind::Untitled {
                    (self.arriving, payload) = Delivery::decode(header, body)?;
                } else if kind != FrameKind::Part {
                    let message = Publish::decode_body(header, body)?;
                    topic = Some(message.topic);
                    payload = message.payload;
                    self.arriving = message.delivery;
                }
                let delivery = self.arriving;
                let fresh = self.check_delivery(delivery)?;
                if remaining == 0 {
                    self.acknowledge(delivery, fresh, now);
                }
                if !fresh {
                    return Ok(Some(Event::Handled(PacketType::Publish)));
                }
                let retain = header.flags & 1 != 0;
                Ok(Some(match (kind, topic) {
                    (FrameKind::Part, _) => Event::MessagePart { bytes: payload, remaining },
                    (FrameKind::Whole, Some(topic)) => {
                        Event::Message(Publish { topic, payload, retain, delivery })
                    }
                    _ => Event::MessageStart(LargeMessage { topic, payload, remaining, retain, delivery }),
                }))
            }
            PacketType::SubAck => self.handle_sub_ack(SubAck::decode_body(body)?),
            PacketType::PingResp => {
                self.pinged = false;
                Ok(Some(Event::Handled(PacketType::PingResp)))
            }
            packet_type => match Ack::decode_body(packet_type, body)? {
                Some(ack) => self.handle_ack(ack),
                None => Err(Violation::UnexpectedPacket.into()),
            },
        }
    }

    fn handle_conn_ack(
        &mut self,
        header: FixedHeader,
        body: &[u8],
    ) -> Result<Option<Event<'static>>, SessionError> {
        if header.packet_type != PacketType::ConnAck {
            return Err(Violation::UnexpectedPacket.into());
        }
        let ack = ConnAck::decode_body(body)?;
        if ack.return_code != ConnectReturnCode::Accepted {
            return Err(SessionError::Refused(ack.return_code));
        }
        if ack.session_present && self.clean_session {
            return Err(Violation::SessionPresent.into());
        }
        if let Some(phase) = self.phase.next(PhaseInput::ConnAck) {
            self.enter(phase);
        }
        self.mark_at_connect(ack.session_present);
        self.resume();
        Ok(Some(Event::Connected { session_present: ack.session_present }))
    }

    /// Whether a message is new, and not one of QoS 2 that was handed out before.
    fn check_delivery(&self, delivery: Delivery) -> Result<bool, SessionError> {
        let Delivery::ExactlyOnce { id, .. } = delivery else { return Ok(true) };
        if !cfg!(feature = "qos2") {
            return Err(SessionError::Qos2NotBuilt);
        }
        let fresh = self.in_flight.find(id, Await::PubRel).is_none();
        if fresh && self.in_flight.is_full() { Err(SessionError::InFlightFull) } else { Ok(fresh) }
    }

    /// Queues what the QoS asks for, in the order of arrival [MQTT-4.6.0-2, -3].
    fn acknowledge(&mut self, delivery: Delivery, fresh: bool, now: Instant) {
        let Some(ack) = delivery.ack() else { return };
        self.transmitter.push(&ack.to_bytes());
        if let (true, true, Ack::PubRec(id)) = (cfg!(feature = "qos2"), fresh, ack) {
            self.in_flight.insert(id, Await::PubRel, 0, now);
        }
    }

    fn handle_sub_ack<'r>(&mut self, ack: SubAck<'r>) -> Result<Option<Event<'r>>, SessionError> {
        let SubAck { id, return_codes } = ack;
        let Some(slot) = self.in_flight.find(id, Await::SubAck) else {
            return Ok(Some(Event::UnknownAck { id, packet_type: PacketType::SubAck }));
        };
        if return_codes.len() != usize::from(slot.filters()) {
            return Err(Violation::SubAckCount.into());
        }
        let late = slot.is(Mark::Told);
        self.in_flight.complete(id, Await::SubAck);
        Ok(Some(Event::Subscribed { id, return_codes, late }))
    }

    fn handle_ack(&mut self, ack: Ack) -> Result<Option<Event<'static>>, SessionError> {
        let id = ack.id();
        let awaited = match ack {
            Ack::PubAck(_) => Await::PubAck,
            Ack::UnsubAck(_) => Await::UnsubAck,
            _ => return self.handle_qos2(ack, id),
        };
        let Some(slot) = self.in_flight.complete(id, awaited) else {
            return Ok(Some(Event::UnknownAck { id, packet_type: ack.packet_type() }));
        };
        let late = slot.is(Mark::Told);
        if awaited == Await::UnsubAck {
            return Ok(Some(Event::Unsubscribed { id, late }));
        }
        self.store.remove(id);
        Ok(Some(Event::Delivered { id, late }))
    }

    #[cfg(not(feature = "qos2"))]
    fn handle_qos2(&self, _: Ack, _: PacketId) -> Result<Option<Event<'static>>, SessionError> {
        Err(SessionError::Qos2NotBuilt)
    }

    /// The steps of QoS 2 [MQTT-4.3.3-1, -2]; PUBREC and PUBREL are answered even if their id is unknown, so
    /// that the broker can let it go.
    #[cfg(feature = "qos2")]
    fn handle_qos2(&mut self, ack: Ack, id: PacketId) -> Result<Option<Event<'static>>, SessionError> {
        let packet_type = ack.packet_type();
        let known = match ack {
            Ack::PubRec(_) => {
                self.transmitter.push(&Ack::PubRel(id).to_bytes());
                let advanced = self.in_flight.advance(id, Await::PubRec, Await::PubComp);
                if advanced {
                    self.store.remove(id);
                }
                advanced || self.in_flight.find(id, Await::PubComp).is_some()
            }
            Ack::PubRel(_) => {
                self.transmitter.push(&Ack::PubComp(id).to_bytes());
                self.in_flight.complete(id, Await::PubRel);
                true
            }
            _ => {
                if let Some(slot) = self.in_flight.complete(id, Await::PubComp) {
                    return Ok(Some(Event::Delivered { id, late: slot.is(Mark::Told) }));
                }
                false
            }
        };
        Ok(Some(if known { Event::Handled(packet_type) } else { Event::UnknownAck { id, packet_type } }))
    }
}
