//! What the program knows: which exchanges are open, and what each of them was told.

use umqtt::PacketId;
use umqtt_testkit::model::Fate;

use crate::context::{Context, Seen};
use crate::promises::Call;

/// What an exchange is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A message of this number and QoS.
    Message(u16, u8),
    /// A SUBSCRIBE, and what is to be granted: as many codes as it had filters.
    Subscribe([u8; 3], usize),
    Unsubscribe,
}

/// An exchange that has no end yet.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    pub id: PacketId,
    pub what: What,
    /// The length of its packet.
    pub size: usize,
    /// On which connection it was taken, and whether it survives that.
    pub connection: u32,
    pub kept: bool,
    /// The session that it belongs to is lost, and its end is to be told.
    pub lost: bool,
    /// When it was taken, or the connection was accepted on which it was sent again.
    pub since: u64,
    /// When it is known that the link had taken bytes after it.
    pub written: Option<u64>,
    /// How many bytes all links had taken before.
    pub before: u64,
    /// It was told as late.
    pub late: bool,
    /// How many calls began and ended without telling it, although it was late.
    silent: usize,
}

impl Context {
    /// A request was taken.
    pub fn take(&mut self, call: Call, id: Option<PacketId>, what: What, size: usize, seen: &Seen) {
        let needs_id = !matches!(what, What::Message(_, 0));
        if id.is_some() != needs_id {
            return self.fail(format!("{what:?} was taken with the id {id:?}"));
        }
        if let What::Message(number, qos) = what {
            self.world.borrow_mut().broker.decide(number, Fate::Taken);
            match qos {
                0 => self.tally.published_0 += 1,
                1 => self.tally.published_1 += 1,
                _ => self.tally.published_2 += 1,
            }
        }
        let Some(id) = id else { return };
        if self.open.iter().any(|open| open.id == id) {
            return self.fail(format!("{what:?} was taken with the id {id}, which is in use [MQTT-2.3.1-2]"));
        }
        let kept = self.plan.kind.has_store() && !self.clean && matches!(what, What::Message(..));
        if let What::Message(number, qos) = what {
            self.taken.push((id, number, qos));
        }
        let (since, before) = {
            let world = self.world.borrow();
            (world.conduct.call, world.conduct.taken_ever)
        };
        let written = (call != Call::Enqueue && seen.pending < size).then(|| self.now());
        let connection = self.world.borrow().broker.connections();
        self.open.push(Open {
            id,
            what,
            size,
            connection,
            kept,
            lost: false,
            since,
            written,
            before,
            late: false,
            silent: 0,
        });
        // What was told as lost goes with the next look.
        if seen.in_flight < self.open.len() || seen.in_flight > self.open.len() + self.lost.len() {
            self.fail(format!(
                "{} exchanges are in flight, and {} are open",
                seen.in_flight,
                self.open.len()
            ));
        }
    }

    /// A message was not taken.
    pub fn refuse(&mut self, number: u16) {
        self.tally.refused += 1;
        self.world.borrow_mut().broker.decide(number, Fate::Refused);
    }

    /// An exchange has its end.
    pub fn close(&mut self, id: PacketId, how: &str) -> Option<Open> {
        let Some(at) = self.open.iter().position(|open| open.id == id) else {
            self.fail(format!("{how} is told of the id {id}, which is not open"));
            return None;
        };
        let open = self.open.remove(at);
        if let What::Message(number, _) = open.what {
            self.world.borrow_mut().broker.decide(number, Fate::Ended);
        }
        Some(open)
    }

    /// A connection has begun: what is sent again has its time from now on.
    pub fn resume_exchanges(&mut self) {
        let (now, accepted) = (self.now(), self.world.borrow().conduct.accepted);
        for open in &mut self.open {
            open.since = accepted.unwrap_or(now);
            open.written = Some(now);
            open.silent = 0;
        }
    }

