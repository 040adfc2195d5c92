//! A broker that sends anything, and a caller that does anything: what must hold all the same.

use umqtt_proto::wire::{Connect, KeepAlive, Login, Packet};
use umqtt_proto::{
    Binary, ClientId, Engine, Goal, Instant, Large, NEVER, NoStore, OnSessionLost, Parts, Phase, QoS,
    RamStore, Receiver, Step, Store, Text, Timeouts, TopicFilter, TopicName, Whole,
};

use crate::model::{Choices, INDEXED, Ids, MANY, PLAIN, Table};

/// The client's stream of one connection, as it is sent piece by piece.
#[derive(Default)]
struct Stream {
    bytes: Vec<u8>,
    connected: bool,
    left: bool,
}

impl Stream {
    /// Takes bytes; the packets that they complete may be sent by a client, in this order.
    fn take(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let stream = std::mem::take(&mut self.bytes);
        let mut rest = &stream[..];
        while let Some((packet, length)) = Packet::decode(rest).expect("a packet") {
            rest = &rest[length..];
            assert!(!self.left, "nothing behind DISCONNECT");
            assert_eq!(self.connected, !matches!(packet, Packet::Connect(_)), "CONNECT first, and once");
            self.connected = true;
            self.left = matches!(packet, Packet::Disconnect);
            let of_a_broker = matches!(packet, Packet::ConnAck(_) | Packet::SubAck(_) | Packet::PingResp);
            assert!(!of_a_broker && !matches!(packet, Packet::Ack(umqtt_proto::wire::Ack::UnsubAck(_))));
        }
        self.bytes = rest.to_vec();
    }
}

/// Feeds an engine with what the bytes say; panics where a promise is broken.
pub(crate) fn run(choices: &[u8]) {
    let mut choices = Choices::new(choices);
    let choices = &mut choices;
    match choices.below(4) {
        0 => live::<_, Parts, PLAIN>(choices, NoStore),
        1 => live::<_, Whole, INDEXED>(choices, NoStore),
        2 => live::<_, Whole, INDEXED>(choices, RamStore::new([0; 64])),
        _ => live::<_, Parts, MANY>(choices, RamStore::new([0; 64])),
    }
}

/// A link with a hostile broker at its other end.
struct Line {
    input: Vec<u8>,
    room: usize,
    output: Stream,
}

