#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod error;
mod packet_id;
mod qos;
mod receiver;
mod session;
mod store;
mod text;
mod time;
mod topic;
pub mod wire;

pub use error::{EncodeError, Fault, InvalidField, Violation};
pub use packet_id::PacketId;
pub use qos::QoS;
pub use receiver::{Frame, FrameKind, Receiver};
pub use session::{
    Await, ConnectError, Event, InFlight, LargeMessage, NEVER, Phase, PhaseInput, RequestError, Session,
    SessionError, Slot, Timeouts, Transmitter, keep_alive,
};
pub use store::{NoStore, RamStore, Store, StoreFull};
pub use text::{Binary, ClientId, Text};
pub use time::{Instant, Ticks};
pub use topic::{TopicFilter, TopicName};
