//! The client under test, its link, and what it was told.

use std::collections::{BTreeMap, BTreeSet};

use umqtt_proto::wire::{Connect, Delivery, KeepAlive};
use umqtt_proto::{
    ClientId, Event, Instant, PacketId, Phase, QoS, Receiver, RequestError, Session, SessionError, Slot,
    Store, Timeouts, TopicFilter, TopicName,
};

use super::broker::{Broker, payload, tag};
use super::choices::Choices;

/// What an id stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    Message(u32, QoS),
    Subscribe(usize),
    Unsubscribe,
}

/// An event, without the bytes that it borrows.
#[derive(Debug)]
enum Told {
    Connected(bool),
    Message { payload: Vec<u8>, first: bool, remaining: u32, delivery: Option<Delivery> },
    Answer { id: PacketId, late: bool, filters: Option<usize> },
    TimedOut(PacketId),
    Lost(PacketId),
    Other,
}

impl From<Event<'_>> for Told {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Connected { session_present } => Self::Connected(session_present),
            Event::Message(message) => Self::Message {
                payload: message.payload.to_vec(),
                first: true,
                remaining: 0,
                delivery: Some(message.delivery),
            },
            Event::MessageStart(start) => Self::Message {
                payload: start.payload.to_vec(),
                first: true,
                remaining: start.remaining,
                delivery: Some(start.delivery),
            },
            Event::MessagePart { bytes, remaining } => {
                Self::Message { payload: bytes.to_vec(), first: false, remaining, delivery: None }
            }
            Event::Delivered { id, late } | Event::Unsubscribed { id, late } => {
                Self::Answer { id, late, filters: None }
            }
            Event::Subscribed { id, return_codes, late } => {
                Self::Answer { id, late, filters: Some(return_codes.len()) }
            }
            Event::TimedOut { id } => Self::TimedOut(id),
            Event::Lost { id } => Self::Lost(id),
            Event::UnknownAck { .. } => panic!("{event:?}: the broker acknowledges what it got, once"),
            _ => Self::Other,
        }
    }
}

/// The client.
pub(crate) struct Client<S> {
    session: Session<Vec<u8>, Vec<Slot>, S>,
    receiver: Receiver<Vec<u8>>,
    now: Instant,
    keep_alive: KeepAlive,
    qos2: bool,
    /// How many exchanges of its own it has at most; two slots are left to the broker's messages of QoS 2.
    own: usize,
    broker: Broker,
    /// What is on its way, while there is a connection.
    up: Vec<u8>,
    down: Vec<u8>,
    /// What each id in use stands for, and whether it was told as timed out.
    open: BTreeMap<PacketId, (Request, bool)>,
    /// Ids that were told as lost, and that the broker may still know.
    held: BTreeSet<PacketId>,
    published: u32,
    /// What is still to be given of a payload that is sent in pieces.
    streaming: Vec<u8>,
    delivered: BTreeMap<u32, QoS>,
    lost: BTreeSet<u32>,
    /// How many messages of the broker were handed out once, and the one that comes in parts.
    handed_out: u32,
    arriving: Option<(Delivery, Vec<u8>)>,
    /// A clean session was begun.
    cleaned: bool,
}

impl<S: Store> Client<S> {
    pub(crate) fn new(store: S, choices: &mut Choices<'_>, qos2: bool) -> Self {
        let own = 1 + choices.below(5);
        let (transmit, receive) = (24 + choices.below(64), 16 + choices.below(48));
        let mut session = Session::new(vec![0; transmit], vec![Slot::EMPTY; own + 2], store);
        session.set_timeouts(Timeouts { connect: 3_000, ping: 1_500, message: 2_500 });
        session.set_next_id(PacketId::new(65_535 - u16::from(choices.byte() % 8)).unwrap());
        Self {
            session,
            receiver: Receiver::new(vec![0; receive]),
            // The clock wraps on the way.
            now: Instant::from_millis(u32::MAX - 20 * u32::from(choices.byte())),
            keep_alive: KeepAlive::from_secs(u16::from(choices.byte() % 6)),
            qos2,
            own,
            broker: Broker::new(),
            up: Vec::new(),
            down: Vec::new(),
            open: BTreeMap::new(),
            held: BTreeSet::new(),
            published: 0,
            streaming: Vec::new(),
            delivered: BTreeMap::new(),
            lost: BTreeSet::new(),
            handed_out: 0,
            arriving: None,
            cleaned: false,
        }
    }

