//! Time that passes only when a test says so.

use std::cell::Cell;
use std::rc::Rc;

use umqtt_proto::Instant;

/// A clock that a test moves; its clones show the same time.
///
/// ```
/// use umqtt_testkit::link::VirtualClock;
/// let clock = VirtualClock::default();
/// let other = clock.clone();
/// clock.advance(250);
/// assert_eq!(other.now().as_millis(), 250);
/// ```
#[derive(Clone, Debug, Default)]
pub struct VirtualClock(Rc<Cell<u32>>);

impl VirtualClock {
    /// A clock that shows `start`; to test the wrap, start shortly before it.
    #[must_use]
    pub fn starting_at(start: Instant) -> Self {
        Self(Rc::new(Cell::new(start.as_millis())))
    }

    /// The time it shows.
    #[must_use]
    pub fn now(&self) -> Instant {
        Instant::from_millis(self.0.get())
    }

    /// Lets `millis` milliseconds pass.
    pub fn advance(&self, millis: u32) {
        self.0.set(self.0.get().wrapping_add(millis));
    }
}

/// The milliseconds from `now` until `moment`; 0 when it has come.
///
/// What lies more than half of the count ahead is past.
pub(crate) fn until(now: Instant, moment: Instant) -> u32 {
    let left = moment.since(now);
    if left > u32::MAX / 2 { 0 } else { left }
}
