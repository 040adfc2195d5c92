//! A store in a buffer.

use core::fmt;

use super::{Record, Store, StoreError};
use crate::packet_id::PacketId;
use crate::session::Await;
use crate::wire::{copy, move_to_front};

/// Keeps packets one after the other in a buffer; each takes seven bytes more than on the wire.
///
/// It is made for small devices: it searches the buffer to find a packet, and moves the packets behind one that is
/// removed. With a heap, use [`HeapStore`](crate::HeapStore) (feature `alloc`).
///
/// ```
/// use umqtt_proto::{Await, PacketId, RamStore, Store};
/// let mut store = RamStore::new([0; 16]);
/// store.insert(PacketId::FIRST, Await::PubAck, &[b"pac", b"ket"]).unwrap();
/// let mut buffer = [0; 4];
/// assert_eq!(store.read(PacketId::FIRST, 2, &mut buffer), Ok(4));
/// assert_eq!(&buffer, b"cket");
/// assert!(store.insert(PacketId::FIRST.next(), Await::PubAck, &[b"packet"]).is_err());
/// store.remove(PacketId::FIRST).unwrap();
/// assert!(store.insert(PacketId::FIRST.next(), Await::PubAck, &[b"packet"]).is_ok());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RamStore<B> {
    buffer: B,
    end: usize,
}

/// What precedes each packet: its id, what it awaits, and its length.
const HEAD: usize = 7;

impl<B: AsRef<[u8]> + AsMut<[u8]>> RamStore<B> {
    /// An empty store in `buffer`.
    #[must_use]
    pub const fn new(buffer: B) -> Self {
        Self { buffer, end: 0 }
    }

    /// Whether it is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.end == 0
    }

    /// The record that begins at this place: its id, what it awaits, and where it ends.
    fn record(&self, start: usize) -> Option<(u16, u8, usize)> {
        let records = self.buffer.as_ref().get(start..self.end)?;
        let (&[id_high, id_low, awaits, a, b, c, d], _) = records.split_first_chunk::<HEAD>()?;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let end = start.saturating_add(HEAD).saturating_add(length);
        Some((u16::from_be_bytes([id_high, id_low]), awaits, end))
    }

    /// Where the record of this id begins and ends.
    fn find(&self, id: PacketId) -> Option<(usize, usize)> {
        let mut start = 0usize;
        loop {
            let (found, _, end) = self.record(start)?;
            if found == id.as_u16() {
                return Some((start, end));
            }
            start = end;
        }
    }
}

// What is to be sent may be secret.
impl<B> fmt::Debug for RamStore<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RamStore").field("end", &self.end).finish_non_exhaustive()
    }
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Store for RamStore<B> {
    fn insert(&mut self, id: PacketId, awaits: Await, parts: &[&[u8]]) -> Result<(), StoreError> {
        let mut length = 0usize;
        for part in parts {
            length = length.saturating_add(part.len());
        }
        let room = self.buffer.as_mut().get_mut(self.end..).unwrap_or_default();
        let (head, mut room) = room.split_first_chunk_mut::<HEAD>().ok_or(StoreError::Full)?;
        if length > room.len() {
            return Err(StoreError::Full);
        }
        let [id_high, id_low] = id.as_u16().to_be_bytes();
        // A packet is never longer than 256 MiB.
        #[allow(clippy::cast_possible_truncation)]
        let [a, b, c, d] = (length as u32).to_be_bytes();
        *head = [id_high, id_low, awaits as u8, a, b, c, d];
        for part in parts {
            let (place, rest) = room.split_at_mut_checked(part.len()).unwrap_or_default();
            copy(place, part);
            room = rest;
        }
        self.end = self.end.saturating_add(HEAD).saturating_add(length);
        Ok(())
    }

    fn length(&mut self, id: PacketId) -> Option<usize> {
        let (start, end) = self.find(id)?;
        Some(end.saturating_sub(start).saturating_sub(HEAD))
    }

    fn read(&mut self, id: PacketId, offset: usize, buffer: &mut [u8]) -> Result<usize, StoreError> {
        let (start, end) = self.find(id).unwrap_or_default();
        let from = start.saturating_add(HEAD).saturating_add(offset);
        let packet = self.buffer.as_ref().get(from..end).unwrap_or_default();
        copy(buffer, packet);
        Ok(packet.len().min(buffer.len()))
    }

    fn release(&mut self, id: PacketId) -> Result<(), StoreError> {
        // The empty record takes the place of one that is longer.
        self.remove(id)?;
        self.insert(id, Await::PubComp, &[])
    }

    fn remove(&mut self, id: PacketId) -> Result<(), StoreError> {
        let Some((start, end)) = self.find(id) else { return Ok(()) };
        let gone = end.saturating_sub(start);
        move_to_front(self.buffer.as_mut().get_mut(start..self.end).unwrap_or_default(), gone);
        self.end = self.end.saturating_sub(gone);
        Ok(())
    }

    fn records(&mut self, visit: &mut dyn FnMut(Record)) -> Result<(), StoreError> {
        let mut start = 0;
        while let Some((id, awaits, end)) = self.record(start) {
            let awaits = match awaits {
                5 => Await::PubRec,
                7 => Await::PubComp,
                _ => Await::PubAck,
            };
            if let Some(id) = PacketId::new(id) {
                visit(Record::Outgoing { id, awaits });
            }
            start = end;
        }
        Ok(())
    }
}
