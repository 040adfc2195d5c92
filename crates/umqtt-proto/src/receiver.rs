//! From bytes that arrive in pieces to whole packets, lent from the caller's buffer.

use crate::error::Violation;
use crate::topic::{TopicName, TopicNameCheck};
use crate::wire::{Delivery, FixedHeader, PacketType, Reader, move_to_front};

/// What the receiver has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Frame<'a> {
    /// A whole packet; [`Packet::decode_body`](crate::wire::Packet::decode_body) reads it.
    Whole(FixedHeader, &'a [u8]),
    /// The start of a PUBLISH that is larger than the buffer; [`Frame::Part`]s follow.
    Start(LargeMessage<'a>),
    /// A part of its payload.
    Part(Part<'a>),
}

/// The start of a message that is larger than the receive buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct LargeMessage<'a> {
    /// Its topic; `None` when all that stands before the payload is larger than the buffer.
    pub topic: Option<TopicName<'a>>,
    /// How many bytes of payload follow in parts.
    pub payload_length: u32,
    /// Whether the broker had kept it.
    pub retain: bool,
    /// QoS, packet id and DUP.
    pub delivery: Delivery,
}

/// A part of the payload of a message that is larger than the receive buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Part<'a> {
    /// The bytes; none only if the payload is empty.
    pub bytes: &'a [u8],
    /// How many bytes of payload follow; with the last part, 0.
    pub remaining: u32,
    /// The delivery that the start of the message told.
    pub delivery: Delivery,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// A packet that is held in the buffer until it is whole.
    Packet,
    /// A topic that does not fit the buffer, and is checked and dropped as it comes.
    Topic(TopicNameCheck),
    /// The payload of a PUBLISH that does not fit the buffer.
    Payload(Delivery),
}

