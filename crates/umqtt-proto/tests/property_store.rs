//! The stores against a list of packets.

// Under Miri it takes minutes; there, the corpus runs the same code.
#![cfg(not(miri))]
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use proptest::collection::vec;
use proptest::prelude::*;
#[cfg(feature = "alloc")]
use umqtt_proto::HeapStore;
use umqtt_proto::{Await, PacketId, RamStore, Record, Store, StoreError};

#[derive(Clone, Debug)]
enum Step {
    Insert(PacketId, Await, Vec<Vec<u8>>),
    Release(PacketId),
    Remove(PacketId),
}

// Ids that share bytes with each other and with lengths.
const IDS: [u16; 8] = [1, 2, 3, 6, 0x0100, 0x0101, 0xff00, 0xffff];

fn id() -> impl Strategy<Value = PacketId> {
    prop::sample::select(IDS.to_vec()).prop_map(|id| PacketId::new(id).unwrap())
}

fn step() -> impl Strategy<Value = Step> {
    let awaits = prop_oneof![Just(Await::PubAck), Just(Await::PubRec)];
    prop_oneof![
        3 => (id(), awaits, vec(vec(any::<u8>(), 0..12), 0..4))
            .prop_map(|(id, awaits, parts)| Step::Insert(id, awaits, parts)),
        1 => id().prop_map(Step::Release),
        1 => id().prop_map(Step::Remove),
    ]
}

/// What a store keeps, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kept {
    id: PacketId,
    awaits: Await,
    packet: Vec<u8>,
}

/// A store of `size` bytes, in which each packet takes `head` bytes more than its own, and a list do the same.
fn compare<S: Store>(
    mut store: S,
    size: usize,
    head: usize,
    steps: Vec<Step>,
    is_empty: impl Fn(&S) -> bool,
) -> Result<(), TestCaseError> {
    let mut list: Vec<Kept> = Vec::new();
    for step in steps {
        match step {
            Step::Insert(id, awaits, parts) if list.iter().all(|kept| kept.id != id) => {
                let packet = parts.concat();
                let taken: usize = list.iter().map(|kept| kept.packet.len() + head).sum();
                let fits = taken + packet.len() + head <= size;
                let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
                let told = store.insert(id, awaits, &parts);
                prop_assert_eq!(told, if fits { Ok(()) } else { Err(StoreError::Full) });
                if fits {
                    list.push(Kept { id, awaits, packet });
                }
            }
            Step::Release(id) => {
                // A session releases what is there.
                if let Some(at) = list.iter().position(|kept| kept.id == id) {
                    prop_assert_eq!(store.release(id), Ok(()));
                    list.remove(at);
                    list.push(Kept { id, awaits: Await::PubComp, packet: Vec::new() });
                }
            }
            Step::Insert(id, ..) | Step::Remove(id) => {
                prop_assert_eq!(store.remove(id), Ok(()));
                list.retain(|kept| kept.id != id);
            }
        }
        prop_assert_eq!(is_empty(&store), list.is_empty());
        let mut records = Vec::new();
        store.records(&mut |record| records.push(record)).unwrap();
        let expected: Vec<Record> =
            list.iter().map(|kept| Record::Outgoing { id: kept.id, awaits: kept.awaits }).collect();
        prop_assert_eq!(records, expected);
        for id in IDS.map(|id| PacketId::new(id).unwrap()) {
            let packet = list.iter().find(|kept| kept.id == id).map(|kept| &kept.packet[..]);
            prop_assert_eq!(store.length(id), packet.map(<[u8]>::len));
            for (offset, length) in [(0, 64), (0, 3), (2, 5), (7, 1), (40, 4)] {
                let mut buffer = [0xa5; 64];
                let read = store.read(id, offset, &mut buffer[..length]).unwrap();
                let there = packet.and_then(|packet| packet.get(offset..)).unwrap_or_default();
                prop_assert_eq!(read, there.len().min(length));
                prop_assert_eq!(&buffer[..read], &there[..read]);
                prop_assert!(buffer[read..].iter().all(|&byte| byte == 0xa5));
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8 * ProptestConfig::default().cases))]

    #[test]
    fn a_store_in_ram_keeps_what_a_list_keeps(size in 0..100usize, steps in vec(step(), 0..40)) {
        compare(RamStore::new(vec![0; size]), size, 7, steps, RamStore::is_empty)?;
    }

    #[test]
    #[cfg(feature = "alloc")]
    fn a_store_on_the_heap_keeps_what_a_list_keeps(size in 0..100usize, steps in vec(step(), 0..40)) {
        compare(HeapStore::new(size), size, 0, steps, HeapStore::is_empty)?;
    }
}
