//! `cargo xtask setup`: what the tests need and a fresh machine has not.

use std::process::Command;

use crate::arguments::Arguments;
use crate::micropython;
use crate::shell::{Result, cargo, command, execute, read, which};

pub(crate) const HELP: &str = "
Usage: cargo xtask setup

Looks for what the other chores use, and installs what is not there:
  apt packages       mosquitto, mosquitto-clients, python3 (with sudo, unless root)
  rustup             the components rustfmt and clippy and the targets thumbv6m-none-eabi and
                     thumbv7em-none-eabi of the toolchain in use; the toolchain 1.85; nightly
                     with miri and rust-src
  cargo install      cargo-deny, cargo-fuzz, cargo-hack
  MicroPython        built from Debian's source package into a cache outside the clone, with compilers
                     for small boards, QEMU, and the components rust-src and llvm-tools (see
                     `cargo xtask micropython --help`)

It takes no time when all is there. Without nightly, Miri is left out and the fuzz targets are
built by the stable toolchain. Without MicroPython, the tests that run it fail.
";

/// The oldest toolchain that builds `umqtt-proto` and `umqtt`.
pub(crate) const MSRV: &str = "1.85";

/// The targets on which the core is built and linked.
pub(crate) const TARGETS: [&str; 2] = ["thumbv6m-none-eabi", "thumbv7em-none-eabi"];

/// Programs of the system, and the apt packages that have them.
const PROGRAMS: [(&str, &str); 4] = [
    ("mosquitto", "mosquitto"),
    ("mosquitto_pub", "mosquitto-clients"),
    ("mosquitto_sub", "mosquitto-clients"),
    ("python3", "python3"),
];

const CARGO_TOOLS: [&str; 3] = ["cargo-deny", "cargo-fuzz", "cargo-hack"];

pub(crate) fn run_setup() -> Result {
    programs()?;
    toolchain()?;
    for tool in CARGO_TOOLS {
        cargo_tool(tool)?;
    }
    if let Err(error) = micropython::setup() {
        // The other tests need none; those that do will say so.
        println!("setup: {error}");
        println!("setup: going on without MicroPython");
        return Ok(());
    }
    println!("setup: everything is there");
    Ok(())
}

pub(crate) fn run(arguments: Arguments) -> Result {
    arguments.finish()?;
    run_setup()
}

fn programs() -> Result {
    let mut missing: Vec<&str> = Vec::new();
    for (program, package) in PROGRAMS {
        if which(program).is_none() && !missing.contains(&package) {
            missing.push(package);
        }
    }
    install(&missing)
}

/// Installs packages of the system.
pub(crate) fn install(missing: &[&str]) -> Result {
    if missing.is_empty() {
        return Ok(());
    }
    println!("setup: installing the packages {}", missing.join(", "));
    if which("apt-get").is_none() {
        return Err(format!("there is no apt-get here: please install {}", missing.join(", ")).into());
    }
    execute(&mut apt(&["update"])?)?;
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(missing);
    execute(&mut apt(&install)?)
}

/// `apt-get`, by way of `sudo` unless we are root.
pub(crate) fn apt(arguments: &[&str]) -> Result<Command> {
    let is_root = read(&mut command("id", &["-u"]))?.trim() == "0";
    let mut words = vec!["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
    if !is_root {
        words.insert(0, "sudo");
    }
    words.extend(arguments);
    let program = words.remove(0);
    Ok(command(program, &words))
}

fn toolchain() -> Result {
    let components = read(&mut command("rustup", &["component", "list", "--installed"]))?;
    for component in ["rustfmt", "clippy"] {
        if !components.lines().any(|line| line.starts_with(component)) {
            execute(&mut command("rustup", &["component", "add", component]))?;
        }
    }
    let targets = read(&mut command("rustup", &["target", "list", "--installed"]))?;
    for target in TARGETS {
        if !targets.lines().any(|line| line == target) {
            execute(&mut command("rustup", &["target", "add", target]))?;
        }
    }
    if !has_toolchain(MSRV)? {
        execute(&mut command(
            "rustup",
            &["toolchain", "install", MSRV, "--profile", "minimal", "--no-self-update"],
        ))?;
    }
    if !has_miri()? {
        let install = ["toolchain", "install", "nightly", "--profile", "minimal", "--no-self-update"];
        let mut install = command("rustup", &install);
        if let Err(error) = execute(install.args(["--component", "miri", "--component", "rust-src"])) {
            println!("setup: {error}");
            println!(
                "setup: going on without nightly: no Miri, and fuzz targets built by the stable toolchain"
            );
        }
    }
    Ok(())
}

fn has_toolchain(name: &str) -> Result<bool> {
    let toolchains = read(&mut command("rustup", &["toolchain", "list"]))?;
    Ok(toolchains.lines().any(|line| line.starts_with(&format!("{name}-")) || line == name))
}

/// Whether there is a nightly toolchain.
pub(crate) fn has_nightly() -> Result<bool> {
    has_toolchain("nightly")
}

/// Whether there is a nightly toolchain with Miri and what Miri needs.
pub(crate) fn has_miri() -> Result<bool> {
    if !has_nightly()? {
        return Ok(false);
    }
    let list = ["component", "list", "--installed", "--toolchain", "nightly"];
    let components = read(&mut command("rustup", &list))?;
    Ok(["miri", "rust-src"].iter().all(|name| components.lines().any(|line| line.starts_with(name))))
}

/// Installs a subcommand of cargo unless it is there.
pub(crate) fn cargo_tool(name: &str) -> Result {
    if which(name).is_some() {
        return Ok(());
    }
    println!("setup: building {name}; this takes some minutes, once");
    execute(&mut cargo(&["install", "--locked", name]))
}
