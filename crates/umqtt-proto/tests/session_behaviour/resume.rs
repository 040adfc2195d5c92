//! A session that goes on with the next connection.

use umqtt_proto::wire::Connect;
#[cfg(feature = "qos2")]
use umqtt_proto::wire::PacketType;
use umqtt_proto::{Event, Phase, QoS, RamStore};

use crate::rig::{CONNACK, CONNACK_PRESENT, Rig, Sizes, clean, id, keeping_rig, persistent, topic};

#[test]
fn what_was_not_acknowledged_is_sent_again_in_order() {
    let mut rig = keeping_rig().connected_persistent();
    for payload in [b"1", b"2", b"3"] {
        rig.publish_sent(payload, QoS::AtLeastOnce);
    }
    rig.session.publish(topic("t"), b"4", QoS::AtLeastOnce, true, rig.now).unwrap();
    rig.tells(b"\x40\x02\x00\x02", Event::Delivered { id: id(2), late: false });
    let expected = b"\x3a\x06\x00\x01t\x00\x011\x3a\x06\x00\x01t\x00\x033\x3b\x06\x00\x01t\x00\x044";
    for _ in 0..3 {
        assert_eq!(rig.reconnect(CONNACK_PRESENT), expected, "same ids, DUP set, retain kept");
        assert_eq!(rig.session.phase(), Phase::Connected);
        rig.quiet();
    }
    for number in [4, 1, 3u8] {
        rig.tells(&[0x40, 2, 0, number], Event::Delivered { id: id(number.into()), late: false });
    }
    assert_eq!(rig.reconnect(CONNACK_PRESENT), b"");
    assert!(rig.session.store().is_empty());
}

#[test]
#[cfg(feature = "qos2")]
fn what_was_received_is_released_again_in_the_order_of_pubrec() {
    let mut rig = keeping_rig().connected_persistent();
    rig.publish_sent(b"1", QoS::ExactlyOnce);
    rig.publish_sent(b"2", QoS::ExactlyOnce);
    rig.publish_sent(b"3", QoS::AtLeastOnce);
    rig.publish_sent(b"4", QoS::ExactlyOnce);
    rig.publish_sent(b"5", QoS::ExactlyOnce);
    for number in [4, 1u8] {
        rig.tells(&[0x50, 2, 0, number], Event::Handled(PacketType::PubRec));
        assert_eq!(rig.send(), [0x62, 2, 0, number]);
    }
    for _ in 0..2 {
        assert_eq!(
            rig.reconnect(CONNACK_PRESENT),
            b"\x3c\x06\x00\x01t\x00\x022\x3a\x06\x00\x01t\x00\x033\x3c\x06\x00\x01t\x00\x055\
              \x62\x02\x00\x04\x62\x02\x00\x01"
        );
    }
    // The rest goes on as if nothing had happened.
    rig.tells(b"\x50\x02\x00\x02", Event::Handled(PacketType::PubRec));
    assert_eq!(rig.send(), b"\x62\x02\x00\x02");
    for number in [4, 1, 2u8] {
        rig.tells(&[0x70, 2, 0, number], Event::Delivered { id: id(number.into()), late: false });
    }
    assert_eq!(rig.reconnect(CONNACK_PRESENT), b"\x3a\x06\x00\x01t\x00\x033\x3c\x06\x00\x01t\x00\x055");
}

#[test]
#[cfg(feature = "qos2")]
fn a_message_of_the_broker_is_not_handed_out_again_on_a_resumed_session() {
    let mut rig = keeping_rig().connected_persistent();
    rig.feed(b"\x34\x05\x00\x01t\x00\x07");
    assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))));
    assert_eq!(rig.reconnect(CONNACK_PRESENT), b"");
    rig.tells(b"\x3c\x05\x00\x01t\x00\x07", Event::Handled(PacketType::Publish));
    assert_eq!(rig.send(), b"\x50\x02\x00\x07");
    assert_eq!(rig.reconnect(CONNACK_PRESENT), b"");
    rig.tells(b"\x62\x02\x00\x07", Event::Handled(PacketType::PubRel));
    assert_eq!(rig.send(), b"\x70\x02\x00\x07");
    rig.feed(b"\x34\x05\x00\x01t\x00\x07");
    assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))), "a new message");
    // Without the session the id means nothing.
    assert_eq!(rig.reconnect(CONNACK), b"");
    rig.feed(b"\x34\x05\x00\x01t\x00\x07");
    assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))), "another one");
}

