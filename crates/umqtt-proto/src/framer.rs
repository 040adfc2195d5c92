//! Finds packets in a stream of bytes that arrives in pieces. It owns no buffer: it names places in the caller's
//! buffer.

use core::fmt;
use core::ops::Range;

use crate::error::Violation;
use crate::text::{TextCheck, TextKind};
use crate::wire::{FixedHeader, PacketType, between};

/// A packet, or a part of a PUBLISH that is larger than the buffer.
///
/// `Debug` shows only the length of the body, since it may be that of a CONNECT.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What `body` contains.
    pub kind: FrameKind,
    /// The fixed header of the packet.
    pub header: FixedHeader,
    /// The packet's body, or the part of it that has arrived.
    pub body: &'a [u8],
    /// How many bytes of payload follow in [`FrameKind::Part`]s; 0 when the packet is complete.
    pub remaining: u32,
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("kind", &self.kind)
            .field("header", &self.header)
            .field("body", &format_args!("[{} bytes]", self.body.len()))
            .field("remaining", &self.remaining)
            .finish()
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Frame<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        let Self { kind, header, body, remaining } = self;
        defmt::write!(
            f,
            "Frame {{ kind: {}, header: {}, body: [{=usize} bytes], remaining: {=u32} }}",
            kind,
            header,
            body.len(),
            remaining
        );
    }
}

/// What a [`Frame`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum FrameKind {
    /// A whole packet; [`Packet::decode_body`](crate::wire::Packet::decode_body) reads it.
    Whole,
    /// The start of a large PUBLISH; [`Publish::decode_body`](crate::wire::Publish::decode_body) reads it as a
    /// message with the first bytes of its payload.
    Start,
    /// The start of a large PUBLISH without its topic, which alone is larger than the buffer;
    /// [`Delivery::decode`](crate::wire::Delivery::decode) reads it.
    Untitled,
    /// A part of the payload of a large PUBLISH.
    Part,
}

/// What happens to messages that are larger than a buffer: [`Whole`], [`Parts`] or [`Streams`].
///
/// The choice is a type, so that a program pays nothing for what it does not use.
pub trait Large: Clone + 'static {
    /// The state at the start of a connection.
    #[doc(hidden)]
    const NEW: Self;
    /// Whether a client's `publish` sends a message that is larger than the transmit buffer in pieces.
    const STREAMS: bool = false;
    /// The state for receiving in parts; `None` leaves out all code for it.
    #[doc(hidden)]
    fn parts(&mut self) -> Option<&mut Parts>;
    #[doc(hidden)]
    fn seen(&self) -> Option<&Parts>;
}

/// A message that is larger than the receive buffer ends the connection with
/// [`Violation::PacketTooLarge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Whole;

/// A message that is larger than the receive buffer arrives in parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parts {
    kind: FrameKind,
    stage: Stage,
    topic_remaining: u16,
    /// How many bytes of the packet follow.
    remaining: u32,
    topic_check: TextCheck,
    /// The id of the message that arrives, and whether it is new.
    pub(crate) arriving: (u16, bool),
}

/// As [`Parts`], and a client's `publish` sends what is larger than the transmit buffer in pieces: messages of
/// any size in both directions, as programs with an operating system expect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Streams(Parts);

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// A packet that is held in the buffer until it is whole.
    Packet,
    /// A topic that does not fit the buffer, and is checked and dropped as it comes.
    Topic,
    /// The payload of a PUBLISH that does not fit the buffer.
    Payload,
}

impl Large for Whole {
    const NEW: Self = Self;

    #[inline]
    fn parts(&mut self) -> Option<&mut Parts> {
        None
    }

    #[inline]
    fn seen(&self) -> Option<&Parts> {
        None
    }
}

impl Large for Parts {
    const NEW: Self = Self {
        kind: FrameKind::Whole,
        stage: Stage::Packet,
        topic_remaining: 0,
        remaining: 0,
        topic_check: TextCheck::new(TextKind::TopicName),
        arriving: (0, false),
    };

    #[inline]
    fn parts(&mut self) -> Option<&mut Parts> {
        Some(self)
    }

    #[inline]
    fn seen(&self) -> Option<&Parts> {
        Some(self)
    }
}

impl Large for Streams {
    const NEW: Self = Self(Parts::NEW);
    const STREAMS: bool = true;

    #[inline]
    fn parts(&mut self) -> Option<&mut Parts> {
        Some(&mut self.0)
    }

    #[inline]
    fn seen(&self) -> Option<&Parts> {
        Some(&self.0)
    }
}

