//! A session that goes on with the next connection.

use umqtt_proto::wire::Connect;
use umqtt_proto::{Event, Goal, OnSessionLost, Phase, QoS, RamStore, Store};

use crate::rig::{CONNACK, CONNACK_PRESENT, End, Rig, Sizes, clean, id, keeping_rig, persistent, topic};

#[test]
fn what_was_not_acknowledged_is_sent_again_in_order() {
    let mut rig = keeping_rig().connected_persistent();
    for payload in [b"1", b"2", b"3"] {
        rig.publish_sent(payload, QoS::AtLeastOnce);
    }
    rig.session().publish(topic("t"), b"4", QoS::AtLeastOnce, true).unwrap();
    rig.tells(b"\x40\x02\x00\x02", Event::Delivered { id: id(2), late: false });
    let expected = b"\x3a\x06\x00\x01t\x00\x011\x3a\x06\x00\x01t\x00\x033\x3b\x06\x00\x01t\x00\x044";
    for _ in 0..3 {
        assert_eq!(rig.reconnect(CONNACK_PRESENT), expected, "same ids, DUP set, retain kept");
        assert_eq!(rig.phase(), Phase::Connected);
        rig.quiet();
    }
    for number in [4, 1, 3u8] {
        rig.tells(&[0x40, 2, 0, number], Event::Delivered { id: id(number.into()), late: false });
    }
    assert_eq!(rig.reconnect(CONNACK_PRESENT), b"");
    assert!(rig.session().store().is_empty());
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
        rig.takes(&[0x50, 2, 0, number]);
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
    rig.takes(b"\x50\x02\x00\x02");
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
    rig.takes(b"\x3c\x05\x00\x01t\x00\x07");
    assert_eq!(rig.send(), b"\x50\x02\x00\x07");
    assert_eq!(rig.reconnect(CONNACK_PRESENT), b"");
    rig.takes(b"\x62\x02\x00\x07");
    assert_eq!(rig.send(), b"\x70\x02\x00\x07");
    rig.feed(b"\x34\x05\x00\x01t\x00\x07");
    assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))), "a new message");
    rig.send();
    // Without the session the id means nothing.
    assert_eq!(rig.reconnect(CONNACK), b"");
    rig.feed(b"\x34\x05\x00\x01t\x00\x07");
    assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))), "another one");
}

#[test]
fn with_a_clean_session_all_is_lost_and_without_the_session_if_the_caller_chooses_so() {
    for (connect, choice) in [
        (persistent(), OnSessionLost::Tell),
        (clean(), OnSessionLost::Tell),
        (clean(), OnSessionLost::SendAgain),
    ] {
        let mut rig = keeping_rig().connected_persistent();
        rig.session().set_on_session_lost(choice);
        let first = rig.publish_sent(b"1", QoS::AtLeastOnce);
        let second = rig.publish_sent(b"2", QoS::AtLeastOnce);
        let request = rig.subscribe_sent("a");
        rig.close();
        assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: request })), "no SUBACK can come");
        rig.quiet();
        assert_eq!(rig.in_flight().len(), 2);
        rig.connect_with(&connect, CONNACK);
        assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: first })));
        assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: second })));
        rig.quiet();
        assert_eq!(rig.send(), b"");
        assert!(rig.in_flight().is_empty() && rig.session().store().is_empty());
        assert_eq!(rig.publish(b"", QoS::AtLeastOnce), Ok(Some(id(4))));
    }
}

#[test]
#[cfg(feature = "qos2")]
fn with_a_clean_session_qos_2_is_lost_in_either_half() {
    let mut rig = keeping_rig().connected_persistent();
    let first = rig.publish_sent(b"1", QoS::ExactlyOnce);
    let second = rig.publish_sent(b"2", QoS::ExactlyOnce);
    rig.takes(b"\x50\x02\x00\x01");
    rig.close();
    rig.quiet();
    rig.connect_with(&clean(), CONNACK);
    assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: second })));
    assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: first })));
    rig.quiet();
    assert!(rig.in_flight().is_empty() && rig.session().store().is_empty());
}

