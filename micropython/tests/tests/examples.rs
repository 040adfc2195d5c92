//! Every program of `examples/` and of the README runs as it stands, against a real Mosquitto.
//!
//! The board is MicroPython's Unix port with `python/board/`: pins are files, every host is the broker, and sleep is
//! short.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use umqtt::std::TcpClient;
use umqtt::{ConnectOptions, Event, QoS};
use umqtt_micropython_tests::{Mosquitto, Port, Side};

/// The longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// A board with a broker, and a second client of that broker.
struct Garden {
    port: Port,
    broker: Mosquitto,
    friend: TcpClient,
}

impl Garden {
    fn new() -> Option<Self> {
        let port = Port::from_environment()?;
        let broker = Mosquitto::start()?;
        let mut friend = connect(&broker, "friend");
        friend.subscribe("#", QoS::AtLeastOnce).unwrap();
        let event = friend.wait_msg().unwrap().0;
        assert!(matches!(event, Event::Subscribed { .. }), "{event:?}");
        Some(Self { port, broker, friend })
    }

    /// Starts a program in the folder of the broker.
    fn run(&self, program: &Path) -> Program {
        let board = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/board");
        let mut command = self.port.command(Side::Ours, &[&board], &[&self.port.extmod()]);
        command.arg(program).current_dir(self.broker.folder());
        command.env("PORT", self.broker.port().to_string());
        command.env("TLS_PORT", self.broker.tls_port().to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (printed, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || output.lines().map_while(Result::ok).all(|line| printed.send(line).is_ok()));
        Program { child, lines }
    }

    fn example(&self, name: &str) -> Program {
        self.run(&micropython().join("examples").join(name))
    }

    /// The next message, from any client.
    fn message(&mut self) -> (String, Vec<u8>) {
        let milliseconds = u32::try_from(PATIENCE.as_millis()).unwrap();
        loop {
            match self.friend.check_msg(milliseconds).unwrap().expect("a message in time").0 {
                Event::Message(message) => return (message.topic.to_string(), message.payload.to_vec()),
                Event::Delivered { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Takes messages until this one comes.
    fn wait_for(&mut self, topic: &str, payload: &[u8]) {
        let start = Instant::now();
        while self.message() != (topic.to_owned(), payload.to_vec()) {
            assert!(start.elapsed() < PATIENCE, "{topic} does not come");
        }
    }

    fn publish(&mut self, topic: &str, payload: &[u8]) {
        self.friend.publish(topic, payload, QoS::AtLeastOnce, false).unwrap();
    }

    /// Publishes, again and again, until `seen`.
    ///
    /// A client that subscribes meanwhile receives it soon.
    fn publish_until(&mut self, topic: &str, payload: &[u8], mut seen: impl FnMut(&mut Self) -> bool) {
        let start = Instant::now();
        loop {
            self.publish(topic, payload);
            self.wait_for(topic, payload);
            let again = Instant::now();
            while again.elapsed() < Duration::from_millis(100) {
                if seen(self) {
                    return;
                }
                thread::yield_now();
            }
            assert!(start.elapsed() < PATIENCE, "{topic} has no effect");
        }
    }

    fn pin(&self, number: u32) -> PathBuf {
        self.broker.folder().join(format!("pin{number}"))
    }
}

fn connect(broker: &Mosquitto, id: &str) -> TcpClient {
    let options = ConnectOptions::new(id).unwrap();
    umqtt::std::connect(&format!("127.0.0.1:{}", broker.port()), &options).unwrap()
}

/// The folder of what is written for MicroPython.
fn micropython() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A running program; dropping it ends it.
struct Program {
    child: Child,
    lines: Receiver<String>,
}

impl Program {
    fn line(&mut self) -> String {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(error) => panic!("no line ({error}): {}", self.complaint()),
        }
    }

    /// Takes lines until this one comes.
    fn wait_for(&mut self, expected: &str) {
        self.wait_until(|line| line.trim_end() == expected);
    }

    /// Takes lines until one is as it should be.
    fn wait_until(&mut self, expected: impl Fn(&str) -> bool) {
        let start = Instant::now();
        while !expected(&self.line()) {
            assert!(start.elapsed() < PATIENCE, "the line does not come");
        }
    }

    /// Whether it has printed this line since it was asked last.
    fn printed(&self, expected: &str) -> bool {
        self.lines.try_iter().any(|line| line == expected)
    }

    /// Waits for its end, which must be a good one; gives what it printed.
    fn finish(mut self) -> Vec<String> {
        let start = Instant::now();
        let mut lines = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            lines.push(line);
            assert!(start.elapsed() < PATIENCE, "it does not end: {lines:?}");
        }
        while self.child.try_wait().unwrap().is_none() && start.elapsed() < PATIENCE {
            thread::yield_now();
        }
        let status = self.child.try_wait().unwrap().expect("an end in time");
        assert!(status.success(), "{status}, {lines:?}: {}", self.complaint());
        lines
    }

    /// Waits for its end, which must be a bad one; gives what it said.
    fn fail(mut self) -> String {
        let line = self.lines.recv_timeout(PATIENCE);
        assert_eq!(line, Err(RecvTimeoutError::Disconnected), "it does not end");
        self.complaint()
    }

    /// Ends it, and gives what it said about its end.
    fn complaint(&mut self) -> String {
        let _ = self.child.kill();
        let mut text = String::new();
        let _ = self.child.stderr.take().map(|mut errors| errors.read_to_string(&mut text));
        text
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn boot() {
    let Some(garden) = Garden::new() else { return };
    assert_eq!(garden.example("boot.py").finish(), ["joining garden", "online"]);
}

#[test]
fn publish() {
    let Some(mut garden) = Garden::new() else { return };
    assert_eq!(garden.example("publish.py").finish(), ["message 1 is delivered"]);
    assert_eq!(garden.message(), ("shed/hello".into(), b"sent once, and forgotten".to_vec()));
    assert_eq!(garden.message(), ("shed/temperature".into(), b"21.5".to_vec()));
}

#[test]
fn subscribe() {
    let Some(mut garden) = Garden::new() else { return };
    garden.friend.publish("shed/state", b"here", QoS::AtLeastOnce, true).unwrap();
    garden.wait_for("shed/state", b"here");
    let mut program = garden.example("subscribe.py");
    program.wait_for("shed/state here (retained)");
    garden.publish("shed/temperature", b"21.5");
    program.wait_for("shed/temperature 21.5");
}

#[test]
fn led() {
    let Some(mut garden) = Garden::new() else { return };
    let _program = garden.example("led.py");
    let pin = garden.pin(2);
    let level = || fs::read_to_string(&pin).unwrap_or_default();
    garden.publish_until("shed/lamp/set", b"on", |_| level() == "1");
    garden.wait_for("shed/lamp", b"on");
    garden.publish("shed/lamp/set", b"off");
    garden.wait_for("shed/lamp", b"off");
    assert_eq!(level(), "0");
}

#[test]
fn button() {
    let Some(mut garden) = Garden::new() else { return };
    let pin = garden.pin(0);
    fs::write(&pin, "1").unwrap();
    let _program = garden.example("button.py");
    let press = |level: &str| {
        // The program may read the file at any moment.
        let new = pin.with_extension("new");
        fs::write(&new, level).unwrap();
        fs::rename(&new, &pin).unwrap();
    };
    press("0");
    garden.wait_for("shed/button", b"pressed");
    press("1");
    garden.wait_for("shed/button", b"released");
}

#[test]
fn last_will() {
    let Some(mut garden) = Garden::new() else { return };
    let program = garden.example("last_will.py");
    garden.wait_for("shed/state", b"here");
    drop(program);
    garden.wait_for("shed/state", b"gone");
}

#[test]
fn robust_loop() {
    let Some(mut garden) = Garden::new() else { return };
    let mut program = garden.example("robust_loop.py");
    garden.wait_for("shed/count", b"1");
    garden.publish_until("shed/say", b"hello", |_| {
        program.lines.try_iter().any(|line| line == "shed/say hello")
    });
    // Somebody with the same client id throws it out; it comes back by itself, and is subscribed.
    let other = connect(&garden.broker, "shed");
    program.wait_until(|line| line.starts_with("MQTT ("));
    drop(other);
    garden.publish_until("shed/say", b"again", |_| {
        program.lines.try_iter().any(|line| line == "shed/say again")
    });
}

#[test]
fn asyncio_loop() {
    let Some(mut garden) = Garden::new() else { return };
    let program = garden.example("asyncio_loop.py");
    garden.wait_for("shed/count", b"1");
    garden.publish_until("shed/say", b"hello", |_| program.printed("shed/say hello"));
}

#[test]
fn deep_sleep() {
    let Some(mut garden) = Garden::new() else { return };
    assert_eq!(garden.example("deep_sleep.py").finish(), ["deepsleep 600000"]);
    garden.wait_for("shed/temperature", b"21.5");
    // What is sent to it meanwhile waits for it.
    garden.publish("shed/interval", b"5");
    garden.wait_for("shed/interval", b"5");
    assert_eq!(garden.example("deep_sleep.py").finish(), ["shed/interval 5", "deepsleep 600000"]);
}

#[test]
fn deep_sleep_without_a_broker_ends_too() {
    let Some(mut garden) = Garden::new() else { return };
    garden.broker = Mosquitto::with_settings("allow_anonymous false\n", "").unwrap();
    assert_eq!(garden.example("deep_sleep.py").finish(), ["deepsleep 600000"]);
}

#[test]
fn tls_checked() {
    let Some(mut garden) = Garden::new() else { return };
    assert!(garden.example("tls_checked.py").finish().is_empty());
    garden.wait_for("shed/temperature", b"21.5");
    // A broker with another name than its certificate has.
    let text = fs::read_to_string(micropython().join("examples/tls_checked.py")).unwrap();
    let file = garden.broker.folder().join("other.py");
    fs::write(&file, text.replace("broker.local", "other.local")).unwrap();
    let complaint = garden.run(&file).fail();
    assert!(complaint.contains("expected CN"), "{complaint}");
    // A broker whose certificate another CA has signed.
    let ca = fs::read(garden.broker.folder().join("ca.der")).unwrap();
    let other = Mosquitto::start().unwrap();
    fs::write(other.folder().join("ca.der"), ca).unwrap();
    garden.broker = other;
    let complaint = garden.example("tls_checked.py").fail();
    assert!(complaint.contains("not correctly signed"), "{complaint}");
}

#[test]
fn large_message() {
    let Some(mut garden) = Garden::new() else { return };
    let firmware: Vec<u8> = (0..100_000_u32).map(|at| (at % 251) as u8).collect();
    // Who listens to everything is not to take it.
    garden.friend.disconnect().unwrap();
    garden.friend = connect(&garden.broker, "friend");
    garden.friend.publish("shed/firmware", &firmware, QoS::AtLeastOnce, true).unwrap();
    assert!(matches!(garden.friend.wait_msg().unwrap().0, Event::Delivered { .. }));
    let program = garden.example("large_message.py");
    program.finish();
    assert_eq!(fs::read(garden.broker.folder().join("firmware.bin")).unwrap(), firmware);
}

#[test]
fn demo() {
    let Some(garden) = Garden::new() else { return };
    let lines = garden.example("demo.py").finish();
    assert!(
        lines.iter().any(|line| line.contains("display receives") || line.ends_with("22.5")),
        "{lines:?}"
    );
    assert!(lines.last().unwrap().starts_with("All as it should be"), "{lines:?}");
}

/// Every example has a test here, by its name.
#[test]
fn none_is_forgotten() {
    let tests = include_str!("examples.rs");
    for entry in fs::read_dir(micropython().join("examples")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(tests.contains(&format!("example(\"{name}\")")), "{name} has no test");
    }
}

/// A user who copies file by file needs all of them.
#[test]
fn the_readme_names_every_file() {
    let readme = fs::read_to_string(micropython().join("README.md")).unwrap();
    let (_, names) = readme.split_once("for name in \"").expect("a list of files");
    let mut named: Vec<&str> = names.split('"').next().unwrap().split(' ').collect();
    named.sort_unstable();
    let mut there: Vec<String> = ["python/umqtt", "python/native"]
        .iter()
        .flat_map(|folder| fs::read_dir(micropython().join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    there.sort_unstable();
    there.dedup();
    assert_eq!(named, there);
}

/// Each program of the README is a part of an example, or runs to its end by itself.
#[test]
fn readme() {
    let Some(garden) = Garden::new() else { return };
    let examples: Vec<String> = fs::read_dir(micropython().join("examples"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let text = fs::read_to_string(micropython().join("README.md")).unwrap();
    let mut count = 0;
    for (number, part) in text.split("```python\n").enumerate().skip(1) {
        let (program, _) = part.split_once("```").expect("the end of a program");
        if !examples.iter().any(|example| example.contains(program)) {
            let file = garden.broker.folder().join(format!("readme{number}.py"));
            fs::File::create(&file).unwrap().write_all(program.as_bytes()).unwrap();
            println!("program {number} of the README:\n{program}");
            garden.run(&file).finish();
        }
        count = number;
    }
    assert!(count > 5, "{count} programs in the README");
}
