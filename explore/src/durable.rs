//! A store that survives a power cut, as a plain value.

use umqtt_proto::{Await, PacketId, Record, Store, StoreError};

use crate::list::List;

/// A store that survives a power cut.
#[derive(Clone, Debug)]
pub struct Durable {
    records: List<Message, 3>,
    incoming: List<u16, 3>,
    next_id: u16,
}

#[derive(Clone, Copy, Debug, Default)]
struct Message {
    id: u16,
    is_released: bool,
    is_qos2: bool,
    packet: List<u8, 32>,
}

impl Default for List<u8, 32> {
    fn default() -> Self {
        Self::new()
    }
}

impl Durable {
    pub fn new() -> Self {
        Self { records: List::new(), incoming: List::new(), next_id: 0 }
    }

    pub fn is_empty(&self) -> bool {
        self.records.as_slice().is_empty() && self.incoming.as_slice().is_empty()
    }

    pub fn holds_incoming(&self, id: u16) -> bool {
        self.incoming.as_slice().contains(&id)
    }

    fn find(&self, id: PacketId) -> Option<usize> {
        self.records.as_slice().iter().position(|message| message.id == id.as_u16())
    }
}

impl Store for Durable {
    fn insert(&mut self, id: PacketId, awaits: Await, parts: &[&[u8]]) -> Result<(), StoreError> {
        assert!(self.find(id).is_none(), "the store is to keep id {id} twice");
        if !self.records.has_room() {
            return Err(StoreError::Full);
        }
        let mut packet = List::new();
        parts.iter().for_each(|part| packet.extend(part));
        let is_qos2 = awaits == Await::PubRec;
        self.records.push(Message { id: id.as_u16(), is_released: false, is_qos2, packet });
        self.next_id = id.next().as_u16();
        Ok(())
    }

    fn length(&mut self, id: PacketId) -> Option<usize> {
        Some(self.records.as_slice()[self.find(id)?].packet.as_slice().len())
    }

    fn read(&mut self, id: PacketId, offset: usize, buffer: &mut [u8]) -> Result<usize, StoreError> {
        let Some(index) = self.find(id) else { return Ok(0) };
        let packet = self.records.as_slice()[index].packet;
        let bytes = packet.as_slice().get(offset..).unwrap_or_default();
        let count = bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn release(&mut self, id: PacketId) -> Result<(), StoreError> {
        let index = self.find(id).ok_or(StoreError::Failed)?;
        let message = self.records.remove(index);
        self.records.push(Message { is_released: true, packet: List::new(), ..message });
        Ok(())
    }

    fn remove(&mut self, id: PacketId) -> Result<(), StoreError> {
        if let Some(index) = self.find(id) {
            self.records.remove(index);
        }
        Ok(())
    }

    fn insert_incoming(&mut self, id: PacketId) -> Result<(), StoreError> {
        if !self.incoming.as_slice().contains(&id.as_u16()) {
            self.incoming.push(id.as_u16());
            self.incoming.as_mut_slice().sort_unstable();
        }
        Ok(())
    }

    fn remove_incoming(&mut self, id: Option<PacketId>) -> Result<(), StoreError> {
        match id {
            Some(id) => {
                if let Some(index) = self.incoming.as_slice().iter().position(|&one| one == id.as_u16()) {
                    self.incoming.remove(index);
                }
            }
            None => self.incoming.clear(),
        }
        Ok(())
    }

    fn records(&mut self, visit: &mut dyn FnMut(Record)) -> Result<(), StoreError> {
        for message in self.records.as_slice() {
            let awaits = match (message.is_released, message.is_qos2) {
                (true, _) => Await::PubComp,
                (false, true) => Await::PubRec,
                (false, false) => Await::PubAck,
            };
            if let Some(id) = PacketId::new(message.id) {
                visit(Record::Outgoing { id, awaits });
            }
        }
        for &id in self.incoming.as_slice() {
            if let Some(id) = PacketId::new(id) {
                visit(Record::Incoming { id });
            }
        }
        Ok(())
    }

    fn next_id(&mut self) -> Option<PacketId> {
        PacketId::new(self.next_id)
    }
}
