//! One connection after another of one client: the state that MQTT asks for, and nothing else.

mod event;
mod inflight;
pub mod keep_alive;
mod phase;
mod rx;
mod timers;
mod tx;

pub use event::{ConnectError, Event, LargeMessage, RequestError, SessionError};
pub use inflight::{Await, InFlight, Slot};
pub use phase::{Phase, PhaseInput};
pub use timers::{NEVER, Timeouts};
pub use tx::Transmitter;

use crate::error::EncodeError;
use crate::packet_id::PacketId;
use crate::qos::QoS;
use crate::store::{NoStore, Store};
use crate::time::Instant;
use crate::topic::{TopicFilter, TopicName};
use crate::wire::{
    Connect, DISCONNECT, Delivery, KeepAlive, PINGREQ, Publish, Subscription, encode_subscribe,
    encode_unsubscribe,
};

/// The state of an MQTT session and of its connection: no I/O, no clock, no memory of its own.
///
/// `T` holds the bytes that wait to be sent, `F` the [`Slot`]s of packets in flight, `S` what is to be sent
/// again. Commands ([`connect`](Self::connect), [`publish`](Self::publish), …) never wait: they put a packet
/// into the transmit buffer or refuse and change nothing. What became of it is told by
/// [`poll_event`](Self::poll_event). The order to poll in:
///
/// 1. [`poll_event`](Self::poll_event) until it gives `None`;
/// 2. send what [`poll_transmit`](Self::poll_transmit) gives, and tell [`sent`](Self::sent) how much;
/// 3. read into the receiver, for no longer than [`poll_timeout`](Self::poll_timeout) says; begin again.
///
/// ```
/// use umqtt_proto::wire::{Connect, KeepAlive};
/// use umqtt_proto::{ClientId, Event, Instant, NoStore, QoS, Receiver, Session, Slot, TopicName};
///
/// let mut receiver = Receiver::new([0; 64]);
/// let mut session = Session::new([0; 64], [Slot::EMPTY; 4], NoStore);
/// let now = Instant::from_millis(0);
///
/// session.connect(&Connect::new(ClientId::new("shed").unwrap()), now).unwrap();
/// let sent = session.poll_transmit().len(); // … write the bytes to the transport
/// session.sent(sent, now);
///
/// receiver.unfilled()[..4].copy_from_slice(b"\x20\x02\x00\x00"); // … read from the transport
/// receiver.advance(4);
/// let event = session.poll_event(&mut receiver, now).unwrap();
/// assert_eq!(event, Some(Event::Connected { session_present: false }));
/// assert_eq!(session.poll_event(&mut receiver, now), Ok(None));
///
/// let topic = TopicName::new("shed/door").unwrap();
/// let id = session.publish(topic, b"open", QoS::AtLeastOnce, false, now).unwrap().unwrap();
/// assert_eq!(session.poll_transmit(), b"\x32\x11\x00\x09shed/door\x00\x01open");
/// # assert_eq!(id.as_u16(), 1);
/// ```
#[derive(Debug)]
pub struct Session<T, F, S = NoStore> {
    transmitter: Transmitter<T>,
    in_flight: InFlight<F>,
    store: S,
    timeouts: Timeouts,
    last_sent: Instant,
    last_received: Instant,
    /// When CONNECT or the oldest PINGREQ without an answer was handed over.
    asked: Instant,
    keep_alive: KeepAlive,
    next_id: PacketId,
    /// Of the message that arrives in parts.
    arriving: Delivery,
    phase: Phase,
    clean_session: bool,
    /// A PINGREQ has no answer yet.
    pinged: bool,
    /// An exchange is marked as lost or to be sent again.
    marked: bool,
}

