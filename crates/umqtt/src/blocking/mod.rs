//! The client that waits: one short loop around the protocol core.

mod callbacks;
mod pump;
mod sender;

pub use callbacks::Status;
pub use sender::Sender;

use core::fmt;

use umqtt_proto::wire::Subscription;
use umqtt_proto::{Event, PacketId, QoS, Receiver, RequestError, SessionError, Timeouts, TopicFilter};

use crate::error::Error;
use crate::memory::Buffers;
use crate::options::ConnectOptions;
use crate::topic::{ToTopicFilter, ToTopicName};
use crate::transport::Transport;
use pump::Pumped;

/// What [`Client::check_msg`] gives: an event, which may lend a message, and the half of the client that sends.
pub type Told<'c, T, B> = (Event<'c>, &'c mut Sender<T, B>);

/// An MQTT client that publishes and subscribes over one transport.
///
/// Nothing happens in the background: acknowledgements and the keep-alive go out while
/// [`check_msg`](Self::check_msg) or [`wait_msg`](Self::wait_msg) run, so call one of them a few times in each
/// keep-alive interval. Publishing never waits for an acknowledgement; it is told as an [`Event`].
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
///     let (event, sender) = client.wait_msg()?;
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
    receiver: Receiver<B::Receive>,
    sender: Sender<T, B>,
    /// The large message that arrives was handed out before.
    repeated: bool,
}

impl<T: Transport, B: Buffers> Client<T, B> {
    /// A client that is not connected.
    #[must_use]
    pub fn new(transport: T, memory: B) -> Self {
        let (receive, transmit, slots, store) = memory.into_parts();
        Self {
            receiver: Receiver::new(receive),
            sender: Sender::new(transport, transmit, slots, store),
            repeated: false,
        }
    }

    /// Bounds the waits for the broker's answers; 5 s for CONNACK and PINGRESP and 10 s for acknowledgements
    /// unless told otherwise.
    pub fn set_timeouts(&mut self, timeouts: Timeouts) {
        self.sender.set_timeouts(timeouts);
    }

    /// Bounds each wait for the transport to take bytes, in milliseconds; 5 s unless told otherwise.
    pub fn set_socket_timeout(&mut self, timeout: u32) {
        self.sender.set_socket_timeout(timeout);
    }

    /// Opens the transport if it is closed, connects, and tells whether the broker kept a session.
    ///
    /// A connection that stands is ended first, by [`disconnect`](Self::disconnect). The session goes on from
    /// one connection to the next: what a store kept is sent again before this returns, with the same packet id,
    /// DUP and in order [MQTT-4.4.0-1]; what is lost is told as [`Event::Lost`] afterwards. All until the
    /// broker's answer takes [`Timeouts::connect`] at most, and a write after it the socket time-out.
    ///
    /// # Errors
    /// [`Error::Connect`], [`Error::Transport`], [`Error::ConnAck`], [`Error::Session`] with
    /// [`SessionError::Refused`] or [`SessionError::ConnectTimeout`], [`Error::Closed`],
    /// [`Error::WriteTimedOut`]; there is no connection then.
    pub fn connect(&mut self, options: &ConnectOptions<'_>) -> Result<bool, Error<T::Error>> {
        self.begin(options).map_err(|error| self.sender.fail(error))
    }

