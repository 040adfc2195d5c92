//! `cargo xtask miri` and `cargo xtask mutants`: the core's tests under Miri, and the tests put to the test.

use crate::arguments::Arguments;
use crate::setup;
use crate::shell::{Result, cargo, execute};

pub(crate) const MIRI_HELP: &str = "
Usage: cargo xtask miri [-- ARGUMENTS OF CARGO TEST]

Runs the tests of umqtt-proto, with all its features but defmt, under Miri, which finds undefined
behaviour and leaks. It needs nightly with miri and rust-src (`cargo xtask setup`). Tests that
take long there say so: `#[cfg_attr(miri, ignore = \"takes minutes\")]`.
";

pub(crate) const MUTANTS_HELP: &str = "
Usage: cargo xtask mutants [-- ARGUMENTS OF CARGO MUTANTS]

Changes umqtt-proto's wire/ and session/ function by function, and tells which change no test
notices. It takes an hour or more; the result is in mutants.out. Arguments go to cargo-mutants,
such as `-- --file crates/umqtt-proto/src/wire/publish.rs` or `-- --list`.
";

pub(crate) fn run_miri(arguments: Arguments) -> Result {
    miri(&arguments.rest())
}

pub(crate) fn miri(arguments: &[String]) -> Result {
    if !setup::has_miri()? {
        return Err("there is no nightly toolchain with Miri; see `cargo xtask setup`".into());
    }
    let mut miri = cargo(&["+nightly", "miri", "test", "-p", "umqtt-proto", "--features", "qos2,log"]);
    // Property tests keep what failed in a file, which Miri allows only when asked.
    miri.env("MIRIFLAGS", "-Zmiri-disable-isolation");
    execute(miri.args(["--lib", "--tests"]).args(arguments))
}

pub(crate) fn run_mutants(arguments: Arguments) -> Result {
    setup::cargo_tool("cargo-mutants")?;
    let mut mutants = cargo(&["mutants", "--package", "umqtt-proto", "--features", "qos2"]);
    let arguments = arguments.rest();
    if !arguments.iter().any(|argument| argument == "--file" || argument == "-f") {
        for room in ["wire", "session"] {
            mutants.args(["--file", &format!("crates/umqtt-proto/src/{room}/**")]);
        }
    }
    execute(mutants.args(arguments))
}
