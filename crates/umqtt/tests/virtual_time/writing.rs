//! One publish is one write, and no packet is left in its middle.

use umqtt::{
    Buffers, Client, ConnectOptions, ConnectionError, Error, Fixed, Heap, NEVER, PacketId, QoS, RamStore,
    RequestError, TopicName,
};
use umqtt_testkit::Broker;
use umqtt_testkit::link::Direction::ToBroker;
use umqtt_testkit::link::Pieces;

use crate::wire::{Connected, Wire, broker_client, broker_client_with, drain, words};

#[test]
fn one_publish_is_one_write() {
    let (mut client, handle) = broker_client(0);
    client.publish("a", b"0", QoS::AtMostOnce, false).unwrap();
    client.publish("a", b"1", QoS::AtLeastOnce, true).unwrap();
    client.publish("a", b"2", QoS::ExactlyOnce, false).unwrap();
    client.subscribe("b/#", QoS::AtLeastOnce).unwrap();
    client.unsubscribe("b/#").unwrap();
    client.ping().unwrap();
    let writes = handle.take_writes();
    let expected: [&[u8]; 6] = [
        b"\x30\x04\x00\x01a0",
        b"\x33\x06\x00\x01a\x00\x011",
        b"\x34\x06\x00\x01a\x00\x022",
        b"\x82\x08\x00\x03\x00\x03b/#\x01",
        b"\xa2\x07\x00\x04\x00\x03b/#",
        b"\xc0\x00",
    ];
    assert_eq!(writes, expected);
    client.disconnect().unwrap();
    let mut left = handle.take_writes();
    assert_eq!(left.pop().unwrap(), b"\xe0\x00");
}

#[test]
fn many_small_messages_share_a_write_when_the_caller_wants_it() {
    let (mut client, handle) = broker_client(0);
    let topic = TopicName::new("a").unwrap();
    for _ in 0..100 {
        // 8 bytes each; 32 of them fill the buffer of 256.
        client.enqueue(topic, b"abc", QoS::AtMostOnce, false).unwrap();
    }
    assert_eq!(handle.take_writes().iter().map(Vec::len).collect::<Vec<_>>(), [256, 256, 256]);
    client.flush().unwrap();
    client.flush().unwrap();
    assert_eq!(handle.take_writes().iter().map(Vec::len).collect::<Vec<_>>(), [32]);
    handle.network.with(|broker| assert_eq!(broker.messages().count(), 100));
}

#[test]
fn what_is_enqueued_goes_along_with_the_next_write() {
    let (mut client, handle) = broker_client(0);
    client.enqueue("a", b"1", QoS::AtMostOnce, false).unwrap();
    assert!(client.check_msg(0).unwrap().is_none());
    client.enqueue("a", b"2", QoS::AtMostOnce, false).unwrap();
    client.publish("a", b"3", QoS::AtMostOnce, false).unwrap();
    let sizes: Vec<_> = handle.take_writes().iter().map(Vec::len).collect();
    assert_eq!(sizes, [6, 12]);
}

