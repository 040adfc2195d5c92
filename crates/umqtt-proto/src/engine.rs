//! Session and deadlines behind one step function.

mod deadlines;
mod step;

pub use deadlines::{NEVER, Timeouts};
pub(crate) use deadlines::{is_over, remaining};
pub use step::{Goal, Step, Wait};

use crate::framer::Large;
use crate::receiver::Inbox;
use crate::session::keep_alive::{Ping, until_ping};
use crate::session::{
    ConnectError, ExchangeInput, IncomingIds, Notice, NoticeKind, Phase, Session, SessionError, Slots,
};
use crate::store::{NoStore, Store};
use crate::time::Instant;
use crate::wire::Connect;
use deadlines::{Due, Timer};

/// How long an acknowledgement may wait for others, in milliseconds.
const GATHER: u32 = 50;

/// An MQTT client without its link, its clock and its receiver.
///
/// A driver begins a call with [`begin`](Self::begin), and does what [`step`](Self::step) says until the call
/// ends. It needs no rule of MQTT and no time-out of its own.
///
/// ```
/// use umqtt_proto::wire::Connect;
/// use umqtt_proto::{ClientId, Engine, Event, Goal, Instant, NoStore, QoS, Receiver, Slot, Step, TopicName};
///
/// let mut receiver = Receiver::new([0; 64]);
/// let mut engine = Engine::new([0; 64], [Slot::EMPTY; 4], [0; 2], NoStore);
/// let now = Instant::from_millis(0);
/// let mut from_broker: &[u8] = b"\x20\x02\x00\x00"; // CONNACK
///
/// engine.connect(&Connect::new(ClientId::new("shed").unwrap()), now).unwrap();
/// engine.begin(Goal::Event(1_000), now);
/// let notice = loop {
///     match engine.step(Some(&mut receiver.inbox()), now).unwrap() {
///         Step::Tell(notice) => break notice,
///         Step::Write => {
///             let count = engine.session().pending().len(); // … write the bytes to the link
///             engine.did_write(count, now);
///         }
///         Step::Read => {
///             let mut inbox = receiver.inbox();
///             let count = std::io::Read::read(&mut from_broker, inbox.unfilled()).unwrap();
///             engine.did_read(&mut inbox, count, now);
///         }
///         Step::Wait(_) | Step::Done | Step::Stalled => unreachable!("the broker answers at once"),
///     }
/// };
/// let (event, _) = receiver.lend(notice);
/// assert_eq!(event, Event::Connected { session_present: false });
///
/// let topic = TopicName::new("shed/door").unwrap();
/// let id = engine.session_mut().publish(topic, b"open", QoS::AtLeastOnce, false).unwrap().unwrap();
/// assert_eq!(engine.session().pending(), b"\x32\x11\x00\x09shed/door\x00\x01open");
/// # assert_eq!(id.as_u16(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
// In this order, since short instructions reach small fields only near the start of a struct.
#[repr(C)]
pub struct Engine<T, F, S = NoStore, I = [u16; 8]> {
    link: LinkState,
    session: Session<T, F, S, I>,
    goal: Goal,
    /// When the call began, and how many bytes it has written.
    began: Instant,
    written: usize,
    last_sent: Instant,
    // Here, so that the zeros around it are set without a call of `memclr`.
    timeouts: Timeouts,
    last_received: Instant,
    /// When CONNECT or PINGREQ was sent, or the last byte received since.
    asked: Instant,
    /// Since when the link has taken no byte, if it did not take all.
    stalled: Instant,
    /// Since when the calls have been patient with that.
    patient: Instant,
    /// When the link was looked at last.
    looked_at: Instant,
}

/// What is known of the link.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct LinkState {
    /// It had no more to read.
    drained: bool,
    /// It was read in this call.
    looked: bool,
    /// It takes no more in this call, until it was waited for.
    blocked: bool,
    /// It did not take all at the last attempt.
    stalls: bool,
    /// It has given bytes since it took PINGREQ.
    heard: bool,
}

