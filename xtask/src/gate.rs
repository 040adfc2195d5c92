//! `cargo xtask test`: every check in one go.

use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::setup::{self, MSRV};
use crate::shell::{Result, cargo, command, execute, read, root};
use crate::{diagram, explore, fuzz, micropython, no_panic, proof, size, statements, tidy};

pub(crate) const HELP: &str = "
Usage: cargo xtask test [--only STEPS | --skip STEPS] [--fail-fast] [--list]

Runs every check, each with a headline and its time, and ends with a table. A failed check does
not keep the others from running, unless --fail-fast is given; the exit code is 1 if any failed.

  --only STEPS   run these steps alone, separated by commas
  --skip STEPS   leave these steps out
  --fail-fast    stop at the first failure
  --list         list the steps
";

/// How a step that did not fail ended.
pub(crate) enum Outcome {
    Passed,
    /// It passed but for a part that could not be done here, for this reason.
    InPart(String),
    /// It could not be done here, for this reason.
    Skipped(String),
}

struct Step {
    name: &'static str,
    about: &'static str,
    run: fn() -> Result<Outcome>,
}

const STEPS: &[Step] = &[
    Step { name: "setup", about: "install what the tests need", run: || passed(setup::run_setup()) },
    Step { name: "fmt", about: "the source is formatted", run: fmt },
    Step { name: "clippy", about: "no warning in any target", run: clippy },
    Step { name: "powerset", about: "no warning with any set of features", run: powerset },
    Step { name: "unit", about: "tests of the workspace, with a real broker", run: unit },
    Step { name: "doctest", about: "examples in the docs", run: doctest },
    Step { name: "features", about: "tests of the core without and with its features", run: features },
    Step { name: "docs", about: "docs without a warning", run: docs },
    Step { name: "msrv", about: "the core and the client with the oldest toolchain", run: msrv },
    Step { name: "no-std", about: "the core and the client without std", run: no_std },
    Step { name: "deny", about: "licences, sources and advisories of what we use", run: deny },
    Step { name: "tidy", about: "rules of the house", run: || passed(tidy::check()) },
    Step {
        name: "statements",
        about: "each statement of MQTT has a test",
        run: || passed(statements::make(true)),
    },
    Step {
        name: "diagram",
        about: "the diagram of phases is up to date",
        run: || passed(diagram::make(true)),
    },
    Step { name: "no-panic", about: "no panic of the core is reachable", run: || passed(no_panic::check()) },
    Step {
        name: "size",
        about: "flash, RAM and stack are what the papers say",
        run: || passed(size::check()),
    },
    Step {
        name: "ports",
        about: "MicroPython on every processor: it imports, raises, counts",
        run: || passed(micropython::check_ports()),
    },
    Step {
        name: "micropython",
        about: "umqtt.simple2 and umqtt.robust2 on MicroPython, beside the originals",
        run: || passed(micropython::tests::check()),
    },
    Step {
        name: "modules",
        about: "native modules for every processor, run in QEMU",
        run: || passed(micropython::modules::check()),
    },
    Step {
        name: "user-module",
        about: "umqtt built into a firmware",
        run: || passed(micropython::user_module::check()),
    },
    Step {
        name: "figures",
        about: "instructions, garbage and heap on a Cortex-M3 are within their budget",
        run: || passed(micropython::bench::figures_hold()),
    },
    Step {
        name: "explore",
        about: "every state of the engine that small configurations can reach; planted faults are found",
        run: || passed(explore::check()),
    },
    Step { name: "miri", about: "the core's tests under Miri", run: miri },
    Step {
        name: "fuzz",
        about: "each fuzz target for a short time",
        run: || passed(fuzz::run_all(FUZZ_SECONDS)),
    },
];

/// How long the gate runs each fuzz target.
const FUZZ_SECONDS: u64 = 20;

pub(crate) fn run(mut arguments: Arguments) -> Result {
    let only = steps_named(arguments.value("--only")?)?;
    let skip = steps_named(arguments.value("--skip")?)?;
    let fail_fast = arguments.flag("--fail-fast");
    let list = arguments.flag("--list");
    arguments.finish()?;
    if list {
        for step in STEPS {
            println!("{:<12}{}", step.name, step.about);
        }
        return Ok(());
    }
    let chosen = |step: &&Step| {
        (only.is_empty() || only.iter().any(|name| name == step.name))
            && !skip.iter().any(|name| name == step.name)
    };
    let steps: Vec<&Step> = STEPS.iter().filter(chosen).collect();
    run_steps(&steps, fail_fast)
}

fn steps_named(list: Option<String>) -> Result<Vec<String>> {
    let names: Vec<String> = list.iter().flat_map(|names| names.split(',')).map(str::to_owned).collect();
    match names.iter().find(|name| STEPS.iter().all(|step| step.name != name.as_str())) {
        Some(name) => Err(format!("no step is called `{name}`; see --list").into()),
        None => Ok(names),
    }
}

