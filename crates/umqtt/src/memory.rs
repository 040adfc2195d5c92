//! The memory of a client: receive buffer, transmit buffer, tables of packets in flight, store.

#[cfg(feature = "alloc")]
use alloc::{boxed::Box, collections::BTreeSet, vec};
use core::fmt;
use core::marker::PhantomData;

#[cfg(feature = "alloc")]
use umqtt_proto::{HeapStore, Streams};
use umqtt_proto::{IncomingIds, Large, NoStore, Parts, Slot, Slots, Store, Whole};

/// The memory of a [`Client`](crate::Client), bundled into one type parameter; [`Memory`] is the only implementation.
pub trait Buffers {
    /// Holds what was received; a message that fits is lent whole. At least 16 bytes, and 5 more than a
    /// SUBSCRIBE has filters.
    type Receive: AsRef<[u8]> + AsMut<[u8]>;
    /// Holds packets until they are written; a packet that fits is one write. At least 16 bytes, and room for
    /// CONNECT.
    type Transmit: AsRef<[u8]> + AsMut<[u8]>;
    /// One [`Slot`] for each outgoing packet that waits for its acknowledgement.
    type Slots: Slots;
    /// The ids of the broker's QoS 2 messages that were handed over and wait for PUBREL.
    type Incoming: IncomingIds;
    /// The messages to send again when a session is resumed.
    type Store: Store;
    /// What happens to messages that are larger than a buffer.
    type Large: Large;

    /// The memory, in the order of the types.
    #[allow(clippy::type_complexity)]
    fn into_parts(self) -> (Self::Receive, Self::Transmit, Self::Slots, Self::Incoming, Self::Store);
}

/// How many QoS 2 messages of the broker the usual memories hold: none in a build without QoS 2.
pub const INCOMING: usize = if cfg!(feature = "qos2") { 8 } else { 0 };

/// The memory of a client, of any kind: arrays, boxes, borrowed slices.
///
/// [`Fixed`] and `Heap` are the usual ones. One in static memory:
///
/// ```
/// use umqtt::{Memory, Slot};
/// # fn memory(receive: &'static mut [u8; 512], transmit: &'static mut [u8; 256]) {
/// let memory = Memory::of(receive, transmit, [Slot::EMPTY; 4]);
/// # drop(memory);
/// # }
/// ```
#[derive(Clone)]
pub struct Memory<R, T, F, I = [u16; INCOMING], S = NoStore, L = Whole> {
    receive: R,
    transmit: T,
    slots: F,
    incoming: I,
    store: S,
    large: PhantomData<L>,
}

impl<R, T, F> Memory<R, T, F> {
    /// Memory without a store. A message that is larger than the transmit buffer is refused; a received message that
    /// is larger than the receive buffer ends the connection.
    #[must_use]
    pub const fn of(receive: R, transmit: T, slots: F) -> Self {
        Self { receive, transmit, slots, incoming: [0; INCOMING], store: NoStore, large: PhantomData }
    }
}

impl<R, T, F, I, S, L> Memory<R, T, F, I, S, L> {
    /// The same memory with a store, so that messages of a session that the broker keeps survive a lost
    /// connection.
    ///
    /// ```
    /// use umqtt::{Fixed, RamStore};
    /// let memory = Fixed::<512, 256, 4>::new().with_store(RamStore::new([0; 1024]));
    /// # drop(memory);
    /// ```
    pub fn with_store<Z: Store>(self, store: Z) -> Memory<R, T, F, I, Z, L> {
        let Self { receive, transmit, slots, incoming, large, .. } = self;
        Memory { receive, transmit, slots, incoming, store, large }
    }

    /// The same memory with another table of incoming ids: two bytes for each QoS 2 message that the broker may
    /// have in flight.
    ///
    /// ```
    /// use umqtt::Fixed;
    /// let memory = Fixed::<512, 256, 4>::new().with_incoming([0; 20]);
    /// # drop(memory);
    /// ```
    pub fn with_incoming<J: IncomingIds>(self, incoming: J) -> Memory<R, T, F, J, S, L> {
        let Self { receive, transmit, slots, store, large, .. } = self;
        Memory { receive, transmit, slots, incoming, store, large }
    }

