//! What a session keeps of its messages until they are acknowledged, in memory that the caller supplies.

#[cfg(feature = "alloc")]
mod heap;
mod ram;

#[cfg(feature = "alloc")]
pub use heap::HeapStore;
pub use ram::RamStore;

use core::fmt;

use crate::packet_id::PacketId;
use crate::session::Await;

/// Why a store could not do what it was asked; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum StoreError {
    /// There is no room for the message.
    Full,
    /// The medium could not be read or written.
    Failed,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the store has no room",
            Self::Failed => "the store's medium failed",
        })
    }
}

impl core::error::Error for StoreError {}

/// One thing that a [`Store`] keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Record {
    /// An outgoing message, or the PUBREL that has taken its place.
    Outgoing {
        /// Its packet id.
        id: PacketId,
        /// What it waits for: PUBACK, PUBREC or PUBCOMP.
        awaits: Await,
    },
    /// A QoS 2 message of the broker that was handed over and waits for PUBREL.
    Incoming {
        /// Its packet id.
        id: PacketId,
    },
}

/// Keeps encoded PUBLISH packets from the moment they are taken until they are acknowledged.
///
/// The session decides what goes in and out; a store only remembers. Each call is one change, complete when the call
/// returns: a store that survives a power cut has recorded it by then. A call that fails has changed nothing.
/// [`Session::restore`](crate::Session::restore) rebuilds a session from its store.
pub trait Store {
    /// Whether anything is kept; if not, a message is lost when its connection is lost.
    const KEEPS: bool = true;

    /// Keeps a packet under an id that is not in use, behind all others. Its bytes are those of `parts`, one after the
    /// other. `awaits` is [`Await::PubAck`] or [`Await::PubRec`].
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed.
    fn insert(&mut self, id: PacketId, awaits: Await, parts: &[&[u8]]) -> Result<(), StoreError>;

    /// The length of the packet of this id; `None` if there is no such packet.
    fn length(&mut self, id: PacketId) -> Option<usize>;

    /// Copies bytes of the packet of this id from `offset` on into `buffer` and returns how many: as many as the
    /// buffer holds, unless the packet ends before.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    fn read(&mut self, id: PacketId, offset: usize, buffer: &mut [u8]) -> Result<usize, StoreError>;

    /// PUBREC has come for a message, and PUBREL takes its place, behind all others [MQTT-4.6.0-4]: the store may drop
    /// the packet, but keeps its id.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed.
    fn release(&mut self, id: PacketId) -> Result<(), StoreError>;

    /// Drops what is kept under this outgoing id, if there is anything.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed.
    fn remove(&mut self, id: PacketId) -> Result<(), StoreError>;

    /// Keeps the id of a QoS 2 message of the broker, before PUBREC is sent for it. It may be kept already.
    ///
    /// That happens in the call after the one that hands the message over: if the power goes in between, the
    /// broker sends the message again, and it is handed over again.
    ///
    /// The default keeps nothing, which suits a store that does not outlive the session.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed.
    fn insert_incoming(&mut self, id: PacketId) -> Result<(), StoreError> {
        let _ = id;
        Ok(())
    }

    /// Drops an id of the broker, before PUBCOMP is sent for it; `None` means all of them, when the broker has lost
    /// the session.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed.
    fn remove_incoming(&mut self, id: Option<PacketId>) -> Result<(), StoreError> {
        let _ = id;
        Ok(())
    }

    /// Shows what is kept; outgoing records come oldest first.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    fn records(&mut self, visit: &mut dyn FnMut(Record)) -> Result<(), StoreError>;

    /// The id that follows the one inserted last, if the store remembers it even after that record is removed; after a
    /// restart a session goes on from there.
    fn next_id(&mut self) -> Option<PacketId> {
        None
    }
}

/// Keeps nothing, as in umqtt.simple2: packet ids are tracked, and a message whose connection is lost before its
/// acknowledgement is reported as [`Event::Lost`](crate::Event::Lost).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NoStore;

impl Store for NoStore {
    const KEEPS: bool = false;

    fn insert(&mut self, _: PacketId, _: Await, _: &[&[u8]]) -> Result<(), StoreError> {
        Ok(())
    }

    fn length(&mut self, _: PacketId) -> Option<usize> {
        None
    }

    fn read(&mut self, _: PacketId, _: usize, _: &mut [u8]) -> Result<usize, StoreError> {
        Ok(0)
    }

    fn release(&mut self, _: PacketId) -> Result<(), StoreError> {
        Ok(())
    }

    fn remove(&mut self, _: PacketId) -> Result<(), StoreError> {
        Ok(())
    }

    fn records(&mut self, _: &mut dyn FnMut(Record)) -> Result<(), StoreError> {
        Ok(())
    }
}