/// Collects bytes until a packet is whole; any byte may be the last one for now.
///
/// Fill [`unfilled`](Self::unfilled) with what the transport has, say how much with
/// [`advance`](Self::advance), and take frames with [`poll`](Self::poll) until there is none. A frame is lent
/// until the next call. A PUBLISH that is larger than the buffer comes in parts.
///
/// ```
/// use umqtt_proto::{Frame, Receiver};
/// let mut receiver = Receiver::new([0; 64]);
/// for &byte in b"\xd0\x00" {
///     assert_eq!(receiver.poll(), Ok(None));
///     receiver.unfilled()[0] = byte;
///     receiver.advance(1);
/// }
/// assert!(matches!(receiver.poll(), Ok(Some(Frame::Whole(_, [])))));
/// ```
#[derive(Debug)]
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
    /// Bytes of the current packet that are still to be taken, in the stages `Topic` and `Payload`.
    remaining: u32,
    topic_remaining: u16,
    flags: u8,
    fresh: bool,
    stage: Stage,
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Receiver<B> {
    /// A receiver that keeps its packets in `buffer`.
    ///
    /// The buffer decides what "large" means: a message that fits is lent whole. It must hold 16 bytes at
    /// least, and the largest SUBACK: 4 bytes and one for each filter of a SUBSCRIBE.
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
        move_to_front(buffer, *start);
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
        self.progress.start < self.progress.end || !matches!(self.progress.stage, Stage::Packet)
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

impl Progress {
    const NEW: Self = Self {
        start: 0,
        end: 0,
        remaining: 0,
        topic_remaining: 0,
        flags: 0,
        fresh: false,
        stage: Stage::Packet,
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

    fn poll<'a>(&mut self, buffer: &'a [u8]) -> Result<Option<Frame<'a>>, Violation> {
        if let Stage::Packet = self.stage {
            let waiting = self.waiting(buffer);
            let Some((header, length)) = FixedHeader::decode(waiting)? else { return Ok(None) };
            let total = length.saturating_add(header.remaining_length as usize);
            if let Some(body) = waiting.get(length..total) {
                self.start = self.start.wrapping_add(total);
                return Ok(Some(Frame::Whole(header, body)));
            }
            if total <= buffer.len() {
                return Ok(None);
            }
            if header.packet_type != PacketType::Publish {
                return Err(Violation::PacketTooLarge);
            }
            return self.poll_large(buffer, header, length);
        }
        self.poll_rest(buffer)
    }

    /// A PUBLISH that does not fit the buffer: its topic and id, if they do.
    fn poll_large<'a>(
        &mut self,
        buffer: &'a [u8],
        header: FixedHeader,
        length: usize,
    ) -> Result<Option<Frame<'a>>, Violation> {
        let waiting = self.waiting(buffer);
        let mut reader = Reader::new(waiting.get(length..).unwrap_or_default());
        let Ok(topic_length) = reader.u16() else { return Ok(None) };
        let id_length = if header.flags & 0b0110 == 0 { 0 } else { 2 };
        let fields = 2 + u32::from(topic_length) + id_length;
        if fields > header.remaining_length {
            return Err(Violation::WrongLength);
        }
        if topic_length == 0 {
            return Err(Violation::EmptyTopic);
        }
        self.flags = header.flags;
        self.remaining = header.remaining_length;
        let head = length.saturating_add(fields as usize);
        if head > buffer.len() {
            self.start = self.start.wrapping_add(length);
            self.take(2);
            self.topic_remaining = topic_length;
            self.stage = Stage::Topic(TopicNameCheck::new());
            return self.poll_rest(buffer);
        }
        if waiting.len() < head {
            return Ok(None);
        }
        let topic = TopicName::received(reader.bytes(usize::from(topic_length))?)?;
        self.start = self.start.wrapping_add(length);
        self.take(fields as usize);
        self.start_message(Some(topic), &mut reader)
    }

    /// What follows of a PUBLISH that does not fit the buffer.
    fn poll_rest<'a>(&mut self, buffer: &'a [u8]) -> Result<Option<Frame<'a>>, Violation> {
        let waiting = self.waiting(buffer);
        match &mut self.stage {
            Stage::Packet => Ok(None),
            Stage::Topic(check) => {
                let taken = waiting.len().min(usize::from(self.topic_remaining));
                let (topic, rest) = waiting.split_at_checked(taken).unwrap_or_default();
                check.push(topic)?;
                let check = *check;
                #[allow(clippy::cast_possible_truncation)]
                let topic_taken = taken as u16;
                self.topic_remaining = self.topic_remaining.wrapping_sub(topic_taken);
                self.take(taken);
                if self.topic_remaining > 0 {
                    return Ok(None);
                }
                check.finish()?;
                let id_length = if self.flags & 0b0110 == 0 { 0 } else { 2 };
                if rest.len() < id_length {
                    return Ok(None);
                }
                self.take(id_length);
                self.start_message(None, &mut Reader::new(rest))
            }
            &mut Stage::Payload(delivery) => {
                let part = waiting.len().min(self.remaining as usize);
                if part == 0 && self.remaining > 0 {
                    return Ok(None);
                }
                self.take(part);
                if self.remaining == 0 {
                    self.stage = Stage::Packet;
                }
                let bytes = waiting.get(..part).unwrap_or_default();
                Ok(Some(Frame::Part(Part { bytes, remaining: self.remaining, delivery })))
            }
        }
    }

    /// Reads the id, if the flags say that there is one; what remains is payload.
    fn start_message<'a>(
        &mut self,
        topic: Option<TopicName<'a>>,
        reader: &mut Reader<'_>,
    ) -> Result<Option<Frame<'a>>, Violation> {
        let delivery = Delivery::read(self.flags, reader)?;
        self.stage = Stage::Payload(delivery);
        let retain = self.flags & 1 != 0;
        Ok(Some(Frame::Start(LargeMessage { topic, payload_length: self.remaining, retain, delivery })))
    }
}