    /// The same memory, but a message that is larger than the receive buffer arrives in parts.
    ///
    /// ```
    /// use umqtt::Fixed;
    /// let memory = Fixed::<512, 256, 4>::new().in_parts();
    /// # drop(memory);
    /// ```
    pub fn in_parts(self) -> Memory<R, T, F, I, S, Parts> {
        let Self { receive, transmit, slots, incoming, store, .. } = self;
        Memory { receive, transmit, slots, incoming, store, large: PhantomData }
    }
}

impl<R, T, F, I, S, L> Buffers for Memory<R, T, F, I, S, L>
where
    R: AsRef<[u8]> + AsMut<[u8]>,
    T: AsRef<[u8]> + AsMut<[u8]>,
    F: Slots,
    I: IncomingIds,
    S: Store,
    L: Large,
{
    type Receive = R;
    type Transmit = T;
    type Slots = F;
    type Incoming = I;
    type Store = S;
    type Large = L;

    fn into_parts(self) -> (R, T, F, I, S) {
        (self.receive, self.transmit, self.slots, self.incoming, self.store)
    }
}

// Buffers may hold secrets.
impl<R, T, F, I, S, L> fmt::Debug for Memory<R, T, F, I, S, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

/// Memory in arrays: bytes to receive, bytes to transmit, packets in flight.
pub type Fixed<const RECEIVE: usize, const TRANSMIT: usize, const IN_FLIGHT: usize> =
    Memory<[u8; RECEIVE], [u8; TRANSMIT], [Slot; IN_FLIGHT]>;

impl<const RECEIVE: usize, const TRANSMIT: usize, const IN_FLIGHT: usize>
    Fixed<RECEIVE, TRANSMIT, IN_FLIGHT>
{
    /// Empty memory, without a store and for messages that fit the buffers.
    #[must_use]
    pub const fn new() -> Self {
        Self::of([0; RECEIVE], [0; TRANSMIT], [Slot::EMPTY; IN_FLIGHT])
    }
}

impl<const RECEIVE: usize, const TRANSMIT: usize, const IN_FLIGHT: usize> Default
    for Fixed<RECEIVE, TRANSMIT, IN_FLIGHT>
{
    fn default() -> Self {
        Self::new()
    }
}

/// The slots of [`Heap`].
#[cfg(feature = "alloc")]
type HeapSlots = umqtt_proto::Indexed<Box<[Slot]>, Box<[u32]>>;

/// Memory on the heap, for messages of any size; a session that the broker keeps survives its connections.
#[cfg(feature = "alloc")]
pub type Heap<S = HeapStore> = Memory<Box<[u8]>, Box<[u8]>, HeapSlots, BTreeSet<u16>, S, Streams>;

/// The most bytes that [`Heap`]'s store takes for unacknowledged messages by default.
#[cfg(feature = "alloc")]
pub const HEAP_STORE: usize = 64 * 1024 * 1024;

#[cfg(feature = "alloc")]
impl Heap {
    /// Memory for this many bytes to receive, bytes to transmit and packets in flight; the store takes only what the
    /// messages in flight need, and 64 MiB at most.
    #[must_use]
    pub fn new(receive: usize, transmit: usize, in_flight: usize) -> Self {
        Self {
            receive: vec![0; receive].into(),
            transmit: vec![0; transmit].into(),
            slots: HeapSlots::on_heap(in_flight),
            incoming: BTreeSet::new(),
            store: HeapStore::new(HEAP_STORE),
            large: PhantomData,
        }
    }
}

#[cfg(feature = "alloc")]
impl Default for Heap {
    /// 16 KiB to receive, 16 KiB to transmit, 64 outgoing packets in flight.
    fn default() -> Self {
        Self::new(16 * 1024, 16 * 1024, 64)
    }
}
