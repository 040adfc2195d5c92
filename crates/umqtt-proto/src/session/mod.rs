//! The MQTT session: what a client remembers from one connection to the next, and what a packet does to it.

mod event;
mod exchange;
mod in_flight;
mod incoming;
mod indexed;
pub mod keep_alive;
mod phase;
mod receive;
mod request;
mod resume;
mod transmitter;

pub use event::{ConnectError, Event, LargeMessage, Notice, NoticeKind, RequestError, SessionError};
pub use exchange::{Await, Exchange, ExchangeInput, Next, Progress};
pub use in_flight::{Ring, Slot, Slots};
pub use incoming::IncomingIds;
pub use indexed::Indexed;
pub use phase::{Phase, PhaseInput};

use core::fmt;

use crate::packet_id::PacketId;
use crate::store::{NoStore, Record, Store, StoreError};
use crate::time::Instant;
use crate::wire::{KeepAlive, PINGREQ, PacketType};
use keep_alive::Ping;
use transmitter::Transmitter;

/// The bytes of an acknowledgement.
const ACK: usize = 4;

/// What happens to messages that a store keeps when the broker has lost the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum OnSessionLost {
    /// They are sent again, with their ids and DUP [MQTT-4.4.0-1].
    #[default]
    SendAgain,
    /// Each is reported as [`Event::Lost`]; the store keeps its packet until the call after that.
    Tell,
}

/// The state of an MQTT session and what waits to be written; it has no I/O, no clock, and no memory of its own.
///
/// `T` holds the bytes that wait to be written, `F` the exchanges that we began, `S` what is to be sent again,
/// `I` the ids of the broker's QoS 2 messages. The requests ([`publish`](Self::publish), …) never wait: they put
/// a packet into the transmit buffer, or refuse and change nothing. An [`Engine`](crate::Engine) drives it.
#[derive(Clone, PartialEq, Eq, Hash)]
// The fields are in this order since short instructions reach small fields only near the start of a struct.
#[repr(C)]
pub struct Session<T, F, S = NoStore, I = [u16; 8]> {
    phase: Phase,
    ping: Ping,
    owed_type: PacketType,
    on_session_lost: OnSessionLost,
    clean_session: bool,
    /// Whether an exchange may be lost and not reported.
    unsettled: bool,
    /// The store may hold what belongs to a session that the broker has lost.
    stale: bool,
    /// A message found no room in the table of incoming ids: the connection ends when all is written.
    overflown: bool,
    /// The acknowledgement of the message that was reported last, which is due with the next call; 0 for none.
    owed: u16,
    keep_alive: KeepAlive,
    next_id: PacketId,
    /// What is to be reported.
    told: Option<Notice>,
    incoming: I,
    transmitter: Transmitter<T>,
    outgoing: Ring<F>,
    store: S,
}

// A store of the caller's own might show what it keeps.
impl<T, F: fmt::Debug, S, I: fmt::Debug> fmt::Debug for Session<T, F, S, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("phase", &self.phase)
            .field("transmitter", &self.transmitter)
            .field("outgoing", &self.outgoing)
            .field("incoming", &self.incoming)
            .field("next_id", &self.next_id)
            .field("owed", &self.owed)
            .field("ping", &self.ping)
            .finish_non_exhaustive()
    }
}

