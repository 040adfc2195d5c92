//! A state of the whole: the engine, its receiver, the program that calls it, the link and the broker.

use std::hash::Hash;

use umqtt_proto::{
    Engine, Goal, HeapStore, Instant, NoStore, Notice, OnSessionLost, PacketId, Phase, RamStore, Receiver,
    Session, Timeouts, Wait,
};

use crate::broker::Broker;
use crate::config::{Config, Storage};
use crate::durable::Durable;
use crate::key::{CLOCK, Canon};
use crate::link::Link;
use crate::memory::{Buffer, Device, Ids, Table};
use crate::shelf::{Kept, Shelf};
use crate::witness::Witness;

pub type EngineOf<D> = Engine<Buffer, Table<D>, Shelf<D>, Ids>;
type SessionOf<D> = Session<Buffer, Table<D>, Shelf<D>, Ids>;

/// Where the program stands in its call, which it makes after a step of the engine.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum At {
    /// It is in no call.
    Rest,
    Read,
    Write,
    Wait {
        read: bool,
        write: bool,
        millis: u32,
    },
}

/// What a call is made with.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum With {
    Receiver,
    /// The room behind the message that the program holds.
    HeldMessage,
    Nothing,
}

/// The call in which the program is.
#[derive(Clone, Copy, Hash, Debug)]
pub struct Call {
    pub at: At,
    pub goal: Goal,
    pub with: With,
    /// How often the link was asked in vain since a byte went through it.
    pub vain: u8,
    /// How often time went by since then.
    pub waits: u8,
    /// The link was waited for, and takes a byte at least.
    pub is_writable: bool,
}

impl Call {
    const NONE: Self =
        Self { at: At::Rest, goal: Goal::Flush, with: With::Receiver, vain: 0, waits: 0, is_writable: false };
}

/// A message that the program holds.
#[derive(Clone, Copy, Hash, Debug)]
pub struct Held {
    pub notice: Notice,
    pub message: u8,
}

/// A state.
#[derive(Clone, Debug)]
pub struct World<D: Device> {
    pub engine: EngineOf<D>,
    pub receiver: Receiver<Buffer, D::Large>,
    /// The message that the program holds.
    pub held: Option<Held>,
    /// How much of a large message was given to the engine, and which one it is.
    pub feeding: Option<(u8, u8)>,
    pub call: Call,
    /// Time went by since the program has looked for an event.
    pub has_rested: bool,
    /// The session of the connection is a clean one.
    pub is_clean: bool,
    pub link: Link,
    pub broker: Broker,
    pub witness: Witness,
    pub now: Instant,
}

/// The time-outs of the engine, in milliseconds, where something is timed. They are few, so that the times that
/// went by are.
pub const TIMEOUTS: Timeouts =
    Timeouts { connect: 2_000, ping: 1_000, message: 2_000, write: 1_000, write_per_kib: 1_000 };

/// The keep-alive, in seconds.
pub const KEEP_ALIVE: u16 = 4;

/// A time that no rule tells from a longer one.
pub const LONG: u32 = 6_000;

impl<D: Device> World<D> {
    /// Before anything has happened.
    pub fn new(config: &Config) -> Self {
        let kept = match config.storage {
            Storage::Nothing => Kept::Nothing(NoStore),
            Storage::Ram(length) => Kept::Ram(RamStore::new(Buffer::new(length))),
            Storage::Heap(limit) => Kept::Heap(HeapStore::new(limit)),
            Storage::Durable => Kept::Durable(Durable::new()),
        };
        Self {
            engine: engine(config, Shelf::new(kept)),
            receiver: Receiver::with_large(Buffer::new(config.receive)),
            held: None,
            feeding: None,
            call: Call::NONE,
            has_rested: false,
            is_clean: false,
            link: Link::new(),
            broker: Broker::new(),
            witness: Witness::new(config),
            now: Instant::from_millis(CLOCK),
        }
    }

    /// The engine begins anew, with nothing but its store.
    pub fn restart(&mut self, config: &Config) -> Result<(), String> {
        let mut store = self.engine.session().store().clone();
        store.plan(None);
        self.engine = engine(config, store);
        let session = self.engine.session_mut();
        session.restore().map_err(|error| format!("the session cannot be restored: {error}"))?;
        if config.begins_again {
            session.set_next_id(first_id(config));
        }
        self.receiver = Receiver::with_large(Buffer::new(config.receive));
        Ok(())
    }

