//! The half of a client that sends.

use core::fmt;

use umqtt_proto::wire::Subscription;
use umqtt_proto::{
    Instant, NEVER, PacketId, Phase, QoS, RequestError, Session, Timeouts, TopicFilter, TopicName,
};

use crate::error::Error;
use crate::memory::Buffers;
use crate::options::ConnectOptions;
use crate::topic::{ToTopicFilter, ToTopicName};
use crate::transport::{Interest, Io, Transport};

pub(super) type SessionOf<B> =
    Session<<B as Buffers>::Transmit, <B as Buffers>::Slots, <B as Buffers>::Store>;

/// How long a broker may take to close behind DISCONNECT, in milliseconds.
const FINISH_TIMEOUT: u32 = 1_000;

/// The half of a [`Client`](super::Client) that sends, so that a message can be answered while it is held.
///
/// Each call puts its packet into the transmit buffer and writes it, with what waits there: one publish is one
/// write. A write that the transport takes in part is continued by the next call of any kind; nothing comes in
/// between. When the connection ends in the middle of a call, [`Event::Lost`](crate::Event::Lost) is told for a
/// packet that had its id already.
pub struct Sender<T: Transport, B: Buffers> {
    pub(super) transport: T,
    pub(super) session: SessionOf<B>,
    timeouts: Timeouts,
    socket_timeout: u32,
    /// Since when the transport takes no byte.
    blocked_since: Option<Instant>,
}

impl<T: Transport, B: Buffers> Sender<T, B> {
    pub(super) fn new(transport: T, transmit: B::Transmit, slots: B::Slots, store: B::Store) -> Self {
        Self {
            transport,
            session: Session::new(transmit, slots, store),
            timeouts: Timeouts::DEFAULT,
            socket_timeout: 5_000,
            blocked_since: None,
        }
    }

    pub(super) fn set_timeouts(&mut self, timeouts: Timeouts) {
        self.timeouts = timeouts;
        self.session.set_timeouts(timeouts);
    }

    pub(super) const fn set_socket_timeout(&mut self, timeout: u32) {
        self.socket_timeout = timeout;
    }

