//! Whatever the person, the network or the broker does wrong: one sentence, a documented exit code, in time.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use umqtt_testkit::TcpBroker;
use umqtt_testkit::script::ScriptedBroker;
use umqtt_testkit::umqtt_proto::wire::{ConnectReturnCode, SubscribeReturnCode};

use crate::process::{Finished, Process, run, run_with, umqtt};

/// Beyond its own time-out no run takes longer than this, even on a busy machine.
const SLACK: Duration = Duration::from_secs(5);

fn publish(port: u16, more: &[&str]) -> Command {
    let mut command = umqtt(&["pub", "-h", "127.0.0.1", "-p", &port.to_string()]);
    command.args(more);
    command
}

fn subscribe(port: u16, more: &[&str]) -> Command {
    let mut command = umqtt(&["sub", "-h", "127.0.0.1", "-p", &port.to_string()]);
    command.args(more);
    command
}

/// Runs `umqtt pub` against a broker that follows a script.
fn publish_to(script: &str, more: &[&str]) -> Finished {
    let broker = ScriptedBroker::start(script.parse().unwrap()).unwrap();
    run(&mut publish(broker.local_addr().port(), more))
}

/// Runs `umqtt sub` against a broker that follows a script.
fn subscribe_to(script: &str, more: &[&str]) -> Finished {
    let broker = ScriptedBroker::start(script.parse().unwrap()).unwrap();
    run(&mut subscribe(broker.local_addr().port(), more))
}

#[test]
fn no_broker_at_the_port() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    run(&mut publish(port, &["-t", "a", "-m", "x"])).bad(3, "refused the connection");
    run(&mut subscribe(port, &["-t", "a"])).bad(3, "refused the connection");
}

#[test]
fn unknown_host() {
    let finished = run(&mut umqtt(&["pub", "-h", "no-such-host.invalid", "-t", "a", "-n", "--timeout", "3"]));
    // Without a name server, no answer is an answer too.
    let code = if finished.stderr.contains("not resolved within") { 4 } else { 3 };
    finished.bad(code, "'no-such-host.invalid'");
    assert!(finished.took < Duration::from_secs(3) + SLACK);
}

#[test]
fn a_url_in_place_of_a_host_is_not_repeated() {
    for host in ["mqtt://ann:hidden-word@127.0.0.1", "ann:hidden-word@127.0.0.1", "ann:hidden-word:"] {
        let finished = run(&mut umqtt(&["pub", "-d", "-h", host, "-t", "a", "-n"]));
        assert!(!finished.stderr.contains("hidden-word"), "{}", finished.stderr);
        finished.bad(2, "not the address of a broker");
    }
}

#[test]
fn refused_by_the_broker() {
    let broker = TcpBroker::start().unwrap();
    let port = broker.local_addr().port();
    broker.with(|broker| broker.allow_users(&[("ann", "sesame")]));
    let finished = run(&mut publish(port, &["-t", "a", "-n", "-u", "ann", "-P", "hidden-word"]));
    finished.bad(14, "wrong user name or password");
    assert!(!finished.stderr.contains("hidden-word"));
    run(&mut publish(port, &["-t", "a", "-n", "-u", "ann", "-P", "sesame"])).good();
    run(publish(port, &["-t", "a", "-n", "-u", "ann"]).env("UMQTT_PASSWORD", "sesame")).good();
    run(publish(port, &["-t", "a", "-n", "-u", "ann"]).env("UMQTT_PASSWORD", "wrong")).bad(14, "password");

    let codes: [(u8, i32, &str); 6] = [
        (1, 11, "does not speak MQTT 3.1.1"),
        (2, 12, "does not allow this client id"),
        (3, 13, "unavailable"),
        (4, 14, "wrong user name or password"),
        (5, 15, "may not connect"),
        (77, 10, "77"),
    ];
    for (code, exit, said) in codes {
        broker.with(|broker| broker.on_connect(move |_| ConnectReturnCode::from_code(code)));
        run(&mut subscribe(port, &["-t", "a"])).bad(exit, said);
    }
}

