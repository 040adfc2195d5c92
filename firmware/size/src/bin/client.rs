//! Connects, subscribes, publishes with QoS 1, receives and keeps alive, over a mock link.
#![no_std]
#![no_main]

use size::Memory;
use umqtt_proto::wire::{Connect, KeepAlive};
use umqtt_proto::{
    ClientId, Event, Instant, NoStore, QoS, Receiver, Session, SessionError, Slot, TopicFilter, TopicName,
};

fn run(memory: &mut Memory) -> Option<()> {
    let (name, rest) = memory.scratch.split_first_chunk_mut::<8>()?;
    let (filter, rest) = rest.split_first_chunk_mut::<16>()?;
    let (topic, rest) = rest.split_first_chunk_mut::<16>()?;
    let payload = rest.get_mut(..64)?;
    let mut connect = Connect::new(ClientId::from_bytes(size::setting(name)).ok()?);
    connect.keep_alive = KeepAlive::from_secs(60);
    let filter = TopicFilter::from_bytes(size::setting(filter)).ok()?;
    let topic = TopicName::from_bytes(size::setting(topic)).ok()?;

    let mut receiver = Receiver::new(&mut memory.input[..]);
    let mut session = Session::new(&mut memory.output[..], [Slot::EMPTY; 4], NoStore);
    session.connect(&connect, now()).ok()?;
    loop {
        match session.poll_event(&mut receiver, now()) {
            Ok(Some(Event::Connected { .. })) => {
                session.subscribe(&[(filter, QoS::AtLeastOnce)], now()).ok()?;
            }
            Ok(Some(Event::Subscribed { .. } | Event::Delivered { .. } | Event::TimedOut { .. })) => {
                let payload = size::setting(payload);
                session.publish(topic, payload, QoS::AtLeastOnce, false, now()).ok()?;
            }
            Ok(Some(Event::Message(message))) => {
                for &byte in message.topic.as_bytes().iter().chain(message.payload) {
                    size::show(byte);
                }
            }
            Ok(Some(_)) => {}
            Ok(None) => {
                let pending = session.poll_transmit();
                if !pending.is_empty() {
                    size::write(pending);
                    session.sent(pending.len(), now());
                } else {
                    let count = size::read(receiver.unfilled());
                    receiver.advance(count);
                }
            }
            Err(error) => {
                size::show(match error {
                    SessionError::PingTimeout => 1,
                    _ => 2,
                });
                return None;
            }
        }
    }
}

fn now() -> Instant {
    Instant::from_millis(size::millis())
}

/// Begins again when the connection ends.
// SAFETY: the only symbol of this name; the linker script asks for it.
#[unsafe(no_mangle)]
extern "C" fn reset() -> ! {
    let memory = size::memory();
    loop {
        let _ = run(memory);
    }
}
