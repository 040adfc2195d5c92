#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;

mod adapter;
pub mod blocking;
mod error;
mod memory;
mod options;
#[cfg(feature = "std")]
pub mod std;
mod topic;
mod transport;

pub use adapter::{Clock, EmbeddedIo};
pub use blocking::{Client, Sender, Status};
pub use error::Error;
#[cfg(feature = "alloc")]
pub use memory::Heap;
pub use memory::{Buffers, Fixed, Memory};
pub use options::{ConnectOptions, InvalidOption};
pub use topic::{ToTopicFilter, ToTopicName};
pub use transport::{Interest, Io, Transport};
pub use umqtt_proto as proto;
pub use umqtt_proto::wire::{
    ConnectReturnCode, Delivery, PacketType, Publish, ReturnCodes, SubscribeReturnCode, Subscription,
};
pub use umqtt_proto::{
    ConnectError, Event, Fault, Instant, InvalidField, LargeMessage, NEVER, NoStore, PacketId, Phase, QoS,
    RamStore, RequestError, SessionError, Slot, Store, Timeouts, TopicFilter, TopicName, Violation,
};
