//! The four memories of a client: receive buffer, transmit buffer, table of packets in flight, store.

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, vec};

use umqtt_proto::{NoStore, Slot, Store};

/// The memory of a [`Client`](crate::Client), bundled into one type parameter; [`Memory`] is the one that there
/// is.
pub trait Buffers {
    /// Holds what was received; a message that fits is lent whole. At least 16 bytes, and 5 more than a
    /// SUBSCRIBE has filters.
    type Receive: AsRef<[u8]> + AsMut<[u8]>;
    /// Holds packets until they are written; a packet that fits is one write. At least 16 bytes, and room for
    /// CONNECT.
    type Transmit: AsRef<[u8]> + AsMut<[u8]>;
    /// One [`Slot`] for each packet that waits for its acknowledgement, in both directions.
    type Slots: AsRef<[Slot]> + AsMut<[Slot]>;
    /// What is to be sent again when a session is resumed.
    type Store: Store;

    /// The four, in the order of the types.
    fn into_parts(self) -> (Self::Receive, Self::Transmit, Self::Slots, Self::Store);
}

/// The memory of a client, of any kind: arrays, boxes, borrowed slices.
///
/// [`Fixed`] and [`Heap`] are the usual ones. One in static memory:
///
/// ```
/// use umqtt::{Memory, NoStore, Slot};
/// # fn memory(receive: &'static mut [u8; 512], transmit: &'static mut [u8; 256]) {
/// let memory = Memory { receive, transmit, slots: [Slot::EMPTY; 4], store: NoStore };
/// # drop(memory);
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Memory<R, T, F, S = NoStore> {
    /// See [`Buffers::Receive`].
    pub receive: R,
    /// See [`Buffers::Transmit`].
    pub transmit: T,
    /// See [`Buffers::Slots`].
    pub slots: F,
    /// See [`Buffers::Store`].
    pub store: S,
}

impl<R, T, F> Memory<R, T, F> {
    /// The same memory with a store, so that messages survive a lost connection.
    ///
    /// ```
    /// use umqtt::{Fixed, RamStore};
    /// let memory = Fixed::<512, 256, 4>::new().with_store(RamStore::new([0; 1024]));
    /// # drop(memory);
    /// ```
    pub fn with_store<S: Store>(self, store: S) -> Memory<R, T, F, S> {
        Memory { receive: self.receive, transmit: self.transmit, slots: self.slots, store }
    }
}

impl<R, T, F, S> Buffers for Memory<R, T, F, S>
where
    R: AsRef<[u8]> + AsMut<[u8]>,
    T: AsRef<[u8]> + AsMut<[u8]>,
    F: AsRef<[Slot]> + AsMut<[Slot]>,
    S: Store,
{
    type Receive = R;
    type Transmit = T;
    type Slots = F;
    type Store = S;

    fn into_parts(self) -> (R, T, F, S) {
        (self.receive, self.transmit, self.slots, self.store)
    }
}

// Buffers may hold what is nobody's business.
impl<R, T, F, S> core::fmt::Debug for Memory<R, T, F, S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

/// Memory in arrays: bytes to receive, bytes to transmit, packets in flight.
pub type Fixed<const RECEIVE: usize, const TRANSMIT: usize, const IN_FLIGHT: usize, S = NoStore> =
    Memory<[u8; RECEIVE], [u8; TRANSMIT], [Slot; IN_FLIGHT], S>;

impl<const RECEIVE: usize, const TRANSMIT: usize, const IN_FLIGHT: usize>
    Fixed<RECEIVE, TRANSMIT, IN_FLIGHT>
{
    /// Empty memory, without a store.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            receive: [0; RECEIVE],
            transmit: [0; TRANSMIT],
            slots: [Slot::EMPTY; IN_FLIGHT],
            store: NoStore,
        }
    }
}

impl<const RECEIVE: usize, const TRANSMIT: usize, const IN_FLIGHT: usize> Default
    for Fixed<RECEIVE, TRANSMIT, IN_FLIGHT>
{
    fn default() -> Self {
        Self::new()
    }
}

/// Memory on the heap.
#[cfg(feature = "alloc")]
pub type Heap<S = NoStore> = Memory<Box<[u8]>, Box<[u8]>, Box<[Slot]>, S>;

#[cfg(feature = "alloc")]
impl Heap {
    /// Memory for so many bytes to receive, bytes to transmit and packets in flight, without a store.
    #[must_use]
    pub fn new(receive: usize, transmit: usize, in_flight: usize) -> Self {
        Self {
            receive: vec![0; receive].into(),
            transmit: vec![0; transmit].into(),
            slots: vec![Slot::EMPTY; in_flight].into(),
            store: NoStore,
        }
    }
}

#[cfg(feature = "alloc")]
impl Default for Heap {
    /// 16 KiB to receive, 16 KiB to transmit, 64 packets in flight.
    ///
    /// Brokers have limits of their own: Mosquitto closes the connection of a client that has more than 20
    /// messages of QoS 2 in flight, unless it is told otherwise.
    fn default() -> Self {
        Self::new(16 * 1024, 16 * 1024, 64)
    }
}
