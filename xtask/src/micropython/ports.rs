//! Building MicroPython: its compiler, its port to this machine, and the ports that QEMU runs.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Port, place};
use crate::shell::{Result, command, read, root};

/// How one part of MicroPython is built, in its own source tree.
struct Part {
    name: &'static str,
    /// Where `make` runs, and the folder there that it fills.
    folder: &'static str,
    build: &'static str,
    arguments: &'static [&'static str],
}

const PARTS: [Part; 5] = [
    Part { name: "mpy-cross", folder: "mpy-cross", build: "build", arguments: &[] },
    Part {
        name: "the Unix port",
        folder: "ports/unix",
        build: "build-standard",
        arguments: &[
            "STRIP=true",
            "FROZEN_MANIFEST=",
            "MICROPY_PY_BTREE=0",
            "MICROPY_PY_FFI=1",
            "MICROPY_PY_JNI=0",
            "MICROPY_SSL_AXTLS=0",
            "MICROPY_SSL_MBEDTLS=1",
        ],
    },
    Part {
        name: "Cortex-M3",
        folder: "ports/qemu",
        build: "build-MPS2_AN385",
        arguments: &["BOARD=MPS2_AN385", "FROZEN_MANIFEST="],
    },
    Part {
        name: "Cortex-M0",
        folder: "ports/qemu",
        build: "build-MICROBIT",
        arguments: &[
            "BOARD=MICROBIT",
            "FROZEN_MANIFEST=",
            // By itself it takes no native code for this CPU.
            "CFLAGS_EXTRA=-DMICROPY_EMIT_THUMB=1 -DMICROPY_EMIT_THUMB_ARMV7M=0 -DMICROPY_EMIT_INLINE_THUMB=0",
        ],
    },
    Part {
        name: "RISC-V",
        folder: "ports/qemu",
        build: "build-VIRT_RV32",
        arguments: &[
            "BOARD=VIRT_RV32",
            "FROZEN_MANIFEST=",
            // The C library is built for the older names of the instruction sets.
            "RV32_ARCH=rv32imac",
            "CC=riscv64-unknown-elf-gcc -misa-spec=2.2",
            "AS=riscv64-unknown-elf-as -misa-spec=2.2",
        ],
    },
];

/// What the ports to QEMU have besides, and the port to the ESP8266's CPU.
pub(super) const MODULES: &str = "micropython/qemu/modules";
const LX106: &str = "micropython/lx106";

/// Builds what is not there, or was built in another way.
pub(super) fn build() -> Result {
    let source = place::source()?;
    for part in &PARTS {
        let mut recipe = part.arguments.join("\n");
        let mut arguments: Vec<String> = part.arguments.iter().map(|&argument| argument.to_owned()).collect();
        if part.folder == "ports/qemu" {
            recipe += &contents(MODULES)?;
            let modules = root().join(MODULES);
            arguments.push(format!("USER_C_MODULES={}", modules.parent().unwrap_or(&modules).display()));
        }
        let folder = source.join(part.folder);
        make(part.name, &folder, &folder.join(part.build), &arguments, &recipe)?;
    }
    let build = place::cache()?.join("lx106");
    let arguments = [format!("MPY_DIR={}", source.display()), format!("BUILD={}", build.display())];
    let recipe = contents(LX106)? + &contents(MODULES)?;
    make("ESP8266", &root().join(LX106), &build, &arguments, &recipe)
}

/// Builds a port as [`build`] does, but with these modules in C and what is to be frozen, in a folder of its own;
/// gives what it runs.
pub(super) fn build_with(port: Port, modules: &Path, manifest: &Path) -> Result<PathBuf> {
    let (source, plain) = (place::source()?, place::firmware(port)?);
    let build = place::cache()?.join("user_module").join(port.name());
    let part = PARTS.iter().find(|part| plain.starts_with(source.join(part.folder).join(part.build)));
    let mut arguments: Vec<String> =
        part.iter().flat_map(|part| part.arguments).map(|&argument| argument.to_owned()).collect();
    arguments.push(format!("MPY_DIR={}", source.display()));
    arguments.push(format!("BUILD={}", build.display()));
    arguments.push(format!("USER_C_MODULES={}", modules.display()));
    arguments.push(format!("FROZEN_MANIFEST={}", manifest.display()));
    let recipe = arguments.join("\n");
    let _alone = place::lock()?;
    if !place::is_made(&build, &recipe) {
        println!("building MicroPython with a user module: {}", port.name());
        place::remove(&build)?;
    }
    let folder = part.map_or_else(|| root().join(LX106), |part| source.join(part.folder));
    read(command("make", &["--jobs=2"]).args(arguments).current_dir(folder))?;
    place::set_made(&build, &recipe)?;
    Ok(build.join(plain.file_name().unwrap_or_default()))
}

fn make(name: &str, folder: &Path, build: &Path, arguments: &[String], recipe: &str) -> Result {
    if place::is_made(build, recipe) {
        return Ok(());
    }
    println!("setup: building MicroPython: {name}");
    place::remove(build)?;
    read(command("make", &["--jobs=2"]).args(arguments).current_dir(folder))?;
    place::set_made(build, recipe)
}

/// All files of a folder of ours, as part of a recipe.
fn contents(folder: &str) -> Result<String> {
    let files = fs::read_dir(root().join(folder))?.map(|entry| Ok(entry?.path()));
    let mut files = files.collect::<Result<Vec<PathBuf>>>()?;
    files.sort();
    let texts = files.iter().map(|file| Ok(fs::read_to_string(file)?));
    Ok(texts.collect::<Result<Vec<String>>>()?.concat())
}
