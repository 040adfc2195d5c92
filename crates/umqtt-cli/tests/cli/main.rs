//! The built command, run as a person would.

mod bad_input;
mod demo;
mod flags;
mod messages;
mod mosquitto;
mod process;
mod signals;
