//! One direction of a link.

use std::collections::VecDeque;

use umqtt_proto::Instant;

use super::clock::until;
use super::pieces::Pieces;
use super::{LinkError, LinkResult};

/// As much as a socket of a small device takes before it refuses.
const CAPACITY: usize = 64 * 1024;

/// Bytes that were written in one call.
#[derive(Debug)]
struct Chunk {
    bytes: Vec<u8>,
    /// How many of them were read.
    taken: usize,
    /// When they arrive.
    arrives: Instant,
}

#[derive(Debug)]
pub(super) struct Pipe {
    chunks: VecDeque<Chunk>,
    /// Bytes in `chunks` that were not read.
    held: usize,
    pub(super) capacity: usize,
    pub(super) latency: u32,
    pub(super) read_pieces: Pieces,
    pub(super) write_pieces: Pieces,
    /// No read before this moment.
    pub(super) stalled_until: Option<Instant>,
    /// No write before this moment.
    pub(super) refused_until: Option<Instant>,
    /// How many bytes may be written until the link is cut.
    pub(super) writes_left: Option<usize>,
    /// How many bytes may be read until the link is cut.
    pub(super) reads_left: Option<usize>,
    /// The writing end says that nothing will follow.
    pub(super) closed: bool,
}

impl Pipe {
    pub(super) const fn new() -> Self {
        Self {
            chunks: VecDeque::new(),
            held: 0,
            capacity: CAPACITY,
            latency: 0,
            read_pieces: Pieces::WHOLE,
            write_pieces: Pieces::WHOLE,
            stalled_until: None,
            refused_until: None,
            writes_left: None,
            reads_left: None,
            closed: false,
        }
    }

    pub(super) fn clear(&mut self) {
        self.chunks.clear();
        self.held = 0;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// The milliseconds until time alone lets bytes arrive; `None` when none are on the way.
    pub(super) fn arrives_in(&self, now: Instant) -> Option<u32> {
        let arrives = until(now, self.chunks.front()?.arrives);
        Some(arrives.max(self.stalls_for(now)))
    }

    /// The milliseconds until the stall ends.
    pub(super) fn stalls_for(&self, now: Instant) -> u32 {
        self.stalled_until.map_or(0, |moment| until(now, moment))
    }

    /// The milliseconds until time alone lets a write succeed; `None` when a read must make room first.
    pub(super) fn writable_in(&self, now: Instant) -> Option<u32> {
        let room = self.held < self.capacity;
        room.then(|| self.refused_until.map_or(0, |moment| until(now, moment)))
    }

    pub(super) fn write(&mut self, bytes: &[u8], now: Instant) -> LinkResult {
        if bytes.is_empty() {
            return Ok(0);
        }
        if self.writable_in(now) != Some(0) {
            return Err(LinkError::WouldBlock);
        }
        let size = self.write_pieces.next_size().min(self.capacity - self.held);
        let size = size.min(self.writes_left.unwrap_or(usize::MAX)).min(bytes.len());
        let bytes = bytes.get(..size).unwrap_or_default().to_vec();
        if let Some(left) = &mut self.writes_left {
            *left -= size;
        }
        self.held += size;
        self.chunks.push_back(Chunk { bytes, taken: 0, arrives: now.after(self.latency) });
        Ok(size)
    }

    pub(super) fn read(&mut self, room: &mut [u8], now: Instant) -> LinkResult {
        if room.is_empty() {
            return Ok(0);
        }
        if self.arrives_in(now).is_some_and(|wait| wait > 0) {
            return Err(LinkError::WouldBlock);
        }
        let size = self.read_pieces.next_size().min(self.reads_left.unwrap_or(usize::MAX)).min(room.len());
        let mut count = 0;
        while let Some(chunk) = self.chunks.front_mut().filter(|chunk| until(now, chunk.arrives) == 0) {
            let rest = chunk.bytes.get(chunk.taken..).unwrap_or_default();
            let room = room.get_mut(count..size).unwrap_or_default();
            for (to, from) in room.iter_mut().zip(rest) {
                *to = *from;
            }
            let taken = rest.len().min(room.len());
            chunk.taken += taken;
            count += taken;
            if chunk.taken < chunk.bytes.len() {
                break;
            }
            self.chunks.pop_front();
        }
        self.held -= count;
        if let Some(left) = &mut self.reads_left {
            *left -= count;
        }
        if count == 0 { Err(LinkError::WouldBlock) } else { Ok(count) }
    }
}
