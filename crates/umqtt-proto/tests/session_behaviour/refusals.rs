//! A command that is refused changes nothing.

use umqtt_proto::wire::MAX_REMAINING_LENGTH;
use umqtt_proto::{ConnectError, Goal, NoStore, Phase, QoS, RamStore, RequestError, Store, TopicName, Wait};

use crate::rig::{
    CONNACK, End, Kept, Rig, Sizes, clean, filter, keeping_rig, persistent, resuming_rig, rig, topic,
};

/// All that can be seen of a session.
fn state<S: Store + std::fmt::Debug>(rig: &Rig<S>) -> String {
    let session = rig.engine.session();
    let shown = format!("{:?} {:?} {:?} {:?}", rig.engine, session.store(), session.next_id(), rig.pending());
    // Which ids were looked at changes nothing.
    let Some((before, after)) = shown.split_once("limit: PacketId(") else { panic!("{shown}") };
    before.to_owned() + after.trim_start_matches(|character: char| character.is_ascii_digit())
}

/// Runs a command that must be refused, and compares the session before and after.
fn refused<S: Store + std::fmt::Debug, T: std::fmt::Debug, E: PartialEq + std::fmt::Debug>(
    rig: &mut Rig<S>,
    error: E,
    command: impl FnOnce(&mut Rig<S>) -> Result<T, E>,
) {
    let before = state(rig);
    assert_eq!(command(rig).unwrap_err(), error);
    assert_eq!(state(rig), before);
}

