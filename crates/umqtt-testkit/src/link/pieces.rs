//! The sizes of the pieces into which reads and writes are split.

/// How many bytes one read or one write moves at most; the sequence depends only on the seed.
///
/// ```
/// use umqtt_testkit::link::Pieces;
/// let sizes = |mut pieces: Pieces| [0; 4].map(|_| pieces.next_size());
/// assert_eq!(sizes(Pieces::of(3)), [3; 4]);
/// assert_eq!(sizes(Pieces::random(5, 7)), sizes(Pieces::random(5, 7)));
/// assert!(sizes(Pieces::random(5, 8)).iter().all(|size| (1..=5).contains(size)));
/// ```
#[derive(Clone, Debug)]
pub struct Pieces {
    max: usize,
    /// The state of the generator; `None` gives `max` each time.
    state: Option<u64>,
}

impl Pieces {
    /// As many bytes as there are.
    pub const WHOLE: Self = Self { max: usize::MAX, state: None };

    /// `size` bytes each time; 0 counts as 1.
    #[must_use]
    pub const fn of(size: usize) -> Self {
        Self { max: if size == 0 { 1 } else { size }, state: None }
    }

    /// 1 to `max` bytes, drawn from a generator that starts with `seed`.
    #[must_use]
    pub const fn random(max: usize, seed: u64) -> Self {
        Self { state: Some(seed), ..Self::of(max) }
    }

    /// The size of the next piece, at least 1.
    pub const fn next_size(&mut self) -> usize {
        let Some(state) = &mut self.state else { return self.max };
        // SplitMix64: every seed is good, zero too.
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // 31 bits fit every usize of a machine that runs tests.
        #[allow(clippy::cast_possible_truncation)]
        let drawn = (mixed >> 33) as usize;
        1 + drawn % self.max
    }
}