/// Finds packets in a buffer that the caller owns and fills.
///
/// [`Receiver`](crate::Receiver) is a framer with its buffer. Use the framer alone where the buffer has another
/// owner or grows: put bytes at [`unfilled`](Self::unfilled), say how many with [`advance`](Self::advance), and
/// look for packets with [`poll`](Self::poll).
///
/// ```
/// use umqtt_proto::wire::PacketType;
/// use umqtt_proto::{Framer, Whole};
/// let mut buffer = [0; 64];
/// let mut framer = Framer::<Whole>::new();
/// for &byte in b"\xd0\x00" {
///     assert_eq!(framer.poll(&buffer), Ok(false));
///     let room = framer.unfilled(&mut buffer);
///     buffer[room.start] = byte;
///     framer.advance(1);
/// }
/// assert_eq!(framer.poll(&buffer), Ok(true));
/// assert_eq!(framer.frame(&buffer).header.packet_type, PacketType::PingResp);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Framer<L = Parts> {
    /// The bytes that no frame has taken lie from here to `end`.
    start: usize,
    end: usize,
    /// Where the body of the last frame begins; it ends at `start`.
    body: usize,
    header: FixedHeader,
    large: L,
}

impl<L: Large> Framer<L> {
    /// A framer at the start of a connection.
    #[inline]
    #[must_use]
    pub const fn new() -> Self {
        // Of any packet: a run of zeros would be set by a call of `memclr`.
        let header = FixedHeader { packet_type: PacketType::PubRel, flags: 2, remaining_length: 2 };
        Self { start: 0, end: 0, body: 0, header, large: L::NEW }
    }

    /// Forgets all bytes: what comes next belongs to a new connection.
    #[inline]
    pub fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
        if let Some(parts) = self.large.parts() {
            parts.stage = Stage::Packet;
        }
    }

    /// The place in `buffer` for the bytes that come next; the last frame becomes invalid.
    ///
    /// The bytes of an unfinished packet are moved to the front when that makes more room than there is behind
    /// them. The place is empty only while [`poll`](Self::poll) has frames to return.
    #[cfg_attr(target_os = "none", inline(never))]
    pub fn unfilled(&mut self, buffer: &mut [u8]) -> Range<usize> {
        let length = buffer.len();
        let waiting = self.end.saturating_sub(self.start);
        if waiting == 0 || length.saturating_sub(self.end) < self.start {
            if let Some(filled) = buffer.get_mut(..self.end) {
                crate::wire::move_to_front(filled, self.start);
            }
            self.end = waiting;
            self.start = 0;
        }
        self.end..length
    }

    /// Says that the first `count` bytes of [`unfilled`](Self::unfilled) were filled.
    #[inline]
    pub const fn advance(&mut self, count: usize) {
        self.end = self.end.saturating_add(count);
    }

    /// Whether [`unfilled`](Self::unfilled) would give room in a buffer of this length.
    #[inline]
    #[must_use]
    pub const fn has_room(&self, length: usize) -> bool {
        self.start > 0 || self.end < length
    }

    /// Whether a packet has begun and is not complete.
    #[must_use]
    pub fn is_mid_packet(&self) -> bool {
        self.start < self.end || self.large.seen().is_some_and(|parts| parts.stage != Stage::Packet)
    }

    /// Whether there are bytes that no frame has taken.
    #[inline]
    pub(crate) const fn is_waiting(&self) -> bool {
        self.start < self.end
    }

    /// Where the bytes begin that no frame has taken.
    #[inline]
    pub(crate) const fn taken(&self) -> usize {
        self.start
    }

    #[inline]
    pub(crate) const fn filled(&self) -> usize {
        self.end
    }

    /// The number of bytes, at least 1, that can be read without passing the end of the current packet.
    #[must_use]
    pub fn wanted(&self, buffer: &[u8]) -> usize {
        let waiting = self.waiting(buffer);
        let length = match self.large.seen() {
            Some(parts) if parts.stage != Stage::Packet => parts.remaining as usize,
            _ => match FixedHeader::decode(waiting) {
                Ok(Some((header, length))) => length.saturating_add(header.remaining_length as usize),
                // The shortest packet has two bytes, and each byte of the length may be followed by another.
                _ => waiting.len().max(1).saturating_add(1),
            },
        };
        length.saturating_sub(waiting.len()).max(1)
    }

    /// Looks for the next frame in what was filled; if there is one, [`frame`](Self::frame) returns it.
    ///
    /// # Errors
    /// The rule that the bytes break, or [`Violation::PacketTooLarge`]; the connection must be closed.
    // Not inlined: inlined into its caller it takes 300 bytes more of flash.
    #[cfg_attr(target_os = "none", inline(never))]
    pub fn poll(&mut self, buffer: &[u8]) -> Result<bool, Violation> {
        let waiting = self.waiting(buffer);
        if let Some(parts) = self.large.parts() {
            if parts.stage != Stage::Packet {
                parts.kind = FrameKind::Part;
                return parts.poll(&mut self.start, &mut self.body, self.header, waiting);
            }
        }
        let length = self.header.read(waiting)?;
        if length == 0 {
            return Ok(false);
        }
        let header = self.header;
        let total = length.wrapping_add(header.remaining_length as usize);
        self.body = self.start.wrapping_add(length);
        if total <= waiting.len() {
            self.start = self.start.wrapping_add(total);
            if let Some(parts) = self.large.parts() {
                parts.kind = FrameKind::Whole;
                parts.remaining = 0;
            }
            return Ok(true);
        }
        if total <= buffer.len() {
            return Ok(false);
        }
        let Some(parts) = self.large.parts() else { return Err(Violation::PacketTooLarge) };
        if header.packet_type != PacketType::Publish {
            return Err(Violation::PacketTooLarge);
        }
        let body = waiting.get(length..).unwrap_or_default();
        let Some((topic_length, _)) = body.split_first_chunk() else { return Ok(false) };
        let topic_length = u16::from_be_bytes(*topic_length);
        let fields = 2 + u32::from(topic_length) + id_length(header);
        if fields > header.remaining_length {
            return Err(Violation::WrongLength);
        }
        let fits = length.wrapping_add(fields as usize) <= buffer.len();
        if fits && waiting.len() < buffer.len() {
            return Ok(false);
        }
        self.start = self.body;
        parts.remaining = header.remaining_length;
        parts.kind = FrameKind::Start;
        parts.stage = Stage::Payload;
        let mut rest = body;
        if !fits {
            parts.take(&mut self.start, 2);
            parts.topic_remaining = topic_length;
            parts.topic_check = TextCheck::new(TextKind::TopicName);
            parts.stage = Stage::Topic;
            rest = body.get(2..).unwrap_or_default();
        }
        parts.poll(&mut self.start, &mut self.body, header, rest)
    }

    /// The frame that [`poll`](Self::poll) has found; valid until the next `poll` or [`unfilled`](Self::unfilled).
    #[must_use]
    pub fn frame<'a>(&self, buffer: &'a [u8]) -> Frame<'a> {
        let body = between(buffer, self.body, self.start);
        let (kind, remaining) = self.kind();
        Frame { kind, header: self.header, body, remaining }
    }

    /// What the last frame is, and how much of it follows.
    #[inline]
    pub(crate) fn kind(&self) -> (FrameKind, u32) {
        self.large.seen().map_or((FrameKind::Whole, 0), |parts| (parts.kind, parts.remaining))
    }

    #[inline]
    pub(crate) const fn header(&self) -> FixedHeader {
        self.header
    }

    /// The body of the last frame.
    #[inline]
    pub(crate) fn body<'a>(&self, buffer: &'a [u8]) -> &'a [u8] {
        between(buffer, self.body, self.start)
    }

    #[inline]
    pub(crate) fn parts(&mut self) -> Option<&mut Parts> {
        self.large.parts()
    }

    fn waiting<'a>(&self, buffer: &'a [u8]) -> &'a [u8] {
        between(buffer, self.start, self.end)
    }
}

