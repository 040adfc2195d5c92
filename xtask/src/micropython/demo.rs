//! `cargo xtask micropython demo`: our `umqtt.simple2` on a real MicroPython, with a broker.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::process::{Process, Stopped};
use super::{architecture, build, place};
use crate::shell::{Result, cargo, root, which};

/// The longest that the broker may take to start, and the program to run.
const LIMIT: Duration = Duration::from_secs(60);

/// Builds our modules for this machine and runs the program with them; on a broker of its own if none is given.
pub(super) fn run(broker: Option<&str>) -> Result {
    let is_there = place::unix().and(place::mpy_cross()).and(place::python());
    if let Err(missing) = is_there {
        println!("demo: {missing}; it is made now, which takes some minutes");
        super::setup()?;
    }
    println!("demo: building umqtt.simple2 for this machine, from Rust and Python");
    let built = build::build(architecture::named("x64")?)?;
    let broker = Broker::start(broker)?;
    println!("demo: the broker is {}\n", broker.name);
    let mut micropython = Command::new(place::unix()?);
    micropython.arg(root().join("micropython/examples/demo.py")).args([&broker.host, &broker.port]);
    micropython.env("MICROPYPATH", &built.folder);
    let mut program = Process::start(&mut micropython, LIMIT)?;
    let stopped = loop {
        match program.read_until(b"\n") {
            Ok(line) => println!("{}", String::from_utf8_lossy(&line)),
            Err(stopped) => break stopped,
        }
    };
    let finished = program.finish()?;
    match finished.status {
        Some(status) if status.success() => Ok(()),
        _ if stopped == Stopped::Late => Err(format!("the demo was not done after {LIMIT:?}").into()),
        _ => {
            let said = [finished.output, finished.errors].concat();
            Err(format!("the demo failed: {}", String::from_utf8_lossy(&said).trim()).into())
        }
    }
}

/// A broker; one that was started here ends with it.
struct Broker {
    name: String,
    host: String,
    port: String,
    _process: Option<Process>,
}

impl Broker {
    fn start(address: Option<&str>) -> Result<Self> {
        let Some(address) = address else {
            return match which("mosquitto") {
                Some(_) => Self::mosquitto(),
                None => Self::testkit(),
            };
        };
        let (host, port) = address.rsplit_once(':').unwrap_or((address, "1883"));
        Ok(Self { name: address.to_owned(), host: host.to_owned(), port: port.to_owned(), _process: None })
    }

    fn mosquitto() -> Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let program = which("mosquitto").unwrap_or_else(|| "mosquitto".into());
        let process = Process::start(Command::new(program).args(["-p", &port.to_string()]), 2 * LIMIT)?;
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if start.elapsed() > LIMIT {
                return Err("mosquitto does not start; give a broker by --broker HOST:PORT".into());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(Self::here("Mosquitto", &port.to_string(), process))
    }

    fn testkit() -> Result<Self> {
        println!("demo: there is no mosquitto here; building the broker of umqtt-testkit");
        let mut command = cargo(&["run", "--quiet", "-p", "umqtt-testkit", "--", "broker"]);
        // Its build is part of the time.
        let mut process = Process::start(&mut command, 5 * LIMIT)?;
        match process.read_until(b"\n") {
            Ok(port) => Ok(Self::here("umqtt-testkit's", String::from_utf8_lossy(&port).trim(), process)),
            Err(_) => {
                let errors = process.finish()?.errors;
                Err(format!("no broker could be started: {}", String::from_utf8_lossy(&errors)).into())
            }
        }
    }

    fn here(name: &str, port: &str, process: Process) -> Self {
        let host = Ipv4Addr::LOCALHOST.to_string();
        Self {
            name: format!("{name}, at {host}:{port}"),
            host,
            port: port.to_owned(),
            _process: Some(process),
        }
    }
}
