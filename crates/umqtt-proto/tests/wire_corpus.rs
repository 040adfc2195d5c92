//! The packets of `testdata/corpus/mqtt-packets.hex`: read whole and in pieces, and written again.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod receiver_model;

use std::fs;

use receiver_model::{Chunks, check};
use umqtt_proto::wire::Packet;

#[test]
fn the_corpus_is_read_the_same_whole_and_in_pieces() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/corpus/mqtt-packets.hex");
    let text = fs::read_to_string(path).unwrap();
    let (mut read, mut incomplete, mut refused) = (0, 0, 0);
    // Miri is slow.
    for line in text.lines().step_by(if cfg!(miri) { 200 } else { 1 }) {
        let digits = |at| u8::from_str_radix(&line[at..at + 2], 16).unwrap();
        let bytes: Vec<u8> = (0..line.len()).step_by(2).map(digits).collect();
        match Packet::decode(&bytes) {
            Ok(Some((packet, length))) => {
                read += 1;
                let mut written = [0; 64];
                let again = packet.encode(&mut written).unwrap();
                assert!(again <= length, "{line}");
                assert_eq!(Packet::decode(&written[..again]), Ok(Some((packet, again))), "{line}");
                assert!((0..length).all(|cut| Packet::decode(&bytes[..cut]) == Ok(None)), "{line}");
            }
            Ok(None) => incomplete += 1,
            Err(_) => refused += 1,
        }
        for size in [16, 24, 64] {
            for chunks in [Chunks::Full, Chunks::Wanted, Chunks::AtMost(1), Chunks::Each(vec![5, 1])] {
                check(&bytes, size, &chunks);
            }
        }
    }
    // Most of the corpus is MQTT 5, which is to be refused.
    assert!(cfg!(miri) || (read, incomplete, refused) == (283, 0, 1475), "{read}, {incomplete}, {refused}");
}
