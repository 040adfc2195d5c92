//! What the client promises of each call: how long it takes at most, and that no error is without a cause.

use umqtt::{ConnectionError, Error, NEVER, Phase, RequestError, SessionError};
use umqtt_testkit::model::Complaint;

use crate::context::{Context, Seen};
use crate::wire::Broken;

pub type Failure = Error<Broken>;

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A look at the link that may take so many milliseconds.
    Look(u32),
    /// A request, which writes.
    Write,
    /// A request that writes only if the transmit buffer is full.
    Enqueue,
    /// A connection that may have to end another before.
    Connect,
    /// The end of a connection.
    Disconnect,
}

impl Context {
    /// The program calls its client.
    pub fn begin(&mut self, call: Call) {
        let now = self.now();
        let often = self.keep_alive / 4;
        let mut world = self.world.borrow_mut();
        if !self.looping && self.keep_alive > 0 {
            if now - self.last_call >= often {
                world.conduct.attentive = now;
            }
            if matches!(call, Call::Look(_)) && now - self.last_look >= often {
                self.looking = now;
            }
        }
        world.begin_call();
    }

    /// The call has returned; false when the program did not live to see it.
    pub fn end(&mut self, call: Call, seen: Seen, failure: Option<&Failure>) -> bool {
        self.tally.calls += 1;
        self.world.borrow_mut().end_call();
        self.most_worked = self.most_worked.max(self.world.borrow().conduct.worked);
        if !self.world.borrow().has_power() {
            self.dead = true;
            return false;
        }
        self.connected = seen.connected;
        if seen.in_flight == self.open.len() {
            self.lost.clear();
        }
        self.check_time(call, seen, failure);
        self.check_headway(call, seen, failure);
        if let Some(failure) = failure {
            self.check_error(call, failure);
        }
        let closed = self.world.borrow().is_closed();
        if !seen.connected && !closed {
            self.fail("there is no connection, and the link was not closed [MQTT-4.8.0-1]");
        }
        if !seen.connected {
            self.arriving = None;
        }
        if let Call::Look(_) = call {
            let began = self.world.borrow().conduct.call;
            if seen.phase == Phase::Connected && !matches!(failure, Some(failure) if failure.is_over()) {
                self.check_overdue(began, seen);
            }
            self.last_look = self.now();
        }
        // A request that is refused at once drives nothing.
        let drives = call != Call::Enqueue && !matches!(failure, Some(Error::Request(_)))
            || matches!(call, Call::Look(_));
        if drives {
            let (now, taken) = (self.now(), self.world.borrow().conduct.taken_ever);
            self.last_call = now;
            if !matches!(call, Call::Look(_)) {
                self.last_request = now;
            }
            for open in self.open.iter_mut().filter(|open| open.before < taken) {
                open.written.get_or_insert(now);
            }
        }
        if drives && !self.holding {
            self.check_acknowledgements(call, seen);
        }
        self.check_complaint();
        true
    }

    /// Fails if the broker has complained.
    pub fn check_complaint(&mut self) {
        let complaint = self.world.borrow().broker.complaint().map(Complaint::to_string);
        if let Some(complaint) = complaint {
            self.fail(complaint);
        }
    }

    /// How long a call may take that had to write so many bytes.
    fn to_write(&self, bytes: u64) -> u64 {
        let timeouts = &self.plan.timeouts;
        u64::from(timeouts.write) + u64::from(timeouts.write_per_kib) * (bytes / 1024 + 1)
    }