#[test]
fn the_broker_answers_nonsense_to_connect() {
    for nonsense in [
        "send \"HTTP/1.1 400 Bad Request\" 0d0a0d0a",
        "send \"SSH-2.0-OpenSSH_9.2p1\" 0d0a",
        "send 00*64",
        "send ff*64",
        "send 20 ff ff ff ff 01", // a remaining length of five bytes
        "send 20 03 00 00 00",    // CONNACK with a byte too many
        "send 20 02 01 00",       // session present after a clean session was asked for
        "send 20 02 02 00",       // a reserved flag
        "send 40 02 00 01",       // PUBACK
        "send 30 03 00 01 61",    // a message
    ] {
        let script = format!("expect connect\n{nonsense}\ndrain");
        let finished = publish_to(&script, &["-t", "a", "-m", "x", "-q", "1", "--timeout", "8"]);
        finished.bad(7, "[MQTT");
        assert!(finished.took < Duration::from_secs(8), "{nonsense}: told at once, not at the time-out");
    }
}

#[test]
fn the_broker_answers_nonsense_later() {
    let begin = "expect connect\nsend 20 02 00 00\nexpect subscribe\n";
    for nonsense in [
        "send 90 03 $id 03",                      // an unknown return code
        "send 90 04 $id 00 00",                   // one return code too many
        "send 90 02 $id",                         // none
        "send 90 03 $id 00 36 05 00 01 61 00 01", // a message of QoS 3
        "send 90 03 $id 00 30 03 00 01 2b",       // a wildcard in a topic name
        "send 90 03 $id 00 30 03 00 01 00",       // U+0000
        "send 90 03 $id 00 30 04 00 02 c3 28",    // not UTF-8
        "send 90 03 $id 00 30 02 00 00",          // an empty topic
        "send 90 03 $id 00 30 03 00 09 61",       // a topic longer than the packet
        "send 90 03 $id 00 32 05 00 01 61 00 00", // packet id 0
        "send 90 03 $id 00 c0 00",                // PINGREQ
        "send 90 03 $id 00 20 02 00 00",          // a second CONNACK
        "send 90 03 $id 00 f0 00",                // a reserved packet type
        "send 90 03 $id 00 90 ff ff ff 7f",       // a SUBACK of 256 MB
    ] {
        let finished = subscribe_to(&format!("{begin}{nonsense}\ndrain"), &["-t", "a", "-W", "8"]);
        match nonsense.contains("7f") {
            true => finished.bad(8, "packet larger than the receive buffer"),
            false => finished.bad(7, "the broker broke the protocol: "),
        }
        assert!(finished.took < Duration::from_secs(8), "{nonsense}: told at once");
    }
}

#[test]
fn the_broker_stops_in_the_middle_of_a_packet() {
    let timeout = ["-t", "a", "--timeout", "0.4"];
    let finished = subscribe_to("expect connect\nsend 20 02 00\nstall 60000", &timeout);
    finished.bad(4, "did not answer CONNECT");
    let finished =
        subscribe_to("expect connect\nsend 20 02 00 00\nexpect subscribe\nsend 90 03\nstall 60000", &timeout);
    finished.bad(4, "did not answer the subscription");
    // In the middle of a message only the silence tells.
    let script = "expect connect\nsend 20 02 00 00\nexpect subscribe\nsend 90 03 $id 00 30 64 00 01 61\n\
                  expect pingreq\nstall 60000";
    let finished = subscribe_to(script, &["-t", "a", "--timeout", "0.4", "-k", "1"]);
    finished.bad(4, "did not answer PINGREQ");
    assert!(finished.took < Duration::from_secs(2) + SLACK);
}

