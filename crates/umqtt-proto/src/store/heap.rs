//! A bounded store on the heap.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use super::{Record, Store, StoreError};
use crate::packet_id::PacketId;
use crate::session::Await;
use crate::wire::copy;

/// Keeps packets on the heap, up to a number of bytes in all; it takes memory only for what it holds.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HeapStore {
    messages: BTreeMap<u16, Kept>,
    /// The order of the messages: of their last change.
    turn: u64,
    bytes: usize,
    limit: usize,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Kept {
    turn: u64,
    awaits: Await,
    packet: Vec<u8>,
}

impl HeapStore {
    /// An empty store for packets of this many bytes in total.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self { messages: BTreeMap::new(), turn: 0, bytes: 0, limit }
    }

    /// How many bytes the kept packets have in total.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    fn turn(&mut self) -> u64 {
        self.turn = self.turn.wrapping_add(1);
        self.turn
    }
}

// What is to be sent may be secret.
impl fmt::Debug for HeapStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("HeapStore");
        shown.field("messages", &self.messages.len()).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Store for HeapStore {
    fn insert(&mut self, id: PacketId, awaits: Await, parts: &[&[u8]]) -> Result<(), StoreError> {
        let length = parts.iter().fold(0usize, |sum, part| sum.saturating_add(part.len()));
        let bytes = self.bytes.saturating_add(length);
        let mut packet = Vec::new();
        if bytes > self.limit || packet.try_reserve_exact(length).is_err() {
            return Err(StoreError::Full);
        }
        for part in parts {
            packet.extend_from_slice(part);
        }
        self.bytes = bytes;
        let turn = self.turn();
        self.messages.insert(id.as_u16(), Kept { turn, awaits, packet });
        Ok(())
    }

    fn length(&mut self, id: PacketId) -> Option<usize> {
        self.messages.get(&id.as_u16()).map(|kept| kept.packet.len())
    }

    fn read(&mut self, id: PacketId, offset: usize, buffer: &mut [u8]) -> Result<usize, StoreError> {
        let packet = self.messages.get(&id.as_u16()).and_then(|kept| kept.packet.get(offset..));
        let packet = packet.unwrap_or_default();
        copy(buffer, packet);
        Ok(packet.len().min(buffer.len()))
    }

    fn release(&mut self, id: PacketId) -> Result<(), StoreError> {
        self.remove(id)?;
        self.insert(id, Await::PubComp, &[])
    }

    fn remove(&mut self, id: PacketId) -> Result<(), StoreError> {
        if let Some(kept) = self.messages.remove(&id.as_u16()) {
            self.bytes = self.bytes.saturating_sub(kept.packet.len());
        }
        Ok(())
    }

    fn records(&mut self, visit: &mut dyn FnMut(Record)) -> Result<(), StoreError> {
        let mut all: Vec<_> = self.messages.iter().map(|(id, kept)| (kept.turn, *id, kept.awaits)).collect();
        all.sort_unstable_by_key(|&(turn, ..)| turn);
        for (_, id, awaits) in all {
            if let Some(id) = PacketId::new(id) {
                visit(Record::Outgoing { id, awaits });
            }
        }
        Ok(())
    }
}
