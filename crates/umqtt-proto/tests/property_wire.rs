//! Properties of the wire format: what is written is read back the same, from exactly its own bytes.

// Under Miri it takes minutes; there, the corpus runs the same code.
#![cfg(not(miri))]
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use umqtt_proto::wire::{
    Ack, ConnAck, Connect, ConnectReturnCode, Delivery, KeepAlive, Login, Packet, Publish, SubAck,
    SubscribeReturnCode, Will, encode_subscribe, encode_unsubscribe,
};
use umqtt_proto::{Binary, ClientId, EncodeError, PacketId, QoS, Text, TopicFilter, TopicName};

/// Any characters but U+0000, sometimes so many that the remaining length takes two bytes.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[^\0]{0,20}", 1 => "[a-zé]{100,200}"]
}

fn topic_name() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[^\0+#]{1,20}", 1 => "[a-z/水]{100,200}"]
}

fn topic_filter() -> impl Strategy<Value = String> {
    (vec(prop_oneof![3 => "[^\0+#/]{0,8}", 1 => Just("+".to_owned())], 1..5), any::<bool>())
        .prop_map(|(levels, rest)| levels.join("/") + if rest { "/#" } else { "" })
        .prop_filter("a filter has a character", |filter| !filter.is_empty())
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => vec(any::<u8>(), 0..30), 1 => vec(any::<u8>(), 100..20000)]
}

fn id() -> impl Strategy<Value = PacketId> {
    (1..=u16::MAX).prop_map(|id| PacketId::new(id).unwrap())
}

fn qos() -> impl Strategy<Value = QoS> {
    (0..3u8).prop_map(|bits| QoS::from_bits(bits).unwrap())
}

fn delivery() -> impl Strategy<Value = Delivery> {
    prop_oneof![
        Just(Delivery::AtMostOnce),
        (id(), any::<bool>()).prop_map(|(id, dup)| Delivery::AtLeastOnce { id, dup }),
        (id(), any::<bool>()).prop_map(|(id, dup)| Delivery::ExactlyOnce { id, dup }),
    ]
}

/// Writes with `encode` into a buffer that fits exactly, and gives the bytes.
fn written(encode: impl Fn(&mut [u8]) -> Result<usize, EncodeError>) -> Vec<u8> {
    let Err(EncodeError::BufferTooSmall { needed }) = encode(&mut []) else { panic!("it needs no room") };
    let mut bytes = vec![0; needed];
    assert_eq!(encode(&mut bytes), Ok(needed));
    bytes
}

/// The packet of exactly these bytes.
fn read(bytes: &[u8]) -> Packet<'_> {
    let (packet, length) = Packet::decode(bytes).unwrap().unwrap();
    assert_eq!(length, bytes.len());
    assert_eq!(Packet::decode(&bytes[..length - 1]), Ok(None));
    packet
}