#[test]
fn without_the_session_all_is_lost() {
    for (connect, conn_ack) in [(persistent(), CONNACK), (clean(), CONNACK)] {
        let mut rig = keeping_rig().connected_persistent();
        let first = rig.publish_sent(b"1", QoS::AtLeastOnce);
        let second = rig.publish_sent(b"2", QoS::AtLeastOnce);
        let request = rig.subscribe_sent("a");
        rig.close();
        assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: request })), "no SUBACK can come");
        rig.quiet();
        assert_eq!(rig.session.in_flight().len(), 2);
        rig.connect_with(&connect, conn_ack);
        assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: first })));
        assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: second })));
        rig.quiet();
        assert_eq!(rig.send(), b"");
        assert!(rig.session.in_flight().is_empty() && rig.session.store().is_empty());
        assert_eq!(rig.publish(b"", QoS::AtLeastOnce), Ok(Some(id(4))));
    }
}

#[test]
#[cfg(feature = "qos2")]
fn without_the_session_qos_2_is_lost_in_either_half() {
    let mut rig = keeping_rig().connected_persistent();
    let first = rig.publish_sent(b"1", QoS::ExactlyOnce);
    let second = rig.publish_sent(b"2", QoS::ExactlyOnce);
    rig.tells(b"\x50\x02\x00\x01", Event::Handled(PacketType::PubRec));
    rig.close();
    rig.quiet();
    rig.connect_with(&persistent(), CONNACK);
    assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: second })));
    assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: first })));
    rig.quiet();
    assert!(rig.session.in_flight().is_empty() && rig.session.store().is_empty());
}

/// PUBREL needs no message, so that it is sent again even if nobody keeps messages.
#[test]
#[cfg(feature = "qos2")]
fn a_release_is_sent_again_without_a_store() {
    let mut rig = crate::rig::rig().connected_persistent();
    rig.publish_sent(b"1", QoS::ExactlyOnce);
    rig.tells(b"\x50\x02\x00\x01", Event::Handled(PacketType::PubRec));
    for _ in 0..2 {
        assert_eq!(rig.reconnect(CONNACK_PRESENT), b"\x62\x02\x00\x01");
    }
    rig.tells(b"\x70\x02\x00\x01", Event::Delivered { id: id(1), late: false });
}

#[test]
fn more_than_fits_is_sent_again_bit_by_bit() {
    let mut rig = Rig::new(RamStore::new(vec![0; 512]), &Sizes { transmit: 24, ..Sizes::default() })
        .connected_persistent();
    for payload in [b"11", b"22", b"33", b"44", b"55"] {
        rig.publish_sent(payload, QoS::AtLeastOnce);
    }
    rig.close();
    rig.connect_with(&persistent(), CONNACK_PRESENT);
    let mut sent = Vec::new();
    while rig.session.phase() == Phase::Resuming {
        rig.quiet();
        assert_eq!(rig.session.poll_timeout(rig.now), Some(10_000), "no busy waiting for room");
        let length = rig.session.poll_transmit().len().min(5);
        sent.extend_from_slice(&rig.session.poll_transmit()[..length]);
        rig.session.sent(length, rig.now);
    }
    sent.extend(rig.send());
    let expected: Vec<u8> =
        (1..=5u8).flat_map(|number| [0x3a, 7, 0, 1, b't', 0, number, b'0' + number, b'0' + number]).collect();
    assert_eq!(sent, expected);
}

