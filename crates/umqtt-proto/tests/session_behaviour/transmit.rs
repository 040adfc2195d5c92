//! What is sent, and how it is taken by the transport.

use umqtt_proto::{Event, Goal, NoStore, QoS, Wait};

use crate::rig::{End, Rig, Sizes, id, rig, topic};

#[test]
fn many_packets_are_sent_in_one_write() {
    let mut rig = rig().connected();
    for _ in 0..3 {
        rig.publish(b"", QoS::AtMostOnce).unwrap();
    }
    rig.session().ping().unwrap();
    assert_eq!(rig.send(), b"\x30\x03\x00\x01t\x30\x03\x00\x01t\x30\x03\x00\x01t\xc0\x00");
}

#[test]
fn a_packet_is_sent_byte_by_byte() {
    let mut rig = rig().connected();
    rig.publish(b"hi", QoS::AtLeastOnce).unwrap();
    let mut sent = Vec::new();
    while let Some(&byte) = rig.pending().first() {
        for room in [0, 1] {
            rig.line.room = room;
            rig.quiet();
        }
        sent.push(byte);
        if sent.len() == 3 {
            rig.publish(b"", QoS::AtMostOnce).unwrap();
        }
    }
    assert_eq!(sent, b"\x32\x07\x00\x01t\x00\x01hi\x30\x03\x00\x01t");
    assert_eq!(rig.line.output, sent);
}

/// A call that only writes wakes for nothing that it would not tell.
#[test]
fn a_write_that_waits_does_not_wake_for_a_late_acknowledgement() {
    let mut rig = rig().connected();
    rig.publish_sent(b"", QoS::AtLeastOnce);
    rig.wait(9_000);
    rig.line.room = 0;
    rig.publish(b"", QoS::AtMostOnce).unwrap();
    for _ in 0..2 {
        let wait = Wait { read: true, write: true, millis: 5_000 };
        assert_eq!(rig.call(Goal::Flush), Ok(End::Waits(wait)));
        rig.wait(5_000);
        assert_eq!(rig.go_on(), Ok(End::Stalled));
    }
}

#[test]
fn no_more_can_be_sent_than_there_is() {
    let mut rig = rig().connected();
    rig.publish(b"", QoS::AtMostOnce).unwrap();
    rig.engine.did_write(usize::MAX, rig.now);
    assert_eq!(rig.pending(), b"");
    rig.publish(b"", QoS::AtMostOnce).unwrap();
    rig.engine.did_write(1, rig.now);
    rig.engine.did_write(usize::MAX, rig.now);
    assert_eq!(rig.pending(), b"");
}

#[test]
fn a_payload_is_given_in_pieces() {
    let mut rig = Rig::new(NoStore, &Sizes { transmit: 16, ..Sizes::default() }).connected();
    let payload: Vec<u8> = (0..100).collect();
    let streamed = rig.session().publish_streamed(topic("t"), 100, QoS::AtLeastOnce, true);
    assert_eq!(streamed, Ok(Some(id(1))));
    let mut sent = rig.send();
    let mut given = 0;
    while given < payload.len() {
        assert_eq!(rig.session().payload_remaining(), 100 - given);
        given += rig.session().push_payload(&payload[given..]);
        assert!(rig.session().push_payload(&payload[given..]) == 0 || given == 100);
        sent.extend(rig.send());
    }
    assert_eq!(rig.session().payload_remaining(), 0);
    assert_eq!(sent, [&b"\x33\x69\x00\x01t\x00\x01"[..], &payload].concat());
    assert_eq!(rig.session().push_payload(b"more"), 0);
    assert_eq!(rig.send(), b"");
    rig.tells(b"\x40\x02\x00\x01", Event::Delivered { id: id(1), late: false });
}

#[test]
fn an_empty_payload_needs_no_pieces() {
    let mut rig = rig().connected();
    rig.session().publish_streamed(topic("t"), 0, QoS::AtMostOnce, false).unwrap();
    assert_eq!(rig.session().payload_remaining(), 0);
    assert_eq!(rig.disconnect(), b"\x30\x03\x00\x01t\xe0\x00");
}

/// An answer may not stand in the middle of a packet.
#[test]
fn what_arrives_waits_until_a_payload_is_complete() {
    let mut rig = rig().connected();
    rig.session().publish_streamed(topic("t"), 2, QoS::AtMostOnce, false).unwrap();
    rig.session().push_payload(b"a");
    rig.feed(b"\x32\x05\x00\x01t\x00\x07");
    rig.quiet();
    rig.session().push_payload(b"b");
    assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))));
    assert_eq!(rig.send(), b"\x30\x05\x00\x01tab\x40\x02\x00\x07");
}

#[test]
fn a_payload_that_was_cut_off_is_forgotten() {
    let mut rig = rig().connected();
    rig.session().publish_streamed(topic("t"), 9, QoS::AtLeastOnce, false).unwrap();
    rig.session().push_payload(b"a");
    rig.close();
    assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: id(1) })));
    assert_eq!((rig.session().payload_remaining(), rig.session().push_payload(b"b")), (0, 0));
    let mut rig = rig.connected();
    rig.publish(b"", QoS::AtMostOnce).unwrap();
    assert_eq!(rig.send(), b"\x30\x03\x00\x01t");
}
