//! `cargo xtask micropython vectors`: code for the ESP32 against the same code on this machine.
//!
//! There is no MicroPython here with register windows. So the protocol core, compiled, mended and assembled as the
//! native module is, runs every wire vector on another processor of that kind.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::architecture::named;
use super::process::Process;
use super::{build, xtensa};
use crate::shell::{Result, cargo, command, read, root};

const LIMIT: Duration = Duration::from_secs(120);

/// Runs the vectors on both and compares.
///
/// # Errors
/// What differs, and tools that are missing.
pub(crate) fn check() -> Result {
    let package = root().join("micropython/vectors");
    let here = here(&package)?;
    let there = there(&package)?;
    for (here, there) in here.lines().zip(there.lines()) {
        if here != there {
            return Err(
                format!("the code for the ESP32 says `{there}` where this machine says `{here}`").into()
            );
        }
        println!("xtensawin: {there}");
    }
    if here.is_empty() || here != there {
        return Err(format!("the code for the ESP32 ended early:\n{there}").into());
    }
    println!("xtensawin: every outcome is the same as on this machine");
    Ok(())
}

fn here(package: &Path) -> Result<String> {
    let mut host = cargo(&["run", "--quiet", "--release", "--features", "host", "--manifest-path"]);
    host.arg(package.join("Cargo.toml")).arg("--target-dir").arg(build::target_folder());
    read(&mut host)
}

fn there(package: &Path) -> Result<String> {
    let architecture = named("xtensawin")?;
    let Some(assembler) = architecture.assembler else { return Err("xtensawin needs no assembler".into()) };
    let assembly = build::compile(architecture, package, None)?;
    let (object, start) = (assembly.with_extension("o"), assembly.with_file_name("start.o"));
    xtensa::assemble(assembler, &assembly, &object)?;
    xtensa::assemble(assembler, &package.join("start.s"), &start)?;
    let program = assembly.with_extension("elf");
    let mut link = command("xtensa-lx106-elf-ld", &["-nostdlib", "--gc-sections", "-T"]);
    read(link.arg(package.join("link.ld")).arg("-o").args([&program, &start, &object]))?;
    let mut qemu = Command::new("qemu-system-xtensa");
    qemu.args([
        "-machine", "sim", "-cpu", "dc233c", "-display", "none", "-monitor", "none", "-serial", "none",
    ]);
    let finished = Process::start(qemu.arg("-semihosting").arg("-kernel").arg(program), LIMIT)?.finish()?;
    let output = String::from_utf8_lossy(&finished.output).into_owned();
    match finished.status {
        Some(status) if status.success() => Ok(output),
        Some(status) => Err(format!("the code for the ESP32 ended with {status} after\n{output}").into()),
        None => Err(format!("the code for the ESP32 was not done after {LIMIT:?}\n{output}").into()),
    }
}
