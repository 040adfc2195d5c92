//! What is known of the broker's QoS 2 messages: for how long, and what becomes of more than fit the table.

use std::collections::VecDeque;

use umqtt_proto::{Event, Goal, IncomingIds, NoStore, SessionError};

use crate::rig::{CONNACK, CONNACK_PRESENT, End, Rig, Sizes, id, keeping_rig, persistent};

/// A message of QoS 2 with this id.
fn message(number: u16, dup: bool) -> [u8; 7] {
    let [high, low] = number.to_be_bytes();
    [0x34 | u8::from(dup) << 3, 5, 0, 1, b't', high, low]
}

/// The session is new, and so is a message with an id of the old one, wherever it comes.
#[test]
fn without_the_session_an_id_of_the_broker_is_new() {
    for behind_suback in [false, true] {
        let mut rig = keeping_rig().connected_persistent();
        rig.feed(&message(7, false));
        assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))));
        assert_eq!(rig.send(), b"\x50\x02\x00\x07");
        rig.close();
        rig.connect(&persistent()).unwrap();
        rig.send();
        rig.feed(CONNACK);
        if !behind_suback {
            rig.feed(&message(7, false));
        }
        assert_eq!(rig.poll(), Ok(Some(Event::Connected { session_present: false })));
        if behind_suback {
            rig.subscribe_sent("t");
            rig.feed(&message(7, false));
            rig.feed(b"\x90\x03\x00\x01\x02");
        }
        let Ok(Some(Event::Message(message))) = rig.poll() else { panic!("it is handed out") };
        assert_eq!(message.id(), Some(id(7)));
        rig.poll_to_the_end();
        assert!(rig.send().ends_with(b"\x50\x02\x00\x07"));
    }
}

/// A broker that sends all that it has at once, as often as it must.
struct Broker {
    /// The ids, and whether PUBREC has come for them.
    messages: VecDeque<(u16, bool)>,
}

impl Broker {
    fn new(count: u16) -> Self {
        Self { messages: (1..=count).map(|number| (number, false)).collect() }
    }

    /// What it sends behind CONNACK.
    fn resume(&self, dup: bool) -> Vec<u8> {
        let mut stream = Vec::new();
        for &(number, received) in &self.messages {
            let [high, low] = number.to_be_bytes();
            if received {
                stream.extend([0x62, 2, high, low]);
            } else {
                stream.extend(message(number, dup));
            }
        }
        stream
    }

    /// Takes the client's answers, and gives its own.
    fn take(&mut self, sent: &[u8]) -> Vec<u8> {
        let mut answers = Vec::new();
        for packet in sent.chunks(4) {
            let &[first, 2, high, low] = packet else { panic!("{packet:x?} is no acknowledgement") };
            let number = u16::from_be_bytes([high, low]);
            match first {
                0x50 => {
                    let message = self.messages.iter_mut().find(|message| message.0 == number);
                    message.unwrap().1 = true;
                    answers.extend([0x62, 2, high, low]);
                }
                0x70 => self.messages.retain(|message| message.0 != number),
                _ => panic!("{packet:x?} is no answer"),
            }
        }
        answers
    }
}

/// Receives `count` messages that the broker sends at once into a table; gives the number of connections.
fn receive<I: IncomingIds>(count: u16, incoming: I) -> usize {
    let mut rig = Rig::with_ids(NoStore, &Sizes::default(), incoming);
    let mut broker = Broker::new(count);
    let mut told = 0;
    let mut connection = 0;
    loop {
        connection += 1;
        let first = connection == 1;
        rig.close();
        rig.connect_with(&persistent(), if first { CONNACK } else { CONNACK_PRESENT });
        rig.feed(&broker.resume(!first));
        loop {
            let full = match rig.poll() {
                Ok(Some(Event::Message(message))) => {
                    told += 1;
                    assert_eq!(message.id(), Some(id(told)), "each once, in order");
                    false
                }
                Ok(None) => false,
                Err(SessionError::IncomingFull) => true,
                other => panic!("{other:?}"),
            };
            let answers = broker.take(&std::mem::take(&mut rig.line.output));
            if broker.messages.is_empty() {
                assert_eq!(told, count);
                return connection;
            }
            if full {
                break;
            }
            rig.feed(&answers);
        }
        assert!(connection < 1_000, "no progress");
    }
}