    fn check_time(&mut self, call: Call, seen: Seen, failure: Option<&Failure>) {
        let (began, now, worked, taken, last_taken) = {
            let world = self.world.borrow();
            let conduct = &world.conduct;
            (conduct.call, world.now(), conduct.worked, conduct.taken, conduct.last_taken)
        };
        let elapsed = now - began;
        // What was to be written when the connection ended is not there any more, nor what came in between.
        let bytes = (taken + seen.pending as u64).max(std::mem::take(&mut self.writing) as u64) + 64;
        let timeouts = self.plan.timeouts;
        let bound = match call {
            Call::Look(NEVER) => u64::MAX,
            Call::Look(wait) => u64::from(wait),
            Call::Write | Call::Enqueue => self.to_write(bytes),
            Call::Connect => {
                // The connection before may end with a full table, whose acknowledgements have a second to arrive.
                self.to_write(bytes) * 2 + u64::from(timeouts.connect) + 1_000
            }
            Call::Disconnect => self.to_write(bytes) + u64::from(timeouts.write.min(1_000)),
        };
        let slack = self.slack();
        // The acknowledgements before a full table are given time to arrive.
        let full = ConnectionError::Session(SessionError::IncomingFull);
        let finish = if failure.and_then(Error::connection) == Some(&full) { 1_000 } else { 0 };
        // Nobody waits while a read or a write is at work.
        if elapsed - worked > bound.saturating_add(finish) {
            self.fail(format!("{call:?} took {elapsed} ms, {bound} at most; {bytes} bytes"));
        }
        let idle = now - last_taken.max(began);
        if matches!(call, Call::Write | Call::Enqueue) && idle > u64::from(timeouts.write) + slack + finish {
            self.fail(format!("{call:?} went on for {idle} ms although the link took no byte"));
        }
        let writes = match failure {
            Some(Error::Request(RequestError::TransmitFull)) => seen.phase != Phase::Resuming,
            Some(failure) => {
                matches!(
                    failure.connection(),
                    Some(ConnectionError::WriteTimedOut | ConnectionError::CutShort)
                )
            }
            None => false,
        };
        if writes {
            let stalled = now - last_taken + slack >= u64::from(timeouts.write);
            let is_slow = !matches!(call, Call::Look(_)) && elapsed + slack >= self.to_write(0);
            if !stalled && !is_slow {
                self.fail(format!("{call:?} ended by {failure:?} after {elapsed} ms; idle for {idle} ms"));
            }
        }
    }

    /// A call that went well has written all that it had to, and no call wakes for nothing again and again.
    fn check_headway(&mut self, call: Call, seen: Seen, failure: Option<&Failure>) {
        if failure.is_none() && matches!(call, Call::Write | Call::Connect) && seen.pending > 0 {
            self.fail(format!("{} bytes wait after {call:?}", seen.pending));
        }
        let (lapses, elapsed, finished, neglected) = {
            let world = self.world.borrow();
            let conduct = &world.conduct;
            (conduct.lapses, world.now() - conduct.call, conduct.finished, conduct.neglected)
        };
        // A request deals with no packet, so that its receive buffer has as much room before a wait as after it.
        if neglected && matches!(call, Call::Write | Call::Enqueue) {
            self.fail(format!("{call:?} waited for room, and had not read what was there"));
        }
        if u64::from(lapses) > 8 + elapsed / 100 {
            self.fail(format!("{call:?} woke {lapses} times in {elapsed} ms, and nothing had happened"));
        }
        let full = ConnectionError::Session(SessionError::IncomingFull);
        if failure.and_then(Error::connection) == Some(&full) && !finished {
            self.fail("the acknowledgements before a full table of incoming ids have no time to arrive");
        }
    }

    /// A link over which nothing has come for long enough must have been given up by a look that tells nothing more.
    pub fn check_dead_link(&mut self, seen: Seen) {
        if self.keep_alive == 0 || !seen.connected {
            return;
        }
        let mut world = self.world.borrow_mut();
        let (now, has_bytes, is_writable) = (world.now(), world.has_bytes(), world.is_writable());
        let conduct = &world.conduct;
        let heard = conduct.last_read.max(conduct.last_arrived);
        // PINGREQ goes out in time. A link that goes on taking what lies before PINGREQ may live. A PINGREQ that the
        // program sent before that time may not count: its answer may lie in the receive buffer, not told yet.
        let stalls = seen.pending > 0 || !is_writable;
        // The same holds for one that waited in the transmit buffer by then.
        let own = self.pings.min(conduct.asked.len().saturating_sub(1));
        let asked = conduct.asked.get(own).copied().unwrap_or(0);
        let taken = if stalls { conduct.last_taken } else { asked };
        let limit = (heard + self.keep_alive).max(taken);
        let ping = u64::from(self.plan.timeouts.ping);
        // A request does not deal with what lies in the receive buffer, which may be the answer: the client asks once
        // more. An answer in the buffer counts until all that lies before it was told.
        let again = if self.last_request > heard { ping } else { 0 };
        let patience = ping + again + self.keep_alive / 4 + self.slack();
        drop(world);
        if now > limit.max(self.looking).max(self.last_told) + patience && !has_bytes {
            self.fail(format!("a dead link is not noticed: nothing came for {} ms", now - heard));
        }
    }

