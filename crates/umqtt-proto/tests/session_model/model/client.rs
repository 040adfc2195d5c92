//! The client under test, its link, and what it was told.

use std::collections::BTreeMap;

use umqtt_proto::wire::{Connect, Delivery, KeepAlive};
use umqtt_proto::{
    ClientId, Engine, Goal, Instant, NEVER, OnSessionLost, PacketId, Phase, QoS, Receiver, RequestError,
    SessionError, Slot, Step, Store, Timeouts, TopicFilter, TopicName,
};

use super::broker::{Broker, payload};
use super::choices::Choices;
use super::memory::{Ids, Table};
use super::told::Told;

/// What an id stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Message(u32, QoS),
    Subscribe(usize),
    Unsubscribe,
}

pub(super) type EngineOf<S, const KIND: u8> = Engine<Vec<u8>, Table<KIND>, S, Ids>;

#[derive(Clone, Copy)]
pub(super) struct Sizes {
    transmit: usize,
    slots: usize,
    incoming: usize,
}

pub(crate) struct Client<S, const KIND: u8> {
    pub(super) engine: EngineOf<S, KIND>,
    pub(super) receiver: Receiver<Vec<u8>>,
    pub(super) sizes: Sizes,
    pub(super) now: Instant,
    pub(super) keep_alive: KeepAlive,
    pub(super) qos2: bool,
    pub(super) choice: OnSessionLost,
    pub(super) broker: Broker,
    /// What is on its way, while there is a connection: to the broker, to the client, and what has come.
    pub(super) up: Vec<u8>,
    pub(super) down: Vec<u8>,
    pub(super) here: Vec<u8>,
    /// How many bytes more the link takes.
    pub(super) room: usize,
    /// What each id in use stands for, and whether it was told as timed out.
    pub(super) open: BTreeMap<PacketId, (Request, bool)>,
    /// The message that is about to be taken.
    pub(super) taking: Option<(u32, QoS)>,
    pub(super) published: u32,
    /// What was told as lost last, of each id: a store may hold it until the call after that.
    pub(super) gone: BTreeMap<PacketId, (u32, QoS)>,
    /// What is still to be given of a payload that is sent in pieces.
    pub(super) streaming: Vec<u8>,
    pub(super) delivered: BTreeMap<u32, QoS>,
    pub(super) lost: BTreeMap<u32, QoS>,
    /// How many messages of the broker were handed out once, and the one that comes in parts.
    pub(super) handed_out: u32,
    pub(super) arriving: Option<(Delivery, Vec<u8>)>,
    /// The message of QoS 2 that was handed out last, and the one that may be handed out again after a restart.
    pub(super) last: Option<(u32, PacketId)>,
    pub(super) repeated: Option<u32>,
    /// A clean session was begun.
    pub(super) cleaned: bool,
    /// The connection is of a clean session.
    pub(super) clean: bool,
}

impl<S: Store, const KIND: u8> Client<S, KIND> {
    pub(crate) fn new(store: S, choices: &mut Choices<'_>, qos2: bool) -> Self {
        let sizes = Sizes {
            slots: 1 + choices.below(5),
            transmit: 24 + choices.below(64),
            incoming: 1 + choices.below(4).min(1),
        };
        let receive = 16 + choices.below(48);
        let choice = match choices.below(2) {
            0 => OnSessionLost::SendAgain,
            _ => OnSessionLost::Tell,
        };
        let mut engine = engine(sizes, choice, store);
        let next_id = 65_535 - u16::from(choices.byte() % 8);
        engine.session_mut().set_next_id(PacketId::new(next_id).unwrap());
        Self {
            engine,
            receiver: Receiver::new(vec![0; receive]),
            sizes,
            // The clock wraps on the way.
            now: Instant::from_millis(u32::MAX - 20 * u32::from(choices.byte())),
            keep_alive: KeepAlive::from_secs(u16::from(choices.byte() % 6)),
            qos2,
            choice,
            broker: Broker::new(),
            up: Vec::new(),
            down: Vec::new(),
            here: Vec::new(),
            room: 0,
            open: BTreeMap::new(),
            taking: None,
            published: 0,
            gone: BTreeMap::new(),
            streaming: Vec::new(),
            delivered: BTreeMap::new(),
            lost: BTreeMap::new(),
            handed_out: 0,
            arriving: None,
            last: None,
            repeated: None,
            cleaned: false,
            clean: false,
        }
    }

    /// Does what the bytes choose, then lets everything come to its end.
    pub(crate) fn live(mut self, choices: &mut Choices<'_>) {
        while !choices.is_over() {
            self.step(choices);
        }
        self.settle();
    }