/// The link takes `taken` bytes of a packet and then nothing for a while: the publish tells so in time, and the
/// next call goes on where it stopped.
#[test]
fn a_write_that_is_cut_at_any_byte_is_continued_by_the_next_call() {
    let size = b"\x32\x0e\x00\x05topic\x00\x01hello".len();
    for taken in 0..size {
        for next_call in 0..4 {
            let (mut client, handle) = broker_client(0);
            let link = handle.link();
            link.limit(ToBroker, taken);
            link.stall(ToBroker, handle.now().after(60_000));
            let error = client.publish("topic", b"hello", QoS::AtLeastOnce, false).unwrap_err();
            assert_eq!(error, Error::Taken { id: PacketId::new(1), cause: ConnectionError::WriteTimedOut });
            assert_eq!(handle.millis(), 5_000, "the socket time-out");
            assert!(client.is_connected());
            link.limit(ToBroker, 65_536);
            link.stall(ToBroker, handle.now());
            let mut told = Vec::new();
            match next_call {
                0 => drop(client.publish("topic", b"next", QoS::AtMostOnce, false).unwrap()),
                1 => client.flush().unwrap(),
                2 => told.extend(client.check_msg(0).unwrap().map(|(event, _)| words(&event))),
                _ => client.disconnect().unwrap(),
            }
            handle.network.pump();
            handle.network.with(|broker| {
                let payloads: Vec<_> = broker.messages().map(|message| message.payload.clone()).collect();
                let expected: &[&[u8]] = if next_call == 0 { &[b"hello", b"next"] } else { &[b"hello"] };
                assert_eq!(payloads, expected, "{taken} bytes, call {next_call}");
            });
            if next_call < 3 {
                told.extend(drain(&mut client));
                assert_eq!(told, ["delivered 1"]);
            }
        }
    }
}

#[test]
fn a_packet_that_finds_no_room_is_refused_and_changes_nothing() {
    let (mut client, handle) = broker_client_with(Fixed::<64, 32, 8>::new(), 0);
    let link = handle.link();
    link.limit(ToBroker, 0);
    let first = client.publish("a", b"twenty bytes of load", QoS::AtLeastOnce, false);
    assert_eq!(first, Err(Error::Taken { id: PacketId::new(1), cause: ConnectionError::WriteTimedOut }));
    let second = client.publish("a", b"twenty bytes of more", QoS::AtLeastOnce, false);
    assert_eq!(second, Err(Error::Request(RequestError::TransmitFull)));
    link.limit(ToBroker, 65_536);
    client.flush().unwrap();
    assert_eq!(drain(&mut client), ["delivered 1"]);
    handle.network.with(|broker| assert_eq!(broker.messages().count(), 1));
}

#[test]
fn a_message_larger_than_the_transmit_buffer_is_streamed() {
    for pieces in [Pieces::WHOLE, Pieces::of(1), Pieces::of(255), Pieces::random(300, 7)] {
        for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
            stream(broker_client(0), &pieces, qos, |client, payload| {
                client.publish_large("large", payload, qos, false).unwrap()
            });
            stream(broker_client_with(Heap::new(256, 256, 8), 0), &pieces, qos, |client, payload| {
                client.publish("large", payload, qos, false).unwrap()
            });
        }
    }
}

fn stream<B: Buffers>(
    (mut client, handle): Connected<Broker, B>,
    pieces: &Pieces,
    qos: QoS,
    publish_large: impl Fn(&mut Client<Wire<Broker>, B>, &[u8]) -> Option<PacketId>,
) {
    handle.link().split_writes(ToBroker, pieces.clone());
    handle.link().limit(ToBroker, 700);
    let payload: Vec<u8> = (0..20_000u32).map(|at| at.to_le_bytes()[0]).collect();
    client.publish("before", b"", QoS::AtMostOnce, false).unwrap();
    let id = publish_large(&mut client, &payload);
    assert_eq!(id.is_some(), qos != QoS::AtMostOnce);
    client.publish("after", b"", QoS::AtMostOnce, false).unwrap();
    handle.network.with(|broker| {
        let messages: Vec<_> = broker.messages().collect();
        assert_eq!(
            messages.iter().map(|message| message.topic.as_str()).collect::<Vec<_>>(),
            ["before", "large", "after"]
        );
        assert!(messages[1].payload == payload && messages[1].qos == qos);
    });
    let told = drain(&mut client);
    assert_eq!(told.len(), usize::from(qos != QoS::AtMostOnce), "{told:?}");
}

