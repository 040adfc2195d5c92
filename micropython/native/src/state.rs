//! What a client remembers besides its Python attributes.

use umqtt_proto::{PacketId, Receiver};

use crate::mp::{Lent, Memory, Obj};

/// The state of one client; it lives in a block of MicroPython's heap.
pub struct State {
    /// `time.ticks_ms`
    pub ticks: Obj,
    /// The packet that goes out, and the object that shows it.
    pub transmit: Memory,
    pub packet: Lent,
    /// The packet that comes in, and the object that takes its bytes from the socket.
    pub receiver: Receiver<Memory>,
    pub room: Lent,
    /// Bytes behind those of the receiver that `_read` was asked for and has not given yet.
    pub stash: usize,
    /// The message whose PUBACK waits for its callback.
    pub unacknowledged: Option<PacketId>,
    pub in_callback: bool,
    /// Something was sent since the last look at the clock.
    pub sent: bool,
    /// A PINGREQ has no answer yet.
    pub pinged: bool,
    /// Of the clock: since when and until when something may have been sent last, when a packet came, when the PINGREQ went out, and when we looked.
    pub last_sent: usize,
    pub last_sent_until: usize,
    pub last_received: usize,
    pub last_ping: usize,
    pub last_look: usize,
    /// How much of a large message's payload has come, and how long it is.
    pub part_offset: usize,
    pub part_total: usize,
    pub part_topic: Obj,
    pub ids: Ids,
}

impl State {
    /// Looks at the clock. When a packet went out is not known, but it was between the last look and this one.
    pub const fn look(&mut self, now: usize) {
        if self.sent {
            self.sent = false;
            (self.last_sent, self.last_sent_until) = (self.last_look, now);
        }
        self.last_look = now;
    }
}

/// What an acknowledgement can be for.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Nothing any more: it timed out, and the broker may still answer.
    TimedOut = 1,
    Publish,
    Subscribe,
    Unsubscribe,
}

/// The last packet ids and what they were used for; a newer one takes the place of the oldest.
pub struct Ids {
    entries: [Option<(PacketId, Kind)>; IDS],
    next: usize,
}

/// How many ids are remembered; a power of two.
const IDS: usize = 16;

impl Ids {
    pub const NONE: Self = Self { entries: [None; IDS], next: 0 };

    /// What an id was used for, if it is remembered.
    pub fn kind(&self, id: PacketId) -> Option<Kind> {
        self.entries.iter().flatten().find(|entry| entry.0 == id).map(|entry| entry.1)
    }

    pub fn remember(&mut self, id: PacketId, kind: Kind) {
        self.forget(id);
        if let Some(entry) = self.entries.get_mut(self.next % IDS) {
            *entry = Some((id, kind));
        }
        self.next = self.next.wrapping_add(1);
    }

    pub fn forget(&mut self, id: PacketId) {
        for entry in &mut self.entries {
            if matches!(entry, Some((known, _)) if *known == id) {
                *entry = None;
            }
        }
    }

    pub fn clear(&mut self) {
        *self = Self::NONE;
    }
}

/// The later of two readings of MicroPython's clock less the earlier, in milliseconds: `time.ticks_diff`.
///
/// The clock counts in as many bits as a small integer that is not negative.
pub const fn ticks_diff(later: usize, earlier: usize) -> isize {
    const SHIFT: u32 = 2;
    (later.wrapping_sub(earlier) << SHIFT) as isize >> SHIFT
}

/// `time.ticks_add`
pub const fn ticks_add(ticks: usize, milliseconds: isize) -> usize {
    ticks.wrapping_add_signed(milliseconds) & (usize::MAX >> 2)
}
