//! What the client promises, held against brokers and broken links on virtual time.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, clippy::expect_used, unreachable_pub)]

mod acknowledging;
mod alive;
mod bad_input;
mod both_ways;
mod calls;
mod found;
mod full;
mod messages;
mod resume;
mod taken;
mod waiting;
mod wire;
mod writing;
