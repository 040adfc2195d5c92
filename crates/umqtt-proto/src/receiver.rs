//! A framer with its buffer: whole packets, lent from it.

use core::fmt;

use crate::error::Violation;
use crate::framer::{Frame, Framer, Large, Parts, Streams, Whole};
use crate::session::{Event, Notice};

/// Collects bytes until a packet is whole; the bytes may arrive in pieces of any size.
///
/// Fill [`unfilled`](Self::unfilled) with what the link has, say how much with [`advance`](Self::advance), and
/// take frames with [`poll`](Self::poll) until there is none. A frame is lent until the next call. `L` decides what
/// happens to a PUBLISH that is larger than the buffer.
///
/// ```
/// use umqtt_proto::wire::PacketType;
/// use umqtt_proto::{FrameKind, Receiver};
/// let mut receiver = Receiver::new([0; 64]);
/// for &byte in b"\xd0\x00" {
///     assert_eq!(receiver.poll(), Ok(None));
///     receiver.unfilled()[0] = byte;
///     receiver.advance(1);
/// }
/// let frame = receiver.poll().unwrap().unwrap();
/// assert_eq!((frame.kind, frame.header.packet_type), (FrameKind::Whole, PacketType::PingResp));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Receiver<B, L = Parts> {
    buffer: B,
    framer: Framer<L>,
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Receiver<B, Parts> {
    /// A receiver that keeps its packets in `buffer`; a message that is larger comes in parts.
    ///
    /// The buffer decides what "large" means: a message that fits is lent whole. It must hold at least 16 bytes, and
    /// the largest SUBACK: 5 bytes and one for each filter of a SUBSCRIBE.
    #[must_use]
    pub const fn new(buffer: B) -> Self {
        Self::with_large(buffer)
    }
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Receiver<B, Whole> {
    /// A receiver that keeps its packets in `buffer`; a message that is larger ends the connection.
    #[must_use]
    pub const fn whole(buffer: B) -> Self {
        Self::with_large(buffer)
    }
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Receiver<B, Streams> {
    /// As [`new`](Self::new), for a client that also sends messages of any size.
    #[must_use]
    pub const fn streams(buffer: B) -> Self {
        Self::with_large(buffer)
    }
}

impl<B: AsRef<[u8]> + AsMut<[u8]>, L: Large> Receiver<B, L> {
    /// A receiver whose type decides what happens to large messages.
    #[must_use]
    pub const fn with_large(buffer: B) -> Self {
        Self { buffer, framer: Framer::new() }
    }

    /// Forgets all bytes: what comes next belongs to a new connection.
    pub fn clear(&mut self) {
        self.framer.clear();
    }

    /// The room for the bytes that come next; what was lent becomes invalid.
    ///
    /// It is empty only while [`poll`](Self::poll) has frames to return. Reading into all of it may take bytes of
    /// several packets; a caller that must not read past the current packet reads [`wanted`](Self::wanted)
    /// bytes.
    pub fn unfilled(&mut self) -> &mut [u8] {
        let place = self.framer.unfilled(self.buffer.as_mut());
        self.buffer.as_mut().get_mut(place).unwrap_or_default()
    }

    /// Says that the first `count` bytes of [`unfilled`](Self::unfilled) were filled.
    pub fn advance(&mut self, count: usize) {
        let room = self.buffer.as_ref().len().saturating_sub(self.framer.filled());
        self.framer.advance(count.min(room));
    }

    /// Whether a packet has begun and is not complete.
    #[must_use]
    pub fn is_mid_packet(&self) -> bool {
        self.framer.is_mid_packet()
    }

    /// The number of bytes, at least 1, that can be read without passing the end of the current packet.
    ///
    /// ```
    /// use umqtt_proto::Receiver;
    /// let mut receiver = Receiver::new([0; 64]);
    /// assert_eq!(receiver.wanted(), 2);
    /// for (byte, wanted) in [(0x30, 1), (5, 5), (0, 4), (1, 3)] {
    ///     receiver.unfilled()[0] = byte;
    ///     receiver.advance(1);
    ///     assert_eq!(receiver.wanted(), wanted);
    /// }
    /// ```
    #[must_use]
    pub fn wanted(&self) -> usize {
        let buffer = self.buffer.as_ref();
        self.framer.wanted(buffer).min(buffer.len().max(1))
    }

    /// The next frame, or `None` until more bytes have arrived.
    ///
    /// # Errors
    /// The rule that the bytes break, or [`Violation::PacketTooLarge`]; the connection must be closed.
    pub fn poll(&mut self) -> Result<Option<Frame<'_>>, Violation> {
        let buffer = self.buffer.as_ref();
        Ok(if self.framer.poll(buffer)? { Some(self.framer.frame(buffer)) } else { None })
    }

    /// The frame that [`poll`](Self::poll) returns next, without taking it.
    ///
    /// # Errors
    /// As [`poll`](Self::poll).
    pub fn peek(&self) -> Result<Option<Frame<'_>>, Violation> {
        let buffer = self.buffer.as_ref();
        let mut framer = self.framer.clone();
        Ok(if framer.poll(buffer)? { Some(framer.frame(buffer)) } else { None })
    }

    /// The receiver as [`Engine::step`](crate::Engine::step) takes it.
    #[inline]
    pub fn inbox(&mut self) -> Inbox<'_, L> {
        Inbox { buffer: self.buffer.as_mut(), framer: &mut self.framer, lent: 0 }
    }

    /// The event of a notice of [`Engine::step`](crate::Engine::step), with its message lent from the buffer, and the
    /// rest of the buffer: what arrives while the message is held is read into it.
    #[inline]
    pub fn lend(&mut self, notice: Notice) -> (Event<'_>, Inbox<'_, L>) {
        let lent = self.framer.taken();
        let (message, rest) = self.buffer.as_mut().split_at_mut_checked(lent).unwrap_or_default();
        let event = notice.lend(self.framer.body(message), self.framer.kind());
        (event, Inbox { buffer: rest, framer: &mut self.framer, lent })
    }
}

// What was received may be secret.
impl<B, L: fmt::Debug> fmt::Debug for Receiver<B, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.framer.fmt(f)
    }
}

/// A [`Receiver`], or the part of one behind a message that is held.
pub struct Inbox<'a, L = Parts> {
    pub(crate) buffer: &'a mut [u8],
    pub(crate) framer: &'a mut Framer<L>,
    /// How many bytes in front of `buffer` are lent.
    lent: usize,
}

impl<L: Large> Inbox<'_, L> {
    /// The room for the bytes that come next; [`Engine::did_read`](crate::Engine::did_read) says how many there
    /// are.
    pub fn unfilled(&mut self) -> &mut [u8] {
        // What is held cannot move.
        if self.lent == 0 {
            self.framer.unfilled(self.buffer);
        }
        let filled = self.filled();
        self.buffer.get_mut(filled..).unwrap_or_default()
    }

    /// The same inbox, lent.
    #[inline]
    pub fn reborrow(&mut self) -> Inbox<'_, L> {
        Inbox { buffer: self.buffer, framer: self.framer, lent: self.lent }
    }

    /// Whether a message is held, so that no other can be reported.
    #[inline]
    pub(crate) const fn is_held(&self) -> bool {
        self.lent > 0
    }

    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        self.lent == 0 && self.framer.taken() > 0 || self.filled() < self.buffer.len()
    }

    /// How much of the buffer is filled.
    #[inline]
    const fn filled(&self) -> usize {
        self.framer.filled().wrapping_sub(self.lent)
    }
}

impl<L> fmt::Debug for Inbox<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("lent", &self.lent).finish_non_exhaustive()
    }
}
