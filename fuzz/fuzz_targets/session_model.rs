//! A session, a broker that keeps to the standard, and a link that loses connections, against what a client is
//! promised: QoS 1 arrives and in order, QoS 2 arrives once, each id has one end and is not given twice.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, reason = "shared with the target `session_bytes`")]
#[path = "../../crates/umqtt-proto/tests/session_model/model/mod.rs"]
mod model;

fuzz_target!(|choices: &[u8]| model::run(choices, true));
