//! The memory that the engine works in, of a size that the configuration says.
//!
//! The tables and buffers behave as the arrays that a program would give, but leave out of their hash what lies
//! there from earlier and is never looked at; [`key`](crate::key) adds what is alive.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use umqtt_proto::{IncomingIds, Large, PacketId, Parts, Slot, Slots, Whole};

/// What a program chooses by types.
pub trait Device: Copy + Debug + 'static {
    /// What becomes of messages that are larger than the receive buffer.
    type Large: Large + Hash + Debug;
    /// Whether there is a store.
    const KEEPS: bool;
    /// Whether ids are found without a search of the whole table each time.
    const MANY: bool;
}

/// Firmware without a store.
#[derive(Clone, Copy, Debug)]
pub struct Bare;

/// Firmware with a store.
#[derive(Clone, Copy, Debug)]
pub struct Firmware;

/// A program with an operating system.
#[derive(Clone, Copy, Debug)]
pub struct Host;

impl Device for Bare {
    type Large = Whole;
    const KEEPS: bool = false;
    const MANY: bool = false;
}

impl Device for Firmware {
    type Large = Whole;
    const KEEPS: bool = true;
    const MANY: bool = false;
}

impl Device for Host {
    type Large = Parts;
    const KEEPS: bool = true;
    const MANY: bool = true;
}

/// A buffer of up to `N` bytes.
#[derive(Clone, Copy, Debug)]
pub struct Buffer<const N: usize = 32> {
    bytes: [u8; N],
    length: u8,
}

impl<const N: usize> Buffer<N> {
    pub fn new(length: u8) -> Self {
        assert!(usize::from(length) <= N, "a buffer of the model is too short");
        Self { bytes: [0; N], length }
    }
}

impl<const N: usize> AsRef<[u8]> for Buffer<N> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl<const N: usize> AsMut<[u8]> for Buffer<N> {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..usize::from(self.length)]
    }
}

impl<const N: usize> Hash for Buffer<N> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// The table of the exchanges.
#[derive(Clone, Copy, Debug)]
pub struct Table<D> {
    slots: [Slot; 3],
    length: u8,
    device: PhantomData<D>,
}

impl<D> Table<D> {
    pub fn new(length: u8) -> Self {
        assert!(length <= 3, "a table of the model is too short");
        Self { slots: [Slot::EMPTY; 3], length, device: PhantomData }
    }
}

impl<D> AsRef<[Slot]> for Table<D> {
    fn as_ref(&self) -> &[Slot] {
        &self.slots[..usize::from(self.length)]
    }
}

impl<D> AsMut<[Slot]> for Table<D> {
    fn as_mut(&mut self) -> &mut [Slot] {
        &mut self.slots[..usize::from(self.length)]
    }
}

impl<D: Device> Slots for Table<D> {
    const MANY: bool = D::MANY;
}

impl<D> Hash for Table<D> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// The ids of the broker's messages: the core's own tables.
#[derive(Clone, Debug)]
pub enum Ids {
    Fixed([u16; 3], u8),
    Growing(BTreeSet<u16>),
}

impl Ids {
    /// Room for so many ids; 0 stands for a table that grows.
    pub fn new(length: u8) -> Self {
        if length == 0 { Self::Growing(BTreeSet::new()) } else { Self::Fixed([0; 3], length) }
    }

    /// How many it holds.
    pub fn count(&self) -> usize {
        match self {
            Self::Fixed(ids, _) => ids.iter().filter(|&&id| id != 0).count(),
            Self::Growing(ids) => ids.len(),
        }
    }

    fn with<R>(&self, look: impl FnOnce(&dyn IncomingIds) -> R) -> R {
        match self {
            Self::Fixed(ids, length) => {
                let mut ids = *ids;
                look(&&mut ids[..usize::from(*length)])
            }
            Self::Growing(ids) => look(ids),
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut dyn IncomingIds)) {
        match self {
            Self::Fixed(ids, length) => change(&mut &mut ids[..usize::from(*length)]),
            Self::Growing(ids) => change(ids),
        }
    }
}

impl IncomingIds for Ids {
    fn holds(&self, id: PacketId) -> bool {
        self.with(|ids| ids.holds(id))
    }

    fn has_room(&self) -> bool {
        self.with(|ids| ids.has_room())
    }

    fn insert(&mut self, id: PacketId) {
        self.change(|ids| ids.insert(id));
    }

    fn remove(&mut self, id: PacketId) {
        self.change(|ids| ids.remove(id));
    }

    fn clear(&mut self) {
        self.change(|ids| ids.clear());
    }
}

// The place of an id in the table means nothing.
impl Hash for Ids {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Fixed(ids, _) => {
                let mut ids = *ids;
                ids.sort_unstable();
                ids.hash(state);
            }
            Self::Growing(ids) => ids.hash(state),
        }
    }
}
