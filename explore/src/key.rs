//! The key of a state: 128 bits of hash over what can matter for what follows.
//!
//! A moment counts as the time since then, and no longer than the longest time-out; if nothing is timed, not at
//! all. What is left of earlier packets in buffers and tables does not count.

use std::hash::Hasher;

/// Where the clock starts: the moments of an exploration have numbers from here on, for three days, and no other
/// number of 32 bits that the engine keeps does.
pub const CLOCK: u32 = 0x4000_0000;
const CLOCK_RANGE: u32 = 0x1000_0000;

/// The most bytes that the canonical form of a state has.
const MOST: usize = 1024;

/// Writes a state down in its canonical form.
pub struct Canon {
    bytes: [u8; MOST],
    length: usize,
    now: u32,
    /// A time that is as long as any longer one; 0 if nothing is timed.
    long: u32,
}

impl Canon {
    pub fn new(now: u32, long: u32) -> Self {
        Self { bytes: [0; MOST], length: 0, now, long }
    }

    /// The key of what was written.
    pub fn key(&self) -> u128 {
        let bytes = &self.bytes[..self.length];
        let mut low = 0x243f_6a88_85a3_08d3 ^ self.length as u64;
        let mut high = 0x1319_8a2e_0370_7344;
        for chunk in bytes.chunks(16) {
            let mut words = [0; 16];
            words[..chunk.len()].copy_from_slice(chunk);
            let [a, b] =
                [0, 8].map(|at| u64::from_le_bytes(words[at..at + 8].try_into().unwrap_or_default()));
            low = fold(low ^ a ^ 0xa409_3822_299f_31d0, b ^ 0x082e_fa98_ec4e_6c89 ^ low.rotate_left(29));
            high = fold(high ^ b ^ 0x4528_21e6_38d0_1377, a ^ 0xbe54_66cf_34e9_0c6c ^ high.rotate_left(31));
        }
        let mixed = (fold(low, 0xc0ac_29b7_c97c_50dd ^ high), fold(high, 0x3f84_d5b5_b547_0917 ^ low));
        u128::from(mixed.0) << 64 | u128::from(mixed.1)
    }

    fn put(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        self.bytes[self.length..end].copy_from_slice(bytes);
        self.length = end;
    }
}

/// Multiplies, and adds both halves of the product.
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    // A factor of 0 must not make everything equal.
    (product as u64) ^ ((product >> 64) as u64) ^ a.rotate_left(17) ^ b
}

impl Hasher for Canon {
    fn finish(&self) -> u64 {
        self.key() as u64
    }

    fn write(&mut self, bytes: &[u8]) {
        self.put(bytes);
    }

    fn write_u8(&mut self, value: u8) {
        self.put(&[value]);
    }

    fn write_u16(&mut self, value: u16) {
        self.put(&value.to_le_bytes());
    }

    fn write_u32(&mut self, value: u32) {
        let is_moment = value.wrapping_sub(CLOCK) < CLOCK_RANGE;
        let value = match (is_moment, self.long) {
            (false, _) => value,
            (true, 0) => 0,
            (true, long) => CLOCK | self.now.wrapping_sub(value).min(long),
        };
        self.put(&value.to_le_bytes());
    }

    // Lengths, places and the numbers of variants are small.
    fn write_usize(&mut self, value: usize) {
        assert!(value <= usize::from(u16::MAX), "a length of {value}");
        self.put(&(value as u16).to_le_bytes());
    }

    fn write_isize(&mut self, value: isize) {
        self.write_usize(value as usize);
    }
}
