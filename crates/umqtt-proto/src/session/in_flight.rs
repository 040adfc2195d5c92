//! The exchanges of our own that are not finished, in the order of their packets.

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

    /// Where an exchange was that has ended: it waits for nothing, and is neither to be sent nor to be told.
    const HOLE: u8 = (Progress::Late as u8) << 4;

    const fn is_hole(&self) -> bool {
        self.state & 0x0f == 0
    }

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

/// The memory of a [`Ring`]: an array of [`Slot`]s or a slice, in which an exchange is looked for from the oldest
/// on; or, for more than some dozens of them, [`Indexed`](crate::Indexed).
pub trait Slots: AsRef<[Slot]> + AsMut<[Slot]> {
    /// Whether there are so many that a free id is not looked for in the whole table each time; it costs a few
    /// bytes of flash.
    const MANY: bool;

    /// Whether [`place`](Self::place) knows where each exchange stands. Then none is looked for, and an exchange
    /// that ends leaves a hole among the others instead of moving them.
    const INDEXED: bool = false;

    /// How many exchanges there is room for.
    fn capacity(&self) -> usize {
        self.as_ref().len()
    }

    /// How many of so many slots, which follow one another, have an exchange; the others are holes.
    fn used(&self, slots: usize) -> usize {
        slots
    }

    /// In which slot the exchange with this id stands.
    fn place(&self, id: PacketId) -> Option<usize> {
        let _ = id;
        None
    }

    /// The exchange with this id stands in this slot now; its id is there already, and also in the slot where it
    /// stood before.
    fn set_place(&mut self, id: PacketId, place: usize) {
        let _ = (id, place);
    }

    /// The exchange with this id is over; its id is still in its slot.
    fn forget(&mut self, id: PacketId) {
        let _ = id;
    }
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

/// The exchanges that we began, in the order of their packets: a ring whose start moves, so that an
/// acknowledgement in order costs the same however many there are. Where the memory has an index, so does one that
/// comes in any other order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ring<F> {
    slots: F,
    start: usize,
    /// How many slots are in use from there on, with the holes among them; the first is none.
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
    pub fn len(&self) -> usize {
        self.slots.used(self.count)
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
        self.slots.capacity().min(65_534).saturating_sub(self.len())
    }

    /// The exchanges, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Slot> {
        let (front, back) = self.slots.as_ref().split_at_checked(self.start).unwrap_or_default();
        back.iter().chain(front).take(self.count).filter(|slot| !F::INDEXED || !slot.is_hole())
    }

    /// The exchange at this place, counted from the oldest; a hole is one that nothing happens to any more.
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

    /// Puts an exchange at this place, where an index must know it.
    #[inline(always)]
    fn put(&mut self, index: usize, slot: Slot) {
        let Some(place) = self.get(index) else { return };
        *place = slot;
        if F::INDEXED {
            let at = self.start.wrapping_add(index);
            let size = self.slots.as_ref().len();
            self.slots.set_place(slot.id, if at < size { at } else { at.wrapping_sub(size) });
        }
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, slot: Slot) {
        if F::INDEXED && self.count >= self.slots.as_ref().len() {
            self.close_up();
        }
        let end = self.count;
        self.count = end.wrapping_add(1);
        self.unsent = self.unsent.wrapping_add(1);
        self.put(end, slot);
    }

    /// Where the exchange with this id stands: at once, if answers come in order.
    #[inline(always)]
    pub(crate) fn find(&mut self, id: PacketId) -> Option<usize> {
        if F::INDEXED {
            if self.get(0)?.id == id {
                return Some(0);
            }
            let at = self.slots.place(id)?;
            let size = if at < self.start { self.slots.as_ref().len() } else { 0 };
            return Some(at.wrapping_add(size).wrapping_sub(self.start));
        }
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
        if F::INDEXED {
            return self.leave_hole(index);
        }
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
        self.drop_first();
    }

    #[inline(always)]
    fn drop_first(&mut self) {
        self.start = self.start.wrapping_add(1);
        if self.start >= self.slots.as_ref().len() {
            self.start = 0;
        }
        self.count = self.count.wrapping_sub(1);
    }

    /// Drops an exchange where it stands, and the holes before the oldest that is left.
    fn leave_hole(&mut self, index: usize) {
        let Some(slot) = self.get(index) else { return };
        slot.state = Slot::HOLE;
        let id = slot.id;
        self.slots.forget(id);
        if index > 0 {
            return;
        }
        loop {
            self.drop_first();
            self.passed = self.passed.saturating_sub(1);
            if !self.get(0).is_some_and(|slot| slot.is_hole()) {
                break;
            }
        }
        self.unsent = self.unsent.min(self.count);
    }

    /// Lets the exchanges close up, so that there are no holes among them.
    pub(crate) fn close_up(&mut self) {
        if !F::INDEXED {
            return;
        }
        let (mut count, mut passed, mut unsent) = (0usize, 0usize, 0usize);
        for index in 0..self.count {
            let Some(&mut slot) = self.get(index) else { break };
            if slot.is_hole() {
                continue;
            }
            passed = passed.wrapping_add(usize::from(index < self.passed));
            unsent = unsent.wrapping_add(usize::from(index >= self.count.wrapping_sub(self.unsent)));
            if count < index {
                self.put(count, slot);
            }
            count = count.wrapping_add(1);
        }
        (self.count, self.passed, self.unsent) = (count, passed, unsent);
    }

    /// The first id from `id` on that no exchange uses [MQTT-2.3.1-2].
    #[inline(always)]
    pub(crate) fn unused_id(&mut self, mut id: PacketId) -> PacketId {
        if F::INDEXED {
            while self.slots.place(id).is_some() {
                id = id.next();
            }
            return id;
        }
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