    pub(crate) fn step(&mut self, choices: &mut Choices<'_>) {
        match choices.below(26) {
            0..=3 => self.publish(choices),
            4 => self.request(choices.below(3)),
            5 => self.publish_in_pieces(choices),
            6..=7 => {
                let qos = self.qos(choices);
                self.broker.publish(qos, choices.below(50), &mut self.down);
            }
            8 => self.room = self.room.saturating_add(1 + choices.below(40)),
            9 => self.carry_up(1 + choices.below(40)),
            10 => self.carry_down(1 + choices.below(40)),
            11 => self.poll_to_the_end(),
            12 => {
                self.poll();
            }
            13 => self.wait(4 * u32::from(choices.byte())),
            14 => self.wait_for_the_deadline(),
            15 => self.flush(choices),
            16 => self.call(Goal::Event(u32::from(choices.byte()) * 16), choices),
            17..=21 => self.exchange(),
            22 => match choices.byte() {
                0..=5 => {
                    self.cut();
                    self.broker.forget();
                }
                6..=15 => self.call(Goal::Close, choices),
                16..=99 => self.cut(),
                _ => {}
            },
            _ => self.connect(choices.below(64) == 0),
        }
        let session = self.engine.session();
        let ids: Vec<_> = session.in_flight().iter().map(Slot::id).collect();
        assert!(self.open.keys().all(|id| ids.contains(id)), "an id is in use until its end is told");
        assert_eq!(session.in_flight().free_slots() + ids.len(), self.sizes.slots);
    }

