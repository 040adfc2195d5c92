//! The broker's QoS 2 messages that are not finished.

use crate::packet_id::PacketId;

/// The ids of the broker's QoS 2 messages that were handed over and wait for PUBREL.
///
/// An array or a slice of `u16` holds so many ids, 0 for a free place. With `alloc`,
/// [`BTreeSet<u16>`](alloc::collections::BTreeSet) grows as it must, up to the 65,535 ids that there are.
pub trait IncomingIds {
    /// Whether this id is held.
    fn holds(&self, id: PacketId) -> bool;
    /// Whether another id can be held.
    fn has_room(&self) -> bool;
    /// Holds an id for which there is room, and which is not held.
    fn insert(&mut self, id: PacketId);
    /// Releases an id, if it is held.
    fn remove(&mut self, id: PacketId);
    /// Releases all ids.
    fn clear(&mut self);
}

/// Puts `new` in the place of the first `old`.
#[cfg_attr(target_os = "none", inline(never))]
fn swap(ids: &mut [u16], old: u16, new: u16) {
    if let Some(place) = ids.iter_mut().find(|id| **id == old) {
        *place = new;
    }
}

macro_rules! fixed_ids {
    ($(($($generics:tt)*) $type:ty;)+) => {$(
        impl<$($generics)*> IncomingIds for $type {
            fn holds(&self, id: PacketId) -> bool {
                self.iter().any(|one| *one == id.as_u16())
            }

            fn has_room(&self) -> bool {
                self.iter().any(|one| *one == 0)
            }

            fn insert(&mut self, id: PacketId) {
                swap(&mut self[..], 0, id.as_u16());
            }

            fn remove(&mut self, id: PacketId) {
                swap(&mut self[..], id.as_u16(), 0);
            }

            fn clear(&mut self) {
                for id in self.iter_mut() {
                    *id = 0;
                }
            }
        }
    )+};
}

fixed_ids! {
    (const N: usize) [u16; N];
    () &mut [u16];
    (const N: usize) &mut [u16; N];
}

#[cfg(feature = "alloc")]
impl IncomingIds for alloc::collections::BTreeSet<u16> {
    fn holds(&self, id: PacketId) -> bool {
        self.contains(&id.as_u16())
    }

    fn has_room(&self) -> bool {
        true
    }

    fn insert(&mut self, id: PacketId) {
        Self::insert(self, id.as_u16());
    }

    fn remove(&mut self, id: PacketId) {
        Self::remove(self, &id.as_u16());
    }

    fn clear(&mut self) {
        Self::clear(self);
    }
}
