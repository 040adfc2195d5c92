//! From bytes that arrive in pieces to whole packets, lent from the caller's buffer.

use core::fmt;

use crate::error::Violation;
use crate::text::{TextCheck, TextKind};
use crate::wire::{FixedHeader, PacketType, move_to_front};

/// What the receiver has found: a packet, or a part of a PUBLISH that is larger than the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Frame<'a> {
    /// What `body` is.
    pub kind: FrameKind,
    /// The fixed header of the packet.
    pub header: FixedHeader,
    /// The packet's body, or the part of it that is there.
    pub body: &'a [u8],
    /// How many bytes of payload follow in [`FrameKind::Part`]s; 0 when the packet is complete.
    pub remaining: u32,
}

/// What a [`Frame`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// A packet that is held in the buffer until it is whole.
    Packet,
    /// A topic that does not fit the buffer, and is checked and dropped as it comes.
    Topic,
    /// The payload of a PUBLISH that does not fit the buffer.
    Payload,
}

/// Collects bytes until a packet is whole; any byte may be the last one for now.
///
/// Fill [`unfilled`](Self::unfilled) with what the transport has, say how much with
/// [`advance`](Self::advance), and take frames with [`poll`](Self::poll) until there is none. A frame is lent
/// until the next call. A PUBLISH that is larger than the buffer comes in parts.
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
pub struct Receiver<B> {
    buffer: B,
    progress: Progress,
}

/// How far a receiver has come; all of it but the bytes.
#[derive(Clone, Debug)]
struct Progress {
    /// The bytes that no frame has taken stand from here to `end`.
    start: usize,
    end: usize,
    /// The fixed header of a large PUBLISH, and how much of its body is still to be taken.
    header: FixedHeader,
    remaining: u32,
    topic_remaining: u16,
    topic_check: TextCheck,
    stage: Stage,
    fresh: bool,
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Receiver<B> {
    /// A receiver that keeps its packets in `buffer`.
    ///
    /// The buffer decides what "large" means: a message that fits is lent whole. It must hold 16 bytes at
    /// least, and the largest SUBACK: 5 bytes and one for each filter of a SUBSCRIBE.
    #[must_use]
    pub const fn new(buffer: B) -> Self {
        Self { buffer, progress: Progress::NEW }
    }

    /// Forgets all bytes: what comes next belongs to a new connection.
    pub fn clear(&mut self) {
        self.progress = Progress::NEW;
    }

    /// The room for the bytes that come next; what was lent is gone.
    ///
    /// It is empty only while [`poll`](Self::poll) has frames to give. Reading into all of it may take bytes of
    /// several packets; who must not read past the current packet takes [`wanted`](Self::wanted) bytes.
    pub fn unfilled(&mut self) -> &mut [u8] {
        let Progress { start, end, fresh, .. } = &mut self.progress;
        let buffer = self.buffer.as_mut();
        *fresh = false;
        move_to_front(buffer.get_mut(..*end).unwrap_or_default(), *start);
        *end = end.wrapping_sub(*start);
        *start = 0;
        buffer.get_mut(*end..).unwrap_or_default()
    }

    /// Says that the first `count` bytes of [`unfilled`](Self::unfilled) were filled.
    pub fn advance(&mut self, count: usize) {
        self.progress.end = self.progress.end.saturating_add(count).min(self.buffer.as_ref().len());
        self.progress.fresh = count > 0;
    }

    /// Whether the last look at the transport brought bytes: [`advance`](Self::advance) was called with some
    /// since the last [`unfilled`](Self::unfilled).
    #[must_use]
    pub const fn is_fresh(&self) -> bool {
        self.progress.fresh
    }

    /// Whether a packet has begun and is not all there.
    #[must_use]
    pub const fn is_mid_packet(&self) -> bool {
        self.progress.start < self.progress.end || self.progress.stage as u8 != Stage::Packet as u8
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
        self.progress.wanted(buffer).clamp(1, buffer.len().max(1))
    }

    /// The next frame, or `None` until more bytes are there.
    ///
    /// # Errors
    /// The rule that the bytes break, or [`Violation::PacketTooLarge`]; the connection must be closed.
    pub fn poll(&mut self) -> Result<Option<Frame<'_>>, Violation> {
        self.progress.poll(self.buffer.as_ref())
    }

    /// The frame that [`poll`](Self::poll) gives next, which is not taken by that.
    ///
    /// # Errors
    /// As [`poll`](Self::poll).
    pub fn peek(&self) -> Result<Option<Frame<'_>>, Violation> {
        self.progress.clone().poll(self.buffer.as_ref())
    }
}

