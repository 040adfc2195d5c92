//! Tables of any size, with any features.

use umqtt_proto::{IncomingIds, PacketId, Slot, Slots};

/// A table of our own exchanges, in which free ids are looked for in either way.
#[derive(Debug)]
pub(crate) struct Table<const MANY: bool>(pub(crate) Vec<Slot>);

impl<const MANY: bool> AsRef<[Slot]> for Table<MANY> {
    fn as_ref(&self) -> &[Slot] {
        &self.0
    }
}

impl<const MANY: bool> AsMut<[Slot]> for Table<MANY> {
    fn as_mut(&mut self) -> &mut [Slot] {
        &mut self.0
    }
}

impl<const MANY: bool> Slots for Table<MANY> {
    const MANY: bool = MANY;
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
