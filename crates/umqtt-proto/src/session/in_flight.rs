//! The exchanges that are not finished: a table of our own, and one of the broker's QoS 2 messages.

use super::exchange::{Answer, Await, Exchange, ExchangeInput, Progress, answer};
use crate::packet_id::PacketId;
use crate::time::Instant;
use crate::wire::PacketType;

/// One exchange of a [`Ring`]: 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    id: PacketId,
    /// The [`Await`] in the low half, the [`Progress`] in the high.
    state: u8,
    /// How many filters a SUBSCRIBE or UNSUBSCRIBE had.
    filters: u8,
    sent_at: Instant,
}

const _: () = assert!(size_of::<Slot>() == 8);

impl Slot {
    /// A slot to fill a table with; what it holds is never looked at.
    pub const EMPTY: Self =
        Self { id: PacketId::FIRST, state: 0, filters: 0, sent_at: Instant::from_millis(0) };

    pub(crate) const fn new(id: PacketId, awaits: Await, filters: u8) -> Self {
        Self { id, state: awaits as u8, filters, sent_at: Instant::from_millis(0) }
    }

    /// The id of the exchange.
    #[must_use]
    pub const fn id(&self) -> PacketId {
        self.id
    }

    /// What it waits for, and where it stands.
    #[must_use]
    pub const fn exchange(&self) -> Exchange {
        Exchange { awaits: Await::from_number(self.state & 0x0f), progress: self.progress() }
    }

    #[inline(always)]
    pub(crate) const fn progress(&self) -> Progress {
        Progress::from_number(self.state >> 4)
    }

    /// Whether it waits for this.
    #[inline]
    #[must_use]
    pub const fn awaits(&self, what: Await) -> bool {
        self.state & 0x0f == what as u8
    }

    /// Whether it is that of a message.
    pub(crate) const fn is_message(&self) -> bool {
        self.state & 0x0f < PacketType::SubAck as u8
    }

    /// When its last packet was handed to the link.
    #[must_use]
    pub const fn sent_at(&self) -> Instant {
        self.sent_at
    }

    pub(crate) const fn filters(&self) -> u8 {
        self.filters
    }

    /// Whether it waits to be sent again.
    #[inline(always)]
    pub(crate) const fn is_again(&self) -> bool {
        matches!(self.progress(), Progress::Again | Progress::AgainLate)
    }

    /// Moves the exchange on, as the table says.
    #[inline(always)]
    pub(crate) const fn on(&mut self, input: ExchangeInput) {
        self.state = self.state & 0x0f | (self.progress().next(input) as u8) << 4;
    }

    /// What a packet that arrives with its id means.
    #[inline(always)]
    pub(crate) const fn answer(&self, packet_type: PacketType) -> Answer {
        answer(self.state & 0x0f, self.progress(), packet_type)
    }

    /// PUBREC has come: PUBREL goes out.
    #[inline(always)]
    pub(crate) const fn release(&mut self) {
        self.on(ExchangeInput::Resent);
        self.state = self.state & 0xf0 | Await::PubComp as u8;
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// The memory of a [`Ring`]: an array of [`Slot`]s, a slice, or (with `alloc`) a box or a vector.
pub trait Slots: AsRef<[Slot]> + AsMut<[Slot]> {
    /// Whether there are so many that a free id is not looked for in the whole table each time; it costs a few
    /// bytes of flash.
    const MANY: bool;
}

impl<const N: usize> Slots for [Slot; N] {
    const MANY: bool = N > 64;
}

impl Slots for &mut [Slot] {
    const MANY: bool = false;
}

impl<const N: usize> Slots for &mut [Slot; N] {
    const MANY: bool = N > 64;
}

#[cfg(feature = "alloc")]
impl Slots for alloc::boxed::Box<[Slot]> {
    const MANY: bool = true;
}

#[cfg(feature = "alloc")]
impl Slots for alloc::vec::Vec<Slot> {
    const MANY: bool = true;
}

/// The exchanges that we began, in the order of their packets: a ring whose start moves, so that an
/// acknowledgement in order costs the same however many there are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ring<F> {
    slots: F,
    start: usize,
    count: usize,
    /// How many exchanges at the end have a packet that was not handed to the link.
    unsent: usize,
    /// How many at the start need no look: they are told as late or, while a session is resumed, sent again.
    passed: usize,
    /// Of the ids from the next one on, the first that may be in use; the next one itself if that is not known.
    limit: PacketId,
}

impl<F: Slots> Ring<F> {
    /// An empty table; each of `slots` holds one exchange, of at most 65,534.
    #[inline]
    #[must_use]
    pub const fn new(slots: F) -> Self {
        Self { slots, start: 0, count: 0, unsent: 0, passed: 0, limit: PacketId::FIRST }
    }

