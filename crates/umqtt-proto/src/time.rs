//! Time as the core sees it: milliseconds that wrap, given by the caller.

/// A moment, in milliseconds of a 32-bit count that wraps every 49.7 days.
///
/// Only differences have a meaning; two moments must be less than 49.7 days apart.
///
/// ```
/// use umqtt_proto::Instant;
/// let before = Instant::from_millis(u32::MAX);
/// let after = Instant::from_millis(9);
/// assert_eq!(after.since(before), 10);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Instant(u32);

impl Instant {
    /// The moment at which the caller's counter shows `millis`.
    #[must_use]
    pub const fn from_millis(millis: u32) -> Self {
        Self(millis)
    }

    /// The counter's value.
    #[must_use]
    pub const fn as_millis(self) -> u32 {
        self.0
    }

    /// The milliseconds from `earlier` to this moment, across a wrap.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u32 {
        self.0.wrapping_sub(earlier.0)
    }

    /// The moment `millis` later.
    #[must_use]
    pub const fn after(self, millis: u32) -> Self {
        Self(self.0.wrapping_add(millis))
    }
}

/// Turns a counter that wraps early (MicroPython's `ticks_ms()` at 2^30) into [`Instant`]s.
///
/// Call [`update`](Self::update) at least once in each wrap of the counter.
///
/// ```
/// use umqtt_proto::Ticks;
/// let mut ticks = Ticks::<30>::new(0x3fff_ffff);
/// let before = ticks.now();
/// assert_eq!(ticks.update(4).since(before), 5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticks<const BITS: u32> {
    seen: u32,
    now: Instant,
}

impl<const BITS: u32> Ticks<BITS> {
    const MASK: u32 = if BITS >= 32 { u32::MAX } else { (1 << BITS) - 1 };

    /// A clock whose counter shows `ticks` now.
    #[must_use]
    pub const fn new(ticks: u32) -> Self {
        Self { seen: ticks, now: Instant(ticks) }
    }

    /// Moves the clock on to the moment at which the counter shows `ticks`.
    pub const fn update(&mut self, ticks: u32) -> Instant {
        self.now = self.now.after(ticks.wrapping_sub(self.seen) & Self::MASK);
        self.seen = ticks;
        self.now
    }

    /// The moment of the last update.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_survives_the_wrap_of_32_bits() {
        let start = Instant::from_millis(u32::MAX - 4);
        assert_eq!(start.after(10), Instant::from_millis(5));
        assert_eq!(start.after(10).since(start), 10);
    }

    #[test]
    fn ticks_that_wrap_at_30_bits_keep_counting() {
        let mut ticks = Ticks::<30>::new(0);
        let mut counted = 0u32;
        // Five wraps of MicroPython's counter, in steps of about 100 s.
        for step in 1..=54_000u64 {
            let value = u32::try_from(step * 100_003 % (1 << 30)).unwrap();
            let before = ticks.now();
            counted = counted.wrapping_add(ticks.update(value).since(before));
            assert_eq!(u64::from(counted), step * 100_003 % (1 << 32));
        }
    }

    #[test]
    fn ticks_of_32_bits_are_instants() {
        let mut ticks = Ticks::<32>::new(u32::MAX);
        assert_eq!(ticks.update(3), Instant::from_millis(3));
    }
}
