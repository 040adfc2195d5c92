//! One run: a client, its program, and all that happens to them.

use std::rc::Rc;

use umqtt::{
    Await, Buffers, Client, ConnectOptions, Error, Fixed, Heap, HeapStore, Memory, NEVER, OnSessionLost,
    PacketId, QoS, RamStore, RequestError, Slot,
};
use umqtt_testkit::model::{Act, Ending, Expected, Trace};

use crate::context::{Context, Seen};
use crate::disk::Durable;
use crate::plan::{Kind, arrives, ending};
use crate::promises::Call;
use crate::requests::How;
use crate::strangers;
use crate::tally::Tally;
use crate::wire::Wire;

/// Makes the memory of a client, once for each start of the program.
type Make<B> = fn(&Context) -> B;

/// What is connected with, besides what the plan says.
const CLIENT_ID: &str = "c";

pub struct Life<B: Buffers> {
    context: Context,
    client: Client<Wire, B>,
    make: Make<B>,
}

/// Lives through the run of this seed; the error is what was wrong.
pub fn run(seed: u64, trace: Trace) -> Result<Tally, String> {
    let context = Context::new(seed, trace);
    match context.plan.kind {
        Kind::Tiny => Life::live(context, |_| Fixed::<32, 32, 2>::new()),
        Kind::Small => Life::live(context, |_| {
            Fixed::<64, 48, 4>::new().in_parts().with_store(RamStore::new([0; 200])).with_incoming([0; 1])
        }),
        Kind::Plain => Life::live(context, |context| {
            let (receive, transmit) = buffers(context);
            Memory::of(receive, transmit, [Slot::EMPTY; 3]).with_incoming([0; 2])
        }),
        Kind::Ram => Life::live(context, |context| {
            let (receive, transmit) = buffers(context);
            let store = RamStore::new(vec![0; context.plan.store]);
            Memory::of(receive, transmit, [Slot::EMPTY; 3]).with_incoming([0; 2]).with_store(store)
        }),
        Kind::Durable => Life::live(context, |context| {
            let (receive, transmit) = buffers(context);
            let memory = Memory::of(receive, transmit, [Slot::EMPTY; 3]).with_incoming([0; 2]).in_parts();
            memory.with_store(durable(context))
        }),
        Kind::Heap => Life::live(context, |context| {
            let plan = &context.plan;
            Heap::new(plan.receive, plan.transmit, plan.slots).with_store(HeapStore::new(plan.store))
        }),
        Kind::HeapDurable => Life::live(context, |context| {
            let plan = &context.plan;
            Heap::new(plan.receive, plan.transmit, plan.slots).with_store(durable(context))
        }),
    }
}

fn buffers(context: &Context) -> (Vec<u8>, Vec<u8>) {
    (vec![0; context.plan.receive], vec![0; context.plan.transmit])
}

fn durable(context: &Context) -> Durable {
    Durable::new(Rc::clone(&context.disk), Rc::clone(&context.world))
}

