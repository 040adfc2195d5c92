//! The loop that users of robust2 know, against a broker that loses the client, goes away, and comes back empty.

#![allow(clippy::unwrap_used)]

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use socket2::SockRef;
use umqtt_micropython_tests::{Port, Side};
use umqtt_testkit::{Broker, TcpBroker};

/// What is waited for has happened by then.
const LIMIT: Duration = Duration::from_secs(30);

/// What came to the broker, in order.
fn numbers(broker: &Broker) -> Vec<u32> {
    let payloads = broker.messages().filter(|message| message.topic == "numbers");
    payloads.map(|message| String::from_utf8_lossy(&message.payload).parse().unwrap()).collect()
}

fn wait_for(broker: &TcpBroker, number: u32) {
    assert!(broker.wait_until(LIMIT, |broker| numbers(broker).contains(&number)), "{number} did not come");
}

/// Accepts connections at this address, and closes each when it has said something; as many as come in time.
fn turn_away(address: SocketAddr, times: usize) {
    let listener = TcpListener::bind(address).unwrap();
    // `accept` keeps to it, too.
    SockRef::from(&listener).set_read_timeout(Some(LIMIT)).unwrap();
    for _ in 0..times {
        let Ok((mut connection, _)) = listener.accept() else { return };
        connection.set_read_timeout(Some(LIMIT)).unwrap();
        let _ = connection.read(&mut [0; 64]);
    }
}

#[test]
fn nothing_is_lost() {
    let Some(port) = Port::from_environment() else { return };
    let broker = TcpBroker::start().unwrap();
    let address = broker.local_addr();
    let arguments = [address.port().to_string(), "-".to_owned()];
    let program = thread::spawn(move || port.run(Side::Ours, &[], "robust2/loop.py", &arguments, LIMIT));

    for number in [7, 15, 22] {
        wait_for(&broker, number);
        // On a slow machine it may be on its way back by itself.
        let connected =
            |broker: &Broker| broker.session("looping").is_some_and(|session| session.is_connected());
        assert!(broker.wait_until(LIMIT, connected), "it does not come back");
        broker.with(|broker| broker.cut("looping"));
    }
    wait_for(&broker, 30);
    // Nothing comes to this broker between the last look at it and its end.
    let before = broker.with(std::mem::take);
    drop(broker);
    turn_away(address, 3);

    let broker = TcpBroker::bind(address, Broker::default()).unwrap();
    let arrived = broker.wait_until(LIMIT, |broker| numbers(broker).contains(&60));
    let subscribed = broker.with(|broker| {
        broker
            .session("looping")
            .is_some_and(|session| session.subscriptions().any(|(filter, _)| filter == "echo"))
    });
    let run = program.join().unwrap();
    assert_eq!((run.failure, run.complaint.as_str()), (None, ""));
    assert!(arrived, "the last message came");
    assert!(subscribed, "subscribed again");
    assert_eq!(run.printed, "issues True turns True\n");

    let mut first = Vec::new();
    for number in numbers(&before).into_iter().chain(broker.with(|broker| numbers(broker))) {
        if !first.contains(&number) {
            first.push(number);
        }
    }
    assert_eq!(first, (1..=60).collect::<Vec<_>>(), "each message, in order");
}
