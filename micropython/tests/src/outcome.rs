//! What a program did, as text that people can read and compare.

use std::fmt::Write as _;

use crate::commands::hex;

/// The longest packet that is shown whole, in bytes.
const SHOWN: usize = 96;

/// A stream as its packets, one a line, in hex; a long one is cut, with its length and a checksum. An
/// incomplete packet is in the last line.
#[must_use]
pub fn packets(mut stream: &[u8]) -> String {
    let mut text = String::new();
    while !stream.is_empty() {
        let length = packet_length(stream).filter(|length| *length <= stream.len()).unwrap_or(stream.len());
        let (packet, rest) = stream.split_at(length);
        if packet.len() <= SHOWN {
            let _ = writeln!(text, "{}", hex(packet));
        } else {
            let start = packet.get(..SHOWN / 4).unwrap_or_default();
            let _ = writeln!(text, "{}.. {} bytes, checksum {:08x}", hex(start), length, checksum(packet));
        }
        stream = rest;
    }
    text
}

/// Whether a stream ends where a packet does.
#[must_use]
pub fn is_whole(mut stream: &[u8]) -> bool {
    while !stream.is_empty() {
        match packet_length(stream).and_then(|length| stream.get(length..)) {
            Some(rest) => stream = rest,
            None => return false,
        }
    }
    true
}

/// The length of the packet at the start of these bytes, by its header.
pub(crate) fn packet_length(bytes: &[u8]) -> Option<usize> {
    let mut length = 0;
    for (at, byte) in bytes.iter().enumerate().skip(1).take(4) {
        length |= usize::from(byte & 127) << (7 * (at - 1));
        if byte & 128 == 0 {
            return Some(1 + at + length);
        }
    }
    None
}

/// FNV-1a, 32 bits.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// Two texts side by side, line by line, as `diff` shows them: `-` is in the first alone, `+` in the second alone.
#[must_use]
pub fn difference(first: &str, second: &str) -> String {
    let (first, second): (Vec<&str>, Vec<&str>) = (first.lines().collect(), second.lines().collect());
    // The length of the longest common part of what follows, for each pair of lines.
    let width = second.len() + 1;
    let mut common = vec![0u32; (first.len() + 1) * width];
    let at = |row: usize, column: usize| row * width + column;
    for row in (0..first.len()).rev() {
        for column in (0..second.len()).rev() {
            let length = if first.get(row) == second.get(column) {
                common[at(row + 1, column + 1)] + 1
            } else {
                common[at(row + 1, column)].max(common[at(row, column + 1)])
            };
            common[at(row, column)] = length;
        }
    }
    let (mut row, mut column) = (0, 0);
    let mut text = String::new();
    loop {
        let (left, right) = (first.get(row), second.get(column));
        let (mark, line) = match (left, right) {
            (Some(left), Some(right)) if left == right => {
                (row, column) = (row + 1, column + 1);
                (' ', left)
            }
            (Some(left), _)
                if right.is_none() || common[at(row + 1, column)] >= common[at(row, column + 1)] =>
            {
                row += 1;
                ('-', left)
            }
            (_, Some(right)) => {
                column += 1;
                ('+', right)
            }
            _ => return text,
        };
        let _ = writeln!(text, "{mark} {line}");
    }
}

#[cfg(test)]
mod tests {
    use super::{difference, is_whole, packets};

    #[test]
    fn streams_are_cut_into_packets() {
        let long = [&[0x30, 100][..], &[b'a'; 100]].concat();
        let stream = [&[0xc0, 0][..], &long, &[0x40, 2, 0]].concat();
        let lines: Vec<String> = packets(&stream).lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0], "c000");
        assert!(lines[1].starts_with("3064616161") && lines[1].contains("102 bytes"), "{}", lines[1]);
        assert_eq!(lines[2], "400200");
        assert!(!is_whole(&stream));
        assert!(is_whole(&stream[..104]));
    }

    #[test]
    fn what_differs_is_marked() {
        assert_eq!(difference("a\nb\nc\n", "a\nc\nd\n"), "  a\n- b\n  c\n+ d\n");
        assert_eq!(difference("", "a"), "+ a\n");
    }
}
