//! What the broker refuses, and how much it holds.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

mod common;

use common::{Bench, bench, connect, connect_with_login, connect_with_will, hex, publish, subscribe};
use umqtt_proto::wire::{ConnectReturnCode, PacketType, SubscribeReturnCode};
use umqtt_proto::{QoS, TopicName, Violation};
use umqtt_testkit::{CloseReason, Event, Settings};

#[test]
fn the_first_packet_is_connect_and_no_other() {
    for (bytes, reason) in [
        (hex("c000"), Violation::UnexpectedPacket),
        (hex("30"), Violation::UnexpectedPacket),
        (hex("00"), Violation::ReservedPacketType),
        (hex("11"), Violation::ReservedFlags),
        (hex("10 ffffffff"), Violation::RemainingLengthTooLong),
        (hex("10 ffffff7f"), Violation::PacketTooLarge),
        (hex("10 0c 0004 4d515458 04 02 0000 0000"), Violation::ProtocolName),
        (hex("10 0c 0004 4d515454 04 03 0000 0000"), Violation::ReservedConnectFlag),
    ] {
        let mut bench = bench();
        let connection = bench.open();
        assert_eq!(bench.say(connection, &bytes), b"", "{bytes:02x?}");
        assert_eq!(
            bench.broker.close_reason(connection),
            Some(CloseReason::Violation(reason)),
            "{bytes:02x?}"
        );
    }
    let mut bench = bench();
    let connection = bench.join("a", true, false);
    assert_eq!(bench.say(connection, &connect("a", true, 0)), b"");
    let reason = CloseReason::Violation(Violation::UnexpectedPacket);
    assert_eq!(bench.broker.close_reason(connection), Some(reason));
}

#[test]
fn refusals_have_their_return_codes() {
    let mut bench = bench();
    bench.broker.allow_users(&[("shed", "sesame")]);
    let level_5 = hex("10 0c 0004 4d515454 05 02 0000 0000");
    for (bytes, code) in [
        (level_5, 1),
        (connect("", false, 0), 2),
        (connect("a", true, 0), 4),
        (connect_with_login("a", "shed", "wrong"), 4),
        (connect_with_login("a", "she", "sesame"), 4),
    ] {
        let connection = bench.open();
        assert_eq!(bench.say(connection, &bytes), [0x20, 2, 0, code], "{bytes:02x?}");
        let reason = CloseReason::Refused(ConnectReturnCode::from_code(code));
        assert_eq!(bench.broker.close_reason(connection), Some(reason));
        assert_eq!(bench.say(connection, &connect_with_login("a", "shed", "sesame")), b"");
    }
    assert_eq!(bench.broker.client_ids().count(), 0);
    let connection = bench.open();
    assert_eq!(bench.say(connection, &connect_with_login("a", "shed", "sesame")), hex("20020000"));

    bench.broker.on_connect(|connect| match connect.client_id.as_str() {
        "b" => ConnectReturnCode::NotAuthorized,
        _ => ConnectReturnCode::Accepted,
    });
    let connection = bench.open();
    assert_eq!(bench.say(connection, &connect("b", true, 0)), hex("20020005"));
    bench.join("c", true, false);
}

#[test]
fn the_window_holds_messages_back_and_a_full_queue_drops() {
    let mut bench = Bench::new(Settings { window: 2, max_queued: 1, ..Settings::default() });
    let receiver = bench.listen("receiver", "t", 2);
    let topic = TopicName::new("t").unwrap();
    for payload in [b"a", b"b", b"c", b"d"] {
        bench.broker.publish(topic, payload, QoS::ExactlyOnce, false);
    }
    let both = [publish(0x34, "t", 1, b"a"), publish(0x34, "t", 2, b"b")].concat();
    assert_eq!(bench.broker.output(receiver), both);
    assert_eq!(bench.broker.dropped(), 1);
    assert_eq!(bench.say(receiver, &hex("50020001")), hex("62020001"), "PUBREC alone opens no window");
    assert_eq!(bench.say(receiver, &hex("70020001")), publish(0x34, "t", 3, b"c"));
}

