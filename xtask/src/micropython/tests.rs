//! `cargo xtask micropython tests`: our modules and the originals, on this machine's MicroPython.

use std::fs;
use std::path::PathBuf;

use super::{architecture, build, demo, place};
use crate::shell::{Result, cargo, execute};

/// The native part stands alone, so that the workspace's own lints do not reach it.
const NATIVE: &str = "micropython/native/Cargo.toml";

/// The native part without a warning, the tests of the modules, and the README's command.
pub(crate) fn check() -> Result {
    clippy()?;
    run(&[])?;
    demo::run(None)
}

/// Runs the tests whose names have one of these words and shows what they print, or runs all.
pub(super) fn run(words: &[&str]) -> Result {
    let built = build::build(architecture::named("x64")?)?;
    let mut test = cargo(&["test", "-p", "umqtt-micropython-tests", "--tests", "--no-fail-fast", "--"]);
    if !words.is_empty() {
        test.arg("--nocapture").args(words);
    }
    test.env("UMQTT_MICROPYTHON_TESTS", "1").env("UMQTT_REAL", "1");
    test.env("MICROPYTHON", place::unix()?)
        .env("UMQTT_MPY", built.folder)
        .env("UMQTT_ORIGINAL", originals()?);
    execute(&mut test)
}

/// A folder with both originals in one package.
pub(super) fn originals() -> Result<PathBuf> {
    let folder = build::target_folder().join("originals");
    fs::create_dir_all(folder.join("umqtt"))?;
    for name in ["simple2", "robust2"] {
        for entry in fs::read_dir(place::originals(name)?.join("umqtt"))? {
            let file = entry?.path();
            fs::copy(&file, folder.join("umqtt").join(file.file_name().unwrap_or_default()))?;
        }
    }
    Ok(folder)
}

/// Both parts of the native code at once; rustc has no ready `core` for it.
fn clippy() -> Result {
    let mut clippy = cargo(&["clippy", "--quiet", "--features", "user-module", "-Zbuild-std=core"]);
    clippy.args(["--manifest-path", NATIVE, "--target", "x86_64-unknown-none", "--target-dir"]);
    clippy.arg(build::target_folder().join("clippy")).args(["--", "-D", "warnings"]);
    execute(clippy.env("RUSTC_BOOTSTRAP", "1"))
}
