//! What a message costs does not grow with the number in flight.

use std::cell::Cell;
use std::rc::Rc;

use umqtt_proto::{
    Engine, Event, Goal, Indexed, Instant, NoStore, PacketId, QoS, Receiver, RequestError, Slot, Slots,
};

use crate::rig::{CONNACK, End, Line, clean, go_on, topic};

/// A part of a table that counts how often one of its entries is looked at, and how often it may have been walked
/// through.
struct Counted<T> {
    entries: Vec<T>,
    looks: Rc<Cell<usize>>,
    walks: Rc<Cell<usize>>,
}

impl<T> AsRef<[T]> for Counted<T> {
    fn as_ref(&self) -> &[T] {
        self.walks.set(self.walks.get() + 1);
        &self.entries
    }
}

impl<T> AsMut<[T]> for Counted<T> {
    fn as_mut(&mut self) -> &mut [T] {
        self.looks.set(self.looks.get() + 1);
        &mut self.entries
    }
}

impl Slots for Counted<Slot> {
    const MANY: bool = true;
}

/// The counters of a table.
#[derive(Default)]
struct Counters {
    looks: Rc<Cell<usize>>,
    walks: Rc<Cell<usize>>,
}

impl Counters {
    fn table<T: Clone>(&self, entry: T, size: usize) -> Counted<T> {
        Counted { entries: vec![entry; size], looks: self.looks.clone(), walks: self.walks.clone() }
    }

    /// An array, as it were.
    fn plain(&self, size: usize) -> Counted<Slot> {
        self.table(Slot::EMPTY, size)
    }

    /// An indexed table; a look at its index or at one of its slots is at one entry, so that all looks count.
    fn indexed(&self, size: usize) -> Indexed<Counted<Slot>, Counted<u32>> {
        Indexed::new(self.table(Slot::EMPTY, size * 2), self.table(0, size * 4))
    }

    fn clear(&self) {
        self.looks.set(0);
        self.walks.set(0);
    }

    fn all(&self) -> usize {
        self.looks.get() + self.walks.get()
    }
}

/// A client and its broker.
struct Pair<F> {
    engine: Engine<Vec<u8>, F, NoStore, [u16; 8]>,
    receiver: Receiver<Vec<u8>>,
    line: Line,
    /// What the broker has not answered, oldest first.
    unanswered: Vec<PacketId>,
    delivered: usize,
}

const NOW: Instant = Instant::from_millis(0);

impl<F: Slots> Pair<F> {
    fn new(table: F) -> Self {
        let mut engine = Engine::new(vec![0; 4096], table, [0; 8], NoStore);
        let mut line = Line::new();
        engine.connect(&clean(), NOW).unwrap();
        line.input.extend(CONNACK);
        let mut pair = Self {
            engine,
            receiver: Receiver::new(vec![0; 4096]),
            line,
            unanswered: Vec::new(),
            delivered: 0,
        };
        pair.poll();
        pair
    }

    /// Publishes one message, unless the table is full.
    fn publish(&mut self, qos: QoS) -> Option<PacketId> {
        loop {
            match self.engine.session_mut().publish(topic("t"), b"", qos, false) {
                Ok(id) => {
                    self.unanswered.extend(id);
                    return id;
                }
                Err(RequestError::TransmitFull) => self.poll(),
                Err(error) => {
                    assert_eq!(error, RequestError::InFlightFull);
                    return None;
                }
            }
        }
    }

    /// The broker answers with packets of this type.
    fn answer(&mut self, first: u8, ids: &[PacketId]) {
        for id in ids {
            let [high, low] = id.as_u16().to_be_bytes();
            self.line.input.extend([first, 2, high, low]);
        }
        self.poll();
    }

    /// Takes all that is there to be taken.
    fn poll(&mut self) {
        self.engine.begin(Goal::Event(0), NOW);
        let mut inbox = self.receiver.inbox();
        while let End::Told(notice) = go_on(&mut self.engine, Some(&mut inbox), &mut self.line, NOW).unwrap()
        {
            self.delivered +=
                usize::from(matches!(self.receiver.lend(notice).0, Event::Delivered { late: false, .. }));
            self.engine.begin(Goal::Event(0), NOW);
            inbox = self.receiver.inbox();
        }
        self.line.output.clear();
    }
}

/// In which order a broker answers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    AsSent,
    Reverse,
    Random,
}

const ORDERS: [Order; 3] = [Order::AsSent, Order::Reverse, Order::Random];

impl Order {
    fn sort<T>(self, ids: &mut [T]) {
        match self {
            Self::AsSent => {}
            Self::Reverse => ids.reverse(),
            Self::Random => {
                let mut state = 1u32;
                for end in (1..ids.len()).rev() {
                    state = state.wrapping_mul(0x0019_660d).wrapping_add(0x3c6e_f35f);
                    ids.swap(end, (state >> 8) as usize % (end + 1));
                }
            }
        }
    }
}

/// How many messages are sent while as many as the window holds are in flight: each id is used once at least.
const MESSAGES: usize = 70_000;

