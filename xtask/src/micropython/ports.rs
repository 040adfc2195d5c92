//! Building MicroPython: its compiler, its port to this machine, and the ports that QEMU runs.

use std::fs;
use std::path::{Path, PathBuf};

use super::place;
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
const MODULES: &str = "micropython/qemu/modules";
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

/// Builds the Unix port as the others are built, but for these arguments, into a folder of its own.
pub(super) fn make_unix(build: &Path, arguments: &[String]) -> Result {
    let [_, unix, ..] = &PARTS;
    let arguments: Vec<&str> =
        unix.arguments.iter().copied().chain(arguments.iter().map(String::as_str)).collect();
    let recipe = format!("{}\n{}", place::VERSION, arguments.join("\n"));
    if !place::is_made(build, &recipe) {
        println!("building MicroPython: {} with a user module", unix.name);
        place::remove(build)?;
    }
    let folder = place::source()?.join(unix.folder);
    read(command("make", &["--jobs=2"]).args(arguments).current_dir(folder))?;
    place::set_made(build, &recipe)
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