#[test]
fn more_than_fits_is_sent_again_bit_by_bit() {
    let mut rig = Rig::new(RamStore::new(vec![0; 512]), &Sizes { transmit: 24, ..Sizes::default() })
        .connected_persistent();
    for payload in [b"11", b"22", b"33", b"44", b"55"] {
        rig.publish_sent(payload, QoS::AtLeastOnce);
    }
    rig.close();
    rig.connect_stuck(&persistent(), CONNACK_PRESENT);
    let mut steps = 0;
    while rig.phase() == Phase::Resuming {
        rig.quiet();
        assert_eq!(rig.timeout(), Some(5_000), "no busy waiting for room");
        rig.line.room = 5;
        rig.quiet();
        steps += 1;
    }
    assert!(steps > 4);
    rig.line.room = usize::MAX;
    let sent = rig.send();
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
    rig.connect_stuck(&persistent(), CONNACK_PRESENT);
    assert_eq!(rig.phase(), Phase::Resuming);
    assert!(matches!(rig.call(Goal::Close), Ok(End::Waits(_))));
    rig.line.room = usize::MAX;
    assert_eq!(rig.go_on(), Ok(End::Done));
    assert_eq!(rig.phase(), Phase::Disconnecting);
    let sent = rig.send();
    assert!(sent.ends_with(b"\xe0\x00"), "DISCONNECT is the last packet");
    rig.quiet();
    assert_eq!(rig.send(), b"", "nothing follows it");
    assert_eq!(rig.in_flight().len(), 5);
}

/// A request can be made as soon as the connection is told.
#[test]
fn what_fits_is_sent_again_at_once() {
    let mut rig = keeping_rig().connected_persistent();
    rig.publish_sent(b"1", QoS::AtLeastOnce);
    rig.close();
    rig.connect_with(&persistent(), CONNACK_PRESENT);
    assert_eq!(rig.phase(), Phase::Connected);
    rig.publish(b"2", QoS::AtLeastOnce).unwrap();
    assert_eq!(rig.send(), b"\x3a\x06\x00\x01t\x00\x011\x32\x06\x00\x01t\x00\x022");
}

#[test]
fn messages_arrive_while_others_are_sent_again() {
    let mut rig = keeping_rig().connected_persistent();
    rig.publish_sent(b"1", QoS::AtLeastOnce);
    rig.close();
    rig.connect(&persistent()).unwrap();
    rig.send();
    rig.feed(b"\x20\x02\x01\x00\x32\x05\x00\x01t\x00\x07\x40\x02\x00\x01");
    assert_eq!(rig.poll(), Ok(Some(Event::Connected { session_present: true })));
    assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))));
    assert_eq!(rig.poll(), Ok(Some(Event::Delivered { id: id(1), late: false })));
    rig.quiet();
    assert_eq!(rig.send(), b"\x3a\x06\x00\x01t\x00\x011\x40\x02\x00\x07");
}

/// What the broker has not acknowledged goes out again, though it has lost the session [MQTT-4.4.0-1]; a PUBREL
/// means nothing to it, and nobody knows whether it had passed the message on.
#[test]
fn without_the_session_messages_are_sent_again_and_releases_are_lost() {
    let mut rig = keeping_rig().connected_persistent();
    rig.publish_sent(b"1", QoS::AtLeastOnce);
    let mut again = b"\x3a\x06\x00\x01t\x00\x011".to_vec();
    if cfg!(feature = "qos2") {
        rig.publish_sent(b"2", QoS::ExactlyOnce);
        rig.publish_sent(b"3", QoS::ExactlyOnce);
        rig.takes(b"\x50\x02\x00\x02");
        again.extend(b"\x3c\x06\x00\x01t\x00\x033");
    }
    rig.close();
    rig.quiet();
    rig.connect_with(&persistent(), CONNACK);
    if cfg!(feature = "qos2") {
        assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: id(2) })));
        rig.feed(b"\x70\x02\x00\x02");
        let packet_type = umqtt_proto::wire::PacketType::PubComp;
        assert_eq!(rig.poll(), Ok(Some(Event::UnknownAck { id: id(2), packet_type })), "never delivered");
    }
    rig.quiet();
    assert_eq!(rig.send(), again);
    rig.tells(b"\x40\x02\x00\x01", Event::Delivered { id: id(1), late: false });
    if cfg!(feature = "qos2") {
        rig.takes(b"\x50\x02\x00\x03");
        rig.tells(b"\x70\x02\x00\x03", Event::Delivered { id: id(3), late: false });
    }
    assert!(rig.in_flight().is_empty() && rig.session().store().is_empty());
}

