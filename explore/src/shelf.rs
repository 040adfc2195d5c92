//! The store of the engine: one of the core's, or a durable one whose medium fails or loses power on demand.

use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use umqtt_proto::{Await, HeapStore, NoStore, PacketId, RamStore, Record, Store, StoreError};

use crate::durable::Durable;
use crate::list::List;
use crate::memory::{Buffer, Device};

/// What goes wrong at a write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The medium refuses it.
    Fails,
    /// Power is lost before it.
    PowerBefore,
    /// Power is lost when it is written down, and the program does not learn that any more.
    PowerAfter,
}

impl Fault {
    pub const ALL: [Self; 3] = [Self::Fails, Self::PowerBefore, Self::PowerAfter];
}

/// What a store is made of.
#[derive(Clone, Debug)]
pub enum Kept {
    Nothing(NoStore),
    Ram(RamStore<Buffer<48>>),
    Heap(HeapStore),
    Durable(Durable),
}

/// A store of one of these kinds, which counts the accesses to its medium, so that a fault can be planned for
/// each.
#[derive(Clone, Debug)]
pub struct Shelf<D> {
    pub kept: Kept,
    plan: Option<(u8, Fault)>,
    accesses: u8,
    off: bool,
    device: PhantomData<D>,
}

impl<D> Shelf<D> {
    pub fn new(kept: Kept) -> Self {
        Self { kept, plan: None, accesses: 0, off: false, device: PhantomData }
    }

    /// Begins to count; the access of this number ends in this fault.
    pub fn plan(&mut self, plan: Option<(u8, Fault)>) {
        self.plan = plan;
        self.accesses = 0;
        self.off = false;
    }

    /// How often the medium was asked since [`plan`](Self::plan).
    pub fn accesses(&self) -> u8 {
        self.accesses
    }

    /// Whether the planned fault has happened.
    pub fn has_failed(&self) -> bool {
        self.plan.is_some_and(|(access, _)| access < self.accesses)
    }

    /// Whether power was lost.
    pub fn is_off(&self) -> bool {
        self.off
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        match &self.kept {
            Kept::Nothing(_) => true,
            Kept::Ram(store) => store.is_empty(),
            Kept::Heap(store) => store.is_empty(),
            Kept::Durable(store) => store.is_empty(),
        }
    }

    /// Whether the id of a message of the broker is written down.
    pub fn holds_incoming(&self, id: u16) -> bool {
        matches!(&self.kept, Kept::Durable(store) if store.holds_incoming(id))
    }

    /// Whether something is kept under this id of ours.
    pub fn holds_outgoing(&self, id: PacketId) -> bool {
        self.outgoing().as_slice().contains(&id.as_u16())
    }

    /// The ids of ours under which something is kept.
    pub fn outgoing(&self) -> List<u16, 3> {
        let mut ids = List::new();
        let _ = self.kept.clone().records(&mut |record| {
            if let Record::Outgoing { id, .. } = record {
                ids.push(id.as_u16());
            }
        });
        ids
    }

    fn access<R>(
        &mut self,
        change: impl FnOnce(&mut Kept) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        if self.off {
            return Err(StoreError::Failed);
        }
        let number = self.accesses;
        self.accesses += 1;
        match self.plan {
            Some((access, fault)) if access == number => {
                self.off = fault != Fault::Fails;
                if fault == Fault::PowerAfter {
                    change(&mut self.kept)?;
                }
                Err(StoreError::Failed)
            }
            _ => change(&mut self.kept),
        }
    }
}

impl<D: Device> Store for Shelf<D> {
    const KEEPS: bool = D::KEEPS;

    fn insert(&mut self, id: PacketId, awaits: Await, parts: &[&[u8]]) -> Result<(), StoreError> {
        self.access(|store| store.insert(id, awaits, parts))
    }

    fn length(&mut self, id: PacketId) -> Option<usize> {
        self.kept.length(id)
    }

    fn read(&mut self, id: PacketId, offset: usize, buffer: &mut [u8]) -> Result<usize, StoreError> {
        self.access(|store| store.read(id, offset, buffer))
    }

    fn release(&mut self, id: PacketId) -> Result<(), StoreError> {
        self.access(|store| store.release(id))
    }

    fn remove(&mut self, id: PacketId) -> Result<(), StoreError> {
        self.access(|store| store.remove(id))
    }

    fn insert_incoming(&mut self, id: PacketId) -> Result<(), StoreError> {
        self.access(|store| store.insert_incoming(id))
    }

    fn remove_incoming(&mut self, id: Option<PacketId>) -> Result<(), StoreError> {
        self.access(|store| store.remove_incoming(id))
    }

    fn records(&mut self, visit: &mut dyn FnMut(Record)) -> Result<(), StoreError> {
        self.kept.records(visit)
    }

    fn next_id(&mut self) -> Option<PacketId> {
        self.kept.next_id()
    }
}

impl<D> Hash for Shelf<D> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut store = self.kept.clone();
        let _ = store.records(&mut |record| record.hash(state));
        for id in self.outgoing().as_slice() {
            let mut bytes = [0; 32];
            let read = PacketId::new(*id).map(|id| store.read(id, 0, &mut bytes));
            bytes[..read.and_then(Result::ok).unwrap_or(0)].hash(state);
        }
        store.next_id().hash(state);
    }
}

/// Hands a call on to the store that there is.
macro_rules! hand_on {
    ($kept:expr, $method:ident($($argument:expr),*)) => {
        match $kept {
            Kept::Nothing(store) => store.$method($($argument),*),
            Kept::Ram(store) => store.$method($($argument),*),
            Kept::Heap(store) => store.$method($($argument),*),
            Kept::Durable(store) => store.$method($($argument),*),
        }
    };
}

impl Store for Kept {
    fn insert(&mut self, id: PacketId, awaits: Await, parts: &[&[u8]]) -> Result<(), StoreError> {
        hand_on!(self, insert(id, awaits, parts))
    }

    fn length(&mut self, id: PacketId) -> Option<usize> {
        hand_on!(self, length(id))
    }

    fn read(&mut self, id: PacketId, offset: usize, buffer: &mut [u8]) -> Result<usize, StoreError> {
        hand_on!(self, read(id, offset, buffer))
    }

    fn release(&mut self, id: PacketId) -> Result<(), StoreError> {
        hand_on!(self, release(id))
    }

    fn remove(&mut self, id: PacketId) -> Result<(), StoreError> {
        hand_on!(self, remove(id))
    }

    fn insert_incoming(&mut self, id: PacketId) -> Result<(), StoreError> {
        hand_on!(self, insert_incoming(id))
    }

    fn remove_incoming(&mut self, id: Option<PacketId>) -> Result<(), StoreError> {
        hand_on!(self, remove_incoming(id))
    }

    fn records(&mut self, visit: &mut dyn FnMut(Record)) -> Result<(), StoreError> {
        hand_on!(self, records(visit))
    }

    fn next_id(&mut self) -> Option<PacketId> {
        hand_on!(self, next_id())
    }
}