    /// Does what the bytes choose, then lets everything come to its end.
    pub(crate) fn live(mut self, choices: &mut Choices<'_>) {
        while !choices.is_over() {
            self.step(choices);
        }
        self.settle();
    }

    fn step(&mut self, choices: &mut Choices<'_>) {
        match choices.below(24) {
            0..=3 => self.publish(choices),
            4 => self.request(choices.below(3)),
            5 => self.publish_streamed(choices.below(40)),
            6..=7 => {
                let qos = self.qos(choices);
                self.broker.publish(qos, choices.below(50), &mut self.down);
            }
            8 => self.transmit(1 + choices.below(40)),
            9 => self.carry_up(1 + choices.below(40)),
            10 => self.carry_down(1 + choices.below(40)),
            11 => self.poll_to_the_end(),
            12 => {
                self.poll();
            }
            13 => self.wait(4 * u32::from(choices.byte())),
            14 => self.wait_for_the_deadline(),
            15..=19 => self.exchange(),
            20 => match choices.byte() {
                0..=5 => {
                    self.cut();
                    self.broker.forget();
                }
                6..=15 => drop(self.session.disconnect()),
                16..=99 => self.cut(),
                _ => {}
            },
            _ => self.connect(choices.below(64) == 0),
        }
        let ids: Vec<_> = self.session.in_flight().iter().map(Slot::id).collect();
        assert!(self.open.keys().all(|id| ids.contains(id)), "an id is in use until its end is told");
    }

    fn qos(&self, choices: &mut Choices<'_>) -> QoS {
        match choices.below(if self.qos2 { 3 } else { 2 }) {
            0 => QoS::AtMostOnce,
            1 => QoS::AtLeastOnce,
            _ => QoS::ExactlyOnce,
        }
    }

    /// Connects, if there is no connection.
    fn connect(&mut self, clean_session: bool) {
        if self.session.phase() != Phase::Disconnected {
            return;
        }
        self.receiver.clear();
        self.broker.open();
        let connect = Connect {
            clean_session,
            keep_alive: self.keep_alive,
            ..Connect::new(ClientId::new("c").unwrap())
        };
        self.session.connect(&connect, self.now).unwrap();
        self.cleaned |= clean_session;
    }

    /// Closes the connection with all that is on its way.
    fn cut(&mut self) {
        self.session.handle_closed();
        self.forget_link();
    }

    fn forget_link(&mut self) {
        assert_eq!((self.session.phase(), self.session.poll_transmit()), (Phase::Disconnected, &b""[..]));
        self.broker.close();
        self.up.clear();
        self.down.clear();
        self.arriving = None;
        self.streaming.clear();
    }

    /// An id was given for this.
    fn opened(&mut self, id: PacketId, request: Request) {
        assert!(!self.held.contains(&id), "{id} may be known to the broker");
        assert_eq!(self.open.insert(id, (request, false)), None, "{id} is in use");
    }

    /// A refusal is for a reason that can be seen.
    fn refused(&self, error: RequestError) {
        match error {
            RequestError::NotConnected => {
                assert!(!matches!(self.session.phase(), Phase::Connected | Phase::Resuming));
            }
            RequestError::TransmitFull => {
                let waits = !self.session.poll_transmit().is_empty() || self.session.payload_remaining() > 0;
                assert!(waits || self.session.phase() == Phase::Resuming);
            }
            RequestError::InFlightFull => assert_eq!(self.session.in_flight().len(), self.own + 2),
            RequestError::StoreFull => assert!(S::KEEPS),
            RequestError::BufferTooSmall { needed } => assert!(needed > 24),
            other => panic!("{other}"),
        }
    }

