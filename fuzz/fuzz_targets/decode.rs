//! Any bytes: reading them never panics, the receiver tells the same as reading them whole, and what was read
//! can be written and reads the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use umqtt_proto::wire::{Delivery, FixedHeader, Packet, PacketType, Publish};
use umqtt_proto::{Frame, FrameKind, Large, Parts, Receiver, Violation, Whole};

fuzz_target!(|stream: &[u8]| {
    let mut rest = stream;
    while let Ok(Some((packet, length))) = Packet::decode(rest) {
        check_written(&packet, &rest[..length]);
        rest = &rest[length..];
    }
    let mut random = Random::of(stream);
    for size in [16, 16 + random.below(64), stream.len().max(16)] {
        check_pieces::<Parts>(stream, size, &mut random, true);
        check_pieces::<Whole>(stream, size, &mut random, false);
    }
});

/// A packet that was read from `bytes` is written in as few, and reads the same.
fn check_written(packet: &Packet<'_>, bytes: &[u8]) {
    let mut room = vec![0; bytes.len()];
    let length = packet.encode(&mut room).expect("what was read can be written");
    let (again, taken) = Packet::decode(&room[..length]).expect("no rule broken").expect("a whole packet");
    assert_eq!((&again, taken), (packet, length));
    assert_eq!(format!("{again:?}"), format!("{packet:?}"));
    // Only the fixed header may be shorter.
    assert_eq!(room[0], bytes[0]);
    let body = |bytes: &[u8]| FixedHeader::decode(bytes).map(|header| header.map(|(header, _)| header));
    assert_eq!(body(&room), body(bytes));
    match packet {
        Packet::Subscribe(subscribe) => assert!(subscribe.filters().count() > 0),
        Packet::Unsubscribe(unsubscribe) => assert!(unsubscribe.filters().count() > 0),
        Packet::SubAck(ack) => assert_eq!(ack.return_codes.iter().count(), ack.return_codes.len()),
        _ => {}
    }
}

/// A receiver with a buffer of `size` bytes tells of a stream in pieces what reading it whole tells. One without
/// `parts` refuses what does not fit.
fn check_pieces<L: Large>(stream: &[u8], size: usize, random: &mut Random, parts: bool) {
    let mut receiver = Receiver::<_, L>::with_large(vec![0xa5; size]);
    let only_wanted = random.below(4) == 0;
    let mut fed = 0;
    // Where the current packet begins, and what of a large message was told.
    let mut start = 0;
    let mut large: Option<Message> = None;
    loop {
        match receiver.poll() {
            Ok(None) => {
                if fed == stream.len() {
                    assert_eq!(Packet::decode(&stream[start..]), Ok(None), "told nothing");
                    return;
                }
                let wanted = receiver.wanted();
                let room = receiver.unfilled();
                let most = room.len().min(stream.len() - fed);
                let count = if only_wanted { wanted.min(most) } else { 1 + random.below(most) };
                room[..count].copy_from_slice(&stream[fed..fed + count]);
                receiver.advance(count);
                fed += count;
            }
            Ok(Some(Frame { kind: FrameKind::Whole, header, body, remaining })) => {
                assert!(large.is_none() && remaining == 0);
                let whole = Packet::decode(&stream[start..fed]);
                match Packet::decode_body(header, body) {
                    Ok(packet) => {
                        let (same, length) = whole.expect("no rule broken").expect("a whole packet");
                        assert_eq!(same, packet);
                        start += length;
                    }
                    Err(violation) => {
                        assert_eq!(whole, Err(violation));
                        return;
                    }
                }
                assert!(!only_wanted || start == fed, "read past the current packet");
            }
            Ok(Some(Frame { kind, header, body, remaining })) => {
                let message = if kind == FrameKind::Part {
                    let mut message = large.take().expect("a part of something");
                    assert_eq!(message.header, header);
                    assert!(!body.is_empty());
                    message.payload.extend_from_slice(body);
                    message
                } else {
                    assert!(large.is_none());
                    match Message::start(kind, header, body) {
                        Ok(message) => message,
                        Err(violation) => {
                            check_violation(violation, &stream[start..fed], size, parts);
                            return;
                        }
                    }
                };
                if remaining > 0 {
                    large = Some(message);
                } else {
                    start += message.check_end(&stream[start..], size);
                    assert!(!only_wanted || start == fed, "read past the current packet");
                }
            }
            Err(violation) => {
                check_violation(violation, &stream[start..fed], size, parts);
                return;
            }
        }
    }
}

/// A message that comes in parts.
struct Message {
    topic: Option<Vec<u8>>,
    header: FixedHeader,
    delivery: Delivery,
    payload: Vec<u8>,
}

impl Message {
    fn start(kind: FrameKind, header: FixedHeader, body: &[u8]) -> Result<Self, Violation> {
        let (topic, delivery, payload) = if kind == FrameKind::Untitled {
            let (delivery, payload) = Delivery::decode(header, body)?;
            (None, delivery, payload)
        } else {
            let message = Publish::decode_body(header, body)?;
            (Some(message.topic.as_bytes().to_vec()), message.delivery, message.payload)
        };
        Ok(Self { topic, header, delivery, payload: payload.to_vec() })
    }

    /// Compares with the message read whole, and tells the length of its packet.
    fn check_end(self, bytes: &[u8], size: usize) -> usize {
        let Ok(Some((Packet::Publish(message), length))) = Packet::decode(bytes) else {
            panic!("no message")
        };
        assert!(length > size, "it would have fit");
        let Publish { topic, payload, retain, delivery } = message;
        assert_eq!((&self.payload[..], self.delivery), (payload, delivery));
        assert_eq!((self.header.flags & 1 != 0, self.header.packet_type), (retain, PacketType::Publish));
        assert!(self.topic.is_none_or(|told| told == topic.as_bytes()));
        length
    }
}

/// A rule that the receiver says is broken is broken, or the packet is too large.
fn check_violation(violation: Violation, bytes: &[u8], size: usize, parts: bool) {
    let header = FixedHeader::decode(bytes);
    let Ok(header) = header else {
        assert_eq!(header, Err(violation));
        return;
    };
    let (header, length) = header.expect("a header");
    assert!(length + header.remaining_length as usize > size, "what fits is told whole");
    let refused = header.packet_type != PacketType::Publish || !parts;
    assert_eq!(violation == Violation::PacketTooLarge, refused);
    // With its missing bytes, the packet would be refused too.
    if !refused && header.remaining_length < 0x1_0000 {
        let mut whole = bytes.to_vec();
        whole.resize(length + header.remaining_length as usize, 1);
        assert!(Packet::decode(&whole).is_err(), "{violation} is told of a packet that may be right");
    }
}

/// Numbers that depend on the input alone, so that a finding can be run again.
struct Random(u64);

impl Random {
    fn of(bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }

    /// A number below `limit`, or 0.
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) as usize % limit.max(1)
    }
}
