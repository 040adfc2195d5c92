//! A client whose every choice is a byte of the input, and what must hold whatever the choices are.

mod broker;
mod choices;
mod client;

pub(crate) use choices::Choices;

use client::Client;
use umqtt_proto::{NoStore, RamStore};

/// Lives one life of a client, as the bytes choose, and ends it in peace; panics where a promise is broken.
pub(crate) fn run(choices: &[u8], qos2: bool) {
    let mut choices = Choices::new(choices);
    if choices.below(4) == 0 {
        Client::new(NoStore, &mut choices, qos2).live(&mut choices);
    } else {
        let size = 32 + choices.below(200);
        Client::new(RamStore::new(vec![0; size]), &mut choices, qos2).live(&mut choices);
    }
}
