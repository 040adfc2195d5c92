//! A link in memory, on virtual time, that fails as real ones do: cut after any byte, in pieces, late, or not at all.
//!
//! A [`Link`] has two [`End`]s. [`Network`] connects a [`Broker`](crate::Broker) or a
//! [`Player`](crate::script::Player) to as many links as a test opens, and lets time jump to the next moment at which
//! something happens. Nothing here waits and nothing is random: the same test always runs the same way, in one thread.

mod clock;
mod network;
mod pieces;
mod pipe;

use std::cell::{RefCell, RefMut};
use std::fmt;
use std::rc::Rc;

use umqtt_proto::Instant;

pub use self::clock::VirtualClock;
pub(crate) use self::clock::until;
pub use self::network::{Ending, Network, Service};
pub use self::pieces::Pieces;
use self::pipe::Pipe;

/// Why a read or a write moved nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// There are no bytes, or there is no room, for now.
    WouldBlock,
    /// The link was cut, or the other end does not take any more.
    Reset,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WouldBlock => "the link can move nothing for now",
            Self::Reset => "the link was cut",
        })
    }
}

impl std::error::Error for LinkError {}

impl From<LinkError> for std::io::Error {
    fn from(error: LinkError) -> Self {
        Self::from(match error {
            LinkError::WouldBlock => std::io::ErrorKind::WouldBlock,
            LinkError::Reset => std::io::ErrorKind::ConnectionReset,
        })
    }
}

/// How many bytes a read or a write moved; `Ok(0)` from a read is the orderly end.
pub type LinkResult = Result<usize, LinkError>;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the broker.
    ToBroker,
    /// From the broker to the client.
    ToClient,
}

/// The handle by which a test lets a link fail; clones handle the same link.
///
/// ```
/// use umqtt_testkit::link::{Direction, Link, LinkError, VirtualClock};
/// let clock = VirtualClock::default();
/// let (link, mut client, mut broker) = Link::new(&clock);
/// link.cut_after_written(Direction::ToBroker, 3);
/// assert_eq!(client.write(b"hello"), Ok(3));
/// assert_eq!(client.write(b"lo"), Err(LinkError::Reset));
/// let mut bytes = [0; 8];
/// assert_eq!(broker.read(&mut bytes), Ok(3));
/// assert_eq!(broker.read(&mut bytes), Err(LinkError::Reset));
/// ```
#[derive(Clone, Debug)]
pub struct Link {
    wires: Rc<RefCell<Wires>>,
}

#[derive(Debug)]
struct Wires {
    to_broker: Pipe,
    to_client: Pipe,
    cut: bool,
}

/// One end of a [`Link`]; dropping it closes it.
#[derive(Debug)]
pub struct End {
    wires: Rc<RefCell<Wires>>,
    clock: VirtualClock,
    /// The direction in which this end writes.
    writes: Direction,
}

impl Link {
    /// A link without faults, and its two ends: the client's and the broker's.
    #[must_use]
    pub fn new(clock: &VirtualClock) -> (Self, End, End) {
        let wires = Wires { to_broker: Pipe::new(), to_client: Pipe::new(), cut: false };
        let wires = Rc::new(RefCell::new(wires));
        let end = |writes| End { wires: Rc::clone(&wires), clock: clock.clone(), writes };
        let (client, broker) = (end(Direction::ToBroker), end(Direction::ToClient));
        (Self { wires }, client, broker)
    }

    fn pipe(&self, direction: Direction) -> RefMut<'_, Pipe> {
        RefMut::map(self.wires.borrow_mut(), |wires| wires.pipe(direction))
    }

    /// Cuts the link now; bytes in transit are lost.
    pub fn cut(&self) {
        self.wires.borrow_mut().cut();
    }

    /// Cuts the link once `count` more bytes were written in a direction; with 0, at once.
    ///
    /// The writer sees a short write and then an error. What was written arrives, in both directions.
    pub fn cut_after_written(&self, direction: Direction, count: usize) {
        self.pipe(direction).writes_left = Some(count);
    }

    /// Cuts the link once `count` more bytes were read in a direction; with 0, at once.
    ///
    /// Bytes still in transit are lost, in both directions, although they were written without an error.
    pub fn cut_after_read(&self, direction: Direction, count: usize) {
        self.pipe(direction).reads_left = Some(count);
        self.wires.borrow_mut().cut_if_due();
    }

    /// Whether the link was cut.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.wires.borrow().is_cut()
    }

    /// Lets each read in a direction return no more than the next piece.
    pub fn split_reads(&self, direction: Direction, pieces: Pieces) {
        self.pipe(direction).read_pieces = pieces;
    }

    /// Lets each write in a direction take no more than the next piece.
    pub fn split_writes(&self, direction: Direction, pieces: Pieces) {
        self.pipe(direction).write_pieces = pieces;
    }

    /// Lets nothing arrive in a direction until a moment, at most 24 days ahead; writes succeed until the capacity is
    /// full.
    pub fn stall(&self, direction: Direction, until: Instant) {
        self.pipe(direction).stalled_until = Some(until);
    }

    /// Lets no write succeed in a direction until a moment, at most 24 days ahead.
    pub fn refuse_writes(&self, direction: Direction, until: Instant) {
        self.pipe(direction).refused_until = Some(until);
    }

    /// Lets what is written in a direction from now on arrive this many milliseconds later.
    pub fn delay(&self, direction: Direction, millis: u32) {
        self.pipe(direction).latency = millis;
    }

    /// Lets a direction hold no more than `bytes` between writer and reader; 65,536 by default.
    pub fn limit(&self, direction: Direction, bytes: usize) {
        self.pipe(direction).capacity = bytes;
    }
}

