//! The only raw access to bytes: a reader that may run out of bytes, and a writer whose room was measured before.

use crate::error::Violation;
use crate::packet_id::PacketId;

/// Takes fields from the front of a packet's body; running out is [`Violation::WrongLength`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Violation> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Violation::WrongLength)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Violation> {
        let (&byte, rest) = self.0.split_first().ok_or(Violation::WrongLength)?;
        self.0 = rest;
        Ok(byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Violation> {
        let (&bytes, rest) = self.0.split_first_chunk().ok_or(Violation::WrongLength)?;
        self.0 = rest;
        Ok(u16::from_be_bytes(bytes))
    }

    pub(crate) fn packet_id(&mut self) -> Result<PacketId, Violation> {
        PacketId::new(self.u16()?).ok_or(Violation::ZeroPacketId)
    }

    /// A field that says its own length in two bytes.
    pub(crate) fn prefixed(&mut self) -> Result<&'a [u8], Violation> {
        let length = self.u16()?;
        self.bytes(usize::from(length))
    }

    pub(crate) const fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Says that nothing may follow.
    pub(crate) const fn finish(self) -> Result<(), Violation> {
        if self.0.is_empty() { Ok(()) } else { Err(Violation::WrongLength) }
    }
}

/// Puts fields one after another, and counts them; what does not fit the room is only counted.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    room: &'a mut [u8],
    length: usize,
}

impl<'a> Writer<'a> {
    pub(crate) const fn new(room: &'a mut [u8]) -> Self {
        Self { room, length: 0 }
    }

    /// How many bytes were put, or would have been.
    pub(crate) const fn length(&self) -> usize {
        self.length
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.length = self.length.saturating_add(bytes.len());
        if let Some((room, rest)) = core::mem::take(&mut self.room).split_at_mut_checked(bytes.len()) {
            copy(room, bytes);
            self.room = rest;
        }
    }

    pub(crate) fn u8(&mut self, byte: u8) {
        self.bytes(&[byte]);
    }

    pub(crate) fn u16(&mut self, number: u16) {
        self.bytes(&number.to_be_bytes());
    }

    /// A field behind its length in two bytes; the field was checked to be no longer than they can say.
    #[allow(clippy::cast_possible_truncation)]
    pub(crate) fn prefixed(&mut self, bytes: &[u8]) {
        self.u16(bytes.len() as u16);
        self.bytes(bytes);
    }
}

/// What lies in `buffer` from `start` to `end`, if that is a place in it.
#[cfg_attr(target_os = "none", inline(never))]
pub(crate) fn between(buffer: &[u8], start: usize, end: usize) -> &[u8] {
    buffer.get(start..end).unwrap_or_default()
}

/// Copies as many bytes as both have.
///
/// A loop that compilers know as a copy; `copy_from_slice` keeps its panic in a build for size.
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// Moves all but the first `gone` bytes to the front of `buffer`.
///
/// On bare metal in steps that do not overlap, since `copy_within` would bring `memmove`, which takes 1.6 KB;
/// elsewhere in one move.
#[inline]
pub(crate) fn move_to_front(buffer: &mut [u8], gone: usize) {
    if gone == 0 || gone > buffer.len() {
        return;
    }
    if cfg!(not(target_os = "none")) {
        buffer.copy_within(gone.., 0);
        return;
    }
    let mut rest = buffer;
    while let Some((to, from)) = rest.split_at_mut_checked(gone) {
        copy(to, from);
        rest = from;
    }
}
