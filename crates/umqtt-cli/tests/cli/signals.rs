//! Ctrl-C, and pipes that close.

use std::process::{Command, Stdio};

use rustix::process::Signal;
use umqtt_testkit::script::ScriptedBroker;
use umqtt_testkit::umqtt_proto::{QoS, TopicName};
use umqtt_testkit::{CloseReason, Event, TcpBroker};

use crate::messages::subscribed;
use crate::process::{LIMIT, Process, run, umqtt};

fn disconnected(broker: &TcpBroker, id: &str) -> bool {
    broker.wait_until(LIMIT, |broker| {
        broker.events().any(|event| {
            matches!(event, Event::Closed { client_id: Some(client), reason: CloseReason::Disconnect, .. }
                if client == id)
        })
    })
}

#[test]
fn a_signal_says_disconnect() {
    let broker = TcpBroker::start().unwrap();
    for (id, signal) in [("interrupted", Signal::INT), ("ended", Signal::TERM)] {
        let sub = subscribed(&broker, id, &["-t", "a", "--will-topic", "w", "--will-payload", "gone"]);
        sub.signal(signal);
        let finished = sub.ended();
        assert_eq!((finished.code, finished.stderr.as_str()), (Some(130), ""));
        assert!(disconnected(&broker, id));
    }
    assert!(broker.with(|broker| broker.messages().next().is_none()), "a last will was published");
}

#[test]
fn a_signal_ends_line_mode_and_names_what_may_be_lost() {
    let script = "expect connect\nsend 20 02 00 00\nexpect publish\nexpect disconnect\nexpect close";
    let broker = ScriptedBroker::start(script.parse().unwrap()).unwrap();
    let mut process =
        Process::start(&mut umqtt(&["pub", "-L", &broker.url(), "-t", "a", "-l", "-q", "1", "-d"]));
    process.write(b"one\n");
    process.wait_for_stderr("message 1");
    process.signal(Signal::INT);
    let finished = process.ended();
    assert_eq!(finished.code, Some(130));
    assert!(
        finished.stderr.contains("umqtt: interrupted; the message was not acknowledged\n"),
        "{}",
        finished.stderr
    );
    broker.finish(LIMIT).unwrap();
}

#[test]
fn a_signal_while_connecting_ends_at_once() {
    let broker = ScriptedBroker::start("expect connect\ndrain".parse().unwrap()).unwrap();
    let process =
        Process::start(&mut umqtt(&["sub", "-L", &broker.url(), "-t", "a", "--timeout", "600", "-d"]));
    process.wait_for_stderr("connecting");
    process.signal(Signal::INT);
    let finished = process.ended();
    assert_eq!(finished.code, Some(130));
    assert!(finished.took < LIMIT);
}

#[test]
fn a_closed_pipe_is_quiet() {
    let broker = TcpBroker::start().unwrap();
    let mut command = umqtt(&["sub", "-i", "piped", "-L", &broker.url(), "-t", "a"]);
    let mut sub = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut head = Command::new("head")
        .arg("-n1")
        .stdin(sub.stdout.take().unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let there = |broker: &umqtt_testkit::Broker| {
        broker.session("piped").is_some_and(|session| session.subscriptions().count() > 0)
    };
    assert!(broker.wait_until(LIMIT, there));
    let topic = TopicName::new("a").unwrap();
    broker.with(|broker| broker.publish(topic, b"first", QoS::AtMostOnce, false));
    let mut line = String::new();
    std::io::Read::read_to_string(&mut head.stdout.take().unwrap(), &mut line).unwrap();
    assert!(head.wait().unwrap().success());
    assert_eq!(line, "first\n");
    // Nobody reads any more.
    broker.with(|broker| broker.publish(topic, b"second", QoS::AtMostOnce, false));
    let finished = sub.wait_with_output().unwrap();
    assert_eq!((finished.status.code(), finished.stderr.as_slice()), (Some(0), b"".as_slice()));
    assert!(disconnected(&broker, "piped"));
}

#[test]
fn help_and_completions_into_a_closed_pipe() {
    for args in [&["--help"][..], &["help", "sub"], &["completions", "bash"], &["demo", "--fast"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let finished =
            umqtt(args).stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(
            (finished.status.code(), finished.stderr.as_slice()),
            (Some(0), b"".as_slice()),
            "{args:?}"
        );
    }
}

#[test]
fn a_full_disk_is_told() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let broker = TcpBroker::start().unwrap();
    broker.with(|broker| broker.publish(TopicName::new("a").unwrap(), b"x", QoS::AtMostOnce, true));
    let finished =
        umqtt(&["sub", "-L", &broker.url(), "-t", "a"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    let stderr = String::from_utf8(finished.stderr).unwrap();
    assert_eq!(finished.status.code(), Some(1), "{stderr}");
    assert!(stderr.starts_with("umqtt: cannot write to standard output: "), "{stderr}");
    run(&mut umqtt(&["pub", "-L", &broker.url(), "-t", "a", "-n"])).good();
}
