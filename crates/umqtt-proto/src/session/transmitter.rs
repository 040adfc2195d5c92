//! The bytes that wait to be written: whole packets, one after the other.

use core::fmt;

use super::RequestError;
use crate::error::EncodeError;
use crate::packet_id::PacketId;
use crate::wire::{Fields, PacketType, between, copy, encode};

/// Holds encoded packets until the link takes them.
///
/// Claim room, write a packet there, commit it; what was committed is sent in that order. `Debug` does not show
/// the bytes, since CONNECT may have a password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Transmitter<T> {
    buffer: T,
    start: usize,
    end: usize,
    /// Where the PINGREQ ends whose answer is awaited; 0 when the link has taken it.
    ping: usize,
    /// Bytes of a payload that is given in pieces, still to come before anything else.
    open: usize,
}

impl<T: AsRef<[u8]> + AsMut<[u8]>> Transmitter<T> {
    #[inline]
    pub(crate) const fn new(buffer: T) -> Self {
        Self { buffer, start: 0, end: 0, ping: 0, open: 0 }
    }

    /// What waits to be sent.
    #[inline]
    pub(crate) fn pending(&self) -> &[u8] {
        between(self.buffer.as_ref(), self.start, self.end)
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.start >= self.end
    }

    /// How many bytes are still to be sent, including those that are not here yet.
    #[inline]
    pub(crate) const fn backlog(&self) -> usize {
        self.end.wrapping_sub(self.start).saturating_add(self.open)
    }

    /// Says that the first `count` bytes of [`pending`](Self::pending) are sent; returns whether PINGREQ went with
    /// them.
    #[inline]
    pub(crate) const fn sent(&mut self, count: usize) -> bool {
        self.start = self.start.saturating_add(count);
        let pinged = self.ping > 0 && self.start >= self.ping;
        if pinged {
            self.ping = 0;
        }
        if self.start >= self.end {
            self.start = 0;
            self.end = 0;
        }
        pinged
    }

    /// The PINGREQ that was put here last is the one whose answer is awaited.
    pub(crate) const fn mark_ping(&mut self) {
        self.ping = self.end;
    }

    /// The size of the buffer.
    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        self.buffer.as_ref().len()
    }

    /// How many bytes of packets can be put behind what waits.
    #[inline(always)]
    pub(crate) fn free(&self) -> usize {
        if self.open > 0 { 0 } else { self.capacity().saturating_sub(self.end) }
    }

    #[inline(always)]
    pub(crate) fn has_room(&self, length: usize) -> bool {
        self.free() >= length
    }

    /// The room behind what waits; none while a payload is not complete.
    #[inline(always)]
    pub(crate) fn room(&mut self) -> &mut [u8] {
        if self.open > 0 { &mut [] } else { self.any_room() }
    }

    #[inline]
    pub(crate) fn any_room(&mut self) -> &mut [u8] {
        self.buffer.as_mut().get_mut(self.end..).unwrap_or_default()
    }

    /// Says that a packet of `length` bytes was written to [`room`](Self::room).
    #[inline]
    pub(crate) const fn commit(&mut self, length: usize) {
        self.end = self.end.wrapping_add(length);
    }

    /// Where the next packet begins.
    #[inline]
    pub(crate) const fn end(&self) -> usize {
        self.end
    }

    /// What was put since the next packet began at `place`.
    pub(crate) fn behind(&self, place: usize) -> &[u8] {
        between(self.buffer.as_ref(), place, self.end)
    }

    /// Forgets what was put since then.
    pub(crate) const fn take_back(&mut self, place: usize) {
        self.end = place;
    }

    /// Puts a packet with these fields behind what waits, except its last `follow` bytes.
    pub(crate) fn put(
        &mut self,
        first: u8,
        id: PacketId,
        fields: &Fields<'_>,
        follow: usize,
    ) -> Result<(), RequestError> {
        match encode(first, id, fields, follow, self.room()) {
            Ok(length) => {
                self.commit(length);
                Ok(())
            }
            Err(EncodeError::TooLong) => Err(RequestError::TooLong),
            Err(EncodeError::BufferTooSmall { needed }) if needed > self.capacity() => {
                Err(RequestError::BufferTooSmall)
            }
            Err(EncodeError::BufferTooSmall { .. }) => Err(RequestError::TransmitFull),
        }
    }

    /// Puts a packet behind what waits; returns whether there was room.
    #[cfg_attr(target_os = "none", inline(never))]
    pub(crate) fn push(&mut self, packet: &[u8]) -> bool {
        let Some(room) = self.room().get_mut(..packet.len()) else { return false };
        copy(room, packet);
        self.end = self.end.wrapping_add(packet.len());
        true
    }

    /// Puts an acknowledgement behind what waits; returns whether there was room.
    #[cfg_attr(target_os = "none", inline(never))]
    pub(crate) fn push_ack(&mut self, packet_type: PacketType, id: u16) -> bool {
        let [high, low] = id.to_be_bytes();
        self.push(&[packet_type.first_byte(), 2, high, low])
    }

    /// Says that `length` bytes of a packet follow, which [`push_payload`](Self::push_payload) takes.
    #[inline]
    pub(crate) const fn open(&mut self, length: usize) {
        self.open = length;
    }

    /// How many bytes of a packet are still to come.
    #[inline]
    pub(crate) const fn open_bytes(&self) -> usize {
        self.open
    }

    /// Puts as much of `payload` behind what waits as there is room for, and returns how much.
    pub(crate) fn push_payload(&mut self, payload: &[u8]) -> usize {
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
    pub(crate) const fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
        self.ping = 0;
        self.open = 0;
    }
}

impl<T> fmt::Debug for Transmitter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { buffer: _, start, end, ping, open } = self;
        let mut shown = f.debug_struct("Transmitter");
        shown.field("start", start).field("end", end).field("ping", ping).field("open", open);
        shown.finish_non_exhaustive()
    }
}
