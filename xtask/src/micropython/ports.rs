//! Building MicroPython: its compiler, its port to this machine, and the ports that QEMU runs.

use std::path::Path;

use super::place;
use crate::shell::{Result, command, read};

/// How one part of MicroPython is built, in its source tree.
struct Part {
    name: &'static str,
    /// Where `make` runs, and the folder there that it fills.
    folder: &'static str,
    build: &'static str,
    arguments: &'static [&'static str],
}

const PARTS: [Part; 2] = [
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
];

/// Builds what is not there, or was built in another way.
pub(super) fn build() -> Result {
    let source = place::source()?;
    for part in &PARTS {
        build_part(&source, part)?;
    }
    Ok(())
}

fn build_part(source: &Path, part: &Part) -> Result {
    let folder = source.join(part.folder);
    let build = folder.join(part.build);
    let recipe = part.arguments.join("\n");
    if place::is_made(&build, &recipe) {
        return Ok(());
    }
    println!("setup: building MicroPython: {}", part.name);
    place::remove(&build)?;
    read(command("make", &["--jobs=2"]).args(part.arguments).current_dir(&folder))?;
    place::set_made(&build, &recipe)
}