    fn qos(&self, choices: &mut Choices<'_>) -> QoS {
        match choices.below(if self.qos2 { 3 } else { 2 }) {
            0 => QoS::AtMostOnce,
            1 => QoS::AtLeastOnce,
            _ => QoS::ExactlyOnce,
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.engine.session().phase()
    }

    fn pending(&self) -> &[u8] {
        self.engine.session().pending()
    }

    /// Connects, if there is no connection.
    fn connect(&mut self, clean_session: bool) {
        if self.phase() != Phase::Disconnected {
            return;
        }
        self.receiver.clear();
        self.broker.open();
        let connect = Connect {
            clean_session,
            keep_alive: self.keep_alive,
            ..Connect::new(ClientId::new("c").unwrap())
        };
        self.engine.connect(&connect, self.now).unwrap();
        self.cleaned |= clean_session;
        self.clean = clean_session;
    }

    /// Closes the connection with all that is on its way.
    fn cut(&mut self) {
        self.engine.handle_closed();
        self.forget_link();
    }

    pub(super) fn forget_link(&mut self) {
        assert_eq!((self.phase(), self.pending()), (Phase::Disconnected, &b""[..]));
        assert_eq!(self.engine.session().payload_remaining(), 0);
        self.broker.close();
        self.up.clear();
        self.down.clear();
        self.here.clear();
        self.room = 0;
        self.arriving = None;
        self.streaming.clear();
    }

    /// An id was given for this.
    pub(super) fn opened(&mut self, id: PacketId, request: Request) {
        assert_eq!(self.open.insert(id, (request, false)), None, "{id} is in use");
    }

    /// A refusal is for a reason that can be seen.
    fn refused(&self, error: RequestError) {
        let session = self.engine.session();
        match error {
            RequestError::NotConnected => {
                assert!(!matches!(self.phase(), Phase::Connected | Phase::Resuming));
            }
            RequestError::TransmitFull => {
                let waits = !self.pending().is_empty() || session.payload_remaining() > 0;
                assert!(waits || self.phase() == Phase::Resuming);
            }
            RequestError::InFlightFull => assert_eq!(session.in_flight().free_slots(), 0),
            RequestError::StoreFull | RequestError::StoreFailed => assert!(S::KEEPS && !self.clean),
            RequestError::BufferTooSmall => assert!(self.sizes.transmit < 40),
            RequestError::NoStore => assert!(!S::KEEPS && !self.clean),
            other => panic!("{other}"),
        }
    }

    fn publish(&mut self, choices: &mut Choices<'_>) {
        let (qos, filler) = (self.qos(choices), choices.below(24));
        let payload = payload(self.published, filler);
        let topic = TopicName::new("t").unwrap();
        self.taking = Some((self.published, qos));
        let result = self.engine.session_mut().publish(topic, &payload, qos, choices.below(2) == 0);
        self.published(qos, result);
    }

    /// What came of a message.
    fn published(&mut self, qos: QoS, result: Result<Option<PacketId>, RequestError>) {
        self.taking = None;
        match result {
            Ok(id) => {
                assert_eq!(id.is_some(), qos != QoS::AtMostOnce);
                if let Some(id) = id {
                    self.opened(id, Request::Message(self.published, qos));
                }
                self.published += 1;
            }
            Err(error) => self.refused(error),
        }
    }

    /// Begins a message whose payload comes in pieces, if none is open, and gives as much as there is room for.
    fn publish_in_pieces(&mut self, choices: &mut Choices<'_>) {
        if self.streaming.is_empty() {
            let (qos, filler) = (self.qos(choices), choices.below(120));
            let payload = payload(self.published, filler);
            let topic = TopicName::new("t").unwrap();
            let before = self.published;
            self.taking = Some((self.published, qos));
            let session = self.engine.session_mut();
            let result = if choices.below(2) == 0 {
                session.publish_large(topic, &payload, qos, false)
            } else {
                session.publish_streamed(topic, payload.len(), qos, false)
            };
            self.published(qos, result);
            if self.published == before {
                return;
            }
            self.streaming = payload;
        }
        self.push_payload();
    }

    fn push_payload(&mut self) {
        let session = self.engine.session_mut();
        assert_eq!(session.payload_remaining(), self.streaming.len());
        let given = session.push_payload(&self.streaming);
        self.streaming.drain(..given);
    }

    fn request(&mut self, filters: usize) {
        let filter = TopicFilter::new("t").unwrap();
        let session = self.engine.session_mut();
        let (result, request) = if filters == 0 {
            (session.unsubscribe(&[filter]), Request::Unsubscribe)
        } else {
            let list = vec![(filter, QoS::AtLeastOnce); filters];
            (session.subscribe(&list), Request::Subscribe(filters))
        };
        match result {
            Ok(id) => self.opened(id, request),
            Err(error) => self.refused(error),
        }
    }

    /// Bytes reach the broker.
    pub(super) fn carry_up(&mut self, count: usize) {
        let bytes: Vec<u8> = self.up.drain(..count.min(self.up.len())).collect();
        self.broker.take(&bytes, &mut self.down);
    }

    /// Bytes reach the client.
    fn carry_down(&mut self, count: usize) {
        self.here.extend(self.down.drain(..count.min(self.down.len())));
    }

    fn wait(&mut self, millis: u32) {
        self.now = self.now.after(millis);
    }

    /// Nothing happens before the deadline, and something at it.
    fn wait_for_the_deadline(&mut self) {
        self.poll_to_the_end();
        if !self.pending().is_empty() || self.engine.session().payload_remaining() > 0 {
            return;
        }
        self.room = usize::MAX;
        let sent = self.up.len();
        let wait = self.next_wait();
        if wait == NEVER {
            return;
        }
        self.wait(wait - 1);
        assert!(!self.poll() && self.up.len() == sent, "before the deadline");
        assert_eq!(self.next_wait(), 1);
        self.wait(1);
        assert!(self.poll() || self.up.len() > sent, "at the deadline");
    }

    fn next_wait(&mut self) -> u32 {
        self.engine.next_wait(&self.receiver.inbox(), self.now).millis
    }

    /// The whole loop of a client once, with a link that is fast.
    fn exchange(&mut self) {
        self.room = usize::MAX;
        self.poll_to_the_end();
        self.flush_now();
        self.carry_up(usize::MAX);
        self.carry_down(usize::MAX);
        self.room = 0;
    }

    fn poll_to_the_end(&mut self) {
        while self.poll() || !self.here.is_empty() && self.pending().is_empty() && self.streaming.is_empty() {
            if self.phase() == Phase::Disconnected || self.phase() == Phase::Disconnecting {
                self.here.clear();
            }
        }
    }

    /// A call that looks once; tells whether something was told.
    fn poll(&mut self) -> bool {
        self.engine.begin(Goal::Event(0), self.now);
        self.go_on(&mut Choices::new(&[]))
    }

    /// All that waits is sent, as far as the link takes it.
    fn flush_now(&mut self) {
        self.engine.begin(Goal::Flush, self.now);
        self.go_on(&mut Choices::new(&[]));
    }

    fn flush(&mut self, choices: &mut Choices<'_>) {
        self.call(Goal::Flush, choices);
    }

    /// A call that waits as long as the bytes choose.
    fn call(&mut self, goal: Goal, choices: &mut Choices<'_>) {
        self.engine.begin(goal, self.now);
        self.go_on(choices);
    }

    /// Does what the engine says; where it waits, time passes and bytes move as the bytes choose, or the caller
    /// gives up. Tells whether something was told.
    fn go_on(&mut self, choices: &mut Choices<'_>) -> bool {
        for _ in 0..2_000 {
            // Now and then nothing is read.
            let blind = !choices.is_over() && choices.below(16) == 0;
            let mut inbox = self.receiver.inbox();
            let step = self.engine.step((!blind).then_some(&mut inbox), self.now);
            match step {
                Ok(Step::Tell(notice)) => {
                    let told = Told::from(self.receiver.lend(notice).0);
                    self.told(told);
                    return true;
                }
                Ok(Step::Read) => {
                    assert!(!blind);
                    let room = inbox.unfilled();
                    assert!(!room.is_empty(), "a read has room");
                    let count = room.len().min(self.here.len());
                    for (room, byte) in room.iter_mut().zip(self.here.drain(..count)) {
                        *room = byte;
                    }
                    self.engine.did_read(&mut inbox, count, self.now);
                }
                Ok(Step::Write) => {
                    let pending = self.engine.session().pending();
                    assert!(!pending.is_empty(), "a write has bytes");
                    let count = pending.len().min(self.room);
                    self.up.extend_from_slice(&pending[..count]);
                    self.room = if self.room == usize::MAX { self.room } else { self.room - count };
                    self.engine.did_write(count, self.now);
                }
                Ok(Step::Wait(wait)) => {
                    assert!(wait.millis > 0, "no busy waiting");
                    if choices.is_over() || choices.below(4) == 0 {
                        return false;
                    }
                    match choices.below(4) {
                        0 => self.room = self.room.saturating_add(1 + choices.below(40)),
                        1 => self.carry_up(1 + choices.below(40)),
                        2 => self.carry_down(1 + choices.below(40)),
                        _ => self.wait(wait.millis.min(4 * u32::from(choices.byte()))),
                    }
                }
                Ok(Step::Done | Step::Stalled) => return false,
                Err(error) => {
                    match error {
                        SessionError::PingTimeout => assert_ne!(self.keep_alive, KeepAlive::OFF),
                        SessionError::IncomingFull => assert_eq!(self.sizes.incoming, 1),
                        SessionError::ConnectTimeout | SessionError::StoreFailed => {}
                        other => panic!("{other}"),
                    }
                    self.forget_link();
                    return true;
                }
            }
        }
        panic!("the call does not end: {:?}", self.engine.session());
    }

    fn is_settled(&self) -> bool {
        self.phase() == Phase::Connected && self.open.is_empty() && self.broker.is_idle()
    }

    /// With a broker and a link that do their best everything comes to its end.
    pub(crate) fn settle(&mut self) {
        let mut stuck = 0;
        while !self.is_settled() {
            stuck += 1;
            assert!(stuck < 500, "{:?} {:?} {:?}", self.open, self.broker, self.engine.session());
            while !self.streaming.is_empty() {
                self.room = usize::MAX;
                self.flush_now();
                self.push_payload();
            }
            if self.phase() == Phase::Disconnecting {
                self.exchange();
                self.cut();
            }
            self.connect(stuck > 250);
            self.exchange();
        }
        self.poll_to_the_end();
        if S::KEEPS && !self.cleaned && !self.broker.forgot {
            assert!(self.lost.is_empty());
            assert_eq!(self.handed_out, self.broker.begun, "every message of the broker is handed out");
        }
        for (tag, qos) in &self.delivered {
            let arrived = self.broker.arrived[tag];
            let once = arrived == 1 || *qos == QoS::AtLeastOnce || self.broker.forgot;
            assert!(once, "message {tag} arrived {arrived} times");
        }
        let outcomes = self.delivered.len() + self.lost.len();
        assert!(outcomes <= self.published as usize);
        assert!(self.delivered.keys().all(|tag| !self.lost.contains_key(tag)), "one end each");
        assert!(self.engine.session().in_flight().is_empty());
    }
}

pub(super) fn engine<S: Store, const KIND: u8>(
    sizes: Sizes,
    choice: OnSessionLost,
    store: S,
) -> EngineOf<S, KIND> {
    let table = Table::new(sizes.slots);
    let ids = Ids::new(sizes.incoming);
    let mut engine = Engine::new(vec![0; sizes.transmit], table, ids, store);
    engine.set_timeouts(Timeouts {
        connect: 3_000,
        ping: 1_500,
        message: 2_500,
        write: 2_000,
        write_per_kib: 1_000,
    });
    engine.session_mut().set_on_session_lost(choice);
    engine
}
