//! An engine, its receiver, a link and a clock that only moves when told.

use umqtt_proto::wire::{Connect, KeepAlive};
use umqtt_proto::{
    ClientId, ConnectError, Engine, Event, Goal, Inbox, IncomingIds, Instant, Large, NEVER, NoStore, Notice,
    PacketId, Parts, Phase, QoS, RamStore, Receiver, RequestError, Session, SessionError, Slot, Slots, Step,
    Store, TopicFilter, TopicName, Wait,
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

/// A table of any size, with any features; with `alloc`, ids are found as in a table on the heap.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Table(pub(crate) Vec<Slot>);

impl AsRef<[Slot]> for Table {
    fn as_ref(&self) -> &[Slot] {
        &self.0
    }
}

impl AsMut<[Slot]> for Table {
    fn as_mut(&mut self) -> &mut [Slot] {
        &mut self.0
    }
}

impl Slots for Table {
    const MANY: bool = cfg!(feature = "alloc");
}

/// A link: what the broker has sent and nobody has read, and what it took.
#[derive(Debug)]
pub(crate) struct Line {
    /// The bytes to be read.
    pub(crate) input: Vec<u8>,
    /// The bytes that were written.
    pub(crate) output: Vec<u8>,
    /// How many bytes more it takes.
    pub(crate) room: usize,
    /// How often it was read.
    pub(crate) reads: usize,
    /// How often it was written to.
    pub(crate) writes: usize,
}

impl Line {
    /// A link that takes all, and has nothing.
    pub(crate) const fn new() -> Self {
        Self { input: Vec::new(), output: Vec::new(), room: usize::MAX, reads: 0, writes: 0 }
    }
}

/// How a call ends, or why it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Something happened.
    Told(Notice),
    /// The goal is reached, or the time is over.
    Done,
    /// The link takes too little.
    Stalled,
    /// It waits for this; [`go_on`] takes the call up again.
    Waits(Wait),
}

/// Does what the engine says, until the call ends or waits: a driver of an engine, without the waiting.
pub(crate) fn go_on<T, F, S, I, L>(
    engine: &mut Engine<T, F, S, I>,
    mut inbox: Option<&mut Inbox<'_, L>>,
    line: &mut Line,
    now: Instant,
) -> Result<End, SessionError>
where
    T: AsRef<[u8]> + AsMut<[u8]>,
    F: Slots,
    S: Store,
    I: IncomingIds,
    L: Large,
{
    for _ in 0..1_000_000 {
        match engine.step(inbox.as_deref_mut(), now)? {
            Step::Tell(notice) => return Ok(End::Told(notice)),
            Step::Done => return Ok(End::Done),
            Step::Stalled => return Ok(End::Stalled),
            Step::Wait(wait) => {
                assert!(wait.millis > 0, "no busy waiting");
                return Ok(End::Waits(wait));
            }
            Step::Read => {
                let Some(inbox) = inbox.as_deref_mut() else { panic!("without an inbox nothing is read") };
                let room = inbox.unfilled();
                assert!(!room.is_empty(), "a read has room");
                let count = room.len().min(line.input.len());
                for (place, byte) in room.iter_mut().zip(line.input.drain(..count)) {
                    *place = byte;
                }
                line.reads += 1;
                engine.did_read(inbox, count, now);
            }
            Step::Write => {
                let pending = engine.session().pending();
                assert!(!pending.is_empty(), "a write has bytes");
                let count = pending.len().min(line.room);
                line.output.extend_from_slice(&pending[..count]);
                line.room -= count;
                line.writes += 1;
                engine.did_write(count, now);
            }
        }
    }
    panic!("the call does not end");
}

