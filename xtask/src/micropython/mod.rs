//! `cargo xtask micropython`: a real MicroPython, on this machine and in QEMU.

mod architecture;
pub(crate) mod build;
mod dist;
mod guard;
pub(crate) mod place;
mod ports;
mod qstrs;
mod sources;
mod xtensa;

use crate::arguments::Arguments;
use crate::shell::Result;

pub(crate) const HELP: &str = "
Usage: cargo xtask micropython setup
       cargo xtask micropython place

  setup  get MicroPython's source (1.25, Debian's source package) and the original umqtt.simple2 and
         umqtt.robust2, and build MicroPython: its compiler, its port to this machine, and its
         ports to boards that QEMU has. It is part of `cargo xtask setup`
  place  say where it stands: in $UMQTT_CACHE, or else in umqtt in the user's cache
";

/// What a MicroPython runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    /// This machine, with sockets and TLS.
    Unix,
    /// QEMU's `mps2-an385`.
    CortexM3,
    /// QEMU's `microbit`.
    CortexM0,
    /// QEMU's `virt`, with 32 bits.
    RiscV,
    /// QEMU's `lx106`, the CPU of the ESP8266.
    Esp8266,
}

pub(crate) fn run(arguments: Arguments) -> Result {
    let words = arguments.words()?;
    match words.first().map(String::as_str) {
        Some("setup") => setup(),
        Some("place") => {
            println!("{}", place::cache()?.display());
            Ok(())
        }
        _ => Err("say what to do: setup or place; see --help".into()),
    }
}

/// Gets and builds whatever is not there.
pub(crate) fn setup() -> Result {
    sources::packages()?;
    let _alone = place::lock()?;
    sources::python()?;
    sources::originals()?;
    sources::micropython()?;
    ports::build()
}
