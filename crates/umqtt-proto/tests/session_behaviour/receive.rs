//! Messages that arrive: handed out, acknowledged, and in which order.

#[cfg(feature = "qos2")]
use umqtt_proto::IncomingIds;
#[cfg(not(feature = "qos2"))]
use umqtt_proto::SessionError;
use umqtt_proto::wire::{Delivery, Publish};
use umqtt_proto::{Event, Goal, LargeMessage, NoStore, QoS, Violation};

use crate::rig::{End, Rig, Sizes, filter, go_on, id, rig, topic};

fn message<'a>(payload: &'a [u8], delivery: Delivery) -> Event<'a> {
    Event::Message(Publish { topic: topic("t"), payload, retain: false, delivery })
}

fn at_least_once(number: u16) -> Delivery {
    Delivery::AtLeastOnce { id: id(number), dup: false }
}

#[cfg(feature = "qos2")]
fn exactly_once(number: u16, dup: bool) -> Delivery {
    Delivery::ExactlyOnce { id: id(number), dup }
}

#[test]
fn a_message_of_qos_0_is_not_acknowledged() {
    let mut rig = rig().connected();
    rig.tells(b"\x30\x05\x00\x01thi", message(b"hi", Delivery::AtMostOnce));
    rig.feed(b"\x31\x03\x00\x01t");
    assert!(matches!(rig.poll(), Ok(Some(Event::Message(Publish { retain: true, payload: b"", .. })))));
    assert_eq!(rig.send(), b"");
}

#[test]
fn a_message_of_qos_1_is_acknowledged_by_the_call_after_the_one_that_hands_it_out() {
    let mut rig = rig().connected();
    rig.feed(b"\x32\x07\x00\x01t\x12\x34hi");
    assert_eq!(rig.poll(), Ok(Some(message(b"hi", at_least_once(0x1234)))));
    assert_eq!((rig.pending(), &rig.line.output[..]), (&b""[..], &b""[..]));
    assert_eq!(rig.send(), b"\x40\x02\x12\x34");
    // The same again is the same again: QoS 1 may give a message twice.
    rig.feed(b"\x3a\x07\x00\x01t\x12\x34hi");
    let again = Delivery::AtLeastOnce { id: id(0x1234), dup: true };
    assert_eq!(rig.poll(), Ok(Some(message(b"hi", again))));
    assert_eq!(rig.send(), b"\x40\x02\x12\x34");
}

/// An answer can be published while the message is held: the message borrows from the receiver alone.
#[test]
fn an_answer_is_published_while_the_message_is_held() {
    let mut rig = rig().connected();
    rig.feed(b"\x32\x0b\x00\x01t\x00\x07answer");
    let Ok(End::Told(notice)) = rig.call(Goal::Event(0)) else { panic!("nothing is told") };
    let Rig { engine, receiver, line, now } = &mut rig;
    let (Event::Message(held), mut rest) = receiver.lend(notice) else { panic!("no message") };
    let session = engine.session_mut();
    let answered = session.publish(topic("a"), held.payload, QoS::AtLeastOnce, false);
    assert_eq!(answered, Ok(Some(id(1))));
    session.subscribe(&[(filter(held.topic.as_str()), held.qos())]).unwrap();
    // It can be sent, too, and what arrives meanwhile waits behind the message.
    line.input.extend(b"\x40\x02\x00\x01");
    engine.begin(Goal::Flush, *now);
    assert_eq!(go_on(engine, Some(&mut rest), line, *now), Ok(End::Done));
    assert_eq!(held.payload, b"answer");
    let answers = b"\x32\x0b\x00\x01a\x00\x01answer\x82\x06\x00\x02\x00\x01t\x01";
    assert_eq!(rig.line.output, answers, "the message is not acknowledged while it is held");
    assert_eq!(rig.poll(), Ok(Some(Event::Delivered { id: id(1), late: false })));
    assert_eq!(rig.send()[answers.len()..], *b"\x40\x02\x00\x07");
}

#[test]
fn acknowledgements_keep_the_order_of_messages() {
    let mut rig = rig().connected();
    rig.feed(b"\x32\x05\x00\x01t\x00\x03\x32\x05\x00\x01t\x00\x01\x30\x03\x00\x01t\x32\x05\x00\x01t\x00\x02");
    assert_eq!(rig.poll_to_the_end(), 4);
    assert_eq!(rig.send(), b"\x40\x02\x00\x03\x40\x02\x00\x01\x40\x02\x00\x02");
}