#[test]
fn a_message_larger_than_the_transmit_buffer_needs_a_call_of_its_own_or_a_heap() {
    let (mut client, handle) = broker_client_with(Fixed::<256, 256, 8>::new().in_parts(), 0);
    let refused = client.publish("large", &[0; 500], QoS::AtLeastOnce, false);
    assert_eq!(refused, Err(Error::Request(RequestError::BufferTooSmall)));
    assert!(handle.take_writes().is_empty() && client.session().in_flight().is_empty());
    client.publish_large("large", &[0; 500], QoS::AtLeastOnce, false).unwrap();
    assert_eq!(drain(&mut client), ["delivered 1"]);
}

#[test]
fn a_streamed_message_that_stalls_closes_the_connection_and_says_so() {
    let (mut client, handle) = broker_client(0);
    handle.link().limit(ToBroker, 1_000);
    handle.link().stall(ToBroker, handle.now().after(60_000));
    let start = handle.millis();
    let error = client.publish_large("large", &[0; 5_000], QoS::AtLeastOnce, false).unwrap_err();
    assert_eq!(error, Error::Taken { id: PacketId::new(1), cause: ConnectionError::CutShort });
    assert!(error.to_string().contains("in the middle of a message"));
    assert_eq!(handle.millis() - start, 5_000);
    assert!(!client.is_connected());
    assert_eq!(client.check_msg(0).unwrap().map(|(event, _)| words(&event)).unwrap(), "lost 1");
    assert!(matches!(client.check_msg(NEVER), Err(Error::Request(RequestError::NotConnected))));
    // The next connection begins anew.
    client.connect(&ConnectOptions::new("shed").unwrap()).unwrap();
    client.publish("a", b"small", QoS::AtMostOnce, false).unwrap();
    handle.network.with(|broker| assert_eq!(broker.messages().count(), 1));
}

/// Fault 12: a message that is larger than the transmit buffer is stored, and sent again after any cut.
#[test]
fn a_store_keeps_a_message_larger_than_the_transmit_buffer() {
    let payload: Vec<u8> = (0..1_000u32).map(|at| at.to_le_bytes()[0]).collect();
    for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce] {
        for cut_after in (0..1_100).step_by(7) {
            let (wire, handle) = Wire::new(Broker::default());
            let memory = Fixed::<64, 100, 4>::new().with_store(RamStore::new([0; 1_100]));
            let mut client = Client::new(wire, memory);
            let options = ConnectOptions::new("shed").unwrap().clean_session(false).keep_alive(10);
            client.connect(&options).unwrap();
            handle.link().cut_after_written(ToBroker, cut_after);
            match client.publish_large("large", &payload, qos, false) {
                Ok(id) => assert_eq!(id, PacketId::new(1)),
                Err(Error::Taken { id, cause }) => {
                    assert_eq!(id, PacketId::new(1));
                    assert!(cause.is_over(), "{cause}");
                }
                Err(error) => panic!("a message that was taken is not told as taken: {error}"),
            }
            let mut told = Vec::new();
            while let Ok(Some((event, _))) = client.check_msg(20) {
                told.push(words(&event));
            }
            if !client.is_connected() {
                client.connect(&options).unwrap();
                told.extend(drain(&mut client));
            }
            assert_eq!(told, ["delivered 1"], "{qos:?} {cut_after}");
            assert!(client.session().store().is_empty());
            handle.network.with(|broker| {
                let count = broker.messages().filter(|message| message.payload == payload).count();
                assert_eq!((count, broker.messages().count()), (1, 1), "{qos:?} {cut_after}");
            });
        }
    }
}

#[test]
fn a_store_refuses_a_message_that_it_has_no_room_for() {
    let (wire, handle) = Wire::new(Broker::default());
    let memory = Fixed::<256, 256, 8>::new().with_store(RamStore::new([0; 400]));
    let mut client = Client::new(wire, memory);
    let options = ConnectOptions::new("shed").unwrap();
    client.connect(&options.clean_session(false)).unwrap();
    handle.take_writes();
    let refused = client.publish_large("large", &[0; 500], QoS::AtLeastOnce, false);
    assert_eq!(refused, Err(Error::Request(RequestError::StoreFull)));
    assert!(handle.take_writes().is_empty() && client.session().in_flight().is_empty());
    // Of QoS 0 and with a clean session nothing is kept.
    client.publish_large("large", &[0; 500], QoS::AtMostOnce, false).unwrap();
    client.connect(&options).unwrap();
    client.publish_large("large", &[0; 500], QoS::AtLeastOnce, false).unwrap();
    assert!(client.session().store().is_empty());
    assert_eq!(drain(&mut client), ["delivered 1"]);
}

