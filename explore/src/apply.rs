//! What an action makes of a state, and what must hold of it.

use umqtt_proto::wire::{Connect, KeepAlive, Subscription};
use umqtt_proto::{
    ClientId, Event, Goal, Inbox, Instant, Notice, Phase, QoS, RequestError, SessionError, Step, TopicFilter,
    TopicName,
};

use crate::action::{Action, Fate, Move};
use crate::config::{Config, Request};
use crate::link::State;
use crate::log::Log;
use crate::memory::Device;
use crate::packet::{TOPIC, letter, message_of, payload};
use crate::witness::Checked;
use crate::world::{At, Held, KEEP_ALIVE, LONG, TIMEOUTS, With, World};

/// How often the link may be asked in vain, and how often time may go by, before a call gets on.
const PATIENCE: u8 = 8;

impl<D: Device> World<D> {
    /// Does what the move says, and tells what comes of it, if anything does, and how often the store's medium was
    /// asked.
    pub fn after(&self, it: Move, config: &Config, log: &mut Log) -> Checked<(Option<Self>, u8)> {
        let mut world = self.clone();
        world.engine.session_mut().store_mut().plan(it.fault);
        let mut happens = world.act(it.action, config, log)?;
        let store = world.engine.session_mut().store_mut();
        let accesses = store.accesses();
        if store.is_off() {
            world.lose_power(config)?;
            happens = true;
        }
        world.engine.session_mut().store_mut().plan(None);
        world.check(config)?;
        Ok((happens.then_some(world), accesses))
    }

    fn act(&mut self, action: Action, config: &Config, log: &mut Log) -> Checked<bool> {
        match action {
            Action::Connect { clean, after_loss, is_refused } => {
                self.connect(clean, after_loss, is_refused, config)?
            }
            Action::Request => return self.request(config, log),
            Action::Feed => return Ok(self.feed(log)),
            Action::Ping => match self.engine.session_mut().ping() {
                Ok(()) => {}
                Err(RequestError::NotConnected) if self.phase() != Phase::Connected => return Ok(false),
                Err(RequestError::TransmitFull) if self.engine.session().payload_remaining() > 0 => {
                    return Ok(false);
                }
                Err(error) => return Err(format!("PINGREQ is refused without a cause: {error}")),
            },
            Action::Begin { goal, with } => {
                self.begin(goal, with);
                if matches!(goal, Goal::Event(_)) {
                    self.has_rested = false;
                }
                self.step(config, log)?;
            }
            Action::Rest => {
                let Some(millis) = self.rest() else { return Ok(false) };
                log.say(|| format!("{millis} ms go by"));
                self.pass(millis, config)?;
            }
            Action::Oversleep => self.pass(LONG, config)?,
            Action::Take { count, fate } => self.take(count, fate, config, log)?,
            Action::TakeNothing => {
                self.engine.did_write(0, self.now);
                self.link.stalls = true;
                self.in_vain()?;
                self.step(config, log)?;
            }
            Action::Give { count } => self.give(usize::from(count), config, log)?,
            Action::Break => {
                let phase = self.phase();
                self.close(phase, config);
            }
            Action::Arrive => self.link.state = State::Up,
            Action::Wake => {
                self.call.is_writable = matches!(self.call.at, At::Wait { write: true, .. });
                self.in_vain()?;
                self.step(config, log)?;
            }
            Action::Time => {
                let At::Wait { millis, .. } = self.call.at else { return Ok(false) };
                log.say(|| format!("{millis} ms go by"));
                self.call.waits += 1;
                if self.call.waits > PATIENCE {
                    return Err(format!("a call has waited {PATIENCE} times, and no byte has moved"));
                }
                self.pass(millis, config)?;
                self.step(config, log)?;
            }
            Action::Send => {
                let Some(packet) = self.broker.send(config, &mut self.witness) else { return Ok(false) };
                log.say(|| format!("it is {packet}"));
                self.link.send(packet);
            }
            Action::PowerCut => self.lose_power(config)?,
        }
        Ok(true)
    }

    // The program.