#[test]
fn the_queue_is_bounded_in_bytes_and_gives_them_back() {
    let mut bench = Bench::new(Settings { max_queued_bytes: 20, ..Settings::default() });
    let receiver = bench.join("receiver", false, false);
    bench.say(receiver, &subscribe(1, &[("t", 1)]));
    let topic = TopicName::new("t").unwrap();
    for session_present in [true, true] {
        bench.broker.lost(receiver);
        let dropped = bench.broker.dropped();
        for size in [9, 10, 9, 0] {
            bench.broker.publish(topic, &vec![0; size], QoS::AtLeastOnce, false);
        }
        let session = bench.broker.session("receiver").unwrap();
        assert_eq!((session.queued(), bench.broker.dropped() - dropped), (2, 2), "10 and 10 bytes of 20");
        let receiver = bench.join("receiver", false, session_present);
        assert_eq!(bench.broker.session("receiver").unwrap().queued(), 0);
        bench.broker.lost(receiver);
    }
}

#[test]
fn without_a_queue_only_the_window_delivers() {
    let mut bench = Bench::new(Settings { max_queued: 0, window: 1, ..Settings::default() });
    let receiver = bench.join("receiver", false, false);
    bench.say(receiver, &subscribe(1, &[("t", 1)]));
    let topic = TopicName::new("t").unwrap();
    for payload in [b"1", b"2"] {
        bench.broker.publish(topic, payload, QoS::AtLeastOnce, false);
    }
    assert_eq!(bench.broker.output(receiver), publish(0x32, "t", 1, b"1"));
    bench.broker.lost(receiver);
    bench.broker.publish(topic, b"3", QoS::AtLeastOnce, false);
    assert_eq!(bench.broker.dropped(), 2);
}

#[test]
fn an_output_that_is_just_full_takes_nothing_more() {
    let mut bench = Bench::new(Settings { max_unsent: 17, ..Settings::default() });
    let receiver = bench.listen("receiver", "t", 1);
    let topic = TopicName::new("t").unwrap();
    for _ in 0..2 {
        bench.broker.publish(topic, b"0123456789", QoS::AtLeastOnce, false);
    }
    assert_eq!(bench.broker.session("receiver").unwrap().queued(), 1);
    assert_eq!(bench.broker.output(receiver), publish(0x32, "t", 1, b"0123456789"));
}

#[test]
fn a_slow_reader_loses_qos_0_and_keeps_the_rest() {
    let mut bench = Bench::new(Settings { max_unsent: 20, ..Settings::default() });
    let receiver = bench.listen("receiver", "t", 1);
    let topic = TopicName::new("t").unwrap();
    for payload in [b"0123456789", b"abcdefghij", b"ABCDEFGHIJ"] {
        bench.broker.publish(topic, payload, QoS::AtLeastOnce, false);
    }
    bench.broker.publish(topic, b"gone", QoS::AtMostOnce, false);
    assert_eq!((bench.broker.session("receiver").unwrap().queued(), bench.broker.dropped()), (1, 1));
    let both = [publish(0x32, "t", 1, b"0123456789"), publish(0x32, "t", 2, b"abcdefghij")].concat();
    while bench.broker.poll_ready().is_some() {}
    assert_eq!(bench.broker.output(receiver), both);
    assert_eq!(bench.broker.poll_ready(), Some(receiver), "what had no room moves up");
    assert_eq!(bench.broker.output(receiver), publish(0x32, "t", 3, b"ABCDEFGHIJ"));
    // Answers that nobody reads end the connection before they fill the memory.
    bench.broker.receive(receiver, &hex("c000").repeat(11), bench.now);
    assert_eq!(bench.broker.close_reason(receiver), Some(CloseReason::Unread));
}