#[test]
fn the_broker_closes() {
    subscribe_to("expect connect\nclose", &["-t", "a"]).bad(3, "instead of answering CONNECT");
    subscribe_to("expect connect\nsend 20 02 00\nclose", &["-t", "a"]).bad(3, "closed the connection");
    subscribe_to("expect connect\nreset", &["-t", "a"]).bad(3, "reset the connection");
    let script =
        "expect connect\nsend 20 02 00 00\nexpect subscribe\nsend 90 03 $id 00 30 64 00 01 61\nclose";
    subscribe_to(script, &["-t", "a"]).bad(3, "closed the connection");
    let script = "expect connect\nsend 20 02 00 00\nexpect publish\nclose";
    publish_to(script, &["-t", "a", "-m", "x", "-q", "1"]).bad(3, "the message was not acknowledged");
}

#[test]
fn a_line_is_named_when_the_connection_ends_before_its_acknowledgement() {
    let script = "expect connect\nsend 20 02 00 00\nexpect publish\nsend 40 02 $id\nexpect publish\nexpect publish\nclose";
    let broker = ScriptedBroker::start(script.parse().unwrap()).unwrap();
    let mut command = publish(broker.local_addr().port(), &["-t", "a", "-l", "-q", "1"]);
    run_with(&mut command, b"one\ntwo\nthree\n").bad(3, "2 of 3 messages were not acknowledged: number 2, 3");
}

#[test]
fn the_broker_does_not_acknowledge() {
    let script = "expect connect\nsend 20 02 00 00\nexpect publish\nexpect disconnect";
    let finished = publish_to(script, &["-t", "a", "-m", "x", "-q", "1", "--timeout", "0.3"]);
    finished.bad(5, "gave no answer within 300ms; the message was not acknowledged");
    // The second of three.
    let script = "expect connect\nsend 20 02 00 00\nexpect publish\nsend 40 02 $id\nexpect publish\nexpect publish\n\
                  send 40 02 $id\nexpect disconnect";
    let broker = ScriptedBroker::start(script.parse().unwrap()).unwrap();
    let more = ["-t", "a", "-l", "-q", "1", "--timeout", "0.3"];
    let finished = run_with(&mut publish(broker.local_addr().port(), &more), b"one\ntwo\nthree");
    finished.bad(5, "1 of 3 messages were not acknowledged: number 2\n");
    broker.finish(SLACK).unwrap();
    // QoS 2, half of the handshake.
    let script =
        "expect connect\nsend 20 02 00 00\nexpect publish\nsend 50 02 $id\nexpect pubrel\nexpect disconnect";
    publish_to(script, &["-t", "a", "-m", "x", "-q", "2", "--timeout", "0.3"]).bad(5, "not acknowledged");
}

#[test]
fn the_broker_refuses_a_subscription() {
    let broker = TcpBroker::start().unwrap();
    broker.with(|broker| {
        broker.on_subscribe(|_, filter, qos| {
            if filter.as_str() == "secret/#" {
                SubscribeReturnCode::Failure
            } else {
                SubscribeReturnCode::Granted(qos)
            }
        });
    });
    let finished = run(&mut subscribe(broker.local_addr().port(), &["-t", "open/#", "-t", "secret/#"]));
    finished.bad(6, "refused the subscription to 'secret/#'");
}

#[test]
fn the_broker_stalls() {
    let finished = publish_to("stall 60000", &["-t", "a", "-m", "x", "--timeout", "0.3"]);
    finished.bad(4, "did not answer CONNECT");
    assert!(finished.took < SLACK);

    // It takes the connection, and then no byte more of 10 MB.
    let file = Temporary::of_size("stalled", 10_000_000);
    for qos in ["0", "1", "2"] {
        let more = ["-t", "a", "-f", file.path(), "-q", qos, "--timeout", "0.4"];
        let finished = publish_to("expect connect\nsend 20 02 00 00\nstall 60000", &more);
        finished.bad(4, "takes no more bytes");
        assert!(finished.took < SLACK);
    }

    // Nor of lines, each of which is small.
    let script = "expect connect\nsend 20 02 00 00\nstall 60000".parse().unwrap();
    let broker = ScriptedBroker::start(script).unwrap();
    let lines = ["x".repeat(99), "\n".to_owned()].concat().repeat(200_000);
    let mut command = publish(broker.local_addr().port(), &["-t", "a", "-l", "--timeout", "0.4"]);
    let finished = run_with(&mut command, lines.as_bytes());
    finished.bad(4, "takes no more bytes");
    assert!(finished.took < SLACK);
}

