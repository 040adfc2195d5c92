//! One wake for many packets.

use std::net::TcpStream;
use std::time::{Duration, Instant as Moment};

use rustix::event::PollFlags;
use rustix::io::ioctl_fionread;

use super::tcp::poll_socket;

/// How a wait for bytes goes on when few are there, so that one wake-up serves many packets.
///
/// A client that is woken for each packet of a stream spends most of its time waking up. Where throughput counts
/// more than the latency of a single packet, [`TcpTransport::set_coalescing`](super::TcpTransport::set_coalescing)
/// makes each wait last until there is more to do.
///
/// ```
/// use umqtt::std::{Coalescing, TcpTransport};
/// let mut transport = TcpTransport::new("broker.local", 1883);
/// // A program with 20 messages of QoS 1 in flight goes on when ten PUBACKs of 4 bytes are there.
/// transport.set_coalescing(Some(Coalescing::new(10 * 4)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coalescing {
    /// The wait is over when this many bytes can be read,
    pub at_least: usize,
    /// or when this much time has passed since the first of them was seen.
    pub time: Duration,
}

impl Coalescing {
    /// Waits for this many bytes, for 2 ms at most.
    ///
    /// More bytes than the receive buffer of the client holds are never worth waiting for.
    #[must_use]
    pub const fn new(at_least: usize) -> Self {
        Self { at_least, time: Duration::from_millis(2) }
    }
}

/// A socket that can be read, and the time that is left to gather more.
pub(super) struct Gathering<'a> {
    pub(super) stream: &'a TcpStream,
    pub(super) start: Moment,
    /// Since `start`; the caller's own time-out is in it.
    pub(super) limit: Duration,
}

impl Gathering<'_> {
    /// What ends the gathering besides bytes and time: the other side has sent its last byte. The system reports a
    /// broken link without being asked.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) const END: PollFlags = PollFlags::RDHUP;
    /// Elsewhere the end is seen when no bytes are before it.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(super) const END: PollFlags = PollFlags::empty();
}

impl Source for Gathering<'_> {
    fn left(&mut self) -> Duration {
        self.limit.saturating_sub(self.start.elapsed())
    }

    fn pending(&mut self) -> u64 {
        ioctl_fionread(self.stream).unwrap_or(0)
    }

    fn pause(&mut self, time: Duration) -> bool {
        matches!(poll_socket(self.stream, Self::END, Some(time)), Ok(flags) if flags.is_empty())
    }
}

/// What gathering needs of a socket and a clock.
pub(super) trait Source {
    /// The time that is left.
    fn left(&mut self) -> Duration;

    /// How many bytes can be read; 0 when the link has ended, too.
    fn pending(&mut self) -> u64;

    /// Lets time pass, whatever bytes come; returns whether it passed without a signal and without an end of the
    /// link.
    fn pause(&mut self, time: Duration) -> bool;
}

/// Waits until there are as many bytes as asked for, or no time is left; returns how long it has slept.
///
/// System calls wait for a number of bytes only with `SO_RCVLOWAT`, for which there is no safe wrapper. So the thread
/// sleeps, looks, and then sleeps as long again as it has slept so far: at most twice as long as the bytes took. It
/// begins with half of the last total, since a stream usually takes as long again, so that two looks suffice.
pub(super) fn gather(source: &mut impl Source, at_least: usize, last: Duration) -> Duration {
    let at_least = u64::try_from(at_least).unwrap_or(u64::MAX);
    let mut slept = Duration::ZERO;
    let mut pause = (last / 2).max(SHORTEST_PAUSE);
    loop {
        pause = pause.min(source.left());
        if pause.is_zero() || !(1..at_least).contains(&source.pending()) || !source.pause(pause) {
            return slept;
        }
        slept = slept.saturating_add(pause);
        pause = slept;
    }
}

/// Systems let a thread sleep for some 50 us longer than asked, so that less would not be shorter.
const SHORTEST_PAUSE: Duration = Duration::from_micros(50);

#[cfg(test)]
mod tests {
    use super::*;

