//! A command that is refused changes nothing.

use umqtt_proto::wire::MAX_REMAINING_LENGTH;
use umqtt_proto::{ConnectError, NoStore, Phase, QoS, RamStore, RequestError, Store, TopicName};

use crate::rig::{
    CONNACK, CONNACK_PRESENT, Kept, Rig, Sizes, clean, filter, keeping_rig, persistent, rig, topic,
};

/// All that can be seen of a session.
fn state<S: Store + std::fmt::Debug>(rig: &Rig<S>) -> String {
    let session = &rig.session;
    format!("{session:?} {:?} {:?}", session.poll_transmit(), session.poll_timeout(rig.now))
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

/// Every request but `ping` and `disconnect`, as `payload` makes it long.
fn requests<S: Store + std::fmt::Debug>(rig: &mut Rig<S>, error: RequestError, payload: &[u8]) {
    let name = "t".repeat(payload.len().max(1));
    refused(rig, error, |rig| rig.publish(payload, QoS::AtMostOnce));
    refused(rig, error, |rig| rig.publish(payload, QoS::AtLeastOnce));
    let streamed = |rig: &mut Rig<S>, qos| {
        rig.session.publish_streamed(TopicName::new(&name).unwrap(), 9, qos, false, rig.now)
    };
    refused(rig, error, |rig| streamed(rig, QoS::AtMostOnce));
    if !S::KEEPS {
        refused(rig, error, |rig| streamed(rig, QoS::AtLeastOnce));
    }
    if cfg!(feature = "qos2") {
        refused(rig, error, |rig| rig.publish(payload, QoS::ExactlyOnce));
    }
    refused(rig, error, |rig| rig.session.subscribe(&[(filter(&name), QoS::AtLeastOnce)], rig.now));
    refused(rig, error, |rig| rig.session.unsubscribe(&[filter(&name)], rig.now));
}

/// A rig that has more to send again than fits its transmit buffer.
fn resuming() -> Rig<Kept> {
    let mut rig = Rig::new(RamStore::new(vec![0; 512]), &Sizes { transmit: 24, ..Sizes::default() })
        .connected_persistent();
    for _ in 0..3 {
        rig.publish_sent(b"0123456789", QoS::AtLeastOnce);
    }
    rig.close();
    rig.connect_with(&persistent(), CONNACK_PRESENT);
    rig.quiet();
    assert_eq!(rig.session.phase(), Phase::Resuming);
    rig
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn requests_outside_of_a_connection() {
    let mut disconnected = keeping_rig().connected_persistent();
    disconnected.publish_sent(b"kept", QoS::AtLeastOnce);
    disconnected.close();
    disconnected.quiet();
    let mut awaiting = keeping_rig();
    awaiting.session.connect(&persistent(), awaiting.now).unwrap();
    let mut disconnecting = keeping_rig().connected_persistent();
    disconnecting.session.disconnect().unwrap();
    for mut rig in [disconnected, awaiting, disconnecting] {
        requests(&mut rig, RequestError::NotConnected, b"");
        refused(&mut rig, RequestError::NotConnected, |rig| rig.session.ping(rig.now));
        if rig.session.phase() != Phase::AwaitConnAck {
            refused(&mut rig, RequestError::NotConnected, |rig| rig.session.disconnect());
        }
        if rig.session.phase() != Phase::Disconnected {
            refused(&mut rig, ConnectError::NotDisconnected, |rig| rig.session.connect(&clean(), rig.now));
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn requests_while_messages_are_sent_again() {
    let mut rig = resuming();
    requests(&mut rig, RequestError::TransmitFull, b"");
    refused(&mut rig, RequestError::NotConnected, |rig| rig.session.ping(rig.now));
    refused(&mut rig, ConnectError::NotDisconnected, |rig| rig.session.connect(&clean(), rig.now));
}

#[test]
fn a_second_connect() {
    let mut rig = rig();
    rig.connect_with(&clean(), CONNACK);
    rig.quiet();
    refused(&mut rig, ConnectError::NotDisconnected, |rig| rig.session.connect(&persistent(), rig.now));
}

#[test]
fn a_full_transmit_buffer() {
    let mut rig = Rig::new(NoStore, &Sizes { transmit: 32, ..Sizes::default() }).connected();
    rig.publish(&[b'x'; 26], QoS::AtMostOnce).unwrap();
    assert_eq!(rig.session.poll_transmit().len(), 31);
    rig.session.sent(7, rig.now);
    requests(&mut rig, RequestError::TransmitFull, b"");
    refused(&mut rig, RequestError::TransmitFull, |rig| rig.session.ping(rig.now));
    refused(&mut rig, RequestError::TransmitFull, |rig| rig.session.disconnect());
    rig.send();
    rig.publish(b"", QoS::AtLeastOnce).unwrap();
    rig.session.ping(rig.now).unwrap();
    rig.session.disconnect().unwrap();
    assert_eq!(rig.send(), b"\x32\x05\x00\x01t\x00\x01\xc0\x00\xe0\x00");
}

#[test]
fn a_payload_that_is_not_complete() {
    let mut rig = rig().connected();
    rig.session.publish_streamed(topic("t"), 3, QoS::AtMostOnce, false, rig.now).unwrap();
    assert_eq!(rig.session.push_payload(b"ab"), 2);
    requests(&mut rig, RequestError::TransmitFull, b"");
    refused(&mut rig, RequestError::TransmitFull, |rig| rig.session.ping(rig.now));
    refused(&mut rig, RequestError::TransmitFull, |rig| rig.session.disconnect());
    assert_eq!(rig.session.push_payload(b"cd"), 1);
    rig.session.disconnect().unwrap();
    assert_eq!(rig.send(), b"\x30\x06\x00\x01tabc\xe0\x00");
}

#[test]
fn a_transmit_buffer_smaller_than_the_packet() {
    let mut rig = Rig::new(NoStore, &Sizes { transmit: 32, ..Sizes::default() }).connected();
    for waiting in [false, true] {
        if waiting {
            rig.publish(&[b'x'; 26], QoS::AtMostOnce).unwrap();
        }
        let too_small = |needed| RequestError::BufferTooSmall { needed };
        let payload = [b'x'; 30];
        refused(&mut rig, too_small(35), |rig| rig.publish(&payload, QoS::AtMostOnce));
        refused(&mut rig, too_small(37), |rig| rig.publish(&payload, QoS::AtLeastOnce));
        let name = "t".repeat(30);
        refused(&mut rig, too_small(37), |rig| {
            rig.session.subscribe(&[(filter(&name), QoS::AtMostOnce)], rig.now)
        });
        refused(&mut rig, too_small(36), |rig| rig.session.unsubscribe(&[filter(&name)], rig.now));
        refused(&mut rig, too_small(38), |rig| {
            rig.session.publish_streamed(topic(&name), 100_000, QoS::AtLeastOnce, false, rig.now)
        });
    }
}

#[test]
fn a_full_table() {
    let mut rig = Rig::new(NoStore, &Sizes { slots: 3, ..Sizes::default() }).connected();
    rig.publish(b"", QoS::AtLeastOnce).unwrap();
    rig.session.subscribe(&[(filter("a"), QoS::AtMostOnce)], rig.now).unwrap();
    rig.session.unsubscribe(&[filter("a")], rig.now).unwrap();
    refused(&mut rig, RequestError::InFlightFull, |rig| rig.publish(b"", QoS::AtLeastOnce));
    refused(&mut rig, RequestError::InFlightFull, |rig| {
        rig.session.publish_streamed(topic("t"), 9, QoS::AtLeastOnce, false, rig.now)
    });
    refused(&mut rig, RequestError::InFlightFull, |rig| {
        rig.session.subscribe(&[(filter("a"), QoS::AtMostOnce)], rig.now)
    });
    refused(&mut rig, RequestError::InFlightFull, |rig| rig.session.unsubscribe(&[filter("a")], rig.now));
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
    rig.session.subscribe(&[(filter("a"), QoS::AtMostOnce)], rig.now).unwrap();
    rig.send();
    rig.feed(b"\x40\x02\x00\x01");
    rig.poll_to_the_end();
    rig.publish(b"0123456789", QoS::AtLeastOnce).unwrap();
}

#[test]
fn a_streamed_message_that_the_store_cannot_keep() {
    let mut rig = keeping_rig().connected_persistent();
    let streamed =
        |rig: &mut Rig<Kept>, qos| rig.session.publish_streamed(topic("t"), 3, qos, false, rig.now);
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
        refused(&mut rig, RequestError::FilterCount, |rig| rig.session.subscribe(&asked, rig.now));
        refused(&mut rig, RequestError::FilterCount, |rig| rig.session.unsubscribe(&filters, rig.now));
    }
    rig.session.subscribe(&[(filter("a"), QoS::AtMostOnce); 255], rig.now).unwrap();
    assert_eq!(rig.send().len(), 3 + 2 + 255 * 4);
    rig.session.unsubscribe(&[filter("a"); 255], rig.now).unwrap();
    assert_eq!(rig.send().len(), 3 + 2 + 255 * 3);
}

#[test]
fn a_message_longer_than_mqtt_allows() {
    let mut rig = rig().connected();
    let longest = MAX_REMAINING_LENGTH as usize - 3;
    for length in [longest + 1, usize::MAX - 1, usize::MAX] {
        refused(&mut rig, RequestError::TooLong, |rig| {
            rig.session.publish_streamed(topic("t"), length, QoS::AtMostOnce, false, rig.now)
        });
    }
    rig.session.publish_streamed(topic("t"), longest, QoS::AtMostOnce, false, rig.now).unwrap();
    assert_eq!(rig.send(), b"\x30\xff\xff\xff\x7f\x00\x01t");
    assert_eq!(rig.session.payload_remaining(), longest);
}

#[test]
#[cfg(not(feature = "qos2"))]
fn qos_2_in_a_build_without_it() {
    let mut rig = rig().connected();
    refused(&mut rig, RequestError::Qos2NotBuilt, |rig| rig.publish(b"", QoS::ExactlyOnce));
    refused(&mut rig, RequestError::Qos2NotBuilt, |rig| {
        rig.session.publish_streamed(topic("t"), 1, QoS::ExactlyOnce, false, rig.now)
    });
}
