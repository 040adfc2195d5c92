//! Memory for thousands of exchanges, in which none is looked for.

use super::in_flight::{Slot, Slots};
use crate::packet_id::PacketId;

/// So many entries are enough for one of each id.
const ALL_IDS: usize = 65_536;

/// Memory whose cost for each exchange stays the same, however many are in flight and in whatever order their
/// answers come: slots, and an index of ids beside them.
///
/// It holds half as many exchanges as there are slots, and a quarter as many as the index has entries. An exchange that
/// ends leaves a hole; when the end of the slots is reached, the others close up, once for as many exchanges as
/// there are holes. With an index of 65,536 entries each id has one of its own; with a smaller one, a broker that
/// chooses what it leaves without an answer can make a search as long as the number of exchanges, and no longer.
///
/// ```
/// use umqtt_proto::{Indexed, Slot, Slots};
/// // For 200 exchanges, without a heap.
/// let memory = Indexed::new([Slot::EMPTY; 400], [0; 800]);
/// assert_eq!(memory.capacity(), 200);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Indexed<F, X> {
    slots: F,
    /// For each id in use the place of its slot and 1 more: at the id's home or, if that is taken, at the next free
    /// entry behind it; 0 where there is nothing.
    index: X,
    used: usize,
}

impl<F: AsRef<[Slot]> + AsMut<[Slot]>, X: AsRef<[u32]> + AsMut<[u32]>> Indexed<F, X> {
    /// Memory of these slots, with an index that is all zero.
    #[must_use]
    pub const fn new(slots: F, index: X) -> Self {
        Self { slots, index, used: 0 }
    }

    /// Where the search for an id begins in the index: ids that follow one another are spread evenly, and no two
    /// begin at the same place if there are places enough.
    fn home(&self, id: PacketId) -> usize {
        let spread = usize::from(id.as_u16().wrapping_mul(40_503));
        spread.wrapping_mul(self.index.as_ref().len().min(ALL_IDS)) >> 16
    }

    fn behind(&self, entry: usize) -> usize {
        let next = entry.wrapping_add(1);
        if next < self.index.as_ref().len() { next } else { 0 }
    }

    /// The id that an entry stands for, and the place of its slot.
    fn at(&self, entry: usize) -> Option<(PacketId, usize)> {
        let place = usize::try_from(self.index.as_ref().get(entry)?.checked_sub(1)?).ok()?;
        Some((self.slots.as_ref().get(place)?.id(), place))
    }

    /// The entry of an id and the place of its slot, or else the free entry where the search ends.
    fn entry(&self, id: PacketId) -> (usize, Option<usize>) {
        let mut entry = self.home(id);
        // There are free entries: see `capacity`.
        loop {
            match self.at(entry) {
                None => return (entry, None),
                Some((other, place)) if other == id => return (entry, Some(place)),
                Some(_) => entry = self.behind(entry),
            }
        }
    }

    fn set(&mut self, entry: usize, value: u32) {
        if let Some(there) = self.index.as_mut().get_mut(entry) {
            *there = value;
        }
    }
}

#[cfg(feature = "alloc")]
impl Indexed<alloc::boxed::Box<[Slot]>, alloc::boxed::Box<[u32]>> {
    /// Memory for so many exchanges, of which 65,534 are used at most.
    #[must_use]
    pub fn on_heap(exchanges: usize) -> Self {
        let exchanges = exchanges.min(65_534);
        // From here on, the slots take so much that each id may have an entry of its own.
        let entries = if exchanges < 1024 { exchanges * 4 } else { ALL_IDS };
        Self::new(alloc::vec![Slot::EMPTY; exchanges * 2].into(), alloc::vec![0; entries].into())
    }
}

impl<F: AsRef<[Slot]>, X> AsRef<[Slot]> for Indexed<F, X> {
    fn as_ref(&self) -> &[Slot] {
        self.slots.as_ref()
    }
}

impl<F: AsMut<[Slot]>, X> AsMut<[Slot]> for Indexed<F, X> {
    fn as_mut(&mut self) -> &mut [Slot] {
        self.slots.as_mut()
    }
}

impl<F: AsRef<[Slot]> + AsMut<[Slot]>, X: AsRef<[u32]> + AsMut<[u32]>> Slots for Indexed<F, X> {
    const MANY: bool = false;
    const INDEXED: bool = true;

    fn capacity(&self) -> usize {
        let (slots, entries) = (self.slots.as_ref().len(), self.index.as_ref().len());
        if entries < ALL_IDS { (slots / 2).min(entries / 4) } else { slots / 2 }
    }

    fn used(&self, _: usize) -> usize {
        self.used
    }

    fn place(&self, id: PacketId) -> Option<usize> {
        self.entry(id).1
    }

    fn set_place(&mut self, id: PacketId, place: usize) {
        let (entry, before) = self.entry(id);
        if before.is_none() {
            self.used = self.used.wrapping_add(1);
        }
        self.set(entry, u32::try_from(place).unwrap_or_default().wrapping_add(1));
    }

    fn forget(&mut self, id: PacketId) {
        let (mut free, Some(_)) = self.entry(id) else { return };
        self.used = self.used.wrapping_sub(1);
        // Each entry behind it that a search would no longer find moves up.
        let mut entry = free;
        loop {
            entry = self.behind(entry);
            let Some((id, _)) = self.at(entry) else { break };
            let home = self.home(id);
            let stays =
                if free <= entry { free < home && home <= entry } else { free < home || home <= entry };
            if !stays {
                let value = self.index.as_ref().get(entry).copied().unwrap_or_default();
                self.set(free, value);
                free = entry;
            }
        }
        self.set(free, 0);
    }
}
