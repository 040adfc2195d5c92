//! `umqtt pub` and `umqtt sub` by way of the testkit's broker.

use std::process::Command;

use umqtt_testkit::script::ScriptedBroker;
use umqtt_testkit::umqtt_proto::{QoS, TopicName};
use umqtt_testkit::{CloseReason, Event, Message, TcpBroker};

use crate::process::{LIMIT, Process, run, run_with, umqtt};

fn publish(broker: &TcpBroker, more: &[&str]) -> Command {
    let mut command = umqtt(&["pub", "-L", &broker.url()]);
    command.args(more);
    command
}

/// Starts `umqtt sub` and waits until it is subscribed.
pub(crate) fn subscribed(broker: &TcpBroker, id: &str, more: &[&str]) -> Process {
    let mut command = umqtt(&["sub", "-i", id, "-L", &broker.url()]);
    let process = Process::start(command.args(more));
    let there = broker.wait_until(LIMIT, |broker| {
        broker
            .session(id)
            .is_some_and(|session| session.is_connected() && session.subscriptions().count() > 0)
    });
    assert!(there, "{id} did not subscribe");
    process
}

fn send(broker: &TcpBroker, topic: &str, payload: &[u8], qos: QoS, retain: bool) {
    broker.with(|broker| broker.publish(TopicName::new(topic).unwrap(), payload, qos, retain));
}

fn messages(broker: &TcpBroker) -> Vec<Message> {
    broker.with(|broker| broker.messages().cloned().collect())
}

/// All bytes, some of them often.
fn binary(size: usize) -> Vec<u8> {
    (0..size).map(|index| (index % 251).to_le_bytes()[0] ^ (index >> 8).to_le_bytes()[0]).collect()
}

#[test]
fn payloads_are_bytes_at_each_qos() {
    for qos in ["0", "1", "2"] {
        // Empty, small, larger than the transmit buffer, larger than the receive buffer.
        for size in [0, 1, 255, 100_000, 131_072, 10_000_000] {
            let broker = TcpBroker::start().unwrap();
            let payload = binary(size);
            let sub = subscribed(&broker, "reader", &["-t", "a/+", "-q", qos, "-N", "-C", "1"]);
            let out = run_with(&mut publish(&broker, &["-t", "a/b", "-s", "-q", qos]), &payload).good();
            assert_eq!(out, b"");
            assert!(sub.finish().good() == payload, "{size} bytes with QoS {qos}");
        }
    }
}

#[test]
fn each_source_of_a_message() {
    let broker = TcpBroker::start().unwrap();
    run(&mut publish(&broker, &["-t", "a", "-m", "-text é", "-q", "1"])).good();
    run(&mut publish(&broker, &["-t", "a", "-f", env!("CARGO_MANIFEST_PATH"), "-q", "1"])).good();
    run(&mut publish(&broker, &["-t", "a", "-n", "-q", "1", "-r"])).good();
    run_with(&mut publish(&broker, &["-t", "a", "-s", "-q", "1"]), b"one\ntwo\n").good();
    run_with(&mut publish(&broker, &["-t", "a", "-l", "-q", "1"]), b"one\n\n\0\xff\r\nlast").good();
    run(&mut publish(&broker, &["-t", "a", "-m", "x", "-q", "2", "--repeat", "3", "--repeat-delay", "0.01"]))
        .good();
    let payloads: Vec<Vec<u8>> = messages(&broker).into_iter().map(|message| message.payload).collect();
    let manifest = std::fs::read(env!("CARGO_MANIFEST_PATH")).unwrap();
    let expected: [&[u8]; 11] = [
        "-text é".as_bytes(),
        &manifest,
        b"",
        b"one\ntwo\n",
        b"one",
        b"",
        b"\0\xff\r",
        b"last",
        b"x",
        b"x",
        b"x",
    ];
    assert_eq!(payloads, expected);
    let retained: Vec<bool> = messages(&broker).iter().map(|message| message.retain).collect();
    assert_eq!(retained.iter().position(|&retain| retain), Some(2));
}

