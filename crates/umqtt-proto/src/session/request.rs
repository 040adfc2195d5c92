//! The requests that a caller makes of a session.

use super::event::{ConnectError, RequestError};
use super::exchange::Await;
use super::in_flight::{Slot, Slots};
use super::incoming::IncomingIds;
use super::keep_alive::Ping;
use super::phase::{Phase, PhaseInput};
use super::{Session, StoreError};
use crate::packet_id::PacketId;
use crate::qos::QoS;
use crate::store::Store;
use crate::topic::{TopicFilter, TopicName};
use crate::wire::{
    Connect, DISCONNECT, Fields, PINGREQ, PacketType, Subscription, Writer, publish_first_byte, put_filters,
    put_publish, put_subscriptions,
};

impl<T, F, S, I> Session<T, F, S, I>
where
    T: AsRef<[u8]> + AsMut<[u8]>,
    F: Slots,
    S: Store,
    I: IncomingIds,
{
    /// Puts CONNECT into the transmit buffer; [`Engine::connect`](crate::Engine::connect) also begins the wait for
    /// its answer.
    pub(crate) fn connect(&mut self, connect: &Connect<'_>) -> Result<(), ConnectError> {
        let Some(phase) = self.phase.next(PhaseInput::Connect) else {
            return Err(ConnectError::NotDisconnected);
        };
        if connect.lacks_client_id() {
            return Err(ConnectError::EmptyClientId);
        }
        if self
            .transmitter
            .put(PacketType::Connect.first_byte(), PacketId::FIRST, &|_, writer| connect.put(writer), 0)
            .is_err()
        {
            return Err(ConnectError::BufferTooSmall);
        }
        self.keep_alive = connect.keep_alive;
        self.clean_session = connect.clean_session;
        self.set_phase(phase);
        Ok(())
    }

    /// Puts a message into the transmit buffer and returns its id, `None` with QoS 0; never waits.
    ///
    /// [`Event::Delivered`](crate::Event::Delivered), [`Event::TimedOut`](crate::Event::TimedOut) or
    /// [`Event::Lost`](crate::Event::Lost) follow for the id.
    ///
    /// # Errors
    /// [`RequestError`]; nothing has changed. After [`RequestError::TransmitFull`], write; after
    /// [`RequestError::InFlightFull`], wait for acknowledgements.
    pub fn publish(
        &mut self,
        topic: TopicName<'_>,
        payload: &[u8],
        qos: QoS,
        retain: bool,
    ) -> Result<Option<PacketId>, RequestError> {
        self.message(topic, payload, (0, &[]), qos, retain)
    }

    /// Puts the start of a message of any length into the transmit buffer. Pass its payload, from its first byte on,
    /// in pieces to [`push_payload`](Self::push_payload); nothing else is sent before its end.
    ///
    /// A store keeps the whole message at once.
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
        let id = self.message(topic, &[], (payload.len(), payload), qos, retain)?;
        self.transmitter.open(payload.len());
        Ok(id)
    }

    /// As [`publish_large`](Self::publish_large), for a payload of which only the length is known so far.
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
        let id = self.message(topic, &[], (payload_length, &[]), qos, retain)?;
        self.transmitter.open(payload_length);
        Ok(id)
    }

    /// Puts a message into the transmit buffer, of which `follow` bytes come later; those that are known are for the
    /// store.
    fn message(
        &mut self,
        topic: TopicName<'_>,
        payload: &[u8],
        (follow, known): (usize, &[u8]),
        qos: QoS,
        retain: bool,
    ) -> Result<Option<PacketId>, RequestError> {
        let awaits = match qos {
            QoS::AtMostOnce => None,
            QoS::AtLeastOnce => Some(Await::PubAck),
            QoS::ExactlyOnce if cfg!(feature = "qos2") => Some(Await::PubRec),
            QoS::ExactlyOnce => return Err(RequestError::Qos2NotBuilt),
        };
        let first = publish_first_byte(qos, false, retain);
        let fields = |id, writer: &mut Writer<'_>| put_publish(topic, awaits.map(|_| id), payload, writer);
        let id = self.request(first, awaits, 0, &fields, (follow, known))?;
        Ok(awaits.map(|_| id))
    }

    /// Adds the next bytes of a payload begun with [`publish_large`](Self::publish_large) and returns how many there
    /// was room for.
    pub fn push_payload(&mut self, payload: &[u8]) -> usize {
        self.transmitter.push_payload(payload)
    }

    /// How many bytes of a payload begun with [`publish_large`](Self::publish_large) are still to come.
    #[must_use]
    pub const fn payload_remaining(&self) -> usize {
        self.transmitter.open_bytes()
    }

    /// Subscribes to 1 to 255 filters and returns the id of the request; never waits.
    ///
    /// [`Event::Subscribed`](crate::Event::Subscribed), [`Event::TimedOut`](crate::Event::TimedOut) or
    /// [`Event::Lost`](crate::Event::Lost) follow for the id.
    ///
    /// # Errors
    /// [`RequestError`]; nothing has changed.
    pub fn subscribe(&mut self, filters: &[Subscription<'_>]) -> Result<PacketId, RequestError> {
        let count = filter_count(filters.len())?;
        let fields = |id, writer: &mut Writer<'_>| put_subscriptions(id, filters, writer);
        self.request(PacketType::Subscribe.first_byte(), Some(Await::SubAck), count, &fields, (0, &[]))
    }

    /// Unsubscribes from 1 to 255 filters and returns the id of the request; never waits.
    ///
    /// [`Event::Unsubscribed`](crate::Event::Unsubscribed), [`Event::TimedOut`](crate::Event::TimedOut) or
    /// [`Event::Lost`](crate::Event::Lost) follow for the id.
    ///
    /// # Errors
    /// [`RequestError`]; nothing has changed.
    pub fn unsubscribe(&mut self, filters: &[TopicFilter<'_>]) -> Result<PacketId, RequestError> {
        let count = filter_count(filters.len())?;
        let fields = |id, writer: &mut Writer<'_>| put_filters(id, filters, writer);
        self.request(PacketType::Unsubscribe.first_byte(), Some(Await::UnsubAck), count, &fields, (0, &[]))
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
        let Some(phase) = self.phase.next(PhaseInput::Disconnect) else {
            return Err(RequestError::NotConnected);
        };
        // Nothing may follow it, so that an acknowledgement that has no room yet goes first.
        if self.owed != 0 || !self.transmitter.push(&DISCONNECT) {
            return Err(RequestError::TransmitFull);
        }
        self.ping = Ping::Off;
        self.set_phase(phase);
        Ok(())
    }

    /// Puts a packet into the transmit buffer and, if it waits for an answer, into the table and the store; what
    /// is refused changes nothing.
    fn request(
        &mut self,
        first: u8,
        awaits: Option<Await>,
        filters: u8,
        fields: &Fields<'_>,
        (follow, known): (usize, &[u8]),
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
        let place = self.transmitter.end();
        self.transmitter.put(first, id, fields, follow)?;
        if let Some(awaits) = awaits {
            if keeps && filters == 0 {
                let packet = self.transmitter.behind(place);
                if let Err(error) = self.store.insert(id, awaits, &[packet, known]) {
                    self.transmitter.take_back(place);
                    return Err(match error {
                        StoreError::Full => RequestError::StoreFull,
                        StoreError::Failed => RequestError::StoreFailed,
                    });
                }
            }
            self.outgoing.push(Slot::new(id, awaits, filters));
            self.next_id = id.next();
        }
        Ok(id)
    }
}

/// How many filters a request has, if that can be sent [MQTT-3.8.3-3, MQTT-3.10.3-2].
fn filter_count(count: usize) -> Result<u8, RequestError> {
    match u8::try_from(count) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(RequestError::FilterCount),
    }
}
