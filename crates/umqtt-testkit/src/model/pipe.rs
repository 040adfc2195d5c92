//! One direction of a link: bytes on their way, and when they arrive.

use std::collections::VecDeque;

use crate::link::Pieces;

/// How one direction of a link behaves.
#[derive(Clone, Debug)]
pub struct Way {
    /// The milliseconds from writing to arriving.
    pub latency: u32,
    /// So many bytes arrive together, and the next after so many milliseconds; all at once without.
    pub pace: Option<(usize, u32)>,
    /// How many bytes may be on their way.
    pub capacity: usize,
    /// How many bytes one read or one write of the client moves.
    pub pieces: Pieces,
}

impl Way {
    /// Everything arrives at once.
    pub const GOOD: Self = Self { latency: 0, pace: None, capacity: 64 * 1024, pieces: Pieces::WHOLE };
}

/// Bytes that arrive at the same time.
#[derive(Debug)]
struct Wave {
    at: u64,
    count: usize,
}

#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) way: Way,
    bytes: VecDeque<u8>,
    waves: VecDeque<Wave>,
    /// How many of the bytes have arrived and were not taken.
    arrived: usize,
    /// When the last wave arrives.
    last: u64,
    /// Nothing arrives before.
    held_until: u64,
}

impl Pipe {
    pub(super) const fn new(way: Way) -> Self {
        Self { way, bytes: VecDeque::new(), waves: VecDeque::new(), arrived: 0, last: 0, held_until: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn free(&self) -> usize {
        self.way.capacity.saturating_sub(self.bytes.len())
    }

    /// Lets nothing arrive before this time.
    pub(super) fn hold(&mut self, until: u64) {
        self.held_until = self.held_until.max(until);
    }

    pub(super) fn put(&mut self, mut bytes: &[u8], now: u64) {
        self.bytes.extend(bytes);
        let soonest = now + u64::from(self.way.latency);
        let (most, every) = self.way.pace.unwrap_or((usize::MAX, 0));
        if let Some(wave) = self.waves.back_mut().filter(|wave| wave.at >= soonest) {
            let more = bytes.len().min(most.saturating_sub(wave.count));
            wave.count += more;
            bytes = bytes.get(more..).unwrap_or_default();
        }
        while !bytes.is_empty() {
            let at = soonest.max(self.last + u64::from(every));
            let count = bytes.len().min(most);
            self.waves.push_back(Wave { at, count });
            self.last = at;
            bytes = bytes.get(count..).unwrap_or_default();
        }
    }

    /// How many bytes have arrived and were not taken.
    pub(super) fn arrived(&mut self, now: u64) -> usize {
        if now >= self.held_until {
            while let Some(wave) = self.waves.front().filter(|wave| wave.at <= now) {
                self.arrived += wave.count;
                self.waves.pop_front();
            }
        }
        self.arrived
    }

    /// When more bytes arrive; `None` when none are on their way, or never.
    pub(super) fn next(&self) -> Option<u64> {
        let wave = self.waves.front()?;
        Some(wave.at.max(self.held_until)).filter(|at| *at < u64::MAX)
    }

    /// Takes bytes that have arrived into `room`, as many as fit.
    pub(super) fn take(&mut self, room: &mut [u8]) -> usize {
        let count = room.len().min(self.arrived);
        for (to, from) in room.iter_mut().zip(self.bytes.drain(..count)) {
            *to = from;
        }
        self.arrived -= count;
        count
    }

    /// Takes so many bytes, arrived or not, behind what `to` has.
    pub(super) fn drain(&mut self, count: usize, to: &mut Vec<u8>) {
        let count = count.min(self.bytes.len());
        to.extend(self.bytes.drain(..count));
        let mut beyond = count.saturating_sub(self.arrived);
        self.arrived -= count - beyond;
        while let Some(wave) = self.waves.front_mut().filter(|_| beyond > 0) {
            let part = beyond.min(wave.count);
            wave.count -= part;
            beyond -= part;
            if wave.count == 0 {
                self.waves.pop_front();
            }
        }
    }

    /// What is on its way is lost.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.waves.clear();
        self.arrived = 0;
    }
}