#[test]
fn retained_messages_are_bounded_in_number_and_bytes() {
    let settings = Settings { max_retained: 2, max_retained_bytes: 12, ..Settings::default() };
    let mut bench = Bench::new(settings);
    for (topic, payload) in [("a", "1234"), ("b", "12345678"), ("c", "1"), ("d", "1"), ("a", "123")] {
        bench.broker.publish(TopicName::new(topic).unwrap(), payload.as_bytes(), QoS::AtMostOnce, true);
    }
    let kept: Vec<_> = ["a", "b", "c", "d"].map(|topic| bench.broker.retained(topic).is_some()).to_vec();
    assert_eq!(kept, [true, false, true, false]);
    assert_eq!(bench.broker.retained_len(), 2);
    // What is replaced or cleared makes room to the byte.
    bench.broker.publish(TopicName::new("c").unwrap(), b"", QoS::AtMostOnce, true);
    for payload in ["1234567890", "12345678901", "123456789012", "12345678901"] {
        bench.broker.publish(TopicName::new("a").unwrap(), payload.as_bytes(), QoS::AtMostOnce, true);
        assert_eq!(bench.broker.retained_len(), usize::from(payload.len() < 12));
    }
}

#[test]
fn subscriptions_can_be_lowered_refused_and_are_bounded() {
    let settings = Settings { max_qos: QoS::AtLeastOnce, max_subscriptions: 2, ..Settings::default() };
    let mut bench = Bench::new(settings);
    bench.broker.on_subscribe(|client_id, filter, qos| match (client_id, filter.as_str()) {
        ("a", "secret") => SubscribeReturnCode::Failure,
        ("a", "cheap") => SubscribeReturnCode::Granted(QoS::AtMostOnce),
        _ => SubscribeReturnCode::Granted(qos),
    });
    let connection = bench.join("a", true, false);
    let filters = [("full", 2), ("secret", 0), ("cheap", 2), ("many", 0), ("full", 0)];
    assert_eq!(bench.say(connection, &subscribe(1, &filters)), hex("9007 0001 01 80 00 80 00"));
    let held: Vec<_> = bench.broker.session("a").unwrap().subscriptions().collect();
    assert_eq!(held, [("cheap", QoS::AtMostOnce), ("full", QoS::AtMostOnce)]);
}

#[test]
fn violations_close_the_connection() {
    let settings = Settings { max_packet_size: 100, ..Settings::default() };
    for (bytes, violation) in [
        (hex("20020000"), Violation::UnexpectedPacket),
        (hex("9003000100"), Violation::UnexpectedPacket),
        (hex("b0020001"), Violation::UnexpectedPacket),
        (hex("d000"), Violation::UnexpectedPacket),
        (hex("36"), Violation::InvalidQos),
        (hex("38"), Violation::DupWithQos0),
        (hex("80"), Violation::ReservedFlags),
        (hex("82020001"), Violation::NoTopicFilter),
        (hex("8206 0001 0001 61 03"), Violation::InvalidQos),
        (hex("3207 0001 61 0000 7879"), Violation::ZeroPacketId),
        (hex("3003 0001 23"), Violation::WildcardInTopicName),
        (hex("3063"), Violation::PacketTooLarge),
    ] {
        let mut bench = Bench::new(settings.clone());
        let connection = bench.join("a", true, false);
        assert_eq!(bench.say(connection, &bytes), b"", "{bytes:02x?}");
        let reason = Some(CloseReason::Violation(violation));
        assert_eq!(bench.broker.close_reason(connection), reason, "{bytes:02x?}");
    }
    let mut bench = Bench::new(settings);
    let connection = bench.join("a", true, false);
    bench.say(connection, &hex("3062"));
    assert!(!bench.broker.is_closed(connection), "100 bytes are allowed");
}

#[test]
fn acknowledgements_of_the_wrong_kind_close_and_late_ones_do_not() {
    for (qos, wrong) in [(1, "50020001"), (2, "40020001")] {
        let mut bench = bench();
        let receiver = bench.listen("receiver", "t", qos);
        assert_eq!(bench.say(receiver, &hex("40020009 50020009 70020009")), hex("62020009"));
        bench.broker.publish(TopicName::new("t").unwrap(), b"", QoS::ExactlyOnce, false);
        bench.broker.output(receiver);
        assert_eq!(bench.say(receiver, &hex(wrong)), b"");
        let reason = CloseReason::Violation(Violation::UnexpectedPacket);
        assert_eq!(bench.broker.close_reason(receiver), Some(reason));
    }
}

