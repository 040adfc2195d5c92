//! What a session does, call by call and packet by packet, on virtual time.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod blind;
mod clock;
mod connect;
mod dead_link;
mod errors;
mod gather;
#[cfg(feature = "qos2")]
mod incoming;
mod keep_alive;
mod large;
mod outcome;
mod receive;
mod refusals;
mod resume;
mod rig;
mod ring;
mod secrets;
mod transmit;