impl<B: Buffers> Life<B> {
    fn live(context: Context, make: Make<B>) -> Result<Tally, String> {
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
            0 => self.disconnect(),
            1 => self.connect(false),
            2 if self.context.plan.kind.is_durable() || self.context.chance(60) => self.restart(),
            3..8 => self.sleep(),
            8..40 if !connected => self.connect(false),
            8..40 => self.look(),
            40..44 if self.context.plan.loops && connected => self.event_loop(),
            _ => self.context.request(&mut self.client.sender()),
        }
    }

    fn sleep(&mut self) {
        let longest = self.context.plan.longest_sleep;
        let millis = self.context.rng.u32(..=longest);
        self.context.sleep(millis);
    }

    /// Draws what is to happen around the client.
    fn surroundings(&mut self) {
        let Context { rng, plan, world, .. } = &mut self.context;
        let mut world = world.borrow_mut();
        for _ in 0..[0, 0, 1, 1, 3][rng.usize(..5)] {
            let qos = rng.u8(..3);
            let topic = [1, 1, 3, rng.usize(1..40)][rng.usize(..4)];
            let mut most = [4, 12, plan.receive, plan.receive * 3][rng.usize(..4)];
            let room = plan.receive.saturating_sub(3 + if plan.receive > 127 { 2 } else { 1 } + topic + 2);
            let mut topic = topic;
            if !plan.kind.in_parts() {
                if room < 2 {
                    topic = 1;
                }
                most = most.min(plan.receive - 8);
                most = if room < 2 { most } else { most.min(room) };
            }
            let payload = rng.usize(2..=most.max(2));
            let millis = [0, rng.u32(..30), rng.u32(..4_000)][rng.usize(..3)];
            world.schedule(millis, Act::Publish(qos, crate::plan::chance(rng, 30), topic, payload));
        }
        if crate::plan::chance(rng, 12) && plan.profile != crate::plan::Profile::Good {
            let act = match rng.u8(..4) {
                0 => Act::Cut(ending(rng), arrives(rng)),
                1 => Act::HoldUp(rng.u32(..6_000)),
                2 => Act::HoldDown(rng.u32(..6_000)),
                _ => Act::Refuse(rng.u32(..6_000)),
            };
            world.schedule(rng.u32(..2_000), act);
        }
        if plan.hostile && crate::plan::chance(rng, 60) {
            let (bytes, strange) = strangers::draw(rng);
            world.schedule(rng.u32(..300), Act::Send(bytes, strange));
        }
    }

    /// Connects; over a good link if `good`.
    fn connect(&mut self, good: bool) {
        let Self { context, client, .. } = self;
        context.clean = context.clean_next || {
            let clean = context.plan.clean;
            context.chance(clean)
        };
        let clean = context.clean;
        if !good {
            let conditions = context.plan.conditions(&mut context.rng);
            let mut world = context.world.borrow_mut();
            world.set_next(conditions);
            if crate::plan::chance(&mut context.rng, context.plan.loses_session) {
                world.broker.lose_session();
            }
        }
        context.good = good;
        context.refuses = !good && context.chance(8);
        let code = context.refuses.then(|| context.rng.u8(1..6));
        context.world.borrow_mut().broker.refuse_next(code);
        let plan = &context.plan;
        let keep_alive = plan.keep_alive;
        let will = plan.will.then_some(("w", &b"x"[..], 1, true));
        let login = plan.login.then_some(("u", &b"p"[..]));
        context.world.borrow_mut().broker.expect(Expected {
            clean_session: clean,
            keep_alive,
            client_id: CLIENT_ID,
            will,
            login,
        });
        let mut options = ConnectOptions::new(CLIENT_ID).unwrap().clean_session(clean).keep_alive(keep_alive);
        if let Some((topic, payload, _, retain)) = will {
            options = options.set_last_will(topic, payload, QoS::AtLeastOnce, retain).unwrap();
        }
        if let Some((name, password)) = login {
            options = options.login(name, password).unwrap();
        }
        context.trace.say("program", || format!("connects, clean session {clean}"));
        context.keep_alive = 0;
        context.world.borrow_mut().conduct.keep_alive = 0;
        context.arriving = None;
        let sessions = context.world.borrow().broker.sessions();
        context.writing = 100 + context.open.iter().map(|open| open.size).sum::<usize>();
        context.begin(Call::Connect);
        let result = client.connect(&options);
        let seen = Seen::of::<B>(client.session());
        let lived = context.end(Call::Connect, seen, result.as_ref().err());
        let now = context.now();
        let mut world = context.world.borrow_mut();
        let begins = world.broker.sessions() != sessions;
        if begins {
            context.last_loss = world.broker.connections();
            if clean || context.plan.on_session_lost == OnSessionLost::Tell {
                context.open.iter_mut().for_each(|open| open.lost = true);
            }
        }
        if !lived || begins && result.is_err() {
            // What the client had read of its lost session may not have been written down.
            world.broker.doubt_session();
            return;
        }
        let Ok(session_present) = result else { return };
        context.tally.connections += 1;
        context.keep_alive = u64::from(keep_alive) * 1_000;
        world.conduct.keep_alive = context.keep_alive;
        world.conduct.attentive = now;
        drop(world);
        if session_present {
            context.tally.resumed += 1
        } else {
            context.tally.sessions_lost += 1
        }
        context.clean_next = false;
        context.looking = now;
        context.last_look = now;
        context.doomed = 0;
        context.resume_exchanges();
        if context.is_trusted() && session_present == begins {
            context.fail(format!(
                "session present {session_present}, and the broker begins a session: {begins}"
            ));
        }
        if !session_present && context.chance(220) {
            context.subscribe(&mut client.sender());
        }
    }

    fn disconnect(&mut self) {
        let Self { context, client, .. } = self;
        context.trace.say("program", || "disconnects".into());
        context.writing = Seen::of::<B>(client.session()).pending;
        context.begin(Call::Disconnect);
        let result = client.disconnect();
        let seen = Seen::of::<B>(client.session());
        if context.end(Call::Disconnect, seen, result.as_ref().err()) && seen.connected {
            context.fail("connected after disconnect");
        }
    }

    /// Looks at the link, for a time that is drawn.
    fn look(&mut self) {
        let context = &mut self.context;
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
    fn look_for(&mut self, wait: u32) -> bool {
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
                context.on_event(&event);
                context.check_complaint();
                let holds = context.plan.holds;
                if context.chance(holds) && !context.looping && !context.has_failed() {
                    context.tally.held += 1;
                    for _ in 0..context.rng.u8(1..4) {
                        context.request(&mut sender);
                        if context.dead || context.has_failed() {
                            break;
                        }
                    }
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
        let until = self.context.now() + u64::from(self.context.rng.u32(..8_000));
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
        }
        self.context.looping = false;
    }

    /// The program ends, and begins again.
    fn restart(&mut self) {
        let Self { context, client, make } = self;
        let unseen = std::mem::take(&mut context.dead);
        context.trace.say("program", || format!("begins again; the power had failed: {unseen}"));
        context.tally.restarts += 1;
        context.tally.blackouts += u64::from(unseen);
        {
            let mut world = context.world.borrow_mut();
            world.cut_power(None);
            world.close();
            world.broker.restarted();
        }
        context.connected = false;
        context.keep_alive = 0;
        context.world.borrow_mut().conduct.keep_alive = 0;
        context.arriving = None;
        *client = start(context, *make);
        if context.plan.kind.is_durable() {
            if let Err(error) = client.restore() {
                return context.fail(format!("the session is not restored: {error}"));
            }
            let restored: Vec<(PacketId, Await)> =
                client.session().in_flight().iter().map(|slot| (slot.id(), slot.exchange().awaits)).collect();
            context.restart(&restored, unseen);
        } else {
            // Nothing is left of the session.
            context.open.clear();
            context.lost.clear();
            context.clean_next = true;
        }
        context.check_complaint();
    }

    /// Over a good link, everything that was taken gets its end.
    fn finish(&mut self) {
        self.context.trace.say("run", || "from now on all is well".into());
        {
            let mut world = self.context.world.borrow_mut();
            world.cut_power(None);
            world.calm();
            world.broker.settings_mut().answers_in = 0;
            self.context.disk.borrow_mut().fails = 0;
        }
        let ended = self.context.world.borrow().ended();
        if ended == Some(Ending::Silent) && self.context.keep_alive == 0 {
            // Nothing tells the client that the link is dead.
            self.disconnect();
        }
        for round in 0..600 {
            if self.context.has_failed() {
                return;
            }
            if self.context.connected && round % 150 == 149 {
                self.disconnect();
            } else if self.context.connected {
                let told = self.look_for(if round % 8 == 7 { 500 } else { 20 });
                if !told && self.is_done() {
                    return self.part();
                }
            } else if self.look_for(0) {
                // Something was lost.
            } else {
                // A client whose table is full of ids that mean nothing needs a clean session.
                let doubtful = self.context.world.borrow().broker.is_doubtful();
                self.context.clean_next |= (doubtful || !self.context.is_trusted()) && round > 100;
                self.connect(true);
            }
        }
        let open = &self.context.open;
        let words = format!(
            "not all has an end: {open:?}, the broker is idle: {}",
            self.context.world.borrow().broker.is_idle()
        );
        self.context.fail(words);
    }

    fn is_done(&self) -> bool {
        let context = &self.context;
        context.open.is_empty()
            && context.connected
            && (context.world.borrow().broker.is_idle() || !context.is_trusted())
    }

    /// A last message of each QoS, and DISCONNECT behind them: all of it arrives.
    fn part(&mut self) {
        let Self { context, client, .. } = self;
        let first = context.world.borrow_mut().broker.attempts();
        let has_slots = context.plan.slots > 0;
        for qos in 0..=u8::from(has_slots) {
            context.publish_this(&mut client.sender(), How::Publish, 1, 2, qos);
        }
        // A link that is slow may not take all in time, and a broker that was told lies may have ended the connection.
        let stands = context.connected && context.good && context.is_trusted();
        self.disconnect();
        let context = &mut self.context;
        for number in first..first + 2 {
            if stands && !context.world.borrow().broker.has(number) {
                context.fail(format!(
                    "message {number} was published, and DISCONNECT behind it, and it is not there"
                ));
            }
        }
    }
}

fn start<B: Buffers>(context: &Context, make: Make<B>) -> Client<Wire, B> {
    let mut client = Client::new(Wire(Rc::clone(&context.world)), make(context));
    client.set_timeouts(context.plan.timeouts);
    client.set_on_session_lost(context.plan.on_session_lost);
    client.set_next_id(PacketId::new(context.plan.first_id).unwrap());
    client
}
