//! A store that outlives its program, and that fails when it is told to.

use std::cell::RefCell;
use std::rc::Rc;

use fastrand::Rng;
use umqtt::{Await, PacketId, Record, Store, StoreError};
use umqtt_testkit::model::payload_number;

use crate::wire::Shared;

/// What has been written down.
#[derive(Debug)]
pub struct Disk {
    messages: Vec<(PacketId, Await, Vec<u8>)>,
    incoming: Vec<PacketId>,
    next: Option<PacketId>,
    limit: usize,
    /// How many of 256 calls fail.
    pub fails: u8,
    /// Whether one has failed since this was last set to false.
    pub failed: bool,
    rng: Rng,
}

/// The store of one program.
#[derive(Clone)]
pub struct Durable {
    disk: Rc<RefCell<Disk>>,
    world: Shared,
}

impl Disk {
    pub fn new(limit: usize, fails: u8, rng: Rng) -> Self {
        Self { messages: Vec::new(), incoming: Vec::new(), next: None, limit, fails, failed: false, rng }
    }

    /// The packet that is written down with this id; it is empty after PUBREC.
    pub fn packet(&self, id: PacketId) -> Option<&[u8]> {
        let (.., packet) = self.messages.iter().find(|(other, ..)| *other == id)?;
        Some(packet)
    }

    /// The number of the message that is written down with this id, unless its packet is gone after PUBREC.
    pub fn number(&self, id: PacketId) -> Option<u16> {
        let packet = self.packet(id)?;
        let digits = packet.iter().skip(1).take_while(|digit| **digit > 127).count() + 1;
        let body = packet.get(1 + digits..)?;
        let topic = usize::from(u16::from_be_bytes([*body.first()?, *body.get(1)?]));
        payload_number(body.get(2 + topic + 2..)?)
    }

    fn find(&mut self, id: PacketId) -> Option<&mut (PacketId, Await, Vec<u8>)> {
        self.messages.iter_mut().find(|(other, ..)| *other == id)
    }
}

impl Durable {
    pub const fn new(disk: Rc<RefCell<Disk>>, world: Shared) -> Self {
        Self { disk, world }
    }

    /// Calls `action` unless the medium fails or the power is off.
    fn act<R>(&self, action: impl FnOnce(&mut Disk) -> R) -> Result<R, StoreError> {
        let mut disk = self.disk.borrow_mut();
        let fails = disk.fails > 0 && disk.rng.u8(..) < disk.fails;
        if fails || !self.world.borrow_mut().spend() {
            disk.failed = true;
            return Err(StoreError::Failed);
        }
        Ok(action(&mut disk))
    }
}

impl Store for Durable {
    fn insert(&mut self, id: PacketId, awaits: Await, parts: &[&[u8]]) -> Result<(), StoreError> {
        let packet = parts.concat();
        self.act(|disk| {
            assert!(disk.find(id).is_none(), "id {id} is stored twice");
            let held: usize = disk.messages.iter().map(|(.., packet)| packet.len()).sum();
            if held + packet.len() > disk.limit {
                return Err(StoreError::Full);
            }
            disk.messages.push((id, awaits, packet));
            disk.next = Some(id.next());
            Ok(())
        })?
    }

    fn length(&mut self, id: PacketId) -> Option<usize> {
        self.disk.borrow_mut().find(id).map(|(.., packet)| packet.len())
    }

    fn read(&mut self, id: PacketId, offset: usize, buffer: &mut [u8]) -> Result<usize, StoreError> {
        self.act(|disk| {
            let (.., packet) = disk.find(id).expect("what is read is there");
            let packet = &packet[offset..];
            let count = packet.len().min(buffer.len());
            buffer[..count].copy_from_slice(&packet[..count]);
            count
        })
    }

    fn release(&mut self, id: PacketId) -> Result<(), StoreError> {
        self.act(|disk| {
            assert!(
                disk.find(id).is_some_and(|(_, awaits, _)| *awaits == Await::PubRec),
                "id {id} is released"
            );
            disk.messages.retain(|(other, ..)| *other != id);
            disk.messages.push((id, Await::PubComp, Vec::new()));
        })
    }

    fn remove(&mut self, id: PacketId) -> Result<(), StoreError> {
        self.act(|disk| disk.messages.retain(|(other, ..)| *other != id))
    }

    fn insert_incoming(&mut self, id: PacketId) -> Result<(), StoreError> {
        self.act(|disk| {
            if !disk.incoming.contains(&id) {
                disk.incoming.push(id);
            }
        })
    }

    fn remove_incoming(&mut self, id: Option<PacketId>) -> Result<(), StoreError> {
        self.act(|disk| match id {
            Some(id) => disk.incoming.retain(|other| *other != id),
            None => disk.incoming.clear(),
        })
    }

    fn records(&mut self, visit: &mut dyn FnMut(Record)) -> Result<(), StoreError> {
        let disk = self.disk.borrow();
        for (id, awaits, _) in &disk.messages {
            visit(Record::Outgoing { id: *id, awaits: *awaits });
        }
        for id in &disk.incoming {
            visit(Record::Incoming { id: *id });
        }
        Ok(())
    }

    fn next_id(&mut self) -> Option<PacketId> {
        self.disk.borrow().next
    }
}