impl<T, F, S, I> Engine<T, F, S, I>
where
    T: AsRef<[u8]> + AsMut<[u8]>,
    F: Slots,
    S: Store,
    I: IncomingIds,
{
    /// An engine without a connection, with the default [`Timeouts`]; see [`Session::new`] for its memory.
    #[inline]
    #[must_use]
    pub const fn new(transmit: T, slots: F, incoming: I, store: S) -> Self {
        let zero = Instant::from_millis(0);
        Self {
            session: Session::new(transmit, slots, incoming, store),
            timeouts: Timeouts::new(),
            goal: Goal::Flush,
            began: zero,
            written: 0,
            last_sent: zero,
            last_received: zero,
            asked: zero,
            stalled: zero,
            patient: zero,
            // A connection sets these; what is not zero breaks a run of zeros that `memclr` would be called for.
            looked_at: Instant::from_millis(1),
            link: LinkState { drained: true, looked: true, blocked: true, stalls: true, heard: true },
        }
    }

    /// The session: its phase, its packets in flight, its store, what waits to be written.
    #[inline]
    #[must_use]
    pub const fn session(&self) -> &Session<T, F, S, I> {
        &self.session
    }

    /// The session, to make requests of it.
    #[inline]
    pub const fn session_mut(&mut self) -> &mut Session<T, F, S, I> {
        &mut self.session
    }

    /// The time limits of the waits.
    #[must_use]
    pub const fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Sets the time limits of the waits.
    pub const fn set_timeouts(&mut self, timeouts: Timeouts) {
        self.timeouts = timeouts;
    }

    /// Puts CONNECT into the transmit buffer, for a link that was just opened or is about to be.
    ///
    /// The options are lent and not kept. [`Receiver::clear`](crate::Receiver::clear) goes with it. The wait for
    /// the broker's answer begins now. [`Event::Connected`](crate::Event::Connected) is the first event that
    /// follows, or [`SessionError`].
    ///
    /// # Errors
    /// [`ConnectError`]; nothing has changed.
    pub fn connect(&mut self, connect: &Connect<'_>, now: Instant) -> Result<(), ConnectError> {
        self.session.connect(connect)?;
        self.asked = now;
        self.last_sent = now;
        self.last_received = now;
        self.link.drained = false;
        self.looked_at = now;
        self.link.stalls = false;
        Ok(())
    }

    /// Begins a call.
    #[inline]
    pub const fn begin(&mut self, goal: Goal, now: Instant) {
        self.goal = goal;
        self.began = now;
        self.written = 0;
        self.link.looked = false;
        self.link.blocked = false;
    }

    /// Says that the link is closed, whichever side closed it; the session stays for the next connection.
    pub fn handle_closed(&mut self) {
        self.session.handle_closed();
    }

    /// Says that the first `count` bytes of [`Inbox::unfilled`] were read; 0 when the link has none now.
    ///
    /// Fewer bytes than there was room for mean that the link has no more for now.
    #[cfg_attr(target_os = "none", inline(always))]
    pub fn did_read<L: Large>(&mut self, inbox: &mut Inbox<'_, L>, count: usize, now: Instant) {
        let room = inbox.unfilled().len();
        self.link.drained = count < room;
        if count > 0 {
            inbox.framer.advance(count.min(room));
            self.last_received = now;
            self.link.heard = true;
            // Any byte proves that the link lives; CONNACK must come all the same.
            if self.session.phase() != Phase::AwaitConnAck {
                self.asked = now;
            }
        }
    }

    /// Says that the link took the first `count` bytes of [`Session::pending`]; 0 when it takes none now.
    ///
    /// Fewer bytes than there were mean that it takes no more for now.
    #[cfg_attr(target_os = "none", inline(never))]
    pub fn did_write(&mut self, count: usize, now: Instant) {
        let all = count >= self.session.pending().len();
        if !all && (count > 0 || !self.link.stalls) {
            self.stalled = now;
            self.patient = now;
        }
        self.link.stalls = !all;
        self.link.blocked = !all;
        if count > 0 {
            self.last_sent = now;
            self.written = self.written.saturating_add(count);
        }
        if self.session.sent(count, now) {
            self.asked = now;
            self.link.heard = false;
        }
    }

    /// Whether the answer to PINGREQ is late and may be among the bytes that the receive buffer has no room for. A
    /// driver that can see whether the link has any begins a call by that, and says so by
    /// [`did_peek`](Self::did_peek).
    #[must_use]
    pub fn is_blind<L: Large>(&self, inbox: &Inbox<'_, L>, now: Instant) -> bool {
        self.awaits_pingresp() && !inbox.has_room() && is_over(self.timeouts.ping, now.since(self.asked))
    }

    /// Says whether the link has bytes, for which there is no room.
    ///
    /// # Errors
    /// [`SessionError::PingTimeout`] when it has none: the link is dead, and must be closed.
    pub fn did_peek(&mut self, has_bytes: bool, now: Instant) -> Result<(), SessionError> {
        if has_bytes {
            self.asked = now;
            return Ok(());
        }
        self.session.handle_closed();
        Err(SessionError::PingTimeout)
    }

    /// What to do next. Without an inbox nothing can be read now: time and the writing go on, and PINGRESP is
    /// not waited for.
    ///
    /// # Errors
    /// [`SessionError`]: the connection is over, and the link must be closed [MQTT-4.8.0-1].
    #[cfg_attr(target_os = "none", inline(always))]
    pub fn step<L: Large>(
        &mut self,
        inbox: Option<&mut Inbox<'_, L>>,
        now: Instant,
    ) -> Result<Step, SessionError> {
        let step = self.choose(inbox, now);
        match step {
            Err(_) => self.session.handle_closed(),
            // Then all is to be tried again.
            Ok(Step::Wait(_)) => {
                self.link.drained = false;
                self.link.blocked = false;
            }
            Ok(_) => {}
        }
        step
    }

    /// What a client that does nothing else waits for: bytes, room, or a time. For an event loop of one's own,
    /// after a call with [`Goal::Event`] and no time that told nothing.
    #[must_use]
    pub fn next_wait<L: Large>(&mut self, inbox: &Inbox<'_, L>, now: Instant) -> Wait {
        let mut millis = self.due(now, true).millis;
        let write = self.session.has_pending();
        if write && self.link.stalls {
            millis = millis.min(remaining(self.timeouts.write, now.since(self.patient)));
        }
        Wait { read: inbox.has_room(), write, millis: millis.max(1) }
    }

    #[inline(always)]
    fn choose<L: Large>(
        &mut self,
        mut inbox: Option<&mut Inbox<'_, L>>,
        now: Instant,
    ) -> Result<Step, SessionError> {
        let events = matches!(self.goal, Goal::Event(_));
        if self.goal == Goal::Close {
            self.session.settle()?;
            let _ = self.session.disconnect();
        }
        self.session.resume()?;
        if inbox.is_none() {
            self.asked = now;
        }
        // What is late is told when the link was looked at.
        let due = self.due(now, events && inbox.is_some());
        let now_due = if due.millis == 0 { due.timer } else { Timer::Nothing };
        let is_due = now_due != Timer::Nothing;
        let is_late = now_due == Timer::Answer;
        // Whether the link was looked at after that had become due; before it is given up, in this call.
        let looked_late =
            is_due && now.since(self.looked_at) <= due.overdue && (self.link.looked || !is_late);
        if now_due == Timer::Ping || self.session.ping_state() == Ping::Wanted {
            self.session.want_ping();
        }

        let phase = self.session.phase();
        let mut unseen = false;
        let mut room = false;
        if let Some(inbox) = &mut inbox {
            room = inbox.has_room();
            // Bytes that came after the question may be its answer.
            unseen = inbox.framer.is_waiting() && self.link.heard;
            if !inbox.is_held() {
                self.session.settle()?;
                // PINGREQ, and acknowledgements that have waited for long, go first.
                let urgent = self.session.ping_state() == Ping::Queued || now.since(self.last_sent) >= GATHER;
                // So does the end of a link that takes nothing, or has given nothing since it was asked.
                let dying = if self.link.stalls { self.link.blocked } else { !self.link.heard };
                let is_judged = is_late & dying & room;
                if events && !is_judged && (!urgent || self.link.blocked || !self.session.has_pending()) {
                    self.look(inbox)?;
                    if let Some(notice) = self.session.take_notice() {
                        if is_late && inbox.framer.is_waiting() {
                            // What came may have the answer in it; whether the link lives is asked anew.
                            self.session.forget_ping();
                        }
                        return Ok(Step::Tell(notice));
                    }
                    room = inbox.has_room();
                    unseen = !self.session.can_receive();
                }
            }
        }

        let writes = self.session.has_pending();
        if writes && !self.link.blocked {
            return Ok(Step::Write);
        }
        if self.session.is_overflown() && !writes {
            return Err(SessionError::IncomingFull);
        }
        let idle = !events && !writes && phase != Phase::Resuming;
        // A call that only writes notices a dead link, too.
        if phase == Phase::Disconnected || idle && (!is_late || phase == Phase::AwaitConnAck) {
            return Ok(Step::Done);
        }
        // The link was looked at, and all that came is dealt with: a time-out can be believed.
        if now_due == Timer::Message && (looked_late || !room) {
            if let Some(notice) = self.time_out(now) {
                return Ok(Step::Tell(notice));
            }
        }
        let left = self.left(now);
        let looks = if left == 0 { !self.link.looked } else { !self.link.drained };
        if room && (looks || is_due && !looked_late) {
            self.link.looked = true;
            self.looked_at = now;
            return Ok(Step::Read);
        }
        // An answer that is late will not come: the link was read in vain, or does not take the question.
        let believed = if self.link.stalls { self.link.blocked } else { looked_late && !unseen };
        if is_late && believed {
            return Err(match phase {
                Phase::AwaitConnAck => SessionError::ConnectTimeout,
                _ => SessionError::PingTimeout,
            });
        }
        if idle {
            // What came proves that the link lives, and the next PINGREQ is due when nothing more does.
            self.session.forget_ping();
            return Ok(Step::Done);
        }
        // An answer that is late waits for the link, to be seen or to be believed missing.
        let mut millis = if is_late { left } else { left.min(due.millis.max(1)) };
        if writes {
            let patience = remaining(self.timeouts.write, now.since(self.patient));
            if patience == 0 || left == 0 && !events {
                if self.session.is_overflown() {
                    return Err(SessionError::IncomingFull);
                }
                self.patient = now;
                return Ok(Step::Stalled);
            }
            millis = millis.min(patience);
        }
        if left == 0 {
            return Ok(Step::Done);
        }
        Ok(Step::Wait(Wait { read: room, write: writes, millis }))
    }

    /// The milliseconds that are left to the call.
    fn left(&self, now: Instant) -> u32 {
        let limit = match self.goal {
            Goal::Event(wait) => wait,
            Goal::Flush | Goal::Close => {
                self.timeouts.for_writing(self.written.saturating_add(self.session.backlog()))
            }
        };
        remaining(limit, now.since(self.began))
    }

    /// Tells the first exchange that is late, if one still is.
    fn time_out(&mut self, now: Instant) -> Option<Notice> {
        let slot = self.session.first_in_time()?;
        if !is_over(self.timeouts.message, now.since(slot.sent_at())) {
            return None;
        }
        slot.on(ExchangeInput::TimedOut);
        Some(Notice::new(NoticeKind::TimedOut, 0, slot.id().as_u16()))
    }

    /// Looks for what there is to tell, of what was lost and of what lies in the receive buffer.
    #[inline]
    fn look<L: Large>(&mut self, inbox: &mut Inbox<'_, L>) -> Result<(), SessionError> {
        self.session.tell_lost()?;
        while self.session.can_receive() && inbox.framer.poll(inbox.buffer)? {
            self.session.handle(inbox.framer, inbox.buffer)?;
        }
        Ok(())
    }

    /// Whether PINGREQ was taken, and its answer can be. In the middle of a payload none is taken, and it is the caller
    /// that goes on.
    #[inline(always)]
    fn awaits_pingresp(&self) -> bool {
        self.session.ping_state() == Ping::Asked && !self.link.stalls && self.session.payload_remaining() == 0
    }

    /// What is due next, and in how many milliseconds: what acts and what waits ask the same. Time-outs of
    /// exchanges are left out unless the call `tells` them.
    fn due(&mut self, now: Instant, tells: bool) -> Due {
        let mut due = Due::new(now);
        let phase = self.session.phase();
        match phase {
            Phase::AwaitConnAck => due.at_most(Timer::Answer, self.asked, self.timeouts.connect),
            Phase::Resuming | Phase::Connected => {
                let ping = self.session.ping_state();
                let asked = self.awaits_pingresp();
                if ping == Ping::Off || asked {
                    // First of what is due at once: the answer may lie behind much that is to be told.
                    let received = if asked { 0 } else { now.since(self.last_received) };
                    let silence = now.since(self.last_sent);
                    due.in_millis(Timer::Ping, until_ping(self.session.keep_alive(), silence, received), 0);
                }
                if asked {
                    due.at_most(Timer::Answer, self.asked, self.timeouts.ping);
                } else if ping != Ping::Off && self.link.stalls {
                    // A link that takes a byte now and then lives; one that takes nothing may not.
                    let (mut since, mut received) = (self.stalled, self.last_received);
                    if ping == Ping::Asked {
                        (since, received) = (self.last_sent, self.asked);
                    }
                    if now.since(received) < now.since(since) {
                        since = received;
                    }
                    due.at_most(Timer::Answer, since, self.timeouts.ping);
                }
                if tells && phase == Phase::Connected {
                    let timeout = self.timeouts.message;
                    if let Some(slot) = self.session.first_in_time() {
                        due.at_most(Timer::Message, slot.sent_at(), timeout);
                    }
                }
            }
            Phase::Disconnected | Phase::Disconnecting => {}
        }
        due
    }
}
