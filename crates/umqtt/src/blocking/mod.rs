//! The blocking client: a driver of the core's steps.

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

/// What [`Client::check_msg`] returns: an event, which may lend a message, and the half of the client that sends.
pub type Told<'c, T, B> = (Event<'c>, Sender<'c, T, B>);

/// An MQTT client that publishes and subscribes over one transport.
///
/// Nothing happens in the background: acknowledgements and PINGREQ go out while
/// [`check_msg`](Self::check_msg) or [`wait_msg`](Self::wait_msg) runs, so call one of them at least four times
/// in each keep-alive interval. Publishing never waits for an acknowledgement; an [`Event`] reports it.
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
    /// [`StoreError`]: the tables are too small for what the store holds, or the store cannot be read.
    pub fn restore(&mut self) -> Result<(), StoreError> {
        self.engine.session_mut().restore()
    }

    /// The time limits of the waits.
    #[must_use]
    pub const fn timeouts(&self) -> Timeouts {
        self.engine.timeouts()
    }

    /// Sets the time limits of the waits; [`Timeouts::DEFAULT`] has the defaults.
    pub const fn set_timeouts(&mut self, timeouts: Timeouts) {
        self.engine.set_timeouts(timeouts);
    }

    /// Limits each wait for the transport to take bytes, in milliseconds; 5 s by default. A call that writes may take
    /// 1 s more in total for each KiB, see [`Timeouts::write_per_kib`].
    pub fn set_socket_timeout(&mut self, timeout: u32) {
        let timeouts = self.engine.timeouts();
        self.engine.set_timeouts(Timeouts { write: timeout, ..timeouts });
    }

    /// Decides what happens to messages in the store when the broker has lost the session; by default they are sent
    /// again.
    pub const fn set_on_session_lost(&mut self, choice: OnSessionLost) {
        self.engine.session_mut().set_on_session_lost(choice);
    }

    /// Opens the transport if it is closed, connects, and returns whether the broker kept a session.
    ///
    /// An existing connection is ended first, by [`disconnect`](Self::disconnect). The session goes on from one
    /// connection to the next: what a store kept is sent again before this returns, with the same packet id, with
    /// DUP and in order [MQTT-4.4.0-1]; [`Event::Lost`] later reports what is lost. Opening, connecting and the wait
    /// for the broker's answer take [`Timeouts::connect`] at most in total, and writing after that has the limit of
    /// any call that writes.
    ///
    /// # Errors
    /// [`Error::Connect`], and [`Error::Connection`] with any [`ConnectionError`]; there is no connection then.
    pub fn connect(&mut self, options: &ConnectOptions<'_>) -> Result<bool, Error<T::Error>> {
        if self.is_connected() {
            // The old connection is given up, whether DISCONNECT can be sent or not.
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
    /// The call then waits, for 1 s at most, until the broker has read everything and closes too, since closing
    /// earlier may lose the last bytes. The state of the session stays. The last will is not published
    /// [MQTT-3.14.4-3].
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

    /// Publishes a message and returns its id, `None` with QoS 0; never waits for the acknowledgement.
    ///
    /// [`Event::Delivered`], [`Event::TimedOut`] or [`Event::Lost`] follows for the id. One write carries the message
    /// and what was [enqueued](Self::enqueue) before it. While the link takes nothing, the call reads what arrives, as
    /// far as the receive buffer has room. A message that is larger than the transmit buffer is sent in pieces if the
    /// memory is [`Heap`](crate::Heap), as by [`publish_large`](Self::publish_large).
    ///
    /// # Errors
    /// [`Error::Taken`]: the message was taken, do not publish it again. With all others it was not taken.
    pub fn publish<'a>(
        &mut self,
        topic: impl ToTopicName<'a>,
        payload: &[u8],
        qos: QoS,
        retain: bool,
    ) -> Result<Option<PacketId>, Error<T::Error>> {
        self.sender().publish(topic, payload, qos, retain)
    }

    /// Publishes a message of any length: its payload is written in pieces from the caller's memory.
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

    /// As [`publish`](Self::publish), but leaves the message in the transmit buffer until the buffer is full, another
    /// call writes, or [`flush`](Self::flush) is called, so that many messages share one write.
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

    /// Subscribes to a filter with this QoS at most and returns the id of the request; never waits for the answer,
    /// which [`Event::Subscribed`] reports.
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

    /// Subscribes to 1 to 255 filters in one packet; see [`subscribe`](Self::subscribe).
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    pub fn subscribe_many(&mut self, filters: &[Subscription<'_>]) -> Result<PacketId, Error<T::Error>> {
        self.sender().subscribe_many(filters)
    }

    /// Unsubscribes from a filter and returns the id of the request; never waits for the answer, which
    /// [`Event::Unsubscribed`] reports.
    ///
    /// # Errors
    /// [`Error::Filter`], and as [`publish`](Self::publish).
    pub fn unsubscribe<'a>(&mut self, filter: impl ToTopicFilter<'a>) -> Result<PacketId, Error<T::Error>> {
        self.sender().unsubscribe(filter)
    }

    /// Unsubscribes from 1 to 255 filters in one packet; see [`unsubscribe`](Self::unsubscribe).
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    pub fn unsubscribe_many(&mut self, filters: &[TopicFilter<'_>]) -> Result<PacketId, Error<T::Error>> {
        self.sender().unsubscribe_many(filters)
    }

    /// Waits `wait` milliseconds at most for the next event; 0 only looks, [`NEVER`] waits for ever.
    ///
    /// An event may lend a message from the receive buffer; the [`Sender`] with it can publish an answer while the
    /// message is held. The acknowledgement of the message goes out with a later call: with the next call if that
    /// finds nothing more in the receive buffer, otherwise with a call after 50 ms. A message that is larger than the
    /// receive buffer comes as [`Event::MessageStart`] and [`Event::MessagePart`]s if the memory is made for that;
    /// ignore them to skip the message.
    ///
    /// # Errors
    /// [`Error::Connection`]: unless it is [`ConnectionError::WriteTimedOut`], the connection is over. The next calls
    /// return [`Event::Lost`] for each packet that cannot be acknowledged any more, then
    /// [`RequestError::NotConnected`].
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

    /// Waits for the next event, however long it takes.
    ///
    /// With a keep-alive, a dead link ends the wait after one interval plus [`Timeouts::ping`]. Without a keep-alive
    /// the wait may last for ever.
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

    /// What a client that does nothing else waits for: bytes, room to write, or a time. Use it in your own event loop
    /// to drive many clients: call [`check_msg(0)`](Self::check_msg) until it returns no event, then wait for this on
    /// the transport's descriptor, and begin again.
    pub fn next_wait(&mut self) -> Wait {
        let now = self.transport.now();
        self.engine.next_wait(&self.receiver.inbox(), now)
    }

    /// Whether there is a connection, as far as is known.
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

    /// The transport, for example to replace it while there is no connection.
    pub const fn transport_mut(&mut self) -> &mut T {
        &mut self.transport
    }

    /// The half that sends.
    pub fn sender(&mut self) -> Sender<'_, T, B> {
        let Self { transport, engine, receiver } = self;
        Sender { transport, engine, inbox: receiver.inbox() }
    }
}

// Buffers may hold secrets.
impl<T: Transport, B: Buffers> fmt::Debug for Client<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let session = self.engine.session();
        f.debug_struct("Client")
            .field("phase", &session.phase())
            .field("in_flight", &session.in_flight().len())
            .finish_non_exhaustive()
    }
}