#[test]
fn a_topic_larger_than_the_transmit_buffer_is_refused() {
    let (mut client, handle) = broker_client(0);
    let topic = "t".repeat(300);
    let refused = client.publish(&topic, b"", QoS::AtMostOnce, false);
    assert!(matches!(refused, Err(Error::Request(RequestError::BufferTooSmall))), "{refused:?}");
    assert!(handle.take_writes().is_empty() && client.is_connected());
}

/// Five messages of each QoS through links that are cut after every possible number of bytes, written or read, in
/// either direction: QoS 1 arrives at least once, QoS 2 exactly once, and first arrivals keep their order.
#[test]
fn messages_survive_a_cut_at_every_byte() {
    use umqtt_testkit::link::Direction::ToClient;
    for direction in [ToBroker, ToClient] {
        for written in [true, false] {
            for cut_after in 0..300 {
                let (wire, handle) = Wire::new(Broker::default());
                handle.on_open(move |number, link| {
                    // The first two connections fail.
                    if number < 2 && written {
                        link.cut_after_written(direction, cut_after);
                    } else if number < 2 {
                        link.cut_after_read(direction, cut_after);
                    }
                });
                let memory = Fixed::<256, 256, 16>::new().with_store(RamStore::new([0; 1024]));
                let mut client = Client::new(wire, memory);
                let options = ConnectOptions::new("shed").unwrap().clean_session(false).keep_alive(10);
                let mut sent = 0;
                let mut ids = Vec::new();
                for attempt in 0.. {
                    assert!(attempt < 10, "no end");
                    if client.connect(&options).is_err() {
                        continue;
                    }
                    let mut broken = false;
                    while sent < 10 && !broken {
                        let qos = if sent % 2 == 0 { QoS::AtLeastOnce } else { QoS::ExactlyOnce };
                        let published = client.publish("t", &[b'0' + sent], qos, false);
                        broken = published.is_err();
                        // What was taken is sent again by itself.
                        sent += u8::from(matches!(published, Ok(_) | Err(Error::Taken { .. })));
                    }
                    loop {
                        match client.check_msg(20_000) {
                            Ok(Some((umqtt::Event::Delivered { id, .. }, _))) => ids.push(id.as_u16()),
                            Ok(Some((event, _))) => panic!("{event:?}"),
                            Ok(None) => {}
                            Err(_) => break,
                        }
                        if sent == 10 && client.session().in_flight().is_empty() {
                            break;
                        }
                    }
                    if sent == 10 && client.session().in_flight().is_empty() {
                        break;
                    }
                }
                ids.sort_unstable();
                assert_eq!(ids, Vec::from_iter(1..=10), "each is told once: {direction:?} {cut_after}");
                handle.network.with(|broker| {
                    let all: Vec<_> = broker.messages().map(|m| (m.payload[0] - b'0', m.qos)).collect();
                    for number in 0..10 {
                        let count = all.iter().filter(|(n, _)| *n == number).count();
                        let right = if number % 2 == 0 { count >= 1 } else { count == 1 };
                        assert!(right, "{direction:?} {cut_after}: {number} came {count} times");
                    }
                    let mut first: Vec<u8> = Vec::new();
                    for (number, _) in all {
                        if !first.contains(&number) {
                            first.push(number);
                        }
                    }
                    assert_eq!(first, Vec::from_iter(0..10), "{direction:?} {cut_after}");
                });
            }
        }
    }
}