#[test]
fn a_line_is_published_while_standard_input_stays_open() {
    let broker = TcpBroker::start().unwrap();
    for qos in ["0", "1", "2"] {
        let mut process = Process::start(&mut publish(&broker, &["-t", "a", "-l", "-q", qos]));
        for count in 1..=3 {
            process.write(format!("{qos}{count}\n").as_bytes());
            let payload = format!("{qos}{count}").into_bytes();
            let there = broker
                .wait_until(LIMIT, |broker| broker.messages().any(|message| message.payload == payload));
            assert!(there, "line {count} with QoS {qos}");
        }
        process.finish().good();
    }
}

#[test]
fn many_lines_arrive_in_order_at_each_qos() {
    for qos in ["0", "1", "2"] {
        let broker = TcpBroker::start().unwrap();
        let lines: String = (0..5_000).map(|number| format!("line {number}\n")).collect();
        let sub = subscribed(&broker, "reader", &["-t", "#", "-q", qos, "-C", "5000"]);
        run_with(&mut publish(&broker, &["-t", "a", "-l", "-q", qos]), lines.as_bytes()).good();
        assert!(sub.finish().good() == lines.as_bytes(), "QoS {qos}");
    }
}

#[test]
fn no_more_messages_are_on_their_way_than_allowed() {
    let script = "expect connect\nsend 20 02 00 00\nexpect publish\nexpect publish\nstall 300\nsend 40 02 $id-1 40 02 $id\n\
                  expect publish\nsend 40 02 $id\nexpect disconnect";
    let broker = ScriptedBroker::start(script.parse().unwrap()).unwrap();
    let mut command = umqtt(&["pub", "-L", &broker.url(), "-t", "a", "-l", "-q", "1", "-M", "2", "-d"]);
    let finished = run_with(&mut command, b"one\ntwo\nthree\n");
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    let place = |text: &str| finished.stderr.find(text).unwrap();
    assert!(place("message 2: 3 bytes") < place("is delivered"));
    assert!(place("is delivered") < place("message 3: 5 bytes"));
    broker.finish(LIMIT).unwrap();
}

#[test]
fn formats() {
    let broker = TcpBroker::start().unwrap();
    let cases: [(&[&str], &[u8]); 6] = [
        (&[], b"\x00\xffz\n"),
        (&["-N"], b"\x00\xffz"),
        (&["-v"], b"a/b \x00\xffz\n"),
        (&["-F", "%t|%x|%X|%l|%q|%r|%d|%m|%%"], b"a/b|00ff7a|00FF7A|3|1|0|0|1|%\n"),
        (&["-N", "-F", "\\t%p\\\\"], b"\t\x00\xffz\\"),
        (&["-F", "%p%p"], b"\x00\xffz\x00\xffz\n"),
    ];
    for (index, (more, expected)) in cases.into_iter().enumerate() {
        let id = format!("reader{index}");
        let sub = subscribed(&broker, &id, &[&["-t", "a/b", "-q", "1", "-C", "1"], more].concat());
        send(&broker, "a/b", b"\x00\xffz", QoS::AtLeastOnce, false);
        assert_eq!(sub.finish().good(), expected, "{more:?}");
    }
    let sub = subscribed(&broker, "json", &["-t", "a/b", "-C", "1", "-F", "%j %U %I"]);
    send(&broker, "a/b", b"\"", QoS::AtMostOnce, false);
    let out = String::from_utf8(sub.finish().good()).unwrap();
    let (json, rest) = out.split_once("} ").unwrap();
    let (seconds, time) = rest.trim_end().split_once(' ').unwrap();
    let expected = format!(
        "{{\"tst\":\"{time}\",\"topic\":\"a/b\",\"qos\":0,\"retain\":0,\"payloadlen\":1,\"payload\":\"\\\"\""
    );
    assert_eq!(json, expected);
    assert!(seconds.parse::<f64>().unwrap() > 1.7e9 && time.ends_with('Z'));
}

