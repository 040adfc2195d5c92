//! The receiver against its model: the vectors cut at every byte, several packets in one read, and messages
//! that are larger than the buffer, for all small buffers.

// Under Miri it takes minutes; there, the corpus runs the same code.
#![cfg(not(miri))]
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod receiver_model;
mod wire_support;

use receiver_model::{Chunks, Told, check, drive, model};
use umqtt_proto::wire::{MAX_REMAINING_LENGTH, PINGRESP, Packet, PacketType, Publish};
use umqtt_proto::{FrameKind, Framer, PacketId, Parts, Receiver, Violation};
use wire_support::vectors;

/// A PUBLISH whose remaining length takes `width` bytes, or as few as can be.
fn publish(flags: u8, topic: &[u8], payload: &[u8], width: usize) -> Vec<u8> {
    let id: &[u8] = if flags & 0b0110 == 0 { b"" } else { b"\x12\x34" };
    let topic_length = u16::try_from(topic.len()).unwrap().to_be_bytes();
    let body = [&topic_length[..], topic, id, payload].concat();
    let mut packet = vec![0x30 | flags];
    let mut length = body.len();
    while length > 0x7f || packet.len() < width {
        packet.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    packet.push(u8::try_from(length).unwrap());
    [packet, body].concat()
}

#[test]
fn every_vector_can_be_cut_at_every_byte() {
    for vector in vectors().iter() {
        println!("{}", vector.name);
        let length = vector.bytes.len();
        let all = 0..=length;
        let cuts: Vec<usize> = if length < 500 {
            all.collect()
        } else {
            all.clone().take(20).chain(all.skip(length - 9)).collect()
        };
        for cut in cuts {
            let chunks = Chunks::Each(vec![cut.max(1), length.max(1)]);
            check(&vector.bytes, length.max(16), &chunks);
        }
    }
}

#[test]
fn every_vector_can_come_in_parts() {
    for vector in vectors().iter().filter(|vector| vector.bytes.len() < 500_000) {
        for size in [16, 17, 64, 1000] {
            for chunks in [Chunks::Full, Chunks::Wanted, Chunks::AtMost(7)] {
                check(&vector.bytes, size, &chunks);
            }
        }
    }
}

#[test]
fn several_packets_come_in_one_read() {
    let mut stream = Vec::new();
    for vector in vectors().iter().filter(|vector| vector.bytes.len() < 500) {
        if let Ok(Some(_)) = Packet::decode(&vector.bytes) {
            stream.extend_from_slice(&vector.bytes);
        }
    }
    let size = 500;
    let packets = model(&stream, size, true).len();
    assert!(packets > 100);
    for chunks in (1..=70).map(Chunks::AtMost).chain([Chunks::Full, Chunks::Wanted]) {
        check(&stream, size, &chunks);
    }
    // With room for all, one read brings them all.
    let told = drive(&mut Receiver::new(vec![0; stream.len()]), &stream, &Chunks::Full);
    assert_eq!(told.len(), packets);
    assert!(told.iter().all(|(_, after)| *after == stream.len()));
}

#[test]
fn large_messages_come_in_parts_whatever_the_size_of_the_buffer() {
    let bytes: Vec<u8> = (0..=255).collect();
    for size in 16..=64 {
        // Topics around the border at which topic and id fit the buffer no more.
        let lengths = [1].into_iter().chain(size - 10..=size - 2).chain([200]);
        for topic in lengths.map(|length| "é/topic".bytes().cycle().skip(2).take(length).collect::<Vec<u8>>())
        {
            for (flags, width) in [(0, 1), (0b1011, 4), (0b0100, 1)] {
                for payload in [0, 1, 61] {
                    let message = publish(flags, &topic, &bytes[..payload], width);
                    let stream = [&PINGRESP[..], &message, b"\x40\x02\x00\x05", &message, &PINGRESP].concat();
                    for chunks in [Chunks::AtMost(1), Chunks::AtMost(3), Chunks::Full, Chunks::Wanted] {
                        check(&stream, size, &chunks);
                    }
                }
            }
        }
    }
}

#[test]
fn a_topic_that_just_fits_is_lent() {
    for (flags, id_length) in [(0, 0), (0b0010, 2), (0b0100, 2)] {
        let topic = vec![b't'; 64 - 4 - id_length];
        let fits = publish(flags, &topic, b"payload", 1);
        let told = drive(&mut Receiver::new([0; 64]), &fits, &Chunks::Full);
        assert!(matches!(&told[0].0, Told::Start { topic: Some(lent), .. } if *lent == topic), "{told:?}");
        assert_eq!(told[0].1, 64, "with what fits of the payload");
        let told = drive(&mut Receiver::new([0; 63]), &fits, &Chunks::Full);
        assert!(matches!(&told[0].0, Told::Start { topic: None, payload_length: 7, .. }), "{told:?}");
    }
}

/// Reads exactly the bytes given and tells the violation, which the last of them must bring.
fn check_violation(size: usize, bytes: &[u8], violation: Violation) {
    check(bytes, size, &Chunks::AtMost(1));
    let told = drive(&mut Receiver::new(vec![0; size]), bytes, &Chunks::AtMost(1));
    assert_eq!(told.last(), Some(&(Told::Broken(violation), bytes.len())), "{bytes:02x?}");
    let before = drive(&mut Receiver::new(vec![0; size]), &bytes[..bytes.len() - 1], &Chunks::AtMost(1));
    assert!(!before.iter().any(|(told, _)| matches!(told, Told::Broken(_))), "{bytes:02x?}");
}

#[test]
fn a_violation_is_told_at_the_first_byte_that_shows_it() {
    check_violation(16, b"\x00", Violation::ReservedPacketType);
    check_violation(16, b"\xf0", Violation::ReservedPacketType);
    check_violation(16, b"\xd1", Violation::ReservedFlags);
    check_violation(16, b"\x60", Violation::ReservedFlags);
    check_violation(16, b"\x36", Violation::InvalidQos);
    check_violation(16, b"\x3e", Violation::InvalidQos);
    check_violation(16, b"\x38", Violation::DupWithQos0);
    check_violation(16, b"\xd0\x00\x40\x02\x00\x01\x0f", Violation::ReservedPacketType);
    check_violation(16, b"\x30\xff\xff\xff\xff", Violation::RemainingLengthTooLong);
    check_violation(16, b"\x40\x03", Violation::WrongLength);
    check_violation(16, b"\xd0\x80\x01", Violation::WrongLength);
    // Larger than the buffer: the topic does not fit the packet, or is no topic name.
    check_violation(16, b"\x30\x20\x00\x1f", Violation::WrongLength);
    check_violation(16, b"\x32\x20\x00\x1d", Violation::WrongLength);
    check_violation(16, b"\x30\x20\x00\x1e#", Violation::WildcardInTopicName);
    check_violation(16, b"\x30\x20\x00\x1eab+", Violation::WildcardInTopicName);
    check_violation(16, b"\x30\x20\x00\x1eab\0", Violation::NulCharacter);
    check_violation(16, b"\x30\x20\x00\x1e\xc3\xa9\xed\xa0", Violation::InvalidUtf8);
    check_violation(16, b"\x30\x20\x00\x1e\xf4\x90", Violation::InvalidUtf8);
    check_violation(16, b"\x30\x20\x00\x1e0123456789abc\xc3d", Violation::InvalidUtf8);
    check_violation(16, b"\x32\x20\x00\x0e0123456789abc\xc3", Violation::InvalidUtf8);
    check_violation(16, b"\x34\x20\x00\x0e0123456789abcd\x00\x00", Violation::ZeroPacketId);
    // The topic fits: it is looked at when the buffer is full.
    check_violation(16, b"\x30\x20\x00\x00000000000000", Violation::EmptyTopic);
    check_violation(16, b"\x30\x20\x00\x03a#b000000000", Violation::WildcardInTopicName);
    check_violation(16, b"\x30\x20\x00\x03ab\xe2000000000", Violation::InvalidUtf8);
    check_violation(16, b"\x32\x20\x00\x03abc\x00\x000000000", Violation::ZeroPacketId);
}

#[test]
fn a_packet_that_is_no_publish_and_larger_than_the_buffer_is_refused_with_its_header() {
    for packet_type in
        [PacketType::Connect, PacketType::Subscribe, PacketType::SubAck, PacketType::Unsubscribe]
    {
        let flags = u8::from(matches!(packet_type, PacketType::Subscribe | PacketType::Unsubscribe)) << 1;
        let first = (packet_type as u8) << 4 | flags;
        check_violation(16, &[first, 15], Violation::PacketTooLarge);
        check_violation(16, &[first, 0x8e, 0x00], Violation::PacketTooLarge);
        check_violation(64, &[first, 0xff, 0xff, 0xff, 0x7f], Violation::PacketTooLarge);
        let mut receiver = Receiver::new([0; 16]);
        let stream = [&[first, 14][..], &[0xff; 14]].concat();
        assert_eq!(drive(&mut receiver, &stream, &Chunks::Full).len(), 1, "{packet_type:?} of 16 bytes fits");
    }
}

/// Whatever length a header claims, a receiver takes no more than its buffer and wants no more than that.
#[test]
fn a_hostile_length_takes_no_memory() {
    for size in 16..=64 {
        let mut receiver = Receiver::new(vec![0; size]);
        for &byte in b"\x30\xff\xff\xff\x7f\xff\xff" {
            assert!(matches!(receiver.poll(), Ok(None)));
            assert!((1..=size).contains(&receiver.wanted()));
            receiver.unfilled()[0] = byte;
            receiver.advance(1);
        }
        let mut taken = 0;
        while taken < 65_535 {
            assert_eq!(receiver.poll(), Ok(None));
            assert_eq!(receiver.wanted(), size);
            let room = receiver.unfilled();
            assert_eq!(room.len(), size);
            room.fill(b't');
            receiver.advance(usize::MAX);
            taken += size;
        }
        let frame = receiver.poll().unwrap().expect("a topic of 65535 bytes ends");
        assert_eq!(frame.kind, FrameKind::Untitled);
        let payload_length = u32::try_from(frame.body.len()).unwrap() + frame.remaining;
        assert_eq!(payload_length, MAX_REMAINING_LENGTH - 2 - 65_535);
    }
}

#[test]
fn the_largest_message_of_all_is_counted_to_its_end() {
    let mut receiver = Receiver::new(vec![0; 65_536]);
    receiver.unfilled()[..10].copy_from_slice(b"\x35\xff\xff\xff\x7f\x00\x01a\x00\x07");
    receiver.advance(65_536);
    let frame = receiver.poll().unwrap().expect("a start");
    assert_eq!(frame.kind, FrameKind::Start);
    let message = Publish::decode_body(frame.header, frame.body).unwrap();
    assert_eq!((message.payload.len(), message.id()), (65_526, PacketId::new(7)));
    let mut left = frame.remaining;
    assert_eq!(left, MAX_REMAINING_LENGTH - 5 - 65_526);
    while left > 0 {
        assert_eq!(receiver.poll(), Ok(None));
        assert!(receiver.is_mid_packet());
        let wanted = receiver.wanted();
        assert_eq!(wanted, 65_536.min(left as usize));
        assert_eq!(receiver.unfilled().len(), 65_536);
        receiver.advance(wanted);
        let frame = receiver.poll().unwrap().expect("a part");
        left -= u32::try_from(frame.body.len()).unwrap();
        assert_eq!((frame.kind, frame.remaining), (FrameKind::Part, left));
    }
    assert!(!receiver.is_mid_packet());
    assert_eq!(receiver.wanted(), 2);
}

#[test]
fn what_was_received_is_forgotten_when_the_connection_is_new() {
    let large = publish(0b0010, &[b't'; 40], b"payload", 1);
    let fits = publish(0b0100, b"topic", &[7; 40], 1);
    for stream in [&large, &fits] {
        for cut in 0..stream.len() {
            let mut receiver = Receiver::new([0; 24]);
            drive(&mut receiver, &stream[..cut], &Chunks::AtMost(5));
            assert_eq!(receiver.is_mid_packet(), cut > 0, "after {cut} bytes");
            receiver.clear();
            assert!(!receiver.is_mid_packet());
            assert_eq!((receiver.unfilled().len(), receiver.wanted()), (24, 2));
            let told = drive(&mut receiver, stream, &Chunks::Full);
            assert_eq!(told, drive(&mut Receiver::new([0; 24]), stream, &Chunks::Full), "cut after {cut}");
        }
    }
}

/// Much that waits behind a short packet stays where it is as long as there is more room behind it than in front.
#[test]
fn what_waits_is_moved_only_when_that_makes_the_more_room() {
    const MESSAGE: usize = 100_000;
    let mut stream = b"\x40\x02\x00\x01".repeat(3);
    stream.extend(publish(0, b"t", &[b'x'; MESSAGE - 7], 4));
    let filled = stream.len() - 1_000;
    for (size, start) in
        [(filled + 100, filled), (filled + 13, filled), (filled + 5, filled), (filled + 3, filled - 4)]
    {
        let mut buffer = vec![0; size];
        let mut framer = Framer::<Parts>::new();
        let room = framer.unfilled(&mut buffer);
        assert_eq!(room, 0..size);
        buffer[..filled].copy_from_slice(&stream[..filled]);
        framer.advance(filled);
        assert_eq!(framer.poll(&buffer), Ok(true));
        assert_eq!(framer.frame(&buffer).header.packet_type, PacketType::PubAck);
        assert_eq!(framer.unfilled(&mut buffer), start..size, "a buffer of {size}");
        assert_eq!(buffer[start - 1_000..start], stream[filled - 1_000..filled]);
    }
}

/// A receiver that keeps whole packets alone refuses a message that is larger than its buffer by its header.
#[test]
fn a_receiver_of_whole_packets_refuses_a_large_message() {
    for (size, fits) in [(18, true), (17, false)] {
        let mut receiver = Receiver::whole(vec![0; size]);
        let stream = publish(0b0010, b"topic", b"payload", 1);
        assert_eq!(stream.len(), 18);
        for (number, byte) in (1..).zip(&stream) {
            receiver.unfilled()[0] = *byte;
            receiver.advance(1);
            let frame = receiver.poll();
            if fits {
                assert_eq!(frame.map(|frame| frame.is_some()), Ok(number == 18));
            } else if number == 2 {
                assert_eq!(frame, Err(Violation::PacketTooLarge));
                break;
            }
        }
    }
}

/// A packet that waits for its last bytes moves to the front of the buffer when another was taken before it.
#[test]
fn room_is_made_for_the_end_of_a_packet() {
    let mut receiver = Receiver::new([0; 16]);
    receiver.unfilled().copy_from_slice(b"\xd0\x00\x30\x0e\x00\x01t012345678");
    receiver.advance(16);
    assert_eq!(receiver.poll().unwrap().expect("PINGRESP").kind, FrameKind::Whole);
    assert_eq!(receiver.poll(), Ok(None));
    assert_eq!(receiver.wanted(), 2);
    let room = receiver.unfilled();
    assert_eq!(room.len(), 2);
    room.copy_from_slice(b"9a");
    receiver.advance(2);
    let frame = receiver.poll().unwrap().expect("PUBLISH");
    let message = Publish::decode_body(frame.header, frame.body).unwrap();
    assert_eq!(message.payload, b"0123456789a");
}
