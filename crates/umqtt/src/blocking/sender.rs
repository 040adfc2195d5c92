//! The half of a client that sends, and the loop that does what the core says.

use core::fmt;

use umqtt_proto::wire::Subscription;
use umqtt_proto::{
    Goal, Inbox, Instant, Large, NEVER, Notice, PacketId, QoS, RequestError, SessionError, Step, TopicFilter,
};

use super::{EngineOf, SessionOf};
use crate::error::{ConnectionError, Error};
use crate::memory::Buffers;
use crate::topic::{ToTopicFilter, ToTopicName};
use crate::transport::{Interest, Io, Transport};

/// How long a broker may take to close behind DISCONNECT, in milliseconds.
const FINISH_TIMEOUT: u32 = 1_000;

/// The half of a [`Client`](super::Client) that sends, so that a message can be answered while it is held.
///
/// It has methods of the client, which explains them. While a message is held, what arrives is read into the rest of
/// the receive buffer, and the acknowledgement of the held message waits.
pub struct Sender<'c, T: Transport, B: Buffers> {
    pub(super) transport: &'c mut T,
    pub(super) engine: &'c mut EngineOf<B>,
    pub(super) inbox: Inbox<'c, B::Large>,
}

/// How far the time of a call that writes has run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begun {
    /// It has not begun.
    No,
    /// It has begun: room was made first.
    Yes,
    /// It is over: the link takes nothing.
    Stalled,
}

/// A result of the loop.
type Driven<R, T> = Result<R, ConnectionError<<T as Transport>::Error>>;

