//! What a run is like: everything that is drawn before it begins, and the conditions of each link.

use fastrand::Rng;
use umqtt::{NEVER, OnSessionLost, Timeouts};
use umqtt_testkit::link::Pieces;
use umqtt_testkit::model::{Conditions, Cut, CutAt, Ending, Settings, Way};

/// Which kind of memory the client has; the sizes are drawn where the type does not fix them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `Fixed<32, 32, 2>`.
    Tiny,
    /// `Fixed<64, 48, 4>`, in parts, with a `RamStore` and a table for one incoming id.
    Small,
    /// Buffers of any size, a table of slots that is an array, and no store.
    Plain,
    /// The same with a `RamStore`.
    Ram,
    /// The same in parts, with a store that survives the program.
    Durable,
    /// `Heap` of any size.
    Heap,
    /// The same with a store that survives the program.
    HeapDurable,
}

/// What a run is like.
#[derive(Clone, Debug)]
pub struct Plan {
    pub kind: Kind,
    pub receive: usize,
    pub transmit: usize,
    pub slots: usize,
    /// How many incoming ids the table holds.
    pub incoming: usize,
    pub store: usize,
    /// How many of 256 calls of a durable store fail.
    pub store_fails: u8,
    pub timeouts: Timeouts,
    pub on_session_lost: OnSessionLost,
    pub keep_alive: u16,
    /// How many of 256 connections ask for a clean session.
    pub clean: u8,
    pub will: bool,
    pub login: bool,
    pub settings: Settings,
    pub clock: u32,
    pub first_id: u16,
    pub profile: Profile,
    /// How many of 256 connections begin with a lost session.
    pub loses_session: u8,
    /// Strangers send, too.
    pub hostile: bool,
    /// The power fails now and then.
    pub blackouts: bool,
    /// How many things the program does.
    pub actions: u32,
    /// How long it sleeps at most.
    pub longest_sleep: u32,
    /// How many of 256 messages are held for a while.
    pub holds: u8,
    /// The program waits in an event loop of its own.
    pub loops: bool,
    /// How many milliseconds a read or a write takes.
    pub cost: u32,
    /// The program works for so many milliseconds before each look.
    pub rhythm: u32,
}

/// What links are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// All is well.
    Good,
    /// Cut often, and in pieces.
    Lossy,
    /// Slow, narrow, and stalled now and then.
    Slow,
    /// Any of these.
    Mixed,
}

impl Kind {
    pub const ALL: [Self; 7] =
        [Self::Tiny, Self::Small, Self::Plain, Self::Ram, Self::Durable, Self::Heap, Self::HeapDurable];

    pub const fn is_durable(self) -> bool {
        matches!(self, Self::Durable | Self::HeapDurable)
    }

    pub const fn has_store(self) -> bool {
        !matches!(self, Self::Tiny | Self::Plain)
    }

    /// Whether messages larger than the receive buffer arrive in parts.
    pub const fn in_parts(self) -> bool {
        matches!(self, Self::Small | Self::Durable | Self::Heap | Self::HeapDurable)
    }

    /// Whether `publish` sends messages larger than the transmit buffer in pieces.
    pub const fn streams(self) -> bool {
        matches!(self, Self::Heap | Self::HeapDurable)
    }
}

/// True in `of_256` cases of 256.
pub fn chance(rng: &mut Rng, of_256: u8) -> bool {
    rng.u8(..) < of_256
}

fn one<T: Copy, const N: usize>(rng: &mut Rng, of: [T; N]) -> T {
    of[rng.usize(..N)]
}