impl<T, F, S> Session<T, F, S>
where
    T: AsRef<[u8]> + AsMut<[u8]>,
    F: AsRef<[Slot]> + AsMut<[Slot]>,
    S: Store,
{
    /// The smallest transmit buffer with which every answer can be given, in bytes.
    pub const MIN_TRANSMIT_BUFFER: usize = 16;

    /// A session without a connection, with the default [`Timeouts`].
    ///
    /// The table of slots holds the exchanges of both directions: those of the caller, and QoS 2 messages of
    /// the broker, which may have as many in flight as it is set to (20 with Mosquitto). A caller that receives
    /// with QoS 2 leaves so many slots free: a message that finds the table full ends the connection.
    #[must_use]
    pub const fn new(transmit: T, slots: F, store: S) -> Self {
        Self {
            transmitter: Transmitter::new(transmit),
            in_flight: InFlight::new(slots),
            store,
            timeouts: Timeouts::DEFAULT,
            last_sent: Instant::from_millis(0),
            last_received: Instant::from_millis(0),
            asked: Instant::from_millis(0),
            keep_alive: KeepAlive::OFF,
            next_id: PacketId::FIRST,
            arriving: Delivery::AtMostOnce,
            phase: Phase::Disconnected,
            clean_session: false,
            pinged: false,
            marked: false,
        }
    }

    /// Bounds the waits for answers.
    pub const fn set_timeouts(&mut self, timeouts: Timeouts) {
        self.timeouts = timeouts;
    }

    /// Where the session stands with its connection.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// The exchanges that are not finished, oldest first.
    #[must_use]
    pub fn in_flight(&self) -> &[Slot] {
        self.in_flight.slots()
    }

    /// What the caller supplied to keep packets in.
    #[must_use]
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// The id that the next exchange takes, unless it is still in use.
    pub const fn set_next_id(&mut self, id: PacketId) {
        self.next_id = id;
    }

    /// Puts CONNECT into the transmit buffer, for a transport connection that was just opened.
    ///
    /// The options are lent and not kept. [`Receiver::clear`](crate::Receiver::clear) goes with it.
    ///
    /// # Errors
    /// [`ConnectError`]; nothing has changed.
    pub fn connect(&mut self, connect: &Connect<'_>, now: Instant) -> Result<(), ConnectError> {
        let Some(phase) = self.phase.next(PhaseInput::Connect) else {
            return Err(ConnectError::NotDisconnected);
        };
        if connect.lacks_client_id() {
            return Err(ConnectError::EmptyClientId);
        }
        match connect.encode(self.transmitter.room()) {
            Ok(length) => self.transmitter.commit(length),
            Err(EncodeError::BufferTooSmall { needed }) => {
                return Err(ConnectError::BufferTooSmall { needed });
            }
            Err(EncodeError::TooLong) => return Err(ConnectError::BufferTooSmall { needed: usize::MAX }),
        }
        self.keep_alive = connect.keep_alive;
        self.clean_session = connect.clean_session;
        self.pinged = false;
        self.asked = now;
        self.last_sent = now;
        self.last_received = now;
        self.enter(phase);
        Ok(())
    }

    /// Puts a message into the transmit buffer and gives its id, `None` with QoS 0; never waits.
    ///
    /// [`Event::Delivered`], [`Event::TimedOut`] or [`Event::Lost`] follow for the id.
    ///
    /// # Errors
    /// [`RequestError`]; nothing has changed. [`RequestError::TransmitFull`] goes away by sending, and
    /// [`RequestError::InFlightFull`] by acknowledgements.
    pub fn publish(
        &mut self,
        topic: TopicName<'_>,
        payload: &[u8],
        qos: QoS,
        retain: bool,
        now: Instant,
    ) -> Result<Option<PacketId>, RequestError> {
        let what = awaited(qos)?;
        let id = self.request(what, 0, now, &|id, room| {
            Publish { topic, payload, retain, delivery: Delivery::new(qos, id) }.encode(room)
        })?;
        Ok(what.map(|_| id))
    }

    /// Puts the start of a message into the transmit buffer, whose payload of `payload_length` bytes follows
    /// by [`push_payload`](Self::push_payload); nothing else is sent before its end.
    ///
    /// # Errors
    /// As [`publish`](Self::publish); [`RequestError::StoreFull`] with QoS 1 and 2 and a store that keeps
    /// packets, since it cannot keep one in pieces.
    pub fn publish_streamed(
        &mut self,
        topic: TopicName<'_>,
        payload_length: usize,
        qos: QoS,
        retain: bool,
        now: Instant,
    ) -> Result<Option<PacketId>, RequestError> {
        let what = awaited(qos)?;
        if S::KEEPS && what.is_some() {
            return Err(RequestError::StoreFull);
        }
        let id = self.request(what, 0, now, &|id, room| {
            let delivery = Delivery::new(qos, id);
            Publish { topic, payload: &[], retain, delivery }.encode_header(payload_length, room)
        })?;
        self.transmitter.open_payload(payload_length);
        Ok(what.map(|_| id))
    }

    /// Gives the next bytes of a payload begun with [`publish_streamed`](Self::publish_streamed) and tells how
    /// many there was room for.
    pub fn push_payload(&mut self, payload: &[u8]) -> usize {
        self.transmitter.push_payload(payload)
    }

    /// How many bytes of a payload begun with [`publish_streamed`](Self::publish_streamed) are still to come.
    #[must_use]
    pub const fn payload_remaining(&self) -> usize {
        self.transmitter.payload_remaining()
    }

    /// Asks for the messages of 1 to 255 filters and gives the id of the request; never waits.
    ///
    /// [`Event::Subscribed`], [`Event::TimedOut`] or [`Event::Lost`] follow for the id.
    ///
    /// # Errors
    /// [`RequestError`]; nothing has changed.
    pub fn subscribe(
        &mut self,
        filters: &[Subscription<'_>],
        now: Instant,
    ) -> Result<PacketId, RequestError> {
        let count = filter_count(filters.len())?;
        self.request(Some(Await::SubAck), count, now, &|id, room| encode_subscribe(id, filters, room))
    }

    /// Asks for no more messages of 1 to 255 filters and gives the id of the request; never waits.
    ///
    /// [`Event::Unsubscribed`], [`Event::TimedOut`] or [`Event::Lost`] follow for the id.
    ///
    /// # Errors
    /// [`RequestError`]; nothing has changed.
    pub fn unsubscribe(
        &mut self,
        filters: &[TopicFilter<'_>],
        now: Instant,
    ) -> Result<PacketId, RequestError> {
        let count = filter_count(filters.len())?;
        self.request(Some(Await::UnsubAck), count, now, &|id, room| encode_unsubscribe(id, filters, room))
    }

    /// Puts PINGREQ into the transmit buffer; the session does so by itself when the keep-alive asks for it.
    ///
    /// # Errors
    /// [`RequestError::NotConnected`], [`RequestError::TransmitFull`]; nothing has changed.
    pub fn ping(&mut self, now: Instant) -> Result<(), RequestError> {
        if self.phase != Phase::Connected {
            return Err(RequestError::NotConnected);
        }
        if !self.transmitter.push(&PINGREQ) {
            return Err(RequestError::TransmitFull);
        }
        self.pinged(now);
        Ok(())
    }

    /// Puts DISCONNECT into the transmit buffer: send what is there, close the transport, and call
    /// [`handle_closed`](Self::handle_closed) [MQTT-3.14.4-1, -2].
    ///
    /// # Errors
    /// [`RequestError::NotConnected`], [`RequestError::TransmitFull`]; nothing has changed.
    pub fn disconnect(&mut self) -> Result<(), RequestError> {
        let Some(phase) = self.phase.next(PhaseInput::Disconnect) else {
            return Err(RequestError::NotConnected);
        };
        if !self.transmitter.push(&DISCONNECT) {
            return Err(RequestError::TransmitFull);
        }
        self.enter(phase);
        Ok(())
    }

    /// What is to be sent next: whole packets, as many as there are; the transport may take a part.
    #[must_use]
    pub fn poll_transmit(&self) -> &[u8] {
        self.transmitter.pending()
    }

    /// Says that the transport took the first `count` bytes of [`poll_transmit`](Self::poll_transmit).
    pub fn sent(&mut self, count: usize, now: Instant) {
        self.transmitter.sent(count);
        if count > 0 {
            self.last_sent = now;
        }
    }

    /// Says that the transport is closed, whoever did it.
    ///
    /// The state of the session stays for the next connection; what can never be acknowledged is told as
    /// [`Event::Lost`].
    pub fn handle_closed(&mut self) {
        self.transmitter.clear();
        self.pinged = false;
        self.mark_at_close();
        self.enter(Phase::Disconnected);
    }

    fn enter(&mut self, phase: Phase) {
        #[cfg(feature = "log")]
        log::debug!("session: {:?} -> {:?}", self.phase, phase);
        #[cfg(feature = "defmt")]
        defmt::debug!("session: {} -> {}", self.phase, phase);
        self.phase = phase;
    }

    /// Puts a packet into the transmit buffer and, if it waits for an answer, into the table and the store; what
    /// is refused changes nothing.
    fn request(
        &mut self,
        what: Option<Await>,
        filters: u8,
        now: Instant,
        encode: &Encode<'_>,
    ) -> Result<PacketId, RequestError> {
        match self.phase {
            Phase::Connected => {}
            // What is sent again goes first [MQTT-4.6.0-1].
            Phase::Resuming => return Err(RequestError::TransmitFull),
            _ => return Err(RequestError::NotConnected),
        }
        if what.is_some() && self.in_flight.is_full() {
            return Err(RequestError::InFlightFull);
        }
        let id = self.in_flight.unused_id(self.next_id);
        let capacity = self.transmitter.capacity();
        let room = self.transmitter.room();
        let length = encode(id, room).map_err(|error| RequestError::from_encode(error, capacity))?;
        if let Some(what) = what {
            if filters == 0 {
                let packet = room.get(..length).unwrap_or_default();
                self.store.insert(id, packet).map_err(|_| RequestError::StoreFull)?;
            }
            self.in_flight.insert(id, what, filters, now);
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
