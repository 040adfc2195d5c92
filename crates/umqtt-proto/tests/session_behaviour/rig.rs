//! A session, its receiver and a clock that only moves when told.

use umqtt_proto::wire::{Connect, KeepAlive};
use umqtt_proto::{
    ClientId, Event, Instant, NoStore, PacketId, Phase, QoS, RamStore, Receiver, RequestError, Session,
    SessionError, Slot, Store, TopicFilter, TopicName,
};

/// CONNACK: accepted, no session present.
pub(crate) const CONNACK: &[u8] = b"\x20\x02\x00\x00";
/// CONNACK: accepted, session present.
pub(crate) const CONNACK_PRESENT: &[u8] = b"\x20\x02\x01\x00";

/// A packet id.
pub(crate) fn id(number: u16) -> PacketId {
    PacketId::new(number).unwrap()
}

/// A topic name.
pub(crate) fn topic(name: &str) -> TopicName<'_> {
    TopicName::new(name).unwrap()
}

/// A topic filter.
pub(crate) fn filter(text: &str) -> TopicFilter<'_> {
    TopicFilter::new(text).unwrap()
}

/// Options of a persistent session without keep-alive, for the client "c".
pub(crate) fn persistent() -> Connect<'static> {
    Connect { clean_session: false, ..clean() }
}

/// Options of a clean session without keep-alive, for the client "c".
pub(crate) fn clean() -> Connect<'static> {
    Connect::new(ClientId::new("c").unwrap())
}

/// Options of a clean session with a keep-alive of so many seconds.
pub(crate) fn keeping_alive(seconds: u16) -> Connect<'static> {
    Connect { keep_alive: KeepAlive::from_secs(seconds), ..clean() }
}

/// The sizes of a rig's memory.
pub(crate) struct Sizes {
    /// The transmit buffer, in bytes.
    pub(crate) transmit: usize,
    /// The table, in slots.
    pub(crate) slots: usize,
    /// The receive buffer, in bytes.
    pub(crate) receive: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { transmit: 512, slots: 8, receive: 256 }
    }
}

/// A store in RAM, as the tests use it.
pub(crate) type Kept = RamStore<Vec<u8>>;

/// A session with all that it needs but a broker.
#[derive(Debug)]
pub(crate) struct Rig<S> {
    /// The session under test.
    pub(crate) session: Session<Vec<u8>, Vec<Slot>, S>,
    /// What it receives from.
    pub(crate) receiver: Receiver<Vec<u8>>,
    /// The time.
    pub(crate) now: Instant,
}

/// A rig that keeps nothing.
pub(crate) fn rig() -> Rig<NoStore> {
    Rig::new(NoStore, &Sizes::default())
}

/// A rig that keeps messages in RAM.
pub(crate) fn keeping_rig() -> Rig<Kept> {
    Rig::new(RamStore::new(vec![0; 512]), &Sizes::default())
}

impl<S: Store> Rig<S> {
    /// A rig at time 0.
    pub(crate) fn new(store: S, sizes: &Sizes) -> Self {
        Self {
            session: Session::new(vec![0; sizes.transmit], vec![Slot::EMPTY; sizes.slots], store),
            receiver: Receiver::new(vec![0; sizes.receive]),
            now: Instant::from_millis(0),
        }
    }

    /// Connects, with this CONNACK, and gives the bytes of CONNECT.
    pub(crate) fn connect_with(&mut self, connect: &Connect<'_>, conn_ack: &[u8]) -> Vec<u8> {
        self.receiver.clear();
        self.session.connect(connect, self.now).unwrap();
        let sent = self.send();
        self.feed(conn_ack);
        let session_present = conn_ack == CONNACK_PRESENT;
        assert_eq!(self.poll(), Ok(Some(Event::Connected { session_present })));
        sent
    }

    /// A clean session, connected and with nothing left to do.
    pub(crate) fn connected(mut self) -> Self {
        self.connect_with(&clean(), CONNACK);
        self.quiet();
        self
    }

    /// A persistent session, connected for the first time and with nothing left to do.
    pub(crate) fn connected_persistent(mut self) -> Self {
        self.connect_with(&persistent(), CONNACK);
        self.quiet();
        self
    }

