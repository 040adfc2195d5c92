//! Runs explorations, some at a time, and tells what came of them.

use std::sync::Mutex;
use std::time::Instant;

use crate::config::{Build, Config};
use crate::memory::{Bare, Firmware, Host};
use crate::search::{Found, Outcome, explore};

/// What is to be explored.
pub struct Options {
    pub configs: Vec<Config>,
    /// How many states are enough in all; 0 for all that there are.
    pub states: usize,
    /// How many states of one configuration are enough.
    pub most: usize,
    pub jobs: usize,
}

/// What the explorations have done together.
#[derive(Default)]
struct Work {
    /// The place of the next configuration.
    next: usize,
    states: usize,
    done: Vec<(usize, Outcome)>,
}

/// Explores; tells whether no fault was found.
pub fn run(options: &Options) -> bool {
    let start = Instant::now();
    let work = Mutex::new(Work::default());
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.min(options.configs.len()) {
            scope.spawn(|| {
                while let Some((index, config)) = take(&work, options) {
                    let outcome = explore_one(config, options.most);
                    println!("{}", line(config, &outcome));
                    if let Some(found) = &outcome.fault {
                        tell(config, found);
                    }
                    let mut work = work.lock().expect("no thread panics");
                    work.states += outcome.states;
                    work.done.push((index, outcome));
                }
            });
        }
    });
    let mut done = work.into_inner().expect("no thread panics").done;
    done.sort_by_key(|(index, _)| *index);
    println!(
        "\n{:<14}{:>11} {:>12} {:>6} {:>10} {:>8}",
        "configuration", "states", "transitions", "steps", "finished", "seconds"
    );
    for (index, outcome) in &done {
        println!("{}", line(&options.configs[*index], outcome));
    }
    let states: usize = done.iter().map(|(_, outcome)| outcome.states).sum();
    let transitions: u64 = done.iter().map(|(_, outcome)| outcome.transitions).sum();
    let seconds = start.elapsed().as_secs_f64();
    println!("{:<14}{states:>11} {transitions:>12} {:>6} {:>10} {seconds:>8.1}", "all", "", "");
    if let Some(peak) = peak_memory() {
        println!("memory at most: {peak}");
    }
    let faults = done.iter().filter(|(_, outcome)| outcome.fault.is_some()).count();
    if faults > 0 {
        println!("configurations in which a fault was found: {faults}");
    }
    faults == 0
}

/// The next configuration, unless there are states enough.
fn take<'a>(work: &Mutex<Work>, options: &'a Options) -> Option<(usize, &'a Config)> {
    let mut work = work.lock().expect("no thread panics");
    if options.states > 0 && work.states >= options.states {
        return None;
    }
    let index = work.next;
    work.next += 1;
    options.configs.get(index).map(|config| (index, config))
}

fn explore_one(config: &Config, most: usize) -> Outcome {
    match config.build {
        Build::Bare => explore::<Bare>(config, most),
        Build::Firmware => explore::<Firmware>(config, most),
        Build::Host => explore::<Host>(config, most),
    }
}

fn line(config: &Config, outcome: &Outcome) -> String {
    let Outcome { states, transitions, depth, time, is_complete, finished, fault } = outcome;
    let note = match (fault, is_complete) {
        (Some(_), _) => "  FAULT",
        (None, true) => "",
        (None, false) => "  not all states",
    };
    let seconds = time.as_secs_f64();
    format!(
        "{:<14}{states:>11} {transitions:>12} {depth:>6} {finished:>10} {seconds:>8.1}{note}",
        config.name
    )
}

/// Tells a fault with its shortest trace.
fn tell(config: &Config, found: &Found) {
    println!("\nfault of {} after {} steps: {}", config.name, found.trace.len(), found.what);
    for (number, (step, lines)) in (1..).zip(&found.trace) {
        println!("{number:4}. {step}");
        for line in lines {
            println!("        {line}");
        }
    }
    println!();
}

/// The most memory that the program has had, where the system tells.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(format!("{} MiB", kib / 1024))
}