/// Nothing is taken from the receiver without room for its answer, and nothing is lost by that.
#[test]
fn a_small_transmit_buffer_holds_messages_back() {
    let mut rig = Rig::new(NoStore, &Sizes { transmit: 16, ..Sizes::default() }).connected();
    let mut stream = Vec::new();
    for number in 1..=6 {
        stream.extend_from_slice(&[0x32, 5, 0, 1, b't', 0, number]);
    }
    rig.feed(&stream);
    rig.line.room = 0;
    for number in 1..=4 {
        assert_eq!(rig.poll(), Ok(Some(message(b"", at_least_once(number)))));
    }
    rig.quiet();
    assert_eq!(rig.timeout(), Some(5_000), "sending comes first, and may take so long");
    rig.line.room = 5;
    rig.quiet();
    assert_eq!(rig.pending().len(), 11, "acknowledgements 2, 3 and 4, but for a byte");
    rig.line.room = usize::MAX;
    for number in 5..=6 {
        assert_eq!(rig.poll(), Ok(Some(message(b"", at_least_once(number)))));
    }
    let acknowledged: Vec<u8> = (1..=6).flat_map(|number| [0x40, 2, 0, number]).collect();
    assert_eq!(rig.send(), acknowledged);
}

#[test]
fn a_large_message_comes_in_parts_and_is_acknowledged_at_its_end() {
    let mut rig = Rig::new(NoStore, &Sizes { receive: 16, ..Sizes::default() }).connected();
    let payload: Vec<u8> = (0..40).collect();
    let stream = [b"\x32\x2d\x00\x01t\x00\x09", &payload[..], b"\x32\x05\x00\x01t\x00\x0a"].concat();
    let mut got = Vec::new();
    let mut parts = 0;
    for bytes in stream.chunks(5) {
        rig.feed(bytes);
        while let Some(event) = rig.poll().unwrap() {
            match event {
                Event::MessageStart(LargeMessage { topic: name, payload, remaining, retain, delivery }) => {
                    assert_eq!((name, retain, delivery), (Some(topic("t")), false, at_least_once(9)));
                    assert_eq!(payload.len() + remaining as usize, 40);
                    got.extend_from_slice(payload);
                }
                Event::MessagePart { bytes, remaining } => {
                    got.extend_from_slice(bytes);
                    assert_eq!(got.len() + remaining as usize, 40);
                    parts += 1;
                }
                other => assert_eq!((other, got.len()), (message(b"", at_least_once(10)), 40)),
            }
            assert!(rig.line.output.is_empty() || got.len() == 40, "not before the end");
        }
    }
    assert!(parts > 1);
    assert_eq!(got, payload);
    assert_eq!(rig.send(), b"\x40\x02\x00\x09\x40\x02\x00\x0a");
}

/// The acknowledgement is that of this message, wherever the bytes are cut.
#[test]
fn a_large_message_with_a_topic_larger_than_the_buffer_is_told_without_it() {
    for (first, packets) in [(0x30, 0), (0x32, 1)] {
        for topic_length in 10..30u8 {
            let mut rig = Rig::new(NoStore, &Sizes { receive: 16, ..Sizes::default() }).connected();
            rig.feed(b"\x32\x05\x00\x01t\x00\x0a");
            assert_eq!(rig.poll_to_the_end(), 1);
            rig.send();
            let id = if packets == 1 { &b"\x00\x09"[..] } else { b"" };
            let body = [&[0, topic_length][..], &vec![b't'; topic_length.into()], id, &[b'x'; 20]].concat();
            let stream = [&[first, body.len().try_into().unwrap()], &body[..]].concat();
            let mut starts = 0;
            let mut got = 0;
            rig.feed(&stream);
            loop {
                match rig.poll().unwrap() {
                    Some(Event::MessageStart(start)) => {
                        assert_eq!(start.topic.is_none(), topic_length > 12 - 2 * packets);
                        starts += 1;
                        got += start.payload.len();
                    }
                    Some(Event::MessagePart { bytes, .. }) => got += bytes.len(),
                    other => {
                        assert_eq!(other, None);
                        if rig.line.input.is_empty() {
                            break;
                        }
                    }
                }
            }
            assert_eq!((starts, got), (1, 20), "topic of {topic_length} bytes");
            let answer = if packets == 1 { &b"\x40\x02\x00\x09"[..] } else { b"" };
            assert_eq!(rig.send(), answer, "topic of {topic_length} bytes, first byte {first:#x}");
        }
    }
}

#[test]
fn a_packet_other_than_publish_must_fit_the_receive_buffer() {
    let mut rig = Rig::new(NoStore, &Sizes { receive: 16, ..Sizes::default() }).connected();
    rig.subscribe_sent("a");
    rig.assert_ends(b"\x90\x0f\x00\x01", Violation::PacketTooLarge);
}