impl Wires {
    fn pipe(&mut self, direction: Direction) -> &mut Pipe {
        match direction {
            Direction::ToBroker => &mut self.to_broker,
            Direction::ToClient => &mut self.to_client,
        }
    }

    fn cut(&mut self) {
        self.cut = true;
        self.to_broker.clear();
        self.to_client.clear();
    }

    fn cut_if_due(&mut self) {
        if self.to_broker.reads_left == Some(0) || self.to_client.reads_left == Some(0) {
            self.cut();
        }
    }

    fn is_cut(&self) -> bool {
        self.cut || self.to_broker.writes_left == Some(0) || self.to_client.writes_left == Some(0)
    }
}

impl End {
    const fn reads(&self) -> Direction {
        match self.writes {
            Direction::ToBroker => Direction::ToClient,
            Direction::ToClient => Direction::ToBroker,
        }
    }

    /// Reads what has arrived.
    ///
    /// # Errors
    /// [`LinkError::WouldBlock`] while nothing has; [`LinkError::Reset`] after the last byte of a link that was cut.
    pub fn read(&mut self, room: &mut [u8]) -> LinkResult {
        let mut wires = self.wires.borrow_mut();
        let (is_cut, pipe) = (wires.is_cut(), wires.pipe(self.reads()));
        if pipe.is_empty() && !room.is_empty() {
            return match (is_cut, pipe.closed) {
                (true, _) => Err(LinkError::Reset),
                (false, true) if pipe.stalls_for(self.clock.now()) == 0 => Ok(0),
                (false, _) => Err(LinkError::WouldBlock),
            };
        }
        let result = pipe.read(room, self.clock.now());
        wires.cut_if_due();
        result
    }

    /// Writes as many bytes as the link takes.
    ///
    /// # Errors
    /// [`LinkError::WouldBlock`] while it takes none; [`LinkError::Reset`] when it was cut, or one of the ends closed.
    pub fn write(&mut self, bytes: &[u8]) -> LinkResult {
        let mut wires = self.wires.borrow_mut();
        if wires.is_cut() || wires.to_broker.closed || wires.to_client.closed {
            return Err(LinkError::Reset);
        }
        wires.pipe(self.writes).write(bytes, self.clock.now())
    }

    /// Says that nothing will follow; the other end reads what is in transit, and then the end.
    pub fn close(&mut self) {
        self.wires.borrow_mut().pipe(self.writes).closed = true;
    }

    /// Ends the link for both sides as [`Link::cut`] does.
    pub fn reset(&mut self) {
        self.wires.borrow_mut().cut();
    }

    /// The milliseconds until time alone lets [`read`](Self::read) give bytes, the end or an error: 0 for now,
    /// `None` when the other end must act first.
    #[must_use]
    pub fn readable_in(&self) -> Option<u32> {
        let mut wires = self.wires.borrow_mut();
        let (is_cut, pipe) = (wires.is_cut(), wires.pipe(self.reads()));
        let now = self.clock.now();
        match (is_cut, pipe.closed) {
            (true, _) if pipe.is_empty() => Some(0),
            (false, true) if pipe.is_empty() => Some(pipe.stalls_for(now)),
            _ => pipe.arrives_in(now),
        }
    }

    /// The milliseconds until time alone lets [`write`](Self::write) take bytes or give an error: 0 for now, `None`
    /// when the other end must read first.
    #[must_use]
    pub fn writable_in(&self) -> Option<u32> {
        let mut wires = self.wires.borrow_mut();
        if wires.is_cut() || wires.to_broker.closed || wires.to_client.closed {
            return Some(0);
        }
        wires.pipe(self.writes).writable_in(self.clock.now())
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.close();
    }
}
