//! Fixed headers and packet ids [MQTT 2.2, 2.3], and the packets but for CONNECT.

use umqtt_proto::wire::{Packet, PacketType};
use umqtt_proto::{Event, PacketId, Phase, QoS, RequestError, Violation};

use crate::rig::{CONNACK, CONNACK_PRESENT, clean, filter, id, keeping_rig, rig, topic};

#[test]
fn the_flags_of_what_is_sent() {
    statement!("MQTT-2.2.2-1");
    let mut rig = rig();
    assert_eq!(rig.connect_with(&clean(), CONNACK)[0], 0x10);
    rig.quiet();
    rig.session().subscribe(&[(filter("a"), QoS::AtMostOnce)]).unwrap();
    assert_eq!(rig.send()[0], 0x82);
    rig.session().unsubscribe(&[filter("a")]).unwrap();
    assert_eq!(rig.send()[0], 0xa2);
    rig.session().ping().unwrap();
    assert_eq!(rig.send()[0], 0xc0);
    rig.feed(b"\x32\x05\x00\x01t\x00\x01");
    assert_eq!(rig.poll_to_the_end(), 1);
    assert_eq!(rig.send()[0], 0x40);
    if cfg!(feature = "qos2") {
        for (received, told, answer) in [
            (&b"\x34\x05\x00\x01t\x00\x01"[..], 1, 0x50),
            (b"\x50\x02\x00\x01", 1, 0x62),
            (b"\x62\x02\x00\x01", 0, 0x70),
        ] {
            rig.feed(received);
            assert_eq!(rig.poll_to_the_end(), told);
            assert_eq!(rig.send()[0], answer);
        }
    }
    assert_eq!(rig.disconnect()[0], 0xe0);
}

#[test]
fn other_flags_close_the_connection() {
    statement!("MQTT-2.2.2-2");
    for packet_type in PacketType::ALL.into_iter().filter(|&kind| kind != PacketType::Publish) {
        let right = match packet_type {
            PacketType::PubRel | PacketType::Subscribe | PacketType::Unsubscribe => 0b0010,
            _ => 0,
        };
        for flags in (0..16).filter(|&flags| flags != right) {
            rig()
                .connected()
                .assert_ends(&[(packet_type as u8) << 4 | flags, 2, 0, 1], Violation::ReservedFlags);
        }
    }
}

#[test]
fn a_packet_id_is_not_zero() {
    statement!("MQTT-2.3.1-1");
    assert_eq!(PacketId::new(0), None);
    let mut rig = rig().connected();
    rig.session().set_next_id(id(65_535));
    rig.publish(b"", QoS::AtLeastOnce).unwrap();
    assert_eq!(rig.send(), b"\x32\x05\x00\x01t\xff\xff");
    rig.publish(b"", QoS::AtLeastOnce).unwrap();
    assert_eq!(rig.send(), b"\x32\x05\x00\x01t\x00\x01", "behind 65,535 comes 1");
    for received in [
        &b"\x32\x05\x00\x01t\x00\x00"[..],
        b"\x34\x05\x00\x01t\x00\x00",
        b"\x40\x02\x00\x00",
        b"\x50\x02\x00\x00",
        b"\x62\x02\x00\x00",
        b"\x70\x02\x00\x00",
        b"\x90\x03\x00\x00\x00",
        b"\xb0\x02\x00\x00",
    ] {
        crate::rig::rig().connected().assert_ends(received, Violation::ZeroPacketId);
    }
}

#[test]
fn a_new_packet_takes_an_id_that_is_not_in_use() {
    statement!("MQTT-2.3.1-2");
    let mut rig = rig().connected();
    for next in [1, 1, 2, 1] {
        rig.session().set_next_id(id(next));
        rig.publish(b"", QoS::AtLeastOnce).unwrap();
    }
    assert_eq!(
        rig.send(),
        b"\x32\x05\x00\x01t\x00\x01\x32\x05\x00\x01t\x00\x02\x32\x05\x00\x01t\x00\x03\x32\x05\x00\x01t\x00\x04"
    );
    rig.session().set_next_id(id(1));
    rig.session().subscribe(&[(filter("a"), QoS::AtMostOnce)]).unwrap();
    rig.session().unsubscribe(&[filter("a")]).unwrap();
    assert_eq!(rig.send(), b"\x82\x06\x00\x05\x00\x01a\x00\xa2\x05\x00\x06\x00\x01a");
}