/// Every request but `ping`, as `payload` makes it long.
fn requests<S: Store + std::fmt::Debug>(rig: &mut Rig<S>, error: RequestError, payload: &[u8]) {
    let name = "t".repeat(payload.len().max(1));
    refused(rig, error, |rig| rig.publish(payload, QoS::AtMostOnce));
    refused(rig, error, |rig| rig.publish(payload, QoS::AtLeastOnce));
    let streamed =
        |rig: &mut Rig<S>, qos| rig.session().publish_streamed(TopicName::new(&name).unwrap(), 9, qos, false);
    refused(rig, error, |rig| streamed(rig, QoS::AtMostOnce));
    if !S::KEEPS {
        refused(rig, error, |rig| streamed(rig, QoS::AtLeastOnce));
    }
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce] {
        refused(rig, error, |rig| rig.session().publish_large(topic(&name), &[0; 9], qos, false));
    }
    if cfg!(feature = "qos2") {
        refused(rig, error, |rig| rig.publish(payload, QoS::ExactlyOnce));
    }
    refused(rig, error, |rig| rig.session().subscribe(&[(filter(&name), QoS::AtLeastOnce)]));
    refused(rig, error, |rig| rig.session().unsubscribe(&[filter(&name)]));
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn requests_outside_of_a_connection() {
    let mut disconnected = keeping_rig().connected_persistent();
    disconnected.publish_sent(b"kept", QoS::AtLeastOnce);
    disconnected.close();
    disconnected.quiet();
    let mut awaiting = keeping_rig();
    awaiting.connect(&persistent()).unwrap();
    let mut disconnecting = keeping_rig().connected_persistent();
    disconnecting.disconnect();
    assert_eq!(disconnecting.phase(), Phase::Disconnecting);
    for mut rig in [disconnected, awaiting, disconnecting] {
        requests(&mut rig, RequestError::NotConnected, b"");
        refused(&mut rig, RequestError::NotConnected, |rig| rig.session().ping());
        if rig.phase() != Phase::Disconnected {
            refused(&mut rig, ConnectError::NotDisconnected, |rig| rig.connect(&clean()));
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn requests_while_messages_are_sent_again() {
    let mut rig = resuming_rig();
    requests(&mut rig, RequestError::TransmitFull, b"");
    refused(&mut rig, RequestError::NotConnected, |rig| rig.session().ping());
    refused(&mut rig, ConnectError::NotDisconnected, |rig| rig.connect(&clean()));
}

#[test]
fn a_second_connect() {
    let mut rig = rig();
    rig.connect_with(&clean(), CONNACK);
    rig.quiet();
    refused(&mut rig, ConnectError::NotDisconnected, |rig| rig.connect(&persistent()));
}

#[test]
fn a_full_transmit_buffer() {
    let mut rig = Rig::new(NoStore, &Sizes { transmit: 32, ..Sizes::default() }).connected();
    rig.publish(&[b'x'; 26], QoS::AtMostOnce).unwrap();
    rig.line.room = 7;
    rig.quiet();
    assert_eq!(rig.pending().len(), 24);
    requests(&mut rig, RequestError::TransmitFull, b"");
    refused(&mut rig, RequestError::TransmitFull, |rig| rig.session().ping());
    rig.line.room = usize::MAX;
    rig.send();
    rig.publish(b"", QoS::AtLeastOnce).unwrap();
    rig.session().ping().unwrap();
    assert_eq!(rig.disconnect(), b"\x32\x05\x00\x01t\x00\x01\xc0\x00\xe0\x00");
}

/// DISCONNECT goes when there is room for it, in the same call.
#[test]
fn a_full_transmit_buffer_and_disconnect() {
    let mut rig = Rig::new(NoStore, &Sizes { transmit: 32, ..Sizes::default() }).connected();
    rig.publish(&[b'x'; 27], QoS::AtMostOnce).unwrap();
    rig.line.room = 0;
    assert!(matches!(rig.call(Goal::Close), Ok(End::Waits(Wait { write: true, .. }))));
    assert_eq!((rig.phase(), rig.pending().len()), (Phase::Connected, 32));
    rig.line.room = usize::MAX;
    assert_eq!(rig.go_on(), Ok(End::Done));
    assert_eq!(rig.phase(), Phase::Disconnecting);
    assert_eq!(rig.line.output[31..], *b"x\xe0\x00");
}

#[test]
fn a_payload_that_is_not_complete() {
    let mut rig = rig().connected();
    rig.session().publish_streamed(topic("t"), 3, QoS::AtMostOnce, false).unwrap();
    assert_eq!(rig.session().push_payload(b"ab"), 2);
    requests(&mut rig, RequestError::TransmitFull, b"");
    refused(&mut rig, RequestError::TransmitFull, |rig| rig.session().ping());
    assert_eq!(rig.disconnect(), b"\x30\x06\x00\x01tab", "nothing in the middle of a packet");
    assert_eq!(rig.phase(), Phase::Connected);
    assert_eq!(rig.session().push_payload(b"cd"), 1);
    assert_eq!(rig.disconnect(), b"c\xe0\x00");
}

#[test]
fn a_transmit_buffer_smaller_than_the_packet() {
    let mut rig = Rig::new(NoStore, &Sizes { transmit: 32, ..Sizes::default() }).connected();
    for waiting in [false, true] {
        if waiting {
            rig.publish(&[b'x'; 26], QoS::AtMostOnce).unwrap();
        }
        let too_small = RequestError::BufferTooSmall;
        let payload = [b'x'; 30];
        refused(&mut rig, too_small, |rig| rig.publish(&payload, QoS::AtMostOnce));
        refused(&mut rig, too_small, |rig| rig.publish(&payload, QoS::AtLeastOnce));
        let name = "t".repeat(30);
        refused(&mut rig, too_small, |rig| rig.session().subscribe(&[(filter(&name), QoS::AtMostOnce)]));
        refused(&mut rig, too_small, |rig| rig.session().unsubscribe(&[filter(&name)]));
        refused(&mut rig, too_small, |rig| {
            rig.session().publish_streamed(topic(&name), 100_000, QoS::AtLeastOnce, false)
        });
    }
}

#[test]
fn a_full_table() {
    let mut rig = Rig::new(NoStore, &Sizes { slots: 3, ..Sizes::default() }).connected();
    rig.publish(b"", QoS::AtLeastOnce).unwrap();
    rig.session().subscribe(&[(filter("a"), QoS::AtMostOnce)]).unwrap();
    rig.session().unsubscribe(&[filter("a")]).unwrap();
    refused(&mut rig, RequestError::InFlightFull, |rig| rig.publish(b"", QoS::AtLeastOnce));
    refused(&mut rig, RequestError::InFlightFull, |rig| {
        rig.session().publish_streamed(topic("t"), 9, QoS::AtLeastOnce, false)
    });
    refused(&mut rig, RequestError::InFlightFull, |rig| {
        rig.session().subscribe(&[(filter("a"), QoS::AtMostOnce)])
    });
    refused(&mut rig, RequestError::InFlightFull, |rig| rig.session().unsubscribe(&[filter("a")]));
    rig.publish(b"needs no slot", QoS::AtMostOnce).unwrap();
    rig.send();
    rig.feed(b"\x40\x02\x00\x01");
    rig.poll_to_the_end();
    rig.publish(b"", QoS::AtLeastOnce).unwrap();
}

#[test]
fn a_full_store() {
    let mut rig = Rig::new(RamStore::new(vec![0; 32]), &Sizes::default()).connected_persistent();
    rig.publish(b"0123456789", QoS::AtLeastOnce).unwrap();
    refused(&mut rig, RequestError::StoreFull, |rig| rig.publish(b"0123456789", QoS::AtLeastOnce));
    rig.publish(b"0123456789", QoS::AtMostOnce).unwrap();
    rig.session().subscribe(&[(filter("a"), QoS::AtMostOnce)]).unwrap();
    rig.send();
    rig.feed(b"\x40\x02\x00\x01");
    rig.poll_to_the_end();
    rig.publish(b"0123456789", QoS::AtLeastOnce).unwrap();
}

#[test]
fn a_streamed_message_that_the_store_cannot_keep() {
    let mut rig = keeping_rig().connected_persistent();
    let streamed = |rig: &mut Rig<Kept>, qos| rig.session().publish_streamed(topic("t"), 3, qos, false);
    refused(&mut rig, RequestError::StoreFull, |rig| streamed(rig, QoS::AtLeastOnce));
    if cfg!(feature = "qos2") {
        refused(&mut rig, RequestError::StoreFull, |rig| streamed(rig, QoS::ExactlyOnce));
    }
    assert_eq!(streamed(&mut rig, QoS::AtMostOnce), Ok(None));
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn too_few_or_too_many_filters() {
    let mut rig = Rig::new(NoStore, &Sizes { transmit: 2048, ..Sizes::default() }).connected();
    for count in [0, 256, 257, 65_537] {
        let filters = vec![filter("a"); count];
        let asked: Vec<_> = filters.iter().map(|&filter| (filter, QoS::AtMostOnce)).collect();
        refused(&mut rig, RequestError::FilterCount, |rig| rig.session().subscribe(&asked));
        refused(&mut rig, RequestError::FilterCount, |rig| rig.session().unsubscribe(&filters));
    }
    rig.session().subscribe(&[(filter("a"), QoS::AtMostOnce); 255]).unwrap();
    assert_eq!(rig.send().len(), 3 + 2 + 255 * 4);
    rig.session().unsubscribe(&[filter("a"); 255]).unwrap();
    assert_eq!(rig.send().len(), 3 + 2 + 255 * 3);
}

#[test]
fn a_message_longer_than_mqtt_allows() {
    let mut rig = rig().connected();
    let longest = MAX_REMAINING_LENGTH as usize - 3;
    for length in [longest + 1, usize::MAX - 1, usize::MAX] {
        refused(&mut rig, RequestError::TooLong, |rig| {
            rig.session().publish_streamed(topic("t"), length, QoS::AtMostOnce, false)
        });
    }
    rig.session().publish_streamed(topic("t"), longest, QoS::AtMostOnce, false).unwrap();
    assert_eq!(rig.send(), b"\x30\xff\xff\xff\x7f\x00\x01t");
    assert_eq!(rig.session().payload_remaining(), longest);
}

/// Cut before PUBREC, its id could never be used again. A clean session leaves nothing behind.
#[test]
#[cfg(feature = "qos2")]
fn qos_2_on_a_kept_session_without_a_store() {
    let mut kept = rig().connected_persistent();
    refused(&mut kept, RequestError::NoStore, |rig| rig.publish(b"", QoS::ExactlyOnce));
    refused(&mut kept, RequestError::NoStore, |rig| {
        rig.session().publish_large(topic("t"), b"", QoS::ExactlyOnce, false)
    });
    refused(&mut kept, RequestError::NoStore, |rig| {
        rig.session().publish_streamed(topic("t"), 1, QoS::ExactlyOnce, false)
    });
    kept.publish(b"", QoS::AtLeastOnce).unwrap();
    kept.publish(b"", QoS::AtMostOnce).unwrap();
    let mut clean = rig().connected();
    clean.publish(b"", QoS::ExactlyOnce).unwrap();
    keeping_rig().connected_persistent().publish(b"", QoS::ExactlyOnce).unwrap();
}

#[test]
#[cfg(not(feature = "qos2"))]
fn qos_2_in_a_build_without_it() {
    let mut rig = rig().connected();
    refused(&mut rig, RequestError::Qos2NotBuilt, |rig| rig.publish(b"", QoS::ExactlyOnce));
    refused(&mut rig, RequestError::Qos2NotBuilt, |rig| {
        rig.session().publish_streamed(topic("t"), 1, QoS::ExactlyOnce, false)
    });
}
