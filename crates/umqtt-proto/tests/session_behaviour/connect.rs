//! How a connection begins, ends, and what may stand in between.

use umqtt_proto::wire::{Connect, ConnectReturnCode, PacketType};
use umqtt_proto::{
    ClientId, ConnectError, Event, Goal, NEVER, NoStore, Phase, PhaseInput, QoS, SessionError, Timeouts,
    Violation, Wait,
};

use crate::rig::{
    CONNACK, CONNACK_PRESENT, End, Rig, Sizes, clean, keeping_rig, persistent, resuming_rig, rig,
};

/// A packet of every type, some of them with what only a client may send.
const PACKETS: [(PacketType, &[u8]); 14] = [
    (PacketType::Connect, b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01c"),
    (PacketType::ConnAck, b"\x20\x02\x00\x00"),
    (PacketType::Publish, b"\x32\x05\x00\x01t\x00\x01"),
    (PacketType::PubAck, b"\x40\x02\x00\x01"),
    (PacketType::PubRec, b"\x50\x02\x00\x01"),
    (PacketType::PubRel, b"\x62\x02\x00\x01"),
    (PacketType::PubComp, b"\x70\x02\x00\x01"),
    (PacketType::Subscribe, b"\x82\x06\x00\x01\x00\x01t\x00"),
    (PacketType::SubAck, b"\x90\x03\x00\x01\x00"),
    (PacketType::Unsubscribe, b"\xa2\x05\x00\x01\x00\x01t"),
    (PacketType::UnsubAck, b"\xb0\x02\x00\x01"),
    (PacketType::PingReq, b"\xc0\x00"),
    (PacketType::PingResp, b"\xd0\x00"),
    (PacketType::Disconnect, b"\xe0\x00"),
];

#[test]
fn every_phase_and_input() {
    use Phase::{AwaitConnAck, Connected, Disconnected, Disconnecting, Resuming};
    assert_eq!(Phase::ALL, [Disconnected, AwaitConnAck, Resuming, Connected, Disconnecting]);
    use PhaseInput::{Closed, ConnAck, Disconnect, Resumed};
    assert_eq!(PhaseInput::ALL, [PhaseInput::Connect, ConnAck, Resumed, Disconnect, Closed]);
    let table = Phase::ALL.map(|phase| PhaseInput::ALL.map(|input| phase.next(input)));
    let closed = Some(Disconnected);
    let leaving = Some(Disconnecting);
    let expected = [
        [Some(AwaitConnAck), None, None, None, closed],
        [None, Some(Resuming), None, leaving, closed],
        [None, None, Some(Connected), leaving, closed],
        [None, None, None, leaving, closed],
        [None, None, None, None, closed],
    ];
    assert_eq!(table, expected);
}

#[test]
fn connects() {
    let mut rig = rig();
    assert_eq!(rig.phase(), Phase::Disconnected);
    assert_eq!(rig.timeout(), None);
    rig.connect(&clean()).unwrap();
    assert_eq!(rig.phase(), Phase::AwaitConnAck);
    assert_eq!(rig.send(), b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01c");
    rig.feed(&CONNACK[..3]);
    rig.quiet();
    rig.feed(&CONNACK[3..]);
    assert_eq!(rig.poll(), Ok(Some(Event::Connected { session_present: false })));
    rig.quiet();
    assert_eq!(rig.phase(), Phase::Connected);
    assert_eq!(rig.send(), b"");
}

#[test]
fn an_empty_client_id_needs_a_clean_session() {
    let mut rig = rig();
    let empty = ClientId::new("").unwrap();
    let refused = rig.connect(&Connect { client_id: empty, ..persistent() });
    assert_eq!(refused, Err(ConnectError::EmptyClientId));
    assert_eq!(rig.phase(), Phase::Disconnected);
    rig.connect_with(&Connect { client_id: empty, ..clean() }, CONNACK);
}

#[test]
fn connect_must_fit_the_transmit_buffer() {
    let connect = clean();
    for size in 0..15 {
        let mut rig = Rig::new(NoStore, &Sizes { transmit: size, ..Sizes::default() });
        let refused = rig.connect(&connect);
        assert_eq!(refused, Err(ConnectError::BufferTooSmall));
        assert_eq!((rig.phase(), rig.pending()), (Phase::Disconnected, &b""[..]));
    }
    let mut rig = Rig::new(NoStore, &Sizes { transmit: 15, ..Sizes::default() });
    rig.connect_with(&connect, CONNACK);
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn a_refusal_ends_the_connection() {
    for code in 1..=255 {
        let mut rig = rig();
        rig.connect(&persistent()).unwrap();
        rig.send();
        rig.assert_ends(&[0x20, 2, 0, code], SessionError::Refused(ConnectReturnCode::from_code(code)));
        rig.receiver.clear();
        rig.connect_with(&clean(), CONNACK);
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn a_hostile_connack_ends_the_connection() {
    let ends = |connect: &Connect<'_>, bytes: &[u8], violation| {
        let mut rig = rig();
        rig.connect(connect).unwrap();
        rig.send();
        rig.assert_ends(bytes, SessionError::Violation(violation));
    };
    ends(&clean(), CONNACK_PRESENT, Violation::SessionPresent);
    for code in 1..=255 {
        ends(&persistent(), &[0x20, 2, 1, code], Violation::SessionPresent);
    }
    for flags in 2..=255 {
        ends(&persistent(), &[0x20, 2, flags, 0], Violation::ReservedConnAckFlag);
    }
    ends(&clean(), b"\x20\x03\x00\x84\x00", Violation::WrongLength);
    ends(&clean(), b"\x20\x01\x00", Violation::WrongLength);
    ends(&clean(), b"\x20\x00", Violation::WrongLength);
    ends(&clean(), b"\x20\x80\x80\x80\x80\x00", Violation::RemainingLengthTooLong);
    ends(&clean(), b"\x21\x02\x00\x00", Violation::ReservedFlags);
    ends(&clean(), b"HTTP/1.1 400 Bad Request\r\n\r\n", Violation::ReservedFlags);
}

#[test]
fn nothing_may_come_before_connack() {
    for (packet_type, packet) in PACKETS {
        if packet_type != PacketType::ConnAck {
            let mut rig = rig();
            rig.connect(&clean()).unwrap();
            rig.send();
            rig.assert_ends(packet, Violation::UnexpectedPacket);
        }
    }
    let mut rig = Rig::new(NoStore, &Sizes { receive: 16, ..Sizes::default() });
    rig.connect(&clean()).unwrap();
    rig.assert_ends(b"\x30\x64\x00\x01tlarge messa", Violation::UnexpectedPacket);
}

#[test]
fn what_only_a_client_may_send_ends_the_connection() {
    for (packet_type, packet) in PACKETS {
        let unexpected = matches!(
            packet_type,
            PacketType::Connect
                | PacketType::ConnAck
                | PacketType::Subscribe
                | PacketType::Unsubscribe
                | PacketType::PingReq
                | PacketType::Disconnect
        );
        // Once connected, and once while there is more to be sent again than fits.
        let mut resuming = resuming_rig();
        resuming.line.room = usize::MAX;
        let mut connected = rig().connected();
        if unexpected {
            connected.assert_ends(packet, Violation::UnexpectedPacket);
            resuming.assert_ends(packet, Violation::UnexpectedPacket);
        } else if cfg!(feature = "qos2") || !(5..=7).contains(&(packet_type as u8)) {
            connected.feed(packet);
            assert!(connected.poll().is_ok(), "{packet_type:?}");
            connected.quiet();
            assert!(!connected.receiver.is_mid_packet(), "{packet_type:?}");
            assert_eq!(connected.phase(), Phase::Connected);
        }
    }
}

#[test]
fn nothing_is_read_without_a_connection_or_behind_disconnect() {
    for (_, packet) in PACKETS {
        let mut rig = rig();
        rig.feed(packet);
        rig.quiet();
        assert_eq!(rig.phase(), Phase::Disconnected);
        rig.receiver.clear();
        rig.line.input.clear();
        let mut rig = rig.connected();
        assert_eq!(rig.disconnect(), b"\xe0\x00");
        rig.feed(packet);
        rig.quiet();
        assert_eq!((rig.phase(), rig.send()), (Phase::Disconnecting, vec![]));
        assert_eq!(rig.timeout(), None);
    }
}

#[test]
fn disconnect_is_the_last_packet() {
    for phase in [Phase::AwaitConnAck, Phase::Connected] {
        let mut rig = keeping_rig();
        rig.connect(&persistent()).unwrap();
        if phase != Phase::AwaitConnAck {
            rig.send();
            rig.feed(CONNACK);
            rig.poll().unwrap();
        }
        if phase == Phase::Connected {
            rig.quiet();
            rig.publish(b"", QoS::AtMostOnce).unwrap();
        }
        assert_eq!(rig.phase(), phase);
        assert!(rig.disconnect().ends_with(b"\xe0\x00"));
        assert_eq!(rig.phase(), Phase::Disconnecting);
        assert!(rig.disconnect().is_empty() && rig.session().ping().is_err());
        assert!(rig.publish(b"", QoS::AtMostOnce).is_err());
        rig.wait(100_000);
        rig.quiet();
        assert_eq!(rig.send(), b"");
        rig.close();
        assert_eq!(rig.phase(), Phase::Disconnected);
        rig.connect_with(&clean(), CONNACK);
    }
}

/// Neither PINGREQ nor an acknowledgement that found no room before.
#[test]
fn what_has_no_room_before_disconnect_goes_before_it_or_not_at_all() {
    for waiting in 7..=16 {
        let sizes = Sizes { transmit: 16, ..Sizes::default() };
        let mut rig = Rig::new(NoStore, &sizes).connected_keeping_alive(4);
        rig.line.room = 0;
        rig.publish(&vec![b'x'; waiting - 5], QoS::AtMostOnce).unwrap();
        rig.feed(b"\x32\x05\x00\x01t\x00\x07");
        let told = rig.poll().unwrap().is_some();
        assert_eq!(told, waiting <= 12);
        rig.wait(3_000);
        rig.quiet();
        let Ok(End::Waits(_)) = rig.call(Goal::Close) else { panic!("{waiting} bytes") };
        rig.line.room = usize::MAX;
        assert_eq!(rig.go_on(), Ok(End::Done));
        let sent = rig.send();
        assert!(sent.ends_with(b"\xe0\x00"), "{waiting} bytes: {sent:x?}");
        assert_eq!(sent.windows(4).any(|bytes| bytes == b"\x40\x02\x00\x07"), told);
        assert_eq!(rig.phase(), Phase::Disconnecting);
    }
}

#[test]
fn a_missing_connack_ends_the_connection() {
    let mut rig = rig();
    rig.wait(123);
    rig.connect(&clean()).unwrap();
    rig.wait(2_000);
    rig.send();
    rig.feed(&CONNACK[..3]);
    rig.wait(2_999);
    rig.quiet();
    assert_eq!(rig.timeout(), Some(1));
    rig.wait(1);
    rig.assert_ends(b"", SessionError::ConnectTimeout);
    assert_eq!(rig.timeout(), None);
}

#[test]
fn a_connack_that_is_there_counts_however_late_it_is_looked_at() {
    let mut rig = rig();
    rig.connect(&clean()).unwrap();
    rig.send();
    rig.wait(5_000);
    rig.feed(CONNACK);
    assert_eq!(rig.poll(), Ok(Some(Event::Connected { session_present: false })));
}

/// A call that only writes leaves CONNACK to the next call, however late it is.
#[test]
fn a_flush_leaves_connack_alone() {
    let mut rig = rig();
    rig.connect(&clean()).unwrap();
    rig.send();
    rig.feed(CONNACK);
    for _ in 0..3 {
        assert_eq!(rig.call(Goal::Flush), Ok(End::Done));
        rig.wait(5_000);
    }
    assert_eq!(rig.poll(), Ok(Some(Event::Connected { session_present: false })));
}

/// A link that does not take CONNECT is given up when CONNACK is late.
#[test]
fn a_link_that_does_not_take_connect_is_given_up() {
    for goal in [Goal::Flush, Goal::Event(NEVER)] {
        for size in [15, 16, 64] {
            let mut rig = Rig::new(NoStore, &Sizes { transmit: size, ..Sizes::default() });
            rig.engine.set_timeouts(Timeouts { write: NEVER, ..Timeouts::default() });
            rig.line.room = 7;
            rig.connect(&clean()).unwrap();
            let wait = Wait { read: true, write: true, millis: 5_000 };
            assert_eq!(rig.call(goal), Ok(End::Waits(wait)));
            rig.wait(5_000);
            assert_eq!(rig.go_on(), Err(SessionError::ConnectTimeout), "{goal:?}, {size} bytes");
        }
    }
}

#[test]
fn the_wait_for_connack_is_bounded_by_the_caller_or_not_at_all() {
    for (connect, elapsed, over) in
        [(100, 99, false), (100, 100, true), (NEVER, NEVER - 1, false), (NEVER, NEVER, false), (0, 0, true)]
    {
        let mut rig = rig();
        rig.connect(&clean()).unwrap();
        rig.send();
        rig.engine.set_timeouts(Timeouts { connect, ..Timeouts::default() });
        let left = if connect == NEVER { None } else { Some(connect - elapsed) };
        rig.wait(elapsed);
        if over {
            rig.assert_ends(b"", SessionError::ConnectTimeout);
        } else {
            rig.quiet();
            assert_eq!(rig.timeout(), left);
        }
    }
}

#[test]
fn a_violation_ends_the_connection_and_frees_the_session_for_the_next() {
    let mut rig = rig().connected();
    rig.publish(b"waits", QoS::AtMostOnce).unwrap();
    rig.assert_ends(b"\xf0\x00", Violation::ReservedPacketType);
    let sent = rig.connect_with(&clean(), CONNACK);
    assert_eq!(sent.first(), Some(&0x10), "what waited for the last connection is not sent");
}
