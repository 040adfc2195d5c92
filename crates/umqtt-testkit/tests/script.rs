//! Scripts on virtual links, on sockets, and through the program.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

mod common;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{connect, hex, publish, subscribe};
use umqtt_testkit::link::{LinkError, Network};
use umqtt_testkit::script::{Player, Progress, ScriptError, ScriptedBroker};

/// Longer than anything here takes; reached only by a test that fails.
const LIMIT: Duration = Duration::from_secs(30);

fn network(script: &str) -> Network<Player> {
    Network::new(Player::new(script.parse().unwrap()))
}

fn progress(network: &Network<Player>) -> Progress {
    network.pump();
    network.with(|player| player.progress())
}

/// Plays a script against a client that writes all of this at once and closes.
fn verdict(script: &str, bytes: &[u8]) -> String {
    let network = network(script);
    let (mut client, _) = network.open();
    client.write(bytes).unwrap();
    drop(client);
    match progress(&network) {
        Progress::Mismatch(mismatch) => mismatch.to_string(),
        Progress::Done => "done".to_owned(),
        Progress::Line(line) => format!("waits in line {line}"),
    }
}

#[test]
fn expectations_are_met_or_named() {
    let hello = connect("a", true, 0);
    for (script, bytes, expected) in [
        ("expect connect", &hello[..], "done"),
        ("expect CONNECT\nexpect close", &hello, "done"),
        ("expect any\nexpect pingreq", &[&hello[..], &hex("c000")].concat(), "done"),
        ("expect 10 ?? 0004 \"MQTT\" ..\nexpect close", &hello, "done"),
        ("expect 10 0d 0004 \"MQTT\" 04 02 0000 0001 61\nexpect close", &hello, "done"),
        ("expect 31 07 0001 61 7a*4\nexpect close", &hex("3107000161 7a7a7a7a"), "done"),
        ("expect 10..\nexpect c0..\nexpect close", &[&hello[..], &hex("c000")].concat(), "done"),
        ("drain", b"anything", "done"),
        ("expect connect", b"", "line 1: `expect connect`, but the client closed the connection"),
        (
            "# comment\n\nexpect  publish",
            &hello[..3],
            "line 3: `expect  publish`, but the client sent CONNECT 10 0d 00",
        ),
        (
            "expect connect",
            &hello[..1],
            "line 1: `expect connect`, but the client sent 10 and closed the connection",
        ),
        ("expect close", &hex("c000"), "line 1: `expect close`, but the client sent PINGREQ c0 00"),
        ("expect c0 01", &hex("c000"), "line 1: `expect c0 01`, but the client sent PINGREQ c0 00"),
        ("expect any", &hex("ff00"), "line 1: `expect any`, but the client sent ff 00"),
        (
            "expect 31 04 0001 61 7a*3",
            &hex("3104000161 7a7b"),
            "line 1: `expect 31 04 0001 61 7a*3`, but the client sent PUBLISH 31 04 00 01 61 7a 7b",
        ),
        ("accept\nclose\naccept", b"", "waits in line 3"),
    ] {
        assert_eq!(verdict(script, bytes), expected, "{script}");
    }
    let long = verdict("expect pingreq", &publish(0x30, "t", 0, &[0; 100]));
    assert!(long.contains(" ... (105 bytes)"), "{long}");
}

#[test]
fn a_difference_is_told_at_its_byte() {
    let network = network("expect 10 0e");
    let (mut client, _link) = network.open();
    client.write(&[0x10]).unwrap();
    assert_eq!(progress(&network), Progress::Line(1));
    client.write(&[0x0d]).unwrap();
    assert!(matches!(progress(&network), Progress::Mismatch(_)));
    assert_eq!(client.read(&mut [0; 1]), Err(LinkError::Reset), "a mismatch resets the connection");
}

#[test]
fn the_example_of_the_documentation_plays() {
    let text = include_str!("../src/script/mod.rs");
    let example = text.split_once("```text\n").unwrap().1.split_once("//! ```").unwrap().0;
    let example: String =
        example.lines().map(|line| format!("{}\n", line.trim_start_matches("//!"))).collect();
    let network = network(&example);
    let (mut first, _link) = network.open();
    first.write(&connect("a", false, 0)).unwrap();
    network.pump();
    assert_eq!(first.read(&mut [0; 9]), Ok(4));
    first.write(&publish(0x32, "t", 0x1234, b"x")).unwrap();
    network.pump();
    assert_eq!(first.read(&mut [0; 9]), Err(LinkError::Reset));
    let (mut second, _link) = network.open();
    second.write(&connect("a", false, 0)).unwrap();
    second.write(&publish(0x3a, "t", 0x1234, b"x")).unwrap();
    network.pump();
    let mut answer = [0; 9];
    assert_eq!(second.read(&mut answer), Ok(8));
    assert_eq!(answer[..8], hex("20020100 40021234"));
    second.write(&hex("e000")).unwrap();
    assert_eq!(progress(&network), Progress::Done);
    assert_eq!(second.read(&mut answer), Ok(0), "the end of the script closes");
}

#[test]
fn ids_are_those_of_the_last_packet_that_had_one() {
    let network = network("expect subscribe\nexpect pingreq\nsend 90 03 $id 00\nexpect 62 02 $id");
    let (mut client, _link) = network.open();
    client.write(&[subscribe(0x0102, &[("t", 0)]), hex("c000")].concat()).unwrap();
    network.pump();
    let mut answer = [0; 9];
    assert_eq!(client.read(&mut answer), Ok(5));
    assert_eq!(answer[..5], hex("9003010200"));
    client.write(&hex("62020103")).unwrap();
    assert!(matches!(progress(&network), Progress::Mismatch(_)));
}