    fn begin(&mut self, options: &ConnectOptions<'_>) -> Result<bool, Error<T::Error>> {
        if self.sender.is_connected() {
            // The old connection is given up, whether its end can be told or not.
            let _ = self.sender.disconnect();
        }
        self.sender.begin(options)?;
        self.receiver.clear();
        loop {
            match self.pump(umqtt_proto::NEVER) {
                Ok(Pumped::Told(Event::Connected { session_present })) => {
                    self.sender.resend()?;
                    return Ok(session_present);
                }
                Ok(_) => {}
                Err(Error::Session(SessionError::Violation(violation))) => {
                    return Err(Error::ConnAck(violation));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends what waits and DISCONNECT, and closes the transport; without a connection, closes the transport.
    ///
    /// The broker closes too when it has read all; it is waited for, for 1 s at most, since to leave earlier may
    /// lose what was sent last. The state of the session stays. The last will is not published [MQTT-3.14.4-3].
    ///
    /// # Errors
    /// DISCONNECT could not be sent within the socket time-out; the transport is closed all the same.
    pub fn disconnect(&mut self) -> Result<(), Error<T::Error>> {
        self.sender.disconnect()
    }

    /// As [`Sender::ping`].
    ///
    /// # Errors
    /// As there.
    pub fn ping(&mut self) -> Result<(), Error<T::Error>> {
        self.sender.ping()
    }

    /// As [`Sender::publish`].
    ///
    /// # Errors
    /// As there.
    pub fn publish<'a>(
        &mut self,
        topic: impl ToTopicName<'a>,
        payload: &[u8],
        qos: QoS,
        retain: bool,
    ) -> Result<Option<PacketId>, Error<T::Error>> {
        self.sender.publish(topic, payload, qos, retain)
    }

    /// As [`Sender::enqueue`].
    ///
    /// # Errors
    /// As there.
    pub fn enqueue<'a>(
        &mut self,
        topic: impl ToTopicName<'a>,
        payload: &[u8],
        qos: QoS,
        retain: bool,
    ) -> Result<Option<PacketId>, Error<T::Error>> {
        self.sender.enqueue(topic, payload, qos, retain)
    }

    /// As [`Sender::flush`].
    ///
    /// # Errors
    /// As there.
    pub fn flush(&mut self) -> Result<(), Error<T::Error>> {
        self.sender.flush()
    }

    /// As [`Sender::subscribe`].
    ///
    /// # Errors
    /// As there.
    pub fn subscribe<'a>(
        &mut self,
        filter: impl ToTopicFilter<'a>,
        qos: QoS,
    ) -> Result<PacketId, Error<T::Error>> {
        self.sender.subscribe(filter, qos)
    }

    /// As [`Sender::subscribe_many`].
    ///
    /// # Errors
    /// As there.
    pub fn subscribe_many(&mut self, filters: &[Subscription<'_>]) -> Result<PacketId, Error<T::Error>> {
        self.sender.subscribe_many(filters)
    }

    /// As [`Sender::unsubscribe`].
    ///
    /// # Errors
    /// As there.
    pub fn unsubscribe<'a>(&mut self, filter: impl ToTopicFilter<'a>) -> Result<PacketId, Error<T::Error>> {
        self.sender.unsubscribe(filter)
    }

    /// As [`Sender::unsubscribe_many`].
    ///
    /// # Errors
    /// As there.
    pub fn unsubscribe_many(&mut self, filters: &[TopicFilter<'_>]) -> Result<PacketId, Error<T::Error>> {
        self.sender.unsubscribe_many(filters)
    }

    /// The next event, waited for `wait` milliseconds at most; 0 only looks, [`NEVER`](crate::NEVER) waits for
    /// ever.
    ///
    /// An event may lend a message from the receive buffer; the [`Sender`] with it publishes an answer while the
    /// message is held. A message that is larger than the receive buffer comes as [`Event::MessageStart`] and
    /// [`Event::MessagePart`]s; who leaves them aside skips it.
    ///
    /// # Errors
    /// [`Error::Session`], [`Error::Transport`], [`Error::Closed`]: the connection is over; after that come
    /// [`Event::Lost`] for what cannot be acknowledged any more, then [`RequestError::NotConnected`].
    /// [`Error::WriteTimedOut`] leaves the connection open.
    pub fn check_msg(&mut self, wait: u32) -> Result<Option<Told<'_, T, B>>, Error<T::Error>> {
        let event = match self.pump(wait)? {
            Pumped::Told(event) => Some(event),
            Pumped::Lends(now) => {
                let event = self.sender.session.poll_event(&mut self.receiver, now);
                match event {
                    Ok(event) => event,
                    Err(error) => return Err(self.sender.fail(Error::Session(error))),
                }
            }
            Pumped::Nothing => None,
        };
        Ok(event.map(|event| (event, &mut self.sender)))
    }

    /// The next event, however long it takes.
    ///
    /// With a keep-alive a dead link ends the wait: after one interval and [`Timeouts::ping`]. Without
    /// one it may last for ever.
    ///
    /// # Errors
    /// As [`check_msg`](Self::check_msg).
    pub fn wait_msg(&mut self) -> Result<Told<'_, T, B>, Error<T::Error>> {
        match self.check_msg(umqtt_proto::NEVER)? {
            Some(told) => Ok(told),
            // A wait without end ends with an event or an error.
            None => Err(Error::Request(RequestError::NotConnected)),
        }
    }

    /// The half that sends.
    pub const fn sender(&mut self) -> &mut Sender<T, B> {
        &mut self.sender
    }

    /// Whether the connection stands, as far as is known.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.sender.is_connected()
    }
}

// Buffers may hold what is nobody's business.
impl<T: Transport, B: Buffers> fmt::Debug for Client<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("sender", &self.sender).finish_non_exhaustive()
    }
}
