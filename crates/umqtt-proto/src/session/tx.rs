//! The bytes that wait to be sent, whole packets one behind the other.

use core::fmt;

use crate::wire::{DUP, copy};

/// Holds encoded packets until the transport takes them.
///
/// Claim room, write a packet there, commit it; what was committed is sent in that order. `Debug` does not show
/// the bytes, since CONNECT may have a password.
pub struct Transmitter<T> {
    buffer: T,
    start: usize,
    end: usize,
    /// Bytes of a payload that is given in pieces, still to come before anything else.
    open: usize,
}

impl<T: AsRef<[u8]> + AsMut<[u8]>> Transmitter<T> {
    /// Nothing to send, in `buffer`.
    #[must_use]
    pub const fn new(buffer: T) -> Self {
        Self { buffer, start: 0, end: 0, open: 0 }
    }

    /// What waits to be sent.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        self.buffer.as_ref().get(self.start..self.end).unwrap_or_default()
    }

    /// Says that the first `count` bytes of [`pending`](Self::pending) are sent.
    pub fn sent(&mut self, count: usize) {
        self.start = self.start.saturating_add(count);
        if self.start >= self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// The size of the buffer.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.buffer.as_ref().len()
    }

    /// Whether a packet of `length` bytes can be put behind what waits.
    #[must_use]
    pub fn has_room(&self, length: usize) -> bool {
        self.open == 0 && self.end.saturating_add(length) <= self.capacity()
    }

    /// The room behind what waits; none while a payload is not complete.
    pub fn room(&mut self) -> &mut [u8] {
        if self.open > 0 { &mut [] } else { self.any_room() }
    }

    fn any_room(&mut self) -> &mut [u8] {
        self.buffer.as_mut().get_mut(self.end..).unwrap_or_default()
    }

    /// Says that a packet of `length` bytes was written to [`room`](Self::room).
    pub fn commit(&mut self, length: usize) {
        self.end = self.end.wrapping_add(length).min(self.capacity());
    }

    /// Puts a packet behind what waits; tells whether there was room.
    pub fn push(&mut self, packet: &[u8]) -> bool {
        let Some(room) = self.room().get_mut(..packet.len()) else { return false };
        copy(room, packet);
        self.commit(packet.len());
        true
    }

    /// Puts a PUBLISH behind what waits, with DUP set [MQTT-3.3.1-1]; tells whether there was room.
    pub fn push_duplicate(&mut self, publish: &[u8]) -> bool {
        let Some(room) = self.room().get_mut(..publish.len()) else { return false };
        copy(room, publish);
        if let Some(first) = room.first_mut() {
            *first |= DUP;
        }
        self.commit(publish.len());
        true
    }

    /// Says that `length` bytes of payload follow, which [`push_payload`](Self::push_payload) takes.
    pub fn open_payload(&mut self, length: usize) {
        self.open = length;
    }

    /// How many bytes of payload are still to come.
    #[must_use]
    pub const fn payload_remaining(&self) -> usize {
        self.open
    }

    /// Puts as much of `payload` behind what waits as there is room for, and tells how much.
    pub fn push_payload(&mut self, payload: &[u8]) -> usize {
        let open = self.open;
        let room = self.any_room();
        let length = payload.len().min(room.len()).min(open);
        if let (Some(room), Some(payload)) = (room.get_mut(..length), payload.get(..length)) {
            copy(room, payload);
        }
        self.open = open.saturating_sub(length);
        self.commit(length);
        length
    }

    /// Forgets everything: the connection is over.
    pub fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
        self.open = 0;
    }
}

impl<T> fmt::Debug for Transmitter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { buffer: _, start, end, open } = self;
        let mut shown = f.debug_struct("Transmitter");
        shown.field("start", start).field("end", end).field("open", open).finish_non_exhaustive()
    }
}
