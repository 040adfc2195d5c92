//! Messages that are larger than the transmit buffer, and stores that keep them whole.

#[cfg(feature = "alloc")]
use umqtt_proto::HeapStore;
use umqtt_proto::{Event, Goal, PacketId, QoS, RamStore, RequestError, Store, StoreError};

use crate::rig::{CONNACK, CONNACK_PRESENT, End, Rig, Sizes, id, keeping_rig, persistent, topic};

const LENGTH: usize = 20_000;

/// A payload whose bytes differ.
fn payload() -> Vec<u8> {
    (0..LENGTH).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

/// PUBLISH of it to "t", with this first byte and id.
fn packet(first: u8, id: u16) -> Vec<u8> {
    let [high, low] = id.to_be_bytes();
    let length = LENGTH + 5;
    let [a, b, c] = [length & 0x7f | 0x80, length >> 7 & 0x7f | 0x80, length >> 14]
        .map(|byte| u8::try_from(byte).unwrap());
    [&[first, a, b, c, 0, 1, b't', high, low][..], &payload()].concat()
}

fn sizes() -> Sizes {
    Sizes { transmit: 256, ..Sizes::default() }
}

/// Publishes the message, and gives its payload until the link takes no more.
fn publish<S: Store>(rig: &mut Rig<S>, qos: QoS) -> Result<Option<PacketId>, RequestError> {
    let payload = payload();
    let id = rig.session().publish_large(topic("t"), &payload, qos, false)?;
    let mut rest = &payload[..];
    while rig.session().payload_remaining() > 0 {
        assert_eq!(rig.session().payload_remaining(), rest.len());
        let given = rig.session().push_payload(rest);
        rest = &rest[given..];
        if matches!(rig.call(Goal::Flush).unwrap(), End::Waits(_)) {
            break;
        }
    }
    Ok(id)
}

/// A message that is kept whole is sent in pieces, and sent again in pieces, wherever the link was cut.
fn is_sent_again<S: Store>(store: impl Fn() -> S, is_empty: impl Fn(&S) -> bool) {
    let levels =
        [(QoS::AtLeastOnce, 0x32, &b"\x40\x02\x00\x01"[..]), (QoS::ExactlyOnce, 0x34, b"\x50\x02\x00\x01")];
    for (qos, first, answer) in levels.into_iter().take(if cfg!(feature = "qos2") { 2 } else { 1 }) {
        for cut in [0, 1, 9, 256, 257, 5_000, LENGTH + 9] {
            let mut rig = Rig::new(store(), &sizes()).connected_persistent();
            rig.line.output.clear();
            rig.line.room = cut;
            assert_eq!(publish(&mut rig, qos), Ok(Some(id(1))));
            assert_eq!(rig.line.output, packet(first, 1)[..cut]);
            for conn_ack in [CONNACK_PRESENT, CONNACK] {
                // The next link is cut, too.
                rig.close();
                rig.connect_stuck(&persistent(), conn_ack);
                rig.line.output.clear();
                rig.line.room = cut;
                rig.poll_to_the_end();
                assert_eq!(rig.line.output, packet(first | 8, 1)[..cut], "cut after {cut}");
                assert_eq!(rig.reconnect(conn_ack), packet(first | 8, 1), "cut after {cut}");
                assert_eq!(rig.session().payload_remaining(), 0);
            }
            rig.feed(answer);
            if qos == QoS::ExactlyOnce {
                rig.quiet();
                assert_eq!(rig.send(), b"\x62\x02\x00\x01");
                rig.feed(b"\x70\x02\x00\x01");
            }
            assert_eq!(rig.poll(), Ok(Some(Event::Delivered { id: id(1), late: false })));
            assert!(is_empty(rig.session().store()) && rig.in_flight().is_empty());
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn a_store_in_ram_keeps_a_message_that_is_larger_than_the_transmit_buffer() {
    is_sent_again(|| RamStore::new(vec![0; 100_000]), RamStore::is_empty);
}

#[test]
#[cfg(feature = "alloc")]
#[cfg_attr(miri, ignore = "takes minutes")]
fn a_store_on_the_heap_keeps_a_message_that_is_larger_than_the_transmit_buffer() {
    is_sent_again(|| HeapStore::new(100_000), HeapStore::is_empty);
}

/// Several of them, in order and with small ones between.
#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn large_messages_and_small_ones_are_sent_again_in_order() {
    let mut rig = Rig::new(RamStore::new(vec![0; 100_000]), &sizes()).connected_persistent();
    rig.publish_sent(b"a", QoS::AtLeastOnce);
    publish(&mut rig, QoS::AtLeastOnce).unwrap();
    rig.publish_sent(b"b", QoS::AtLeastOnce);
    publish(&mut rig, QoS::AtLeastOnce).unwrap();
    let expected = [
        &b"\x3a\x06\x00\x01t\x00\x01a"[..],
        &packet(0x3a, 2),
        b"\x3a\x06\x00\x01t\x00\x03b",
        &packet(0x3a, 4),
    ]
    .concat();
    for _ in 0..2 {
        assert_eq!(rig.reconnect(CONNACK_PRESENT), expected);
    }
}

/// A clean session keeps nothing: the store may be as small as it likes.
#[test]
fn a_clean_session_sends_a_large_message_and_keeps_nothing() {
    let mut rig = keeping_rig().connected();
    let mut small = Rig::new(RamStore::new(vec![0; 16]), &sizes()).connected();
    assert_eq!(publish(&mut small, QoS::AtLeastOnce), Ok(Some(id(1))));
    assert!(small.session().store().is_empty());
    assert_eq!(small.send(), packet(0x32, 1));
    let message = rig.publish_sent(b"", QoS::AtLeastOnce);
    assert!(rig.session().store().is_empty());
    rig.close();
    assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: message })));
}