/// The caller may choose to be told instead: then the message is still there, and it may send it as a new one.
#[test]
fn without_the_session_a_message_can_be_told_as_lost_while_it_is_kept() {
    let mut rig = keeping_rig().connected_persistent();
    rig.session().set_on_session_lost(OnSessionLost::Tell);
    for payload in [b"1", b"2"] {
        rig.publish_sent(payload, QoS::AtLeastOnce);
    }
    rig.close();
    rig.connect_with(&persistent(), CONNACK);
    for number in 1..=2 {
        assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: id(number) })));
        let mut packet = [0; 64];
        let store = rig.session().store_mut();
        let length = store.read(id(number), 0, &mut packet).unwrap();
        let [high, low] = number.to_be_bytes();
        assert_eq!(packet[..length], [0x32, 6, 0, 1, b't', high, low, b'0' + low]);
    }
    rig.quiet();
    assert_eq!(rig.send(), b"", "nothing is sent again");
    assert!(rig.in_flight().is_empty() && rig.session().store().is_empty());
}

/// The new connection asks for what the new options say, and keeps nothing of the old.
#[test]
fn the_keep_alive_is_that_of_the_last_connect() {
    let mut rig = keeping_rig();
    let first = Connect { keep_alive: umqtt_proto::wire::KeepAlive::from_secs(4), ..persistent() };
    rig.connect_with(&first, CONNACK);
    rig.quiet();
    assert_eq!(rig.timeout(), Some(3_000));
    rig.session().ping().unwrap();
    assert_eq!(rig.reconnect(CONNACK_PRESENT), b"");
    assert_eq!(rig.timeout(), None, "nor is the PINGREQ of the old one awaited");
    rig.wait(100_000);
    rig.quiet();
}

#[test]
fn a_connection_that_fails_keeps_the_session() {
    let mut rig = keeping_rig().connected_persistent();
    rig.publish_sent(b"1", QoS::AtLeastOnce);
    for bytes in [&b"\x20\x02\x00\x03"[..], b"\x40\x02\x00\x01", b"\x20\x02\x01\x01"] {
        rig.close();
        rig.connect(&persistent()).unwrap();
        rig.send();
        rig.feed(bytes);
        assert!(rig.poll().is_err());
        rig.quiet();
        assert_eq!(rig.in_flight().len(), 1);
    }
    assert_eq!(rig.reconnect(CONNACK_PRESENT), b"\x3a\x06\x00\x01t\x00\x011");
}

/// The broker has not accepted a clean session, so that the one that is kept still stands, however often the
/// caller says that the link is closed.
#[test]
fn a_clean_connection_that_fails_keeps_the_session() {
    let mut rig = keeping_rig().connected_persistent();
    rig.publish_sent(b"1", QoS::AtLeastOnce);
    for _ in 0..3 {
        rig.close();
        rig.connect(&clean()).unwrap();
        rig.send();
        rig.feed(b"\x20\x02\x00\x03");
        assert!(rig.poll().is_err());
        rig.close();
        rig.close();
        rig.quiet();
    }
    assert_eq!(rig.reconnect(CONNACK_PRESENT), b"\x3a\x06\x00\x01t\x00\x011");
}