// What was received is nobody else's business.
impl<B> fmt::Debug for Receiver<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.progress.fmt(f)
    }
}

impl Progress {
    const NEW: Self = Self {
        start: 0,
        end: 0,
        header: FixedHeader { packet_type: PacketType::Publish, flags: 0, remaining_length: 0 },
        remaining: 0,
        topic_remaining: 0,
        topic_check: TextCheck::new(TextKind::TopicName),
        stage: Stage::Packet,
        fresh: false,
    };

    /// The bytes that no frame has taken.
    fn waiting<'a>(&self, buffer: &'a [u8]) -> &'a [u8] {
        buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Counts bytes of the packet as taken.
    fn take(&mut self, count: usize) {
        self.start = self.start.wrapping_add(count);
        #[allow(clippy::cast_possible_truncation)]
        let count = count as u32;
        self.remaining = self.remaining.wrapping_sub(count);
    }

    fn wanted(&self, buffer: &[u8]) -> usize {
        let waiting = self.waiting(buffer);
        let length = match self.stage {
            Stage::Packet => match FixedHeader::decode(waiting) {
                Ok(Some((header, length))) => length.saturating_add(header.remaining_length as usize),
                // The shortest packet has two bytes, and each byte of the length may be followed by another.
                _ => waiting.len().max(1).saturating_add(1),
            },
            _ => self.remaining as usize,
        };
        length.saturating_sub(waiting.len())
    }

    /// Kept apart: woven into its caller it takes 300 bytes more of flash.
    #[inline(never)]
    fn poll<'a>(&mut self, buffer: &'a [u8]) -> Result<Option<Frame<'a>>, Violation> {
        let mut waiting = self.waiting(buffer);
        let mut kind = FrameKind::Part;
        if self.stage == Stage::Packet {
            let Some((header, length)) = FixedHeader::decode(waiting)? else { return Ok(None) };
            let total = length.wrapping_add(header.remaining_length as usize);
            if let Some(body) = waiting.get(length..total) {
                self.start = self.start.wrapping_add(total);
                return Ok(Some(Frame { kind: FrameKind::Whole, header, body, remaining: 0 }));
            }
            if total <= buffer.len() {
                return Ok(None);
            }
            if header.packet_type != PacketType::Publish {
                return Err(Violation::PacketTooLarge);
            }
            let body = waiting.get(length..).unwrap_or_default();
            let Some((topic_length, topic)) = body.split_first_chunk() else { return Ok(None) };
            let topic_length = u16::from_be_bytes(*topic_length);
            let fields = 2 + u32::from(topic_length) + id_length(header);
            if fields > header.remaining_length {
                return Err(Violation::WrongLength);
            }
            let fits = length.wrapping_add(fields as usize) <= buffer.len();
            if fits && waiting.len() < buffer.len() {
                return Ok(None);
            }
            self.start = self.start.wrapping_add(length);
            self.header = header;
            self.remaining = header.remaining_length;
            kind = FrameKind::Start;
            waiting = body;
            if !fits {
                self.take(2);
                self.topic_remaining = topic_length;
                self.topic_check = TextCheck::new(TextKind::TopicName);
                self.stage = Stage::Topic;
                waiting = topic;
            }
        }
        if self.stage == Stage::Topic {
            let taken = waiting.len().min(usize::from(self.topic_remaining));
            let (topic, rest) = waiting.split_at_checked(taken).unwrap_or_default();
            self.topic_check.push(topic)?;
            #[allow(clippy::cast_possible_truncation)]
            let topic_taken = taken as u16;
            self.topic_remaining = self.topic_remaining.wrapping_sub(topic_taken);
            self.take(taken);
            if self.topic_remaining > 0 {
                return Ok(None);
            }
            self.topic_check.finish()?;
            if rest.len() < id_length(self.header) as usize {
                return Ok(None);
            }
            kind = FrameKind::Untitled;
            waiting = rest;
        }
        let length = waiting.len().min(self.remaining as usize);
        let body = waiting.get(..length).unwrap_or_default();
        self.take(length);
        self.stage = Stage::Payload;
        if self.remaining == 0 {
            self.stage = Stage::Packet;
        } else if body.is_empty() && kind == FrameKind::Part {
            return Ok(None);
        }
        Ok(Some(Frame { kind, header: self.header, body, remaining: self.remaining }))
    }
}

/// The bytes of the packet id in a PUBLISH.
const fn id_length(header: FixedHeader) -> u32 {
    if header.flags & 0b0110 == 0 { 0 } else { 2 }
}
