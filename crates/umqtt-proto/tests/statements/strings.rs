//! UTF-8 [MQTT 1.5.3].

use umqtt_proto::wire::{Connect, Login, Will};
use umqtt_proto::{Binary, ClientId, Event, InvalidField, QoS, Text, TopicFilter, TopicName, Violation};

use crate::rig::{CONNACK, clean, filter, rig};

/// Not UTF-8: a lone continuation, overlong forms, surrogates, beyond U+10FFFF, cut short.
const ILL_FORMED: [&[u8]; 9] = [
    b"a\x80",
    b"\xc0\x80",
    b"\xc1\xbf",
    b"\xe0\x80\x80",
    b"\xed\xa0\x80",
    b"\xed\xbf\xbf",
    b"\xf4\x90\x80\x80",
    b"\xff",
    b"a\xe6\xb0",
];

/// PUBLISH as a broker sends it.
fn publish(topic: &[u8]) -> Vec<u8> {
    let length = u8::try_from(topic.len()).unwrap();
    [&[0x30, length + 2, 0, length], topic].concat()
}

#[test]
fn what_is_not_utf8_cannot_be_sent_and_closes_the_connection() {
    statement!("MQTT-1.5.3-1");
    let refused = InvalidField::Breaks(Violation::InvalidUtf8);
    for bytes in ILL_FORMED {
        assert_eq!(Text::from_bytes(bytes).unwrap_err(), refused, "{bytes:x?}");
        assert_eq!(TopicName::from_bytes(bytes).unwrap_err(), refused, "{bytes:x?}");
        assert_eq!(TopicFilter::from_bytes(bytes).unwrap_err(), refused, "{bytes:x?}");
        rig().connected().assert_ends(&publish(bytes), Violation::InvalidUtf8);
    }
}

#[test]
fn a_nul_character_cannot_be_sent_and_closes_the_connection() {
    statement!("MQTT-1.5.3-2", "MQTT-4.7.3-2");
    let refused = InvalidField::Breaks(Violation::NulCharacter);
    for bytes in [&b"\0"[..], b"a\0b", b"ab\0"] {
        assert_eq!(Text::from_bytes(bytes).unwrap_err(), refused);
        assert_eq!(TopicName::from_bytes(bytes).unwrap_err(), refused);
        assert_eq!(TopicFilter::from_bytes(bytes).unwrap_err(), refused);
        rig().connected().assert_ends(&publish(bytes), Violation::NulCharacter);
    }
}

#[test]
fn a_byte_order_mark_is_kept() {
    statement!("MQTT-1.5.3-3");
    let mut rig = rig().connected();
    let topic = TopicName::new("\u{feff}a").unwrap();
    rig.session().publish(topic, b"", QoS::AtMostOnce, false).unwrap();
    assert_eq!(rig.send(), b"\x30\x06\x00\x04\xef\xbb\xbfa");
    rig.feed(b"\x30\x06\x00\x04\xef\xbb\xbfa");
    let Ok(Some(Event::Message(message))) = rig.poll() else { panic!("no message") };
    assert_eq!(message.topic.as_bytes(), b"\xef\xbb\xbfa");
}

/// The bytes of CONNECT.
fn sent(connect: &Connect<'_>) -> Vec<u8> {
    rig().connect_with(connect, CONNACK)
}

#[test]
fn a_client_id_is_utf8() {
    statement!("MQTT-3.1.3-4");
    let client_id = ClientId::new("naïve").unwrap();
    assert!(sent(&Connect { client_id, ..clean() }).ends_with(b"\x00\x06na\xc3\xafve"));
    for bytes in ILL_FORMED {
        let refused = ClientId::from_bytes(bytes).unwrap_err();
        assert_eq!(refused, InvalidField::Breaks(Violation::InvalidUtf8));
    }
}

#[test]
fn a_will_topic_is_utf8() {
    statement!("MQTT-3.1.3-10");
    let topic = TopicName::new("naïve").unwrap();
    let will = Will { topic, payload: Binary::new(b"\xff").unwrap(), qos: QoS::AtMostOnce, retain: false };
    assert!(sent(&Connect { will: Some(will), ..clean() }).ends_with(b"\x00\x06na\xc3\xafve\x00\x01\xff"));
    for bytes in ILL_FORMED {
        let refused = TopicName::from_bytes(bytes).unwrap_err();
        assert_eq!(refused, InvalidField::Breaks(Violation::InvalidUtf8));
    }
}

#[test]
fn a_user_name_is_utf8() {
    statement!("MQTT-3.1.3-11");
    let login = Login { user_name: Text::new("naïve").unwrap(), password: None };
    assert!(sent(&Connect { login: Some(login), ..clean() }).ends_with(b"\x00\x06na\xc3\xafve"));
    for bytes in ILL_FORMED {
        let refused = Text::from_bytes(bytes).unwrap_err();
        assert_eq!(refused, InvalidField::Breaks(Violation::InvalidUtf8));
    }
}

#[test]
fn filters_are_utf8() {
    statement!("MQTT-3.8.3-1", "MQTT-3.10.3-1");
    let mut rig = rig().connected();
    rig.session().subscribe(&[(filter("ï/+"), QoS::AtMostOnce)]).unwrap();
    assert_eq!(rig.send(), b"\x82\x09\x00\x01\x00\x04\xc3\xaf/+\x00");
    rig.session().unsubscribe(&[filter("ï/+")]).unwrap();
    assert_eq!(rig.send(), b"\xa2\x08\x00\x02\x00\x04\xc3\xaf/+");
    for bytes in ILL_FORMED {
        let refused = TopicFilter::from_bytes(bytes).unwrap_err();
        assert_eq!(refused, InvalidField::Breaks(Violation::InvalidUtf8));
    }
}
