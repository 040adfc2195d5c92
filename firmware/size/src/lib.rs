//! What the size programs share: a board behind volatile registers, so that the compiler can know nothing of what
//! comes from them, and the work that the programs do on it.
#![no_std]

pub mod blocking;
pub mod core_loop;

mod board;

pub use board::{Buffers, memory, millis, open, read, readable, setting, show, writable, write};

use umqtt_proto::{QoS, TopicFilter, TopicName};

/// The QoS of every message.
pub const QOS: QoS = if cfg!(feature = "qos2") { QoS::ExactlyOnce } else { QoS::AtLeastOnce };

/// What a program is told by its settings.
pub struct Settings<'a> {
    pub name: &'a [u8],
    pub filter: TopicFilter<'a>,
    pub topic: TopicName<'a>,
    pub payload: &'a mut [u8],
}

impl<'a> Settings<'a> {
    /// Reads them into `scratch`; `None` if a text is not one of MQTT.
    pub fn read(scratch: &'a mut [u8]) -> Option<Self> {
        let (name, rest) = scratch.split_first_chunk_mut::<8>()?;
        let (filter, rest) = rest.split_first_chunk_mut::<16>()?;
        let (topic, rest) = rest.split_first_chunk_mut::<16>()?;
        Some(Self {
            name: setting(name),
            filter: TopicFilter::from_bytes(setting(filter)).ok()?,
            topic: TopicName::from_bytes(setting(topic)).ok()?,
            payload: rest.get_mut(..64)?,
        })
    }
}

/// Shows a message.
#[inline]
pub fn show_all(topic: &[u8], payload: &[u8]) {
    for &byte in topic.iter().chain(payload) {
        show(byte);
    }
}
