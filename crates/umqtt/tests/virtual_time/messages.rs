//! Received messages: lent, answered while held, streamed or skipped, never starved.

use umqtt::{Client, Event, Fixed, NEVER, PacketId, PacketType, QoS, Status, TopicName};
use umqtt_testkit::link::Direction::{ToBroker, ToClient};
use umqtt_testkit::link::Pieces;

use crate::wire::{Small, broker_client, broker_client_with, drain, script_client};

fn topic(name: &str) -> TopicName<'_> {
    TopicName::new(name).unwrap()
}

#[test]
fn a_message_is_answered_while_it_is_held() {
    let (mut client, handle) = broker_client(0);
    client.subscribe("ask", QoS::AtLeastOnce).unwrap();
    drain(&mut client);
    handle.network.with(|broker| broker.publish(topic("ask"), b"ping", QoS::AtLeastOnce, false));
    handle.take_writes();
    let (event, mut sender) = client.check_msg(1_000).unwrap().unwrap();
    let Event::Message(message) = event else { panic!("{event:?}") };
    sender.publish("answer", message.payload, QoS::AtLeastOnce, false).unwrap();
    assert_eq!((message.topic.as_str(), message.payload), ("ask", &b"ping"[..]));
    // The acknowledgement becomes due with the call after the message was let go.
    assert_eq!(handle.take_writes(), [b"\x32\x0e\x00\x06answer\x00\x02ping"]);
    assert_eq!(drain(&mut client), ["delivered 2"]);
    assert_eq!(handle.take_writes(), [b"\x40\x02\x00\x01"]);
}

#[test]
fn callbacks_get_messages_and_status() {
    let (mut client, handle) = broker_client(0);
    let mut told = Vec::new();
    let subscribed = client.subscribe("ask", QoS::AtLeastOnce).unwrap();
    let published = client.publish("ask", b"first", QoS::AtLeastOnce, false).unwrap().unwrap();
    let mut answers = Vec::new();
    loop {
        let mut answer = None;
        let happened = client.check_msg_with(
            100,
            |sender, message| {
                assert!(message.id().is_some());
                answer = sender.publish("answer", message.payload, QoS::AtLeastOnce, false).unwrap();
            },
            |id, status| told.push(format!("{id} {status:?}")),
        );
        answers.extend(answer);
        if !happened.unwrap() {
            break;
        }
    }
    assert_eq!(answers.len(), 1);
    let granted = "Granted(ReturnCodes([1]))";
    let expected = [
        format!("{subscribed} {granted}"),
        format!("{published} {:?}", Status::Delivered),
        format!("{} {:?}", answers[0], Status::Delivered),
    ];
    assert_eq!(told, expected);
    let id = client.unsubscribe("ask").unwrap();
    let mut unsubscribed = None;
    client.check_msg_with(100, |_, _| panic!(), |id, _| unsubscribed = Some(id)).unwrap();
    assert_eq!(unsubscribed, Some(id));
    handle.network.with(|broker| assert_eq!(broker.messages().last().unwrap().payload, b"first"));
}

#[test]
fn callbacks_tell_what_went_wrong() {
    let script = "expect publish\nsend 40 02 00 63\nexpect publish\nstall 15000\nclose";
    let (mut client, _handle) = script_client(script, 0);
    client.publish("a", b"", QoS::AtLeastOnce, false).unwrap();
    let mut told = Vec::new();
    let mut check = |client: &mut Client<_, _>| {
        let on_status = |id: PacketId, status: Status<'_>| told.push(format!("{id} {status:?}"));
        client.check_msg_with(12_000, |_, _| panic!(), on_status).is_ok()
    };
    assert!(check(&mut client));
    client.publish("a", b"", QoS::AtLeastOnce, false).unwrap();
    while check(&mut client) {}
    while check(&mut client) {}
    assert_eq!(told, ["99 Unknown", "1 TimedOut", "2 TimedOut", "1 Lost", "2 Lost"]);
}

#[test]
fn a_message_larger_than_the_receive_buffer_is_streamed() {
    for pieces in [Pieces::WHOLE, Pieces::of(1), Pieces::random(100, 3)] {
        for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
            let (mut client, handle) = broker_client_with(Small::new().in_parts(), 0);
            client.subscribe("#", QoS::ExactlyOnce).unwrap();
            drain(&mut client);
            handle.link().split_reads(ToClient, pieces.clone());
            let payload: Vec<u8> = (0..5_000u32).map(|at| at.to_le_bytes()[0]).collect();
            handle.network.with(|broker| {
                broker.publish(topic("large"), &payload, qos, false);
                broker.publish(topic("small"), b"behind", qos, false);
            });
            let mut received = Vec::new();
            loop {
                match client.wait_msg().unwrap().0 {
                    Event::MessageStart(message) => {
                        assert_eq!(message.topic.unwrap().as_str(), "large");
                        assert_eq!(message.payload.len() + message.remaining as usize, 5_000);
                        received.extend_from_slice(message.payload);
                    }
                    Event::MessagePart { bytes, .. } => received.extend_from_slice(bytes),
                    Event::Message(message) => {
                        assert_eq!(message.payload, b"behind");
                        break;
                    }
                    other => panic!("{other:?}"),
                }
            }
            assert!(received == payload);
            drain(&mut client);
            client.check_msg(10).unwrap();
            handle.network.with(|broker| assert_eq!(broker.session("shed").unwrap().in_flight(), 0));
        }
    }
}

