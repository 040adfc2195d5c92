//! The statements of MQTT 3.1.1 that bind a client, each asserted on the bytes that a session sends or by the error
//! with which it ends a connection.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

/// Names the statements of MQTT 3.1.1 that a test asserts; `cargo xtask statements` collects them.
macro_rules! statement {
    ($($id:literal),+ $(,)?) => {
        const _: () = { $(assert!(crate::is_statement($id), "not the number of a statement");)+ };
    };
}

mod acknowledge;
mod connect;
mod connection;
mod deliver;
mod packets;
#[allow(dead_code, reason = "shared with the tests of the session, which use all of it")]
#[path = "../session_behaviour/rig.rs"]
mod rig;
mod strings;
mod topics;

/// Whether this looks like `MQTT-3.1.0-1`; the standard has one with a hyphen in the place of the first dot.
const fn is_statement(id: &str) -> bool {
    let Some((b"MQTT-", mut rest)) = id.as_bytes().split_at_checked(5) else { return false };
    let separators = [b".", b".", b"-"];
    let mut part = 0;
    let mut digits = 0;
    while let [byte, after @ ..] = rest {
        rest = after;
        if byte.is_ascii_digit() {
            digits += 1;
        } else {
            let hyphen = part == 0 && *byte == b'-';
            if digits == 0 || part == 3 || (*byte != separators[part][0] && !hyphen) {
                return false;
            }
            part += 1;
            digits = 0;
        }
    }
    part == 3 && digits > 0
}

#[test]
fn numbers_of_statements() {
    for id in ["MQTT-1.5.3-1", "MQTT-3.1.2-23", "MQTT-3-8.3-4"] {
        assert!(is_statement(id), "{id}");
    }
    for id in ["", "MQTT-", "MQTT-1.5.3", "MQTT-1.5.3-", "MQTT-1.5-3.1", "MQTT 1.5.3-1", "MQTT-1.5.3-1-1"] {
        assert!(!is_statement(id), "{id}");
    }
}
