//! Against Mosquitto: its broker and its clients, both ways, at each QoS.
//!
//! Without Mosquitto on the machine these tests are left out, unless `UMQTT_REAL=1` forbids that.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use crate::process::{Process, run, run_with, umqtt};

/// A Mosquitto of our own on a free port.
struct Mosquitto {
    port: String,
    folder: PathBuf,
    _process: Process,
}

impl Mosquitto {
    /// `None` when there is none on this machine.
    fn start(name: &str, more: &str) -> Option<Self> {
        let Some(program) = program() else {
            assert!(std::env::var_os("UMQTT_REAL").is_none(), "UMQTT_REAL is set, and there is no mosquitto");
            return None;
        };
        let folder = std::env::temp_dir().join(format!("umqtt-cli-{}-mosquitto-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        // Somebody else may take the port first.
        for _ in 0..10 {
            let port = free_port().to_string();
            let config = format!(
                "listener {port} 127.0.0.1\nuser root\nqueue_qos0_messages true\nmax_queued_messages 0\n{more}\n"
            );
            fs::write(folder.join("mosquitto.conf"), config).unwrap();
            let process = Process::start(Command::new(program).arg("-c").arg(folder.join("mosquitto.conf")));
            if process.says("running") {
                return Some(Self { port, folder, _process: process });
            }
        }
        panic!("mosquitto does not start");
    }

    fn open(name: &str) -> Option<Self> {
        Self::start(name, "allow_anonymous true")
    }

    fn umqtt(&self, args: &[&str]) -> Command {
        let (command, rest) = args.split_first().unwrap();
        let mut program = umqtt(&[command, "-h", "127.0.0.1", "-p", &self.port]);
        program.args(rest);
        program
    }

    fn theirs(&self, args: &[&str]) -> Command {
        let (program, rest) = args.split_first().unwrap();
        let mut program = Command::new(program);
        program.args(["-V", "311", "-h", "127.0.0.1", "-p", &self.port]).args(rest);
        program
    }

    /// Starts `umqtt sub` and waits until it is subscribed.
    fn subscribed(&self, args: &[&str]) -> Process {
        let process = Process::start(self.umqtt(&["sub", "-d"]).args(args));
        process.wait_for_stderr("subscribed to");
        process
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn program() -> Option<&'static str> {
    ["mosquitto", "/usr/sbin/mosquitto"].into_iter().find(|program| {
        let found = Command::new(program).arg("-h").output();
        !matches!(found, Err(error) if error.kind() == ErrorKind::NotFound)
    })
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn lines(count: usize) -> String {
    (0..count).map(|number| format!("line {number}\n")).collect()
}

#[test]
fn umqtt_pub_to_mosquitto_sub() {
    let Some(broker) = Mosquitto::open("to-sub") else { return };
    for qos in ["0", "1", "2"] {
        // A session that is there before the messages come.
        let session = ["mosquitto_sub", "-c", "-i", "theirs", "-q", qos, "-t", "a/#"];
        run(broker.theirs(&session).arg("-E")).good();
        run_with(&mut broker.umqtt(&["pub", "-t", "a/lines", "-l", "-q", qos]), lines(300).as_bytes()).good();
        run_with(&mut broker.umqtt(&["pub", "-t", "a/binary", "-s", "-q", qos]), b"\0\xff\n\x80").good();
        run(&mut broker.umqtt(&["pub", "-t", "a/empty", "-n", "-q", qos])).good();
        let out = run(broker.theirs(&session).args(["-C", "302", "-F", "%t %q %x"])).good();
        let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mut expected: Vec<String> =
            lines(300).lines().map(|line| format!("a/lines {qos} {}", hex(line))).collect();
        expected.push(format!("a/binary {qos} 00ff0a80"));
        expected.push(format!("a/empty {qos} "));
        let out = String::from_utf8(out).unwrap();
        assert_eq!(out.lines().collect::<Vec<_>>(), expected, "QoS {qos}");
    }
}

#[test]
fn mosquitto_pub_to_umqtt_sub() {
    let Some(broker) = Mosquitto::open("to-umqtt") else { return };
    for qos in ["0", "1", "2"] {
        let sub = broker.subscribed(&["-q", qos, "-t", "a/#", "-C", "302", "-F", "%t %q %l %p"]);
        run_with(&mut broker.theirs(&["mosquitto_pub", "-t", "a/l", "-l", "-q", qos]), lines(300).as_bytes())
            .good();
        run_with(&mut broker.theirs(&["mosquitto_pub", "-t", "a/b", "-s", "-q", qos]), b"\0\xff\n\x80")
            .good();
        run(&mut broker.theirs(&["mosquitto_pub", "-t", "a/e", "-n", "-q", qos])).good();
        let mut expected: Vec<u8> = lines(300)
            .lines()
            .flat_map(|line| format!("a/l {qos} {} {line}\n", line.len()).into_bytes())
            .collect();
        expected.extend(format!("a/b {qos} 4 ").bytes().chain(*b"\0\xff\n\x80\n"));
        expected.extend(format!("a/e {qos} 0 \n").bytes());
        let finished = sub.finish();
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        assert!(finished.stdout == expected, "QoS {qos}: {}", String::from_utf8_lossy(&finished.stdout));
    }
}

/// Mosquitto waits for no PUBREL before it sends the next message: it has had more than 13,000 ids in use at once.
#[test]
fn a_burst_of_qos_2_from_mosquitto_is_taken_whole() {
    let Some(broker) = Mosquitto::open("burst") else { return };
    let sub = broker.subscribed(&["-q", "2", "-t", "burst", "-C", "15000"]);
    let lines = lines(15_000);
    run_with(&mut broker.theirs(&["mosquitto_pub", "-t", "burst", "-l", "-q", "2"]), lines.as_bytes()).good();
    let finished = sub.finish();
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    assert!(finished.stdout == lines.as_bytes());
}

#[test]
fn ten_megabytes_both_ways() {
    let Some(broker) = Mosquitto::open("large") else { return };
    let payload: Vec<u8> =
        (0..10_000_000u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for qos in ["0", "1", "2"] {
        run_with(&mut broker.umqtt(&["pub", "-t", "ours", "-s", "-r", "-q", qos]), &payload).good();
        let out =
            run(&mut broker.theirs(&["mosquitto_sub", "-t", "ours", "-N", "-C", "1", "-q", qos])).good();
        assert!(out == payload, "umqtt pub, QoS {qos}");
        run_with(&mut broker.theirs(&["mosquitto_pub", "-t", "theirs", "-s", "-r", "-q", qos]), &payload)
            .good();
        let out = run(&mut broker.umqtt(&["sub", "-t", "theirs", "-N", "-C", "1", "-q", qos])).good();
        assert!(out == payload, "umqtt sub, QoS {qos}");
    }
}

#[test]
fn umqtt_with_itself_over_mosquitto() {
    let Some(broker) = Mosquitto::open("both") else { return };
    for qos in ["0", "1", "2"] {
        let sub = broker.subscribed(&["-q", qos, "-t", "a", "-C", "2000"]);
        run_with(&mut broker.umqtt(&["pub", "-t", "a", "-l", "-q", qos]), lines(2000).as_bytes()).good();
        assert!(sub.finish().stdout == lines(2000).as_bytes(), "QoS {qos}");
    }
    // A session that waits, as above, but ours.
    let session = ["sub", "-c", "-i", "ours", "-q", "2", "-t", "a"];
    run(broker.umqtt(&session).arg("-E")).good();
    run_with(&mut broker.umqtt(&["pub", "-t", "a", "-l", "-q", "2"]), lines(500).as_bytes()).good();
    let out = run(broker.umqtt(&session).args(["-C", "500", "-F", "%p"])).good();
    assert!(out == lines(500).as_bytes());
}

#[test]
fn retained_and_will_and_idle_time() {
    let Some(broker) = Mosquitto::open("will") else { return };
    run(&mut broker.theirs(&["mosquitto_pub", "-t", "k", "-m", "kept", "-r", "-q", "1"])).good();
    assert_eq!(run(&mut broker.umqtt(&["sub", "-t", "k", "-C", "1", "-F", "%r %p"])).good(), b"1 kept\n");
    run(&mut broker.umqtt(&["pub", "-t", "k", "-n", "-r", "-q", "1"])).good();
    run(&mut broker.umqtt(&["sub", "-t", "k", "-W", "0.3"])).bad(27, "the time of -W is over");

    // The broker closes a link that is silent for 1.5 times the keep-alive: ours says PINGREQ meanwhile.
    let idle = Process::start(&mut broker.umqtt(&["sub", "-t", "never", "-k", "1", "-W", "4"]));
    let sub = broker.subscribed(&["-t", "state", "-C", "1"]);
    let mortal = Process::start(&mut broker.umqtt(&[
        "pub",
        "-t",
        "a",
        "-l",
        "-d",
        "--will-topic",
        "state",
        "--will-payload",
        "gone",
    ]));
    mortal.wait_for_stderr("session present");
    drop(mortal); // killed
    let finished = sub.finish();
    assert_eq!((finished.code, finished.stdout.as_slice()), (Some(0), b"gone\n".as_slice()));
    idle.ended().bad(27, "the time of -W is over");
}

#[test]
fn a_login() {
    let Some(broker) = Mosquitto::open("passwords") else { return };
    let passwords = broker.folder.join("passwords");
    let made =
        Command::new("mosquitto_passwd").args(["-b", "-c"]).arg(&passwords).args(["ann", "sesame"]).output();
    assert!(made.unwrap().status.success());
    let broker =
        Mosquitto::start("login", &format!("allow_anonymous false\npassword_file {}", passwords.display()))
            .unwrap();
    run(&mut broker.umqtt(&["pub", "-t", "a", "-n", "-u", "ann", "-P", "sesame", "-q", "1"])).good();
    run(broker.umqtt(&["pub", "-t", "a", "-n", "-u", "ann"]).env("UMQTT_PASSWORD", "sesame")).good();
    let url = format!("mqtt://ann:sesame@127.0.0.1:{}", broker.port);
    run(&mut umqtt(&["demo", "--fast", "--broker", &url])).good();
    // Mosquitto says "not authorised" to a wrong password.
    let finished = run(&mut broker.umqtt(&["pub", "-t", "a", "-n", "-u", "ann", "-P", "hidden-word"]));
    finished.bad(15, "may not connect");
    assert!(!finished.stderr.contains("hidden-word"));
}

#[test]
fn the_demo_on_mosquitto() {
    let Some(broker) = Mosquitto::open("demo") else { return };
    let url = format!("mqtt://127.0.0.1:{}", broker.port);
    let out = String::from_utf8(run(&mut umqtt(&["demo", "--broker", &url])).good()).unwrap();
    assert!(out.contains("All as it should be"), "{out}");
}
