//! Golden conversations with the broker: raw bytes in, raw bytes out.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

mod common;

use common::{Bench, bench, connect, connect_with_will, hex, packet, publish, subscribe, text};
use umqtt_proto::{QoS, TopicName};
use umqtt_testkit::{CloseReason, ConnectionId, Settings};

#[test]
fn a_conversation_may_be_cut_at_any_byte() {
    let mut conversation = connect("a", true, 60);
    conversation.extend(subscribe(1, &[("t/#", 2)]));
    conversation.extend(publish(0x32, "t/1", 7, b"x"));
    conversation.extend(hex("c000"));
    let expected = hex("20020000 9003000102 40020007 3208 0003 742f31 0001 78 d000");
    for first in 0..=conversation.len() {
        for second in first..=conversation.len() {
            let mut bench = bench();
            let connection = bench.open();
            let mut answer = Vec::new();
            for part in [&conversation[..first], &conversation[first..second], &conversation[second..]] {
                answer.extend(bench.say(connection, part));
            }
            assert_eq!(answer, expected, "cut at {first} and {second}");
        }
    }
}

#[test]
fn an_empty_client_id_gets_one_of_its_own() {
    let mut bench = bench();
    bench.join("auto-1", true, false);
    bench.join("", true, false);
    bench.join("", true, false);
    let ids: Vec<_> = bench.broker.client_ids().collect();
    assert_eq!(ids, ["auto-1", "auto-2", "auto-3"]);
}

#[test]
fn qos_of_a_delivery_is_the_lower_of_both() {
    for published in 0..=2u8 {
        for granted in 0..=2u8 {
            let mut bench = bench();
            let receiver = bench.listen("receiver", "t", granted);
            let sender = bench.join("sender", true, false);
            let answer = bench.say(sender, &publish(0x30 | published << 1, "t", 9, b"x"));
            let expected = [hex(""), hex("40020009"), hex("50020009")];
            assert_eq!(answer, expected[usize::from(published)]);
            let qos = published.min(granted);
            assert_eq!(bench.broker.output(receiver), publish(0x30 | qos << 1, "t", 1, b"x"));
        }
    }
}

#[test]
fn a_message_of_qos_2_is_taken_once_until_pubrel() {
    let mut bench = bench();
    let receiver = bench.listen("receiver", "t", 0);
    let sender = bench.join("sender", false, false);
    assert_eq!(bench.say(sender, &publish(0x34, "t", 5, b"x")), hex("50020005"));
    assert_eq!(bench.broker.output(receiver), publish(0x30, "t", 0, b"x"));
    assert_eq!(bench.say(sender, &publish(0x3c, "t", 5, b"x")), hex("50020005"));
    // Also across a connection.
    bench.broker.lost(sender);
    let sender = bench.join("sender", false, true);
    assert_eq!(bench.say(sender, &publish(0x3c, "t", 5, b"x")), hex("50020005"));
    assert_eq!(bench.broker.output(receiver), b"");
    assert_eq!(bench.broker.session("sender").unwrap().awaiting_pubrel(), 1);
    assert_eq!(bench.say(sender, &hex("62020005")), hex("70020005"));
    assert_eq!(bench.say(sender, &hex("62020005")), hex("70020005"), "a repeated PUBREL is answered again");
    assert_eq!(bench.broker.session("sender").unwrap().awaiting_pubrel(), 0);
    bench.say(sender, &publish(0x34, "t", 5, b"y"));
    assert_eq!(bench.broker.output(receiver), publish(0x30, "t", 0, b"y"));
    assert_eq!(bench.broker.messages().count(), 2);
}

#[test]
fn a_persistent_session_resends_what_was_not_acknowledged() {
    let mut bench = bench();
    let away = bench.join("away", false, false);
    bench.say(away, &subscribe(1, &[("q1", 1), ("q2", 2), ("q0", 0)]));
    for (topic, payload) in [("q2", b"a"), ("q1", b"b"), ("q2", b"c"), ("q1", b"d")] {
        bench.broker.publish(TopicName::new(topic).unwrap(), payload, QoS::ExactlyOnce, false);
    }
    let first = [
        publish(0x34, "q2", 1, b"a"),
        publish(0x32, "q1", 2, b"b"),
        publish(0x34, "q2", 3, b"c"),
        publish(0x32, "q1", 4, b"d"),
    ];
    assert_eq!(bench.broker.output(away), first.concat());
    // c and a are told as received, in this order; b is done.
    assert_eq!(bench.say(away, &hex("50020003 50020001 40020002")), hex("62020003 62020001"));
    bench.broker.lost(away);
    for (topic, payload) in [("q1", b"e"), ("q0", b"f"), ("q2", b"g")] {
        bench.broker.publish(TopicName::new(topic).unwrap(), payload, QoS::ExactlyOnce, false);
    }
    let session = bench.broker.session("away").unwrap();
    assert_eq!((session.is_connected(), session.queued(), session.in_flight()), (false, 2, 3));
    assert_eq!(bench.broker.dropped(), 1, "QoS 0 is not kept");

    let again = bench.open();
    let resumed = [
        hex("20020100 62020003 62020001"),
        publish(0x3a, "q1", 4, b"d"),
        publish(0x32, "q1", 5, b"e"),
        publish(0x34, "q2", 6, b"g"),
    ];
    assert_eq!(bench.say(again, &connect("away", false, 0)), resumed.concat());
    let end = hex("70020003 70020001 40020004 40020005 50020006 70020006");
    assert_eq!(bench.say(again, &end), hex("62020006"));
    let session = bench.broker.session("away").unwrap();
    assert_eq!((session.queued(), session.in_flight()), (0, 0));

    bench.say(again, &hex("e000"));
    assert!(bench.broker.session("away").is_some());
    bench.join("away", true, false);
    assert_eq!(bench.broker.session("away").unwrap().subscriptions().count(), 0);
}