impl<L: Large> Default for Framer<L> {
    fn default() -> Self {
        Self::new()
    }
}

impl Parts {
    /// Counts bytes of the packet as taken.
    fn take(&mut self, start: &mut usize, count: usize) {
        *start = start.wrapping_add(count);
        #[allow(clippy::cast_possible_truncation)]
        let count = count as u32;
        self.remaining = self.remaining.wrapping_sub(count);
    }

    fn poll(
        &mut self,
        start: &mut usize,
        body: &mut usize,
        header: FixedHeader,
        mut waiting: &[u8],
    ) -> Result<bool, Violation> {
        if self.stage == Stage::Topic {
            let taken = waiting.len().min(usize::from(self.topic_remaining));
            let (topic, rest) = waiting.split_at_checked(taken).unwrap_or_default();
            self.topic_check.push(topic)?;
            #[allow(clippy::cast_possible_truncation)]
            let topic_taken = taken as u16;
            self.topic_remaining = self.topic_remaining.wrapping_sub(topic_taken);
            self.take(start, taken);
            if self.topic_remaining > 0 {
                return Ok(false);
            }
            self.topic_check.finish()?;
            if rest.len() < id_length(header) as usize {
                return Ok(false);
            }
            self.kind = FrameKind::Untitled;
            waiting = rest;
        }
        let length = waiting.len().min(self.remaining as usize);
        *body = *start;
        self.take(start, length);
        self.stage = Stage::Payload;
        if self.remaining == 0 {
            self.stage = Stage::Packet;
        } else if length == 0 && self.kind == FrameKind::Part {
            return Ok(false);
        }
        Ok(true)
    }
}

/// The bytes of the packet id in a PUBLISH.
const fn id_length(header: FixedHeader) -> u32 {
    if header.flags & 0b0110 == 0 { 0 } else { 2 }
}
