//! What a call of the client asks of its transport: how often the time, how many system calls a message.

use umqtt::{Client, ConnectOptions, Event, Fixed, Heap, QoS, TopicName};
use umqtt_testkit::link::Direction::{ToBroker, ToClient};
use umqtt_testkit::{Broker, Settings};

use crate::wire::{
    Call, Handle, Small, Wire, broker_client, broker_client_with, client_of, drain, script_client,
};

fn questions(calls: &[Call]) -> usize {
    calls.iter().filter(|call| **call == Call::Now).count()
}

/// The calls that a transport over TCP hands to the operating system.
fn system_calls(calls: &[Call]) -> usize {
    calls.len() - questions(calls)
}

/// A payload of the size that all figures are given for.
const PAYLOAD: [u8; 64] = [7; 64];

#[test]
fn the_clock_is_asked_once_in_a_call_that_neither_waits_nor_reads_twice() {
    type Act = fn(&mut Client<Wire<Broker>, Small>) -> bool;
    let acts: [(&str, usize, Act); 10] = [
        ("publish 0", 1, |client| client.publish("a", b"1", QoS::AtMostOnce, false).is_ok()),
        ("publish 1", 1, |client| client.publish("a", b"1", QoS::AtLeastOnce, false).is_ok()),
        ("publish 2", 1, |client| client.publish("a", b"1", QoS::ExactlyOnce, false).is_ok()),
        ("enqueue", 0, |client| client.enqueue("a", b"1", QoS::AtLeastOnce, false).is_ok()),
        ("flush", 1, |client| client.flush().is_ok()),
        ("subscribe", 1, |client| client.subscribe("b", QoS::AtLeastOnce).is_ok()),
        ("unsubscribe", 1, |client| client.unsubscribe("b").is_ok()),
        ("ping", 1, |client| client.ping().is_ok()),
        ("a look", 1, |client| client.check_msg(0).unwrap().is_some()),
        ("next_wait", 1, |client| client.next_wait().read),
    ];
    for keep_alive in [0, 60] {
        for (name, questions_at_most, act) in acts {
            let (mut client, handle) = broker_client(keep_alive);
            client.subscribe("t", QoS::AtLeastOnce).unwrap();
            drain(&mut client);
            let topic = TopicName::new("t").unwrap();
            handle.network.with(|broker| broker.publish(topic, b"there", QoS::AtLeastOnce, false));
            handle.take_calls();
            assert!(act(&mut client), "{name}");
            let calls = handle.take_calls();
            assert!(!calls.contains(&Call::Wait), "{name}: {calls:?}");
            assert!(questions(&calls) <= questions_at_most, "{name}: {calls:?}");
        }
    }
}

/// The wait that ends with bytes, or with the time, needs a second look at the clock and no more.
#[test]
fn the_clock_is_asked_once_more_after_a_wait() {
    let (mut client, handle) = broker_client(0);
    handle.take_calls();
    assert!(client.check_msg(1_000).unwrap().is_none());
    let waited = handle.take_calls();
    assert!(questions(&waited) <= 2 && system_calls(&waited) <= 3, "{waited:?}");
}

#[test]
fn a_short_read_is_not_followed_by_another_one_before_a_wait() {
    let (mut client, handle) = script_client(&"stall 7\nsend 30 03 00 01 61*1\n".repeat(200), 0);
    handle.take_calls();
    for _ in 0..200 {
        assert!(matches!(client.wait_msg().unwrap().0, Event::Message(_)));
    }
    let calls: Vec<_> = handle.take_calls().into_iter().filter(|call| *call != Call::Now).collect();
    assert!(calls.iter().filter(|call| **call == Call::Wait).count() >= 199, "each message is waited for");
    for pair in calls.windows(2) {
        let [before, after] = pair else { continue };
        let again = matches!((before, after), (Call::Read { all: false }, Call::Read { .. }));
        assert!(!again, "two reads without a wait");
    }
}

/// The calls of the transport for so many messages: system calls, held to so many for 1,000 messages, and
/// questions for the time, held to so many for each message and one more for each system call.
fn hold(what: &str, calls: &[Call], messages: usize, per_thousand: usize, questions_each: usize) {
    let count = system_calls(calls);
    assert!(count * 1_000 <= messages * per_thousand, "{what}: {count} system calls for {messages} messages");
    let asked = questions(calls);
    assert!(asked <= questions_each * messages + count + 1, "{what}: the time is asked {asked} times");
}

#[test]
fn publishing_with_qos_0_costs_a_write_for_a_full_buffer() {
    let (mut client, handle) = broker_client_with(Heap::default(), 60);
    let topic = TopicName::new("a/topic").unwrap();
    handle.take_calls();
    for _ in 0..10_000 {
        client.enqueue(topic, &PAYLOAD, QoS::AtMostOnce, false).unwrap();
    }
    client.flush().unwrap();
    // 75 bytes each, in 16 KiB.
    hold("publish QoS 0", &handle.take_calls(), 10_000, 5, 0);
    handle.network.with(|broker| assert_eq!(broker.messages().count(), 10_000));
    // One by one, each is one write and nothing else.
    for _ in 0..100 {
        client.publish(topic, &PAYLOAD, QoS::AtMostOnce, false).unwrap();
    }
    hold("publish QoS 0, one by one", &handle.take_calls(), 100, 1_000, 1);
}

