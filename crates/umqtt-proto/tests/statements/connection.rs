//! Where a connection begins and ends, and what is underneath [MQTT 3.1.0, 3.14.4, 4.8, 7].

use umqtt_proto::wire::{Packet, PacketType};
use umqtt_proto::{ConnectError, NoStore, Phase, QoS, RequestError, SessionError, Violation};

use crate::rig::{CONNACK, Rig, Sizes, clean, keeping_alive, rig};

/// The packets in a stream of bytes, all of them whole.
fn packets(mut stream: &[u8]) -> Vec<PacketType> {
    let mut packets = Vec::new();
    while let Some((packet, length)) = Packet::decode(stream).unwrap() {
        packets.push(packet.packet_type());
        stream = &stream[length..];
    }
    assert!(stream.is_empty());
    packets
}

#[test]
fn connect_is_the_first_packet() {
    statement!("MQTT-3.1.0-1");
    let mut rig = rig();
    assert_eq!(rig.publish(b"", QoS::AtMostOnce), Err(RequestError::NotConnected));
    assert_eq!(rig.session().ping(), Err(RequestError::NotConnected));
    assert_eq!(rig.disconnect(), b"");
    assert_eq!(rig.send(), b"");
    rig.connect(&clean()).unwrap();
    assert_eq!(rig.publish(b"", QoS::AtMostOnce), Err(RequestError::NotConnected));
    assert_eq!(packets(&rig.send()), [PacketType::Connect]);
    rig.close();
    assert_eq!(packets(&rig.connect_with(&clean(), CONNACK)), [PacketType::Connect]);
}

#[test]
fn connect_is_sent_once() {
    statement!("MQTT-3.1.0-2");
    let mut rig = rig();
    rig.connect(&clean()).unwrap();
    let refused = Err(ConnectError::NotDisconnected);
    assert_eq!(rig.connect(&clean()), refused);
    assert_eq!(packets(&rig.send()), [PacketType::Connect]);
    rig.feed(CONNACK);
    assert_eq!(rig.poll_to_the_end(), 1);
    assert_eq!(rig.connect(&clean()), refused);
    assert_eq!(packets(&rig.disconnect()), [PacketType::Disconnect]);
    assert_eq!(rig.connect(&clean()), refused);
    assert_eq!(rig.send(), b"");
}

/// What is left to do is to close: nothing is read, nothing is awaited, nothing can be begun.
#[test]
fn after_disconnect_the_connection_is_closed() {
    statement!("MQTT-3.14.4-1");
    let mut rig = rig().connected();
    assert_eq!(rig.disconnect(), b"\xe0\x00");
    rig.feed(b"\x32\x05\x00\x01t\x00\x07");
    rig.quiet();
    assert_eq!((rig.phase(), rig.timeout()), (Phase::Disconnecting, None));
    assert_eq!(rig.connect(&clean()), Err(ConnectError::NotDisconnected));
    rig.close();
    assert_eq!(rig.phase(), Phase::Disconnected);
}

#[test]
fn after_disconnect_nothing_is_sent() {
    statement!("MQTT-3.14.4-2");
    let mut rig = rig().connected_keeping_alive(4);
    rig.publish(b"", QoS::AtLeastOnce).unwrap();
    assert_eq!(packets(&rig.disconnect()), [PacketType::Publish, PacketType::Disconnect]);
    assert_eq!(rig.publish(b"", QoS::AtMostOnce), Err(RequestError::NotConnected));
    assert_eq!(rig.session().ping(), Err(RequestError::NotConnected));
    assert_eq!(rig.disconnect(), b"");
    for _ in 0..10 {
        rig.wait(2_000);
        rig.feed(b"\x32\x05\x00\x01t\x00\x07");
        let _timed_out = rig.poll();
        assert_eq!(rig.send(), b"", "neither PINGREQ nor PUBACK");
    }
}