    fn publish(&mut self, choices: &mut Choices<'_>) {
        let (qos, filler) = (self.qos(choices), choices.below(24));
        if qos != QoS::AtMostOnce && self.open.len() >= self.own {
            return;
        }
        let payload = payload(self.published, filler);
        let topic = TopicName::new("t").unwrap();
        match self.session.publish(topic, &payload, qos, choices.below(2) == 0, self.now) {
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
    fn publish_streamed(&mut self, filler: usize) {
        if self.streaming.is_empty() {
            let payload = payload(self.published, filler);
            let topic = TopicName::new("t").unwrap();
            match self.session.publish_streamed(topic, payload.len(), QoS::AtMostOnce, false, self.now) {
                Ok(id) => assert_eq!(id, None),
                Err(error) => return self.refused(error),
            }
            self.streaming = payload;
            self.published += 1;
        }
        assert_eq!(self.session.payload_remaining(), self.streaming.len());
        let given = self.session.push_payload(&self.streaming);
        self.streaming.drain(..given);
    }

    fn request(&mut self, filters: usize) {
        if self.open.len() >= self.own {
            return;
        }
        let filter = TopicFilter::new("t").unwrap();
        let (result, request) = if filters == 0 {
            (self.session.unsubscribe(&[filter], self.now), Request::Unsubscribe)
        } else {
            let list = vec![(filter, QoS::AtLeastOnce); filters];
            (self.session.subscribe(&list, self.now), Request::Subscribe(filters))
        };
        match result {
            Ok(id) => self.opened(id, request),
            Err(error) => self.refused(error),
        }
    }

    /// The transport takes some of what waits.
    fn transmit(&mut self, count: usize) {
        let pending = self.session.poll_transmit();
        let count = count.min(pending.len());
        self.up.extend_from_slice(&pending[..count]);
        self.session.sent(count, self.now);
    }

    /// Bytes reach the broker.
    fn carry_up(&mut self, count: usize) {
        let bytes: Vec<u8> = self.up.drain(..count.min(self.up.len())).collect();
        self.broker.take(&bytes, &mut self.down);
    }

    /// Bytes reach the client.
    fn carry_down(&mut self, count: usize) {
        let room = self.receiver.unfilled();
        let count = count.min(room.len()).min(self.down.len());
        for (room, byte) in room.iter_mut().zip(self.down.drain(..count)) {
            *room = byte;
        }
        if count > 0 {
            self.receiver.advance(count);
        }
    }

    fn wait(&mut self, millis: u32) {
        self.now = self.now.after(millis);
    }

    /// Nothing happens before the deadline, and something at it.
    fn wait_for_the_deadline(&mut self) {
        self.poll_to_the_end();
        self.carry_down(0);
        self.poll_to_the_end();
        if !self.session.poll_transmit().is_empty() || self.session.payload_remaining() > 0 {
            return;
        }
        let Some(wait) = self.session.poll_timeout(self.now) else { return };
        assert_ne!(wait, 0, "all was done that can be");
        self.wait(wait - 1);
        self.carry_down(0);
        assert!(!self.poll() && self.session.poll_transmit().is_empty(), "before the deadline");
        assert_eq!(self.session.poll_timeout(self.now), Some(1));
        self.wait(1);
        assert!(self.poll() || !self.session.poll_transmit().is_empty(), "at the deadline");
    }

    /// The whole loop of a client once, with a link that is fast.
    fn exchange(&mut self) {
        self.poll_to_the_end();
        self.transmit(usize::MAX);
        self.carry_up(usize::MAX);
        self.carry_down(usize::MAX);
    }

    fn poll_to_the_end(&mut self) {
        while self.poll() {}
    }

    /// Takes one event and holds it against what may be; tells whether there was one.
    fn poll(&mut self) -> bool {
        let told = match self.session.poll_event(&mut self.receiver, self.now) {
            Ok(None) => return false,
            Ok(Some(event)) => Told::from(event),
            Err(error) => {
                match error {
                    SessionError::PingTimeout => assert_ne!(self.keep_alive, KeepAlive::OFF),
                    SessionError::ConnectTimeout => {}
                    // Ids that nobody lets go any more.
                    SessionError::InFlightFull if self.broker.forgot || !self.held.is_empty() => {}
                    other => panic!("{other}"),
                }
                self.forget_link();
                return true;
            }
        };
        match told {
            Told::Connected(session_present) => {
                if !session_present {
                    self.held.clear();
                }
            }
            Told::Message { payload, first, remaining, delivery } => {
                self.message(payload, first, remaining, delivery);
            }
            Told::Answer { id, late, filters } => {
                let Some((request, timed_out)) = self.open.remove(&id) else {
                    panic!("{id} was told already");
                };
                assert_eq!(late, timed_out);
                match (request, filters) {
                    (Request::Message(tag, qos), None) => {
                        assert!(self.broker.arrived.contains_key(&tag));
                        assert_eq!(self.delivered.insert(tag, qos), None);
                    }
                    (Request::Subscribe(asked), Some(granted)) => assert_eq!(asked, granted),
                    (Request::Unsubscribe, None) => {}
                    other => panic!("{other:?}"),
                }
            }
            Told::TimedOut(id) => {
                let timed_out = &mut self.open.get_mut(&id).expect("an id in use").1;
                assert!(!*timed_out, "{id} is told once");
                *timed_out = true;
            }
            Told::Lost(id) => {
                let (request, _) = self.open.remove(&id).expect("an id in use");
                if let Request::Message(tag, qos) = request {
                    let kept = S::KEEPS && !self.cleaned && !self.broker.forgot;
                    assert!(!kept, "message {tag} was kept");
                    assert!(self.lost.insert(tag));
                    if qos == QoS::ExactlyOnce && self.session.in_flight().iter().any(|slot| slot.id() == id)
                    {
                        self.held.insert(id);
                    }
                }
            }
            Told::Other => {}
        }
        true
    }

    /// A message is handed out, or a part of it.
    fn message(&mut self, bytes: Vec<u8>, first: bool, remaining: u32, delivery: Option<Delivery>) {
        let (delivery, payload) = if first {
            assert!(self.arriving.is_none());
            (delivery.expect("told at the start"), bytes)
        } else {
            let (delivery, mut payload) = self.arriving.take().expect("a message that has begun");
            payload.extend(bytes);
            (delivery, payload)
        };
        if remaining > 0 {
            self.arriving = Some((delivery, payload));
            return;
        }
        let tag = tag(&payload);
        if delivery.qos() == QoS::AtMostOnce {
            assert_eq!(tag, u32::MAX);
            return;
        }
        let again = tag < self.handed_out;
        assert!(!again || delivery.qos() == QoS::AtLeastOnce, "message {tag} is handed out twice");
        if !again {
            let gap = self.cleaned || self.broker.forgot;
            assert!(gap || tag == self.handed_out, "messages are handed out in order");
            self.handed_out = tag + 1;
        }
    }

    fn is_settled(&self) -> bool {
        let connected = self.session.phase() == Phase::Connected;
        connected && self.open.is_empty() && self.broker.is_idle(self.held.len())
    }

    /// With a broker and a link that do their best everything comes to its end.
    fn settle(&mut self) {
        let mut stuck = 0;
        while !self.is_settled() {
            stuck += 1;
            assert!(stuck < 500, "{:?} {:?}", self.open, self.broker);
            while !self.streaming.is_empty() {
                self.transmit(usize::MAX);
                self.publish_streamed(0);
            }
            if self.session.phase() == Phase::Disconnecting {
                self.transmit(usize::MAX);
                self.carry_up(usize::MAX);
                self.cut();
            }
            self.connect(stuck > 250);
            self.exchange();
        }
        self.poll_to_the_end();
        let kept = S::KEEPS && !self.cleaned && !self.broker.forgot;
        if kept {
            assert!(self.lost.is_empty());
            assert_eq!(self.handed_out, self.broker.begun, "every message of the broker is handed out");
        }
        for (tag, qos) in &self.delivered {
            let arrived = self.broker.arrived[tag];
            assert!(arrived == 1 || *qos == QoS::AtLeastOnce, "message {tag} arrived {arrived} times");
        }
        let outcomes = self.delivered.len() + self.lost.len();
        assert!(outcomes <= self.published as usize);
        assert!(self.delivered.keys().all(|tag| !self.lost.contains(tag)), "one end each");
    }
}
