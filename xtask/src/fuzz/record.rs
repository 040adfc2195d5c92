//! The figures of fuzzing: one run in a table, all runs in `docs/fuzzing.md`.

use std::fmt::Write;
use std::fs;

use crate::shell::{Result, root};

const RECORD: &str = "docs/fuzzing.md";

/// What one target did in one run, or in all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) target: String,
    pub(super) seconds: u64,
    pub(super) executions: u64,
    /// Edges reached.
    pub(super) coverage: u64,
    /// Edges with how often they were reached.
    pub(super) features: u64,
    pub(super) corpus_before: usize,
    pub(super) corpus_after: usize,
}

/// The runs and their sum.
pub(super) fn table(runs: &[Run]) -> String {
    let mut table = String::from(
        "| target | seconds | executions | edges | features | corpus before | corpus after |\n\
         |---|---:|---:|---:|---:|---:|---:|\n",
    );
    for run in runs {
        let Run { target, seconds, executions, coverage, features, corpus_before, corpus_after } = run;
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| {target} | {seconds} | {executions} | {coverage} | {features} | {corpus_before} | {corpus_after} |"
        );
    }
    let seconds: u64 = runs.iter().map(|run| run.seconds).sum();
    let executions: u64 = runs.iter().map(|run| run.executions).sum();
    let _ = writeln!(table, "| all | {seconds} | {executions} | | | | |");
    table
}

/// Adds runs to the record.
pub(super) fn add(runs: &[Run]) -> Result {
    let file = root().join(RECORD);
    let mut totals = parse(&fs::read_to_string(&file).unwrap_or_default());
    for run in runs {
        match totals.iter_mut().find(|total| total.target == run.target) {
            Some(total) => {
                total.seconds += run.seconds;
                total.executions += run.executions;
                total.coverage = total.coverage.max(run.coverage);
                total.features = total.features.max(run.features);
                total.corpus_after = run.corpus_after;
            }
            None => totals.push(run.clone()),
        }
    }
    totals.sort_by(|one, other| one.target.cmp(&other.target));
    let text = format!(
        "# Fuzzing so far\n\n\
         The table has the totals of all runs of `cargo xtask fuzz --record`. \"Corpus before\" is that of the first run: the\n\
         packets of `testdata/corpus`, as seeds. Edges and features are libFuzzer's highest counts.\n\n{}",
        table(&totals)
    );
    fs::write(&file, text)?;
    println!("wrote {RECORD}");
    Ok(())
}

/// The rows of a record, without their sum.
fn parse(text: &str) -> Vec<Run> {
    let rows = text.lines().filter_map(|line| {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        Some(Run {
            target: cells.next()?.to_owned(),
            seconds: cells.next()?.parse().ok()?,
            executions: cells.next()?.parse().ok()?,
            coverage: cells.next()?.parse().ok()?,
            features: cells.next()?.parse().ok()?,
            corpus_before: cells.next()?.parse().ok()?,
            corpus_after: cells.next()?.parse().ok()?,
        })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let run = |target: &str, number: u64| Run {
            target: target.into(),
            seconds: number,
            executions: number * 1000,
            coverage: number + 1,
            features: number + 2,
            corpus_before: 3,
            corpus_after: 4,
        };
        let runs = [run("decode", 20), run("session_bytes", 30)];
        assert_eq!(parse(&table(&runs)), runs);
    }
}
