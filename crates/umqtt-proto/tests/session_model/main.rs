//! The session against a model: random calls, a broker that keeps to the standard, and a link that loses
//! connections; and against a broker that sends anything.
//!
//! The same two programs are run by the fuzz targets `session_model` and `session_bytes`.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod hostile;
mod model;
mod power;

use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    #[cfg_attr(miri, ignore = "takes minutes")]
    fn nothing_is_lost_or_doubled_on_a_lossy_link(choices in vec(any::<u8>(), 0..1200)) {
        model::run(&choices, cfg!(feature = "qos2"));
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes minutes")]
    fn a_session_is_rebuilt_from_its_store(choices in vec(any::<u8>(), 0..1200)) {
        power::run(&choices, cfg!(feature = "qos2"));
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes minutes")]
    fn whatever_a_broker_sends_the_session_keeps_to_the_standard(choices in vec(any::<u8>(), 0..600)) {
        hostile::run(&choices);
    }
}

/// Lives that are drawn from a fixed seed, each with the power gone and the disk in trouble at each write.
#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn power_may_go_at_every_write() {
    let mut writes = 0;
    for seed in 1..=25u32 {
        let mut state = seed;
        let choices: Vec<u8> = (0..500)
            .map(|_| {
                state = state.wrapping_mul(0x0019_660d).wrapping_add(0x3c6e_f35f);
                state.to_be_bytes()[0]
            })
            .collect();
        writes += power::every_write(&choices, cfg!(feature = "qos2"));
    }
    // Without QoS 2 there is less to write down.
    let enough = if cfg!(feature = "qos2") { 500 } else { 250 };
    assert!(writes > enough, "{writes} writes are enough to show something");
}
