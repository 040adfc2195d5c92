//! The built command, run as a person would.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod bad_input;
mod demo;
mod flags;
mod messages;
mod mosquitto;
mod process;
mod signals;