#[test]
fn large_messages_in_each_format() {
    let broker = TcpBroker::start().unwrap();
    let payload = binary(400_000);
    let hex: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
    for (index, (format, expected)) in [
        ("%t %l %x.", format!("a 400000 {hex}.\n")),
        ("%x %x", format!("{hex} {hex}\n")),
        ("%l", "400000\n".to_owned()),
    ]
    .into_iter()
    .enumerate()
    {
        let sub = subscribed(&broker, &format!("reader{index}"), &["-t", "#", "-C", "1", "-F", format]);
        send(&broker, "a", &payload, QoS::AtMostOnce, false);
        assert!(sub.finish().good() == expected.as_bytes(), "{format}");
    }
    // One that is left out does not disturb the next.
    let sub = subscribed(&broker, "chooser", &["-t", "#", "-T", "noise/#", "-v", "-C", "1"]);
    send(&broker, "noise/a", &payload, QoS::ExactlyOnce, false);
    send(&broker, "a", b"x", QoS::AtMostOnce, false);
    assert_eq!(sub.finish().good(), b"a x\n");
}

#[test]
fn several_filters_and_those_left_out() {
    let broker = TcpBroker::start().unwrap();
    let sub = subscribed(&broker, "reader", &["-t", "a/#", "-t", "b", "-T", "a/+/c", "-v", "-C", "2"]);
    for topic in ["c", "a/b/c", "a", "b"] {
        send(&broker, topic, topic.as_bytes(), QoS::AtMostOnce, false);
    }
    assert_eq!(sub.finish().good(), b"a a\nb b\n");
    // More than one SUBSCRIBE can hold.
    let filters: Vec<String> = (0..600).map(|number| format!("many/{number}")).collect();
    let mut args = vec!["-E"];
    args.extend(filters.iter().flat_map(|filter| ["-t", filter]));
    let mut command = umqtt(&["sub", "-i", "many", "-c", "-L", &broker.url()]);
    run(command.args(&args)).good();
    assert_eq!(broker.with(|broker| broker.session("many").unwrap().subscriptions().count()), 600);
}

#[test]
fn the_topic_of_a_url() {
    let broker = TcpBroker::start().unwrap();
    broker.with(|broker| broker.allow_users(&[("a n", "p@:w")]));
    let url = format!("mqtt://a%20n:p%40%3aw@{}/to/p%20ic", broker.local_addr());
    run(&mut umqtt(&["pub", "-L", &url, "-m", "x", "-q", "1"])).good();
    assert_eq!(messages(&broker)[0].topic, "to/p ic");
    let password = std::env::temp_dir().join(format!("umqtt-cli-{}-password", std::process::id()));
    std::fs::write(&password, "p@:w\r\nsecond line").unwrap();
    let url = format!("mqtt://a%20n@{}/b", broker.local_addr());
    let run = run(&mut umqtt(&["pub", "-L", &url, "-n", "-q", "1", "--pw-file", password.to_str().unwrap()]));
    std::fs::remove_file(password).unwrap();
    run.good();
    assert_eq!(messages(&broker)[1].topic, "b");
}

#[test]
fn retained_messages() {
    let broker = TcpBroker::start().unwrap();
    run(&mut publish(&broker, &["-t", "k/1", "-m", "kept", "-r", "-q", "1"])).good();
    run(&mut publish(&broker, &["-t", "k/2", "-m", "kept too", "-r", "-q", "1"])).good();
    // Only what was kept: ends with the first new message.
    let sub = subscribed(&broker, "only", &["-t", "k/#", "--retained-only", "-F", "%r %t %p"]);
    sub.wait_for_stdout(b"kept too\n");
    send(&broker, "k/1", b"new", QoS::AtMostOnce, false);
    assert_eq!(sub.finish().good(), b"1 k/1 kept\n1 k/2 kept too\n");
    // All but what was kept.
    let sub = subscribed(&broker, "fresh", &["-t", "k/#", "-R", "-C", "1"]);
    send(&broker, "k/1", b"new", QoS::AtMostOnce, false);
    assert_eq!(sub.finish().good(), b"new\n");
    // Removed once seen, also behind a filter that leaves it out.
    let sub = subscribed(&broker, "broom", &["-t", "k/#", "--remove-retained", "-T", "k/2", "-C", "2"]);
    assert!(broker.wait_until(LIMIT, |broker| broker.retained_len() == 0));
    sub.wait_for_stdout(b"kept\n");
    sub.finish().good();
}