#[test]
fn the_whole_time_is_bounded() {
    let broker = TcpBroker::start().unwrap();
    let port = broker.local_addr().port();
    run(&mut subscribe(port, &["-t", "a", "-W", "0.2"])).bad(27, "the time of -W is over");
    // Standard input stays open.
    let process = Process::start(&mut publish(port, &["-t", "a", "-l", "-W", "0.2"]));
    process.ended().bad(27, "the time of -W is over");
    run(&mut publish(port, &["-t", "a", "-m", "x", "--repeat", "9", "--repeat-delay", "100", "-W", "0.2"]))
        .bad(27, "the time of -W is over");
    // Shorter than the time-out of its own of what goes on.
    publish_to("stall 60000", &["-t", "a", "-n", "-W", "0.2"]).bad(27, "the time of -W is over");
    let script = "expect connect\nsend 20 02 00 00\nexpect publish\nexpect disconnect";
    publish_to(script, &["-t", "a", "-m", "x", "-q", "1", "-W", "0.2"]).bad(27, "was not acknowledged");
}

/// Runs a command that must be refused before a connection is opened.
fn refused(args: &[&str], said: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let mut all = args.to_vec();
    if !args.contains(&"-L") {
        all.extend(["-h", "127.0.0.1", "-p", &port]);
    }
    let finished = run(&mut umqtt(&all));
    finished.bad(2, said);
    assert!(!finished.stderr.contains("hidden-word"), "{}", finished.stderr);
    assert_eq!(
        listener.accept().map(drop).unwrap_err().kind(),
        ErrorKind::WouldBlock,
        "a connection was opened"
    );
}

#[test]
fn topics_that_are_none() {
    let long = "t".repeat(70_000);
    refused(&["pub", "-t", "", "-m", "x"], "empty topic");
    refused(&["pub", "-t", "a/#", "-m", "x"], "wildcard in a topic name");
    refused(&["pub", "-t", "a/+/b", "-m", "x"], "wildcard in a topic name");
    refused(&["pub", "-t", &long, "-m", "x"], "longer than 65535 bytes");
    refused(&["sub", "-t", ""], "empty topic");
    refused(&["sub", "-t", "a/#/b"], "wildcard does not fill its level");
    refused(&["sub", "-t", "a/b+"], "wildcard does not fill its level");
    refused(&["sub", "-t", &long], "longer than 65535 bytes");
    refused(&["sub", "-t", "a", "-T", "#b"], "wildcard does not fill its level");
    refused(&["sub", "-U", "a/#/b"], "wildcard does not fill its level");
    refused(&["pub", "-t", "a", "-n", "--will-topic", "w/#"], "topic of the last will");
    refused(&["pub", "-t", "a", "-n", "-i", &long], "client id");
    refused(&["sub", "-L", "mqtt://127.0.0.1:1/a/%23/b"], "wildcard does not fill its level");
}

#[test]
fn messages_that_are_too_large() {
    let file = Temporary::of_size("large", 300_000_000);
    refused(&["pub", "-t", "a", "-f", file.path()], "larger than an MQTT message can be");
    // One byte too many for the topic's length.
    let file = Temporary::of_size("edge", 268_435_455 - 3 + 1);
    refused(&["pub", "-t", "a", "-f", file.path()], "268435452 bytes");
    // Endless input.
    let zero = || Stdio::from(File::open("/dev/zero").unwrap());
    let mut command = umqtt(&["pub", "-p", "1", "-t", "a", "-s"]);
    Process::start_with(command.stdin(zero())).ended().bad(2, "standard input is larger");
}

