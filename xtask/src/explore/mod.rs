//! `cargo xtask explore`: every reachable state of the engine, against a model of a broker.

mod planted;

use std::process::Command;

use crate::arguments::Arguments;
use crate::shell::{Result, cargo, execute};

pub(crate) const HELP: &str = "
Usage: cargo xtask explore [--states N] [--most N] [--jobs N] [--list] [NAME]...
       cargo xtask explore --planted [NAME]...

Explores all states that the engine of umqtt-proto, a link and a broker can reach together, and
tells the shortest way to the first that breaks a rule. The configurations of the gate are explored,
or those named; explore/ is the program.

  --states N   go on with larger configurations until N states were found in all
  --most N     leave a configuration when it has N states
  --jobs N     explore N configurations at the same time (2 unless told)
  --list       list the configurations
  --planted    plant each fault of explore/planted.txt, or those named, into a copy of the core,
               and see that it is found
";

const MANIFEST: &str = "explore/Cargo.toml";

pub(crate) fn run(mut arguments: Arguments) -> Result {
    if arguments.flag("--planted") {
        return planted::run(&arguments.words()?, true);
    }
    let mut explore = program(MANIFEST, &["run"]);
    execute(explore.arg("--").args(arguments.rest()))
}

/// What the gate explores, and all planted faults.
pub(crate) fn check() -> Result {
    execute(&mut program(MANIFEST, &["run"]))?;
    planted::run(&[], false)
}

/// A command of cargo for the program of this manifest.
fn program(manifest: &str, command: &[&str]) -> Command {
    let mut cargo = cargo(command);
    cargo.args(["--release", "--quiet", "--manifest-path", manifest]);
    cargo
}
