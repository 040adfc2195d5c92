//! What a message costs does not grow with the number in flight.

use std::cell::Cell;
use std::rc::Rc;

use umqtt_proto::{Engine, Event, Goal, Instant, NoStore, QoS, Receiver, Slot, Slots};

use crate::rig::{CONNACK, End, Line, clean, go_on, topic};

/// A table that counts how often one of its slots is looked at, and how often it may have been walked through.
struct Counted {
    slots: Vec<Slot>,
    looks: Rc<Cell<usize>>,
    walks: Rc<Cell<usize>>,
}

impl AsRef<[Slot]> for Counted {
    fn as_ref(&self) -> &[Slot] {
        self.walks.set(self.walks.get() + 1);
        &self.slots
    }
}

impl AsMut<[Slot]> for Counted {
    fn as_mut(&mut self) -> &mut [Slot] {
        self.looks.set(self.looks.get() + 1);
        &mut self.slots
    }
}

impl Slots for Counted {
    const MANY: bool = true;
}

/// How many messages are sent while as many as the window holds are in flight: each id is used once at least.
const MESSAGES: usize = 70_000;

/// Publishes with QoS 1 and takes the acknowledgements in order, with so many messages in flight; gives the looks
/// and the walks for each 1000 messages and acknowledgements.
fn cost(window: usize) -> (usize, usize) {
    let (looks, walks) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let slots = Counted { slots: vec![Slot::EMPTY; window], looks: looks.clone(), walks: walks.clone() };
    let mut engine = Engine::new(vec![0; 4096], slots, [0; 8], NoStore);
    let mut receiver = Receiver::new(vec![0; 4096]);
    let mut line = Line::new();
    let now = Instant::from_millis(0);
    engine.connect(&clean(), now).unwrap();
    line.input.extend(CONNACK);
    let mut acknowledged = 1u16;
    let mut published = 0;
    let mut delivered = 0;
    while delivered < window + MESSAGES {
        while published < delivered + window && engine.session().is_connected() {
            if engine.session_mut().publish(topic("t"), b"", QoS::AtLeastOnce, false).is_err() {
                break;
            }
            published += 1;
            if published == window {
                looks.set(0);
                walks.set(0);
            }
        }
        // The broker answers half of the window at a time.
        if published == delivered + window {
            for _ in 0..window.div_ceil(2) {
                line.input.extend([0x40, 2, acknowledged.to_be_bytes()[0], acknowledged.to_be_bytes()[1]]);
                acknowledged = acknowledged.checked_add(1).unwrap_or(1);
            }
        }
        engine.begin(Goal::Event(0), now);
        while let End::Told(notice) = go_on(&mut engine, Some(&mut receiver.inbox()), &mut line, now).unwrap()
        {
            delivered += usize::from(matches!(receiver.lend(notice).0, Event::Delivered { late: false, .. }));
            engine.begin(Goal::Event(0), now);
        }
        line.output.clear();
    }
    let steps = delivered + published - window;
    (looks.get() * 1_000 / steps, walks.get() * 1_000 / steps)
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn a_message_costs_the_same_however_many_are_in_flight() {
    let (looks, walks) = cost(20);
    for window in [200, 2_000, 20_000, 60_000] {
        let (more_looks, more_walks) = cost(window);
        assert!(more_looks * 2 <= looks * 3, "{more_looks} looks with {window} in flight, {looks} with 20");
        // Nothing is walked through with each message.
        assert!(more_walks <= walks + 10, "{more_walks} walks with {window} in flight, {walks} with 20");
    }
}
