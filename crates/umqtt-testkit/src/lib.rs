#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod broker;
pub mod link;
pub mod model;
pub mod script;
mod tcp;

pub use broker::{Broker, CloseReason, ConnectionId, Event, Message, SessionView, Settings};
pub use tcp::TcpBroker;
pub use umqtt_proto;
