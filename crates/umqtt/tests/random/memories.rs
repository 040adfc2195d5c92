//! The memories that clients have, and the run of a seed with one of them.

use std::rc::Rc;

use umqtt::{Fixed, Heap, HeapStore, Memory, RamStore, Slot};
use umqtt_testkit::model::Trace;

use crate::context::Context;
use crate::disk::Durable;
use crate::life::Life;
use crate::plan::Kind;
use crate::tally::Tally;

/// Lives through the run of this seed; the error is what was wrong.
pub fn run(seed: u64, trace: Trace) -> Result<Tally, String> {
    let context = Context::new(seed, trace);
    match context.plan.kind {
        Kind::Tiny => Life::live(context, |_| Fixed::<32, 32, 2>::new()),
        Kind::Small => Life::live(context, |_| {
            Fixed::<64, 48, 4>::new().in_parts().with_store(RamStore::new([0; 200])).with_incoming([0; 1])
        }),
        Kind::Plain => Life::live(context, |context| {
            let (receive, transmit) = buffers(context);
            Memory::of(receive, transmit, [Slot::EMPTY; 3]).with_incoming([0; 2])
        }),
        Kind::Ram => Life::live(context, |context| {
            let (receive, transmit) = buffers(context);
            let store = RamStore::new(vec![0; context.plan.store]);
            Memory::of(receive, transmit, [Slot::EMPTY; 3]).with_incoming([0; 2]).with_store(store)
        }),
        Kind::Durable => Life::live(context, |context| {
            let (receive, transmit) = buffers(context);
            let memory = Memory::of(receive, transmit, [Slot::EMPTY; 3]).with_incoming([0; 2]).in_parts();
            memory.with_store(durable(context))
        }),
        Kind::Heap => Life::live(context, |context| {
            let plan = &context.plan;
            Heap::new(plan.receive, plan.transmit, plan.slots).with_store(HeapStore::new(plan.store))
        }),
        Kind::HeapDurable => Life::live(context, |context| {
            let plan = &context.plan;
            Heap::new(plan.receive, plan.transmit, plan.slots).with_store(durable(context))
        }),
    }
}

fn buffers(context: &Context) -> (Vec<u8>, Vec<u8>) {
    (vec![0; context.plan.receive], vec![0; context.plan.transmit])
}

fn durable(context: &Context) -> Durable {
    Durable::new(Rc::clone(&context.disk), Rc::clone(&context.world))
}