    /// A look at the link has ended that began at `began`: each exchange that was late by then must have been told.
    pub fn check_overdue(&mut self, began: u64, seen: Seen) {
        let timeout = self.plan.timeouts.message;
        // The time of what is not written does not run.
        let stalls = seen.pending > 0 && !self.world.borrow().is_writable();
        if timeout == umqtt::NEVER || stalls {
            return;
        }
        // What lies in the receive buffer may go first.
        let patience = (self.open.len() + 1) * (self.plan.receive.min(10_000) / 4 + 4);
        let mut silent = None;
        let last_taken = self.world.borrow().conduct.last_taken;
        for open in self.open.iter_mut().filter(|open| !open.late) {
            let Some(mut written) = open.written else { continue };
            if matches!(open.what, What::Message(_, 2)) {
                // PUBREL has a time of its own, which begins when it is written.
                written = written.max(last_taken);
            }
            if began > written + u64::from(timeout) {
                open.silent += 1;
                if open.silent > patience {
                    silent = Some(*open);
                }
            }
        }
        if let Some(open) = silent {
            self.fail(format!("{open:?} was not told as timed out"));
        }
    }

    /// The program begins again with what its client has restored: the ids in flight.
    pub fn restart(&mut self, restored: &[(PacketId, umqtt::Await)], unseen: bool) {
        let before = std::mem::take(&mut self.open);
        let now = self.now();
        for (id, awaits) in restored {
            let known = self
                .taken
                .iter()
                .rev()
                .find(|(other, ..)| other == id)
                .map(|(_, number, qos)| (*number, *qos));
            let is_open = before.iter().any(|open| open.id == *id);
            let lost = self.lost.contains(id);
            // The id may have been given again by the call that the power failed in.
            let is_unknown = self.unknown.is_some() && {
                let number = self.disk.borrow().number(*id);
                number == self.unknown.map(|(number, _)| number)
            };
            let is_known = is_open || lost && known.is_some();
            let found = if is_known && !is_unknown { known } else { self.unknown.take() };
            let Some((number, qos)) = found else {
                return self.fail(format!("the id {id} is restored, and it was not open"));
            };
            let expected = if qos == 1 { umqtt::Await::PubAck } else { umqtt::Await::PubRec };
            if *awaits != expected && (qos != 2 || *awaits != umqtt::Await::PubComp) {
                return self.fail(format!("message {number} is restored as {awaits:?}"));
            }
            // What was lost, and was not told or not let go of, goes out again behind what came after it.
            let was_lost =
                !is_open && lost && !is_unknown || before.iter().any(|open| open.id == *id && open.lost);
            let fate = if was_lost { Fate::Revived } else { Fate::Taken };
            let old = |open: &Open| open.id == *id && open.connection < self.last_loss;
            if *awaits == umqtt::Await::PubComp && (was_lost || before.iter().any(old)) {
                self.world.borrow_mut().broker.excuse(id.as_u16());
            }
            self.world.borrow_mut().broker.decide(number, fate);
            self.taken.push((*id, number, qos));
            let what = What::Message(number, qos);
            // PUBREL is what goes out again when the packet is not kept any more.
            let size = self.disk.borrow().packet(*id).map_or(0, <[u8]>::len).max(4);
            self.open.push(Open {
                id: *id,
                what,
                size,
                connection: 0,
                kept: true,
                lost: was_lost,
                since: now,
                written: None,
                before: u64::MAX,
                late: false,
                silent: 0,
            });
        }
        let mut missing = 0;
        for open in before {
            if !open.kept || self.open.iter().any(|other| other.id == open.id) {
                continue;
            }
            // A PUBREL whose session the broker has lost, or a liar says so, leaves the store at once.
            let is_over = open.connection < self.last_loss || !self.is_trusted();
            if matches!(open.what, What::Message(_, 2)) && is_over {
                continue;
            }
            missing += 1;
            let What::Message(number, _) = open.what else { continue };
            if missing > u32::from(unseen) || self.is_trusted() && !self.world.borrow().broker.has(number) {
                self.fail(format!("{open:?} is gone after a restart"));
            }
        }
        self.unknown = None;
        self.lost.clear();
    }
}