/// The answers come in batches, a millisecond after the messages: a write, a wait and a read for each window.
#[test]
fn publishing_with_qos_1_in_a_window_costs_three_calls_for_the_window() {
    for window in [1, 20, 200] {
        let (mut client, handle) = broker_client_with(Heap::new(16 * 1_024, 32 * 1_024, 256), 60);
        handle.link().delay(ToClient, 1);
        let topic = TopicName::new("a/topic").unwrap();
        handle.take_calls();
        let (mut sent, mut delivered) = (0, 0);
        while delivered < 4_000 {
            while sent < 4_000 && sent - delivered < window {
                client.enqueue(topic, &PAYLOAD, QoS::AtLeastOnce, false).unwrap();
                sent += 1;
            }
            client.flush().unwrap();
            while delivered < sent {
                let (event, _) = client.wait_msg().unwrap();
                assert!(matches!(event, Event::Delivered { late: false, .. }), "{event:?}");
                delivered += 1;
            }
        }
        hold("publish QoS 1", &handle.take_calls(), 4_000, 3_000 / window + 1, 1);
    }
}

/// A subscriber and a stream of messages that fills its receive buffer again and again.
fn receive(qos: QoS, per_thousand: usize) {
    const COUNT: usize = 4_000;
    let broker = Broker::new(Settings { window: 1_000, ..Settings::default() });
    let options = ConnectOptions::new("shed").unwrap().keep_alive(60);
    let (mut client, handle): (_, Handle<Broker>) = client_of(broker, Heap::default(), &options);
    client.subscribe("#", qos).unwrap();
    drain(&mut client);
    handle.network.with(|broker| {
        for _ in 0..COUNT {
            broker.publish(TopicName::new("a/topic").unwrap(), &PAYLOAD, qos, false);
        }
    });
    handle.link().delay(ToClient, 1);
    handle.take_calls();
    for _ in 0..COUNT {
        assert!(matches!(client.wait_msg().unwrap().0, Event::Message(_)));
    }
    hold("receive", &handle.take_calls(), COUNT, per_thousand, 1);
}

/// 218 messages of 75 bytes fill 16 KiB: a wait and a read for them, and a write where they are acknowledged.
#[test]
fn receiving_costs_as_many_calls_as_there_are_full_buffers() {
    receive(QoS::AtMostOnce, 12);
    receive(QoS::AtLeastOnce, 20);
}

/// What a small device pays for a message that comes alone: a wait, a read, and a write of its acknowledgement.
#[test]
fn a_message_that_comes_alone_costs_three_calls() {
    for (qos, calls) in [(QoS::AtMostOnce, 2), (QoS::AtLeastOnce, 3)] {
        let (mut client, handle) = broker_client_with(Fixed::<256, 64, 1>::new(), 60);
        client.subscribe("#", qos).unwrap();
        drain(&mut client);
        handle.link().delay(ToClient, 5);
        handle.take_calls();
        for _ in 0..100 {
            let topic = TopicName::new("a/topic").unwrap();
            handle.network.with(|broker| broker.publish(topic, &PAYLOAD, qos, false));
            assert!(matches!(client.wait_msg().unwrap().0, Event::Message(_)));
        }
        hold("a message alone", &handle.take_calls(), 100, calls * 1_000, 1);
    }
}

/// A call that waits for room does not wake for what it cannot do: to tell a time-out, to believe one while an
/// answer may lie behind a message that is held.
#[test]
fn a_call_that_waits_for_room_wakes_for_nothing_else() {
    for held in [false, true] {
        let (mut client, handle) = broker_client(20);
        client.subscribe("t", QoS::AtMostOnce).unwrap();
        drain(&mut client);
        handle.link().stall(ToClient, handle.now().after(1_000_000));
        client.publish("a", b"", QoS::AtLeastOnce, false).unwrap();
        client.ping().unwrap();
        handle.network.advance(14_000);
        handle.link().limit(ToBroker, 0);
        handle.link().stall(ToClient, handle.now());
        let topic = TopicName::new("t").unwrap();
        handle.network.with(|broker| broker.publish(topic, b"there", QoS::AtMostOnce, false));
        handle.take_calls();
        let stalled = if held {
            let (event, mut sender) = client.check_msg(0).unwrap().unwrap();
            sender.publish("b", b"", QoS::AtMostOnce, false).map_err(|error| (error, format!("{event:?}")))
        } else {
            client.publish("b", b"", QoS::AtMostOnce, false).map_err(|error| (error, String::new()))
        };
        assert!(stalled.is_err());
        let calls = handle.take_calls();
        assert!(system_calls(&calls) < 20, "{held}: {} system calls in 5 s", system_calls(&calls));
    }
}