    /// How many exchanges are not finished.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether all exchanges are finished.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many more exchanges there is room for.
    #[must_use]
    pub fn free_slots(&self) -> usize {
        // One id at least is free, so that the search for it ends.
        self.slots.as_ref().len().min(65_534).saturating_sub(self.count)
    }

    /// The exchanges, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Slot> {
        let (front, back) = self.slots.as_ref().split_at_checked(self.start).unwrap_or_default();
        back.iter().chain(front).take(self.count)
    }

    /// The exchange at this place, counted from the oldest.
    #[inline]
    pub(crate) fn get(&mut self, index: usize) -> Option<&mut Slot> {
        if index >= self.count {
            return None;
        }
        let slots = self.slots.as_mut();
        let mut at = self.start.wrapping_add(index);
        if at >= slots.len() {
            at = at.wrapping_sub(slots.len());
        }
        slots.get_mut(at)
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, slot: Slot) {
        let end = self.count;
        self.count = end.wrapping_add(1);
        self.unsent = self.unsent.wrapping_add(1);
        if let Some(place) = self.get(end) {
            *place = slot;
        }
    }

    /// Where the exchange with this id stands: at once, if answers come in order.
    #[inline(always)]
    pub(crate) fn find(&mut self, id: PacketId) -> Option<usize> {
        let mut index = 0;
        loop {
            if self.get(index)?.id == id {
                return Some(index);
            }
            index = index.wrapping_add(1);
        }
    }

    /// Drops an exchange; the older ones move up, of which there are none if answers come in order.
    #[cfg_attr(target_os = "none", inline(never))]
    pub(crate) fn remove(&mut self, mut index: usize) {
        if index < self.passed {
            self.passed = self.passed.wrapping_sub(1);
        }
        if index >= self.count.wrapping_sub(self.unsent) {
            self.unsent = self.unsent.wrapping_sub(1);
        }
        while index > 0 {
            let before = index.wrapping_sub(1);
            let Some(&mut slot) = self.get(before) else { return };
            if let Some(place) = self.get(index) {
                *place = slot;
            }
            index = before;
        }
        self.start = self.start.wrapping_add(1);
        if self.start >= self.slots.as_ref().len() {
            self.start = 0;
        }
        self.count = self.count.wrapping_sub(1);
    }

    /// The first id from `id` on that no exchange uses [MQTT-2.3.1-2].
    #[inline(always)]
    pub(crate) fn unused_id(&mut self, mut id: PacketId) -> PacketId {
        if F::MANY && self.limit != id {
            return id;
        }
        // Ids in use follow one another in the table as a rule, so that one look passes all of them.
        loop {
            let before = id;
            for slot in self.iter() {
                if slot.id.as_u16() == id.as_u16() {
                    id = id.next();
                }
            }
            if before == id {
                break;
            }
        }
        if F::MANY {
            // The table is searched once for as many ids as it finds free.
            self.limit = self.next_used(id);
        }
        id
    }

    /// Ids go on from this one, and what is known of those that are free is forgotten.
    pub(crate) const fn set_limit(&mut self, id: PacketId) {
        self.limit = id;
    }

