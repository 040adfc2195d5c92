//! The client that waits: a driver of the core's steps.

mod callbacks;
mod sender;

pub use callbacks::Status;
pub use sender::Sender;

use core::fmt;

use umqtt_proto::wire::Subscription;
use umqtt_proto::{
    Engine, Event, Goal, NEVER, OnSessionLost, PacketId, QoS, Receiver, RequestError, Session, StoreError,
    Timeouts, TopicFilter, Wait,
};

use crate::error::{ConnectionError, Error};
use crate::memory::Buffers;
use crate::options::ConnectOptions;
use crate::topic::{ToTopicFilter, ToTopicName};
use crate::transport::Transport;

type EngineOf<B> =
    Engine<<B as Buffers>::Transmit, <B as Buffers>::Slots, <B as Buffers>::Store, <B as Buffers>::Incoming>;

/// The session of a client with this memory.
pub type SessionOf<B> =
    Session<<B as Buffers>::Transmit, <B as Buffers>::Slots, <B as Buffers>::Store, <B as Buffers>::Incoming>;

/// What [`Client::check_msg`] gives: an event, which may lend a message, and the half of the client that sends.
pub type Told<'c, T, B> = (Event<'c>, Sender<'c, T, B>);

/// An MQTT client that publishes and subscribes over one transport.
///
/// Nothing happens in the background: acknowledgements and the keep-alive go out while
/// [`check_msg`](Self::check_msg) or [`wait_msg`](Self::wait_msg) run, so call one of them at least four times
/// in each keep-alive interval. Publishing never waits for an acknowledgement; it is told as an [`Event`].
///
/// A client that is dropped closes its link without DISCONNECT, and the broker publishes its last will.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let broker = umqtt_testkit::TcpBroker::start()?;
/// # let address = broker.local_addr().to_string();
/// use umqtt::{ConnectOptions, Event, NEVER, QoS};
///
/// let options = ConnectOptions::new("shed")?.keep_alive(60);
/// let mut client = umqtt::std::connect(&address, &options)?;
/// client.subscribe("shed/lamp/set", QoS::AtLeastOnce)?;
/// # client.publish("shed/lamp/set", b"on", QoS::AtLeastOnce, false)?;
/// loop {
///     let (event, mut sender) = client.wait_msg()?;
///     if let Event::Message(message) = event {
///         // The message is lent from the receive buffer: answer while holding it.
///         sender.publish("shed/lamp", message.payload, QoS::AtLeastOnce, true)?;
///         break;
///     }
/// }
/// client.disconnect()?;
/// # Ok(())
/// # }
/// ```
pub struct Client<T: Transport, B: Buffers> {
    transport: T,
    engine: EngineOf<B>,
    receiver: Receiver<B::Receive, B::Large>,
}

impl<T: Transport, B: Buffers> Client<T, B> {
    /// A client that is not connected.
    #[must_use]
    pub fn new(transport: T, memory: B) -> Self {
        let (receive, transmit, slots, incoming, store) = memory.into_parts();
        Self {
            transport,
            engine: Engine::new(transmit, slots, incoming, store),
            receiver: Receiver::with_large(receive),
        }
    }

    /// Rebuilds the session from a store that has survived a restart; call it before the first
    /// [`connect`](Self::connect).
    ///
    /// # Errors
    /// [`StoreError`]: the tables are too small for what the store holds, or it cannot be read.
    pub fn restore(&mut self) -> Result<(), StoreError> {
        self.engine.session_mut().restore()
    }

    /// The bounds of the waits.
    #[must_use]
    pub const fn timeouts(&self) -> Timeouts {
        self.engine.timeouts()
    }

    /// Bounds the waits; see [`Timeouts::DEFAULT`] for what holds unless told otherwise.
    pub const fn set_timeouts(&mut self, timeouts: Timeouts) {
        self.engine.set_timeouts(timeouts);
    }

    /// Bounds each wait for the transport to take bytes, in milliseconds; 5 s unless told otherwise. A call that
    /// writes takes 1 s more in all for each KiB, see [`Timeouts::write_per_kib`].
    pub fn set_socket_timeout(&mut self, timeout: u32) {
        let timeouts = self.engine.timeouts();
        self.engine.set_timeouts(Timeouts { write: timeout, ..timeouts });
    }

    /// Decides what becomes of messages that the store keeps when the broker has lost the session: they are sent
    /// again unless told otherwise.
    pub const fn set_on_session_lost(&mut self, choice: OnSessionLost) {
        self.engine.session_mut().set_on_session_lost(choice);
    }

