//! One run: a client and its program.

use umqtt::{Buffers, Client, Error, NEVER, PacketId, RequestError};
use umqtt_testkit::model::Act;

use crate::connecting::start;
use crate::context::{Context, Seen};
use crate::plan::ending;
use crate::promises::Call;
use crate::requests::How;
use crate::tally::Tally;
use crate::wire::Wire;

/// Makes the memory of a client, once for each start of the program.
pub type Make<B> = fn(&Context) -> B;

pub struct Life<B: Buffers> {
    pub context: Context,
    pub client: Client<Wire, B>,
    pub make: Make<B>,
}

impl<B: Buffers> Life<B> {
    /// Lives until the end; the error is what was wrong.
    pub fn live(context: Context, make: Make<B>) -> Result<Tally, String> {
        let client = start(&context, make);
        let mut life = Self { context, client, make };
        for _ in 0..life.context.plan.actions {
            life.act();
            if life.context.dead {
                life.restart();
            }
            if life.context.has_failed() {
                break;
            }
        }
        if !life.context.has_failed() {
            life.finish();
        }
        match life.context.failure {
            Some(failure) => {
                let session = life.client.session();
                let in_flight: Vec<_> = session.in_flight().iter().collect();
                life.context.trace.say("client", || {
                    format!("in flight {in_flight:?}, {:?}, {:?}", session.phase(), session.pending())
                });
                Err(failure)
            }
            None => Ok(life.context.tally),
        }
    }

    /// Does one thing.
    fn act(&mut self) {
        let context = &mut self.context;
        if context.plan.blackouts && context.chance(20) {
            let operations = context.rng.u32(1..40);
            context.world.borrow_mut().cut_power(Some(operations));
        }
        self.surroundings();
        let connected = self.context.connected;
        match self.context.rng.u8(..64) {
            0 => {
                if self.context.chance(128) {
                    self.context.publish(&mut self.client.sender(), How::Enqueue);
                }
                if !self.context.dead && !self.context.has_failed() {
                    self.disconnect();
                }
            }
            1 => self.connect(false),
            2 if self.context.plan.kind.is_durable() || self.context.chance(60) => self.restart(),
            3..8 => self.sleep(),
            8..40 if !connected => self.connect(false),
            8..40 => self.look(),
            40..44 if self.context.plan.loops && connected => self.event_loop(),
            44 => self.turn_ids(),
            _ => self.context.request(&mut self.client.sender()),
        }
    }

    fn sleep(&mut self) {
        let longest = self.context.plan.longest_sleep;
        let millis = self.context.rng.u32(..=longest);
        self.context.sleep(millis);
    }

    /// Lets ids go on from one that may be in use.
    fn turn_ids(&mut self) {
        let Self { context, client, .. } = self;
        let Some(open) = context.open.first() else { return };
        let id = open.id.as_u16().wrapping_sub(context.rng.u16(..3)).max(1);
        context.trace.say("program", || format!("lets ids go on from {id}"));
        client.set_next_id(PacketId::new(id).unwrap());
    }

    /// Looks at the link, for a time that is drawn.
    fn look(&mut self) {
        let context = &mut self.context;
        if context.plan.rhythm > 0 {
            context.sleep(context.plan.rhythm);
        }
        let wait = match context.rng.u8(..16) {
            0..7 => 0,
            7..11 => context.rng.u32(1..50),
            15 if context.keep_alive > 0 => {
                // A healthy link is waited for without end.
                let millis = context.rng.u32(..60_000);
                context.world.borrow_mut().schedule(millis, Act::Cut(ending(&mut context.rng), 0));
                NEVER
            }
            _ => context.rng.u32(1..3_000),
        };
        self.look_for(wait);
    }

    /// Looks at the link; whether something was told.
    pub fn look_for(&mut self, wait: u32) -> bool {
        let Self { context, client, .. } = self;
        let call = Call::Look(wait);
        context.trace.say("program", || format!("looks for {wait} ms"));
        context.begin(call);
        let result = client.check_msg(wait);
        match result {
            Ok(Some((event, mut sender))) => {
                let seen = Seen::of::<B>(sender.session());
                if !context.end(call, seen, None) {
                    return false;
                }
                context.trace.say("client", || format!("tells {event:?}"));
                context.last_told = context.now();
                context.on_event(&event);
                context.check_complaint();
                let holds = context.plan.holds;
                if context.chance(holds) && !context.looping && !context.has_failed() {
                    context.tally.held += 1;
                    context.holding = true;
                    for _ in 0..context.rng.u8(1..4) {
                        context.request(&mut sender);
                        if context.dead || context.has_failed() {
                            break;
                        }
                    }
                    context.holding = false;
                }
                true
            }
            Ok(None) => {
                let seen = Seen::of::<B>(client.session());
                if context.end(call, seen, None) {
                    let doomed = {
                        let world = context.world.borrow();
                        world.is_doomed() && world.is_writable()
                    };
                    context.check_dead_link(seen);
                    context.doomed += u32::from(doomed && seen.pending == 0);
                    if context.doomed > 4 {
                        context.fail(
                            "a packet that nobody may accept did not end the connection [MQTT-4.8.0-1]",
                        );
                    }
                }
                false
            }
            Err(error) => {
                let seen = Seen::of::<B>(client.session());
                if context.end(call, seen, Some(&error)) {
                    match error {
                        Error::Connection(_) => {}
                        Error::Request(RequestError::NotConnected) if !seen.connected => {}
                        _ => context.fail(format!("check_msg: {error:?}")),
                    }
                }
                false
            }
        }
    }

    /// Waits for a while as an event loop of the program's own does.
    fn event_loop(&mut self) {
        let begun = self.context.now();
        let until = begun + u64::from(self.context.rng.u32(..8_000));
        let mut moved = self.moved();
        let mut idle = 0;
        while self.context.connected && !self.context.dead && !self.context.has_failed() {
            if self.look_for(0) {
                continue;
            }
            let left = until.saturating_sub(self.context.now());
            if left == 0 || !self.context.connected || self.context.dead {
                break;
            }
            self.context.looping = true;
            let wait = self.client.next_wait();
            let millis = wait.millis.min(u32::try_from(left).unwrap());
            let result = self.context.world.borrow_mut().wait(wait.read, wait.write, Some(millis));
            self.context.dead |= result.is_err();
            let before = std::mem::replace(&mut moved, self.moved());
            idle += u64::from(moved == before);
            if idle > 64 + (self.context.now() - begun) / 100 {
                self.context.fail(format!("an event loop turned {idle} times, and nothing had happened"));
            }
        }
        self.context.looping = false;
    }

    /// How many bytes went to and fro.
    fn moved(&self) -> (u64, u64) {
        let world = self.context.world.borrow();
        (world.conduct.taken_ever, world.conduct.read_ever)
    }
}
