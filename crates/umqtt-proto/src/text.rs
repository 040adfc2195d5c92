//! Strings and binary fields: at most 65,535 bytes, checked once, then only lent.

use core::fmt;

use crate::error::{InvalidField, Violation};

/// What a string is for, which decides what it must not contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TextKind {
    Text,
    TopicName,
    TopicFilter,
}

/// Checks a string byte by byte, so that it may arrive in pieces: UTF-8, no U+0000, and wildcards only where
/// they may stand [MQTT-1.5.3-1, -2, MQTT-3.3.2-2, MQTT-4.7.1-2, -3].
///
/// It uses no table, and not [`core::str::from_utf8`], which brings a table of 256 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TextCheck {
    kind: TextKind,
    /// Continuation bytes still to come.
    need: u8,
    /// The bounds of the next continuation byte; narrower after a few first bytes.
    low: u8,
    high: u8,
    /// The byte before, or a slash.
    before: u8,
}

impl TextCheck {
    pub(crate) const fn new(kind: TextKind) -> Self {
        Self { kind, need: 0, low: 0x80, high: 0xbf, before: b'/' }
    }

    /// Takes the next bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        for &byte in bytes {
            if self.need > 0 {
                if byte < self.low || byte > self.high {
                    return Err(Violation::InvalidUtf8);
                }
                self.need -= 1;
                self.low = 0x80;
                self.high = 0xbf;
                continue;
            }
            self.need = match byte {
                0 => return Err(Violation::NulCharacter),
                0x01..=0x7f => 0,
                0xc2..=0xf4 => 1 + u8::from(byte >= 0xe0) + u8::from(byte >= 0xf0),
                _ => return Err(Violation::InvalidUtf8),
            };
            // Overlong forms, surrogates and what lies above U+10FFFF.
            match byte {
                0xe0 => self.low = 0xa0,
                0xed => self.high = 0x9f,
                0xf0 => self.low = 0x90,
                0xf4 => self.high = 0x8f,
                _ => {}
            }
            let wildcard = byte == b'#' || byte == b'+';
            match self.kind {
                TextKind::TopicName if wildcard => return Err(Violation::WildcardInTopicName),
                TextKind::TopicFilter => {
                    // A wildcard stands alone between two slashes, and nothing follows '#'.
                    let fits = match self.before {
                        b'/' => true,
                        b'#' => false,
                        b'+' => byte == b'/',
                        _ => !wildcard,
                    };
                    if !fits {
                        return Err(Violation::MisplacedWildcard);
                    }
                    self.before = byte;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Says that the string is over.
    pub(crate) const fn finish(self) -> Result<(), Violation> {
        if self.need == 0 { Ok(()) } else { Err(Violation::InvalidUtf8) }
    }
}

/// Checks a whole string.
pub(crate) fn check_text(bytes: &[u8], kind: TextKind) -> Result<(), Violation> {
    if bytes.is_empty() && kind != TextKind::Text {
        return Err(Violation::EmptyTopic);
    }
    // Where flash does not matter, the usual string is checked by a fast path.
    if cfg!(not(target_os = "none")) && is_plain(bytes) {
        return Ok(());
    }
    let mut check = TextCheck::new(kind);
    check.push(bytes)?;
    check.finish()
}

/// Whether all characters are ASCII, and none is U+0000 or a wildcard: valid in every kind of string.
fn is_plain(bytes: &[u8]) -> bool {
    let mut plain = true;
    for &byte in bytes {
        plain &= byte.wrapping_sub(1) < 0x7f && byte != b'#' && byte != b'+';
    }
    plain
}

pub(crate) const fn check_length(bytes: &[u8]) -> Result<(), InvalidField> {
    if bytes.len() > u16::MAX as usize { Err(InvalidField::TooLong) } else { Ok(()) }
}

/// An MQTT string: UTF-8 without U+0000, at most 65,535 bytes [MQTT-1.5.3-1, -2, -3].
///
/// ```
/// use umqtt_proto::Text;
/// assert_eq!(Text::new("naïve").unwrap().as_bytes().len(), 6);
/// assert!(Text::new("a\0b").is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// Checks a string.
    ///
    /// # Errors
    /// [`InvalidField::TooLong`] above 65,535 bytes; [`Violation::NulCharacter`].
    pub fn new(text: &'a str) -> Result<Self, InvalidField> {
        Self::from_bytes(text.as_bytes())
    }

    /// Checks bytes.
    ///
    /// # Errors
    /// As [`Text::new`], and [`Violation::InvalidUtf8`].
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, InvalidField> {
        check_length(bytes)?;
        Ok(Self::received(bytes)?)
    }

    /// A string from the wire, where it cannot be too long.
    pub(crate) fn received(bytes: &'a [u8]) -> Result<Self, Violation> {
        check_text(bytes, TextKind::Text)?;
        Ok(Self(bytes))
    }

    /// The string, as the bytes on the wire.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The string; this costs a scan, since the core does not keep it as `str`.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        as_str(self.0)
    }

    /// Whether it is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

/// The bytes were checked before and are UTF-8; the impossible case gives the empty string.
pub(crate) fn as_str(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Text<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=str}", self.as_str());
    }
}

/// The name by which a broker knows a client and its session [MQTT-3.1.3-2 to -4].
///
/// Brokers must accept 1 to 23 letters and digits, and may accept more. An empty client id asks the broker to
/// choose one, and is allowed only with a clean session [MQTT-3.1.3-7].
pub type ClientId<'a> = Text<'a>;

/// A field of arbitrary bytes, at most 65,535: a password or a will's payload.
///
/// Its `Debug` shows only the length, since it may be a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Binary<'a>(&'a [u8]);

impl<'a> Binary<'a> {
    /// Checks the length.
    ///
    /// # Errors
    /// [`InvalidField::TooLong`] above 65,535 bytes.
    pub const fn new(bytes: &'a [u8]) -> Result<Self, InvalidField> {
        match check_length(bytes) {
            Ok(()) => Ok(Self(bytes)),
            Err(error) => Err(error),
        }
    }

    /// A field from the wire, where it cannot be too long.
    pub(crate) const fn received(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

impl fmt::Debug for Binary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Binary<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "[{=usize} bytes]", self.0.len());
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    /// The standard library is the model: same verdict for every string of one to four bytes that is a boundary case.
    #[test]
    fn agrees_with_the_standard_library() {
        let borders = [
            0x00u8, 0x01, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1,
            0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
        ];
        // Miri is slow.
        for length in 0..=if cfg!(miri) { 2 } else { 4u32 } {
            for index in 0..borders.len().pow(length) {
                let bytes: std::vec::Vec<u8> =
                    (0..length).map(|at| borders[index / borders.len().pow(at) % borders.len()]).collect();
                let model = core::str::from_utf8(&bytes).is_ok_and(|text| !text.contains('\0'));
                assert_eq!(check_text(&bytes, TextKind::Text).is_ok(), model, "{bytes:02x?}");
            }
        }
    }
}