    /// Opens the transport if it is closed, connects, and tells whether the broker kept a session.
    ///
    /// A connection that stands is ended first, by [`disconnect`](Self::disconnect). The session goes on from
    /// one connection to the next: what a store kept is sent again before this returns, with the same packet id,
    /// DUP and in order [MQTT-4.4.0-1]; what is lost is told as [`Event::Lost`] afterwards. All until the
    /// broker's answer takes [`Timeouts::connect`] at most, and the writing after it as long as any call that
    /// writes.
    ///
    /// # Errors
    /// [`Error::Connect`], and [`Error::Connection`] with any [`ConnectionError`]; there is no connection then.
    pub fn connect(&mut self, options: &ConnectOptions<'_>) -> Result<bool, Error<T::Error>> {
        if self.is_connected() {
            // The old connection is given up, whether its end can be told or not.
            let _ = self.disconnect();
        }
        let now = self.transport.now();
        self.engine.connect(options.as_ref(), now).map_err(Error::Connect)?;
        self.receiver.clear();
        let timeout = self.engine.timeouts().connect;
        let opened = self.transport.open(timeout).map_err(ConnectionError::Transport);
        let mut sender = self.sender();
        let connected = match opened {
            Ok(()) => sender.connect(),
            Err(error) => Err(error),
        };
        connected.map_err(|error| Error::Connection(sender.fail(error)))
    }

    /// Sends what waits and DISCONNECT, and closes the transport; without a connection, closes the transport.
    ///
    /// The broker closes too when it has read all; it is waited for, for 1 s at most, since to leave earlier may
    /// lose what was sent last. The state of the session stays. The last will is not published [MQTT-3.14.4-3].
    ///
    /// # Errors
    /// DISCONNECT could not be sent in time; the transport is closed all the same.
    pub fn disconnect(&mut self) -> Result<(), Error<T::Error>> {
        self.sender().disconnect()
    }

    /// Sends PINGREQ, and does not wait for the answer. The keep-alive does so by itself.
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    pub fn ping(&mut self) -> Result<(), Error<T::Error>> {
        self.sender().ping()
    }

