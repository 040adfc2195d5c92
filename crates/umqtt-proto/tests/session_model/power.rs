//! A store that outlives the client, and loses power or fails at any of its writes: the session is rebuilt from
//! what was written, and nothing is lost, nor doubled but what the documentation says.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use umqtt_proto::{Await, PacketId, Record, Store, StoreError};

use crate::model::{Choices, Client, INDEXED};

/// What is on the medium.
#[derive(Debug, Default)]
struct Disk {
    /// Our own records, oldest first.
    outgoing: Vec<(PacketId, Await, Vec<u8>)>,
    incoming: BTreeSet<PacketId>,
    next_id: Option<PacketId>,
    /// How often it was written to.
    writes: usize,
    trouble: Option<Trouble>,
}

/// What happens at a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Trouble {
    /// How many writes go well before.
    after: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The power goes before anything is written.
    PowerBefore,
    /// The power goes when all is written.
    PowerAfter,
    /// The medium says that it cannot, and nothing has changed.
    Fails,
}

/// The client is no more.
struct PowerLoss;

/// A store on the disk, which outlives it.
struct Durable(Rc<RefCell<Disk>>);

impl Durable {
    /// Does all of a change, or nothing.
    fn write(&self, change: impl FnOnce(&mut Disk)) -> Result<(), StoreError> {
        let disk = &mut *self.0.borrow_mut();
        disk.writes += 1;
        let trouble = disk.trouble.take();
        if let Some(Trouble { after: after @ 1.., kind }) = trouble {
            disk.trouble = Some(Trouble { after: after - 1, kind });
        }
        match trouble {
            Some(Trouble { after: 0, kind: Kind::Fails }) => return Err(StoreError::Failed),
            Some(Trouble { after: 0, kind: Kind::PowerBefore }) => {}
            _ => change(disk),
        }
        if trouble.is_some_and(|trouble| trouble.after == 0) {
            // As a panic, but nobody is told.
            resume_unwind(Box::new(PowerLoss));
        }
        Ok(())
    }
}

impl Store for Durable {
    fn insert(&mut self, id: PacketId, awaits: Await, parts: &[&[u8]]) -> Result<(), StoreError> {
        assert!(matches!(awaits, Await::PubAck | Await::PubRec));
        assert_eq!(self.length(id), None, "{id} is kept already");
        self.write(|disk| {
            disk.outgoing.push((id, awaits, parts.concat()));
            disk.next_id = Some(id.next());
        })
    }

    fn length(&mut self, id: PacketId) -> Option<usize> {
        let disk = self.0.borrow();
        disk.outgoing.iter().find(|record| record.0 == id).map(|record| record.2.len())
    }

    fn read(&mut self, id: PacketId, offset: usize, buffer: &mut [u8]) -> Result<usize, StoreError> {
        let disk = self.0.borrow();
        let record = disk.outgoing.iter().find(|record| record.0 == id).expect("it is there");
        let packet = record.2.get(offset..).expect("no more than there is");
        let count = packet.len().min(buffer.len());
        buffer[..count].copy_from_slice(&packet[..count]);
        Ok(count)
    }

    fn release(&mut self, id: PacketId) -> Result<(), StoreError> {
        self.write(|disk| {
            let at = disk.outgoing.iter().position(|record| record.0 == id).expect("it is there");
            disk.outgoing.remove(at);
            disk.outgoing.push((id, Await::PubComp, Vec::new()));
        })
    }

    fn remove(&mut self, id: PacketId) -> Result<(), StoreError> {
        self.write(|disk| disk.outgoing.retain(|record| record.0 != id))
    }

    fn insert_incoming(&mut self, id: PacketId) -> Result<(), StoreError> {
        self.write(|disk| {
            disk.incoming.insert(id);
        })
    }

    fn remove_incoming(&mut self, id: Option<PacketId>) -> Result<(), StoreError> {
        self.write(|disk| disk.incoming.retain(|kept| id.is_some_and(|id| *kept != id)))
    }

    fn records(&mut self, visit: &mut dyn FnMut(Record)) -> Result<(), StoreError> {
        let disk = self.0.borrow();
        for &(id, awaits, _) in &disk.outgoing {
            visit(Record::Outgoing { id, awaits });
        }
        for &id in &disk.incoming {
            visit(Record::Incoming { id });
        }
        Ok(())
    }

    fn next_id(&mut self) -> Option<PacketId> {
        self.0.borrow().next_id
    }
}

/// Lives a life, in which the disk has these troubles one after the other; tells how often it was written to.
fn live(
    choices: &mut Choices<'_>,
    qos2: bool,
    mut trouble: impl FnMut(&mut Choices<'_>) -> Option<Trouble>,
) -> usize {
    let disk = Rc::new(RefCell::new(Disk::default()));
    let store = || Durable(disk.clone());
    let mut client = Client::<_, INDEXED>::new(store(), choices, qos2);
    disk.borrow_mut().trouble = trouble(choices);
    loop {
        let lived = catch_unwind(AssertUnwindSafe(|| {
            let is_over = choices.is_over();
            if is_over {
                client.settle()
            } else {
                client.step(choices)
            }
            is_over
        }));
        match lived {
            Ok(true) => return disk.borrow().writes,
            Ok(false) => {}
            Err(cause) if cause.is::<PowerLoss>() => {
                // What the link has taken may still get to the broker.
                client.restart(store(), choices.below(2) == 0);
            }
            Err(cause) => resume_unwind(cause),
        }
        let rested = disk.borrow().trouble.is_none();
        if rested {
            disk.borrow_mut().trouble = trouble(choices);
        }
    }
}

/// Lives one life of a client whose disk is in trouble as often as the bytes choose.
pub(crate) fn run(choices: &[u8], qos2: bool) {
    live(&mut Choices::new(choices), qos2, |choices| {
        if choices.is_over() {
            return None;
        }
        let kind = match choices.below(4) {
            0 => Kind::Fails,
            1 => Kind::PowerBefore,
            _ => Kind::PowerAfter,
        };
        Some(Trouble { after: choices.below(12), kind })
    });
}

/// The same life with each trouble at each of its writes; tells how many there were.
pub(crate) fn every_write(choices: &[u8], qos2: bool) -> usize {
    let writes = live(&mut Choices::new(choices), qos2, |_| None);
    for after in 0..writes {
        for kind in [Kind::PowerBefore, Kind::PowerAfter, Kind::Fails] {
            let mut once = Some(Trouble { after, kind });
            live(&mut Choices::new(choices), qos2, |_| once.take());
        }
    }
    writes
}
