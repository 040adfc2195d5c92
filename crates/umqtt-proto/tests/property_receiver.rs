//! Properties of the receiver: whatever comes, in whatever pieces, it tells what its model tells.

// Under Miri it takes minutes; there, the corpus runs the same code.
#![cfg(not(miri))]
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod receiver_model;

use proptest::collection::vec;
use proptest::prelude::*;
use receiver_model::{Chunks, check};
use umqtt_proto::wire::{DISCONNECT, PINGRESP};

fn chunks() -> impl Strategy<Value = Chunks> {
    prop_oneof![
        Just(Chunks::Full),
        Just(Chunks::Wanted),
        (1..20usize).prop_map(Chunks::AtMost),
        vec(1..40usize, 1..6).prop_map(Chunks::Each),
    ]
}

/// Topics, most of them valid, and payloads.
fn publish() -> impl Strategy<Value = Vec<u8>> {
    let topic = prop_oneof![
        4 => "[a-d/é水𝄞]{1,40}".prop_map(String::into_bytes),
        1 => vec(prop_oneof![Just(b'a'), Just(b'#'), Just(0), 0x80..=0xffu8], 0..30),
    ];
    let flags = prop_oneof![0..2u8, 2..6u8, 10..14u8];
    (flags, topic, any::<u16>(), vec(any::<u8>(), 0..100)).prop_map(|(flags, topic, id, payload)| {
        let id = id.to_be_bytes();
        let id: &[u8] = if flags < 2 { &[] } else { &id };
        let topic_length = u16::try_from(topic.len()).unwrap().to_be_bytes();
        let body = [&topic_length[..], &topic, id, &payload].concat();
        let low = u8::try_from(body.len() & 0x7f).unwrap();
        let high = u8::try_from(body.len() >> 7).unwrap();
        [&[0x30 | flags, low | 0x80, high][..], &body].concat()
    })
}

fn packet() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => publish(),
        1 => Just(PINGRESP.to_vec()),
        1 => Just(DISCONNECT.to_vec()),
        1 => any::<[u8; 2]>().prop_map(|id| [&b"\x40\x02"[..], &id].concat()),
        1 => (1..40u8).prop_map(|codes| [&[0x90, codes + 2, 0, 1][..], &vec![0; codes.into()]].concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8 * ProptestConfig::default().cases))]

    #[test]
    fn packets_in_pieces(packets in vec(packet(), 1..6), size in 16..=80usize, chunks in chunks()) {
        check(&packets.concat(), size, &chunks);
    }

    #[test]
    fn packets_with_a_wrong_byte(
        packets in vec(packet(), 1..4),
        (at, byte) in any::<(prop::sample::Index, u8)>(),
        size in 16..=80usize,
        chunks in chunks(),
    ) {
        let mut stream = packets.concat();
        let at = at.index(stream.len());
        stream[at] = byte;
        check(&stream, size, &chunks);
    }

    #[test]
    fn any_bytes(stream in vec(any::<u8>(), 0..200), size in 16..=80usize, chunks in chunks()) {
        check(&stream, size, &chunks);
    }

    /// A topic that is larger than the buffer is checked in pieces: the verdict is the standard library's.
    #[test]
    fn a_topic_in_pieces(topic in vec(any::<char>(), 20..60), chunks in chunks(), cut in 0..4usize) {
        let text: String = topic.into_iter().filter(|&character| !"+#\0".contains(character)).collect();
        let topic = &text.as_bytes()[..text.len().saturating_sub(cut)];
        prop_assume!(topic.len() > 16);
        let length = u16::try_from(topic.len()).unwrap();
        let body = [&length.to_be_bytes()[..], topic, b"payload"].concat();
        let (low, high) = (body.len() & 0x7f | 0x80, body.len() >> 7);
        let packet = [&[0x30, u8::try_from(low).unwrap(), u8::try_from(high).unwrap()][..], &body].concat();
        let mut receiver = umqtt_proto::Receiver::new([0; 16]);
        let told = receiver_model::drive(&mut receiver, &packet, &chunks);
        let refused = matches!(told.last(), Some((receiver_model::Told::Broken(_), _)));
        prop_assert_eq!(refused, std::str::from_utf8(topic).is_err());
    }
}