    /// Publishes a message and gives its id, `None` with QoS 0; never waits for the acknowledgement.
    ///
    /// [`Event::Delivered`] or another end is told for the id. One write carries the message and what was
    /// [enqueued](Self::enqueue) before it. While the link takes nothing, what arrives is read as far as the
    /// receive buffer has room. A message that is larger than the transmit buffer is sent in pieces if the
    /// memory is [`Heap`](crate::Heap), as by [`publish_large`](Self::publish_large).
    ///
    /// # Errors
    /// [`Error::Taken`]: the message was taken, do not publish it again. All others: it was not.
    pub fn publish<'a>(
        &mut self,
        topic: impl ToTopicName<'a>,
        payload: &[u8],
        qos: QoS,
        retain: bool,
    ) -> Result<Option<PacketId>, Error<T::Error>> {
        self.sender().publish(topic, payload, qos, retain)
    }

    /// Publishes a message of any length: its payload is written in pieces out of the caller's memory.
    ///
    /// # Errors
    /// As [`publish`](Self::publish); [`ConnectionError::CutShort`] when the link takes no byte in time.
    pub fn publish_large<'a>(
        &mut self,
        topic: impl ToTopicName<'a>,
        payload: &[u8],
        qos: QoS,
        retain: bool,
    ) -> Result<Option<PacketId>, Error<T::Error>> {
        self.sender().publish_large(topic, payload, qos, retain)
    }

    /// As [`publish`](Self::publish), but leaves the message in the transmit buffer until it is full, another
    /// call writes, or [`flush`](Self::flush): many messages share one write.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let broker = umqtt_testkit::TcpBroker::start()?;
    /// # let address = broker.local_addr().to_string();
    /// # let mut client = umqtt::std::connect(&address, &umqtt::ConnectOptions::new("shed")?)?;
    /// use umqtt::{QoS, TopicName};
    /// let topic = TopicName::new("shed/temperature")?;
    /// for reading in ["20.5", "20.6", "20.4"] {
    ///     client.enqueue(topic, reading.as_bytes(), QoS::AtMostOnce, false)?;
    /// }
    /// client.flush()?; // one write
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    pub fn enqueue<'a>(
        &mut self,
        topic: impl ToTopicName<'a>,
        payload: &[u8],
        qos: QoS,
        retain: bool,
    ) -> Result<Option<PacketId>, Error<T::Error>> {
        self.sender().enqueue(topic, payload, qos, retain)
    }

    /// Writes what waits in the transmit buffer.
    ///
    /// # Errors
    /// [`RequestError::NotConnected`]; [`Error::Connection`].
    pub fn flush(&mut self) -> Result<(), Error<T::Error>> {
        self.sender().flush()
    }

    /// Asks for the messages of a filter, with this QoS at most, and gives the id of the request; never waits
    /// for the answer, which is told as [`Event::Subscribed`].
    ///
    /// # Errors
    /// [`Error::Filter`], and as [`publish`](Self::publish).
    pub fn subscribe<'a>(
        &mut self,
        filter: impl ToTopicFilter<'a>,
        qos: QoS,
    ) -> Result<PacketId, Error<T::Error>> {
        self.sender().subscribe(filter, qos)
    }

    /// Asks for the messages of 1 to 255 filters in one packet; see [`subscribe`](Self::subscribe).
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    pub fn subscribe_many(&mut self, filters: &[Subscription<'_>]) -> Result<PacketId, Error<T::Error>> {
        self.sender().subscribe_many(filters)
    }

    /// Asks for no more messages of a filter and gives the id of the request; never waits for the answer, which
    /// is told as [`Event::Unsubscribed`].
    ///
    /// # Errors
    /// [`Error::Filter`], and as [`publish`](Self::publish).
    pub fn unsubscribe<'a>(&mut self, filter: impl ToTopicFilter<'a>) -> Result<PacketId, Error<T::Error>> {
        self.sender().unsubscribe(filter)
    }

    /// Asks for no more messages of 1 to 255 filters in one packet; see [`unsubscribe`](Self::unsubscribe).
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    pub fn unsubscribe_many(&mut self, filters: &[TopicFilter<'_>]) -> Result<PacketId, Error<T::Error>> {
        self.sender().unsubscribe_many(filters)
    }

    /// The next event, waited for `wait` milliseconds at most; 0 only looks, [`NEVER`] waits for ever.
    ///
    /// An event may lend a message from the receive buffer; the [`Sender`] with it publishes an answer while the
    /// message is held. Its acknowledgement goes out with a later call: with the next one if that finds nothing
    /// more in the receive buffer, and after 50 ms in any case. A message that is larger than the receive buffer
    /// comes as [`Event::MessageStart`] and [`Event::MessagePart`]s if the memory says so; a caller that leaves
    /// them aside skips it.
    ///
    /// # Errors
    /// [`Error::Connection`]: unless it is [`ConnectionError::WriteTimedOut`] the connection is over. After that
    /// come [`Event::Lost`] for what cannot be acknowledged any more, then [`RequestError::NotConnected`].
    pub fn check_msg(&mut self, wait: u32) -> Result<Option<Told<'_, T, B>>, Error<T::Error>> {
        let notice = self.sender().drive(Goal::Event(wait)).map_err(Error::Connection)?;
        let Self { transport, engine, receiver } = self;
        let Some(notice) = notice else {
            return if engine.session().is_connected() {
                Ok(None)
            } else {
                Err(Error::Request(RequestError::NotConnected))
            };
        };
        let (event, inbox) = receiver.lend(notice);
        Ok(Some((event, Sender { transport, engine, inbox })))
    }

    /// The next event, however long it takes.
    ///
    /// With a keep-alive a dead link ends the wait: after one interval and [`Timeouts::ping`]. Without
    /// one it may last for ever.
    ///
    /// # Errors
    /// As [`check_msg`](Self::check_msg).
    pub fn wait_msg(&mut self) -> Result<Told<'_, T, B>, Error<T::Error>> {
        match self.check_msg(NEVER)? {
            Some(told) => Ok(told),
            // A wait without end ends with an event or an error.
            None => Err(Error::Request(RequestError::NotConnected)),
        }
    }

    /// What a client that does nothing else waits for: bytes, room to write, or a time. It is for an event loop
    /// of your own that drives many clients: call [`check_msg(0)`](Self::check_msg) until it tells nothing, then
    /// wait for this, at the transport's descriptor, and begin again.
    pub fn next_wait(&mut self) -> Wait {
        let now = self.transport.now();
        self.engine.next_wait(&self.receiver.inbox(), now)
    }

    /// Whether the connection stands, as far as is known.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.engine.session().is_connected()
    }

    /// The session: its packets in flight, its phase, its store.
    #[must_use]
    pub const fn session(&self) -> &SessionOf<B> {
        self.engine.session()
    }

    /// The id that the next packet with an id takes, unless it is in use.
    pub const fn set_next_id(&mut self, id: PacketId) {
        self.engine.session_mut().set_next_id(id);
    }

    /// The transport.
    pub const fn transport(&self) -> &T {
        &self.transport
    }

    /// The transport, to put another one in its place while there is no connection.
    pub const fn transport_mut(&mut self) -> &mut T {
        &mut self.transport
    }

    /// The half that sends.
    pub fn sender(&mut self) -> Sender<'_, T, B> {
        let Self { transport, engine, receiver } = self;
        Sender { transport, engine, inbox: receiver.inbox() }
    }
}

// Buffers may hold what is nobody else's business.
impl<T: Transport, B: Buffers> fmt::Debug for Client<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let session = self.engine.session();
        f.debug_struct("Client")
            .field("phase", &session.phase())
            .field("in_flight", &session.in_flight().len())
            .finish_non_exhaustive()
    }
}
