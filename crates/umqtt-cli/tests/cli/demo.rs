//! `umqtt demo`.

use std::time::Duration;

use umqtt_testkit::script::ScriptedBroker;
use umqtt_testkit::umqtt_proto::wire::SubscribeReturnCode;
use umqtt_testkit::{Broker, Settings, TcpBroker};

use crate::process::{run, umqtt};

const STEPS: [&str; 14] = [
    "listens on mqtt://127.0.0.1:",
    "watcher  is connected as",
    "grants QoS 1",
    "has a last will ready",
    "sensor   is connected as",
    "publishes temperature = 20.5",
    "is delivered, after",
    "watcher  receives temperature = 20.5",
    "watcher  publishes window = open",
    "sensor   receives window = open",
    "is gone without DISCONNECT",
    "receives the last will: state = gone",
    "sends DISCONNECT",
    "All as it should be",
];

/// The steps must be told in this order.
fn check_steps(stdout: &str, steps: &[&str]) {
    let mut rest = stdout;
    for step in steps {
        let Some((_, after)) = rest.split_once(step) else { panic!("no {step:?} in its place:\n{stdout}") };
        rest = after;
    }
    assert_eq!(stdout.matches("Event::Delivered").count(), 6, "{stdout}");
    assert!(!stdout.contains('\x1b'), "colour without a terminal");
}

#[test]
fn the_demo_shows_the_job_in_time() {
    let finished = run(&mut umqtt(&["demo"]));
    assert!(finished.took < Duration::from_secs(15), "{:?}", finished.took);
    check_steps(&String::from_utf8(finished.good()).unwrap(), &STEPS);
}

#[test]
fn the_demo_on_a_broker_that_is_there() {
    let broker = TcpBroker::start().unwrap();
    broker.with(|broker| broker.allow_users(&[("ann", "sesame")]));
    let url = format!("mqtt://ann@{}", broker.local_addr());
    let out = run(umqtt(&["demo", "--fast", "--broker", &url]).env("UMQTT_PASSWORD", "sesame")).good();
    check_steps(&String::from_utf8(out).unwrap(), &STEPS[1..]);
    assert!(broker.with(|broker| broker.retained_len()) == 0, "it leaves nothing behind");
    run(umqtt(&["demo", "--fast", "--broker", &url]).env("UMQTT_PASSWORD", "x")).bad(14, "wrong user name");
}

#[test]
fn the_demo_fails_when_something_does_not_happen() {
    let script = "expect connect\nsend 20 02 00 00\nexpect subscribe\nsend 90 03 $id 01\nstall 20000";
    let broker = ScriptedBroker::start(script.parse().unwrap()).unwrap();
    let finished = run(&mut umqtt(&["demo", "--fast", "--broker", &broker.url()]));
    assert!(finished.took < Duration::from_secs(15));
    // The second client is never let in.
    finished.bad(4, "did not answer CONNECT");

    let broker = TcpBroker::start().unwrap();
    broker.with(|broker| broker.on_subscribe(|_, _, _| SubscribeReturnCode::Failure));
    run(&mut umqtt(&["demo", "--broker", &broker.url()])).bad(6, "refused the subscription");
    // Messages are taken and not delivered.
    let broker = Broker::new(Settings { window: 0, ..Settings::default() });
    let broker = TcpBroker::bind("127.0.0.1:0", broker).unwrap();
    run(&mut umqtt(&["demo", "--fast", "--broker", &broker.url()])).bad(1, "'20.5' did not come within 3s");
}