#[test]
fn a_store_that_is_too_small_refuses_a_large_message_and_nothing_is_sent() {
    let mut rig = Rig::new(RamStore::new(vec![0; LENGTH]), &sizes()).connected_persistent();
    rig.line.output.clear();
    assert_eq!(publish(&mut rig, QoS::AtLeastOnce), Err(RequestError::StoreFull));
    assert_eq!(rig.session().payload_remaining(), 0);
    assert_eq!(rig.send(), b"");
    assert_eq!(rig.publish_sent(b"", QoS::AtLeastOnce), id(1));
}

/// A session goes on after a restart, from what its store holds.
fn is_rebuilt<S: Store + Clone>(store: S) {
    let mut rig = Rig::new(store, &sizes()).connected_persistent();
    rig.session().set_next_id(id(7));
    rig.publish_sent(b"a", QoS::AtLeastOnce);
    publish(&mut rig, QoS::AtLeastOnce).unwrap();
    rig.publish_sent(b"b", QoS::AtLeastOnce);
    rig.subscribe_sent("t");
    rig.tells(b"\x40\x02\x00\x07", Event::Delivered { id: id(7), late: false });
    let mut expected = [&packet(0x3a, 8)[..], b"\x3a\x06\x00\x01t\x00\x09b"].concat();
    if cfg!(feature = "qos2") {
        rig.publish_sent(b"c", QoS::ExactlyOnce);
        rig.publish_sent(b"d", QoS::ExactlyOnce);
        rig.takes(b"\x50\x02\x00\x0b");
        expected.extend(b"\x3c\x06\x00\x01t\x00\x0cd\x62\x02\x00\x0b");
    }
    let store = rig.session().store().clone();
    drop(rig);

    let mut rig = Rig::new(store.clone(), &sizes());
    assert_eq!(rig.session().restore(), Ok(()));
    rig.quiet();
    assert_eq!(rig.reconnect(CONNACK_PRESENT), expected);
    // An id that is in use is not given, wherever the caller begins.
    rig.session().set_next_id(id(8));
    assert_eq!(rig.publish_sent(b"", QoS::AtLeastOnce), id(10));
    rig.tells(b"\x40\x02\x00\x08", Event::Delivered { id: id(8), late: false });

    // A table that is too small is told as such.
    let mut rig = Rig::new(store, &Sizes { slots: 1, ..sizes() });
    assert_eq!(rig.session().restore(), Err(StoreError::Full));
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn a_session_is_rebuilt_from_a_store_in_ram() {
    is_rebuilt(RamStore::new(vec![0; 100_000]));
}

#[test]
#[cfg(feature = "alloc")]
#[cfg_attr(miri, ignore = "takes minutes")]
fn a_session_is_rebuilt_from_a_store_on_the_heap() {
    is_rebuilt(HeapStore::new(100_000));
}

/// It is bounded by the bytes of its packets, and gives back what is acknowledged.
#[test]
#[cfg(feature = "alloc")]
fn a_store_on_the_heap_is_bounded() {
    let mut rig = Rig::new(HeapStore::new(30), &Sizes::default()).connected_persistent();
    rig.publish_sent(b"0123456789", QoS::AtLeastOnce);
    assert_eq!(rig.session().store().bytes(), 17);
    assert_eq!(rig.publish(b"0123456789", QoS::AtLeastOnce), Err(RequestError::StoreFull));
    rig.publish_sent(b"012345", QoS::AtLeastOnce);
    assert_eq!(rig.session().store().bytes(), 30);
    assert_eq!(rig.publish(b"", QoS::AtLeastOnce), Err(RequestError::StoreFull));
    rig.tells(b"\x40\x02\x00\x01", Event::Delivered { id: id(1), late: false });
    assert_eq!(rig.session().store().bytes(), 13);
    rig.publish_sent(b"0123456789", QoS::AtLeastOnce);
    assert_eq!(format!("{:?}", rig.session().store()), "HeapStore { messages: 2, bytes: 30, .. }");
}