#[test]
fn a_line_that_is_too_large_ends_the_input() {
    let broker = TcpBroker::start().unwrap();
    let mut command = publish(broker.local_addr().port(), &["-t", "a", "-l", "-q", "1"]);
    let mut endless = Command::new("sh");
    let mut feeder =
        endless.args(["-c", "echo first; cat /dev/zero"]).stdout(Stdio::piped()).spawn().unwrap();
    let process = Process::start_with(command.stdin(feeder.stdout.take().unwrap()));
    // It holds the reading end of the pipe.
    drop(command);
    process.ended().bad(2, "line 2 is larger than an MQTT message can be");
    feeder.wait().unwrap();
    let payloads: Vec<_> =
        broker.with(|broker| broker.messages().map(|message| message.payload.clone()).collect());
    assert_eq!(payloads, [b"first"]);
}

#[test]
fn flags_that_contradict() {
    refused(&["pub", "-t", "a"], "required");
    refused(&["pub", "-m", "x"], "--topic");
    refused(&["pub", "-t", "a", "-m", "x", "-n"], "cannot be used with");
    refused(&["pub", "-t", "a", "-m", "x", "--topci", "b"], "'--topic'");
    refused(&["pub", "-t", "a", "-m", "x", "-q", "3"], "QoS is 0, 1 or 2");
    refused(&["pub", "-t", "a", "-n", "-c", "-i", ""], "[MQTT-3.1.3-7]");
    refused(&["sub", "-t", "a", "-c"], "-c needs a client id (-i)");
    refused(&["sub", "-t", "a", "-i", "x", "-I", "y"], "cannot be used with");
    refused(&["sub", "-t", "a", "-P", "hidden-word"], "needs a user name");
    refused(&["sub", "-t", "a", "-F", "%z"], "%z");
    refused(&["sub", "-t", "a", "-F", "%t", "-v"], "cannot be used with");
    refused(&["sub"], "--topic");
    refused(&["sub", "-t", "a", "--timeout", "0"], "more than 0 seconds");
    refused(&["sub", "-t", "a", "-W", "soon"], "a number of seconds");
    refused(&["sub", "-t", "a", "-V", "5"], "mqttv311");
    refused(&["sub", "-t", "a", "--will-retain"], "--will-topic");
    refused(&["sub", "-t", "a", "-L", "mqtts://ann:hidden-word@127.0.0.1"], "no TLS yet");
    refused(&["sub", "-t", "a", "-L", "http://ann:hidden-word@127.0.0.1"], "mqtt://");
    refused(&["sub", "-t", "a", "-L", "mqtt://ann:hidden-word%@127.0.0.1"], "password in the URL");
    refused(&["sub", "-t", "a", "-L", "mqtt://ann:hidden-word@:1"], "the host is missing");
    refused(&["sub", "-L", "mqtt://ann:hidden-word@127.0.0.1:1"], "a topic filter is needed");
    run(&mut umqtt(&["sub", "-t", "a", "-p", "0"])).bad(2, "invalid value '0' for '--port");
    run(&mut umqtt(&["demo", "--broker", "mqtts://127.0.0.1"])).bad(2, "no TLS yet");
    run(&mut umqtt(&["publish"])).bad(2, "'pub'");
}

#[test]
fn files_that_are_not_there() {
    for args in [
        ["pub", "-t", "a", "-f", "/no/such/file", "-u", "ann"],
        ["pub", "-nt", "a", "--pw-file", "/no/such/file", "-u", "ann"],
        ["pub", "-t", "a", "-f", "/", "-u", "ann"],
    ] {
        run(&mut umqtt(&args)).bad(1, "cannot read /");
    }
}

#[test]
fn quiet_is_quiet() {
    let finished = run(&mut umqtt(&["pub", "-p", "1", "-t", "a", "-n", "--quiet"]));
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(3), ""));
}

/// A sparse file that is removed in the end.
struct Temporary(PathBuf);

impl Temporary {
    fn of_size(name: &str, size: u64) -> Self {
        let path = std::env::temp_dir().join(format!("umqtt-cli-{}-{name}", std::process::id()));
        File::create(&path).unwrap().set_len(size).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
