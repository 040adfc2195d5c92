//! `cargo xtask micropython modules`: our modules, for every architecture, run where there is its processor.

use std::fs;
use std::time::Duration;

use super::architecture::{ARCHITECTURES, Architecture, named};
use super::build::{Built, build};
use super::program::{Ended, Program};
use super::{Port, dist, vectors};
use crate::shell::Result;

const LIMIT: Duration = Duration::from_secs(120);

/// What every board does with its own modules.
pub(super) const EXERCISE: &str = include_str!("../../../micropython/qemu/exercise.py");

/// Builds the modules for every architecture and runs them, or for the ESP32 the core of them.
///
/// # Errors
/// What cannot be built, what a program on a board ends with, and a sentence that is not said.
pub(crate) fn check() -> Result {
    let built = ARCHITECTURES.iter().map(build).collect::<Result<Vec<_>>>()?;
    print!("{}", dist::table(&built));
    for one in &built {
        let name = one.architecture.name;
        match processor(one.architecture) {
            Some(port) => {
                let output = run(port, files(one, port)?, EXERCISE)?;
                if !output.starts_with("exercised ") {
                    return Err(format!("{name} on {}: {output}", port.name()).into());
                }
                println!("{name}: exercised on {}", port.name());
            }
            None => vectors::check()?,
        }
    }
    let [m0, m3] = ["armv6m", "armv7m"].map(|name| built.iter().find(|one| one.architecture.name == name));
    let (Some(m0), Some(m3)) = (m0, m3) else { return Err("an ARM is missing".into()) };
    // What is built for the lesser ARM runs on the greater, and the other way it says why not.
    run(Port::CortexM3, files(m0, Port::CortexM3)?, EXERCISE)?;
    is_refused(m3, Port::CortexM0, "armv6m")?;
    is_refused(m3, Port::Esp8266, "xtensa")?;
    is_refused(m3, Port::Unix, "x64")
}

const fn processor(architecture: &Architecture) -> Option<Port> {
    match architecture.name.as_bytes() {
        b"x64" => Some(Port::Unix),
        b"armv6m" => Some(Port::CortexM0),
        b"armv7m" => Some(Port::CortexM3),
        b"armv7emsp" => Some(Port::CortexM4),
        b"armv7emdp" => Some(Port::CortexM7),
        b"rv32imc" => Some(Port::RiscV),
        b"xtensa" => Some(Port::Esp8266),
        _ => None,
    }
}

/// The files of an architecture, for a port.
///
/// On a Cortex-M4 and M7 runs the firmware for a Cortex-M3, which would refuse their files: so the files say that
/// they are for it.
fn files(built: &Built, port: Port) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    for file in &built.files {
        let mut bytes = fs::read(&file.path)?;
        if matches!(port, Port::CortexM4 | Port::CortexM7) {
            if file.name() == "__init__.mpy" {
                continue;
            }
            if let Some(features) = bytes.get_mut(2).filter(|features| **features >> 2 != 0) {
                *features = named("armv7m")?.number << 2 | *features & 3;
            }
        }
        files.push((format!("umqtt/{}", file.name()), bytes));
    }
    if matches!(port, Port::CortexM4 | Port::CortexM7) {
        files.push(("umqtt/__init__.py".to_owned(), Vec::new()));
    }
    Ok(files)
}

fn run(port: Port, files: Vec<(String, Vec<u8>)>, text: &str) -> Result<String> {
    let ended = Program { port, files, text: text.to_owned(), counted: false, limit: LIMIT }.run()?;
    match ended {
        Ended { output, error: None } => Ok(output),
        Ended { output, error: Some(error) } => Err(format!("{}: {output}{error}", port.name()).into()),
    }
}

/// Sees that modules say at import which architecture they are for, and which this one is.
fn is_refused(built: &Built, port: Port, here: &str) -> Result {
    let name = built.architecture.name;
    let import = "
try:
    import umqtt.simple2
except ImportError as error:
    print(error)
";
    let said = run(port, files(built, port)?, import)?;
    let expected = format!(
        "these files of umqtt are for {name} and MicroPython 1.23 or newer; this is {here}, MicroPython 1.25\n"
    );
    if said != expected {
        return Err(format!("{name} on {}: not `{expected}` but `{said}`", port.name()).into());
    }
    println!("{name}: refused on {}, with a sentence", port.name());
    Ok(())
}
