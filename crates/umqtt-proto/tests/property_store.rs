//! The store in RAM against a list of packets.

// Under Miri it takes minutes; there, the corpus runs the same code.
#![cfg(not(miri))]
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;
use umqtt_proto::{PacketId, RamStore, Store, StoreFull};

#[derive(Clone, Debug)]
enum Step {
    Insert(PacketId, Vec<u8>),
    Remove(PacketId),
}

fn id() -> impl Strategy<Value = PacketId> {
    // Ids that share bytes with each other and with lengths.
    prop::sample::select(vec![1, 2, 3, 6, 0x0100, 0x0101, 0xff00, 0xffff])
        .prop_map(|id| PacketId::new(id).unwrap())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (id(), vec(any::<u8>(), 0..24)).prop_map(|(id, packet)| Step::Insert(id, packet)),
        1 => id().prop_map(Step::Remove),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8 * ProptestConfig::default().cases))]

    #[test]
    fn a_store_keeps_what_a_list_keeps(size in 0..100usize, steps in vec(step(), 0..40)) {
        let mut store = RamStore::new(vec![0; size]);
        let mut list: Vec<(PacketId, Vec<u8>)> = Vec::new();
        for step in steps {
            match step {
                Step::Insert(id, packet) if list.iter().all(|(kept, _)| *kept != id) => {
                    let taken: usize = list.iter().map(|(_, packet)| packet.len() + 6).sum();
                    let fits = taken + packet.len() + 6 <= size;
                    let told = store.insert(id, &packet);
                    prop_assert_eq!(told, if fits { Ok(()) } else { Err(StoreFull) });
                    if fits {
                        list.push((id, packet));
                    }
                }
                Step::Insert(id, _) | Step::Remove(id) => {
                    store.remove(id);
                    list.retain(|(kept, _)| *kept != id);
                }
            }
            prop_assert_eq!(store.is_empty(), list.is_empty());
            for id in [1, 2, 3, 6, 0x0100, 0x0101, 0xff00, 0xffff].map(|id| PacketId::new(id).unwrap()) {
                let kept = list.iter().find(|(kept, _)| *kept == id);
                prop_assert_eq!(store.packet(id), kept.map(|(_, packet)| &packet[..]));
            }
        }
    }
}
