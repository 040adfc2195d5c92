//! All of a run but the client itself.

use std::cell::RefCell;
use std::rc::Rc;

use fastrand::Rng;
use umqtt::{Buffers, PacketId, Phase, Slots};
use umqtt_testkit::model::{Trace, World};

use crate::acknowledging::Owed;
use crate::disk::Disk;
use crate::events::Arriving;
use crate::ledger::Open;
use crate::plan::Plan;
use crate::tally::Tally;
use crate::wire::Shared;

pub struct Context {
    pub rng: Rng,
    pub plan: Plan,
    pub trace: Trace,
    pub world: Shared,
    pub disk: Rc<RefCell<Disk>>,
    pub tally: Tally,
    /// What was wrong first.
    pub failure: Option<String>,
    /// Exchanges without an end.
    pub open: Vec<Open>,
    /// All messages that were taken: id, number and QoS.
    pub taken: Vec<(PacketId, u16, u8)>,
    /// How many SUBSCRIBEs and UNSUBSCRIBEs were taken, or may have been when the power failed.
    pub requests: u32,
    /// A message that was taken or not when the power failed.
    pub unknown: Option<(u16, u8)>,
    /// Ids that were told as lost, and that the store may still have.
    pub lost: Vec<PacketId>,
    pub arriving: Option<Arriving>,
    /// Acknowledgements that are to come.
    pub owed: Vec<Owed>,
    /// Whether there is a connection, and whether its session is a clean one.
    pub connected: bool,
    pub clean: bool,
    /// The number of the connection that began last without the session of the one before.
    pub last_loss: u32,
    /// When the last call ended, and the last look at the link.
    pub last_call: u64,
    pub last_look: u64,
    /// When the program was told something last, and when it made its last request.
    pub last_told: u64,
    pub last_request: u64,
    /// How many PINGREQs of the program the link did not take at once, on this connection.
    pub pings: usize,
    /// Since when the program has looked often enough to notice a dead link.
    pub looking: u64,
    /// A message is held.
    pub holding: bool,
    /// The program waits as its client says.
    pub looping: bool,
    /// How many calls have ended since a packet was read that ends the connection.
    pub doomed: u32,
    /// The power has failed: the program is gone.
    pub dead: bool,
    /// The store could not write down that the last session is gone: a program that begins again does not know it.
    pub unwritten: bool,
    /// The next connection asks for a clean session.
    pub clean_next: bool,
    /// The broker refuses the connection.
    pub refuses: bool,
    /// The link has no faults.
    pub good: bool,
    /// The longest time that reads and writes have taken in one call.
    pub most_worked: u64,
    /// How many bytes the call may have to write.
    pub writing: usize,
    /// The time of the keep-alive in milliseconds; 0 without.
    pub keep_alive: u64,
}

/// What can be seen of a client after a call.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub connected: bool,
    pub phase: Phase,
    /// Bytes that wait to be written.
    pub pending: usize,
    pub in_flight: usize,
}

impl Seen {
    pub fn of<B: Buffers>(session: &umqtt::blocking::SessionOf<B>) -> Self
    where
        B::Slots: Slots,
    {
        Self {
            connected: session.is_connected(),
            phase: session.phase(),
            pending: session.pending().len() + session.payload_remaining(),
            in_flight: session.in_flight().len(),
        }
    }
}

impl Context {
    pub fn new(seed: u64, trace: Trace) -> Self {
        let mut rng = Rng::with_seed(seed);
        let plan = Plan::draw(&mut rng);
        trace.say("run", || format!("{plan:#?}"));
        let mut world = World::new(plan.settings.clone(), plan.clock, trace.clone());
        world.set_cost(plan.cost);
        let disk = Disk::new(plan.store, plan.store_fails, rng.fork());
        Self {
            rng,
            trace,
            world: Rc::new(RefCell::new(world)),
            disk: Rc::new(RefCell::new(disk)),
            tally: Tally { runs: 1, hostile_runs: u64::from(plan.hostile), ..Tally::default() },
            plan,
            failure: None,
            open: Vec::new(),
            taken: Vec::new(),
            requests: 0,
            unknown: None,
            lost: Vec::new(),
            arriving: None,
            owed: Vec::new(),
            connected: false,
            clean: true,
            last_loss: 0,
            last_call: 0,
            last_look: 0,
            last_told: 0,
            pings: 0,
            last_request: 0,
            looking: 0,
            holding: false,
            looping: false,
            doomed: 0,
            dead: false,
            unwritten: false,
            clean_next: false,
            refuses: false,
            good: false,
            most_worked: 0,
            writing: 0,
            keep_alive: 0,
        }
    }

    pub fn now(&self) -> u64 {
        self.world.borrow().now()
    }

    /// By how many milliseconds the client's time may be wrong: it does not ask the clock at each read and write,
    /// which take theirs.
    pub fn slack(&self) -> u64 {
        8 * u64::from(self.plan.cost) + self.most_worked
    }

    pub fn is_trusted(&self) -> bool {
        self.world.borrow().broker.is_trusted()
    }

    /// Something is wrong.
    pub fn fail(&mut self, words: impl Into<String>) {
        let words = words.into();
        self.trace.say("check", || words.clone());
        self.failure.get_or_insert(words);
    }

    pub fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    pub fn chance(&mut self, of_256: u8) -> bool {
        crate::plan::chance(&mut self.rng, of_256)
    }

    /// The program does something else for so long.
    pub fn sleep(&mut self, millis: u32) {
        self.trace.say("program", || format!("sleeps for {millis} ms"));
        self.world.borrow_mut().sleep(millis);
    }
}