impl<T, F, S, I> Session<T, F, S, I>
where
    T: AsRef<[u8]> + AsMut<[u8]>,
    F: Slots,
    S: Store,
    I: IncomingIds,
{
    /// The smallest transmit buffer with which every answer can be given, in bytes.
    pub const MIN_TRANSMIT_BUFFER: usize = 16;

    /// A session without a connection, which begins at packet id 1.
    ///
    /// The two tables are separate, so that messages of the caller never block messages of the broker. A broker may
    /// have any number of QoS 2 messages in flight; when `incoming` is full, one more ends the connection with
    /// [`SessionError::IncomingFull`], after all acknowledgements that are due were written.
    #[inline(always)]
    #[must_use]
    pub const fn new(transmit: T, slots: F, incoming: I, store: S) -> Self {
        Self {
            transmitter: Transmitter::new(transmit),
            outgoing: Ring::new(slots),
            incoming,
            store,
            keep_alive: KeepAlive::OFF,
            next_id: PacketId::FIRST,
            told: None,
            owed: 0,
            owed_type: PacketType::PubAck,
            phase: Phase::Disconnected,
            ping: Ping::Off,
            on_session_lost: OnSessionLost::SendAgain,
            clean_session: false,
            unsettled: false,
            stale: false,
            overflown: false,
        }
    }

    /// Rebuilds the exchanges from what the store holds, as after a restart.
    ///
    /// What the store holds is sent again, also a message whose end was not reported before the restart, or that the
    /// last call reported as lost.
    ///
    /// # Errors
    /// [`StoreError::Full`] when the tables are too small for what the store holds; do not use the session then.
    /// [`StoreError::Failed`] when the store cannot be read.
    pub fn restore(&mut self) -> Result<(), StoreError> {
        let Self { outgoing, incoming, .. } = self;
        let mut fits = true;
        self.store.records(&mut |record| match record {
            Record::Outgoing { id, awaits } => {
                fits &= outgoing.free_slots() > 0;
                if fits {
                    let mut slot = Slot::new(id, awaits, 0);
                    slot.on(ExchangeInput::Kept);
                    outgoing.push(slot);
                }
            }
            Record::Incoming { id } => {
                fits &= incoming.has_room();
                if fits {
                    incoming.insert(id);
                }
            }
        })?;
        if let Some(id) = self.store.next_id() {
            self.set_next_id(id);
        }
        if fits { Ok(()) } else { Err(StoreError::Full) }
    }

    /// Decides what happens to messages that the store keeps when the broker has lost the session.
    pub const fn set_on_session_lost(&mut self, choice: OnSessionLost) {
        self.on_session_lost = choice;
    }

    /// The phase of the session's connection.
    #[inline]
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether the broker has accepted the connection and it is not being closed.
    #[inline]
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        matches!(self.phase, Phase::Resuming | Phase::Connected)
    }

    /// The exchanges that we began and that are not finished.
    #[must_use]
    pub const fn in_flight(&self) -> &Ring<F> {
        &self.outgoing
    }

    /// The ids of QoS 2 messages that were handed over and wait for PUBREL.
    #[must_use]
    pub const fn incoming(&self) -> &I {
        &self.incoming
    }

    /// The store that the caller supplied.
    #[must_use]
    pub const fn store(&self) -> &S {
        &self.store
    }

    /// The store, to change it; what it keeps for this session must stay.
    pub const fn store_mut(&mut self) -> &mut S {
        &mut self.store
    }

    /// The size of the transmit buffer: no packet can be larger, except a message in pieces.
    #[must_use]
    pub fn transmit_capacity(&self) -> usize {
        self.transmitter.capacity()
    }

    /// How many bytes of packets the transmit buffer has room for, until some are written.
    #[must_use]
    pub fn transmit_room(&self) -> usize {
        self.transmitter.free()
    }

    /// The bytes to be written next, all that wait; the link may take a part of them.
    #[inline]
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        self.transmitter.pending()
    }

    /// The id that the next exchange takes, unless that id is in use.
    #[must_use]
    pub const fn next_id(&self) -> PacketId {
        self.next_id
    }

    /// Sets the id that the next exchange takes, unless that id is in use.
    ///
    /// A session that the broker keeps should begin at a random id: after a restart that lost its state, a
    /// broker that still waits for the end of a QoS 2 exchange would take a new message with the same id for a
    /// repetition.
    pub const fn set_next_id(&mut self, id: PacketId) {
        self.next_id = id;
        self.outgoing.set_limit(id);
    }

    /// Says that the link is closed, whichever side closed it.
    ///
    /// The session stays for the next connection; what can never be acknowledged is reported as [`Event::Lost`].
    #[cfg_attr(target_os = "none", inline(never))]
    pub fn handle_closed(&mut self) {
        self.transmitter.clear();
        self.owed = 0;
        self.ping = Ping::Off;
        self.overflown = false;
        self.unsettled = true;
        self.outgoing.close_up();
        let mut index = 0;
        while let Some(slot) = self.outgoing.get(index) {
            // What still waits for the next connection was not touched by this one, if that was clean: the broker
            // has not accepted it.
            let kept = S::KEEPS && slot.is_message() && (!self.clean_session || slot.is_again());
            slot.on(if kept { ExchangeInput::Kept } else { ExchangeInput::Forgotten });
            index = index.wrapping_add(1);
        }
        self.enter(PhaseInput::Closed);
    }

    /// Moves the phase as its table says.
    fn enter(&mut self, input: PhaseInput) {
        if let Some(phase) = self.phase.next(input) {
            self.set_phase(phase);
        }
    }

    fn set_phase(&mut self, phase: Phase) {
        #[cfg(feature = "log")]
        log::debug!("session: {:?} -> {phase:?}", self.phase);
        #[cfg(feature = "defmt")]
        defmt::debug!("session: {} -> {}", self.phase, phase);
        self.phase = phase;
    }

    /// Whether messages of this session survive their connection.
    const fn keeps(&self) -> bool {
        S::KEEPS && !self.clean_session
    }

    /// Stores what is to be reported, which is cheaper than returning it through several functions.
    fn tell(&mut self, kind: NoticeKind, detail: u8, id: u16) {
        self.told = Some(Notice::new(kind, detail, id));
    }

    // What the engine asks for.

    #[inline]
    pub(crate) const fn take_notice(&mut self) -> Option<Notice> {
        self.told.take()
    }

    #[inline]
    pub(crate) const fn keep_alive(&self) -> KeepAlive {
        self.keep_alive
    }

    #[inline]
    pub(crate) const fn ping_state(&self) -> Ping {
        self.ping
    }

    #[inline]
    pub(crate) const fn has_pending(&self) -> bool {
        !self.transmitter.is_empty()
    }

    #[inline]
    pub(crate) const fn backlog(&self) -> usize {
        self.transmitter.backlog()
    }

    #[inline]
    pub(crate) const fn is_overflown(&self) -> bool {
        self.overflown
    }

    #[inline]
    pub(crate) fn first_in_time(&mut self) -> Option<&mut Slot> {
        self.outgoing.first_in_time()
    }

    /// Whether the next frame can be taken: an answer that it may ask for has room.
    #[inline]
    pub(crate) fn can_receive(&self) -> bool {
        matches!(self.phase, Phase::AwaitConnAck | Phase::Resuming | Phase::Connected)
            && !self.overflown
            && self.owed == 0
            && self.told.is_none()
            && self.transmitter.has_room(ACK)
    }

    /// A PINGREQ is wanted; it waits if there is no room for it.
    #[cfg_attr(target_os = "none", inline(always))]
    pub(crate) fn want_ping(&mut self) {
        if self.transmitter.push(&PINGREQ) {
            if !matches!(self.ping, Ping::Queued | Ping::Asked) {
                self.transmitter.mark_ping();
                self.ping = Ping::Queued;
            }
        } else if self.ping == Ping::Off {
            self.ping = Ping::Wanted;
        }
    }

    /// No PINGRESP is awaited any more.
    #[inline]
    pub(crate) const fn forget_ping(&mut self) {
        self.ping = Ping::Off;
    }

    /// The link took the first `count` bytes of what is pending; returns whether the wait for PINGRESP begins.
    pub(crate) fn sent(&mut self, count: usize, now: Instant) -> bool {
        if count > 0 && self.phase != Phase::Resuming && self.transmitter.open_bytes() == 0 {
            self.outgoing.stamp(now);
        }
        let asked = self.transmitter.sent(count) && self.ping == Ping::Queued;
        if asked {
            self.ping = Ping::Asked;
        }
        asked
    }
}
