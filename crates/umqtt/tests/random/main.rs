//! Random runs of the whole client on virtual time: a strict broker, links that fail, hostile peers, slow programs.
//!
//! Each seed is a life of one client, from the first connection to an end at which everything that it took must have
//! been delivered or told as lost. `cargo xtask random` lives through millions of them, and shows one in words.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub
)]

mod acknowledging;
mod connecting;
mod context;
mod disk;
mod ending;
mod events;
mod ledger;
mod life;
mod memories;
mod plan;
mod promises;
mod requests;
mod runner;
mod strangers;
mod surroundings;
mod tally;
mod wire;

use runner::Order;
use umqtt_testkit::model::Trace;

/// Runs as many seeds as the environment says, 10,000 from 0 on unless it says something.
#[test]
fn no_run_breaks_a_rule_or_a_promise() {
    let order = Order::from_environment();
    if order.traces {
        let result = memories::run(order.from, Trace::new(true));
        println!(
            "seed {}: {}",
            order.from,
            result.as_ref().map_or_else(Clone::clone, |_| "nothing is wrong".into())
        );
        assert!(result.is_ok());
        return;
    }
    let report = runner::run(&order);
    println!("{report}");
    assert!(report.failures.is_empty(), "{} of {} runs failed", report.failures.len(), report.tally.runs);
    if order.runs >= 3_000 {
        let never: Vec<_> = report.tally.counts().into_iter().filter(|(_, count)| *count == 0).collect();
        assert!(never.is_empty(), "the runs have never seen {never:?}");
    }
}

#[test]
fn a_seed_is_always_the_same_run() {
    for seed in 0..20 {
        let [one, other] = [(); 2].map(|()| memories::run(seed, Trace::new(false)));
        assert_eq!(one, other, "seed {seed}");
    }
}
