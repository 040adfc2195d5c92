//! `cargo xtask micropython`: a real MicroPython, on this machine and in QEMU.

mod architecture;
pub(crate) mod bench;
mod broker;
pub(crate) mod build;
mod check;
mod demo;
mod dist;
mod guard;
mod load;
pub(crate) mod modules;
mod narrow;
pub(crate) mod place;
mod ports;
pub(crate) mod process;
pub(crate) mod program;
mod qemu;
mod qstrs;
mod sources;
pub(crate) mod tests;
pub(crate) mod user_module;
mod vectors;
mod xtensa;

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::arguments::Arguments;
use crate::shell::Result;
pub(crate) use check::check_ports;
use program::Program;

pub(crate) const HELP: &str = "
Usage: cargo xtask micropython demo [--broker HOST:PORT]
       cargo xtask micropython setup
       cargo xtask micropython run [OPTIONS] PROGRAM.py
       cargo xtask micropython check
       cargo xtask micropython modules
       cargo xtask micropython tests [NAME...]
       cargo xtask micropython place

  demo   build umqtt.simple2, and publish and receive with it on a real MicroPython: on Mosquitto, or
         on a broker that umqtt brings along, or on the broker given. Runs setup if it must
  setup  get MicroPython's source (1.25, Debian's source package) and the original umqtt.simple2 and
         umqtt.robust2, and build MicroPython: its compiler, its port to this machine, and its
         ports to boards that QEMU has. It is part of `cargo xtask setup`
  run    run a program, print what it prints, and fail if an exception ends it
  check  run small programs on every port
  modules
         build the modules for every architecture, run each where QEMU has its processor, and
         compare code for the ESP32 with this machine, on every wire vector
  tests  run micropython/tests, or those whose name has a NAME in it: umqtt.simple2 and umqtt.robust2
         on this machine, beside the originals
  place  say where all that stands: in $UMQTT_CACHE, or else in umqtt in the user's cache

  --port PORT         unix (the default), cortex-m3, cortex-m4, cortex-m7, cortex-m0, riscv or
                      esp8266
  --with FILE[:NAME]  a file that the program can import or open, under this name if not its own;
                      may be given more than once
  --icount            let time.ticks_cpu() count instructions, and all clocks follow it: an
                      instruction takes 1.024 us. Not on unix
  --seconds SECONDS   the longest that it may take (60)
";

/// What a MicroPython runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    /// This machine, with sockets and TLS.
    Unix,
    /// QEMU's `mps2-an385`.
    CortexM3,
    /// QEMU's `mps2-an386`, with the firmware of [`Port::CortexM3`].
    CortexM4,
    /// QEMU's `mps2-an500`, with the firmware of [`Port::CortexM3`].
    CortexM7,
    /// QEMU's `microbit`, with more memory.
    CortexM0,
    /// QEMU's `virt`, with 32 bits.
    RiscV,
    /// QEMU's `lx106`, the CPU of the ESP8266.
    Esp8266,
}

impl Port {
    pub(crate) const ALL: [Self; 7] = [
        Self::Unix,
        Self::CortexM3,
        Self::CortexM4,
        Self::CortexM7,
        Self::CortexM0,
        Self::RiscV,
        Self::Esp8266,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unix => "unix",
            Self::CortexM3 => "cortex-m3",
            Self::CortexM4 => "cortex-m4",
            Self::CortexM7 => "cortex-m7",
            Self::CortexM0 => "cortex-m0",
            Self::RiscV => "riscv",
            Self::Esp8266 => "esp8266",
        }
    }

    fn named(name: &str) -> Result<Self> {
        let port = Self::ALL.into_iter().find(|port| port.name() == name);
        port.ok_or_else(|| format!("no port is called `{name}`; see --help").into())
    }
}

pub(crate) fn run(mut arguments: Arguments) -> Result {
    let port = arguments.value("--port")?;
    let counted = arguments.flag("--icount");
    let seconds = arguments.value("--seconds")?;
    let mut files = Vec::new();
    while let Some(file) = arguments.value("--with")? {
        files.push(file_with_name(&file)?);
    }
    let broker = arguments.value("--broker")?;
    let words = arguments.words()?;
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["demo"] => demo::run(broker.as_deref()),
        ["setup"] => setup(),
        ["check"] => check_ports(),
        ["modules"] => modules::check(),
        ["tests", ref filters @ ..] => tests::run(filters),
        ["place"] => print_places(),
        ["run", path] => run_program(&Program {
            port: port.map_or(Ok(Port::Unix), |name| Port::named(&name))?,
            files,
            text: fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?,
            counted,
            limit: Duration::from_secs(seconds.map_or(Ok(60), |seconds| seconds.parse())?),
        }),
        _ => {
            Err("say what to do: demo, setup, run PROGRAM.py, check, modules, tests or place; see --help"
                .into())
        }
    }
}

fn print_places() -> Result {
    println!("{:<24}{}", "cache", place::cache()?.display());
    println!("{:<24}{}", "source", place::source()?.display());
    println!("{:<24}{}", "mpy-cross", place::mpy_cross()?.display());
    println!("{:<24}{}", "python for its tools", place::python()?.display());
    for name in ["simple2", "robust2"] {
        println!("{:<24}{}", format!("original {name}"), place::originals(name)?.display());
    }
    for port in Port::ALL {
        println!("{:<24}{}", port.name(), place::firmware(port)?.display());
    }
    Ok(())
}

/// The file of `FILE[:NAME]`, read.
fn file_with_name(argument: &str) -> Result<(String, Vec<u8>)> {
    let (path, name) = match argument.split_once(':') {
        Some((path, name)) => (path, name.to_owned()),
        None => {
            let name = Path::new(argument).file_name().unwrap_or_default();
            (argument, name.to_string_lossy().into_owned())
        }
    };
    Ok((name, fs::read(path).map_err(|error| format!("{path}: {error}"))?))
}

fn run_program(program: &Program) -> Result {
    let ended = program.run()?;
    print!("{}", ended.output);
    match ended.error {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

/// Gets and builds whatever is not there.
pub(crate) fn setup() -> Result {
    sources::packages()?;
    sources::components()?;
    let _alone = place::lock()?;
    sources::python()?;
    sources::originals()?;
    sources::micropython()?;
    ports::build()
}
