//! The same scenarios on the original and on ours: the same bytes to the broker, the same callbacks, values and
//! exceptions, but for the differences that `differences.txt` allows.
//!
//! Scenarios come from seeds. `SCENARIO=17 cargo test ... --test differential -- --nocapture` plays one of them.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod rules;
mod scenario;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

use umqtt_micropython_tests::{Peer, Port, Side, difference};

use rules::rules;
use scenario::scenario;

/// How many scenarios there are, and how many one process plays.
const SCENARIOS: u64 = 400;
const BATCH: u64 = 100;

/// What `python/play.py` does besides, on our side: each batch is played in one of these ways.
const HOW: [&[&str]; 4] = [&[], &["collect"], &["override"], &["collect", "override"]];

const LIMIT: Duration = Duration::from_secs(100);

/// An action and what came of it, the lines joined.
#[derive(Clone, PartialEq)]
struct Step {
    action: String,
    outcome: String,
}

/// Plays scenarios in one process; the steps of each.
fn play(port: &Port, side: Side, how: &[&str], seeds: &[u64]) -> Vec<Vec<Step>> {
    let input: String = seeds.iter().map(|seed| scenario(*seed)).collect();
    let peer = Peer::start();
    let mut arguments = peer.arguments();
    arguments.extend(how.iter().map(|word| (*word).to_owned()));
    let run = port.run_with(side, &[], "play.py", &arguments, input.as_bytes(), LIMIT);
    let _ = peer.finish();
    assert_eq!(run.failure, None, "{side:?}: {}\n{}", run.complaint, tail(&run.printed));
    let mut scenarios = Vec::new();
    for line in run.printed.lines() {
        if line.starts_with('#') {
            scenarios.push(Vec::new());
            continue;
        }
        let steps: &mut Vec<Step> = scenarios.last_mut().unwrap();
        match line.strip_prefix("> ") {
            Some(action) => steps.push(Step { action: action.to_owned(), outcome: String::new() }),
            None => {
                let outcome = &mut steps.last_mut().unwrap().outcome;
                if !outcome.is_empty() {
                    outcome.push_str(" ; ");
                }
                outcome.push_str(line);
            }
        }
    }
    assert_eq!(scenarios.len(), seeds.len(), "{side:?}");
    scenarios
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

fn show(steps: &[Step]) -> String {
    let cut = |text: &str| text.chars().take(200).collect::<String>();
    let lines = steps.iter().map(|step| format!("> {}\n  {}\n", cut(&step.action), cut(&step.outcome)));
    lines.collect()
}

#[test]
fn scenarios_have_the_same_outcome() {
    let Some(port) = Port::from_environment() else { return };
    let chosen: Option<u64> = std::env::var("SCENARIO").ok().map(|seed| seed.parse().unwrap());
    let seeds: Vec<u64> = chosen.map_or_else(|| (0..SCENARIOS).collect(), |seed| vec![seed]);
    let batches = seeds.chunks(usize::try_from(BATCH).unwrap());
    let play_both = |batch: &[u64], how: &[&str]| {
        let original = play(&port, Side::Original, &[], batch);
        let ours = play(&port, Side::Ours, how, batch);
        original.into_iter().zip(ours).collect::<Vec<_>>()
    };
    let outcomes: Vec<_> = thread::scope(|scope| {
        let batches = batches.zip(HOW.iter().cycle());
        let running: Vec<_> = batches.map(|(batch, how)| scope.spawn(|| play_both(batch, how))).collect();
        running.into_iter().flat_map(|batch| batch.join().unwrap()).collect()
    });

    let rules = rules();
    let mut used = BTreeSet::new();
    let (mut steps, mut allowed, mut stopped) = (0, 0, 0);
    let mut wrong = String::new();
    for (seed, (original, ours)) in seeds.iter().zip(&outcomes) {
        if chosen.is_some() {
            println!("{}", difference(&show(original), &show(ours)));
        }
        for (at, (theirs, own)) in original.iter().zip(ours).enumerate() {
            assert_eq!(theirs.action, own.action);
            steps += 1;
            let rule = rules.iter().position(|rule| rule.allows(&own.action, &theirs.outcome, &own.outcome));
            if theirs == own && rule.is_none() {
                continue;
            }
            if let Some(number) = rule {
                allowed += 1;
                used.insert(number);
                if rules[number].goes_on {
                    continue;
                }
                stopped += 1;
            } else {
                let from = at.saturating_sub(3);
                let _ = write!(
                    wrong,
                    "\nscenario {seed}, step {at}: `-` the original, `+` ours\n{}",
                    difference(&show(&original[from..=at]), &show(&ours[from..=at]))
                );
            }
            break;
        }
    }
    println!(
        "{} scenarios, {steps} steps alike, {allowed} of them by a rule; {stopped} scenarios stopped there",
        seeds.len()
    );
    assert!(wrong.is_empty(), "{wrong}");
    if chosen.is_none() {
        let unused = rules.iter().enumerate().filter(|(number, _)| !used.contains(number));
        let unused: Vec<&str> = unused.map(|(_, rule)| rule.reason.as_str()).collect();
        assert!(unused.is_empty(), "rules that no scenario needs: {unused:#?}");
    }
}
