//! Every golden vector, four ways: written, read whole, read byte by byte, read with more bytes behind it.
//!
//! `UPDATE_EXPECT=1 cargo test -p umqtt-proto --test wire_vectors` writes what came out into the files.

// Under Miri it takes minutes; there, the corpus runs the same code.
#![cfg(not(miri))]
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod wire_support;

use std::fmt::Write;
use std::fs;

use umqtt_proto::wire::{
    Delivery, MAX_REMAINING_LENGTH, Packet, PacketType, Publish, SubAck, SubscribeReturnCode,
    encode_subscribe, encode_unsubscribe,
};
use umqtt_proto::{
    EncodeError, Frame, FrameKind, PacketId, QoS, Receiver, TopicFilter, TopicName, Violation,
};
use wire_support::{Vector, parse, vector_files, vectors};

/// What reading the vector's bytes tells, and after how many of them it is told.
type Told<'a> = (Result<Option<Packet<'a>>, Violation>, usize);

#[test]
fn vectors_are_read_and_written_as_expected() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    for file in vector_files() {
        let text = fs::read_to_string(&file).unwrap();
        let mut paragraphs = Vec::new();
        for should in text.trim_end().split("\n\n") {
            let is = match parse(should) {
                Some((vector, end)) => should[..end].to_owned() + &expectation(&vector),
                None => should.to_owned(),
            };
            assert!(update || is == should, "{}\n\nis\n{is}\n\nnot\n{should}", file.display());
            paragraphs.push(is);
        }
        if update {
            fs::write(&file, paragraphs.join("\n\n") + "\n").unwrap();
        }
    }
}

/// Runs a vector all ways that there are, and tells what is to stand below its bytes.
fn expectation(vector: &Vector) -> String {
    let (told, taken) = decode_whole(vector);
    check_byte_by_byte(vector, (told, taken));
    match told {
        Ok(Some(packet)) => {
            check_trailing_bytes(vector, packet);
            let written = encode(&packet);
            let differs = written != vector.bytes;
            let written = if differs { format!("\n~ {}", hex(&written)) } else { String::new() };
            format!("\n= {}{written}", describe(&packet))
        }
        Ok(None) => "\n= incomplete".into(),
        Err(violation) => format!("\n! {violation:?} after {taken}"),
    }
}

/// Every prefix gives nothing; the first that gives something decides.
fn decode_whole(vector: &Vector) -> Told<'_> {
    for taken in 0..=vector.bytes.len() {
        match Packet::decode(&vector.bytes[..taken]) {
            Ok(None) => {}
            Ok(Some((packet, length))) => {
                assert_eq!(length, taken, "{}: length", vector.name);
                assert_eq!(length, vector.bytes.len(), "{}: more than one packet", vector.name);
                return (Ok(Some(packet)), taken);
            }
            Err(violation) => {
                let whole = Packet::decode(&vector.bytes);
                assert_eq!(whole, Err(violation), "{}: more bytes change the rule", vector.name);
                return (Err(violation), taken);
            }
        }
    }
    (Ok(None), vector.bytes.len())
}

fn check_trailing_bytes(vector: &Vector, packet: Packet<'_>) {
    let bytes = [&vector.bytes[..], b"\xd0\x00\xff"].concat();
    let decoded = Packet::decode(&bytes);
    assert_eq!(decoded, Ok(Some((packet, vector.bytes.len()))), "{}: with trailing bytes", vector.name);

    let mut receiver = Receiver::new(vec![0; bytes.len().max(16)]);
    receiver.unfilled()[..bytes.len()].copy_from_slice(&bytes);
    receiver.advance(bytes.len());
    assert_eq!(frame(receiver.poll()), Ok(Some(packet)), "{}: first frame", vector.name);
    assert_eq!(frame(receiver.poll()), Ok(Some(Packet::PingResp)), "{}: second frame", vector.name);
    assert_eq!(receiver.poll(), Err(Violation::ReservedPacketType), "{}: third frame", vector.name);
}

fn check_byte_by_byte(vector: &Vector, (told, taken): Told<'_>) {
    let mut receiver = Receiver::new(vec![0; vector.bytes.len().max(16)]);
    for (at, &byte) in vector.bytes[..taken].iter().enumerate() {
        assert_eq!(receiver.poll(), Ok(None), "{}: after {at} bytes", vector.name);
        receiver.unfilled()[0] = byte;
        receiver.advance(1);
    }
    assert_eq!(frame(receiver.poll()), told, "{}: after {taken} bytes", vector.name);
}