impl Plan {
    pub fn draw(rng: &mut Rng) -> Self {
        let kind = one(rng, Kind::ALL);
        let (will, login) = (chance(rng, 30), chance(rng, 30));
        let least = if will || login { 32 } else { 16 };
        let (mut receive, mut transmit) = (rng.usize(16..96), rng.usize(least..96));
        if chance(rng, 60) {
            receive = rng.usize(96..1500);
        }
        if chance(rng, 60) {
            transmit = rng.usize(96..1500);
        }
        let (mut slots, mut incoming) = (rng.usize(1..7), 2);
        match kind {
            Kind::Tiny => (receive, transmit, slots, incoming) = (32, 32, 2, 8),
            Kind::Small => (receive, transmit, slots, incoming) = (64, 48, 4, 1),
            Kind::Plain | Kind::Ram | Kind::Durable => slots = 3,
            Kind::Heap | Kind::HeapDurable => incoming = usize::MAX,
        }
        let timeouts = Timeouts {
            connect: rng.u32(500..6_000),
            ping: rng.u32(200..5_000),
            message: if chance(rng, 30) { NEVER } else { rng.u32(500..8_000) },
            write: rng.u32(100..4_000),
            write_per_kib: one(rng, [0, 100, 1_000, 5_000]),
        };
        let keep_alive = if chance(rng, 180) { rng.u16(1..12) } else { 0 };
        let rhythm = if chance(rng, 30) { rng.u32(..u32::from(keep_alive) * 250 + 1) } else { 0 };
        Self {
            kind,
            receive,
            transmit,
            slots,
            incoming,
            store: one(rng, [60, 200, 600, 100_000]),
            store_fails: if chance(rng, 60) { rng.u8(1..70) } else { 0 },
            timeouts,
            on_session_lost: one(
                rng,
                [OnSessionLost::SendAgain, OnSessionLost::SendAgain, OnSessionLost::Tell],
            ),
            keep_alive,
            clean: one(rng, [0, 0, 20, 128, 255]),
            will,
            login,
            settings: Settings {
                window: one(rng, [1, 2, 3, 8, 20, 100]),
                reuses_ids: rng.bool(),
                answers_in: if chance(rng, 70) { rng.u32(..9_000) } else { 0 },
                max_qos: one(rng, [2, 2, 2, 1, 0]),
                subscribes: one(rng, [None, None, Some(2), Some(1)]),
            },
            clock: 0u32.wrapping_sub(rng.u32(..40_000)),
            first_id: if rng.bool() { 65_530 } else { 1 },
            profile: one(rng, [Profile::Good, Profile::Lossy, Profile::Slow, Profile::Mixed, Profile::Mixed]),
            loses_session: one(rng, [0, 0, 20, 128]),
            hostile: chance(rng, 50),
            blackouts: kind.is_durable() && rng.bool(),
            actions: rng.u32(5..50),
            longest_sleep: one(rng, [10, 200, 1_000, 20_000]),
            holds: one(rng, [0, 40, 128]),
            loops: chance(rng, 50),
            cost: one(rng, [0, 0, 0, 0, 0, 1, 3]),
            rhythm,
        }
    }

    /// The conditions of the next link.
    pub fn conditions(&self, rng: &mut Rng) -> Conditions {
        let profile = match self.profile {
            Profile::Mixed => one(rng, [Profile::Good, Profile::Lossy, Profile::Slow]),
            profile => profile,
        };
        let mut conditions = Conditions::GOOD;
        if chance(rng, 100) {
            conditions.opens_in = rng.u32(..self.timeouts.connect + 100);
        }
        conditions.up.latency = one(rng, [0, 0, 5, 80]);
        conditions.down.latency = one(rng, [0, 0, 5, 80]);
        conditions.arrives_at_close = if chance(rng, 90) { rng.usize(..60) } else { usize::MAX };
        if chance(rng, 40) {
            conditions.wakes = Pieces::random(1_000, rng.u64(..));
        }
        if profile != Profile::Good {
            conditions.opens = !chance(rng, 30);
            conditions.up.pieces = pieces(rng);
            conditions.down.pieces = pieces(rng);
        }
        if profile == Profile::Lossy || chance(rng, 20) {
            conditions.cut = Some(self.cut(rng));
        }
        if profile == Profile::Slow {
            way(rng, &mut conditions.up);
            way(rng, &mut conditions.down);
            conditions.one_at_a_time = rng.bool();
        }
        conditions
    }

    fn cut(&self, rng: &mut Rng) -> Cut {
        // Often during the first packets, at each byte of them.
        let bytes = if rng.bool() { rng.u64(1..60) } else { rng.u64(1..1_500) };
        let at = match rng.u8(..5) {
            0 | 1 => CutAt::Written(bytes),
            2 | 3 => CutAt::Read(bytes),
            _ => CutAt::After(rng.u32(..20_000)),
        };
        Cut { at, ending: ending(rng), arrives: arrives(rng) }
    }
}

pub fn ending(rng: &mut Rng) -> Ending {
    one(rng, [Ending::Closed, Ending::Reset, Ending::Silent])
}

/// How many bytes arrive that were on their way.
pub fn arrives(rng: &mut Rng) -> usize {
    match rng.u8(..3) {
        0 => usize::MAX,
        1 => 0,
        _ => rng.usize(..100),
    }
}

fn pieces(rng: &mut Rng) -> Pieces {
    match rng.u8(..4) {
        0 => Pieces::of(1),
        1 => Pieces::random(8, rng.u64(..)),
        2 => Pieces::random(64, rng.u64(..)),
        _ => Pieces::WHOLE,
    }
}

fn way(rng: &mut Rng, way: &mut Way) {
    if rng.bool() {
        way.pace = Some((rng.usize(1..40), rng.u32(1..400)));
    }
    if rng.bool() {
        way.capacity = rng.usize(1..200);
    }
}