#[test]
fn a_persistent_session() {
    let broker = TcpBroker::start().unwrap();
    let common = ["sub", "-i", "logger", "-c", "-L", &broker.url()];
    run(umqtt(&common).args(["-t", "a", "-t", "b", "-q", "1", "-E"])).good();
    send(&broker, "a", b"while away", QoS::AtLeastOnce, false);
    assert_eq!(run(umqtt(&common).args(["-t", "a", "-q", "1", "-C", "1"])).good(), b"while away\n");
    run(umqtt(&common).args(["-U", "b", "-E"])).good();
    let left = broker.with(|broker| {
        broker
            .session("logger")
            .unwrap()
            .subscriptions()
            .map(|(filter, _)| filter.to_owned())
            .collect::<Vec<_>>()
    });
    assert_eq!(left, ["a"]);
}

#[test]
fn the_will_is_left_behind_by_a_client_that_is_cut_off() {
    let broker = TcpBroker::start().unwrap();
    let will = ["--will-topic", "state", "--will-payload", "gone", "--will-qos", "1", "--will-retain"];
    let sub = subscribed(&broker, "mortal", &[&["-t", "a"], &will[..]].concat());
    broker.with(|broker| broker.cut("mortal"));
    sub.finish().bad(3, "connection");
    let message = broker.with(|broker| broker.retained("state").cloned()).unwrap();
    assert_eq!((message.payload.as_slice(), message.qos), (b"gone".as_slice(), QoS::AtLeastOnce));
    // Who ends in good order leaves none.
    run(&mut publish(&broker, &[&["-t", "state", "-n", "-r", "-q", "1"], &will[..]].concat())).good();
    assert!(broker.with(|broker| broker.retained("state").is_none()));
}

#[test]
fn client_ids() {
    let broker = TcpBroker::start().unwrap();
    let url = broker.url();
    run(&mut umqtt(&["pub", "-L", &url, "-t", "a", "-n"])).good();
    run(&mut umqtt(&["pub", "-L", &url, "-t", "a", "-n", "-I", "house-"])).good();
    run(&mut umqtt(&["pub", "-L", &url, "-t", "a", "-n", "-i", "me"])).good();
    run(&mut umqtt(&["pub", "-L", &url, "-t", "a", "-n", "-i", ""])).good();
    let mut ids = Vec::new();
    let closed = |event: &Event| matches!(event, Event::Closed { reason: CloseReason::Disconnect, .. });
    assert!(broker.wait_until(LIMIT, |broker| broker.events().filter(|event| closed(event)).count() == 4));
    for event in broker.with(|broker| broker.take_events()) {
        if let Event::Connected { client_id, .. } = event {
            ids.push(client_id);
        }
    }
    assert!(ids[0].starts_with("umqtt-pub-") && ids[0].len() <= 23, "{ids:?}");
    assert!(ids[1].starts_with("house-") && ids[1].len() == 18, "{ids:?}");
    assert_eq!(ids[2], "me");
    assert_eq!(ids.len(), 4);
}

#[test]
fn debug_tells_no_secret() {
    let broker = TcpBroker::start().unwrap();
    let more = ["-t", "a", "-m", "x", "-q", "2", "-d", "-u", "ann", "-P", "hidden-word"];
    let finished = run(&mut publish(&broker, &more));
    assert_eq!(finished.code, Some(0));
    for said in [
        "connecting to 127.0.0.1:",
        "session present: no",
        "message 1: 1 bytes, packet id ",
        " is delivered",
        "1 messages published",
    ] {
        assert!(finished.stderr.contains(said), "{said}: {}", finished.stderr);
    }
    assert!(!finished.stderr.contains("hidden-word"));
}
