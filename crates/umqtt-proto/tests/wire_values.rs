//! The small values of packets: their borders, and what a person reads of them.

#![allow(clippy::panic, clippy::unwrap_used)]

use umqtt_proto::wire::{
    Connect, ConnectReturnCode, Delivery, KeepAlive, Login, Packet, PacketType, Publish, SubscribeReturnCode,
};
use umqtt_proto::{
    Binary, ClientId, EncodeError, Fault, InvalidField, PacketId, QoS, Text, TopicFilter, TopicName,
    Violation,
};

#[test]
fn texts_are_shown_as_they_are() {
    let text = Text::new("naïve \"text\"").unwrap();
    assert_eq!(
        (format!("{text}"), format!("{text:?}")),
        (text.as_str().into(), r#""naïve \"text\"""#.into())
    );
    let name = TopicName::new("a/é").unwrap();
    assert_eq!((format!("{name}"), format!("{name:?}")), ("a/é".into(), "\"a/é\"".into()));
    let filter = TopicFilter::new("+/é").unwrap();
    assert_eq!((format!("{filter}"), format!("{filter:?}")), ("+/é".into(), "\"+/é\"".into()));
}

#[test]
fn a_binary_field_has_up_to_65535_bytes_and_shows_none() {
    let longest = [7; 65_535];
    assert_eq!(Binary::new(&longest).unwrap().as_bytes(), longest);
    assert_eq!(Binary::new(&[7; 65_536]), Err(InvalidField::TooLong));
    let login =
        Login { user_name: Text::new("who").unwrap(), password: Some(Binary::new(b"secret").unwrap()) };
    let connect = Connect { login: Some(login), ..Connect::new(ClientId::new("a").unwrap()) };
    assert!(format!("{connect:?}").contains("password: Some([6 bytes])"), "{connect:?}");
}

#[test]
fn return_codes_are_told_in_words() {
    for (code, words) in [
        (0, "accepted"),
        (1, "the broker does not speak MQTT 3.1.1"),
        (2, "the broker does not allow this client id"),
        (3, "the broker is unavailable now"),
        (4, "wrong user name or password"),
        (5, "this client may not connect"),
        (6, "unknown return code 6"),
        (255, "unknown return code 255"),
    ] {
        let return_code = ConnectReturnCode::from_code(code);
        assert_eq!((return_code.code(), return_code.to_string()), (code, words.into()));
    }
}

#[test]
fn numbers_outside_their_range_are_refused() {
    for number in 0..=255 {
        let qos = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce].get(usize::from(number)).copied();
        assert_eq!(QoS::from_bits(number), qos.ok_or(Violation::InvalidQos));
        assert_eq!(QoS::try_from(number), QoS::from_bits(number));

        let packet_type = PacketType::ALL.into_iter().find(|packet_type| *packet_type as u8 == number);
        assert_eq!(PacketType::from_number(number), packet_type);
        assert_eq!(packet_type.is_some(), (1..=14).contains(&number));

        let return_code = match (qos, number) {
            (Some(qos), _) => Ok(SubscribeReturnCode::Granted(qos)),
            (None, 0x80) => Ok(SubscribeReturnCode::Failure),
            (None, _) => Err(Violation::SubAckReturnCode),
        };
        assert_eq!(SubscribeReturnCode::from_code(number), return_code);
    }
    assert_eq!(PacketId::try_from(0), Err(Violation::ZeroPacketId));
    assert_eq!(PacketId::try_from(65_535).map(u16::from), Ok(65_535));
    assert_eq!((PacketId::FIRST.as_u16(), PacketId::FIRST.next().to_string()), (1, "2".into()));
}

#[test]
fn a_message_tells_its_delivery() {
    let topic = TopicName::new("a").unwrap();
    let id = PacketId::FIRST;
    for (delivery, qos, id, dup) in [
        (Delivery::AtMostOnce, QoS::AtMostOnce, None, false),
        (Delivery::AtLeastOnce { id, dup: false }, QoS::AtLeastOnce, Some(id), false),
        (Delivery::AtLeastOnce { id, dup: true }, QoS::AtLeastOnce, Some(id), true),
        (Delivery::ExactlyOnce { id, dup: false }, QoS::ExactlyOnce, Some(id), false),
        (Delivery::ExactlyOnce { id, dup: true }, QoS::ExactlyOnce, Some(id), true),
    ] {
        let message = Publish { topic, payload: b"", retain: false, delivery };
        assert_eq!((message.qos(), message.id(), message.dup()), (qos, id, dup));
        assert_eq!((delivery.qos(), delivery.id(), delivery.dup()), (qos, id, dup));
    }
}

#[test]
fn one_refused_filter_is_a_failure() {
    for (packet, codes, failed) in [
        (&b"\x90\x03\x00\x01\x00"[..], 1, false),
        (b"\x90\x05\x00\x01\x00\x01\x02", 3, false),
        (b"\x90\x05\x00\x01\x00\x80\x02", 3, true),
        (b"\x90\x03\x00\x01\x80", 1, true),
    ] {
        let Ok(Some((Packet::SubAck(ack), _))) = Packet::decode(packet) else { panic!("no SUBACK") };
        let return_codes = ack.return_codes;
        assert_eq!((return_codes.len(), return_codes.any_failed()), (codes, failed));
    }
}

#[test]
fn a_keep_alive_counts_seconds() {
    assert_eq!(KeepAlive::OFF, KeepAlive::from_secs(0));
    assert_eq!((KeepAlive::from_secs(60).as_secs(), KeepAlive::from_secs(60).as_millis()), (60, 60_000));
    assert_eq!(KeepAlive::from_secs(65_535).as_millis(), 65_535_000);
}

#[test]
fn an_empty_client_id_is_lacking_when_the_session_is_to_be_kept() {
    for (client_id, clean_session, lacks) in
        [("", false, true), ("", true, false), ("a", false, false), ("a", true, false)]
    {
        let connect = Connect { clean_session, ..Connect::new(ClientId::new(client_id).unwrap()) };
        assert_eq!(connect.lacks_client_id(), lacks);
    }
}

#[test]
fn errors_say_what_is_wrong_and_whose_fault_it_is() {
    let small = EncodeError::BufferTooSmall { needed: 70 };
    assert_eq!(
        (small.to_string(), small.fault()),
        ("the packet needs a buffer of 70 bytes".into(), Fault::Resource)
    );
    let long = EncodeError::TooLong;
    assert_eq!(
        (long.to_string(), long.fault()),
        ("the packet is longer than 268435455 bytes".into(), Fault::Caller)
    );
    let field = InvalidField::TooLong;
    assert_eq!(
        (field.to_string(), field.fault()),
        ("longer than 65535 bytes [MQTT-4.7.3-3]".into(), Fault::Caller)
    );
    let empty = TopicName::new("").unwrap_err();
    assert_eq!(empty.to_string(), "empty topic [MQTT-4.7.3-1]");
    assert_eq!(Violation::InvalidUtf8.to_string(), "string is not UTF-8 [MQTT-1.5.3-1]");
}