#[test]
fn ids_in_use_are_passed_over_when_they_wrap() {
    let mut bench = Bench::new(Settings { window: 2, ..Settings::default() });
    let receiver = bench.listen("receiver", "t", 1);
    let topic = TopicName::new("t").unwrap();
    bench.broker.publish(topic, b"stays", QoS::AtLeastOnce, false);
    assert_eq!(bench.broker.output(receiver), publish(0x32, "t", 1, b"stays"));
    for id in (2..=u16::MAX).chain([2]) {
        bench.broker.publish(topic, b"", QoS::AtLeastOnce, false);
        assert_eq!(bench.broker.output(receiver), publish(0x32, "t", id, b""));
        let [high, low] = id.to_be_bytes();
        bench.say(receiver, &[0x40, 2, high, low]);
    }
}

#[test]
fn an_unanswered_message_of_qos_2_is_sent_again() {
    let mut bench = bench();
    let receiver = bench.join("receiver", false, false);
    bench.say(receiver, &subscribe(1, &[("t", 2)]));
    bench.broker.publish(TopicName::new("t").unwrap(), b"x", QoS::ExactlyOnce, false);
    assert_eq!(bench.broker.output(receiver), publish(0x34, "t", 1, b"x"));
    bench.broker.lost(receiver);
    let receiver = bench.open();
    let again = [hex("20020100"), publish(0x3c, "t", 1, b"x")].concat();
    assert_eq!(bench.say(receiver, &connect("receiver", false, 0)), again);
}

#[test]
fn retained_messages_wait_for_subscribers_and_an_empty_one_clears() {
    let mut bench = bench();
    let sender = bench.join("sender", true, false);
    let early = bench.listen("early", "t/+", 1);
    bench.say(sender, &publish(0x31, "t/a", 0, b"1"));
    bench.say(sender, &publish(0x33, "t/b", 1, b"2"));
    bench.say(sender, &publish(0x31, "t/a", 0, b"3"));
    let live = [publish(0x30, "t/a", 0, b"1"), publish(0x32, "t/b", 1, b"2"), publish(0x30, "t/a", 0, b"3")];
    assert_eq!(bench.broker.output(early), live.concat(), "an established subscription sees no retain flag");
    let late = bench.join("late", true, false);
    let kept = [hex("9003000101"), publish(0x31, "t/a", 0, b"3"), publish(0x33, "t/b", 1, b"2")].concat();
    assert_eq!(bench.say(late, &subscribe(1, &[("t/#", 1)])), kept);
    let again = [hex("9003000200"), publish(0x31, "t/a", 0, b"3"), publish(0x31, "t/b", 0, b"2")].concat();
    assert_eq!(bench.say(late, &subscribe(2, &[("t/#", 0)])), again, "a repeated SUBSCRIBE sends them again");

    bench.say(sender, &publish(0x31, "t/a", 0, b""));
    assert_eq!(bench.broker.output(early), publish(0x30, "t/a", 0, b""));
    assert_eq!((bench.broker.retained("t/a"), bench.broker.retained_len()), (None, 1));
    assert_eq!(bench.broker.retained("t/b").unwrap().payload, b"2");
}

