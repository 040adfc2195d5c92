//! What a session keeps of its messages until they are acknowledged, from memory that the caller supplies.

use core::fmt;

use crate::packet_id::PacketId;
use crate::wire::copy;

/// The store has no room for the packet; it is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct StoreFull;

/// Keeps encoded PUBLISH packets from the moment they are sent until they are acknowledged.
///
/// The session decides what goes in and out, and in which order it is sent again; a store only remembers.
pub trait Store {
    /// Whether a message that is not kept is lost when its connection is.
    const KEEPS: bool = true;

    /// Keeps an encoded packet under its id, which is not in the store.
    ///
    /// # Errors
    /// [`StoreFull`] when there is no room; nothing has changed then.
    fn insert(&mut self, id: PacketId, packet: &[u8]) -> Result<(), StoreFull>;

    /// The packet of this id.
    fn packet(&self, id: PacketId) -> Option<&[u8]>;

    /// Lets the packet of this id go, if there is one.
    fn remove(&mut self, id: PacketId);
}

/// Keeps nothing, as umqtt.simple2: packet ids are followed, and a message whose connection is lost before its
/// acknowledgement is told as [`Event::Lost`](crate::Event::Lost).
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStore;

impl Store for NoStore {
    const KEEPS: bool = false;

    fn insert(&mut self, _: PacketId, _: &[u8]) -> Result<(), StoreFull> {
        Ok(())
    }

    fn packet(&self, _: PacketId) -> Option<&[u8]> {
        None
    }

    fn remove(&mut self, _: PacketId) {}
}

/// Keeps packets one behind the other in a buffer; each takes six bytes more than on the wire.
///
/// ```
/// use umqtt_proto::{PacketId, RamStore, Store};
/// let mut store = RamStore::new([0; 16]);
/// store.insert(PacketId::FIRST, b"packet").unwrap();
/// assert_eq!(store.packet(PacketId::FIRST), Some(&b"packet"[..]));
/// assert!(store.insert(PacketId::FIRST.next(), b"packet").is_err());
/// store.remove(PacketId::FIRST);
/// assert!(store.insert(PacketId::FIRST.next(), b"packet").is_ok());
/// ```
#[derive(Clone)]
pub struct RamStore<B> {
    buffer: B,
    end: usize,
}

/// Packet id and length in front of each packet.
const HEAD: usize = 6;

impl<B: AsRef<[u8]> + AsMut<[u8]>> RamStore<B> {
    /// An empty store in `buffer`.
    #[must_use]
    pub const fn new(buffer: B) -> Self {
        Self { buffer, end: 0 }
    }

    /// Whether it keeps nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.end == 0
    }

    /// Where the record of this id begins and ends.
    fn find(&self, id: PacketId) -> Option<(usize, usize)> {
        let mut start = 0usize;
        loop {
            let record = self.buffer.as_ref().get(start..self.end)?;
            let (head, rest) = record.split_first_chunk::<HEAD>()?;
            let [id_high, id_low, length @ ..] = *head;
            let length = u32::from_be_bytes(length) as usize;
            let end = start.saturating_add(HEAD).saturating_add(rest.get(..length)?.len());
            if u16::from_be_bytes([id_high, id_low]) == id.as_u16() {
                return Some((start, end));
            }
            start = end;
        }
    }
}

// What is to be sent is nobody else's business.
impl<B> fmt::Debug for RamStore<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RamStore").field("end", &self.end).finish_non_exhaustive()
    }
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Store for RamStore<B> {
    fn insert(&mut self, id: PacketId, packet: &[u8]) -> Result<(), StoreFull> {
        let length = u32::try_from(packet.len()).map_err(|_| StoreFull)?;
        let room = self.buffer.as_mut().get_mut(self.end..).ok_or(StoreFull)?;
        let (head, room) = room.split_first_chunk_mut::<HEAD>().ok_or(StoreFull)?;
        let room = room.get_mut(..packet.len()).ok_or(StoreFull)?;
        let [id_high, id_low] = id.as_u16().to_be_bytes();
        let [a, b, c, d] = length.to_be_bytes();
        *head = [id_high, id_low, a, b, c, d];
        copy(room, packet);
        self.end = self.end.saturating_add(HEAD).saturating_add(packet.len());
        Ok(())
    }

    fn packet(&self, id: PacketId) -> Option<&[u8]> {
        let (start, end) = self.find(id)?;
        self.buffer.as_ref().get(start.saturating_add(HEAD)..end)
    }

    fn remove(&mut self, id: PacketId) {
        let Some((start, end)) = self.find(id) else { return };
        let gone = end.saturating_sub(start);
        let Some(records) = self.buffer.as_mut().get_mut(start..self.end) else { return };
        if gone <= records.len() {
            records.copy_within(gone.., 0);
            self.end = self.end.saturating_sub(gone);
        }
    }
}
