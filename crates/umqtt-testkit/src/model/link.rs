//! What a link between client and broker is like, and how it ends.

use super::pipe::{Pipe, Way};
use crate::link::Pieces;

/// What the next link is like.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// The milliseconds until the link is open, or has failed to open.
    pub opens_in: u32,
    /// Whether it opens.
    pub opens: bool,
    /// From the client to the broker.
    pub up: Way,
    /// From the broker to the client.
    pub down: Way,
    /// When and how it ends, unless one of the sides closes it before.
    pub cut: Option<Cut>,
    /// The broker reads nothing while what it sends finds no room.
    pub one_at_a_time: bool,
    /// How many of the bytes that are on their way to the broker arrive when the client closes.
    pub arrives_at_close: usize,
    /// A wait ends after so many milliseconds at most, whether something has happened or not.
    pub wakes: Pieces,
}

impl Conditions {
    /// A link without faults.
    pub const GOOD: Self = Self {
        opens_in: 0,
        opens: true,
        up: Way::GOOD,
        down: Way::GOOD,
        cut: None,
        one_at_a_time: false,
        arrives_at_close: usize::MAX,
        wakes: Pieces::WHOLE,
    };
}

/// When and how a link ends.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// When.
    pub at: CutAt,
    /// How.
    pub ending: Ending,
    /// How many of the bytes that are on their way to the broker arrive.
    pub arrives: usize,
}

/// When a link ends.
#[derive(Clone, Copy, Debug)]
pub enum CutAt {
    /// When the client has written so many bytes.
    Written(u64),
    /// When the client has read so many bytes.
    Read(u64),
    /// So many milliseconds after it was opened.
    After(u32),
}

/// How a link ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The client reads what was sent, and then the end.
    Closed,
    /// The client gets an error at once.
    Reset,
    /// Nobody is told: the link takes bytes until it is full, and none arrive.
    Silent,
}

/// The link that is there, or was.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) up: Pipe,
    pub(super) down: Pipe,
    pub(super) cut: Option<Cut>,
    pub(super) one_at_a_time: bool,
    pub(super) arrives_at_close: usize,
    pub(super) wakes: Pieces,
    pub(super) opened: u64,
    /// Bytes that the client has written and read, and that the broker has sent.
    pub(super) written: u64,
    pub(super) read: u64,
    pub(super) sent: u64,
    /// Bytes that have arrived at the client.
    heard: u64,
    /// How it has ended.
    pub(super) ended: Option<Ending>,
    /// The client has closed it.
    pub(super) closed: bool,
    /// The link takes nothing before this time.
    pub(super) refuses_until: u64,
    /// Where a packet ends that no client may accept.
    pub(super) doom: Option<u64>,
    /// What the client is sent does not begin where packets begin.
    pub(super) askew: bool,
}

impl Link {
    pub(super) fn new(conditions: Conditions, now: u64) -> Self {
        Self {
            up: Pipe::new(conditions.up),
            down: Pipe::new(conditions.down),
            cut: conditions.cut,
            one_at_a_time: conditions.one_at_a_time,
            arrives_at_close: conditions.arrives_at_close,
            wakes: conditions.wakes,
            opened: now,
            written: 0,
            read: 0,
            sent: 0,
            heard: 0,
            ended: None,
            closed: false,
            refuses_until: 0,
            doom: None,
            askew: false,
        }
    }

    /// How many bytes the client may write before the link is cut.
    pub(super) fn writes_left(&self) -> usize {
        match self.cut {
            Some(Cut { at: CutAt::Written(count), .. }) => left(count, self.written),
            _ => usize::MAX,
        }
    }

    /// How many bytes the client may read before the link is cut.
    pub(super) fn reads_left(&self) -> usize {
        match self.cut {
            Some(Cut { at: CutAt::Read(count), .. }) => left(count, self.read),
            _ => usize::MAX,
        }
    }

    /// When it is cut, if that is a matter of time.
    pub(super) fn cut_time(&self) -> Option<u64> {
        match self.cut {
            Some(Cut { at: CutAt::After(millis), .. }) => Some(self.opened + u64::from(millis)),
            _ => None,
        }
    }

    /// Whether bytes have arrived at the client since the last call.
    pub(super) fn hears(&mut self, now: u64) -> bool {
        let heard = self.read + self.down.arrived(now) as u64;
        heard > std::mem::replace(&mut self.heard, heard)
    }

    /// Whether it stands, as far as its two ends can know.
    pub(super) fn stands(&self) -> bool {
        !self.closed && matches!(self.ended, None | Some(Ending::Silent))
    }

    /// Whether a read gives something: bytes, the end or an error.
    pub(super) fn is_readable(&mut self, now: u64) -> bool {
        self.down.arrived(now) > 0
            || match self.ended {
                Some(Ending::Reset) => true,
                Some(Ending::Closed) => self.down.len() == 0,
                _ => false,
            }
    }

    /// Whether a write gives something: room or an error.
    pub(super) fn is_writable(&self, now: u64) -> bool {
        !self.stands() || self.up.free() > 0 && now >= self.refuses_until
    }
}

fn left(count: u64, done: u64) -> usize {
    usize::try_from(count.saturating_sub(done)).unwrap_or(usize::MAX)
}