#[test]
fn connections_and_sessions_are_bounded() {
    let settings = Settings { max_connections: 3, max_sessions: 1, ..Settings::default() };
    let mut bench = Bench::new(settings);
    let first = bench.join("a", false, false);
    let second = bench.open();
    assert_eq!(bench.say(second, &connect("b", true, 0)), hex("20020003"));
    let third = bench.open();
    let fourth = bench.open();
    assert!(!bench.broker.is_closed(third));
    assert_eq!(bench.broker.close_reason(fourth), Some(CloseReason::TooMany));
    for connection in [second, third, fourth] {
        bench.broker.lost(connection);
    }
    bench.broker.lost(first);
    bench.join("a", false, true);
}

#[test]
fn what_happened_is_told_and_bounded() {
    let mut bench = Bench::new(Settings { max_events: 3, max_event_bytes: 20, ..Settings::default() });
    let connection = bench.join("a", true, false);
    bench.say(connection, &publish(0x3b, "t", 1, b"x"));
    bench.say(connection, &hex("e000"));
    let events = bench.broker.take_events();
    assert!(
        matches!(&events[0], Event::Connected { client_id, clean_session: true, .. } if client_id == "a")
    );
    let Event::Published { message, .. } = &events[1] else { panic!("{events:?}") };
    assert_eq!((message.dup, message.retain, message.qos), (true, true, QoS::AtLeastOnce));
    assert!(matches!(events[2], Event::Closed { reason: CloseReason::Disconnect, .. }));
    assert_eq!(events.len(), 3);
    assert_eq!(bench.broker.received(PacketType::Publish), 1);
    assert_eq!(bench.broker.sent(PacketType::PubAck), 1);

    let topic = TopicName::new("t").unwrap();
    bench.broker.publish(topic, &[0; 10], QoS::AtMostOnce, false);
    bench.broker.publish(topic, &[1; 10], QoS::AtMostOnce, false);
    assert_eq!(bench.broker.messages().count(), 1, "22 bytes are more than 20");
    for _ in 0..9 {
        bench.broker.publish(topic, b"", QoS::AtMostOnce, false);
    }
    assert_eq!(bench.broker.events().len(), 3);
}

#[test]
fn large_payloads_pass_whole() {
    let mut bench = bench();
    let receiver = bench.listen("receiver", "t", 0);
    let sender = bench.join("sender", true, false);
    let message = publish(0x30, "t", 0, &vec![0x5a; 10_000_000]);
    for part in message.chunks(65_536) {
        bench.say(sender, part);
    }
    assert!(bench.broker.output(receiver) == message);
}

/// Random bytes, cut at random, after CONNECT and without: nothing panics, nothing grows, and a fresh client is
/// served as before.
#[test]
fn nonsense_harms_nobody() {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap()
    };
    let mut bench =
        Bench::new(Settings { max_packet_size: 1_000, max_unsent: 10_000, ..Settings::default() });
    let seeds = [
        connect("n", false, 0),
        connect_with_will("m", "w", "x", true),
        subscribe(1, &[("#", 2), ("+/a", 1)]),
        publish(0x34, "a", 1, b"payload"),
        publish(0x33, "a/a", 2, b""),
        hex("50020001 62020001 70020001 40020002 c000"),
    ];
    for round in 0..3_000 {
        let connection = bench.open();
        if round % 3 > 0 {
            bench.say(connection, &connect("n", round % 3 == 1, 0));
        }
        for _ in 0..random() % 12 {
            let mut bytes = seeds[random() % seeds.len()].clone();
            for _ in 0..random() % 3 {
                let at = random() % bytes.len();
                bytes[at] = u8::try_from(random() % 256).unwrap();
            }
            bytes.truncate(bytes.len() - random() % 2);
            bench.say(connection, &bytes);
        }
        bench.broker.lost(connection);
        while bench.broker.poll_ready().is_some() {}
    }
    let receiver = bench.listen("fresh", "fresh/#", 1);
    let message = publish(0x32, "fresh/1", 1, b"x");
    assert_eq!(bench.say(receiver, &message), [hex("40020001"), message].concat());
}
