//! A client's surroundings: its link, its broker, its clock, and whatever happens to them.

use super::acts::Act;
use super::broker::{Broker, Settings};
use super::complaint::Complaint;
use super::conduct::Conduct;
use super::link::{Conditions, Ending, Link};
use super::trace::Trace;

/// What came of an attempt to read or to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// So many bytes, at least 1.
    Done(usize),
    /// Not now.
    Nothing,
    /// The broker has closed the link.
    Closed,
}

/// The link has failed, or there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// A client's surroundings on virtual time, which passes only while the client waits or its program does.
#[derive(Debug)]
pub struct World {
    /// The broker.
    pub broker: Broker,
    /// What is seen of the client.
    pub conduct: Conduct,
    pub(super) now: u64,
    /// What the client's clock shows at time 0.
    clock: u32,
    pub(super) link: Option<Link>,
    next: Conditions,
    agenda: Vec<(u64, Act)>,
    power: Option<u32>,
    /// How many milliseconds a read or a write takes.
    cost: u32,
    pub(super) trace: Trace,
    bytes: Vec<u8>,
}

impl World {
    /// Surroundings in which nothing happens; the client's clock begins at `clock`.
    #[must_use]
    pub fn new(settings: Settings, clock: u32, trace: Trace) -> Self {
        Self {
            broker: Broker::new(settings, trace.clone()),
            conduct: Conduct::default(),
            now: 0,
            clock,
            link: None,
            next: Conditions::GOOD,
            agenda: Vec::new(),
            power: None,
            cost: 0,
            trace,
            bytes: Vec::new(),
        }
    }

    /// The milliseconds since the beginning.
    #[must_use]
    pub const fn now(&self) -> u64 {
        self.now
    }

    /// What the client's clock shows, which wraps.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)]
    pub const fn millis(&self) -> u32 {
        self.clock.wrapping_add(self.now as u32)
    }

    /// What the next link is like; the one after it is good.
    pub fn set_next(&mut self, conditions: Conditions) {
        self.next = conditions;
    }

    /// Lets something happen in so many milliseconds.
    pub fn schedule(&mut self, millis: u32, act: Act) {
        let at = self.now + u64::from(millis);
        // The next is the last.
        let place = self.agenda.partition_point(|(other, _)| *other > at);
        self.agenda.insert(place, (at, act));
    }

    /// Forgets what was to happen, and lets the link that stands be good from now on.
    pub fn calm(&mut self) {
        self.agenda.clear();
        self.next = Conditions::GOOD;
    }

    /// Lets each read and each write take so many milliseconds.
    pub const fn set_cost(&mut self, millis: u32) {
        self.cost = millis;
    }

    /// Lets the power of the program fail after so many operations of its client and its store.
    pub const fn cut_power(&mut self, operations: Option<u32>) {
        self.power = operations;
    }

    /// Whether there is power.
    #[must_use]
    pub const fn has_power(&self) -> bool {
        !matches!(self.power, Some(0))
    }