/// What was due is acknowledged before the connection ends, so that each one makes progress.
#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn a_full_table_ends_the_connection_and_each_one_makes_progress() {
    assert_eq!(receive(8, [0; 8]), 1);
    assert_eq!(receive(200, [0; 8]), 25);
    assert_eq!(receive(10, [0; 1]), 10);
    assert_eq!(receive(65, [0; 64]), 2);
}

#[test]
#[cfg(feature = "alloc")]
#[cfg_attr(miri, ignore = "takes minutes")]
fn a_table_on_the_heap_takes_all_that_a_broker_can_send() {
    use std::collections::BTreeSet;
    assert_eq!(receive(5_000, BTreeSet::new()), 1);
    let mut all = BTreeSet::new();
    for number in 1..=u16::MAX {
        assert!(all.has_room() && !IncomingIds::holds(&all, id(number)));
        IncomingIds::insert(&mut all, id(number));
    }
    IncomingIds::remove(&mut all, id(9));
    assert_eq!(all.len(), 65_534);
    IncomingIds::clear(&mut all);
    assert!(all.is_empty());
}

/// Without DISCONNECT: the broker would discard its will, and the session is to go on.
#[test]
fn a_connection_that_ends_with_a_full_table_says_no_disconnect() {
    let mut rig = Rig::with_ids(NoStore, &Sizes::default(), [0; 1]).connected_persistent();
    rig.feed(&[message(1, false), message(2, false)].concat());
    assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))));
    assert_eq!(rig.poll(), Err(SessionError::IncomingFull));
    assert_eq!(rig.line.output, b"\x50\x02\x00\x01");
    rig.assert_over();
    // Both ways to end a call that finds it so.
    let mut rig = Rig::with_ids(NoStore, &Sizes::default(), [0; 1]).connected_persistent();
    rig.line.room = 0;
    rig.feed(&[message(1, false), message(2, false)].concat());
    assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))));
    rig.quiet();
    assert!(matches!(rig.call(Goal::Flush), Ok(End::Waits(_))));
    rig.line.room = usize::MAX;
    assert_eq!(rig.go_on(), Err(SessionError::IncomingFull));
    assert_eq!(rig.line.output, b"\x50\x02\x00\x01");
}

/// A link that does not take the acknowledgements is given up like any other.
#[test]
fn a_connection_with_a_full_table_ends_also_when_the_link_takes_nothing() {
    for goal in [Goal::Event(0), Goal::Event(60_000), Goal::Flush] {
        let mut rig = Rig::with_ids(NoStore, &Sizes::default(), [0; 1]).connected_persistent();
        rig.line.room = 0;
        rig.feed(&[message(1, false), message(2, false)].concat());
        assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))));
        rig.quiet();
        let begun = rig.now;
        let error = loop {
            match rig.call(goal) {
                Ok(End::Waits(wait)) => rig.wait(wait.millis.min(500)),
                Ok(_) => rig.wait(500),
                Err(error) => break error,
            }
            assert!(rig.now.since(begun) <= 20_000, "{goal:?}");
        };
        assert_eq!(error, SessionError::IncomingFull);
    }
}

/// Messages of the caller and those of the broker have tables of their own.
#[test]
fn a_full_table_of_our_own_keeps_no_message_out() {
    let mut rig = Rig::new(NoStore, &Sizes { slots: 1, ..Sizes::default() }).connected();
    rig.publish_sent(b"", umqtt_proto::QoS::AtLeastOnce);
    for number in 1..=8 {
        rig.feed(&message(number, false));
        assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))));
    }
}