    fn connect(&mut self, clean: bool, after_loss: bool, is_refused: bool, config: &Config) -> Checked {
        if after_loss {
            self.broker.forget();
        }
        let mut connect = Connect::new(ClientId::new("c").map_err(|error| error.to_string())?);
        connect.clean_session = clean;
        if config.is_timed {
            connect.keep_alive = KeepAlive::from_secs(KEEP_ALIVE);
        }
        self.engine.connect(&connect, self.now).map_err(|error| format!("connecting is refused: {error}"))?;
        self.receiver.clear();
        self.held = None;
        self.is_clean = clean;
        self.has_rested = false;
        self.link.open(self.now.as_millis());
        self.broker.open(is_refused);
        Ok(())
    }

    fn request(&mut self, config: &Config, log: &mut Log) -> Checked<bool> {
        let Some(number) = self.witness.next_request() else { return Ok(false) };
        let request = config.requests[usize::from(number)];
        log.say(|| match request {
            Request::Publish(qos) => format!("it publishes message {} with QoS {qos}", letter(number)),
            Request::Large(qos) => format!("it begins the large message {} with QoS {qos}", letter(number)),
            Request::Subscribe => "it subscribes".into(),
            Request::Unsubscribe => "it unsubscribes".into(),
        });
        let before = self.held_by_session();
        match self.make(number, request) {
            Ok(id) => {
                log.say(|| format!("its id is {id}"));
                if let Request::Large(_) = request {
                    self.feeding = Some((number, 0));
                }
                self.witness.made(number, id)?;
                Ok(true)
            }
            Err(error) => {
                log.say(|| format!("it is refused: {error}"));
                if self.engine.session().store().is_off() {
                    return Ok(false);
                }
                if self.held_by_session() != before {
                    return Err(format!("a request is refused ({error}) and has changed something"));
                }
                self.has_cause(error, request)?;
                if error == RequestError::NoStore {
                    self.witness.refused(number);
                    return Ok(true);
                }
                Ok(false)
            }
        }
    }

