//! What the tests of the MicroPython modules share: the places that `cargo xtask` names in the environment, a run of
//! MicroPython's Unix port, and a peer that does what the Python program in the same test tells it.
//!
//! A test runs a Python program of `python/` on the original modules and on ours. The program holds a second
//! connection to its [`Peer`], by which it says what the "broker" does next; so each program reads from top to bottom,
//! and nothing depends on time. `python/stage.py` is the other end of that connection.

#![forbid(unsafe_code)]
// A test that cannot go on fails: that is what its helpers do, too.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod case;
mod commands;
mod line;
mod mosquitto;
mod outcome;
mod peer;
mod port;
mod random;

pub use self::case::{Case, agree, hold};
pub use self::mosquitto::{HOST, Mosquitto};
pub use self::outcome::{difference, is_whole, packets};
pub use self::peer::Peer;
pub use self::port::{Port, Run, Side};
pub use self::random::Random;