#[test]
fn a_will_is_published_at_every_end_but_disconnect() {
    type End = fn(&mut Bench, ConnectionId);
    let ends: [(End, bool); 5] = [
        (|bench, connection| bench.broker.lost(connection), true),
        (|bench, connection| drop(bench.say(connection, &hex("f0"))), true),
        (
            |bench, _| {
                bench.join("mortal", true, false);
            },
            true,
        ),
        (|bench, _| assert!(bench.broker.cut("mortal")), true),
        (|bench, connection| drop(bench.say(connection, &hex("e000"))), false),
    ];
    for (at, (end, fires)) in ends.into_iter().enumerate() {
        let mut bench = bench();
        let heir = bench.listen("heir", "will/+", 1);
        let mortal = bench.open();
        bench.say(mortal, &connect_with_will("mortal", "will/m", "gone", true));
        end(&mut bench, mortal);
        let expected = if fires { publish(0x30, "will/m", 0, b"gone") } else { Vec::new() };
        assert_eq!(bench.broker.output(heir), expected, "end {at}");
        assert_eq!(bench.broker.retained("will/m").is_some(), fires);
        // The end of the transport that follows changes nothing.
        bench.broker.lost(mortal);
        assert_eq!(bench.broker.output(heir), b"", "end {at}");
    }
}

#[test]
fn keep_alive_allows_one_and_a_half_intervals_of_silence() {
    let mut bench = bench();
    let connection = bench.open();
    bench.say(connection, &connect("a", true, 3));
    assert_eq!(bench.broker.timeout(bench.now), Some(4_500));
    bench.advance(4_499);
    assert_eq!(bench.say(connection, &hex("c000")), hex("d000"));
    bench.advance(4_499);
    assert!(!bench.broker.is_closed(connection));
    assert_eq!(bench.broker.timeout(bench.now), Some(1));
    bench.advance(1);
    assert_eq!(bench.broker.close_reason(connection), Some(CloseReason::KeepAlive));
    assert_eq!(bench.broker.timeout(bench.now), None);

    let forever = bench.join("b", true, false);
    bench.advance(u32::MAX / 2);
    assert!(!bench.broker.is_closed(forever), "keep-alive 0 is none");
    let mute = bench.open();
    bench.advance(10_000);
    assert_eq!(bench.broker.close_reason(mute), Some(CloseReason::ConnectTimeout));
}

#[test]
fn a_second_connection_takes_the_client_id_over() {
    let mut bench = bench();
    let first = bench.join("a", false, false);
    bench.say(first, &subscribe(1, &[("t", 1)]));
    while bench.broker.poll_ready().is_some() {}
    let second = bench.join("a", false, true);
    assert_eq!(bench.broker.close_reason(first), Some(CloseReason::TakenOver));
    assert_eq!(bench.broker.poll_ready(), Some(first));
    bench.broker.lost(first);
    assert!(bench.broker.session("a").unwrap().is_connected());
    bench.broker.publish(TopicName::new("t").unwrap(), b"x", QoS::AtLeastOnce, false);
    assert_eq!(bench.broker.output(second), publish(0x32, "t", 1, b"x"));
}

#[test]
fn overlapping_filters_deliver_once_with_the_highest_qos_or_each() {
    for each_overlap in [false, true] {
        let mut bench = Bench::new(Settings { each_overlap, ..Settings::default() });
        let receiver = bench.join("receiver", true, false);
        bench.say(receiver, &subscribe(1, &[("t/#", 0), ("t/+", 2), ("t/a", 1), ("u", 2)]));
        bench.broker.publish(TopicName::new("t/a").unwrap(), b"x", QoS::ExactlyOnce, false);
        let expected = if each_overlap {
            [publish(0x30, "t/a", 0, b"x"), publish(0x34, "t/a", 1, b"x"), publish(0x32, "t/a", 2, b"x")]
                .concat()
        } else {
            publish(0x34, "t/a", 1, b"x")
        };
        assert_eq!(bench.broker.output(receiver), expected);
    }
}

#[test]
fn wildcards_pass_dollar_topics_by() {
    for (filter, topic, matches) in [
        ("#", "a/b", true),
        ("#", "$SYS/b", false),
        ("+/b", "$SYS/b", false),
        ("$SYS/#", "$SYS/b", true),
        ("a/#", "a", true),
        ("a/+", "a", false),
        ("a/+", "a/", true),
        ("+", "/a", false),
        ("a", "A", false),
    ] {
        let mut bench = bench();
        let receiver = bench.listen("receiver", filter, 0);
        bench.broker.publish(TopicName::new(topic).unwrap(), b"x", QoS::AtMostOnce, false);
        assert_eq!(!bench.broker.output(receiver).is_empty(), matches, "{filter} {topic}");
    }
}

#[test]
fn unsubscribing_ends_deliveries() {
    let mut bench = bench();
    let receiver = bench.listen("receiver", "t", 1);
    let unsubscribe = |filter| packet(0xa2, &[hex("0009"), text(filter)].concat());
    let message = publish(0x30, "t", 0, b"x");
    assert_eq!(bench.say(receiver, &unsubscribe("other")), hex("b0020009"));
    assert_eq!(bench.say(receiver, &message), message);
    assert_eq!(bench.say(receiver, &unsubscribe("t")), hex("b0020009"));
    assert_eq!(bench.say(receiver, &message), b"");
}
