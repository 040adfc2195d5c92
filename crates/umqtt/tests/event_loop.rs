//! Many clients on one thread: the example is run, and what it counts is looked at.

// The helpers of these tests are not `#[test]`s themselves.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

#[allow(dead_code, unreachable_pub)]
#[path = "../examples/many_clients.rs"]
mod many_clients;

use many_clients::Ring;
use umqtt_testkit::{Broker, Settings, TcpBroker};

const MESSAGES: u64 = 2_000;

/// What a message costs does not grow with the number of clients that are silent: the loop looks at one that
/// receives a message and at one that receives its PUBACK.
#[test]
fn a_client_that_is_silent_is_left_alone() {
    for clients in [1, 10, 100] {
        let settings = Settings { max_connections: clients, ..Settings::default() };
        let broker = TcpBroker::bind("127.0.0.1:0", Broker::new(settings)).unwrap();
        let mut ring = Ring::connect(&broker.url().parse().unwrap(), clients).unwrap();
        let mut out = Vec::new();
        let summary = ring.pass(MESSAGES, &mut out).unwrap();
        ring.disconnect().unwrap();
        assert!(summary.messages >= MESSAGES, "{summary:?}");
        let first = u64::try_from(clients).unwrap();
        assert!(summary.turns <= 2 * first + 3 * MESSAGES, "{clients} clients: {summary:?}");
        assert!(summary.wakes <= summary.turns, "{clients} clients: {summary:?}");
        let shown = String::from_utf8(out).unwrap();
        assert!(shown.ends_with("100 %\n"), "{shown}");
    }
}
