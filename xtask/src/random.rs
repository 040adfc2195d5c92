//! `cargo xtask random`: random runs of the whole client on virtual time.

use crate::arguments::Arguments;
use crate::shell::{Result, cargo, execute};

pub(crate) const HELP: &str = "
Usage: cargo xtask random [--runs N] [--seed S] [--jobs N]
       cargo xtask random --seed S --trace

Lets the client live through N random runs, one for each seed from S on: a strict broker, links that
fail after any byte, hostile peers, slow programs, power cuts (crates/umqtt/tests/random). A run
takes some 100 microseconds. What breaks a rule of MQTT or a promise of the client is printed with
the command that replays its run.

  --runs N   how many runs; 1000000 without. Underscores are allowed.
  --seed S   the first seed; 0 without
  --jobs N   how many threads; one for each core without
  --trace    tell the run of this seed in words
";

pub(crate) fn run(mut arguments: Arguments) -> Result {
    let runs = number(arguments.value("--runs")?, 1_000_000)?;
    let seed = number(arguments.value("--seed")?, 0)?;
    let jobs = arguments.value("--jobs")?;
    let trace = arguments.flag("--trace");
    arguments.finish()?;
    let mut test = cargo(&["test", "--quiet", "--release", "-p", "umqtt", "--test", "random", "--"]);
    test.args(["--exact", "no_run_breaks_a_rule_or_a_promise", "--nocapture"]);
    test.env("UMQTT_RANDOM_RUNS", runs.to_string()).env("UMQTT_RANDOM_SEED", seed.to_string());
    if let Some(jobs) = jobs {
        test.env("UMQTT_RANDOM_JOBS", number(Some(jobs), 1)?.to_string());
    }
    if trace {
        test.env("UMQTT_RANDOM_TRACE", "1");
    }
    execute(&mut test)
}

fn number(value: Option<String>, default: u64) -> Result<u64> {
    let Some(value) = value else { return Ok(default) };
    value.replace('_', "").parse().map_err(|_| format!("{value} is no number").into())
}