/// The packet of a frame that must be whole.
fn frame(polled: Result<Option<Frame<'_>>, Violation>) -> Result<Option<Packet<'_>>, Violation> {
    match polled? {
        None => Ok(None),
        Some(Frame { kind: FrameKind::Whole, header, body, .. }) => {
            Packet::decode_body(header, body).map(Some)
        }
        Some(other) => panic!("in parts: {other:?}"),
    }
}

/// Writes a packet by each way to write it; a buffer that is too small stays as it was, and what lies behind
/// the packet too.
fn encode(packet: &Packet<'_>) -> Vec<u8> {
    let Err(EncodeError::BufferTooSmall { needed }) = packet.encode(&mut []) else {
        panic!("{packet:?} needs no room")
    };
    let mut room = vec![0xa5; needed + 3];
    let sizes = if needed < 200 { 0..needed } else { needed - 1..needed };
    for size in sizes {
        assert_eq!(packet.encode(&mut room[..size]), Err(EncodeError::BufferTooSmall { needed }));
        assert!(room.iter().all(|&byte| byte == 0xa5), "{packet:?} was written into {size} bytes");
    }
    assert_eq!(packet.encode(&mut room[..needed]), Ok(needed));
    let exact = room[..needed].to_vec();
    room.fill(0xa5);
    assert_eq!(packet.encode(&mut room), Ok(needed));
    assert_eq!(room[needed..], [0xa5; 3]);
    assert_eq!(room[..needed], exact);
    room.truncate(needed);
    assert_eq!(encode_from_parts(packet).unwrap_or_else(|| room.clone()), room);
    room
}

/// The same packet from what a program has at hand, where that is another call.
fn encode_from_parts(packet: &Packet<'_>) -> Option<Vec<u8>> {
    let mut room = vec![0; 70_000];
    let length = match packet {
        Packet::Publish(publish) => {
            let length = publish.encode_header(publish.payload.len(), &mut room).unwrap();
            assert_eq!(
                publish.encode_header(publish.payload.len(), &mut vec![0; length - 1]),
                Err(EncodeError::BufferTooSmall { needed: length })
            );
            room.truncate(length);
            room.extend_from_slice(publish.payload);
            return Some(room);
        }
        Packet::Subscribe(subscribe) => {
            let filters: Vec<_> = subscribe.filters().collect();
            encode_subscribe(subscribe.id(), &filters, &mut room)
        }
        Packet::SubAck(ack) => {
            let codes: Vec<_> = ack.return_codes.iter().collect();
            assert_eq!(
                (codes.len(), codes.is_empty()),
                (ack.return_codes.len(), ack.return_codes.is_empty())
            );
            SubAck::encode_codes(ack.id, &codes, &mut room)
        }
        Packet::Unsubscribe(unsubscribe) => {
            let filters: Vec<_> = unsubscribe.filters().collect();
            encode_unsubscribe(unsubscribe.id(), &filters, &mut room)
        }
        _ => return None,
    };
    room.truncate(length.unwrap());
    Some(room)
}

/// A packet as one line of text.
fn describe(packet: &Packet<'_>) -> String {
    let mut text = format!("{:?}", packet.packet_type()).to_uppercase();
    match packet {
        Packet::Connect(connect) => {
            write!(text, " client_id={}", quoted(connect.client_id.as_str())).unwrap();
            write!(text, " clean={} keep_alive={}", connect.clean_session, connect.keep_alive.as_secs())
                .unwrap();
            if let Some(will) = &connect.will {
                write!(text, " will_topic={}", quoted(will.topic.as_str())).unwrap();
                write!(text, " will_payload=[{}]", hex(will.payload.as_bytes())).unwrap();
                write!(text, " will_qos={} will_retain={}", will.qos as u8, will.retain).unwrap();
            }
            if let Some(login) = &connect.login {
                write!(text, " user_name={}", quoted(login.user_name.as_str())).unwrap();
                if let Some(password) = login.password {
                    write!(text, " password=[{}]", hex(password.as_bytes())).unwrap();
                }
            }
        }
        Packet::ConnAck(ack) => {
            write!(text, " session_present={} {:?}", ack.session_present, ack.return_code).unwrap();
        }
        Packet::Publish(publish) => {
            write!(text, " topic={}", quoted(publish.topic.as_str())).unwrap();
            deliver(&mut text, publish.delivery);
            if publish.retain {
                text.push_str(" retain");
            }
            write!(text, " payload=[{}]", hex(publish.payload)).unwrap();
        }
        Packet::Ack(ack) => write!(text, " id={}", ack.id()).unwrap(),
        Packet::Subscribe(subscribe) => {
            write!(text, " id={}", subscribe.id()).unwrap();
            for (filter, qos) in subscribe.filters() {
                write!(text, " {}={}", quoted(filter.as_str()), qos as u8).unwrap();
            }
        }
        Packet::SubAck(ack) => {
            write!(text, " id={}", ack.id).unwrap();
            let codes: Vec<_> = ack.return_codes.iter().map(SubscribeReturnCode::code).collect();
            write!(text, " return_codes=[{}]", hex(&codes)).unwrap();
        }
        Packet::Unsubscribe(unsubscribe) => {
            write!(text, " id={}", unsubscribe.id()).unwrap();
            for filter in unsubscribe.filters() {
                write!(text, " {}", quoted(filter.as_str())).unwrap();
            }
        }
        Packet::PingReq | Packet::PingResp | Packet::Disconnect => {}
        other => panic!("no text for {other:?}"),
    }
    text
}

fn deliver(text: &mut String, delivery: Delivery) {
    write!(text, " qos={}", delivery.qos() as u8).unwrap();
    if let Some(id) = delivery.id() {
        write!(text, " id={id}").unwrap();
    }
    if delivery.dup() {
        text.push_str(" dup");
    }
}

fn quoted(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next();
    match first {
        Some(first) if text.len() >= 16 && characters.all(|other| other == first) => {
            format!("{:?}*{}", first.to_string(), text.chars().count())
        }
        _ => format!("{text:?}"),
    }
}

/// Bytes as the vectors write them; sixteen or more of the same are a run.
fn hex(bytes: &[u8]) -> String {
    let words = bytes.chunk_by(|a, b| a == b).flat_map(|run| {
        let byte = format!("{:02x}", run[0]);
        if run.len() < 16 { vec![byte; run.len()] } else { vec![format!("{byte}*{}", run.len())] }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// All packet types are read from vectors, and all rules that a packet alone can break are broken by them.
#[test]
fn vectors_cover_every_packet_and_every_violation() {
    let vectors = vectors();
    let told: Vec<_> = vectors.iter().map(|vector| decode_whole(vector).0).collect();
    for packet_type in PacketType::ALL {
        let read = |told: &Result<Option<Packet<'_>>, _>| matches!(told, Ok(Some(packet)) if packet.packet_type() == packet_type);
        assert!(told.iter().any(read), "no vector of {packet_type:?}");
    }
    for violation in [
        Violation::ReservedPacketType,
        Violation::ReservedFlags,
        Violation::RemainingLengthTooLong,
        Violation::WrongLength,
        Violation::InvalidUtf8,
        Violation::NulCharacter,
        Violation::EmptyTopic,
        Violation::WildcardInTopicName,
        Violation::MisplacedWildcard,
        Violation::InvalidQos,
        Violation::DupWithQos0,
        Violation::ZeroPacketId,
        Violation::ProtocolName,
        Violation::ProtocolLevel,
        Violation::ReservedConnectFlag,
        Violation::WillFlags,
        Violation::PasswordWithoutUserName,
        Violation::ReservedConnAckFlag,
        Violation::SessionPresent,
        Violation::SubAckReturnCode,
        Violation::SubAckCount,
        Violation::NoTopicFilter,
    ] {
        assert!(told.contains(&Err(violation)), "no vector breaks {violation:?}");
    }
}

/// The longest packet that a remaining length can say, and one byte more.
#[test]
fn a_packet_longer_than_a_remaining_length_can_say_is_refused() {
    let longest = MAX_REMAINING_LENGTH as usize;
    let topic = TopicName::new("a").unwrap();
    let publish = |delivery| Publish { topic, payload: b"", retain: false, delivery };
    let qos0 = publish(Delivery::AtMostOnce);
    let qos1 = publish(Delivery::AtLeastOnce { id: PacketId::FIRST, dup: false });
    let mut room = [0xa5; 16];
    assert_eq!(qos0.encode_header(longest - 3, &mut room), Ok(8));
    assert_eq!(room[..9], *b"\x30\xff\xff\xff\x7f\x00\x01a\xa5");
    assert_eq!(qos1.encode_header(longest - 5, &mut room), Ok(10));
    assert_eq!(room[..11], *b"\x32\xff\xff\xff\x7f\x00\x01a\x00\x01\xa5");
    room.fill(0xa5);
    for too_long in [longest - 2, longest, u32::MAX as usize, usize::MAX - 2, usize::MAX] {
        assert_eq!(qos0.encode_header(too_long, &mut room), Err(EncodeError::TooLong));
    }
    assert_eq!(qos1.encode_header(longest - 4, &mut room), Err(EncodeError::TooLong));
    assert_eq!(room, [0xa5; 16]);

    let name = "f".repeat(65_535);
    let filter = TopicFilter::new(&name).unwrap();
    let mut filters = vec![(filter, QoS::AtMostOnce); 4096];
    let last_length = longest - 2 - 4095 * (2 + name.len() + 1) - 3;
    filters[4095].0 = TopicFilter::new(&name[..last_length]).unwrap();
    let needed = 5 + longest;
    assert_eq!(
        encode_subscribe(PacketId::FIRST, &filters, &mut room),
        Err(EncodeError::BufferTooSmall { needed })
    );
    filters[4095].0 = TopicFilter::new(&name[..last_length + 1]).unwrap();
    assert_eq!(encode_subscribe(PacketId::FIRST, &filters, &mut room), Err(EncodeError::TooLong));
    let filters = vec![filter; 4097];
    assert_eq!(encode_unsubscribe(PacketId::FIRST, &filters, &mut room), Err(EncodeError::TooLong));
    assert_eq!(room, [0xa5; 16]);
}