impl<T: Transport, B: Buffers> Sender<'_, T, B> {
    /// Publishes a message: [`Client::publish`](super::Client::publish).
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
        let topic = topic.to_topic_name().map_err(Error::Topic)?;
        match self.request(&mut |session| session.publish(topic, payload, qos, retain)) {
            Err(Error::Request(RequestError::BufferTooSmall)) if B::Large::STREAMS => {
                self.publish_large(topic, payload, qos, retain)
            }
            result => result,
        }
    }

    /// Publishes a message together with others: [`Client::enqueue`](super::Client::enqueue).
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
        let topic = topic.to_topic_name().map_err(Error::Topic)?;
        match self.offer(true, &mut |session| session.publish(topic, payload, qos, retain)) {
            Err(Error::Request(RequestError::BufferTooSmall)) if B::Large::STREAMS => {
                self.publish_large(topic, payload, qos, retain)
            }
            result => result.map(|(id, _)| id),
        }
    }

    /// Publishes a message in pieces: [`Client::publish_large`](super::Client::publish_large).
    ///
    /// # Errors
    /// As there.
    pub fn publish_large<'a>(
        &mut self,
        topic: impl ToTopicName<'a>,
        mut payload: &[u8],
        qos: QoS,
        retain: bool,
    ) -> Result<Option<PacketId>, Error<T::Error>> {
        let topic = topic.to_topic_name().map_err(Error::Topic)?;
        let (id, begun) =
            self.offer(false, &mut |session| session.publish_large(topic, payload, qos, retain))?;
        let mut now = self.proceed(begun);
        loop {
            let taken = self.engine.session_mut().push_payload(payload);
            payload = payload.get(taken..).unwrap_or_default();
            match self.run(now) {
                Ok(_) if payload.is_empty() => return Ok(id),
                Ok(_) => now = self.transport.now(),
                Err(ConnectionError::WriteTimedOut) if !payload.is_empty() => {
                    return Err(Error::Taken { id, cause: self.fail(ConnectionError::CutShort) });
                }
                Err(cause) => return Err(Error::Taken { id, cause }),
            }
        }
    }

    /// Subscribes: [`Client::subscribe`](super::Client::subscribe).
    ///
    /// # Errors
    /// As there.
    pub fn subscribe<'a>(
        &mut self,
        filter: impl ToTopicFilter<'a>,
        qos: QoS,
    ) -> Result<PacketId, Error<T::Error>> {
        self.subscribe_many(&[(filter.to_topic_filter().map_err(Error::Filter)?, qos)])
    }

    /// Subscribes to several filters: [`Client::subscribe_many`](super::Client::subscribe_many).
    ///
    /// # Errors
    /// As there.
    pub fn subscribe_many(&mut self, filters: &[Subscription<'_>]) -> Result<PacketId, Error<T::Error>> {
        self.request(&mut |session| session.subscribe(filters))
    }

    /// Unsubscribes: [`Client::unsubscribe`](super::Client::unsubscribe).
    ///
    /// # Errors
    /// As there.
    pub fn unsubscribe<'a>(&mut self, filter: impl ToTopicFilter<'a>) -> Result<PacketId, Error<T::Error>> {
        self.unsubscribe_many(&[filter.to_topic_filter().map_err(Error::Filter)?])
    }

    /// Unsubscribes from several filters: [`Client::unsubscribe_many`](super::Client::unsubscribe_many).
    ///
    /// # Errors
    /// As there.
    pub fn unsubscribe_many(&mut self, filters: &[TopicFilter<'_>]) -> Result<PacketId, Error<T::Error>> {
        self.request(&mut |session| session.unsubscribe(filters))
    }

    /// Sends PINGREQ: [`Client::ping`](super::Client::ping).
    ///
    /// # Errors
    /// As there.
    pub fn ping(&mut self) -> Result<(), Error<T::Error>> {
        self.request(&mut |session| session.ping().map(|()| None)).map(drop)
    }

    /// Writes what waits: [`Client::flush`](super::Client::flush).
    ///
    /// # Errors
    /// As there.
    pub fn flush(&mut self) -> Result<(), Error<T::Error>> {
        if !self.is_connected() {
            return Err(Error::Request(RequestError::NotConnected));
        }
        self.drive(Goal::Flush).map(drop).map_err(Error::Connection)
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

    /// Sends CONNECT, awaits the answer, and sends again what a kept session has to send.
    pub(super) fn connect(&mut self) -> Driven<bool, T> {
        let notice = self.drive(Goal::Event(NEVER))?;
        self.drive(Goal::Flush)?;
        Ok(notice.is_some_and(Notice::session_present))
    }

    pub(super) fn disconnect(&mut self) -> Result<(), Error<T::Error>> {
        let mut result = Ok(());
        if self.is_connected() {
            result = self.drive(Goal::Close).map(drop).map_err(Error::Connection);
            if result.is_ok() {
                self.transport.finish(self.engine.timeouts().write.min(FINISH_TIMEOUT));
            }
        }
        self.close();
        result
    }

    /// Gives a command to the session; when the transmit buffer is full, writes and tries once more, unless the write
    /// failed and the packet is not `whole`. Returns how far the time of the call has run.
    fn offer<R>(
        &mut self,
        whole: bool,
        command: &mut dyn FnMut(&mut SessionOf<B>) -> Result<R, RequestError>,
    ) -> Result<(R, Begun), Error<T::Error>> {
        let mut result = command(self.engine.session_mut());
        let mut begun = Begun::No;
        if let Err(RequestError::TransmitFull) = result {
            begun = match self.drive(Goal::Flush) {
                Ok(_) => Begun::Yes,
                Err(error) if error.is_over() => return Err(Error::Connection(error)),
                Err(_) => Begun::Stalled,
            };
            // What could be written may be enough.
            if whole || begun == Begun::Yes {
                result = command(self.engine.session_mut());
            }
        }
        result.map(|value| (value, begun)).map_err(Error::Request)
    }

    /// Gives a command to the session and writes the packet.
    fn request<R: Copy + Into<Option<PacketId>>>(
        &mut self,
        command: &mut dyn FnMut(&mut SessionOf<B>) -> Result<R, RequestError>,
    ) -> Result<R, Error<T::Error>> {
        let (id, begun) = self.offer(true, command)?;
        let written = match begun {
            Begun::Stalled => Err(ConnectionError::WriteTimedOut),
            _ => {
                let now = self.proceed(begun);
                self.run(now)
            }
        };
        match written {
            Ok(_) => Ok(id),
            Err(cause) => Err(Error::Taken { id: id.into(), cause }),
        }
    }

    /// Goes on with a call that writes: it has one time, in however many steps it writes.
    fn proceed(&mut self, begun: Begun) -> Instant {
        if begun == Begun::No { self.begin(Goal::Flush) } else { self.transport.now() }
    }

    /// Does what the core says until the goal is reached.
    pub(super) fn drive(&mut self, goal: Goal) -> Driven<Option<Notice>, T> {
        let now = self.begin(goal);
        self.run(now)
    }

    fn begin(&mut self, goal: Goal) -> Instant {
        let now = self.transport.now();
        self.engine.begin(goal, now);
        now
    }

    #[cfg_attr(target_os = "none", inline(never))]
    fn run(&mut self, now: Instant) -> Driven<Option<Notice>, T> {
        self.steps(now).map_err(|error| if error.is_over() { self.fail(error) } else { error })
    }

    #[inline(always)]
    fn steps(&mut self, mut now: Instant) -> Driven<Option<Notice>, T> {
        let Self { transport, engine, inbox } = self;
        // The clock is asked once in a call that neither waits nor reads twice.
        let mut has_read = false;
        if engine.is_blind(inbox, now) {
            let has_bytes = transport.is_readable().map_err(ConnectionError::Transport)?;
            engine.did_peek(has_bytes, now).map_err(ConnectionError::Session)?;
        }
        loop {
            match engine.step(Some(inbox), now).map_err(ConnectionError::Session)? {
                Step::Tell(notice) => return Ok(Some(notice)),
                Step::Read => {
                    if has_read {
                        now = transport.now();
                    }
                    has_read = true;
                    let count = count(transport.read(inbox.unfilled()))?;
                    engine.did_read(inbox, count, now);
                }
                Step::Write => {
                    let count = count(transport.write(engine.session().pending()))?;
                    engine.did_write(count, now);
                }
                Step::Wait(wait) => {
                    let interest = Interest { read: wait.read, write: wait.write };
                    transport.wait(interest, wait.millis).map_err(ConnectionError::Transport)?;
                    now = transport.now();
                }
                Step::Done => return Ok(None),
                Step::Stalled => return Err(ConnectionError::WriteTimedOut),
            }
        }
    }

    /// Ends the connection because of `error`.
    pub(super) fn fail(&mut self, error: ConnectionError<T::Error>) -> ConnectionError<T::Error> {
        if let ConnectionError::Session(SessionError::IncomingFull) = error {
            // The acknowledgements that were written must arrive, or the next connection ends as this one does.
            self.transport.finish(FINISH_TIMEOUT);
        }
        self.close();
        error
    }

    fn close(&mut self) {
        self.engine.handle_closed();
        self.transport.close();
    }
}

/// The bytes that went; 0 when none can now.
fn count<E>(io: Result<Io, E>) -> Result<usize, ConnectionError<E>> {
    match io {
        Ok(Io::Done(count)) => Ok(count),
        Ok(Io::WouldBlock) => Ok(0),
        Ok(Io::Closed) => Err(ConnectionError::Closed),
        Err(error) => Err(ConnectionError::Transport(error)),
    }
}

// Buffers may hold secrets.
impl<T: Transport, B: Buffers> fmt::Debug for Sender<'_, T, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("phase", &self.session().phase()).finish_non_exhaustive()
    }
}
