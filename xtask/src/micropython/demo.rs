//! `cargo xtask micropython demo`: our `umqtt.simple2` on a real MicroPython, with a broker.

use std::process::Command;
use std::time::Duration;

use super::broker::Broker;
use super::process::{Process, Stopped};
use super::{architecture, build, place};
use crate::shell::{Result, root};

/// The longest that the program may take.
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