    /// Every error has a cause.
    fn check_error(&mut self, call: Call, failure: &Failure) {
        self.trace.say("client", || format!("{call:?}: {failure}"));
        let Some(connection) = failure.connection() else { return };
        if connection.is_over() && self.connected {
            return self.fail(format!("{failure:?}, and the client is connected"));
        }
        let counter = match connection {
            ConnectionError::Closed => &mut self.tally.closed,
            ConnectionError::Transport(_) => &mut self.tally.transport,
            ConnectionError::WriteTimedOut => &mut self.tally.write_timed_out,
            ConnectionError::CutShort => &mut self.tally.cut_short,
            ConnectionError::Session(SessionError::ConnectTimeout) => &mut self.tally.connect_timeout,
            ConnectionError::Session(SessionError::PingTimeout) => &mut self.tally.ping_timeout,
            ConnectionError::Session(SessionError::IncomingFull) => &mut self.tally.incoming_full,
            ConnectionError::Session(SessionError::StoreFailed) => &mut self.tally.store_failed,
            ConnectionError::Session(SessionError::Refused(_)) => &mut self.tally.refused_connection,
            _ => &mut self.tally.violation,
        };
        *counter += 1;
        if matches!(failure, Error::Taken { .. }) {
            self.tally.taken_and_failed += 1;
        }
        let trusted = self.is_trusted();
        let failed = std::mem::take(&mut self.disk.borrow_mut().failed);
        let mut world = self.world.borrow_mut();
        let (now, has_bytes, is_writable) = (world.now(), world.has_bytes(), world.is_writable());
        let (ended, is_over) = (world.ended(), world.broker.complaint().is_some());
        let conduct = &world.conduct;
        let timeouts = &self.plan.timeouts;
        let late = now + self.slack();
        let has_cause = match connection {
            ConnectionError::Closed | ConnectionError::Transport(_) => {
                ended.is_some() || is_over || call == Call::Connect
            }
            // Their time is checked elsewhere.
            ConnectionError::WriteTimedOut | ConnectionError::CutShort => true,
            ConnectionError::Session(SessionError::ConnectTimeout) => {
                late >= conduct.call + u64::from(timeouts.connect) && (conduct.accepted.is_none() || !trusted)
            }
            ConnectionError::Session(SessionError::PingTimeout) => {
                let ping = u64::from(timeouts.ping);
                let asked =
                    conduct.ping_taken.is_some_and(|taken| late >= taken.max(conduct.last_read) + ping);
                let is_refused = !is_writable || conduct.refused + late - now >= now;
                let stalled = late >= conduct.last_taken.max(conduct.last_read) + ping && is_refused;
                !trusted || stalled || asked && !has_bytes
            }
            ConnectionError::Session(SessionError::IncomingFull) => {
                !trusted || world.broker.is_doubtful() || world.broker.exactly_once() > self.plan.incoming
            }
            ConnectionError::Session(SessionError::StoreFailed) => failed,
            ConnectionError::Session(SessionError::Refused(_)) => self.refuses || !trusted,
            ConnectionError::Session(SessionError::Qos2NotBuilt) => false,
            _ => !trusted,
        };
        drop(world);
        if !has_cause {
            self.fail(format!("{call:?} ended by {connection:?} without a cause"));
        }
    }

    /// A refusal has a cause, too.
    pub fn check_refusal(&mut self, error: RequestError, seen: Seen, packet: usize, qos: u8, streams: bool) {
        let kind = self.plan.kind;
        let has_cause = match error {
            RequestError::NotConnected => !seen.connected,
            RequestError::BufferTooSmall => packet > self.plan.transmit && !streams,
            RequestError::InFlightFull => seen.in_flight == self.plan.slots,
            RequestError::StoreFull => kind.has_store() && !self.clean && qos > 0,
            RequestError::StoreFailed => std::mem::take(&mut self.disk.borrow_mut().failed),
            RequestError::NoStore => !kind.has_store() && !self.clean && qos == 2,
            // Its time is checked elsewhere.
            RequestError::TransmitFull => true,
            _ => false,
        };
        if !has_cause {
            self.fail(format!("{error:?} without a cause: {packet} bytes of QoS {qos}, {seen:?}"));
        }
    }
}
