//! `cargo xtask micropython vectors`: code for the ESP32 against the same code on this machine.
//!
//! There is no MicroPython here with register windows. So the protocol core, compiled, mended, assembled, linked and
//! loaded as the native module is, runs every wire vector on another processor of that kind.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::architecture::{Assembler, named};
use super::load::load;
use super::process::Process;
use super::{build, xtensa};
use crate::shell::{Result, cargo, command, read, root};

const LIMIT: Duration = Duration::from_secs(120);

/// Where the module stands in the processor's memory.
const CODE_AT: u32 = 0x0020_0000;
const CONSTANTS_AT: u32 = 0x0030_0000;

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

/// Bytes as a section, with a label of the same name before them.
fn section(name: &str, bytes: &[u8]) -> String {
    let start = format!("\t.section .{name}, \"ax\", @progbits\n\t.global {name}\n{name}:\n");
    bytes.chunks(64).fold(start, |mut text, chunk| {
        let numbers: Vec<String> = chunk.iter().map(u8::to_string).collect();
        let _ = writeln!(text, "\t.byte\t{}", numbers.join(", "));
        text
    })
}

fn here(package: &Path) -> Result<String> {
    let mut host = cargo(&["run", "--quiet", "--release", "--features", "host", "--manifest-path"]);
    host.arg(package.join("Cargo.toml")).arg("--target-dir").arg(build::target_folder());
    read(&mut host)
}

fn there(package: &Path) -> Result<String> {
    let architecture = named("xtensawin")?;
    let assembly = build::compile(architecture, package, None)?;
    let work = assembly.with_extension("work");
    fs::create_dir_all(&work)?;
    let object = |source: &Path, name: &str| -> Result<PathBuf> {
        let object = work.join(name);
        xtensa::assemble(Assembler::Llvm("esp32"), source, &object)?;
        Ok(object)
    };
    let objects = [object(&assembly, "core.o")?, object(&package.join("memory.s"), "memory.o")?];
    let module = work.join("module.mpy");
    build::run_tool(
        build::tool("mpy_ld.py")?.args(["--arch", architecture.name, "-o"]).arg(&module).args(objects),
    )?;
    let image = load(&fs::read(module)?, CODE_AT, CONSTANTS_AT)?;
    let source = work.join("module.s");
    fs::write(
        &source,
        format!("{}{}", section("module", &image.code), section("constants", &image.constants)),
    )?;
    let parts = [object(&source, "module.o")?, object(&package.join("start.s"), "start.o")?];
    let program = work.join("program.elf");
    let mut link = command("xtensa-lx106-elf-ld", &["-nostdlib", "-T"]);
    link.arg(package.join("link.ld")).arg(format!("--defsym=code_at={CODE_AT}"));
    link.arg(format!("--defsym=constants_at={CONSTANTS_AT}")).arg("-o").arg(&program).args(parts);
    read(&mut link)?;
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
