//! The time limits of waits, and what is due next.

use crate::time::Instant;

/// A time-out that never ends.
pub const NEVER: u32 = u32::MAX;

/// The limits of all waits, in milliseconds; [`NEVER`] waits for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Timeouts {
    /// From CONNECT to CONNACK.
    pub connect: u32,
    /// From PINGREQ, or the last byte that was received after it, to the next byte.
    pub ping: u32,
    /// From writing a message, PUBREL, SUBSCRIBE or UNSUBSCRIBE to its acknowledgement.
    pub message: u32,
    /// How long a link may take no byte before a call that writes ends.
    pub write: u32,
    /// How much longer than `write` a call may take in all for each 1024 bytes that it has to write, however
    /// slowly the link takes them.
    pub write_per_kib: u32,
}

impl Timeouts {
    /// 5 s for CONNACK, 5 s for PINGRESP, 10 s for acknowledgements, 5 s for a link that takes nothing, and 1 s
    /// for each KiB.
    pub const DEFAULT: Self = Self::new();

    /// The defaults field by field: a constant as a whole would be copied from flash, by `memcpy` on a Cortex-M0.
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Self { connect: 5_000, ping: 5_000, message: 10_000, write: 5_000, write_per_kib: 1_000 }
    }

    /// How long a call may take that has to write this many bytes.
    pub(super) const fn for_writing(&self, bytes: usize) -> u32 {
        // Whole KiB, the last one counted as if it were full.
        #[allow(clippy::cast_possible_truncation)]
        let kib = (bytes >> 10) as u32;
        // What has no end saturates at it.
        self.write.saturating_add(self.write_per_kib.saturating_mul(kib.saturating_add(1)))
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Whether `elapsed` milliseconds are enough.
pub(crate) const fn is_over(timeout: u32, elapsed: u32) -> bool {
    elapsed >= timeout && timeout != NEVER
}

/// The milliseconds that are left of `timeout`.
pub(crate) const fn remaining(timeout: u32, elapsed: u32) -> u32 {
    if timeout == NEVER { NEVER } else { timeout.saturating_sub(elapsed) }
}

/// What can become due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    Nothing,
    /// PINGREQ is to be sent.
    Ping,
    /// CONNACK or PINGRESP is late.
    Answer,
    /// An acknowledgement is late.
    Message,
}

/// What is due first, and in how many milliseconds.
pub(super) struct Due {
    pub(super) timer: Timer,
    pub(super) millis: u32,
    /// For how many milliseconds it has been due.
    pub(super) overdue: u32,
    now: Instant,
}

impl Due {
    pub(super) const fn new(now: Instant) -> Self {
        Self { timer: Timer::Nothing, millis: NEVER, overdue: 0, now }
    }

    /// `timer` is due `timeout` milliseconds after `since`.
    pub(super) const fn at_most(&mut self, timer: Timer, since: Instant, timeout: u32) {
        let elapsed = self.now.since(since);
        self.in_millis(timer, remaining(timeout, elapsed), elapsed.saturating_sub(timeout));
    }

    /// `timer` is due in this many milliseconds, or has been due for some.
    #[cfg_attr(target_os = "none", inline(never))]
    pub(super) const fn in_millis(&mut self, timer: Timer, millis: u32, overdue: u32) {
        if millis < self.millis {
            self.timer = timer;
            self.millis = millis;
            self.overdue = overdue;
        }
    }
}