#[test]
fn a_stall_takes_its_virtual_time() {
    let network = network("stall 500\nsend d0 00\nexpect close");
    let (mut client, _link) = network.open();
    client.write(b"").unwrap();
    assert!(!network.wait_readable(&client, network.now().after(499)));
    assert!(network.wait_readable(&client, network.now().after(9)));
    assert_eq!(network.now().as_millis(), 500);
    assert_eq!(client.read(&mut [0; 9]), Ok(2));
}

fn open(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream
}

fn answer(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

#[test]
fn over_a_socket_everything_happens_for_real() {
    let script = "
        expect connect
        send-split 20 02 00 00
        stall 50
        send 30 ff ff
        close
        accept
        expect connect
        reset
        accept
        drain
        accept
        expect close";
    let broker = ScriptedBroker::start(script.parse().unwrap()).unwrap();
    let mut first = open(broker.local_addr());
    first.write_all(&connect("a", true, 0)).unwrap();
    let start = Instant::now();
    assert_eq!(answer(&mut first, 4), hex("20020000"));
    // Bytes that the script never reads do not take away what it sent.
    first.write_all(&hex("c000")).unwrap();
    assert_eq!(answer(&mut first, 3), hex("30ffff"));
    assert!(start.elapsed() >= Duration::from_millis(45));
    assert_eq!(first.read(&mut [0; 1]).unwrap(), 0);
    drop(first);

    let mut second = open(broker.local_addr());
    second.write_all(&connect("a", true, 0)).unwrap();
    assert_eq!(second.read(&mut [0; 1]).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    open(broker.local_addr()).write_all(b"nonsense").unwrap();
    drop(open(broker.local_addr()));
    broker.finish(LIMIT).unwrap();
}

#[test]
fn a_socket_test_ends_in_time_wherever_the_script_is() {
    let scripts = ["accept", "expect connect", "stall 4000000000", "send 00*20000000", "drain"];
    for script in scripts {
        let broker = ScriptedBroker::start(script.parse().unwrap()).unwrap();
        let _client = (script != "accept").then(|| open(broker.local_addr()));
        let start = Instant::now();
        let error = broker.finish(Duration::from_millis(100)).unwrap_err();
        assert!(matches!(error, ScriptError::TimedOut(1)), "{script}: {error}");
        assert!(start.elapsed() < Duration::from_secs(5), "{script}: {:?}", start.elapsed());
    }
    let broker = ScriptedBroker::start("expect connect".parse().unwrap()).unwrap();
    open(broker.local_addr()).write_all(&hex("c000")).unwrap();
    let error = broker.finish(LIMIT).unwrap_err();
    assert!(
        error.to_string().starts_with("line 1: `expect connect`, but the client sent PINGREQ c0 00"),
        "{error}"
    );
}

/// The program; ends when its test fails.
struct Program(Child, SocketAddr);

impl Program {
    fn start(arguments: &[&str], script: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_umqtt-testkit"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port: u16 = line.trim().parse().unwrap();
        Self(child, SocketAddr::from(([127, 0, 0, 1], port)))
    }

    fn end(mut self) -> (Option<i32>, String) {
        let mut text = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        (self.0.wait().unwrap().code(), text)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_program_plays_scripts() {
    let program = Program::start(&["script", "-"], "expect connect\nsend 20020000\nexpect disconnect");
    let mut client = open(program.1);
    client.write_all(&connect("a", true, 0)).unwrap();
    assert_eq!(answer(&mut client, 4), hex("20020000"));
    client.write_all(&hex("e000")).unwrap();
    assert_eq!(program.end(), (Some(0), String::new()));

    let program = Program::start(&["script", "-", "--port", "0"], "expect disconnect");
    open(program.1).write_all(&hex("c000")).unwrap();
    let (code, text) = program.end();
    assert_eq!(code, Some(1));
    assert!(text.contains("-: line 1: `expect disconnect`, but the client sent PINGREQ"), "{text}");

    let program = Program::start(&["script", "-", "--timeout", "0"], "expect disconnect");
    assert_eq!(program.end(), (Some(4), "umqtt-testkit: -: line 1: time is over\n".to_owned()));
}

#[test]
fn the_program_serves_as_a_broker() {
    let program = Program::start(&["broker"], "");
    let mut client = open(program.1);
    client.write_all(&connect("a", true, 0)).unwrap();
    assert_eq!(answer(&mut client, 4), hex("20020000"));
    let port = program.1.port().to_string();
    let taken =
        Command::new(env!("CARGO_BIN_EXE_umqtt-testkit")).args(["broker", "--port", &port]).output().unwrap();
    assert_eq!(taken.status.code(), Some(3));
}

#[test]
fn wrong_usage_is_told() {
    for (arguments, code, text) in [
        (&[][..], 2, "`broker` or `script` is needed"),
        (&["serve"], 2, "`broker` or `script` is needed"),
        (&["broker", "--port"], 2, "--port needs a number"),
        (&["broker", "--port", "70000"], 2, "--port needs a number"),
        (&["broker", "--prot", "1"], 2, "no such option: --prot"),
        (&["script", "no/such/file"], 3, "no/such/file: "),
        (&["script", "Cargo.toml"], 2, "Cargo.toml: line 1: `[package]` is not a step"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_umqtt-testkit")).args(arguments).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.contains(text), "{told}");
    }
    let help = Command::new(env!("CARGO_BIN_EXE_umqtt-testkit")).arg("--help").output().unwrap();
    assert!(help.status.success() && help.stdout.starts_with(b"Usage: "));
}
