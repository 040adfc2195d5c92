//! Golden conversations with the broker: raw bytes in, raw bytes out.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

mod common;

use common::{connect, connect_with_login, connect_with_will, hex, packet, publish, subscribe, text};
use umqtt_proto::wire::{ConnectReturnCode, PacketType, SubscribeReturnCode};
use umqtt_proto::{Instant, QoS, TopicName, Violation};
use umqtt_testkit::{Broker, CloseReason, ConnectionId, Event, Settings};

/// A broker at a moment that the test moves on.
struct Bench {
    broker: Broker,
    now: Instant,
}

impl Bench {
    fn new(settings: Settings) -> Self {
        // Near the wrap of the clock, so that every test crosses it that lets time pass.
        Self { broker: Broker::new(settings), now: Instant::from_millis(u32::MAX - 100) }
    }

    fn open(&mut self) -> ConnectionId {
        self.broker.open(self.now)
    }

    /// Sends bytes and gives what comes back on the same connection.
    fn say(&mut self, connection: ConnectionId, bytes: &[u8]) -> Vec<u8> {
        self.broker.receive(connection, bytes, self.now);
        self.broker.output(connection)
    }

    /// Opens a connection and connects with CONNACK `20 02 <session present> 00`.
    fn join(&mut self, client_id: &str, clean: bool, session_present: bool) -> ConnectionId {
        let connection = self.open();
        let answer = self.say(connection, &connect(client_id, clean, 0));
        assert_eq!(answer.get(..4), Some(&[0x20, 2, u8::from(session_present), 0][..]), "{answer:02x?}");
        connection
    }

    /// Connects and subscribes.
    fn listen(&mut self, client_id: &str, filter: &str, qos: u8) -> ConnectionId {
        let connection = self.join(client_id, true, false);
        assert_eq!(self.say(connection, &subscribe(1, &[(filter, qos)])), [0x90, 3, 0, 1, qos]);
        connection
    }

    fn advance(&mut self, millis: u32) {
        self.now = self.now.after(millis);
        self.broker.tick(self.now);
    }
}

fn bench() -> Bench {
    Bench::new(Settings::default())
}

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
