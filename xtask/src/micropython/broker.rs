//! A broker for a program that runs on this machine.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::build::target_folder;
use super::process::Process;
use crate::shell::{Result, cargo, which};

/// The longest that a broker may take to start.
const LIMIT: Duration = Duration::from_secs(60);

/// A broker; one that was started here ends with it.
pub(super) struct Broker {
    pub(super) name: String,
    pub(super) host: String,
    pub(super) port: String,
    _process: Option<Process>,
}

impl Broker {
    /// The broker at this address, or else Mosquitto, or else the one of the test kit.
    pub(super) fn start(address: Option<&str>) -> Result<Self> {
        let Some(address) = address else {
            return match which("mosquitto") {
                Some(_) => Self::mosquitto(),
                None => Self::testkit(),
            };
        };
        let (host, port) = address.rsplit_once(':').unwrap_or((address, "1883"));
        Ok(Self { name: address.to_owned(), host: host.to_owned(), port: port.to_owned(), _process: None })
    }

    /// A Mosquitto that lets everybody in and answers at once, however small its packets are.
    ///
    /// # Errors
    /// When there is none on this machine, or it does not start.
    pub(super) fn mosquitto() -> Result<Self> {
        let program = which("mosquitto").ok_or("there is no mosquitto on this machine")?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        fs::create_dir_all(target_folder())?;
        let configuration = target_folder().join(format!("mosquitto-{port}.conf"));
        let lines = format!("listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n");
        fs::write(&configuration, lines)?;
        let process = Process::start(Command::new(program).arg("-c").arg(&configuration), 2 * LIMIT)?;
        let start = Instant::now();
        let mut begun = false;
        while !begun && start.elapsed() < LIMIT {
            begun = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
            thread::sleep(Duration::from_millis(10));
        }
        fs::remove_file(configuration)?;
        if !begun {
            return Err("mosquitto does not start; give a broker by --broker HOST:PORT".into());
        }
        Ok(Self::here("Mosquitto", &port.to_string(), process))
    }

    fn testkit() -> Result<Self> {
        println!("there is no mosquitto here; building the broker of umqtt-testkit");
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
