//! A client whose every choice is a byte of the input, and what must hold whatever the choices are.

mod broker;
mod choices;
mod client;
mod memory;
mod restart;
mod told;

pub(crate) use choices::Choices;
pub(crate) use client::Client;
pub(crate) use memory::{INDEXED, Ids, MANY, PLAIN, Table};

use umqtt_proto::{NoStore, RamStore, Store};

/// Lives one life of a client, as the bytes choose, and ends it in peace; panics where a promise is broken.
pub(crate) fn run(choices: &[u8], qos2: bool) {
    let mut choices = Choices::new(choices);
    let choices = &mut choices;
    match choices.below(8) {
        0 => live::<_, PLAIN>(NoStore, choices, qos2),
        1 => live::<_, INDEXED>(NoStore, choices, qos2),
        kind => {
            let store = RamStore::new(vec![0; 32 + choices.below(200)]);
            match kind {
                2 | 3 => live::<_, PLAIN>(store, choices, qos2),
                4 | 5 => live::<_, MANY>(store, choices, qos2),
                _ => live::<_, INDEXED>(store, choices, qos2),
            }
        }
    }
}

fn live<S: Store, const KIND: u8>(store: S, choices: &mut Choices<'_>, qos2: bool) {
    Client::<S, KIND>::new(store, choices, qos2).live(choices);
}
