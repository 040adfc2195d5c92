//! A client whose every choice is a byte of the input, and what must hold whatever the choices are.

mod broker;
mod choices;
mod client;
mod memory;
mod restart;
mod told;

pub(crate) use choices::Choices;
pub(crate) use client::Client;
pub(crate) use memory::{Ids, Table};

use umqtt_proto::{NoStore, RamStore, Store};

/// Lives one life of a client, as the bytes choose, and ends it in peace; panics where a promise is broken.
pub(crate) fn run(choices: &[u8], qos2: bool) {
    let mut choices = Choices::new(choices);
    let choices = &mut choices;
    match choices.below(8) {
        0 => live::<_, false>(NoStore, choices, qos2),
        1 => live::<_, true>(NoStore, choices, qos2),
        many => {
            let store = RamStore::new(vec![0; 32 + choices.below(200)]);
            if many < 5 {
                live::<_, false>(store, choices, qos2)
            } else {
                live::<_, true>(store, choices, qos2)
            }
        }
    }
}

fn live<S: Store, const MANY: bool>(store: S, choices: &mut Choices<'_>, qos2: bool) {
    Client::<S, MANY>::new(store, choices, qos2).live(choices);
}
