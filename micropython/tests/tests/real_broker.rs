//! Ours against a real Mosquitto: each test has one of its own.
//!
//! Without Mosquitto on the machine they say so and pass; `UMQTT_REAL=1` forbids that.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use umqtt_micropython_tests::{Case, Mosquitto, Port, Side};

const LIMIT: Duration = Duration::from_secs(100);

/// Runs a program of `python/real/` against this broker; all it prints is `done`.
fn run(port: &Port, broker: &Mosquitto, program: &str) {
    let arguments = [
        broker.port().to_string(),
        broker.tls_port().to_string(),
        broker.folder().to_str().unwrap().to_owned(),
        broker.id().to_string(),
    ];
    let start = Instant::now();
    let options = Case::new(&format!("real/{program}")).options();
    let run = port.run(Side::Ours, &options, &format!("real/{program}.py"), &arguments, LIMIT);
    println!("{program}: {} ms", start.elapsed().as_millis());
    assert_eq!(run.failure, None, "{program}: {}{}", run.printed, run.complaint);
    assert_eq!(run.printed, "done\n", "{program}: {}", run.complaint);
}

fn run_open(program: &str) {
    let Some(port) = Port::from_environment() else { return };
    let Some(broker) = Mosquitto::start() else { return };
    run(&port, &broker, program);
}

#[test]
fn messages_of_all_kinds() {
    run_open("messages");
}

#[test]
fn exactly_once() {
    run_open("exactly_once");
}

#[test]
fn a_password() {
    let Some(port) = Port::from_environment() else { return };
    let settings = "allow_anonymous false\npassword_file FOLDER/passwords\n";
    let Some(broker) = Mosquitto::with_settings(settings, "") else { return };
    run(&port, &broker, "password");
}

#[test]
fn tls() {
    run_open("encrypted");
}

#[test]
fn tls_with_a_client_certificate() {
    let Some(port) = Port::from_environment() else { return };
    let Some(broker) = Mosquitto::with_settings("allow_anonymous true\n", "require_certificate true\n")
    else {
        return;
    };
    run(&port, &broker, "client_certificate");
}

#[test]
fn a_broker_that_goes_and_comes_back() {
    run_open("reconnect");
}

#[test]
fn a_broker_that_goes_and_comes_back_under_robust2() {
    run_open("reconnect_robust");
}

#[test]
fn ten_thousand_messages_each_way() {
    run_open("ten_thousand");
}