    /// A clean session with a keep-alive of so many seconds, connected and with nothing left to do.
    pub(crate) fn connected_keeping_alive(mut self, seconds: u16) -> Self {
        self.connect_with(&keeping_alive(seconds), CONNACK);
        self.quiet();
        self
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, millis: u32) {
        self.now = self.now.after(millis);
    }

    /// One look at the transport that brings these bytes, or nothing when there are none.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        assert_eq!(self.feed_some(bytes), bytes.len(), "there is room");
    }

    /// One look at the transport that brings as many of these bytes as there is room for; tells how many.
    pub(crate) fn feed_some(&mut self, bytes: &[u8]) -> usize {
        let room = self.receiver.unfilled();
        let length = room.len().min(bytes.len());
        room[..length].copy_from_slice(&bytes[..length]);
        if length > 0 {
            self.receiver.advance(length);
        }
        length
    }

    /// The next event.
    pub(crate) fn poll(&mut self) -> Result<Option<Event<'_>>, SessionError> {
        self.session.poll_event(&mut self.receiver, self.now)
    }

    /// Nothing happened.
    pub(crate) fn quiet(&mut self) {
        assert_eq!(self.poll(), Ok(None));
    }

    /// A packet arrives, and this is what is told of it; nothing more happens.
    pub(crate) fn tells(&mut self, bytes: &[u8], event: Event<'_>) {
        self.feed(bytes);
        assert_eq!(self.poll(), Ok(Some(event)));
        self.quiet();
    }

    /// These bytes end the connection.
    pub(crate) fn assert_ends(&mut self, bytes: &[u8], error: impl Into<SessionError>) {
        self.feed(bytes);
        assert_eq!(self.poll(), Err(error.into()));
        self.assert_over();
    }

    /// The connection is over, and nothing can be sent on it [MQTT-4.8.0-1].
    pub(crate) fn assert_over(&mut self) {
        assert_eq!(self.session.phase(), Phase::Disconnected);
        assert_eq!(self.session.poll_transmit(), b"");
        let refused = self.session.publish(topic("t"), b"", QoS::AtMostOnce, false, self.now);
        assert_eq!(refused, Err(RequestError::NotConnected));
        assert_eq!(self.session.ping(self.now), Err(RequestError::NotConnected));
        assert_eq!(self.session.disconnect(), Err(RequestError::NotConnected));
        assert_eq!(self.session.poll_transmit(), b"");
    }

    /// Sends all that waits, and gives it.
    pub(crate) fn send(&mut self) -> Vec<u8> {
        let sent = self.session.poll_transmit().to_vec();
        self.session.sent(sent.len(), self.now);
        sent
    }

    /// Publishes "t" with this payload and QoS.
    pub(crate) fn publish(&mut self, payload: &[u8], qos: QoS) -> Result<Option<PacketId>, RequestError> {
        self.session.publish(topic("t"), payload, qos, false, self.now)
    }

    /// Publishes "t" with this payload and QoS 1 and sends it; gives the id.
    pub(crate) fn publish_sent(&mut self, payload: &[u8], qos: QoS) -> PacketId {
        let id = self.publish(payload, qos).unwrap().unwrap();
        self.send();
        id
    }

    /// Subscribes to this filter with QoS 1 and sends it; gives the id.
    pub(crate) fn subscribe_sent(&mut self, text: &str) -> PacketId {
        let id = self.session.subscribe(&[(filter(text), QoS::AtLeastOnce)], self.now).unwrap();
        self.send();
        id
    }

    /// Unsubscribes from this filter and sends it; gives the id.
    pub(crate) fn unsubscribe_sent(&mut self, text: &str) -> PacketId {
        let id = self.session.unsubscribe(&[filter(text)], self.now).unwrap();
        self.send();
        id
    }

    /// The transport is closed.
    pub(crate) fn close(&mut self) {
        self.session.handle_closed();
        self.receiver.clear();
    }

    /// Closes, connects again as a persistent session with this CONNACK, and gives what is sent behind CONNECT.
    pub(crate) fn reconnect(&mut self, conn_ack: &[u8]) -> Vec<u8> {
        self.close();
        self.connect_with(&persistent(), conn_ack);
        self.poll_to_the_end();
        self.send()
    }

    /// Polls until nothing is told, and counts what was.
    pub(crate) fn poll_to_the_end(&mut self) -> usize {
        let mut count = 0;
        while self.poll().unwrap().is_some() {
            count += 1;
        }
        count
    }
}
