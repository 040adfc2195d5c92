//! How messages are sent, and sent again [MQTT 4.1, 4.3, 4.4, 4.6].

use umqtt_proto::{Await, Event, IncomingIds, QoS};

use crate::rig::{CONNACK_PRESENT, id, keeping_rig, rig};

#[test]
fn the_state_of_a_session_is_kept_for_all_its_connections() {
    statement!("MQTT-4.1.0-1");
    let mut rig = keeping_rig().connected_persistent();
    rig.publish_sent(b"1", QoS::AtLeastOnce);
    if cfg!(feature = "qos2") {
        rig.feed(b"\x34\x05\x00\x01t\x00\x07");
        assert_eq!(rig.poll_to_the_end(), 1);
        assert_eq!(rig.send(), b"\x50\x02\x00\x07");
    }
    for _ in 0..5 {
        rig.wait(3_600_000);
        assert_eq!(rig.reconnect(CONNACK_PRESENT), b"\x3a\x06\x00\x01t\x00\x011");
    }
    if cfg!(feature = "qos2") {
        assert!(rig.session().incoming().holds(id(7)));
    }
}

#[test]
fn the_state_of_a_session_is_kept_as_long_as_its_connection() {
    statement!("MQTT-4.1.0-2");
    let mut rig = rig().connected();
    let message = rig.publish_sent(b"1", QoS::AtLeastOnce);
    rig.wait(10_000);
    assert_eq!(rig.poll(), Ok(Some(Event::TimedOut { id: message })));
    for _ in 0..24 {
        rig.wait(3_600_000);
        rig.quiet();
    }
    assert!(rig.in_flight()[0].awaits(Await::PubAck), "also after a day");
    rig.tells(b"\x40\x02\x00\x01", Event::Delivered { id: message, late: true });
}

#[test]
fn qos_0_is_sent_with_qos_0_and_dup_0() {
    statement!("MQTT-4.3.1-1");
    let mut rig = rig().connected();
    rig.publish(b"x", QoS::AtMostOnce).unwrap();
    assert_eq!(rig.send(), b"\x30\x04\x00\x01tx");
    rig.session().publish(crate::rig::topic("t"), b"x", QoS::AtMostOnce, true).unwrap();
    assert_eq!(rig.send(), b"\x31\x04\x00\x01tx");
}

#[test]
fn qos_1_is_unacknowledged_until_puback() {
    statement!("MQTT-4.3.2-1");
    let mut rig = keeping_rig().connected_persistent();
    rig.publish(b"x", QoS::AtLeastOnce).unwrap();
    assert_eq!(rig.send(), b"\x32\x06\x00\x01t\x00\x01x", "an unused id, QoS 1 and DUP 0");
    rig.publish(b"y", QoS::AtLeastOnce).unwrap();
    assert_eq!(rig.send(), b"\x32\x06\x00\x01t\x00\x02y");
    assert_eq!(rig.in_flight().len(), 2);
    rig.tells(b"\x40\x02\x00\x01", Event::Delivered { id: id(1), late: false });
    assert_eq!(rig.reconnect(CONNACK_PRESENT), b"\x3a\x06\x00\x01t\x00\x02y");
    rig.tells(b"\x40\x02\x00\x02", Event::Delivered { id: id(2), late: false });
    assert_eq!(rig.reconnect(CONNACK_PRESENT), b"");
}

#[test]
#[cfg(feature = "qos2")]
fn qos_2_is_unacknowledged_until_pubrec_and_released_until_pubcomp() {
    statement!("MQTT-4.3.3-1");
    let mut rig = keeping_rig().connected_persistent();
    rig.publish(b"x", QoS::ExactlyOnce).unwrap();
    assert_eq!(rig.send(), b"\x34\x06\x00\x01t\x00\x01x", "an unused id, QoS 2 and DUP 0");
    assert_eq!(rig.reconnect(CONNACK_PRESENT), b"\x3c\x06\x00\x01t\x00\x01x");
    rig.takes(b"\x50\x02\x00\x01");
    assert_eq!(rig.send(), b"\x62\x02\x00\x01", "PUBREL with the id");
    for _ in 0..2 {
        assert_eq!(rig.reconnect(CONNACK_PRESENT), b"\x62\x02\x00\x01", "and never PUBLISH again");
    }
    rig.tells(b"\x70\x02\x00\x01", Event::Delivered { id: id(1), late: false });
    assert_eq!(rig.reconnect(CONNACK_PRESENT), b"");
}

#[test]
fn on_a_resumed_session_what_was_not_acknowledged_goes_out_again() {
    statement!("MQTT-4.4.0-1");
    let mut rig = keeping_rig().connected_persistent();
    rig.publish_sent(b"1", QoS::AtLeastOnce);
    rig.publish_sent(b"2", QoS::AtLeastOnce);
    assert_eq!(rig.reconnect(CONNACK_PRESENT), b"\x3a\x06\x00\x01t\x00\x011\x3a\x06\x00\x01t\x00\x022");
    if cfg!(feature = "qos2") {
        rig.publish_sent(b"3", QoS::ExactlyOnce);
        rig.feed(b"\x40\x02\x00\x01\x50\x02\x00\x03");
        assert_eq!(rig.poll_to_the_end(), 1);
        assert_eq!(rig.send(), b"\x62\x02\x00\x03");
        assert_eq!(rig.reconnect(CONNACK_PRESENT), b"\x3a\x06\x00\x01t\x00\x022\x62\x02\x00\x03");
    }
}

#[test]
fn messages_go_out_again_in_the_order_of_their_first_sending() {
    statement!("MQTT-4.6.0-1");
    let mut rig = keeping_rig().connected_persistent();
    let mut expected = Vec::new();
    for (number, next) in (1..).zip([9, 4, 65_535, 7, 8]) {
        rig.session().set_next_id(id(next));
        let qos = if cfg!(feature = "qos2") && next == 7 { QoS::ExactlyOnce } else { QoS::AtLeastOnce };
        rig.publish_sent(&[number], qos);
        let [high, low] = next.to_be_bytes();
        expected.extend([0x38 | (qos as u8) << 1, 6, 0, 1, b't', high, low, number]);
    }
    assert_eq!(rig.reconnect(CONNACK_PRESENT), expected);
    assert_eq!(rig.reconnect(CONNACK_PRESENT), expected);
}

#[test]
#[cfg(feature = "qos2")]
fn releases_go_out_in_the_order_of_pubrec() {
    statement!("MQTT-4.6.0-4");
    let mut rig = keeping_rig().connected_persistent();
    for _ in 0..3 {
        rig.publish_sent(b"", QoS::ExactlyOnce);
    }
    rig.takes(b"\x50\x02\x00\x03\x50\x02\x00\x01\x50\x02\x00\x02");
    let released = b"\x62\x02\x00\x03\x62\x02\x00\x01\x62\x02\x00\x02";
    assert_eq!(rig.send(), released);
    assert_eq!(rig.reconnect(CONNACK_PRESENT), released);
    assert_eq!(rig.reconnect(CONNACK_PRESENT), released);
}