fn live<S: Store, L: Large, const KIND: u8>(choices: &mut Choices<'_>, store: S) {
    let (transmit, slots, receive) = (16 + choices.below(64), choices.below(5), 16 + choices.below(64));
    let table = Table::<KIND>::new(slots);
    let mut engine = Engine::new(vec![0; transmit], table, Ids::new(choices.below(3)), store);
    let timeouts = Timeouts { connect: 3_000, ping: 1_500, message: 2_500, write: 2_000, write_per_kib: 500 };
    engine.set_timeouts(timeouts);
    if choices.below(2) == 0 {
        engine.session_mut().set_on_session_lost(OnSessionLost::Tell);
    }
    let mut receiver = Receiver::<_, L>::with_large(vec![0; receive]);
    let mut now = Instant::from_millis(u32::MAX - u32::from(choices.byte()));
    let mut line = Line { input: Vec::new(), room: 0, output: Stream::default() };
    let topic = TopicName::new("t").unwrap();
    let filter = TopicFilter::new("t/+").unwrap();
    while !choices.is_over() {
        let payload = [0; 32];
        match choices.below(16) {
            0..=3 => packet(choices, &mut line.input),
            4..=8 => {
                line.room += choices.below(64);
                let goal = match choices.below(16) {
                    0 => Goal::Close,
                    1..=3 => Goal::Flush,
                    4..=6 => Goal::Event(u32::from(choices.byte()) * 16),
                    _ => Goal::Event(0),
                };
                engine.begin(goal, now);
                let mut bound = 0..10_000;
                loop {
                    assert!(bound.next().is_some(), "the call does not end: {:?}", engine.session());
                    let blind = !choices.is_over() && choices.below(16) == 0;
                    let mut inbox = receiver.inbox();
                    match engine.step((!blind).then_some(&mut inbox), now) {
                        Ok(Step::Tell(notice)) => {
                            let (event, mut rest) = receiver.lend(notice);
                            // What is lent stays while the engine goes on.
                            let before = format!("{event:?}");
                            engine.begin(Goal::Flush, now);
                            for _ in 0..3 {
                                match engine.step(Some(&mut rest), now) {
                                    Ok(Step::Tell(notice)) => panic!("{notice:?} in a flush"),
                                    Ok(Step::Read) => {
                                        let room = rest.unfilled();
                                        assert!(!room.is_empty(), "a read has room");
                                        room.fill(0xee);
                                        engine.did_read(&mut rest, 0, now);
                                    }
                                    Ok(Step::Write) => write(&mut engine, &mut line, now),
                                    _ => {}
                                }
                            }
                            assert_eq!(format!("{event:?}"), before);
                            break;
                        }
                        Ok(Step::Read) => {
                            let room = inbox.unfilled();
                            assert!(!room.is_empty(), "a read has room");
                            let count = room.len().min(line.input.len());
                            for (place, byte) in room.iter_mut().zip(line.input.drain(..count)) {
                                *place = byte;
                            }
                            engine.did_read(&mut inbox, count, now);
                        }
                        Ok(Step::Write) => write(&mut engine, &mut line, now),
                        Ok(Step::Wait(wait)) => {
                            assert_ne!(goal, Goal::Event(0));
                            assert!(wait.millis > 0);
                            if wait.millis == NEVER || choices.is_over() {
                                break;
                            }
                            now = now.after(wait.millis.min(1 + u32::from(choices.byte()) * 16));
                        }
                        Ok(Step::Done | Step::Stalled) => break,
                        Err(_) => {
                            assert_eq!(engine.session().phase(), Phase::Disconnected);
                            assert_eq!(engine.session().pending(), b"");
                            assert_eq!(engine.next_wait(&receiver.inbox(), now).millis, NEVER);
                            break;
                        }
                    }
                }
            }
            9 => now = now.after(u32::from(choices.byte()) * 16),
            10 => {
                let qos = QoS::from_bits(choices.byte() % 3).unwrap();
                let length = choices.below(payload.len());
                let session = engine.session_mut();
                let _refused = session.publish(topic, &payload[..length], qos, length % 2 == 0);
            }
            11 => {
                let _refused = match choices.below(3) {
                    0 => engine.session_mut().unsubscribe(&[filter]),
                    count => engine.session_mut().subscribe(&vec![(filter, QoS::ExactlyOnce); count]),
                };
            }
            12 if engine.session().payload_remaining() == 0 => {
                let length = choices.below(100);
                let qos = QoS::from_bits(choices.byte() % 3).unwrap();
                let session = engine.session_mut();
                let _refused = match choices.below(2) {
                    0 => session.publish_streamed(topic, length, qos, false),
                    _ => session.publish_large(topic, &[0; 100][..length], qos, false),
                };
            }
            12 => {
                engine.session_mut().push_payload(&payload[..choices.below(payload.len())]);
            }
            13 => match choices.below(8) {
                0 => engine.handle_closed(),
                2 => drop(engine.session_mut().ping()),
                _ => {}
            },
            14 => {
                let count = choices.below(8);
                engine.did_read(&mut receiver.inbox(), count, now);
            }
            _ => {
                let login = Login { user_name: Text::new("u").unwrap(), password: Binary::new(b"p").ok() };
                let flags = choices.byte();
                let connect = Connect {
                    clean_session: flags & 1 != 0,
                    keep_alive: KeepAlive::from_secs(u16::from(flags >> 5)),
                    login: (flags & 2 != 0).then_some(login),
                    ..Connect::new(ClientId::new("c").unwrap())
                };
                if engine.connect(&connect, now).is_ok() {
                    receiver.clear();
                    line = Line { input: Vec::new(), room: 0, output: Stream::default() };
                }
            }
        }
        assert!(engine.session().in_flight().len() <= slots);
    }
}

/// A broker says something: a packet, most of which make sense somewhere, or any bytes.
fn packet(choices: &mut Choices<'_>, input: &mut Vec<u8>) {
    let id = [0, 1 + choices.byte() % 5];
    match choices.below(16) {
        0..=2 => input.extend([0x20, 2, 0, 0]),
        3 => input.extend([0x20, 2, 1, 0]),
        4 => input.extend(b"\x30\x03\x00\x01t"),
        5 => input.extend([&b"\x32\x05\x00\x01t"[..], &id].concat()),
        6 => input.extend([&b"\x34\x05\x00\x01t"[..], &id].concat()),
        // A message of which a part comes here, and the rest or something else later.
        7 => {
            let flags = choices.byte() % 6;
            input.extend([0x30 | flags, 8 + choices.byte() % 90, 0, 1, b't']);
            input.extend(id);
            let length = choices.below(64);
            input.extend(vec![7; length]);
        }
        8 => input.extend([0x40, 2, id[0], id[1]]),
        9 => input.extend([0x50, 2, id[0], id[1]]),
        10 => input.extend([0x62, 2, id[0], id[1]]),
        11 => input.extend([0x70, 2, id[0], id[1]]),
        12 => input.extend([0xb0, 2, id[0], id[1]]),
        13 => {
            let codes = choices.byte() % 3;
            input.extend([0x90, 2 + codes, id[0], id[1]]);
            input.extend(vec![0; codes.into()]);
        }
        14 => input.extend([0xd0, 0]),
        _ => {
            let length = choices.below(64);
            input.extend_from_slice(choices.bytes(length));
        }
    }
}

/// The link takes what it has room for.
fn write<S: Store, const KIND: u8>(
    engine: &mut Engine<Vec<u8>, Table<KIND>, S, Ids>,
    line: &mut Line,
    now: Instant,
) {
    let pending = engine.session().pending();
    assert!(!pending.is_empty(), "a write has bytes");
    let count = pending.len().min(line.room);
    line.output.take(&pending[..count]);
    line.room -= count;
    engine.did_write(count, now);
}
