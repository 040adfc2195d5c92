//! A session whose broker sends any bytes, in any pieces, while its caller does anything at any time.
//!
//! No panic; after an error the session is disconnected and has nothing to send; what it sends on each connection
//! are packets of a client, in an order that the standard allows.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/umqtt-proto/tests/session_model/hostile.rs"]
mod hostile;
#[allow(dead_code, reason = "only its source of choices is needed")]
#[path = "../../crates/umqtt-proto/tests/session_model/model/mod.rs"]
mod model;

fuzz_target!(|choices: &[u8]| hostile::run(choices));