/// An engine with all that it needs but a broker.
#[derive(Debug)]
pub(crate) struct Rig<S, I = [u16; 8], L = Parts> {
    /// The engine under test.
    pub(crate) engine: Engine<Vec<u8>, Table, S, I>,
    /// What it receives into.
    pub(crate) receiver: Receiver<Vec<u8>, L>,
    /// The link.
    pub(crate) line: Line,
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

/// A rig that has more to send again than fits its transmit buffer, and a link that takes nothing.
pub(crate) fn resuming_rig() -> Rig<Kept> {
    let mut rig = Rig::new(RamStore::new(vec![0; 512]), &Sizes { transmit: 24, ..Sizes::default() })
        .connected_persistent();
    for _ in 0..3 {
        rig.publish_sent(b"0123456789", QoS::AtLeastOnce);
    }
    rig.close();
    rig.connect_stuck(&persistent(), CONNACK_PRESENT);
    rig.quiet();
    assert_eq!(rig.phase(), Phase::Resuming);
    rig
}

impl<S: Store> Rig<S> {
    /// A rig at time 0.
    pub(crate) fn new(store: S, sizes: &Sizes) -> Self {
        Self::with_ids(store, sizes, [0; 8])
    }
}

impl<S: Store, I: IncomingIds> Rig<S, I> {
    /// A rig at time 0, with this table of the broker's ids.
    pub(crate) fn with_ids(store: S, sizes: &Sizes, incoming: I) -> Self {
        let table = Table(vec![Slot::EMPTY; sizes.slots]);
        Self {
            engine: Engine::new(vec![0; sizes.transmit], table, incoming, store),
            receiver: Receiver::new(vec![0; sizes.receive]),
            line: Line::new(),
            now: Instant::from_millis(0),
        }
    }
}

impl<S: Store, I: IncomingIds, L: Large> Rig<S, I, L> {
    /// The session, to make requests of it.
    pub(crate) fn session(&mut self) -> &mut Session<Vec<u8>, Table, S, I> {
        self.engine.session_mut()
    }

    /// Where the session stands with its connection.
    pub(crate) fn phase(&self) -> Phase {
        self.engine.session().phase()
    }

    /// The bytes that wait to be written.
    pub(crate) fn pending(&self) -> &[u8] {
        self.engine.session().pending()
    }

    /// The exchanges that are not finished, oldest first.
    pub(crate) fn in_flight(&self) -> Vec<Slot> {
        self.engine.session().in_flight().iter().copied().collect()
    }

    /// Begins a connection on a new link.
    pub(crate) fn connect(&mut self, connect: &Connect<'_>) -> Result<(), ConnectError> {
        self.engine.connect(connect, self.now)
    }

    /// Connects, with this CONNACK, and gives the bytes of CONNECT.
    pub(crate) fn connect_with(&mut self, connect: &Connect<'_>, conn_ack: &[u8]) -> Vec<u8> {
        self.receiver.clear();
        self.line = Line::new();
        self.connect(connect).unwrap();
        let sent = self.send();
        self.feed(conn_ack);
        let session_present = conn_ack == CONNACK_PRESENT;
        assert_eq!(self.poll(), Ok(Some(Event::Connected { session_present })));
        sent
    }

    /// Connects, with this CONNACK, on a link that takes CONNECT and nothing behind it.
    pub(crate) fn connect_stuck(&mut self, connect: &Connect<'_>, conn_ack: &[u8]) {
        self.receiver.clear();
        self.line = Line::new();
        self.connect(connect).unwrap();
        self.send();
        self.line.room = 0;
        self.feed(conn_ack);
        let session_present = conn_ack == CONNACK_PRESENT;
        assert_eq!(self.poll(), Ok(Some(Event::Connected { session_present })));
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

    /// These bytes come from the broker.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.line.input.extend_from_slice(bytes);
    }

    /// A call with this goal, until it ends or waits.
    pub(crate) fn call(&mut self, goal: Goal) -> Result<End, SessionError> {
        self.engine.begin(goal, self.now);
        self.go_on()
    }

    /// Takes a call up again that has waited.
    pub(crate) fn go_on(&mut self) -> Result<End, SessionError> {
        go_on(&mut self.engine, Some(&mut self.receiver.inbox()), &mut self.line, self.now)
    }

