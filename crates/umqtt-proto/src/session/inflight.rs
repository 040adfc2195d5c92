//! What is not yet acknowledged: one table for both directions, in order of sending.

use crate::packet_id::PacketId;
use crate::time::Instant;

/// What an exchange waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u8)]
pub enum Await {
    /// A QoS 1 message was sent.
    PubAck = 1,
    /// A QoS 2 message was sent.
    PubRec,
    /// PUBREL was sent.
    PubComp,
    /// SUBSCRIBE was sent.
    SubAck,
    /// UNSUBSCRIBE was sent.
    UnsubAck,
    /// A QoS 2 message was received, and PUBREC sent: the id is the broker's.
    PubRel,
}

/// What is special about an exchange; any of these together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Mark {
    /// The caller was told that it is lost; only its id is held.
    Ended = 0x08,
    /// The caller was told that it timed out or is lost; an acknowledgement is late.
    Told = 0x10,
    /// The caller is to be told that no acknowledgement can come any more.
    Lost = 0x20,
    /// It is to be sent again.
    Resend = 0x40,
    /// The broker does not know its id any more.
    Gone = 0x80,
}

/// One exchange of an [`InFlight`] table: 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    id: PacketId,
    /// The [`Await`] in the low three bits, the [`Mark`]s in the high.
    state: u8,
    /// How many filters a SUBSCRIBE had.
    filters: u8,
    sent_at: Instant,
}

const _: () = assert!(size_of::<Slot>() == 8);

impl Slot {
    /// A slot to fill a table with; what it holds is never looked at.
    pub const EMPTY: Self =
        Self { id: PacketId::FIRST, state: 0, filters: 0, sent_at: Instant::from_millis(0) };

    /// The id of the exchange.
    #[must_use]
    pub const fn id(&self) -> PacketId {
        self.id
    }

    /// Whether it waits for this.
    #[must_use]
    pub const fn awaits(&self, what: Await) -> bool {
        self.state & 0x07 == what as u8
    }

    /// When its first packet was handed over for sending.
    #[must_use]
    pub const fn sent_at(&self) -> Instant {
        self.sent_at
    }

    pub(crate) const fn filters(&self) -> u8 {
        self.filters
    }

    pub(crate) const fn is(&self, mark: Mark) -> bool {
        self.state & mark as u8 != 0
    }

    pub(crate) const fn mark(&mut self, mark: Mark) {
        self.state |= mark as u8;
    }

    pub(crate) const fn unmark(&mut self, mark: Mark) {
        self.state &= !(mark as u8);
    }

    const fn matches(&self, id: PacketId, what: Await) -> bool {
        self.id.as_u16() == id.as_u16() && self.awaits(what)
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// The exchanges that are not finished, in the order of their packets, in memory that the caller supplies.
///
/// Ids of our own packets and ids of the broker's (of QoS 2 messages that wait for PUBREL) are apart.
#[derive(Debug)]
pub struct InFlight<F> {
    slots: F,
    count: usize,
}

impl<F: AsRef<[Slot]> + AsMut<[Slot]>> InFlight<F> {
    /// An empty table; each of `slots` holds one exchange, of at most 65,534.
    #[must_use]
    pub const fn new(slots: F) -> Self {
        Self { slots, count: 0 }
    }

    /// The exchanges, oldest first.
    #[must_use]
    pub fn slots(&self) -> &[Slot] {
        self.slots.as_ref().get(..self.count).unwrap_or_default()
    }

    pub(crate) fn slots_mut(&mut self) -> &mut [Slot] {
        self.slots.as_mut().get_mut(..self.count).unwrap_or_default()
    }

    /// Whether no exchange can be added.
    #[must_use]
    pub fn is_full(&self) -> bool {
        // One id at least is free, so that the search for it ends.
        self.count >= self.slots.as_ref().len().min(65_534)
    }

    /// The exchange with this id that waits for this.
    #[must_use]
    pub fn find(&self, id: PacketId, what: Await) -> Option<&Slot> {
        self.slots().iter().find(|slot| slot.matches(id, what))
    }

    /// The first id from `id` on that none of our own packets uses [MQTT-2.3.1-2].
    #[must_use]
    pub fn unused_id(&self, mut id: PacketId) -> PacketId {
        while self.slots().iter().any(|slot| slot.id == id && !slot.awaits(Await::PubRel)) {
            id = id.next();
        }
        id
    }

    /// Adds an exchange, a SUBSCRIBE with its number of filters; tells whether there was room.
    pub fn insert(&mut self, id: PacketId, what: Await, filters: u8, now: Instant) -> bool {
        !self.is_full() && self.push(Slot { id, state: what as u8, filters, sent_at: now })
    }

    fn push(&mut self, last: Slot) -> bool {
        let Some(slot) = self.slots.as_mut().get_mut(self.count) else { return false };
        *slot = last;
        self.count = self.count.wrapping_add(1);
        true
    }

    /// Ends the exchange with this id that waits for this, and gives it; `None` changes nothing.
    pub fn complete(&mut self, id: PacketId, what: Await) -> Option<Slot> {
        let slot = *self.find(id, what)?;
        self.remove(slot);
        Some(slot)
    }

    /// Drops a slot; those behind it move up.
    pub(crate) fn remove(&mut self, slot: Slot) {
        let mut behind = Slot::EMPTY;
        for place in self.slots_mut().iter_mut().rev() {
            core::mem::swap(place, &mut behind);
            if behind.id == slot.id && behind.state == slot.state {
                break;
            }
        }
        self.count = self.count.saturating_sub(1);
    }

    /// Lets an exchange wait for something else, behind all others [MQTT-4.6.0-4]; tells whether it is there.
    #[cfg(feature = "qos2")]
    pub fn advance(&mut self, id: PacketId, from: Await, to: Await) -> bool {
        let Some(slot) = self.complete(id, from) else { return false };
        self.push(Slot { state: slot.state & 0xf8 | to as u8, ..slot })
    }
}
