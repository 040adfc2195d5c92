//! What a caller asks of a session.

use super::event::{ConnectError, RequestError};
use super::exchange::Await;
use super::in_flight::{IncomingIds, Slot, Slots};
use super::keep_alive::Ping;
use super::phase::{Phase, PhaseInput};
use super::{Session, StoreError};
use crate::error::EncodeError;
use crate::packet_id::PacketId;
use crate::qos::QoS;
use crate::store::Store;
use crate::topic::{TopicFilter, TopicName};
use crate::wire::{
    Connect, DISCONNECT, Delivery, PINGREQ, Publish, Subscription, encode_subscribe, encode_unsubscribe,
};

impl<T, F, S, I> Session<T, F, S, I>
where
    T: AsRef<[u8]> + AsMut<[u8]>,
    F: Slots,
    S: Store,
    I: IncomingIds,
{
    /// Puts CONNECT into the transmit buffer; [`Engine::connect`](crate::Engine::connect) begins the wait for
    /// its answer, too.
    pub(crate) fn connect(&mut self, connect: &Connect<'_>) -> Result<(), ConnectError> {
        if self.phase.next(PhaseInput::Connect).is_none() {
            return Err(ConnectError::NotDisconnected);
        }
        if connect.lacks_client_id() {
            return Err(ConnectError::EmptyClientId);
        }
        match connect.encode(self.transmitter.room()) {
            Ok(length) => self.transmitter.commit(length),
            Err(_) => return Err(ConnectError::BufferTooSmall),
        }
        self.keep_alive = connect.keep_alive;
        self.clean_session = connect.clean_session;
        self.enter(PhaseInput::Connect);
        Ok(())
    }

    /// Puts a message into the transmit buffer and gives its id, `None` with QoS 0; never waits.
    ///
    /// [`Event::Delivered`](crate::Event::Delivered), [`Event::TimedOut`](crate::Event::TimedOut) or
    /// [`Event::Lost`](crate::Event::Lost) follow for the id.
    ///
    /// # Errors
    /// [`RequestError`]; nothing has changed. [`RequestError::TransmitFull`] goes away by writing, and
    /// [`RequestError::InFlightFull`] by acknowledgements.
    pub fn publish(
        &mut self,
        topic: TopicName<'_>,
        payload: &[u8],
        qos: QoS,
        retain: bool,
    ) -> Result<Option<PacketId>, RequestError> {
        let awaits = awaited(qos)?;
        let id = self.request(awaits, 0, &[], &|id, room| {
            Publish { topic, payload, retain, delivery: Delivery::new(qos, id) }.encode(room)
        })?;
        Ok(awaits.map(|_| id))
    }

    /// Puts the start of a message of any length into the transmit buffer. Its payload follows, in pieces, by
    /// [`push_payload`](Self::push_payload), from its first byte on; nothing else is sent before its end.
    ///
    /// A store keeps the whole of it at once.
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    pub fn publish_large(
        &mut self,
        topic: TopicName<'_>,
        payload: &[u8],
        qos: QoS,
        retain: bool,
    ) -> Result<Option<PacketId>, RequestError> {
        self.publish_start(topic, payload.len(), payload, qos, retain)
    }

    /// As [`publish_large`](Self::publish_large), for a payload of which only the length is known yet.
    ///
    /// # Errors
    /// As [`publish`](Self::publish); [`RequestError::StoreFull`] with QoS 1 and 2 where a store is to keep the
    /// message, since it takes messages whole.
    pub fn publish_streamed(
        &mut self,
        topic: TopicName<'_>,
        payload_length: usize,
        qos: QoS,
        retain: bool,
    ) -> Result<Option<PacketId>, RequestError> {
        if self.is_connected() && self.keeps() && qos != QoS::AtMostOnce {
            return Err(RequestError::StoreFull);
        }
        self.publish_start(topic, payload_length, &[], qos, retain)
    }

    fn publish_start(
        &mut self,
        topic: TopicName<'_>,
        payload_length: usize,
        kept: &[u8],
        qos: QoS,
        retain: bool,
    ) -> Result<Option<PacketId>, RequestError> {
        let awaits = awaited(qos)?;
        let id = self.request(awaits, 0, kept, &|id, room| {
            let delivery = Delivery::new(qos, id);
            Publish { topic, payload: &[], retain, delivery }.encode_header(payload_length, room)
        })?;
        self.transmitter.open(payload_length);
        Ok(awaits.map(|_| id))
    }

    /// Gives the next bytes of a payload begun with [`publish_large`](Self::publish_large) and tells how many
    /// there was room for.
    pub fn push_payload(&mut self, payload: &[u8]) -> usize {
        self.transmitter.push_payload(payload)
    }

    /// How many bytes of a payload begun with [`publish_large`](Self::publish_large) are still to come.
    #[must_use]
    pub const fn payload_remaining(&self) -> usize {
        self.transmitter.open_bytes()
    }

    /// Asks for the messages of 1 to 255 filters and gives the id of the request; never waits.
    ///
    /// [`Event::Subscribed`](crate::Event::Subscribed), [`Event::TimedOut`](crate::Event::TimedOut) or
    /// [`Event::Lost`](crate::Event::Lost) follow for the id.
    ///
    /// # Errors
    /// [`RequestError`]; nothing has changed.
    pub fn subscribe(&mut self, filters: &[Subscription<'_>]) -> Result<PacketId, RequestError> {
        let count = filter_count(filters.len())?;
        self.request(Some(Await::SubAck), count, &[], &|id, room| encode_subscribe(id, filters, room))
    }

    /// Asks for no more messages of 1 to 255 filters and gives the id of the request; never waits.
    ///
    /// [`Event::Unsubscribed`](crate::Event::Unsubscribed), [`Event::TimedOut`](crate::Event::TimedOut) or
    /// [`Event::Lost`](crate::Event::Lost) follow for the id.
    ///
    /// # Errors
    /// [`RequestError`]; nothing has changed.
    pub fn unsubscribe(&mut self, filters: &[TopicFilter<'_>]) -> Result<PacketId, RequestError> {
        let count = filter_count(filters.len())?;
        self.request(Some(Await::UnsubAck), count, &[], &|id, room| encode_unsubscribe(id, filters, room))
    }

    /// Puts PINGREQ into the transmit buffer; the keep-alive does so by itself.
    ///
    /// # Errors
    /// [`RequestError::NotConnected`], [`RequestError::TransmitFull`]; nothing has changed.
    pub fn ping(&mut self) -> Result<(), RequestError> {
        if self.phase != Phase::Connected {
            return Err(RequestError::NotConnected);
        }
        if !self.transmitter.has_room(PINGREQ.len()) {
            return Err(RequestError::TransmitFull);
        }
        self.want_ping();
        debug_assert!(self.ping != Ping::Off);
        Ok(())
    }

    /// Puts DISCONNECT into the transmit buffer [MQTT-3.14.4-2]; the goal [`Goal::Close`](crate::Goal::Close)
    /// does so, and ends when it is written.
    ///
    /// # Errors
    /// [`RequestError::NotConnected`], [`RequestError::TransmitFull`]; nothing has changed.
    pub(crate) fn disconnect(&mut self) -> Result<(), RequestError> {
        if self.phase.next(PhaseInput::Disconnect).is_none() {
            return Err(RequestError::NotConnected);
        }
        // Nothing may follow it, so that an acknowledgement that has no room yet goes first.
        if self.owed != 0 || !self.transmitter.push(&DISCONNECT) {
            return Err(RequestError::TransmitFull);
        }
        self.ping = Ping::Off;
        self.enter(PhaseInput::Disconnect);
        Ok(())
    }

    /// Puts a packet into the transmit buffer and, if it waits for an answer, into the table and the store; what
    /// is refused changes nothing. A store keeps `rest`, too.
    fn request(
        &mut self,
        awaits: Option<Await>,
        filters: u8,
        rest: &[u8],
        encode: &Encode<'_>,
    ) -> Result<PacketId, RequestError> {
        match self.phase {
            Phase::Connected => {}
            // What is sent again goes first [MQTT-4.6.0-1].
            Phase::Resuming => return Err(RequestError::TransmitFull),
            _ => return Err(RequestError::NotConnected),
        }
        let keeps = self.keeps();
        let mut id = PacketId::FIRST;
        if let Some(awaits) = awaits {
            if cfg!(feature = "qos2") && !S::KEEPS && !self.clean_session && awaits == Await::PubRec {
                return Err(RequestError::NoStore);
            }
            if self.outgoing.free_slots() == 0 {
                return Err(RequestError::InFlightFull);
            }
            id = self.outgoing.unused_id(self.next_id);
            // What the table knows of free ids begins here, whatever becomes of the request.
            self.next_id = id;
        }
        let capacity = self.transmitter.capacity();
        let room = self.transmitter.room();
        let length = match encode(id, room) {
            Ok(length) => length,
            Err(EncodeError::TooLong) => return Err(RequestError::TooLong),
            Err(EncodeError::BufferTooSmall { needed }) if needed > capacity => {
                return Err(RequestError::BufferTooSmall);
            }
            Err(EncodeError::BufferTooSmall { .. }) => return Err(RequestError::TransmitFull),
        };
        if let Some(awaits) = awaits {
            if keeps && filters == 0 {
                let packet = room.get(..length).unwrap_or_default();
                self.store.insert(id, awaits, &[packet, rest]).map_err(|error| match error {
                    StoreError::Full => RequestError::StoreFull,
                    StoreError::Failed => RequestError::StoreFailed,
                })?;
            }
            self.outgoing.push(Slot::new(id, awaits, filters));
            self.next_id = id.next();
        }
        self.transmitter.commit(length);
        Ok(id)
    }
}

/// Writes a packet with this id, if it has one, and tells its length.
type Encode<'a> = dyn Fn(PacketId, &mut [u8]) -> Result<usize, EncodeError> + 'a;

/// What a message of this QoS waits for.
const fn awaited(qos: QoS) -> Result<Option<Await>, RequestError> {
    Ok(match qos {
        QoS::AtMostOnce => None,
        QoS::AtLeastOnce => Some(Await::PubAck),
        QoS::ExactlyOnce if cfg!(feature = "qos2") => Some(Await::PubRec),
        QoS::ExactlyOnce => return Err(RequestError::Qos2NotBuilt),
    })
}

/// How many filters a request has, if that can be sent [MQTT-3.8.3-3, MQTT-3.10.3-2].
fn filter_count(count: usize) -> Result<u8, RequestError> {
    match u8::try_from(count) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(RequestError::FilterCount),
    }
}