#[test]
fn a_packet_is_sent_again_with_its_id_which_stays_in_use() {
    statement!("MQTT-2.3.1-3");
    let mut rig = keeping_rig().connected_persistent();
    rig.session().set_next_id(id(0x1234));
    rig.publish_sent(b"x", QoS::AtLeastOnce);
    for _ in 0..2 {
        assert_eq!(rig.reconnect(CONNACK_PRESENT), b"\x3a\x06\x00\x01t\x12\x34x");
        rig.session().set_next_id(id(0x1234));
        assert_eq!(rig.subscribe_sent("a"), id(0x1235));
        rig.feed(b"\x90\x03\x12\x35\x00");
        assert_eq!(rig.poll_to_the_end(), 1);
    }
    rig.tells(b"\x40\x02\x12\x34", Event::Delivered { id: id(0x1234), late: false });
    rig.session().set_next_id(id(0x1234));
    assert_eq!(rig.publish_sent(b"x", QoS::AtLeastOnce), id(0x1234), "free after its acknowledgement");
}

#[test]
fn a_message_of_qos_0_has_no_packet_id() {
    statement!("MQTT-2.3.1-5");
    let mut rig = rig().connected();
    assert_eq!(rig.publish(b"hi", QoS::AtMostOnce), Ok(None));
    assert_eq!(rig.send(), b"\x30\x05\x00\x01thi");
    rig.feed(b"\x30\x05\x00\x01thi");
    let Ok(Some(Event::Message(message))) = rig.poll() else { panic!("no message") };
    assert_eq!((message.id(), message.payload), (None, &b"hi"[..]));
}

#[test]
fn acknowledgements_echo_the_packet_id() {
    statement!("MQTT-2.3.1-6");
    for number in [1u16, 0x1234, 0xff00, 0xffff] {
        let [high, low] = number.to_be_bytes();
        let mut rig = rig().connected();
        rig.feed(&[0x32, 5, 0, 1, b't', high, low]);
        assert_eq!(rig.poll_to_the_end(), 1);
        assert_eq!(rig.send(), [0x40, 2, high, low]);
        if cfg!(feature = "qos2") {
            rig.feed(&[0x34, 5, 0, 1, b't', high, low]);
            assert_eq!(rig.poll_to_the_end(), 1);
            assert_eq!(rig.send(), [0x50, 2, high, low]);
            rig.session().set_next_id(id(number));
            rig.publish_sent(b"", QoS::ExactlyOnce);
            rig.takes(&[0x50, 2, high, low]);
            assert_eq!(rig.send(), [0x62, 2, high, low]);
        }
    }
}

#[test]
fn dup_is_set_when_a_message_is_sent_again() {
    statement!("MQTT-3.3.1-1");
    let mut rig = keeping_rig().connected_persistent();
    rig.publish(b"1", QoS::AtLeastOnce).unwrap();
    rig.session().publish(topic("t"), b"2", QoS::AtLeastOnce, true).unwrap();
    assert_eq!(rig.send(), b"\x32\x06\x00\x01t\x00\x011\x33\x06\x00\x01t\x00\x022");
    let again = b"\x3a\x06\x00\x01t\x00\x011\x3b\x06\x00\x01t\x00\x022";
    assert_eq!(rig.reconnect(CONNACK_PRESENT), again);
    assert_eq!(rig.reconnect(CONNACK_PRESENT), again);
}

#[test]
fn dup_is_never_set_with_qos_0() {
    statement!("MQTT-3.3.1-2");
    let mut rig = keeping_rig().connected_persistent();
    rig.publish(b"", QoS::AtMostOnce).unwrap();
    assert_eq!(rig.send(), b"\x30\x03\x00\x01t");
    assert_eq!(rig.reconnect(CONNACK_PRESENT), b"", "nor is it sent again");
    rig.assert_ends(b"\x38\x03\x00\x01t", Violation::DupWithQos0);
}