#[test]
#[cfg(feature = "qos2")]
fn a_message_of_qos_2_is_handed_out_once() {
    let mut rig = rig().connected();
    rig.feed(b"\x34\x06\x00\x01t\x00\x07x");
    assert_eq!(rig.poll(), Ok(Some(message(b"x", exactly_once(7, false)))));
    assert_eq!(rig.send(), b"\x50\x02\x00\x07");
    for _ in 0..2 {
        rig.takes(b"\x3c\x06\x00\x01t\x00\x07x");
        assert_eq!(rig.send(), b"\x50\x02\x00\x07", "PUBREC for the duplicate too");
    }
    assert!(rig.session().incoming().holds(id(7)) && rig.in_flight().is_empty());
    rig.takes(b"\x62\x02\x00\x07");
    assert_eq!(rig.send(), b"\x70\x02\x00\x07");
    assert!(!rig.session().incoming().holds(id(7)));
    rig.takes(b"\x62\x02\x00\x07");
    assert_eq!(rig.send(), b"\x70\x02\x00\x07", "PUBCOMP for the duplicate too");
    rig.feed(b"\x34\x06\x00\x01t\x00\x07y");
    assert_eq!(rig.poll(), Ok(Some(message(b"y", exactly_once(7, false)))), "the id is free again");
}

/// The broker's ids and ours are apart.
#[test]
#[cfg(feature = "qos2")]
fn the_same_id_in_both_directions_means_two_exchanges() {
    let mut rig = rig().connected();
    let ours = rig.publish_sent(b"", QoS::ExactlyOnce);
    rig.feed(b"\x34\x05\x00\x01t\x00\x01");
    assert_eq!(rig.poll(), Ok(Some(message(b"", exactly_once(1, false)))));
    assert_eq!(rig.send(), b"\x50\x02\x00\x01");
    rig.takes(b"\x50\x02\x00\x01");
    assert_eq!(rig.send(), b"\x62\x02\x00\x01");
    rig.takes(b"\x62\x02\x00\x01");
    assert_eq!(rig.send(), b"\x70\x02\x00\x01");
    rig.tells(b"\x70\x02\x00\x01", Event::Delivered { id: ours, late: false });
    assert!(rig.in_flight().is_empty() && !rig.session().incoming().holds(id(1)));
}

#[test]
#[cfg(feature = "qos2")]
fn a_large_message_of_qos_2_is_handed_out_once_and_acknowledged_at_its_end() {
    let mut rig = Rig::new(NoStore, &Sizes { receive: 16, ..Sizes::default() }).connected();
    let packet = [b"\x34\x19\x00\x01t\x00\x07", &[b'x'; 20][..]].concat();
    rig.feed(&packet[..16]);
    assert!(matches!(rig.poll(), Ok(Some(Event::MessageStart(_)))));
    rig.quiet();
    assert_eq!(rig.send(), b"");
    assert!(!rig.session().incoming().holds(id(7)), "cut off here, it is handed out again");
    rig.feed(&packet[16..]);
    assert!(matches!(rig.poll(), Ok(Some(Event::MessagePart { remaining: 0, .. }))));
    assert_eq!(rig.send(), b"\x50\x02\x00\x07");

    rig.feed(&packet[..16]);
    rig.quiet();
    assert_eq!(rig.send(), b"");
    rig.feed(&packet[16..]);
    rig.quiet();
    assert_eq!(rig.send(), b"\x50\x02\x00\x07");
}

#[test]
#[cfg(feature = "qos2")]
fn a_message_of_qos_2_without_room_for_its_id_ends_the_connection() {
    let mut rig = Rig::with_ids(NoStore, &Sizes::default(), [0; 2]).connected();
    for number in 1..=2 {
        rig.feed(&[0x34, 5, 0, 1, b't', 0, number]);
        assert_eq!(rig.poll(), Ok(Some(message(b"", exactly_once(number.into(), false)))));
    }
    // A duplicate needs no room, nor does QoS 1.
    rig.takes(b"\x3c\x05\x00\x01t\x00\x02");
    rig.tells(b"\x32\x05\x00\x01t\x00\x03", message(b"", at_least_once(3)));
    rig.assert_ends(b"\x34\x05\x00\x01t\x00\x03", umqtt_proto::SessionError::IncomingFull);
}

#[test]
#[cfg(not(feature = "qos2"))]
fn a_packet_of_qos_2_ends_the_connection_of_a_build_without_it() {
    for packet in [
        &b"\x34\x05\x00\x01t\x00\x01"[..],
        b"\x3c\x05\x00\x01t\x00\x01",
        b"\x50\x02\x00\x01",
        b"\x62\x02\x00\x01",
        b"\x70\x02\x00\x01",
    ] {
        rig().connected().assert_ends(packet, SessionError::Qos2NotBuilt);
    }
    let mut rig = Rig::new(NoStore, &Sizes { receive: 16, ..Sizes::default() }).connected();
    rig.assert_ends(b"\x34\x19\x00\x01t\x00\x07xxxxxxxxx", SessionError::Qos2NotBuilt);
}
