//! How connections begin and end, and programs.

use std::rc::Rc;

use umqtt::{
    Await, Buffers, Client, ConnectOptions, ConnectionError, Error, OnSessionLost, PacketId, QoS,
    SessionError,
};
use umqtt_testkit::model::Expected;

use crate::context::{Context, Seen};
use crate::life::{Life, Make};
use crate::plan::chance;
use crate::promises::Call;
use crate::wire::Wire;

/// The name of each client.
const CLIENT_ID: &str = "c";

impl<B: Buffers> Life<B> {
    /// Connects; over a good link if `good`.
    pub fn connect(&mut self, good: bool) {
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
            if chance(&mut context.rng, context.plan.loses_session) {
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
        context.pings = 0;
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
        // What the client has read of its lost session may not be written down.
        let failed = Error::Connection(ConnectionError::Session(SessionError::StoreFailed));
        context.unwritten |= begins && result == Err(failed);
        if !lived {
            world.broker.doubt_session();
        }
        let Some(session_present) = result.ok().filter(|_| lived) else { return };
        context.unwritten = false;
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

    pub fn disconnect(&mut self) {
        let Self { context, client, .. } = self;
        context.trace.say("program", || "disconnects".into());
        context.writing = Seen::of::<B>(client.session()).pending;
        let was_connected = context.connected;
        context.begin(Call::Disconnect);
        let result = client.disconnect();
        let seen = Seen::of::<B>(client.session());
        if !context.end(Call::Disconnect, seen, result.as_ref().err()) {
            return;
        }
        if seen.connected {
            context.fail("connected after disconnect");
        }
        let is_orderly = {
            let world = context.world.borrow();
            world.conduct.disconnected && world.conduct.finished
        };
        if was_connected && result.is_ok() && !is_orderly {
            context.fail("the client has disconnected without DISCONNECT, or without time for it to arrive");
        }
    }

    /// The program ends, and begins again.
    pub fn restart(&mut self) {
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
            if std::mem::take(&mut context.unwritten) {
                world.broker.doubt_session();
            }
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
}

pub fn start<B: Buffers>(context: &Context, make: Make<B>) -> Client<Wire, B> {
    let mut client = Client::new(Wire(Rc::clone(&context.world)), make(context));
    client.set_timeouts(context.plan.timeouts);
    client.set_on_session_lost(context.plan.on_session_lost);
    client.set_next_id(PacketId::new(context.plan.first_id).unwrap());
    client
}
