#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

// Each attribute `cfg_attr(target_os = "none", inline(…))` is there because of a measurement: with it the firmware
// programs of `cargo xtask size` are smaller in total. Optimisation for size inlines too much here and too little
// there; on other targets the compiler decides.

#[cfg(test)]
extern crate std;

#[cfg(feature = "alloc")]
extern crate alloc;

mod engine;
mod error;
mod framer;
mod packet_id;
mod qos;
mod receiver;
mod session;
mod store;
mod text;
mod time;
mod topic;
pub mod wire;

pub use engine::{Engine, Goal, NEVER, Step, Timeouts, Wait};
pub use error::{EncodeError, Fault, InvalidField, Violation};
pub use framer::{Frame, FrameKind, Framer, Large, Parts, Streams, Whole};
pub use packet_id::PacketId;
pub use qos::QoS;
pub use receiver::{Inbox, Receiver};
pub use session::{
    Await, ConnectError, Event, Exchange, ExchangeInput, IncomingIds, Indexed, LargeMessage, Next, Notice,
    NoticeKind, OnSessionLost, Phase, PhaseInput, Progress, RequestError, Ring, Session, SessionError, Slot,
    Slots, keep_alive,
};
#[cfg(feature = "alloc")]
pub use store::HeapStore;
pub use store::{NoStore, RamStore, Record, Store, StoreError};
pub use text::{Binary, ClientId, Text};
pub use time::{Instant, Ticks};
pub use topic::{TopicFilter, TopicName};
