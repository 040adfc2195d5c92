//! The work of a program with a loop of its own around the core.

use umqtt::INCOMING;
use umqtt_proto::wire::{Connect, KeepAlive};
use umqtt_proto::{
    ClientId, Engine, Event, Goal, Instant, Large, NEVER, Receiver, SessionError, Slot, Step, Store,
};

use crate::{QOS, Settings};

/// Works with one engine from one connection to the next.
pub fn run<const PARTS: bool, L: Large, S: Store>(
    mut receiver: Receiver<&mut [u8], L>,
    transmit: &mut [u8],
    store: S,
    scratch: &mut [u8],
) -> ! {
    let mut slots = [Slot::EMPTY; 4];
    let mut incoming = [0; INCOMING];
    let mut engine = Engine::new(transmit, &mut slots[..], &mut incoming, store);
    loop {
        let _ = serve::<PARTS, _, _>(&mut engine, &mut receiver, scratch);
    }
}

/// Connects, subscribes, publishes, receives and keeps alive, until the connection ends.
fn serve<const PARTS: bool, L: Large, S: Store>(
    engine: &mut Engine<&mut [u8], &mut [Slot], S, &mut [u16; INCOMING]>,
    receiver: &mut Receiver<&mut [u8], L>,
    scratch: &mut [u8],
) -> Option<()> {
    let settings = Settings::read(scratch)?;
    let mut connect = Connect::new(ClientId::from_bytes(settings.name).ok()?);
    connect.keep_alive = KeepAlive::from_secs(8);
    connect.clean_session = !S::KEEPS;
    crate::open();
    receiver.clear();
    engine.connect(&connect, now()).ok()?;
    engine.begin(Goal::Event(NEVER), now());
    loop {
        let mut inbox = receiver.inbox();
        let now = now();
        match engine.step(Some(&mut inbox), now) {
            Ok(Step::Tell(notice)) => {
                match receiver.lend(notice).0 {
                    Event::Connected { session_present: false } => {
                        engine.session_mut().subscribe(&[(settings.filter, QOS)]).ok()?;
                    }
                    Event::Subscribed { .. } | Event::Delivered { .. } | Event::TimedOut { .. } => {
                        let payload = crate::setting(settings.payload);
                        engine.session_mut().publish(settings.topic, payload, QOS, false).ok()?;
                    }
                    Event::Message(message) => crate::show_all(message.topic.as_bytes(), message.payload),
                    Event::MessageStart(message) if PARTS => {
                        let topic = message.topic.map(|topic| topic.as_bytes()).unwrap_or_default();
                        crate::show_all(topic, message.payload);
                    }
                    Event::MessagePart { bytes, .. } if PARTS => crate::show_all(bytes, &[]),
                    _ => {}
                }
                engine.begin(Goal::Event(NEVER), now);
            }
            Ok(Step::Write) => {
                let pending = engine.session().pending();
                let count = pending.len();
                crate::write(pending);
                engine.did_write(count, now);
            }
            Ok(Step::Read) => {
                let count = crate::read(inbox.unfilled());
                engine.did_read(&mut inbox, count, now);
            }
            Ok(Step::Wait(_) | Step::Done | Step::Stalled) => {}
            Err(error) => {
                crate::show(match error {
                    SessionError::PingTimeout => 1,
                    _ => 2,
                });
                return None;
            }
        }
    }
}

fn now() -> Instant {
    Instant::from_millis(crate::millis())
}
