//! Packets of any valid content: what is written is read back the same, and fits no smaller buffer.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::{Corpus, fuzz_target};
use umqtt_proto::wire::{
    Ack, ConnAck, Connect, ConnectReturnCode, DISCONNECT, Delivery, KeepAlive, Login, PINGREQ, PINGRESP,
    Packet, Publish, SubAck, SubscribeReturnCode, Will, encode_subscribe, encode_unsubscribe,
};
use umqtt_proto::{Binary, ClientId, EncodeError, PacketId, QoS, Text, TopicFilter, TopicName};

#[derive(Arbitrary, Debug)]
enum Content<'a> {
    Connect {
        client_id: &'a str,
        clean_session: bool,
        keep_alive: u16,
        will: Option<(&'a str, &'a [u8], u8, bool)>,
        login: Option<(&'a str, Option<&'a [u8]>)>,
    },
    ConnAck {
        session_present: bool,
        code: u8,
    },
    Publish {
        topic: &'a str,
        payload: &'a [u8],
        retain: bool,
        qos: u8,
        id: u16,
        dup: bool,
    },
    Ack {
        kind: u8,
        id: u16,
    },
    Subscribe {
        id: u16,
        filters: Vec<(&'a str, u8)>,
    },
    SubAck {
        id: u16,
        codes: Vec<u8>,
    },
    Unsubscribe {
        id: u16,
        filters: Vec<&'a str>,
    },
    Empty,
}

fuzz_target!(|content: Content<'_>| -> Corpus {
    if run(content).is_some() { Corpus::Keep } else { Corpus::Reject }
});

/// `None` when the content is not one that MQTT can say.
fn run(content: Content<'_>) -> Option<()> {
    match content {
        Content::Connect { client_id, clean_session, keep_alive, will, login } => {
            let will = match will {
                None => None,
                Some((topic, payload, qos, retain)) => Some(Will {
                    topic: TopicName::new(topic).ok()?,
                    payload: Binary::new(payload).ok()?,
                    qos: QoS::from_bits(qos % 3).ok()?,
                    retain,
                }),
            };
            let login = match login {
                None => None,
                Some((user_name, password)) => {
                    let password = password.map(Binary::new).transpose().ok()?;
                    Some(Login { user_name: Text::new(user_name).ok()?, password })
                }
            };
            let client_id = ClientId::new(client_id).ok()?;
            let keep_alive = KeepAlive::from_secs(keep_alive);
            let connect = Connect { client_id, clean_session, keep_alive, will, login };
            check(&Packet::Connect(connect));
        }
        Content::ConnAck { session_present, code } => {
            let return_code = ConnectReturnCode::from_code(code);
            let ack = ConnAck { session_present, return_code };
            if session_present && code != 0 {
                assert!(Packet::decode(&ack.to_bytes()).is_err());
            } else {
                check(&Packet::ConnAck(ack));
            }
        }
        Content::Publish { topic, payload, retain, qos, id, dup } => {
            let delivery = match QoS::from_bits(qos % 3).ok()? {
                QoS::AtMostOnce => Delivery::AtMostOnce,
                QoS::AtLeastOnce => Delivery::AtLeastOnce { id: PacketId::new(id)?, dup },
                QoS::ExactlyOnce => Delivery::ExactlyOnce { id: PacketId::new(id)?, dup },
            };
            let publish = Publish { topic: TopicName::new(topic).ok()?, payload, retain, delivery };
            let packet = check(&Packet::Publish(publish));
            let header = written(|out| publish.encode_header(payload.len(), out));
            assert_eq!([&header, payload].concat(), packet);
        }
        Content::Ack { kind, id } => {
            let kinds = [Ack::PubAck, Ack::PubRec, Ack::PubRel, Ack::PubComp, Ack::UnsubAck];
            check(&Packet::Ack(kinds[usize::from(kind) % kinds.len()](PacketId::new(id)?)));
        }
        Content::Subscribe { id, filters } => {
            let id = PacketId::new(id)?;
            let filters: Vec<_> = filters
                .into_iter()
                .map(|(filter, qos)| Some((TopicFilter::new(filter).ok()?, QoS::from_bits(qos % 3).ok()?)))
                .collect::<Option<_>>()?;
            let bytes = written(|out| encode_subscribe(id, &filters, out));
            if filters.is_empty() {
                assert!(Packet::decode(&bytes).is_err());
                return None;
            }
            let Packet::Subscribe(read) = read(&bytes) else { panic!("another packet") };
            assert_eq!((read.id(), read.filters().collect::<Vec<_>>()), (id, filters));
            assert_eq!(written(|out| read.encode(out)), bytes);
        }
        Content::SubAck { id, codes } => {
            let id = PacketId::new(id)?;
            let known =
                |code: u8| SubscribeReturnCode::from_code(if code % 4 == 3 { 0x80 } else { code % 4 });
            let codes: Vec<_> = codes.into_iter().map(known).collect::<Result<_, _>>().ok()?;
            let bytes = written(|out| SubAck::encode_codes(id, &codes, out));
            if codes.is_empty() {
                assert!(Packet::decode(&bytes).is_err());
                return None;
            }
            let Packet::SubAck(read) = read(&bytes) else { panic!("another packet") };
            assert_eq!((read.id, read.return_codes.iter().collect::<Vec<_>>()), (id, codes));
            assert_eq!(written(|out| read.encode(out)), bytes);
        }
        Content::Unsubscribe { id, filters } => {
            let id = PacketId::new(id)?;
            let filters: Vec<_> = filters.into_iter().map(TopicFilter::new).collect::<Result<_, _>>().ok()?;
            let bytes = written(|out| encode_unsubscribe(id, &filters, out));
            if filters.is_empty() {
                assert!(Packet::decode(&bytes).is_err());
                return None;
            }
            let Packet::Unsubscribe(read) = read(&bytes) else { panic!("another packet") };
            assert_eq!((read.id(), read.filters().collect::<Vec<_>>()), (id, filters));
            assert_eq!(written(|out| read.encode(out)), bytes);
        }
        Content::Empty => {
            assert_eq!(check(&Packet::PingReq), PINGREQ);
            assert_eq!(check(&Packet::PingResp), PINGRESP);
            assert_eq!(check(&Packet::Disconnect), DISCONNECT);
        }
    }
    Some(())
}

/// Writes a packet, reads it back, and gives its bytes.
fn check(packet: &Packet<'_>) -> Vec<u8> {
    let bytes = written(|out| packet.encode(out));
    assert_eq!(&read(&bytes), packet);
    assert_eq!(bytes[0] >> 4, packet.packet_type() as u8);
    bytes
}

/// Writes into a buffer that fits exactly; one that is a byte smaller stays as it was.
fn written(encode: impl Fn(&mut [u8]) -> Result<usize, EncodeError>) -> Vec<u8> {
    let Err(EncodeError::BufferTooSmall { needed }) = encode(&mut []) else { panic!("it needs no room") };
    let mut bytes = vec![0xa5; needed];
    assert_eq!(encode(&mut bytes[1..]), Err(EncodeError::BufferTooSmall { needed }));
    assert!(bytes.iter().all(|&byte| byte == 0xa5));
    assert_eq!(encode(&mut bytes), Ok(needed));
    bytes
}

/// The packet of exactly these bytes.
fn read(bytes: &[u8]) -> Packet<'_> {
    let (packet, length) = Packet::decode(bytes).expect("no rule broken").expect("a whole packet");
    assert_eq!(length, bytes.len());
    assert_eq!(Packet::decode(&bytes[..length - 1]), Ok(None));
    packet
}