#[test]
fn a_violation_closes_the_connection() {
    statement!("MQTT-4.8.0-1");
    for (bytes, violation) in [
        (&b"\x00\x00"[..], Violation::ReservedPacketType),
        (b"\xf0\x00", Violation::ReservedPacketType),
        (b"\x41\x02\x00\x01", Violation::ReservedFlags),
        (b"\x30\xff\xff\xff\xff\x01", Violation::RemainingLengthTooLong),
        (b"\x40\x03\x00\x01\x00", Violation::WrongLength),
        (b"\x30\x02\x00\x03", Violation::WrongLength),
        (b"\x30\x04\x00\x02\xc3(", Violation::InvalidUtf8),
        (b"\x30\x03\x00\x01\x00", Violation::NulCharacter),
        (b"\x30\x02\x00\x00", Violation::EmptyTopic),
        (b"\x30\x03\x00\x01#", Violation::WildcardInTopicName),
        (b"\x36\x05\x00\x01t\x00\x01", Violation::InvalidQos),
        (b"\x38\x03\x00\x01t", Violation::DupWithQos0),
        (b"\x32\x05\x00\x01t\x00\x00", Violation::ZeroPacketId),
        (b"\x90\x03\x00\x01\x03", Violation::SubAckReturnCode),
        (b"\x20\x02\x00\x00", Violation::UnexpectedPacket),
        (b"\xe0\x00", Violation::UnexpectedPacket),
    ] {
        let mut rig = rig().connected();
        rig.publish(b"waits", QoS::AtMostOnce).unwrap();
        rig.feed(bytes);
        assert_eq!(rig.poll(), Err(SessionError::Violation(violation)), "{bytes:x?}");
        rig.assert_over();
    }
}

/// A packet that could be worked on if only there was room.
#[test]
fn a_lack_of_room_closes_the_connection() {
    statement!("MQTT-4.8.0-2");
    let mut rig = Rig::new(NoStore, &Sizes { receive: 16, ..Sizes::default() }).connected();
    rig.feed(b"\x90\x0f\x00\x01\x00");
    assert_eq!(rig.poll(), Err(SessionError::Violation(Violation::PacketTooLarge)));
    rig.assert_over();
    if cfg!(feature = "qos2") {
        let mut rig = Rig::with_ids(NoStore, &Sizes::default(), [0; 0]).connected();
        rig.feed(b"\x34\x05\x00\x01t\x00\x01");
        assert_eq!(rig.poll(), Err(SessionError::IncomingFull));
        rig.assert_over();
    }
}

/// A whole life with a broker that knows the standard and nothing else.
#[test]
fn no_extension_of_the_protocol_is_needed() {
    statement!("MQTT-7.0.0-2");
    let mut rig = rig();
    let mut sent = rig.connect_with(&keeping_alive(4), CONNACK);
    rig.quiet();
    rig.subscribe_sent("a");
    rig.feed(b"\x90\x03\x00\x01\x01\x32\x05\x00\x01a\x00\x09");
    assert_eq!(rig.poll_to_the_end(), 2);
    rig.publish(b"x", QoS::AtLeastOnce).unwrap();
    sent.extend(rig.send());
    rig.feed(b"\x40\x02\x00\x02");
    assert_eq!(rig.poll_to_the_end(), 1);
    rig.wait(3_000);
    rig.quiet();
    sent.extend(rig.send());
    rig.takes(b"\xd0\x00");
    sent.extend(rig.disconnect());
    let expected = [
        &b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x04\x00\x01c"[..],
        b"\x40\x02\x00\x09",
        b"\x32\x06\x00\x01t\x00\x02x",
        b"\xc0\x00",
        b"\xe0\x00",
    ];
    assert_eq!(sent, expected.concat());
}

/// Bytes in order and without loss are all that is asked of what is underneath: how they are cut does not matter.
#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn a_stream_of_bytes_is_all_that_is_needed() {
    statement!("MQTT-7.1.2-1");
    let stream = b"\x30\x04\x00\x01t1\x32\x06\x00\x01t\x00\x072\x90\x03\x00\x01\x01\xd0\x00\x40\x02\x00\x02";
    let life = |read: usize, written: usize| {
        let mut rig = rig().connected();
        rig.session().subscribe(&[(crate::rig::filter("t"), QoS::AtLeastOnce)]).unwrap();
        rig.publish(b"x", QoS::AtLeastOnce).unwrap();
        let mut events = Vec::new();
        rig.line.room = 0;
        for bytes in stream.chunks(read) {
            rig.feed(bytes);
            while let Some(event) = rig.poll().unwrap() {
                events.push(format!("{event:?}"));
            }
            rig.line.room = written;
        }
        rig.line.room = usize::MAX;
        (events, rig.send())
    };
    let whole = life(stream.len(), 1_000);
    assert_eq!(whole.0.len(), 4);
    assert_eq!(whole.1, b"\x82\x06\x00\x01\x00\x01t\x01\x32\x06\x00\x01t\x00\x02x\x40\x02\x00\x07");
    for read in 1..stream.len() {
        for written in 1..9 {
            assert_eq!(life(read, written), whole, "{read} bytes read, {written} written at a time");
        }
    }
}
