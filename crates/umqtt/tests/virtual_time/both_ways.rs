//! Both sides send, and neither reads while it cannot write but the client.

use umqtt::{Client, ConnectionError, Error, Event, Fixed, Heap, QoS, TopicName};
use umqtt_testkit::Broker;
use umqtt_testkit::link::Direction::{ToBroker, ToClient};

use crate::wire::{Connected, Wire, broker_client_with, drain};

/// A client with a subscription, and a broker that has so many messages of 100 bytes for it and reads nothing
/// before it has written them; the link holds 50 bytes each way.
fn both<B: umqtt::Buffers>(memory: B, count: u8, qos: QoS) -> Connected<Broker, B> {
    let (mut client, handle) = broker_client_with(memory, 0);
    client.subscribe("t", qos).unwrap();
    drain(&mut client);
    handle.network.write_first(true);
    handle.link().limit(ToBroker, 50);
    handle.link().limit(ToClient, 50);
    handle.network.with(|broker| {
        for number in 0..count {
            broker.publish(TopicName::new("t").unwrap(), &[number; 95], qos, false);
        }
    });
    (client, handle)
}

fn messages_of<B: umqtt::Buffers>(client: &mut Client<Wire<Broker>, B>) -> Vec<u8> {
    let mut numbers = Vec::new();
    while let Some((event, _)) = client.check_msg(10).unwrap() {
        match event {
            Event::Message(message) => {
                assert!(message.payload.iter().all(|byte| *byte == message.payload[0]));
                numbers.push(message.payload[0]);
            }
            Event::Delivered { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    numbers
}

/// Fault 8: a call that waits for room goes on reading, as far as the receive buffer has room.
#[test]
fn a_call_that_waits_for_room_reads_meanwhile() {
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let memory = Fixed::<4_096, 256, 32>::new().with_incoming([0; 20]);
        let (mut client, handle) = both(memory, 20, qos);
        let start = handle.millis();
        for _ in 0..5 {
            client.publish("answer", &[7; 200], qos, false).unwrap();
        }
        client.publish_large("answer", &[7; 2_000], qos, false).unwrap();
        assert_eq!(handle.millis(), start, "nothing had to be waited for");
        assert_eq!(messages_of(&mut client), Vec::from_iter(0..20), "{qos:?}");
        handle.network.with(|broker| {
            assert_eq!(broker.messages().filter(|message| message.topic == "answer").count(), 6);
        });
    }
}

/// The same behind a message that is held: it stays as it is.
#[test]
fn what_arrives_while_a_message_is_held_is_read_behind_it() {
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce] {
        let (mut client, handle) = both(Fixed::<4_096, 256, 32>::new(), 20, qos);
        let (event, mut sender) = client.check_msg(1_000).unwrap().expect("a message");
        let Event::Message(message) = event else { panic!("{event:?}") };
        let start = handle.millis();
        for _ in 0..5 {
            sender.publish("answer", message.payload, qos, false).unwrap();
        }
        sender.publish_large("answer", &[7; 2_000], qos, false).unwrap();
        assert_eq!((message.topic.as_str(), message.payload), ("t", &[0; 95][..]));
        assert_eq!(handle.millis(), start, "nothing had to be waited for");
        assert_eq!(messages_of(&mut client), Vec::from_iter(1..20), "{qos:?}");
        handle.network.with(|broker| {
            let answers = broker.messages().filter(|message| message.topic == "answer");
            assert_eq!(
                answers.map(|message| message.payload.len()).collect::<Vec<_>>(),
                [95, 95, 95, 95, 95, 2_000]
            );
        });
    }
}

/// Where the receive buffer is too small for all of it, the call ends in its time, and the next one goes on.
#[test]
fn a_receive_buffer_that_is_full_ends_the_call_in_its_time() {
    let (mut client, handle) = both(Fixed::<256, 256, 32>::new(), 20, QoS::AtMostOnce);
    let start = handle.millis();
    let stalled = client.publish("answer", &[7; 200], QoS::AtMostOnce, false).unwrap_err();
    assert_eq!(stalled, Error::Taken { id: None, cause: ConnectionError::WriteTimedOut });
    assert_eq!(handle.millis() - start, 5_000);
    assert_eq!(messages_of(&mut client), Vec::from_iter(0..20));
    handle.network.with(|broker| {
        assert_eq!(broker.messages().filter(|message| message.topic == "answer").count(), 1);
    });
}

/// A program that answers each of many messages, on a link that is always full.
#[test]
fn each_of_many_messages_is_answered_over_a_full_link() {
    for (qos, answer) in [(QoS::AtMostOnce, 60), (QoS::AtLeastOnce, 60), (QoS::AtLeastOnce, 3_000)] {
        let (mut client, handle) = both(Heap::new(32 * 1_024, 512, 256), 200, qos);
        let mut received = 0u8;
        while received < 200 {
            let (event, mut sender) = client.check_msg(1_000).unwrap().expect("there is more");
            match event {
                Event::Message(message) => {
                    assert_eq!(message.payload[0], received);
                    received += 1;
                    sender.publish("answer", &vec![received; answer], qos, false).unwrap();
                }
                Event::Delivered { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        drain(&mut client);
        handle.network.with(|broker| {
            assert_eq!(broker.messages().filter(|message| message.topic == "answer").count(), 200);
        });
    }
}