    fn make(&mut self, number: u8, request: Request) -> Result<u16, RequestError> {
        let session = self.engine.session_mut();
        let (Ok(topic), Ok(filter)) = (TopicName::new(TOPIC), TopicFilter::new(TOPIC)) else {
            return Err(RequestError::NotConnected);
        };
        let qos = request.qos().unwrap_or(QoS::AtMostOnce);
        let id = match request {
            Request::Publish(_) => session.publish(topic, payload(number, false).as_slice(), qos, false)?,
            Request::Large(_) => {
                session.publish_large(topic, payload(number, true).as_slice(), qos, false)?
            }
            Request::Subscribe => {
                let filters: [Subscription<'_>; 1] = [(filter, QoS::ExactlyOnce)];
                Some(session.subscribe(&filters)?)
            }
            Request::Unsubscribe => Some(session.unsubscribe(&[filter])?),
        };
        Ok(id.map_or(0, |id| id.as_u16()))
    }

    fn feed(&mut self, log: &mut Log) -> bool {
        let Some((number, given)) = self.feeding else { return false };
        let payload = payload(number, true);
        let rest = &payload.as_slice()[usize::from(given)..];
        let taken = self.engine.session_mut().push_payload(rest);
        log.say(|| format!("{taken} bytes of {} are taken", rest.len()));
        self.feeding = (taken < rest.len()).then_some((number, given + taken as u8));
        taken > 0 || rest.is_empty()
    }

    /// How long the program may do nothing.
    fn rest(&mut self) -> Option<u32> {
        let Self { engine, receiver, now, .. } = self;
        let millis = engine.next_wait(&receiver.inbox(), *now).millis;
        (millis != umqtt_proto::NEVER).then_some(millis)
    }

    fn pass(&mut self, millis: u32, config: &Config) -> Checked {
        self.has_rested = self.call.at == At::Rest;
        if millis == 0 {
            return Err("a wait of no time".into());
        }
        self.now = self.now.after(millis);
        let silence = self.now.since(Instant::from_millis(self.link.written_at));
        let alive = self.phase() == Phase::Connected
            && !self.link.stalls
            && self.link.state != State::Dead
            && !self.link.is_ended();
        if alive && !config.wrongs.laziness && silence > u32::from(KEEP_ALIVE) * 1_000 {
            return Err(format!(
                "the client was silent for {silence} ms, longer than its keep-alive [MQTT-3.1.2-23]"
            ));
        }
        Ok(())
    }

    // The link.

    fn take(&mut self, count: u8, fate: Fate, config: &Config, log: &mut Log) -> Checked {
        match fate {
            Fate::Arrives => {}
            Fate::IsLate => self.link.state = State::Late,
            Fate::IsLost => self.link.state = State::Dead,
        }
        let pending = self.engine.session().pending();
        let bytes = &pending[..usize::from(count)];
        let packets = self.link.write(bytes, &mut self.broker, &mut self.witness, config)?;
        self.link.stalls = usize::from(count) < pending.len();
        for packet in packets {
            log.say(|| format!("the broker gets {packet}"));
        }
        self.engine.did_write(usize::from(count), self.now);
        self.link.written_at = self.now.as_millis();
        self.moved();
        self.step(config, log)
    }

    fn give(&mut self, count: usize, config: &Config, log: &mut Log) -> Checked {
        let Self { engine, receiver, link, held, now, .. } = self;
        let mut inbox = match *held {
            Some(held) => receiver.lend(held.notice).1,
            None => receiver.inbox(),
        };
        for packet in link.read(&mut inbox.unfilled()[..count]) {
            log.say(|| format!("that completes {packet}"));
        }
        engine.did_read(&mut inbox, count, *now);
        if count > 0 {
            self.moved()
        } else {
            self.in_vain()?
        }
        self.step(config, log)
    }

    fn moved(&mut self) {
        self.call.vain = 0;
        self.call.waits = 0;
        self.call.is_writable = false;
    }

    fn in_vain(&mut self) -> Checked {
        self.call.vain += 1;
        if self.call.vain > PATIENCE {
            return Err(format!("a call asks the link {PATIENCE} times in vain and does not end"));
        }
        Ok(())
    }

    // The engine.

    fn step(&mut self, config: &Config, log: &mut Log) -> Checked {
        let phase = self.phase();
        let Self { engine, receiver, held, now, .. } = self;
        let step = match (self.call.with, *held) {
            (With::Receiver, _) => engine.step(Some(&mut receiver.inbox()), *now),
            (With::HeldMessage, Some(held)) => engine.step(Some(&mut receiver.lend(held.notice).1), *now),
            _ => engine.step(None::<&mut Inbox<'_, D::Large>>, *now),
        };
        match step {
            Ok(Step::Read) => self.call.at = At::Read,
            Ok(Step::Write) => {
                if self.engine.session().pending().is_empty() {
                    return Err("nothing is to be written".into());
                }
                self.call.at = At::Write;
            }
            Ok(Step::Wait(wait)) => {
                if self.call.goal == Goal::Event(0) {
                    return Err("a call that only looks waits".into());
                }
                self.wait(wait);
            }
            Ok(Step::Tell(notice)) => self.tell(notice, phase, config, log)?,
            Ok(Step::Done) => self.done(phase, config, log)?,
            Ok(Step::Stalled) => {
                log.say(|| "the call ends: the link takes nothing".into());
                if !self.link.stalls {
                    return Err("a call ends as stalled, and the link took all".into());
                }
                if self.call.goal == Goal::Close { self.close(phase, config) } else { self.end_call() }
            }
            Err(error) => {
                log.say(|| format!("the call ends, and the connection with it: {error}"));
                self.has_reason(error, config)?;
                let store = self.engine.session().store();
                if error == SessionError::StoreFailed && phase == Phase::AwaitConnAck && !store.is_off() {
                    self.witness.store_failed_at_connection(self.broker.session_present());
                }
                self.close(phase, config);
            }
        }
        Ok(())
    }

    fn tell(&mut self, notice: Notice, phase: Phase, config: &Config, log: &mut Log) -> Checked {
        let (event, _) = self.receiver.lend(notice);
        log.say(|| format!("the program is told: {}", words(&event)));
        if phase == Phase::AwaitConnAck && !matches!(event, Event::Connected { .. }) {
            return Err("something is told before the broker's answer to CONNECT".into());
        }
        self.witness.told(&event, config)?;
        let id = notice.id();
        let ends = matches!(event, Event::Delivered { .. });
        let is_late = matches!(event, Event::TimedOut { .. });
        let message = match event {
            Event::Message(publish) if config.calls.flush_holding => message_of(publish.payload),
            _ => None,
        };
        self.end_call();
        self.held = message.map(|(message, _)| Held { notice, message });
        let session = self.engine.session();
        if let (true, Some(id)) = (ends, id)
            && session.store().holds_outgoing(id)
        {
            return Err(format!("id {id} is told as delivered, and the store keeps it"));
        }
        if let (true, Some(id)) = (is_late, id) {
            let sent = session.in_flight().iter().find(|slot| slot.id() == id).map(|slot| slot.sent_at());
            let is_early =
                |sent: Option<Instant>| sent.is_none_or(|sent| self.now.since(sent) < TIMEOUTS.message);
            if [sent, Some(Instant::from_millis(self.link.opened_at))].into_iter().any(is_early) {
                return Err(format!("id {id} is told as timed out before its time"));
            }
        }
        Ok(())
    }

    fn done(&mut self, phase: Phase, config: &Config, log: &mut Log) -> Checked {
        log.say(|| "the call ends".into());
        if let Some(held) = self.held {
            let (event, _) = self.receiver.lend(held.notice);
            let same = |payload| message_of(payload).is_some_and(|(message, _)| message == held.message);
            if !matches!(event, Event::Message(publish) if same(publish.payload)) {
                return Err(format!("message {} has changed while it is held", letter(held.message)));
            }
        }
        if self.call.goal == Goal::Close {
            // In the midst of a message nothing else can be sent.
            if matches!(self.link.state, State::Up | State::Late) && self.feeding.is_none() {
                return Err("DISCONNECT is not written, and the call ends".into());
            }
            self.close(phase, config);
            return Ok(());
        }
        let looked = matches!(self.call.goal, Goal::Event(_)) && self.phase() == Phase::Connected;
        self.end_call();
        if looked && config.is_timed && self.engine.session().pending().is_empty() {
            for slot in self.engine.session().in_flight().iter() {
                let told = self.witness.open().any(|open| open.id == slot.id().as_u16() && open.is_late);
                if !told && self.now.since(slot.sent_at()) >= TIMEOUTS.message {
                    return Err(format!(
                        "id {} is late, and a call that looks for events does not tell it",
                        slot.id()
                    ));
                }
            }
        }
        Ok(())
    }

    // The device.

    fn lose_power(&mut self, config: &Config) -> Checked {
        let phase = self.phase();
        // What was handed over and could not be written down comes again.
        for (message, id) in self.broker.unreceived() {
            if !self.engine.session().store().holds_incoming(id) {
                self.witness.forgotten(message);
            }
        }
        self.close(phase, config);
        self.has_rested = false;
        self.witness.restarted(self.engine.session().store().outgoing().as_slice());
        self.restart(config)
    }
}

fn words(event: &Event<'_>) -> String {
    let message = |payload: &[u8]| payload.first().map_or('?', |&byte| char::from(byte));
    match event {
        Event::Connected { session_present } => {
            format!("connected, {} session", if *session_present { "with the old" } else { "without a" })
        }
        Event::Message(publish) => format!("message {}", message(publish.payload)),
        Event::MessageStart(start) => {
            format!("message {} begins, {} bytes follow", message(start.payload), start.remaining)
        }
        Event::MessagePart { bytes, remaining } => {
            format!("{} bytes more of it, {remaining} follow", bytes.len())
        }
        Event::Delivered { id, late } => format!("id {id} is delivered{}", if *late { ", late" } else { "" }),
        Event::Subscribed { id, .. } => format!("id {id} is subscribed"),
        Event::Unsubscribed { id, .. } => format!("id {id} is unsubscribed"),
        Event::TimedOut { id } => format!("id {id} has timed out"),
        Event::Lost { id } => format!("id {id} is lost"),
        other => format!("{other:?}"),
    }
}
