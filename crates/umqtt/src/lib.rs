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
pub use error::{ConnectionError, Error};
pub use memory::{Buffers, Fixed, INCOMING, Memory};
#[cfg(feature = "alloc")]
pub use memory::{HEAP_STORE, Heap};
pub use options::{ConnectOptions, InvalidOption};
pub use topic::{ToTopicFilter, ToTopicName};
pub use transport::{Interest, Io, Transport};
pub use umqtt_proto as proto;
#[cfg(feature = "alloc")]
pub use umqtt_proto::HeapStore;
pub use umqtt_proto::wire::{
    ConnectReturnCode, Delivery, PacketType, Publish, ReturnCodes, SubscribeReturnCode, Subscription,
};
pub use umqtt_proto::{
    Await, ConnectError, Event, Fault, IncomingIds, Indexed, Instant, InvalidField, Large, LargeMessage,
    NEVER, NoStore, OnSessionLost, PacketId, Parts, Phase, QoS, RamStore, Record, RequestError, SessionError,
    Slot, Slots, Store, StoreError, Streams, Timeouts, TopicFilter, TopicName, Violation, Wait, Whole,
};