fn run_steps(steps: &[&Step], fail_fast: bool) -> Result {
    let begin = Instant::now();
    let mut table = Vec::new();
    let mut failures = 0;
    for (index, step) in steps.iter().enumerate() {
        println!("\n=== {} of {}: {}: {} ===", index + 1, steps.len(), step.name, step.about);
        let start = Instant::now();
        let outcome = (step.run)();
        let time = start.elapsed();
        let (word, note) = match outcome {
            Ok(Outcome::Passed) => ("passed", String::new()),
            Ok(Outcome::InPart(reason)) => ("passed", reason),
            Ok(Outcome::Skipped(reason)) => ("SKIPPED", reason),
            Err(error) => ("FAILED", error.to_string()),
        };
        println!("--- {} {word} after {} {note}", step.name, seconds(time));
        table.push((step.name, word, time, note));
        if word == "FAILED" {
            failures += 1;
            // Without what setup installs, most steps fail for that reason alone.
            if fail_fast || step.name == "setup" {
                break;
            }
        }
    }
    println!("\n=== summary ===");
    for (name, word, time, note) in &table {
        let line = note.lines().next().unwrap_or_default();
        println!("{name:<12}{word:<9}{:>9}  {line}", seconds(*time));
    }
    println!(
        "{:<12}{:<9}{:>9}",
        "all",
        if failures == 0 { "passed" } else { "FAILED" },
        seconds(begin.elapsed())
    );
    match failures {
        0 => Ok(()),
        1 => Err("1 step failed".into()),
        _ => Err(format!("{failures} steps failed").into()),
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn passed(result: Result) -> Result<Outcome> {
    result.map(|()| Outcome::Passed)
}

/// Workspaces beside the main one; each is there once its `Cargo.toml` is.
const OTHER_WORKSPACES: [&str; 6] =
    ["fuzz", "firmware", "bench", "micropython/native", "xtask/fixtures/no-panic", "explore"];

fn fmt() -> Result<Outcome> {
    execute(&mut cargo(&["fmt", "--all", "--check"]))?;
    for workspace in OTHER_WORKSPACES {
        let manifest = format!("{workspace}/Cargo.toml");
        if root().join(&manifest).exists() {
            execute(&mut cargo(&["fmt", "--all", "--check", "--manifest-path", &manifest]))?;
        }
    }
    Ok(Outcome::Passed)
}

fn clippy() -> Result<Outcome> {
    passed(execute(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])))
}

/// The library crates.
const LIBRARIES: [&str; 3] = ["umqtt-proto", "umqtt", "umqtt-testkit"];

fn powerset() -> Result<Outcome> {
    let mut hack = cargo(&["hack", "clippy", "--feature-powerset"]);
    for library in LIBRARIES {
        hack.args(["-p", library]);
    }
    passed(execute(hack.args(["--", "-D", "warnings"])))
}

fn unit() -> Result<Outcome> {
    let mut test = cargo(&["test", "--workspace", "--tests", "--examples", "--no-fail-fast"]);
    passed(execute(test.env("UMQTT_REAL", "1")))
}

fn doctest() -> Result<Outcome> {
    passed(execute(&mut cargo(&["test", "--workspace", "--doc", "--no-fail-fast"])))
}

fn features() -> Result<Outcome> {
    execute(&mut cargo(&["test", "-p", "umqtt-proto", "--no-default-features"]))?;
    passed(execute(&mut cargo(&["test", "-p", "umqtt-proto", "--all-features"])))
}

fn docs() -> Result<Outcome> {
    let mut doc = cargo(&["doc", "--no-deps", "--all-features", "--lib"]);
    for library in LIBRARIES {
        doc.args(["-p", library]);
    }
    passed(execute(doc.env("RUSTDOCFLAGS", "-D warnings")))
}

fn msrv() -> Result<Outcome> {
    let toolchain = format!("+{MSRV}");
    passed(execute(&mut cargo(&[&toolchain, "build", "-p", "umqtt-proto", "-p", "umqtt", "--all-features"])))
}

fn no_std() -> Result<Outcome> {
    for target in setup::TARGETS {
        let build = ["build", "--target", target, "--no-default-features"];
        execute(cargo(&build).args(["-p", "umqtt-proto"]))?;
        execute(cargo(&build).args(["-p", "umqtt-proto", "--features", "qos2"]))?;
        execute(cargo(&build).args(["-p", "umqtt"]))?;
        execute(cargo(&build).args(["-p", "umqtt", "--features", "alloc,qos2"]))?;
    }
    Ok(Outcome::Passed)
}

fn deny() -> Result<Outcome> {
    execute(&mut cargo(&["deny", "check", "bans", "licenses", "sources"]))?;
    if let Err(error) = read(&mut command("cargo", &["deny", "fetch", "db"])) {
        println!("{error}");
        return Ok(Outcome::InPart("but for advisories: their database cannot be reached".into()));
    }
    passed(execute(&mut cargo(&["deny", "check", "advisories"])))
}

fn miri() -> Result<Outcome> {
    if !setup::has_miri()? {
        return Ok(Outcome::Skipped("there is no nightly toolchain with Miri".into()));
    }
    passed(proof::miri(&[]))
}