    /// The first id from `id` on that an exchange uses; if there is none, one that is far away.
    #[cfg_attr(target_os = "none", inline(never))]
    fn next_used(&self, id: PacketId) -> PacketId {
        let mut nearest = i16::MAX as u16;
        for slot in self.iter() {
            nearest = nearest.min(slot.id.as_u16().wrapping_sub(id.as_u16()));
        }
        PacketId::new(id.as_u16().wrapping_add(nearest)).unwrap_or(PacketId::FIRST)
    }

    /// Packets that waited to be written were handed to the link.
    #[inline]
    pub(crate) fn stamp(&mut self, now: Instant) {
        let mut index = self.count.wrapping_sub(self.unsent);
        self.unsent = 0;
        while let Some(slot) = self.get(index) {
            slot.sent_at = now;
            index = index.wrapping_add(1);
        }
    }

    /// The oldest exchange that was handed to the link and not told as late or lost.
    #[inline]
    pub(crate) fn first_in_time(&mut self) -> Option<&mut Slot> {
        while self.passed < self.count.wrapping_sub(self.unsent) {
            let slot = *self.get(self.passed)?;
            if matches!(slot.progress(), Progress::Sent) {
                return self.get(self.passed);
            }
            self.passed = self.passed.wrapping_add(1);
        }
        None
    }

    /// A session is resumed: each exchange waits to be sent again.
    pub(crate) const fn begin_again(&mut self) {
        self.unsent = self.count;
        self.passed = 0;
    }

    /// How many exchanges at the start need no look.
    pub(crate) const fn passed(&self) -> usize {
        self.passed
    }

    /// Says that so many at the start need no look.
    pub(crate) const fn pass(&mut self, count: usize) {
        self.passed = count;
    }
}

/// The ids of the broker's QoS 2 messages that were handed over and wait for PUBREL.
///
/// An array or a slice of `u16` holds so many ids, 0 for a free place. With `alloc`,
/// [`BTreeSet<u16>`](alloc::collections::BTreeSet) grows as it must, up to the 65,535 ids that there are.
pub trait IncomingIds {
    /// Whether this id is held.
    fn holds(&self, id: PacketId) -> bool;
    /// Whether another id can be held.
    fn has_room(&self) -> bool;
    /// Holds an id for which there is room, and which is not held.
    fn insert(&mut self, id: PacketId);
    /// Releases an id, if it is held.
    fn remove(&mut self, id: PacketId);
    /// Releases all ids.
    fn clear(&mut self);
}

/// Puts `new` in the place of the first `old`.
#[cfg_attr(target_os = "none", inline(never))]
fn swap(ids: &mut [u16], old: u16, new: u16) {
    if let Some(place) = ids.iter_mut().find(|id| **id == old) {
        *place = new;
    }
}

macro_rules! fixed_ids {
    ($(($($generics:tt)*) $type:ty;)+) => {$(
        impl<$($generics)*> IncomingIds for $type {
            fn holds(&self, id: PacketId) -> bool {
                self.iter().any(|one| *one == id.as_u16())
            }

            fn has_room(&self) -> bool {
                self.iter().any(|one| *one == 0)
            }

            fn insert(&mut self, id: PacketId) {
                swap(&mut self[..], 0, id.as_u16());
            }

            fn remove(&mut self, id: PacketId) {
                swap(&mut self[..], id.as_u16(), 0);
            }

            fn clear(&mut self) {
                for id in self.iter_mut() {
                    *id = 0;
                }
            }
        }
    )+};
}

fixed_ids! {
    (const N: usize) [u16; N];
    () &mut [u16];
    (const N: usize) &mut [u16; N];
}

#[cfg(feature = "alloc")]
impl IncomingIds for alloc::collections::BTreeSet<u16> {
    fn holds(&self, id: PacketId) -> bool {
        self.contains(&id.as_u16())
    }

    fn has_room(&self) -> bool {
        true
    }

    fn insert(&mut self, id: PacketId) {
        Self::insert(self, id.as_u16());
    }

    fn remove(&mut self, id: PacketId) {
        Self::remove(self, &id.as_u16());
    }

    fn clear(&mut self) {
        Self::clear(self);
    }
}
