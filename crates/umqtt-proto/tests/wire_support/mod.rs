//! The golden wire vectors of `testdata/vectors`.
//!
//! A record is a name, a line of bytes (`> 30 05 …`; `5a*125` is a run), and what is expected of them: `= ` the
//! packet; or `! ` the rule broken and the number of bytes that broke it; and `~ ` the bytes that writing the
//! packet gives, when they are not those that were read.

use std::fs;
use std::path::{Path, PathBuf};

/// One record of `testdata/vectors`.
#[derive(Debug)]
pub(crate) struct Vector {
    /// File and name, to find it by.
    pub(crate) name: String,
    /// The bytes.
    pub(crate) bytes: Vec<u8>,
}

/// A file of `testdata`.
pub(crate) fn testdata(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(path)
}

/// The files of `testdata/vectors`, sorted.
pub(crate) fn vector_files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(testdata("vectors")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// The records of the text of such a file.
pub(crate) fn parse(file: &Path, text: &str) -> Vec<Vector> {
    let mut vectors = Vec::new();
    let mut title = "";
    for line in text.lines() {
        match line.as_bytes() {
            [b'>', hex @ ..] => vectors.push(Vector {
                name: format!("{}: {title}", file.file_stem().unwrap().to_str().unwrap()),
                bytes: parse_hex(std::str::from_utf8(hex).unwrap()),
            }),
            [] | [b'#' | b'=' | b'!' | b'~', ..] => {}
            _ => title = line,
        }
    }
    vectors
}

/// Every vector.
pub(crate) fn vectors() -> Vec<Vector> {
    let files = vector_files();
    files.iter().flat_map(|file| parse(file, &fs::read_to_string(file).unwrap())).collect()
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
