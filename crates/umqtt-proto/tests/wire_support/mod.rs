//! The golden wire vectors of `testdata/vectors`.
//!
//! A record is a name, a line of bytes (`> 30 05 …`; `5a*125` is a run), and what is expected of them: `= ` the
//! packet; or `! ` the rule broken and the number of bytes that broke it; and `~ ` the bytes that writing the
//! packet gives, when they are not those that were read.

use std::fs;
use std::path::PathBuf;

/// One record of a file of `testdata/vectors`.
#[derive(Debug)]
pub(crate) struct Vector {
    /// What it is about.
    pub(crate) name: String,
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
}

/// The files of `testdata/vectors`, sorted.
pub(crate) fn vector_files() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/vectors");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// The vector of a paragraph of such a file, and where in it the bytes end; `None` of a comment.
pub(crate) fn parse(paragraph: &str) -> Option<(Vector, usize)> {
    let (name, rest) = paragraph.split_once("\n> ")?;
    let hex = rest.lines().next()?;
    let vector = Vector { name: name.trim().into(), bytes: parse_hex(hex) };
    Some((vector, name.len() + "\n> ".len() + hex.len()))
}

/// Every vector.
pub(crate) fn vectors() -> Vec<Vector> {
    let mut vectors = Vec::new();
    for file in vector_files() {
        let text = fs::read_to_string(file).unwrap();
        vectors.extend(text.split("\n\n").filter_map(parse).map(|(vector, _)| vector));
    }
    vectors
}

fn parse_hex(hex: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in hex.split_whitespace() {
        let (byte, count) = word.split_once('*').unwrap_or((word, "1"));
        let byte = u8::from_str_radix(byte, 16).unwrap();
        bytes.resize(bytes.len() + count.parse::<usize>().unwrap(), byte);
    }
    bytes
}