#[test]
fn both_qos_bits_close_the_connection() {
    statement!("MQTT-3.3.1-4");
    for first in [0x36, 0x37, 0x3e, 0x3f] {
        rig().connected().assert_ends(&[first, 5, 0, 1, b't', 0, 1], Violation::InvalidQos);
    }
    assert_eq!(QoS::from_bits(3), Err(Violation::InvalidQos), "no QoS to send them with");
}

#[test]
fn a_message_is_answered_as_its_qos_asks() {
    statement!("MQTT-3.3.4-1");
    let mut rig = rig().connected();
    rig.feed(b"\x30\x03\x00\x01t");
    assert_eq!(rig.poll_to_the_end(), 1);
    assert_eq!(rig.send(), b"");
    rig.feed(b"\x32\x05\x00\x01t\x00\x07");
    assert_eq!(rig.poll_to_the_end(), 1);
    assert_eq!(rig.send(), b"\x40\x02\x00\x07");
    if cfg!(feature = "qos2") {
        rig.feed(b"\x34\x05\x00\x01t\x00\x07");
        assert_eq!(rig.poll_to_the_end(), 1);
        assert_eq!(rig.send(), b"\x50\x02\x00\x07");
    }
}

#[test]
#[cfg(feature = "qos2")]
fn pubrel_has_flags_0010() {
    statement!("MQTT-3.6.1-1");
    let mut rig = rig().connected();
    rig.publish_sent(b"", QoS::ExactlyOnce);
    rig.takes(b"\x50\x02\x00\x01");
    assert_eq!(rig.send(), b"\x62\x02\x00\x01");
    for flags in (0..16).filter(|&flags| flags != 0b0010) {
        crate::rig::rig().connected().assert_ends(&[0x60 | flags, 2, 0, 1], Violation::ReservedFlags);
    }
}

#[test]
fn subscribe_has_flags_0010() {
    statement!("MQTT-3.8.1-1");
    let mut rig = rig().connected();
    rig.session().subscribe(&[(filter("a"), QoS::AtMostOnce)]).unwrap();
    assert_eq!(rig.send(), b"\x82\x06\x00\x01\x00\x01a\x00");
}

#[test]
fn subscribe_has_a_filter() {
    statement!("MQTT-3.8.3-3");
    let mut rig = rig().connected();
    assert_eq!(rig.session().subscribe(&[]), Err(RequestError::FilterCount));
    assert_eq!(rig.send(), b"");
    assert_eq!(Packet::decode(b"\x82\x02\x00\x01"), Err(Violation::NoTopicFilter));
}

#[test]
fn a_requested_qos_is_0_1_or_2_and_nothing_else() {
    statement!("MQTT-3-8.3-4");
    let mut rig = rig().connected();
    let filters = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce].map(|qos| (filter("a"), qos));
    rig.session().subscribe(&filters).unwrap();
    assert_eq!(rig.send(), b"\x82\x0e\x00\x01\x00\x01a\x00\x00\x01a\x01\x00\x01a\x02");
    for options in 3..=255 {
        let packet = [0x82, 6, 0, 1, 0, 1, b'a', options];
        assert_eq!(Packet::decode(&packet), Err(Violation::InvalidQos));
    }
}

#[test]
fn unsubscribe_has_flags_0010() {
    statement!("MQTT-3.10.1-1");
    let mut rig = rig().connected();
    rig.session().unsubscribe(&[filter("a"), filter("b/+")]).unwrap();
    assert_eq!(rig.send(), b"\xa2\x0a\x00\x01\x00\x01a\x00\x03b/+");
}

#[test]
fn unsubscribe_has_a_filter() {
    statement!("MQTT-3.10.3-2");
    let mut rig = rig().connected();
    assert_eq!(rig.session().unsubscribe(&[]), Err(RequestError::FilterCount));
    assert_eq!(rig.send(), b"");
    assert_eq!(Packet::decode(b"\xa2\x02\x00\x01"), Err(Violation::NoTopicFilter));
}

#[test]
fn disconnect_has_flags_0000() {
    statement!("MQTT-3.14.1-1");
    let mut rig = rig().connected();
    assert_eq!(rig.disconnect(), b"\xe0\x00");
    assert_eq!(rig.phase(), Phase::Disconnecting);
}