proptest! {
    #[test]
    fn connect(
        client_id in text(),
        clean_session: bool,
        seconds: u16,
        will in option::of((topic_name(), bytes(), qos(), any::<bool>())),
        login in option::of((text(), option::of(bytes()))),
    ) {
        let connect = Connect {
            client_id: ClientId::new(&client_id).unwrap(),
            clean_session,
            keep_alive: KeepAlive::from_secs(seconds),
            will: will.as_ref().map(|(topic, payload, qos, retain)| Will {
                topic: TopicName::new(topic).unwrap(),
                payload: Binary::new(payload).unwrap(),
                qos: *qos,
                retain: *retain,
            }),
            login: login.as_ref().map(|(user_name, password)| Login {
                user_name: Text::new(user_name).unwrap(),
                password: password.as_ref().map(|password| Binary::new(password).unwrap()),
            }),
        };
        let packet = written(|out| connect.encode(out));
        prop_assert_eq!(read(&packet), Packet::Connect(connect));
        prop_assert_eq!(connect.lacks_client_id(), client_id.is_empty() && !clean_session);
    }

    #[test]
    fn connack(session_present: bool, code: u8) {
        let code = if session_present { 0 } else { code };
        let ack = ConnAck { session_present, return_code: ConnectReturnCode::from_code(code) };
        prop_assert_eq!(ack.return_code.code(), code);
        let packet = ack.to_bytes();
        prop_assert_eq!(read(&packet), Packet::ConnAck(ack));
    }

    #[test]
    fn publish(topic in topic_name(), payload in bytes(), retain: bool, delivery in delivery()) {
        let publish = Publish { topic: TopicName::new(&topic).unwrap(), payload: &payload, retain, delivery };
        let packet = written(|out| publish.encode(out));
        prop_assert_eq!(read(&packet), Packet::Publish(publish));

        let header = written(|out| publish.encode_header(payload.len(), out));
        prop_assert_eq!([header, payload.clone()].concat(), packet);
        let fresh = Delivery::new(delivery.qos(), delivery.id().unwrap_or(PacketId::FIRST));
        prop_assert_eq!((fresh.qos(), fresh.id(), fresh.dup()), (publish.qos(), publish.id(), false));
        prop_assert_eq!(Ack::of(&publish).map(Ack::id), publish.id());
    }

    #[test]
    fn acks(id in id()) {
        for ack in [Ack::PubAck(id), Ack::PubRec(id), Ack::PubRel(id), Ack::PubComp(id), Ack::UnsubAck(id)] {
            let packet = ack.to_bytes();
            prop_assert_eq!(read(&packet), Packet::Ack(ack));
        }
    }

    #[test]
    fn subscribe(id in id(), filters in vec((topic_filter(), qos()), 1..20)) {
        let filters: Vec<_> =
            filters.iter().map(|(filter, qos)| (TopicFilter::new(filter).unwrap(), *qos)).collect();
        let bytes = written(|out| encode_subscribe(id, &filters, out));
        let Packet::Subscribe(subscribe) = read(&bytes) else { panic!("another packet") };
        prop_assert_eq!(subscribe.id(), id);
        prop_assert_eq!(subscribe.filters().collect::<Vec<_>>(), filters);
        prop_assert_eq!(written(|out| subscribe.encode(out)), bytes);
    }

    #[test]
    fn suback(id in id(), codes in vec(prop_oneof![0..3u8, Just(0x80)], 1..300)) {
        let codes: Vec<_> = codes.iter().map(|&code| SubscribeReturnCode::from_code(code).unwrap()).collect();
        let bytes = written(|out| SubAck::encode_codes(id, &codes, out));
        let Packet::SubAck(ack) = read(&bytes) else { panic!("another packet") };
        prop_assert_eq!(ack.id, id);
        prop_assert_eq!(ack.return_codes.any_failed(), codes.contains(&SubscribeReturnCode::Failure));
        prop_assert_eq!(ack.return_codes.iter().collect::<Vec<_>>(), codes);
        prop_assert_eq!(written(|out| ack.encode(out)), bytes);
    }

    #[test]
    fn unsubscribe(id in id(), filters in vec(topic_filter(), 1..20)) {
        let filters: Vec<_> = filters.iter().map(|filter| TopicFilter::new(filter).unwrap()).collect();
        let bytes = written(|out| encode_unsubscribe(id, &filters, out));
        let Packet::Unsubscribe(unsubscribe) = read(&bytes) else { panic!("another packet") };
        prop_assert_eq!(unsubscribe.id(), id);
        prop_assert_eq!(unsubscribe.filters().collect::<Vec<_>>(), filters);
        prop_assert_eq!(written(|out| unsubscribe.encode(out)), bytes);
    }

    /// Whatever is read can be written, and reads the same then.
    #[test]
    fn any_body(first in 0x10..0xf0u8, body in vec(any::<u8>(), 0..30)) {
        let bytes = [&[first, u8::try_from(body.len()).unwrap()][..], &body].concat();
        if let Ok(Some((packet, length))) = Packet::decode(&bytes) {
            prop_assert_eq!(length, bytes.len());
            prop_assert_eq!(written(|out| packet.encode(out)), bytes);
        }
    }
}