    /// The link is closed, whoever did it, and the program is in no call. The engine was in this phase.
    pub fn close(&mut self, phase: Phase, config: &Config) {
        self.engine.handle_closed();
        self.link.close();
        self.broker.close();
        // A clean session that the broker did not accept has ended none.
        let keeps = D::KEEPS && (!self.is_clean || phase == Phase::AwaitConnAck);
        self.witness.closed(keeps, config);
        self.is_clean = false;
        self.feeding = None;
        self.held = None;
        self.end_call();
    }

    pub fn begin(&mut self, goal: Goal, with: With) {
        self.engine.begin(goal, self.now);
        self.call = Call { goal, with, ..Call::NONE };
        if with != With::HeldMessage {
            self.held = None;
        }
    }

    /// The call has ended.
    pub fn end_call(&mut self) {
        self.call = Call::NONE;
    }

    pub fn wait(&mut self, wait: Wait) {
        self.call.at = At::Wait { read: wait.read, write: wait.write, millis: wait.millis };
    }

    pub fn phase(&self) -> Phase {
        self.engine.session().phase()
    }

    /// Whether all is done: each request has its end, each message was handed over, nothing is half done.
    pub fn is_finished(&self, config: &Config) -> bool {
        let session = self.engine.session();
        self.call.at == At::Rest
            && session.phase() == Phase::Connected
            && session.pending().is_empty()
            && session.in_flight().is_empty()
            && session.incoming().count() == 0
            && session.store().is_empty()
            && self.link.is_empty()
            && self.witness.all_ended()
            && self.broker.is_finished(config)
    }

    /// A key of all that a request of the program may change.
    pub fn held_by_session(&self) -> u128 {
        let mut canon = Canon::new(0, 0);
        let session = self.engine.session();
        put_alive(session, &mut canon);
        session.store().hash(&mut canon);
        (session.phase(), session.transmit_room(), session.payload_remaining()).hash(&mut canon);
        canon.key()
    }

    /// What this state is known by.
    pub fn key(&self, config: &Config) -> u128 {
        let long = if config.is_timed { LONG } else { 0 };
        let mut canon = Canon::new(self.now.as_millis(), long);
        let to = &mut canon;
        if self.call.at == At::Rest {
            // Of the last call nothing matters.
            let mut engine = self.engine.clone();
            engine.begin(Goal::Flush, self.now);
            engine.hash(to);
        } else {
            self.engine.hash(to);
        }
        put_alive(self.engine.session(), to);
        if self.receiver.is_mid_packet() || self.held.is_some() {
            self.receiver.hash(to);
            let mut receiver = self.receiver.clone();
            while let Ok(Some(frame)) = receiver.poll() {
                frame.header.hash(to);
                frame.kind.hash(to);
                frame.body.hash(to);
            }
        }
        self.held.hash(to);
        self.feeding.hash(to);
        self.call.hash(to);
        (self.has_rested, self.is_clean).hash(to);
        self.link.hash(to);
        self.broker.hash(to);
        self.witness.hash(to);
        canon.key()
    }
}

/// What the buffers and tables of a session hold.
fn put_alive<D: Device>(session: &SessionOf<D>, to: &mut Canon) {
    session.pending().hash(to);
    for slot in session.in_flight().iter() {
        slot.hash(to);
    }
}

fn first_id(config: &Config) -> PacketId {
    PacketId::new(config.first_id).unwrap_or(PacketId::FIRST)
}

fn engine<D: Device>(config: &Config, store: Shelf<D>) -> EngineOf<D> {
    let (transmit, slots) = (Buffer::new(config.transmit), Table::new(config.slots));
    let mut engine = Engine::new(transmit, slots, Ids::new(config.incoming), store);
    engine.set_timeouts(TIMEOUTS);
    engine.session_mut().set_next_id(first_id(config));
    if config.tells_lost {
        engine.session_mut().set_on_session_lost(OnSessionLost::Tell);
    }
    engine
}