    /// A link on virtual time, which counts what it is asked.
    struct Stream {
        now: Duration,
        limit: Duration,
        /// Bytes come at this distance of time.
        every: Duration,
        bytes: u64,
        /// When the link ends.
        end: Option<Duration>,
        looks: u32,
        pauses: u32,
    }

    impl Stream {
        fn new(every: u64, bytes: u64) -> Self {
            Self {
                now: Duration::ZERO,
                limit: Duration::from_millis(2),
                every: Duration::from_micros(every),
                bytes,
                end: None,
                looks: 0,
                pauses: 0,
            }
        }

        /// A first packet has come at time 0.
        fn there(&self) -> u64 {
            (u64::try_from(self.now.as_nanos() / self.every.as_nanos()).unwrap() + 1) * self.bytes
        }
    }

    impl Source for Stream {
        fn left(&mut self) -> Duration {
            self.limit.saturating_sub(self.now)
        }

        fn pending(&mut self) -> u64 {
            self.looks += 1;
            self.there()
        }

        fn pause(&mut self, time: Duration) -> bool {
            self.pauses += 1;
            let then = self.now + time;
            let end = self.end.filter(|end| *end <= then);
            self.now = end.unwrap_or(then);
            end.is_none()
        }
    }

    #[test]
    fn one_wake_serves_many_packets() {
        // An acknowledgement every 10 us, of 4 bytes.
        let mut stream = Stream::new(10, 4);
        gather(&mut stream, 40, Duration::ZERO);
        assert!((10..=20).contains(&(stream.there() / 4)), "{}", stream.there());
        assert!(stream.now < Duration::from_micros(200), "{:?}", stream.now);
        assert!(stream.looks + stream.pauses <= 5, "{} and {}", stream.looks, stream.pauses);
        // A message every 4 us, of 75 bytes: as many as come in the time.
        let mut stream = Stream::new(4, 75);
        let slept = gather(&mut stream, 1_000_000, Duration::ZERO);
        assert_eq!((stream.now, slept), (stream.limit, stream.limit));
        assert_eq!(stream.there() / 75, 501);
        assert!(stream.looks <= 7 && stream.pauses <= 7, "{} and {}", stream.looks, stream.pauses);
        // From then on it knows how long that takes.
        let mut stream = Stream::new(4, 75);
        assert_eq!(gather(&mut stream, 1_000_000, slept), slept);
        assert_eq!((stream.looks, stream.pauses), (2, 2));
    }

    #[test]
    fn the_pause_follows_the_stream() {
        let mut last = Duration::from_millis(2);
        // 100 bytes take so many us.
        for needed in [1_000, 100, 100, 1_000, 1_000, 400, 400, 400] {
            let mut stream = Stream::new(needed, 99);
            last = gather(&mut stream, 100, last);
        }
        let mut stream = Stream::new(400, 99);
        last = gather(&mut stream, 100, last);
        assert!(last >= Duration::from_micros(400) && last < Duration::from_micros(800), "{last:?}");
        assert!(stream.pauses <= 2, "{}", stream.pauses);
    }

    #[test]
    fn enough_bytes_are_not_waited_for() {
        let mut stream = Stream::new(10, 40);
        gather(&mut stream, 40, Duration::ZERO);
        assert_eq!((stream.looks, stream.pauses), (1, 0));
    }

    #[test]
    fn the_end_of_the_link_ends_the_wait() {
        // Readable without a byte.
        let mut stream = Stream::new(10, 0);
        gather(&mut stream, 40, Duration::ZERO);
        assert_eq!(stream.pauses, 0);
        // In the midst of it.
        let mut stream = Stream { end: Some(Duration::from_micros(100)), ..Stream::new(1_000_000, 1) };
        gather(&mut stream, 40, Duration::ZERO);
        assert_eq!(stream.now, Duration::from_micros(100));
    }

    #[test]
    fn the_callers_time_is_the_limit() {
        for (limit, pauses) in [(0, 0), (30, 1), (500, 5)] {
            let limit = Duration::from_micros(limit);
            let mut stream = Stream { limit, ..Stream::new(1_000_000, 1) };
            gather(&mut stream, 40, Duration::ZERO);
            assert_eq!((stream.now, stream.pauses), (limit, pauses));
        }
    }
}