/// A client may go while messages are still to be sent again; they stay for the next connection.
#[test]
fn disconnect_while_messages_are_sent_again() {
    let mut rig = Rig::new(RamStore::new(vec![0; 512]), &Sizes { transmit: 24, ..Sizes::default() })
        .connected_persistent();
    for payload in [b"11", b"22", b"33", b"44", b"55"] {
        rig.publish_sent(payload, QoS::AtLeastOnce);
    }
    rig.close();
    rig.connect_with(&persistent(), CONNACK_PRESENT);
    assert_eq!(rig.session.phase(), Phase::Resuming);
    rig.session.disconnect().unwrap();
    assert_eq!(rig.session.phase(), Phase::Disconnecting);
    let sent = rig.send();
    assert!(sent.ends_with(b"\xe0\x00"), "DISCONNECT is the last packet");
    rig.quiet();
    assert_eq!(rig.send(), b"", "nothing follows it");
    assert_eq!(rig.session.in_flight().len(), 5);
}

/// Whoever wants to send at once need not take events for it.
#[test]
fn what_fits_is_sent_again_at_once() {
    let mut rig = keeping_rig().connected_persistent();
    rig.publish_sent(b"1", QoS::AtLeastOnce);
    rig.session.resume();
    assert_eq!(rig.send(), b"", "nothing to resume");
    rig.close();
    rig.session.resume();
    assert_eq!(rig.session.phase(), Phase::Disconnected);
    rig.connect_with(&persistent(), CONNACK_PRESENT);
    assert_eq!(rig.session.phase(), Phase::Connected);
    rig.session.resume();
    rig.publish(b"2", QoS::AtLeastOnce).unwrap();
    assert_eq!(rig.send(), b"\x3a\x06\x00\x01t\x00\x011\x32\x06\x00\x01t\x00\x022");
}

#[test]
fn messages_arrive_while_others_are_sent_again() {
    let mut rig = keeping_rig().connected_persistent();
    rig.publish_sent(b"1", QoS::AtLeastOnce);
    rig.close();
    rig.session.connect(&persistent(), rig.now).unwrap();
    rig.send();
    rig.feed(b"\x20\x02\x01\x00\x32\x05\x00\x01t\x00\x07\x40\x02\x00\x01");
    assert_eq!(rig.poll(), Ok(Some(Event::Connected { session_present: true })));
    assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))));
    assert_eq!(rig.poll(), Ok(Some(Event::Delivered { id: id(1), late: false })));
    rig.quiet();
    assert_eq!(rig.send(), b"\x3a\x06\x00\x01t\x00\x011\x40\x02\x00\x07");
}

/// The new connection asks for what the new options say, and keeps nothing of the old.
#[test]
fn the_keep_alive_is_that_of_the_last_connect() {
    let mut rig = keeping_rig();
    let first = Connect { keep_alive: umqtt_proto::wire::KeepAlive::from_secs(4), ..persistent() };
    rig.connect_with(&first, CONNACK);
    rig.quiet();
    assert_eq!(rig.session.poll_timeout(rig.now), Some(3_000));
    rig.session.ping(rig.now).unwrap();
    assert_eq!(rig.reconnect(CONNACK_PRESENT), b"");
    assert_eq!(rig.session.poll_timeout(rig.now), None, "nor is the PINGREQ of the old one awaited");
    rig.wait(100_000);
    rig.quiet();
}

#[test]
fn a_connection_that_fails_keeps_the_session() {
    let mut rig = keeping_rig().connected_persistent();
    rig.publish_sent(b"1", QoS::AtLeastOnce);
    for bytes in [&b"\x20\x02\x00\x03"[..], b"\x40\x02\x00\x01", b"\x20\x02\x01\x01"] {
        rig.close();
        rig.session.connect(&persistent(), rig.now).unwrap();
        rig.send();
        rig.feed(bytes);
        assert!(rig.poll().is_err());
        rig.quiet();
        assert_eq!(rig.session.in_flight().len(), 1);
    }
    assert_eq!(rig.reconnect(CONNACK_PRESENT), b"\x3a\x06\x00\x01t\x00\x011");
}