    /// Publishes a message and gives its id, `None` with QoS 0; never waits for the acknowledgement.
    ///
    /// [`Event::Delivered`](crate::Event::Delivered) or another end is told for the id. One write, unless the
    /// packet is larger than the transmit buffer: then its payload is streamed, which a store does not allow
    /// with QoS 1 and 2. The oldest message is written first: what was [enqueued](Self::enqueue) goes along.
    ///
    /// # Errors
    /// [`Error::Topic`], [`Error::Request`]: nothing was sent. [`Error::WriteTimedOut`]: the packet goes on with
    /// the next call. [`Error::CutShort`], [`Error::Transport`], [`Error::Closed`]: the connection is over.
    pub fn publish<'a>(
        &mut self,
        topic: impl ToTopicName<'a>,
        payload: &[u8],
        qos: QoS,
        retain: bool,
    ) -> Result<Option<PacketId>, Error<T::Error>> {
        let id = self.enqueue(topic, payload, qos, retain)?;
        self.write_all(NEVER).map_err(|error| with_id(error, id))?;
        Ok(id)
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
        let topic = topic.to_topic_name().map_err(Error::Topic)?;
        match self.request(|session, now| session.publish(topic, payload, qos, retain, now)) {
            Err(Error::Request(RequestError::BufferTooSmall { .. })) => {
                self.publish_large(topic, payload, qos, retain)
            }
            result => result,
        }
    }

    /// Streams the payload out of the caller's memory.
    fn publish_large(
        &mut self,
        topic: TopicName<'_>,
        mut payload: &[u8],
        qos: QoS,
        retain: bool,
    ) -> Result<Option<PacketId>, Error<T::Error>> {
        let length = payload.len();
        let id = self.request(|session, now| session.publish_streamed(topic, length, qos, retain, now))?;
        loop {
            let taken = self.session.push_payload(payload);
            payload = payload.get(taken..).unwrap_or_default();
            if payload.is_empty() {
                return Ok(id);
            }
            match self.write_all(NEVER) {
                Err(Error::WriteTimedOut { .. }) => return Err(self.fail(Error::CutShort)),
                result => result?,
            }
        }
    }

    /// Asks for the messages of a filter, with this QoS at most, and gives the id of the request; never waits
    /// for the answer, which is told as [`Event::Subscribed`](crate::Event::Subscribed).
    ///
    /// # Errors
    /// [`Error::Filter`], and as [`publish`](Self::publish).
    pub fn subscribe<'a>(
        &mut self,
        filter: impl ToTopicFilter<'a>,
        qos: QoS,
    ) -> Result<PacketId, Error<T::Error>> {
        self.subscribe_many(&[(filter.to_topic_filter().map_err(Error::Filter)?, qos)])
    }

    /// Asks for the messages of 1 to 255 filters in one packet; see [`subscribe`](Self::subscribe).
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    pub fn subscribe_many(&mut self, filters: &[Subscription<'_>]) -> Result<PacketId, Error<T::Error>> {
        let id = self.request(|session, now| session.subscribe(filters, now))?;
        self.write_all(NEVER).map_err(|error| with_id(error, Some(id)))?;
        Ok(id)
    }

    /// Asks for no more messages of a filter and gives the id of the request; never waits for the answer, which
    /// is told as [`Event::Unsubscribed`](crate::Event::Unsubscribed).
    ///
    /// # Errors
    /// [`Error::Filter`], and as [`publish`](Self::publish).
    pub fn unsubscribe<'a>(&mut self, filter: impl ToTopicFilter<'a>) -> Result<PacketId, Error<T::Error>> {
        self.unsubscribe_many(&[filter.to_topic_filter().map_err(Error::Filter)?])
    }

    /// Asks for no more messages of 1 to 255 filters in one packet; see [`unsubscribe`](Self::unsubscribe).
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    pub fn unsubscribe_many(&mut self, filters: &[TopicFilter<'_>]) -> Result<PacketId, Error<T::Error>> {
        let id = self.request(|session, now| session.unsubscribe(filters, now))?;
        self.write_all(NEVER).map_err(|error| with_id(error, Some(id)))?;
        Ok(id)
    }

    /// Sends PINGREQ, and does not wait for the answer. The keep-alive does so by itself.
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    pub fn ping(&mut self) -> Result<(), Error<T::Error>> {
        self.request(|session, now| session.ping(now))?;
        self.write_all(NEVER)
    }

    /// Writes what waits in the transmit buffer.
    ///
    /// # Errors
    /// [`RequestError::NotConnected`]; [`Error::WriteTimedOut`]: the rest goes on with the next call;
    /// [`Error::Transport`], [`Error::Closed`]: the connection is over.
    pub fn flush(&mut self) -> Result<(), Error<T::Error>> {
        if !self.is_connected() {
            return Err(Error::Request(RequestError::NotConnected));
        }
        self.write_all(NEVER)
    }

    /// Whether the connection stands, as far as is known.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self.session.phase(), Phase::Connected | Phase::Resuming)
    }

    /// The session: its packets in flight, its phase, its store.
    #[must_use]
    pub const fn session(&self) -> &SessionOf<B> {
        &self.session
    }

    /// The id that the next packet with an id takes, unless it is still in use.
    pub fn set_next_id(&mut self, id: PacketId) {
        self.session.set_next_id(id);
    }

    /// The transport, to put another one in its place while there is no connection.
    pub const fn transport_mut(&mut self) -> &mut T {
        &mut self.transport
    }

    /// Puts CONNECT into the transmit buffer and opens the transport.
    pub(super) fn begin(&mut self, options: &ConnectOptions<'_>) -> Result<(), Error<T::Error>> {
        self.blocked_since = None;
        self.session.connect(options.as_ref(), self.transport.now()).map_err(Error::Connect)?;
        self.transport.open(self.timeouts.connect).map_err(Error::Transport)
    }

    /// Writes what is sent again on a resumed session.
    pub(super) fn resend(&mut self) -> Result<(), Error<T::Error>> {
        self.write_all(NEVER)
    }

    pub(super) fn disconnect(&mut self) -> Result<(), Error<T::Error>> {
        if !self.is_connected() {
            self.close();
            return Ok(());
        }
        let mut result = Ok(());
        if self.session.disconnect().is_err() {
            result = self.write_all(self.socket_timeout);
            let _ = self.session.disconnect();
        }
        if result.is_ok() {
            result = self.write_all(self.socket_timeout);
        }
        if result.is_ok() {
            self.transport.finish(self.socket_timeout.min(FINISH_TIMEOUT));
        }
        self.close();
        result
    }

    fn close(&mut self) {
        self.session.handle_closed();
        self.transport.close();
    }

    /// Ends the connection because of `error`.
    pub(super) fn fail(&mut self, error: Error<T::Error>) -> Error<T::Error> {
        self.close();
        error
    }

    /// Gives a command to the session; when the transmit buffer is full, writes and tries once more.
    fn request<R>(
        &mut self,
        mut command: impl FnMut(&mut SessionOf<B>, Instant) -> Result<R, RequestError>,
    ) -> Result<R, Error<T::Error>> {
        let now = self.transport.now();
        let mut result = command(&mut self.session, now);
        if matches!(result, Err(RequestError::TransmitFull)) {
            match self.write_all(NEVER) {
                Ok(()) | Err(Error::WriteTimedOut { .. }) => {}
                Err(error) => return Err(error),
            }
            let now = self.transport.now();
            result = command(&mut self.session, now);
        }
        result.map_err(Error::Request)
    }

    /// Writes all that waits, in `limit` milliseconds at most.
    pub(super) fn write_all(&mut self, limit: u32) -> Result<(), Error<T::Error>> {
        let start = self.transport.now();
        let mut now = start;
        loop {
            self.session.resume();
            if self.session.poll_transmit().is_empty() {
                return Ok(());
            }
            if self.write(now)? {
                let wait = self.patience(now).min(remaining(limit, now.since(start)));
                if wait == 0 {
                    return Err(Error::WriteTimedOut { id: None });
                }
                self.wait(Interest { read: false, write: true }, wait)?;
                now = self.transport.now();
            }
        }
    }

    /// Writes some of what waits; tells whether the transport takes nothing now.
    ///
    /// That is an error when it has lasted for the socket time-out; the next call is patient again.
    pub(super) fn write(&mut self, now: Instant) -> Result<bool, Error<T::Error>> {
        match self.transport.write(self.session.poll_transmit()) {
            Ok(Io::Done(count)) if count > 0 => {
                self.session.sent(count, now);
                self.blocked_since = None;
                Ok(false)
            }
            Ok(Io::Done(_) | Io::WouldBlock) => {
                if self.blocked_since.is_none() {
                    self.blocked_since = Some(now);
                }
                if self.patience(now) == 0 {
                    self.blocked_since = None;
                    return Err(Error::WriteTimedOut { id: None });
                }
                Ok(true)
            }
            Ok(Io::Closed) => Err(self.fail(Error::Closed)),
            Err(error) => Err(self.fail(Error::Transport(error))),
        }
    }

    /// How many milliseconds the transport may go on to take nothing.
    pub(super) fn patience(&self, now: Instant) -> u32 {
        match self.blocked_since {
            Some(since) => remaining(self.socket_timeout, now.since(since)),
            None => self.socket_timeout,
        }
    }

    pub(super) fn wait(&mut self, interest: Interest, timeout: u32) -> Result<(), Error<T::Error>> {
        match self.transport.wait(interest, timeout) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.fail(Error::Transport(error))),
        }
    }
}

/// The milliseconds that are left of `timeout`.
pub(super) const fn remaining(timeout: u32, elapsed: u32) -> u32 {
    if timeout == NEVER { NEVER } else { timeout.saturating_sub(elapsed) }
}

/// The packet that waits to be written, if that is the error, is the one with this id.
fn with_id<E>(error: Error<E>, id: Option<PacketId>) -> Error<E> {
    if let Error::WriteTimedOut { .. } = error { Error::WriteTimedOut { id } } else { error }
}

// Buffers may hold what is nobody's business.
impl<T: Transport, B: Buffers> fmt::Debug for Sender<T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("phase", &self.session.phase())
            .field("in_flight", &self.session.in_flight().len())
            .finish_non_exhaustive()
    }
}
