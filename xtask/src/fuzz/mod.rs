//! `cargo xtask fuzz`: runs the fuzz targets from seeds that are packets, and counts.

mod record;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::arguments::Arguments;
use crate::setup;
use crate::shell::{Result, cargo, execute, root};
use record::Run;

pub(crate) const HELP: &str = "
Usage: cargo xtask fuzz [--seconds N] [--record] [TARGET]...

Runs each target of fuzz/fuzz_targets, or those named, for N seconds (20 unless told). The packets
of testdata/corpus are the seeds; what a run finds is kept in fuzz/corpus for the next one.
A table at the end has executions, coverage (edges and features) and the growth of the corpus.

  --seconds N   how long each target runs
  --record      add the runs to docs/fuzzing.md
";

const PACKETS: &str = "testdata/corpus/mqtt-packets.hex";

pub(crate) fn run(mut arguments: Arguments) -> Result {
    let seconds = match arguments.value("--seconds")? {
        Some(number) => number.parse().map_err(|_| format!("--seconds {number}: not a number of seconds"))?,
        None => 20,
    };
    let record = arguments.flag("--record");
    let named = arguments.words()?;
    let all = targets()?;
    if let Some(unknown) = named.iter().find(|name| !all.contains(name)) {
        return Err(format!("no target is called {unknown}; there are {}", all.join(", ")).into());
    }
    let chosen = if named.is_empty() { all } else { named };
    run_targets(&chosen, seconds, record)
}

/// Every target for so many seconds.
pub(crate) fn run_all(seconds: u64) -> Result {
    run_targets(&targets()?, seconds, false)
}

fn run_targets(targets: &[String], seconds: u64, record: bool) -> Result {
    execute(fuzz()?.arg("build"))?;
    let mut runs = Vec::new();
    let mut failed = Vec::new();
    for target in targets {
        let seeds = plant(target)?;
        println!("\nfuzz {target}: {seconds} s, {seeds} seeds");
        let (run, passed) = run_target(target, seconds)?;
        runs.push(run);
        if !passed {
            failed.push(target.as_str());
        }
    }
    println!("\n{}", record::table(&runs));
    if record {
        record::add(&runs)?;
    }
    match failed.len() {
        0 => Ok(()),
        _ => {
            Err(format!("an input that fails was found by {}; see fuzz/artifacts", failed.join(", ")).into())
        }
    }
}

fn targets() -> Result<Vec<String>> {
    let folder = root().join("fuzz/fuzz_targets");
    let mut targets = Vec::new();
    for file in fs::read_dir(&folder).map_err(|error| format!("fuzz/fuzz_targets: {error}"))? {
        let path = file?.path();
        if let (Some(name), true) = (path.file_stem(), path.extension().is_some_and(|end| end == "rs")) {
            targets.push(name.to_string_lossy().into_owned());
        }
    }
    targets.sort();
    if targets.is_empty() { Err("fuzz/fuzz_targets has no target".into()) } else { Ok(targets) }
}

/// `cargo fuzz` by nightly, or by the stable toolchain with the features of nightly switched on.
fn fuzz() -> Result<Command> {
    if setup::has_nightly()? {
        return Ok(cargo(&["+nightly", "fuzz"]));
    }
    let mut fuzz = cargo(&["fuzz"]);
    fuzz.env("RUSTC_BOOTSTRAP", "1");
    Ok(fuzz)
}

fn corpus(target: &str) -> PathBuf {
    root().join("fuzz/corpus").join(target)
}

fn corpus_size(target: &str) -> usize {
    fs::read_dir(corpus(target)).map_or(0, Iterator::count)
}

/// Puts each packet into the corpus as a file; tells how many files there are then.
fn plant(target: &str) -> Result<usize> {
    let folder = corpus(target);
    fs::create_dir_all(&folder)?;
    let packets = fs::read_to_string(root().join(PACKETS)).map_err(|error| format!("{PACKETS}: {error}"))?;
    for (number, line) in (1..).zip(packets.lines()) {
        let bytes = bytes(line).ok_or_else(|| format!("{PACKETS}:{number}: not hexadecimal"))?;
        fs::write(folder.join(format!("seed-{number:04}")), bytes)?;
    }
    Ok(corpus_size(target))
}

/// The bytes of a line of hexadecimal digits; nothing behind a `#`.
fn bytes(line: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = line
        .split('#')
        .next()?
        .chars()
        .filter(|digit| !digit.is_whitespace())
        .map(|digit| digit.to_digit(16))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| u8::try_from(high << 4 | low).ok());
    if rest.is_empty() { bytes.collect() } else { None }
}

/// Runs one target and reads its figures; whether it found nothing.
fn run_target(target: &str, seconds: u64) -> Result<(Run, bool)> {
    let corpus_before = corpus_size(target);
    let time = format!("-max_total_time={seconds}");
    let options = ["-print_final_stats=1", "-timeout=10", &time];
    let mut child = fuzz()?
        .args(["run", target, "--"])
        .args(options)
        .stderr(Stdio::piped())
        .stdin(Stdio::null())
        .spawn()?;
    let mut run = Run { target: target.to_owned(), seconds, corpus_before, ..Run::default() };
    let said = child.stderr.take().ok_or("no output of the fuzzer")?;
    for line in BufReader::new(said).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        read_figures(&line, &mut run);
        let progress = line.starts_with('#') || line.starts_with('\t');
        let dictionary = line.contains("# Uses: ");
        if (!progress && !dictionary) || ["INITED", "pulse", "DONE"].iter().any(|word| line.contains(word)) {
            println!("{line}");
        }
    }
    let status = child.wait()?;
    run.corpus_after = corpus_size(target);
    Ok((run, status.success()))
}

/// Takes what a line of libFuzzer tells, such as `#8 DONE cov: 5 ft: 9 corp: 3/10b`.
fn read_figures(line: &str, run: &mut Run) {
    let after = |name: &str| -> Option<u64> {
        let (_, value) = line.split_once(name)?;
        value.split_whitespace().next()?.parse().ok()
    };
    if line.starts_with('#') {
        run.coverage = after(" cov: ").unwrap_or(run.coverage);
        run.features = after(" ft: ").unwrap_or(run.features);
    }
    run.executions = after("stat::number_of_executed_units: ").unwrap_or(run.executions);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_read() {
        assert_eq!(bytes("30 05ff # a comment"), Some(vec![0x30, 5, 0xff]));
        assert_eq!(bytes(""), Some(Vec::new()));
        assert_eq!(bytes("305"), None);
        assert_eq!(bytes("3x"), None);
    }

    #[test]
    fn the_figures_of_the_fuzzer_are_read() {
        let mut run = Run::default();
        for line in [
            "#1024\tpulse  cov: 12 ft: 30 corp: 4/40b lim: 4 exec/s: 512 rss: 30Mb",
            "#2048\tDONE   cov: 13 ft: 31 corp: 5/44b lim: 4 exec/s: 512 rss: 30Mb",
            "stat::number_of_executed_units: 2048",
            "stat::average_exec_per_sec:     512",
        ] {
            read_figures(line, &mut run);
        }
        assert_eq!((run.executions, run.coverage, run.features), (2048, 13, 31));
    }
}
