//! The session keeps its connection alive, and notices one that is dead.

use umqtt_proto::wire::{PINGREQ, PINGRESP, PacketType};
use umqtt_proto::{Event, NoStore, QoS, SessionError};

use crate::rig::{Rig, Sizes, rig};

const PONG: Event<'static> = Event::Handled(PacketType::PingResp);

#[test]
fn pings_with_a_margin_when_nothing_is_sent() {
    let mut rig = rig().connected_keeping_alive(60);
    assert_eq!(rig.session.poll_timeout(rig.now), Some(45_000));
    rig.wait(44_999);
    rig.feed(b"");
    rig.quiet();
    assert_eq!((rig.send(), rig.session.poll_timeout(rig.now)), (vec![], Some(1)));
    rig.wait(1);
    assert_eq!(rig.session.poll_timeout(rig.now), Some(0));
    rig.quiet();
    assert_eq!(rig.send(), PINGREQ);
    assert_eq!(rig.session.poll_timeout(rig.now), Some(5_000), "PINGRESP is awaited");
    rig.tells(&PINGRESP, PONG);
    assert_eq!(rig.session.poll_timeout(rig.now), Some(45_000));
}

#[test]
fn pings_while_messages_arrive() {
    let mut rig = rig().connected_keeping_alive(4);
    for _ in 0..3 {
        for _ in 0..29 {
            rig.wait(100);
            rig.feed(b"\x30\x03\x00\x01t");
            assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))));
            rig.quiet();
            assert_eq!(rig.send(), b"");
        }
        rig.wait(100);
        rig.feed(b"\x30\x03\x00\x01t");
        assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))));
        rig.quiet();
        assert_eq!(rig.send(), PINGREQ);
        rig.tells(&PINGRESP, PONG);
    }
}

/// Whoever only sends hears nothing from a dead link, unless it asks.
#[test]
fn probes_a_link_on_which_only_qos_0_is_sent() {
    for polled_before_sending in [false, true] {
        let mut rig = rig().connected_keeping_alive(4);
        let mut pinged = 0;
        let died = loop {
            rig.feed(b"");
            rig.publish(b"", QoS::AtMostOnce).unwrap();
            if !polled_before_sending {
                rig.send();
            }
            if let Err(error) = rig.poll() {
                break error;
            }
            pinged += usize::from(rig.send().ends_with(&PINGREQ));
            rig.wait(100);
            assert!(rig.now.as_millis() < 20_000, "polled before sending: {polled_before_sending}");
        };
        assert_eq!((died, pinged, rig.now.as_millis()), (SessionError::PingTimeout, 1, 4_000 + 5_000));
    }
}

#[test]
fn one_pingreq_waits_at_a_time() {
    let mut rig = rig().connected_keeping_alive(4);
    rig.wait(3_000);
    rig.quiet();
    rig.wait(1);
    rig.quiet();
    assert_eq!(rig.session.poll_transmit(), PINGREQ);
    assert_eq!(rig.session.poll_timeout(rig.now), None, "sending bounds it");
}

#[test]
fn a_missing_pingresp_ends_the_connection() {
    let mut rig = rig().connected_keeping_alive(60);
    rig.wait(45_000);
    rig.quiet();
    rig.send();
    rig.wait(4_999);
    rig.feed(b"");
    rig.quiet();
    rig.wait(1);
    assert_eq!(rig.session.poll_timeout(rig.now), Some(0));
    rig.assert_ends(b"", SessionError::PingTimeout);
}

#[test]
fn an_overdue_pingresp_may_stand_behind_a_large_packet() {
    let sizes = Sizes { receive: 32, ..Sizes::default() };
    let mut rig = Rig::new(NoStore, &sizes).connected_keeping_alive(60);
    rig.session.ping(rig.now).unwrap();
    rig.send();
    rig.wait(1_000);
    // A message of 102 bytes, in whose middle the line is slow.
    rig.feed(&[b"\x30\x64\x00\x01t", &[b'x'; 27][..]].concat());
    assert!(matches!(rig.poll(), Ok(Some(Event::MessageStart(_)))));
    rig.quiet();
    rig.wait(4_999);
    rig.feed(b"");
    rig.quiet();
    assert_eq!(rig.session.poll_timeout(rig.now), Some(1), "no busy waiting");
    rig.feed(&[b'x'; 20]);
    assert!(matches!(rig.poll(), Ok(Some(Event::MessagePart { .. }))));
    rig.quiet();
    rig.wait(4_999);
    rig.feed(b"");
    rig.quiet();
    assert_eq!(rig.session.poll_timeout(rig.now), Some(1));
    rig.wait(1);
    rig.assert_ends(b"", SessionError::PingTimeout);
}

#[test]
fn a_pingresp_that_was_read_counts_however_late_it_is_looked_at() {
    let mut rig = rig().connected_keeping_alive(60);
    rig.wait(45_000);
    rig.quiet();
    rig.send();
    rig.wait(5_000);
    rig.feed(&PINGRESP);
    // Whoever reads until there is nothing more looks at the transport once again.
    rig.tells(b"", PONG);
}

#[test]
fn a_pingresp_that_waits_for_room_counts() {
    let sizes = Sizes { transmit: 16, ..Sizes::default() };
    let mut rig = Rig::new(NoStore, &sizes).connected_keeping_alive(60);
    rig.session.ping(rig.now).unwrap();
    rig.send();
    rig.session.publish_streamed(crate::rig::topic("t"), 100, QoS::AtMostOnce, false, rig.now).unwrap();
    rig.send();
    rig.feed(&PINGRESP);
    for _ in 0..50 {
        assert_eq!(rig.session.push_payload(b"xx"), 2);
        rig.send();
        rig.feed(b"");
        if rig.session.payload_remaining() > 0 {
            assert_eq!(rig.session.poll_timeout(rig.now), None, "the caller gives payload, no busy waiting");
            rig.quiet();
        }
        rig.wait(2_000);
    }
    rig.tells(b"", PONG);
    assert_eq!(rig.session.poll_transmit(), PINGREQ);
}
