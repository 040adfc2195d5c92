//! `cargo xtask bench host`: the instructions of a message on this machine.

use std::fmt::Write as _;
use std::fs;

use crate::setup::install;
use crate::shell::{Result, cargo, command, execute, root, which};

const REPORT: &str = "docs/host-figures.md";

/// What is measured: a scenario of `bench/src/main.rs` and its window, what version 0.1 took for it, and what is
/// to be reached, where there is such a figure.
const ROWS: [(&str, usize, Option<u64>, Option<u64>); 19] = [
    ("publish0", 20, Some(377), Some(120)),
    ("publish1", 20, Some(1584), Some(500)),
    ("publish1", 200, Some(4092), None),
    ("publish1", 2000, Some(33_103), None),
    ("publish1", 20_000, Some(262_817), None),
    ("reverse1", 20, None, None),
    ("reverse1", 2000, None, None),
    ("reverse1", 20_000, None, None),
    ("random1", 20, None, None),
    ("random1", 2000, None, None),
    ("random1", 20_000, None, None),
    ("publish2", 20, None, None),
    ("publish2", 2000, None, None),
    ("publish2", 20_000, None, None),
    ("random2", 20, None, None),
    ("random2", 20_000, None, None),
    ("receive0", 20, Some(1073), Some(350)),
    ("receive1", 20, None, None),
    ("receive2", 20, None, None),
];

/// How many messages the longer run has more than the shorter: a multiple of each window.
const MESSAGES: u64 = 40_000;

pub(crate) fn bench() -> Result {
    if which("valgrind").is_none() {
        install(&["valgrind"])?;
    }
    execute(cargo(&["build", "--release", "--target-dir", "target"]).current_dir(root().join("bench")))?;
    let mut table = String::from(
        "| what | window | instructions a message | version 0.1 | ratio | to reach |\n|---|---:|---:|---:|---:|---:|\n",
    );
    let mut counted = Vec::new();
    for (scenario, window, before, goal) in ROWS {
        let count = (instructions(scenario, 2 * MESSAGES, window)?
            - instructions(scenario, MESSAGES, window)?)
            / MESSAGES;
        counted.push((scenario, window, count));
        let shown = |figure: Option<u64>| figure.map(|figure| figure.to_string()).unwrap_or_default();
        #[allow(clippy::cast_precision_loss)]
        let ratio = before.map(|before| format!("{:.2}", count as f64 / before as f64)).unwrap_or_default();
        let (verb, qos) = scenario.split_at(scenario.len() - 1);
        let row = format!(
            "| {} QoS {} | {window} | {count} | {} | {ratio} | {} |\n",
            words(verb),
            qos,
            shown(before),
            shown(goal),
        );
        print!("{row}");
        table.push_str(&row);
    }
    let at = |scenario, window| {
        counted.iter().find(|row| row.0 == scenario && row.1 == window).map_or(0, |row| row.2)
    };
    let growth = |scenario| ratio(at(scenario, 20_000), at(scenario, 20));
    let mut text = String::from(
        "# What a message costs on a host\n\n\
         Written by `cargo xtask bench host`, which counts the instructions of the blocking client for a message of 64 bytes\n\
         with valgrind, over a link in memory whose other side acknowledges at once, or in another order when the client waits\n\
         (`bench/`). The figures include the link's own work. Each is the difference between two runs, divided by the difference\n\
         in their numbers of messages. Version 0.1 was measured in the same way, outside of this repository.\n\n",
    );
    text.push_str(&table);
    let _ = writeln!(
        text,
        "\nWith 20,000 messages in flight, a message costs this many times as much as with 20:\n\
         {:.2} with QoS 1, {:.2} with answers in reverse, {:.2} with answers in any order; with QoS 2 {:.2} and {:.2}.",
        growth("publish1"),
        growth("reverse1"),
        growth("random1"),
        growth("publish2"),
        growth("random2"),
    );
    fs::write(root().join(REPORT), text)?;
    println!("bench: wrote {REPORT}");
    Ok(())
}

/// A scenario as the table has it.
fn words(verb: &str) -> &str {
    match verb {
        "reverse" => "publish, answers in reverse,",
        "random" => "publish, answers in any order,",
        verb => verb,
    }
}

#[allow(clippy::cast_precision_loss)]
fn ratio(one: u64, other: u64) -> f64 {
    one as f64 / other.max(1) as f64
}

/// The instructions of a whole run.
fn instructions(scenario: &str, messages: u64, window: usize) -> Result<u64> {
    let (messages, window) = (messages.to_string(), window.to_string());
    let program = "bench/target/release/umqtt-bench";
    let mut valgrind = command("valgrind", &["--tool=callgrind", "--callgrind-out-file=/dev/null", program]);
    valgrind.args([scenario, &messages, &window]);
    let output = valgrind.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split("Collected :").nth(1));
    match collected.and_then(|count| count.trim().parse().ok()) {
        Some(count) if output.status.success() => Ok(count),
        _ => Err(format!("valgrind did not count {scenario}: {said}").into()),
    }
}