    /// A call that looks once, and what it tells.
    pub(crate) fn poll(&mut self) -> Result<Option<Event<'_>>, SessionError> {
        match self.call(Goal::Event(0))? {
            End::Told(notice) => Ok(Some(self.receiver.lend(notice).0)),
            End::Done => Ok(None),
            other => panic!("{other:?} in a call that does not wait"),
        }
    }

    /// Nothing happened.
    pub(crate) fn quiet(&mut self) {
        assert_eq!(self.poll(), Ok(None));
    }

    /// The milliseconds after which a call is due, of a rig that is quiet; `None` for never.
    pub(crate) fn timeout(&mut self) -> Option<u32> {
        let millis = self.engine.next_wait(&self.receiver.inbox(), self.now).millis;
        (millis != NEVER).then_some(millis)
    }

    /// A packet arrives, and this is what is told of it; nothing more happens.
    pub(crate) fn tells(&mut self, bytes: &[u8], event: Event<'_>) {
        self.feed(bytes);
        assert_eq!(self.poll(), Ok(Some(event)));
        self.quiet();
    }

    /// A packet arrives of which nothing is told.
    pub(crate) fn takes(&mut self, bytes: &[u8]) {
        self.feed(bytes);
        self.quiet();
        assert!(self.line.input.is_empty() && !self.receiver.is_mid_packet(), "it was taken");
    }

    /// These bytes end the connection.
    pub(crate) fn assert_ends(&mut self, bytes: &[u8], error: impl Into<SessionError>) {
        self.feed(bytes);
        assert_eq!(self.poll(), Err(error.into()));
        self.assert_over();
    }

    /// The connection is over, and nothing can be sent on it [MQTT-4.8.0-1].
    pub(crate) fn assert_over(&mut self) {
        assert_eq!(self.phase(), Phase::Disconnected);
        assert_eq!(self.pending(), b"");
        self.line.output.clear();
        let refused = self.session().publish(topic("t"), b"", QoS::AtMostOnce, false);
        assert_eq!(refused, Err(RequestError::NotConnected));
        assert_eq!(self.session().ping(), Err(RequestError::NotConnected));
        assert_eq!(self.disconnect(), b"");
        assert_eq!(self.pending(), b"");
    }

    /// Sends all that waits, and gives it with what the calls before have written.
    pub(crate) fn send(&mut self) -> Vec<u8> {
        assert_eq!(self.call(Goal::Flush), Ok(End::Done));
        std::mem::take(&mut self.line.output)
    }

    /// Sends all that waits and DISCONNECT behind it, and gives it.
    pub(crate) fn disconnect(&mut self) -> Vec<u8> {
        assert_eq!(self.call(Goal::Close), Ok(End::Done));
        std::mem::take(&mut self.line.output)
    }

    /// Publishes "t" with this payload and QoS.
    pub(crate) fn publish(&mut self, payload: &[u8], qos: QoS) -> Result<Option<PacketId>, RequestError> {
        self.session().publish(topic("t"), payload, qos, false)
    }

    /// Publishes "t" with this payload and QoS 1 and sends it; gives the id.
    pub(crate) fn publish_sent(&mut self, payload: &[u8], qos: QoS) -> PacketId {
        let id = self.publish(payload, qos).unwrap().unwrap();
        self.send();
        id
    }

    /// Subscribes to this filter with QoS 1 and sends it; gives the id.
    pub(crate) fn subscribe_sent(&mut self, text: &str) -> PacketId {
        let id = self.session().subscribe(&[(filter(text), QoS::AtLeastOnce)]).unwrap();
        self.send();
        id
    }

    /// Unsubscribes from this filter and sends it; gives the id.
    pub(crate) fn unsubscribe_sent(&mut self, text: &str) -> PacketId {
        let id = self.session().unsubscribe(&[filter(text)]).unwrap();
        self.send();
        id
    }

    /// The link is closed, with all that was on it.
    pub(crate) fn close(&mut self) {
        self.engine.handle_closed();
        self.receiver.clear();
        self.line = Line::new();
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