    /// Takes one operation from the power that is left; false when there is none.
    pub const fn spend(&mut self) -> bool {
        match &mut self.power {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                *left > 0
            }
            None => true,
        }
    }

    /// The program calls its client.
    pub fn begin_call(&mut self) {
        self.conduct.begin_call(self.now);
    }

    /// The call has returned: complains if the client has been silent for longer than its keep-alive.
    pub fn end_call(&mut self) {
        self.check_silence();
    }

    /// Whether the link stands, as far as its two ends can know.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.link.as_ref().is_some_and(Link::stands)
    }

    /// Whether bytes have arrived that the client has not read, or had when it closed the link.
    pub fn has_bytes(&mut self) -> bool {
        let now = self.now;
        match &mut self.link {
            Some(link) if !link.closed => link.down.arrived(now) > 0,
            _ => self.conduct.left.0,
        }
    }

    /// Whether the link takes bytes or tells its end, or did when the client closed it.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        match &self.link {
            Some(link) if !link.closed => link.is_writable(self.now),
            _ => self.conduct.left.1,
        }
    }

    /// Whether the client has closed the link, or there was none.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.link.as_ref().is_none_or(|link| link.closed)
    }

    /// How the link ended, if it did not end by the client.
    #[must_use]
    pub fn ended(&self) -> Option<Ending> {
        self.link.as_ref().and_then(|link| link.ended)
    }

    /// Whether the client has read the whole of a packet that it must not accept.
    #[must_use]
    pub fn is_doomed(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.doom.is_some_and(|doom| link.read >= doom))
    }

    /// Opens a link, or takes as long as it takes to fail.
    ///
    /// # Errors
    /// The link does not open in time.
    pub fn open(&mut self, timeout: u32) -> Result<(), Broken> {
        self.ask()?;
        if self.stands() {
            return Ok(());
        }
        let conditions = std::mem::replace(&mut self.next, Conditions::GOOD);
        self.sleep(conditions.opens_in.min(timeout));
        if !conditions.opens || conditions.opens_in > timeout {
            self.trace.say("link", || "does not open".into());
            return Err(Broken);
        }
        self.trace.say("link", || {
            let Conditions { up, down, cut, one_at_a_time, .. } = &conditions;
            format!("opens; up {up:?}, down {down:?}, {cut:?}, one at a time {one_at_a_time}")
        });
        let read = self.link.as_ref().map_or(0, |link| link.read);
        self.broker.open(read, self.now);
        self.link = Some(Link::new(conditions, self.now));
        self.conduct.opened(self.now);
        Ok(())
    }

    /// Reads what has arrived.
    ///
    /// # Errors
    /// The link has failed.
    pub fn read(&mut self, room: &mut [u8]) -> Result<Moved, Broken> {
        self.ask()?;
        self.work();
        let now = self.now;
        self.conduct.looked = now;
        let Some(link) = self.link.as_mut().filter(|link| !link.closed) else { return Err(Broken) };
        if link.down.arrived(now) == 0 {
            return match link.ended {
                Some(Ending::Reset) => Err(Broken),
                Some(Ending::Closed) if link.down.len() == 0 => Ok(Moved::Closed),
                _ => {
                    self.trace.say("client", || "has nothing to read".into());
                    Ok(Moved::Nothing)
                }
            };
        }
        let most = link.down.way.pieces.next_size().min(link.reads_left()).min(room.len());
        let count = link.down.take(room.get_mut(..most).unwrap_or_default());
        link.read += count as u64;
        self.conduct.read(room.get(..count).unwrap_or_default(), now);
        self.conduct.progress();
        if link.read >= 4 {
            self.conduct.accepted.get_or_insert(now);
        }
        self.trace.say("client", || format!("reads {count} bytes"));
        self.cut_if_due();
        Ok(if count > 0 { Moved::Done(count) } else { Moved::Nothing })
    }

    /// Writes what the link takes.
    ///
    /// # Errors
    /// The link has failed.
    pub fn write(&mut self, bytes: &[u8]) -> Result<Moved, Broken> {
        self.ask()?;
        self.work();
        self.check_silence();
        let now = self.now;
        let Some(link) = self.link.as_mut().filter(|link| !link.closed) else { return Err(Broken) };
        match link.ended {
            Some(Ending::Reset) => return Err(Broken),
            Some(Ending::Closed) => return Ok(Moved::Closed),
            _ => {}
        }
        let room = if link.is_writable(now) { link.up.free().min(link.writes_left()) } else { 0 };
        let count = if room > 0 { room.min(link.up.way.pieces.next_size()).min(bytes.len()) } else { 0 };
        if count < bytes.len() {
            self.conduct.refused = self.conduct.refused.max(now);
        }
        if count == 0 {
            self.trace.say("client", || format!("cannot write {} bytes", bytes.len()));
            return Ok(Moved::Nothing);
        }
        let taken = bytes.get(..count).unwrap_or_default();
        link.up.put(taken, now);
        link.written += count as u64;
        self.conduct.wrote(taken, now, |id| self.broker.settled(id));
        self.conduct.progress();
        self.trace.say("client", || format!("writes {count} of {} bytes", bytes.len()));
        self.cut_if_due();
        self.settle();
        Ok(Moved::Done(count))
    }

    /// Lets time pass until the link is ready for one of these, for so many milliseconds at most.
    ///
    /// # Errors
    /// There is no power, or the client turns in a circle.
    pub fn wait(&mut self, read: bool, write: bool, millis: Option<u32>) -> Result<(), Broken> {
        self.ask()?;
        let wakes = self.link.as_mut().map_or(usize::MAX, |link| link.wakes.next_size());
        let wakes = u32::try_from(wakes).ok();
        let is_own = millis.is_some_and(|millis| wakes.is_none_or(|wakes| millis <= wakes));
        let millis = millis.into_iter().chain(wakes).min();
        let deadline = millis.map(|millis| self.now + u64::from(millis));
        let mut is_ready = false;
        self.run(deadline, |world| {
            let now = world.now;
            let link = world.link.as_mut();
            is_ready =
                link.is_none_or(|link| read && link.is_readable(now) || write && link.is_writable(now));
            is_ready
        });
        self.conduct.lapses += u32::from(is_own && !is_ready);
        self.conduct.neglects = !read && self.has_bytes();
        Ok(())
    }

    /// Lets time pass.
    pub fn sleep(&mut self, millis: u32) {
        self.run(Some(self.now + u64::from(millis)), |_| false);
    }

    /// The client closes the link.
    pub fn close(&mut self) {
        self.settle();
        let Some(link) = self.link.as_mut().filter(|link| !link.closed) else { return };
        self.trace.say("client", || "closes the link".into());
        self.conduct.left = (link.down.arrived(self.now) > 0, link.is_writable(self.now));
        let arrives = if link.ended.is_none() { link.arrives_at_close } else { 0 };
        self.deliver(arrives);
        if let Some(link) = &mut self.link {
            link.closed = true;
            link.up.clear();
            link.down.clear();
        }
        self.broker.lost();
    }

    /// The client closes the link when all has arrived, or after so many milliseconds.
    pub fn finish(&mut self, millis: u32) {
        self.run(Some(self.now + u64::from(millis)), |world| {
            world.link.as_ref().is_none_or(|link| link.up.len() == 0 || !link.stands())
        });
        self.conduct.finished = true;
        self.close();
    }

    /// The client asks for something.
    fn ask(&mut self) -> Result<(), Broken> {
        if !self.conduct.ask() {
            self.broker.complain(Complaint::new("umqtt: bounded", "the client turns in a circle"));
            return Err(Broken);
        }
        if self.spend() { Ok(()) } else { Err(Broken) }
    }

    /// A read or a write takes its time.
    fn work(&mut self) {
        if self.cost > 0 {
            let idle = self.conduct.idle();
            self.sleep(self.cost);
            self.conduct.worked += u64::from(self.cost);
            // Time alone is no headway.
            self.conduct.set_idle(idle);
        } else {
            self.settle();
        }
    }

    fn check_silence(&mut self) {
        let silence = self.conduct.silence(self.now);
        if silence > self.conduct.keep_alive && self.is_writable() && self.stands() {
            let what = format!("the client was silent for {silence} ms");
            self.broker.complain(Complaint::new("MQTT-3.1.2-23", what));
        }
    }

    /// Lets time pass until something is true, or a time has come.
    fn run(&mut self, deadline: Option<u64>, mut ready: impl FnMut(&mut Self) -> bool) {
        loop {
            self.settle();
            if ready(self) || deadline.is_some_and(|deadline| self.now >= deadline) {
                return;
            }
            let Some(next) = self.next_time().into_iter().chain(deadline).min() else {
                self.broker.complain(Complaint::new("umqtt: bounded", "the client waits for ever"));
                return;
            };
            let was_writable = self.is_writable();
            self.now = next.max(self.now + 1);
            if !was_writable {
                self.conduct.refused = self.conduct.refused.max(self.now);
            }
            self.trace.set_now(self.now);
            self.conduct.progress();
        }
    }

    /// When time alone changes something.
    fn next_time(&self) -> Option<u64> {
        let agenda = self.agenda.last().map(|(at, _)| *at);
        let link = self.link.as_ref().filter(|link| link.stands()).and_then(|link| {
            let refuses = Some(link.refuses_until).filter(|at| *at > self.now);
            let cut = link.cut_time().filter(|_| link.ended.is_none());
            [link.up.next(), link.down.next(), refuses, cut].into_iter().flatten().min()
        });
        let rest = self.link.as_ref().filter(|link| !link.stands()).and_then(|link| link.down.next());
        [agenda, self.broker.next(), link, rest].into_iter().flatten().min()
    }

    /// Lets everything happen that is due.
    fn settle(&mut self) {
        loop {
            let now = self.now;
            if self.agenda.last().is_some_and(|(at, _)| *at <= now) {
                if let Some((_, act)) = self.agenda.pop() {
                    self.act(act);
                }
                continue;
            }
            self.broker.tick(now);
            let Some(link) = &mut self.link else { return };
            if link.hears(now) {
                self.conduct.last_arrived = now;
            }
            if link.ended == Some(Ending::Silent) && self.broker.closes() {
                self.broker.lost();
            }
            if link.ended.is_some() || link.closed {
                return;
            }
            if link.cut_time().is_some_and(|at| at <= now) {
                self.cut_now();
                continue;
            }
            let mut moved = false;
            let blocked = link.one_at_a_time && !self.broker.output.is_empty();
            let arrived = link.up.arrived(now);
            if arrived > 0 && !blocked {
                self.deliver(arrived);
                moved = true;
            }
            let Some(link) = &mut self.link else { return };
            let count = link.down.free().min(self.broker.output.len());
            if count > 0 {
                link.down.put(self.broker.output.get(..count).unwrap_or_default(), now);
                self.broker.output.drain(..count);
                link.sent += count as u64;
                moved = true;
            }
            if link.hears(now) {
                self.conduct.last_arrived = now;
            }
            if self.broker.closes() && self.broker.output.is_empty() {
                self.end(Ending::Closed, 0);
                return;
            }
            if !moved {
                return;
            }
        }
    }

    /// Gives the broker so many of the bytes that are on their way.
    pub(super) fn deliver(&mut self, count: usize) {
        let Some(link) = &mut self.link else { return };
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.clear();
        link.up.drain(count, &mut bytes);
        if !bytes.is_empty() {
            self.broker.receive(&bytes, self.now);
        }
        self.bytes = bytes;
    }
}
