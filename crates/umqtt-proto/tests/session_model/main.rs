//! The session against a model: random calls, a broker that keeps to the standard, and a link that loses
//! connections; and against a broker that sends anything.
//!
//! The same two programs are run by the fuzz targets `session_model` and `session_bytes`.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod hostile;
mod model;

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
    fn whatever_a_broker_sends_the_session_keeps_to_the_standard(choices in vec(any::<u8>(), 0..600)) {
        hostile::run(&choices);
    }
}
