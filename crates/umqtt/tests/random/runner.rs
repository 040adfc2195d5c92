//! Many runs at once, watched.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use umqtt_testkit::model::Trace;

use crate::memories;
use crate::tally::Tally;

/// So many failures are enough.
const MOST_FAILURES: usize = 10;
/// A run that takes longer turns in a circle that no transport sees.
const LONGEST_RUN: Duration = Duration::from_secs(60);
const PROGRESS: Duration = Duration::from_secs(10);

/// Which runs are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    pub from: u64,
    pub runs: u64,
    pub jobs: u64,
    /// One run alone, in words.
    pub traces: bool,
}

/// What came of them.
#[derive(Debug)]
pub struct Report {
    pub tally: Tally,
    /// Seeds, and what was wrong.
    pub failures: Vec<(u64, String)>,
    elapsed: Duration,
    jobs: u64,
}

/// What a worker has done since it said so last.
struct Part {
    tally: Tally,
    failures: Vec<(u64, String)>,
}

/// What all workers share.
struct Shared {
    next: AtomicU64,
    stop: AtomicBool,
    begun: Instant,
    /// For each worker its seed, and when it began with it in milliseconds.
    at_work: Vec<(AtomicU64, AtomicU64)>,
}

impl Order {
    /// `UMQTT_RANDOM_SEED`, `_RUNS`, `_JOBS` and `_TRACE`.
    pub fn from_environment() -> Self {
        let number = |name: &str, default: u64| {
            let value = std::env::var(format!("UMQTT_RANDOM_{name}"));
            value.map_or(default, |value| value.parse().expect("a number"))
        };
        let jobs = std::thread::available_parallelism().map_or(1, |jobs| jobs.get() as u64);
        Self {
            from: number("SEED", 0),
            runs: number("RUNS", 10_000),
            jobs: number("JOBS", jobs),
            traces: number("TRACE", 0) > 0,
        }
    }
}

/// Lives through all seeds of the order, or until enough has gone wrong.
pub fn run(order: &Order) -> Report {
    let end = order.from.saturating_add(order.runs);
    let at_work = (0..order.jobs).map(|_| (AtomicU64::new(order.from), AtomicU64::new(0))).collect();
    let (next, stop) = (AtomicU64::new(order.from), AtomicBool::new(false));
    let shared = Shared { next, stop, begun: Instant::now(), at_work };
    let mut report =
        Report { tally: Tally::default(), failures: Vec::new(), elapsed: Duration::ZERO, jobs: order.jobs };
    let (sender, parts) = channel();
    std::thread::scope(|scope| {
        for at in 0..shared.at_work.len() {
            let (shared, sender) = (&shared, sender.clone());
            scope.spawn(move || shared.work(at, end, &sender));
        }
        drop(sender);
        let mut told = Instant::now();
        loop {
            match parts.recv_timeout(Duration::from_secs(1)) {
                Ok(part) => report.add(part),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            shared.watch();
            shared.stop.fetch_or(report.failures.len() >= MOST_FAILURES, Relaxed);
            if told.elapsed() >= PROGRESS {
                told = Instant::now();
                report.elapsed = shared.begun.elapsed();
                println!("{} of {} runs, {}", report.tally.runs, order.runs, report.pace());
            }
        }
    });
    report.elapsed = shared.begun.elapsed();
    report.failures.sort();
    report
}

impl Shared {
    fn work(&self, at: usize, end: u64, parts: &Sender<Part>) {
        let new = || Part { tally: Tally::default(), failures: Vec::new() };
        let mut part = new();
        let mut said = Instant::now();
        while !self.stop.load(Relaxed) {
            let seed = self.next.fetch_add(1, Relaxed);
            if seed >= end {
                break;
            }
            let (seed_at_work, since) = &self.at_work[at];
            seed_at_work.store(seed, Relaxed);
            since.store(self.begun.elapsed().as_millis() as u64, Relaxed);
            match catch_unwind(AssertUnwindSafe(|| memories::run(seed, Trace::new(false)))) {
                Ok(Ok(tally)) => part.tally += &tally,
                Ok(Err(failure)) => part.failures.push((seed, failure)),
                Err(_) => part.failures.push((seed, "a panic".into())),
            }
            if said.elapsed() > Duration::from_millis(300) || !part.failures.is_empty() {
                said = Instant::now();
                let _ = parts.send(std::mem::replace(&mut part, new()));
            }
        }
        self.at_work[at].1.store(u64::MAX, Relaxed);
        let _ = parts.send(part);
    }

    /// Ends the program if a worker does not come back.
    fn watch(&self) {
        let now = self.begun.elapsed().as_millis() as u64;
        for (seed, since) in &self.at_work {
            if now.saturating_sub(since.load(Relaxed)) > LONGEST_RUN.as_millis() as u64 {
                tell(seed.load(Relaxed), "the client does not come back");
                std::process::exit(1);
            }
        }
    }
}

/// Tells what was wrong with a run, and how to see it again.
fn tell(seed: u64, failure: &str) {
    println!("seed {seed}: {failure}\n    replay it: cargo xtask random --seed {seed} --trace");
}

impl Report {
    fn add(&mut self, part: Part) {
        self.tally += &part.tally;
        for (seed, failure) in part.failures {
            tell(seed, &failure);
            self.failures.push((seed, failure));
        }
    }

    /// How fast it goes, and how well.
    fn pace(&self) -> String {
        let micros = self.elapsed.as_micros() as u64 * self.jobs / self.tally.runs.max(1);
        let (seconds, failures) = (self.elapsed.as_secs(), self.failures.len());
        format!("{micros} us each, {seconds} s, failures: {failures}")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} runs, {}\n{}", self.tally.runs, self.pace(), self.tally)
    }
}