/// Publishes in a full window, half of which is answered at a time; gives the looks and the walks for each 1000
/// messages and answers.
fn cost<F: Slots>(counters: &Counters, table: F, window: usize, qos: QoS, order: Order) -> (usize, usize) {
    let mut pair = Pair::new(table);
    while pair.unanswered.len() < window {
        pair.publish(qos).unwrap();
    }
    counters.clear();
    let mut steps = 0;
    let mut released = Vec::new();
    while pair.delivered < MESSAGES {
        let mut answered: Vec<_> = pair.unanswered.drain(..window.div_ceil(2)).collect();
        order.sort(&mut answered);
        if qos == QoS::AtLeastOnce {
            pair.answer(0x40, &answered);
        } else {
            // PUBCOMP for those of the last time, in between.
            for (at, id) in answered.iter().enumerate() {
                pair.answer(0x50, &[*id]);
                if let Some(id) = released.get(at) {
                    pair.answer(0x70, &[*id]);
                }
            }
            order.sort(&mut answered);
            released = answered;
        }
        steps += window.div_ceil(2);
        while pair.publish(qos).is_some() {
            steps += 1;
        }
    }
    (counters.looks.get() * 1_000 / steps, counters.walks.get() * 1_000 / steps)
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn a_message_costs_the_same_however_many_are_in_flight() {
    let plain = |window| {
        let counters = Counters::default();
        cost(&counters, counters.plain(window), window, QoS::AtLeastOnce, Order::AsSent)
    };
    let (looks, walks) = plain(20);
    for window in [200, 2_000, 20_000, 60_000] {
        let (more_looks, more_walks) = plain(window);
        assert!(more_looks * 2 <= looks * 3, "{more_looks} looks with {window} in flight, {looks} with 20");
        // Nothing is walked through with each message.
        assert!(more_walks <= walks + 10, "{more_walks} walks with {window} in flight, {walks} with 20");
    }
}

/// In an indexed table, whatever the QoS and in whatever order the answers come.
#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn an_indexed_message_costs_the_same_in_any_order() {
    let mut all = vec![QoS::AtLeastOnce];
    if cfg!(feature = "qos2") {
        all.push(QoS::ExactlyOnce);
    }
    for qos in all {
        for order in ORDERS {
            let indexed = |window| {
                let counters = Counters::default();
                let (looks, walks) = cost(&counters, counters.indexed(window), window, qos, order);
                looks + walks
            };
            let few = indexed(20);
            for window in [200, 2_000, 20_000] {
                let many = indexed(window);
                assert!(
                    many * 2 <= few * 3,
                    "{qos:?} {order:?}: {many} with {window} in flight, {few} with 20"
                );
            }
        }
    }
}

/// A broker that answers the same again and again, or what was never sent, costs no more for each packet than one that
/// answers well.
#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
#[cfg(feature = "qos2")]
fn a_flood_of_answers_walks_through_no_table() {
    for window in [20, 20_000] {
        let counters = Counters::default();
        let mut pair = Pair::new(counters.indexed(window));
        let ids: Vec<_> = (0..window).map(|_| pair.publish(QoS::ExactlyOnce).unwrap()).collect();
        let last = *ids.last().unwrap();
        pair.answer(0x50, &[last]);
        for id in [last, PacketId::new(65_000).unwrap()] {
            counters.clear();
            pair.answer(0x50, &vec![id; 1_000]);
            assert!(counters.all() < 100_000, "{} looks with {window} in flight", counters.all());
        }
        assert_eq!(pair.engine.session().in_flight().len(), window);
    }
}

/// Ids that are in use one behind the other are passed in one look at a plain table, and one by one, each at once, in
/// one with an index.
#[test]
fn a_block_of_ids_in_use_is_passed_in_one_look() {
    fn next_after_block<F: Slots>(table: F, counters: &Counters) -> (PacketId, usize) {
        let mut pair = Pair::new(table);
        let block = 100;
        for _ in 0..block {
            pair.publish(QoS::AtLeastOnce).unwrap();
        }
        // Back to the first id of those in use.
        pair.engine.session_mut().set_next_id(PacketId::FIRST);
        counters.clear();
        let id = pair.publish(QoS::AtLeastOnce).unwrap();
        (id, counters.all())
    }
    let counters = Counters::default();
    let (id, looks) = next_after_block(counters.plain(200), &counters);
    assert_eq!(id.as_u16(), 101);
    // Twice through the table, and once for the ids that are free behind the block; not once for each id.
    assert!(looks <= 12, "{looks}");
    let (id, looks) = next_after_block(counters.indexed(200), &counters);
    assert_eq!(id.as_u16(), 101);
    assert!(looks <= 100 * 12, "{looks}");
}

/// What is left of a block is found and passed when the ids begin again, too.
#[test]
fn ids_that_are_in_use_are_left_out() {
    fn ids<F: Slots>(table: F) -> Vec<u16> {
        let mut pair = Pair::new(table);
        pair.engine.session_mut().set_next_id(PacketId::new(65_530).unwrap());
        let ids: Vec<_> = (0..12).map(|_| pair.publish(QoS::AtLeastOnce).unwrap()).collect();
        pair.answer(0x40, &[ids[3], ids[8], ids[11]]);
        pair.engine.session_mut().set_next_id(ids[0]);
        let next = || pair.publish(QoS::AtLeastOnce).map(PacketId::as_u16);
        std::iter::from_fn(next).collect()
    }
    let expected = [65_533, 3, 6, 7, 8, 9, 10];
    let counters = Counters::default();
    assert_eq!(ids([Slot::EMPTY; 16]), expected);
    assert_eq!(ids(counters.plain(16)), expected);
    assert_eq!(ids(counters.indexed(16)), expected);
}
