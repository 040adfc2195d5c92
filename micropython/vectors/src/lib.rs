//! Runs the protocol core on every wire vector, and makes one number for each file of vectors.
//!
//! The same code runs on the host and on a processor for which there is no MicroPython to test in; the numbers
//! must be the same.

#![cfg_attr(not(feature = "host"), no_std)]
#![allow(unsafe_code)]

use core::fmt::{self, Write};

use umqtt_proto::wire::Packet;
use umqtt_proto::{Receiver, TopicFilter, TopicName};

const FILES: [(&str, &str); 9] = [
    ("ack", include_str!("../../../testdata/vectors/ack.txt")),
    ("connack", include_str!("../../../testdata/vectors/connack.txt")),
    ("connect", include_str!("../../../testdata/vectors/connect.txt")),
    ("empty", include_str!("../../../testdata/vectors/empty.txt")),
    ("fixed_header", include_str!("../../../testdata/vectors/fixed_header.txt")),
    ("publish", include_str!("../../../testdata/vectors/publish.txt")),
    ("suback", include_str!("../../../testdata/vectors/suback.txt")),
    ("subscribe", include_str!("../../../testdata/vectors/subscribe.txt")),
    ("unsubscribe", include_str!("../../../testdata/vectors/unsubscribe.txt")),
];

/// Writes a line for each file: its name, how many packets were tried, and a number that depends on all outcomes.
///
/// # Errors
/// Any error of the writer.
pub fn run(lines: &mut impl Write) -> fmt::Result {
    for (name, vectors) in FILES {
        let mut outcome = Outcome(0x811c_9dc5);
        let mut random = Random(0x2545_f491);
        let mut count = 0_u32;
        for line in vectors.lines() {
            let Some(digits) = line.strip_prefix("> ") else { continue };
            let mut bytes = Bytes { buffer: [0; 1024], length: 0 };
            digits
                .split(' ')
                .filter_map(|digit| u8::from_str_radix(digit, 16).ok())
                .for_each(|b| bytes.push(b));
            let packet = bytes.buffer.get_mut(..bytes.length).unwrap_or_default();
            try_packet(packet, &mut random, &mut outcome)?;
            // Then it is tried with a byte changed, at several places.
            for _ in 0..16 {
                let (at, change) = (random.below(packet.len()), random.next() as u8);
                if let Some(byte) = packet.get_mut(at) {
                    *byte ^= change;
                }
                try_packet(packet, &mut random, &mut outcome)?;
                if let Some(byte) = packet.get_mut(at) {
                    *byte ^= change;
                }
            }
            count += 17;
        }
        writeln!(lines, "{name} {count} {:08x}", outcome.0)?;
    }
    Ok(())
}

/// Decodes, encodes, receives in pieces, and takes the bytes for a topic.
fn try_packet(bytes: &[u8], random: &mut Random, outcome: &mut Outcome) -> fmt::Result {
    let decoded = Packet::decode(bytes);
    write!(outcome, "{decoded:?}")?;
    if let Ok(Some((packet, _))) = decoded {
        let mut out = [0; 1100];
        let written = packet.encode(&mut out);
        write!(outcome, "{written:?}")?;
        outcome.add(out.get(..written.unwrap_or(0)).unwrap_or_default());
    }
    let mut receiver = Receiver::new([0; 96]);
    let mut rest = bytes;
    while !rest.is_empty() {
        let room = receiver.unfilled();
        let count = (1 + random.below(9)).min(rest.len()).min(room.len());
        let (Some((now, later)), Some(room)) = (rest.split_at_checked(count), room.get_mut(..count)) else {
            break;
        };
        room.copy_from_slice(now);
        rest = later;
        receiver.advance(count);
        let mut has_failed = false;
        loop {
            match receiver.poll() {
                Ok(Some(frame)) => write!(outcome, "{frame:?}")?,
                Ok(None) => break,
                Err(violation) => {
                    write!(outcome, "{violation:?}")?;
                    has_failed = true;
                    break;
                }
            }
        }
        if has_failed {
            break;
        }
    }
    let name = TopicName::from_bytes(bytes);
    let filter = TopicFilter::from_bytes(bytes);
    write!(outcome, "{name:?}{filter:?}")?;
    if let (Ok(name), Ok(filter)) = (name, filter) {
        write!(outcome, "{}", filter.matches(name))?;
    }
    Ok(())
}

/// The bytes of a vector; what does not fit is left out, in the same way on every processor.
struct Bytes {
    buffer: [u8; 1024],
    length: usize,
}

impl Bytes {
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.buffer.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }
}

/// FNV-1a over everything that is written.
struct Outcome(u32);

impl Outcome {
    fn add(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    }
}

impl Write for Outcome {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.add(text.as_bytes());
        Ok(())
    }
}

/// xorshift
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// A number below the bound, or 0.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() as usize & 0xffff).checked_rem(bound).unwrap_or(0)
    }
}

/// The start-up code calls this, with its function for standard output, as MicroPython would call a module.
#[cfg(not(feature = "host"))]
#[unsafe(no_mangle)]
extern "C" fn mpy_init(write: extern "C" fn(*const u8, usize)) -> i32 {
    struct Console(extern "C" fn(*const u8, usize));
    impl Write for Console {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            (self.0)(text.as_ptr(), text.len());
            Ok(())
        }
    }
    i32::from(run(&mut Console(write)).is_err())
}

#[cfg(not(feature = "host"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
