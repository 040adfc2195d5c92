//! Tables of any size, with any features.

use umqtt_proto::{IncomingIds, Indexed, PacketId, Slot, Slots};

/// A table as an array is one.
pub(crate) const PLAIN: u8 = 0;
/// A large array.
pub(crate) const MANY: u8 = 1;
/// A table with an index.
pub(crate) const INDEXED: u8 = 2;

/// A table of our own exchanges, of one of these kinds.
#[derive(Debug)]
pub(crate) struct Table<const KIND: u8>(Indexed<Vec<Slot>, Vec<u32>>);

impl<const KIND: u8> Table<KIND> {
    /// A table for so many exchanges.
    pub(crate) fn new(exchanges: usize) -> Self {
        let slots = if KIND == INDEXED { exchanges * 2 } else { exchanges };
        Self(Indexed::new(vec![Slot::EMPTY; slots], vec![0; exchanges * 4]))
    }
}

impl<const KIND: u8> AsRef<[Slot]> for Table<KIND> {
    fn as_ref(&self) -> &[Slot] {
        self.0.as_ref()
    }
}

impl<const KIND: u8> AsMut<[Slot]> for Table<KIND> {
    fn as_mut(&mut self) -> &mut [Slot] {
        self.0.as_mut()
    }
}

impl<const KIND: u8> Slots for Table<KIND> {
    const MANY: bool = KIND == MANY;
    const INDEXED: bool = KIND == INDEXED;

    fn capacity(&self) -> usize {
        if KIND == INDEXED { self.0.capacity() } else { self.as_ref().len() }
    }

    fn used(&self, slots: usize) -> usize {
        if KIND == INDEXED { self.0.used(slots) } else { slots }
    }

    fn place(&self, id: PacketId) -> Option<usize> {
        self.0.place(id)
    }

    fn set_place(&mut self, id: PacketId, place: usize) {
        self.0.set_place(id, place);
    }

    fn forget(&mut self, id: PacketId) {
        self.0.forget(id);
    }
}

/// A table of the broker's ids: one of those that the core has, of one of several sizes.
#[derive(Debug)]
pub(crate) enum Ids {
    /// Without room.
    Zero([u16; 0]),
    /// For one id.
    One([u16; 1]),
    /// For two ids.
    Two([u16; 2]),
}

impl Ids {
    /// A table of this size.
    pub(crate) fn new(size: usize) -> Self {
        match size {
            0 => Self::Zero([]),
            1 => Self::One([0]),
            _ => Self::Two([0; 2]),
        }
    }
}

impl IncomingIds for Ids {
    fn holds(&self, id: PacketId) -> bool {
        match self {
            Self::Zero(ids) => ids.holds(id),
            Self::One(ids) => ids.holds(id),
            Self::Two(ids) => ids.holds(id),
        }
    }

    fn has_room(&self) -> bool {
        match self {
            Self::Zero(ids) => ids.has_room(),
            Self::One(ids) => ids.has_room(),
            Self::Two(ids) => ids.has_room(),
        }
    }

    fn insert(&mut self, id: PacketId) {
        assert!(self.has_room() && !self.holds(id));
        match self {
            Self::Zero(ids) => ids.insert(id),
            Self::One(ids) => ids.insert(id),
            Self::Two(ids) => ids.insert(id),
        }
    }

    fn remove(&mut self, id: PacketId) {
        match self {
            Self::Zero(ids) => ids.remove(id),
            Self::One(ids) => ids.remove(id),
            Self::Two(ids) => ids.remove(id),
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Zero(ids) => ids.clear(),
            Self::One(ids) => ids.clear(),
            Self::Two(ids) => ids.clear(),
        }
    }
}