#[test]
fn a_large_message_is_skipped_by_callbacks_and_acknowledged() {
    let (mut client, handle) = broker_client_with(Small::new().in_parts(), 0);
    client.subscribe("#", QoS::AtLeastOnce).unwrap();
    drain(&mut client);
    handle.network.with(|broker| {
        broker.publish(topic("large"), &[0; 10_000], QoS::AtLeastOnce, false);
        broker.publish(topic("small"), b"behind", QoS::AtLeastOnce, false);
    });
    let mut received = Vec::new();
    while client
        .check_msg_with(100, |_, message| received.push(message.topic.to_string()), |_, _| panic!())
        .unwrap()
    {}
    assert_eq!(received, ["small"]);
    handle.network.with(|broker| assert_eq!(broker.received(PacketType::PubAck), 2));
}

/// A flood fills both buffers, and the transmit buffer holds four acknowledgements only: all are sent, and what
/// the client itself wants to say comes through.
#[test]
fn a_flood_starves_nobody() {
    let memory = Fixed::<64, 18, 32>::new().with_incoming([0; 20]);
    let (mut client, handle) = broker_client_with(memory, 20);
    client.subscribe("t", QoS::ExactlyOnce).unwrap();
    drain(&mut client);
    handle.network.with(|broker| {
        for number in 0..5_000u32 {
            let qos = QoS::try_from((number % 3).to_le_bytes()[0]).unwrap();
            broker.publish(topic("t"), &number.to_be_bytes(), qos, false);
        }
    });
    let mut numbers = [Vec::new(), Vec::new(), Vec::new()];
    while numbers.iter().map(Vec::len).sum::<usize>() < 5_000 {
        let (event, mut sender) = client.check_msg(1_000).unwrap().expect("there is more");
        let Event::Message(message) = event else { panic!("{event:?}") };
        let number = u32::from_be_bytes(message.payload.try_into().unwrap());
        numbers[message.qos() as usize].push(number);
        if number % 1_000 == 0 {
            sender.publish("n", b"", QoS::AtMostOnce, false).unwrap();
        }
    }
    for (qos, numbers) in (0..3u32).zip(&numbers) {
        assert!(
            numbers.iter().copied().eq((qos..5_000).step_by(3)),
            "QoS {qos}: none lost, none twice, in order"
        );
    }
    assert!(client.check_msg(10).unwrap().is_none());
    handle.network.with(|broker| {
        assert_eq!(broker.session("shed").unwrap().in_flight(), 0);
        assert_eq!(broker.received(PacketType::PubAck), 1_667);
        assert_eq!(broker.received(PacketType::PubComp), 1_666);
        assert_eq!(broker.messages().filter(|message| message.topic == "n").count(), 5);
    });
}

#[test]
fn acknowledgements_of_what_came_together_share_a_write() {
    let (mut client, handle) = broker_client_with(Fixed::<4096, 256, 8>::new(), 0);
    client.subscribe("#", QoS::AtLeastOnce).unwrap();
    drain(&mut client);
    handle.take_writes();
    handle.network.with(|broker| {
        for _ in 0..20 {
            broker.publish(topic("t"), b"message", QoS::AtLeastOnce, false);
        }
    });
    let reads = handle.reads();
    for _ in 0..20 {
        assert!(client.check_msg(1_000).unwrap().is_some());
    }
    assert_eq!(handle.reads() - reads, 1, "one read for all that is there");
    assert!(client.check_msg(0).unwrap().is_none());
    assert_eq!(handle.take_writes().iter().map(Vec::len).collect::<Vec<_>>(), [80]);
}

/// Neither side reads while it waits to write: the client must read although its acknowledgements are stuck.
#[test]
fn two_full_directions_do_not_lock_each_other() {
    let (mut client, handle) = broker_client_with(Fixed::<64, 32, 8>::new(), 0);
    client.subscribe("#", QoS::AtLeastOnce).unwrap();
    drain(&mut client);
    handle.link().limit(ToBroker, 2);
    handle.link().limit(ToClient, 2);
    handle.network.with(|broker| {
        for _ in 0..500 {
            broker.publish(topic("t"), b"message", QoS::AtLeastOnce, false);
        }
    });
    for _ in 0..500 {
        assert!(matches!(client.wait_msg().unwrap().0, Event::Message(_)));
    }
    assert!(client.check_msg(100).unwrap().is_none());
    handle.network.with(|broker| assert_eq!(broker.received(PacketType::PubAck), 500));
}

#[test]
fn the_largest_suback_fits() {
    let (mut client, _handle) = broker_client_with(Fixed::<260, 2048, 8>::new(), 0);
    let filters = vec![(umqtt::TopicFilter::new("a/b").unwrap(), QoS::AtLeastOnce); 255];
    client.subscribe_many(&filters).unwrap();
    match client.check_msg(NEVER).unwrap().unwrap().0 {
        Event::Subscribed { return_codes, .. } => assert_eq!(return_codes.len(), 255),
        other => panic!("{other:?}"),
    };
}
