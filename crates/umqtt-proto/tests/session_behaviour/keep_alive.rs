//! The session keeps its connection alive, and notices one that is dead.

use umqtt_proto::keep_alive::{Action, Elapsed, action};
use umqtt_proto::wire::{KeepAlive, PINGREQ, PINGRESP};
use umqtt_proto::{Event, Goal, NEVER, NoStore, QoS, SessionError, Timeouts};

use crate::rig::{Rig, Sizes, rig};

#[test]
fn pings_with_a_margin_when_nothing_is_sent() {
    let mut rig = rig().connected_keeping_alive(60);
    assert_eq!(rig.timeout(), Some(45_000));
    rig.wait(44_999);
    rig.quiet();
    assert_eq!((rig.send(), rig.timeout()), (vec![], Some(1)));
    rig.wait(1);
    rig.quiet();
    assert_eq!(rig.send(), PINGREQ);
    assert_eq!(rig.timeout(), Some(5_000), "PINGRESP is awaited");
    rig.takes(&PINGRESP);
    assert_eq!(rig.timeout(), Some(45_000));
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
        rig.takes(&PINGRESP);
    }
}

/// Whoever only sends hears nothing from a dead link, unless it asks; and later writes do not put off the end.
#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn probes_a_link_on_which_only_qos_0_is_sent() {
    for goals in [&[Goal::Flush, Goal::Event(0)][..], &[Goal::Event(0), Goal::Flush], &[Goal::Flush]] {
        let mut rig = rig().connected_keeping_alive(4);
        let died = 'life: loop {
            rig.publish(b"", QoS::AtMostOnce).unwrap();
            for &goal in goals {
                if let Err(error) = rig.call(goal) {
                    break 'life error;
                }
            }
            rig.wait(100);
            assert!(rig.now.as_millis() < 20_000, "{goals:?}");
        };
        let pinged = rig.line.output.windows(2).filter(|bytes| *bytes == PINGREQ).count();
        assert_eq!((died, pinged, rig.now.as_millis()), (SessionError::PingTimeout, 1, 4_000 + 5_000));
    }
}

/// A caller that only writes never takes an answer, but what has come proves that the link lives.
#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn a_caller_that_only_writes_keeps_a_link_that_lives_and_notices_one_that_died() {
    let mut rig = rig().connected_keeping_alive(4);
    let mut seen = 0;
    let died = loop {
        rig.publish(b"", QoS::AtMostOnce).unwrap();
        if let Err(error) = rig.call(Goal::Flush) {
            break error;
        }
        // The broker answers for a minute.
        let pinged = rig.line.output.windows(2).filter(|bytes| *bytes == PINGREQ).count();
        if pinged > seen && rig.now.as_millis() < 60_000 {
            rig.feed(&PINGRESP);
        }
        seen = pinged;
        rig.wait(100);
        assert!(rig.now.as_millis() < 90_000, "a dead link is noticed");
    };
    assert_eq!(died, SessionError::PingTimeout);
    assert!(rig.now.as_millis() >= 65_000, "{}", rig.now.as_millis());
}

#[test]
fn one_pingreq_waits_at_a_time() {
    let mut rig = rig().connected_keeping_alive(4);
    rig.line.room = 0;
    rig.wait(3_000);
    rig.quiet();
    rig.wait(1);
    rig.quiet();
    assert_eq!(rig.pending(), PINGREQ);
    assert_eq!(rig.timeout(), Some(4_999), "the link has as long to take it as the broker to answer");
}

#[test]
fn a_missing_pingresp_ends_the_connection() {
    let mut rig = rig().connected_keeping_alive(60);
    rig.wait(45_000);
    rig.quiet();
    rig.send();
    rig.wait(4_999);
    rig.quiet();
    rig.wait(1);
    rig.assert_ends(b"", SessionError::PingTimeout);
}

#[test]
fn an_overdue_pingresp_may_stand_behind_a_large_packet() {
    let sizes = Sizes { receive: 32, ..Sizes::default() };
    let mut rig = Rig::new(NoStore, &sizes).connected_keeping_alive(60);
    rig.session().ping().unwrap();
    rig.send();
    rig.wait(1_000);
    // A message of 102 bytes, in whose middle the line is slow.
    rig.feed(&[b"\x30\x64\x00\x01t", &[b'x'; 27][..]].concat());
    assert!(matches!(rig.poll(), Ok(Some(Event::MessageStart(_)))));
    rig.quiet();
    rig.wait(4_999);
    rig.quiet();
    assert_eq!(rig.timeout(), Some(1), "no busy waiting");
    rig.feed(&[b'x'; 20]);
    assert!(matches!(rig.poll(), Ok(Some(Event::MessagePart { .. }))));
    rig.quiet();
    rig.wait(4_999);
    rig.quiet();
    assert_eq!(rig.timeout(), Some(1));
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
    rig.takes(&PINGRESP);
}

#[test]
fn a_pingresp_that_waits_for_room_counts() {
    let sizes = Sizes { transmit: 16, ..Sizes::default() };
    let mut rig = Rig::new(NoStore, &sizes).connected_keeping_alive(60);
    rig.session().ping().unwrap();
    rig.send();
    rig.session().publish_streamed(crate::rig::topic("t"), 100, QoS::AtMostOnce, false).unwrap();
    rig.send();
    rig.feed(&PINGRESP);
    for _ in 0..50 {
        assert_eq!(rig.session().push_payload(b"xx"), 2);
        if rig.session().payload_remaining() > 0 {
            rig.send();
            rig.quiet();
            assert_eq!(rig.timeout(), None, "the caller gives payload, no busy waiting");
        }
        rig.wait(2_000);
    }
    rig.quiet();
    assert_eq!(rig.send(), b"xx\xc0\x00");
    assert_eq!(rig.timeout(), Some(5_000), "of the new one; the old one was answered");
}

/// Whoever bounds PINGRESP by more than the interval, or not at all, still says a word in time.
#[test]
fn pings_again_when_pingresp_is_not_awaited_for_long() {
    let mut rig = rig().connected_keeping_alive(4);
    rig.engine.set_timeouts(Timeouts { ping: NEVER, ..Timeouts::DEFAULT });
    for _ in 0..5 {
        assert_eq!(rig.timeout(), Some(3_000));
        rig.wait(3_000);
        rig.quiet();
        assert_eq!(rig.send(), PINGREQ);
    }
}

/// PINGREQ goes behind what waits, however full the buffer is, and its answer has room.
#[test]
fn a_pingreq_finds_room() {
    for waiting in 8..=16 {
        let sizes = Sizes { transmit: 16, ..Sizes::default() };
        let mut rig = Rig::new(NoStore, &sizes).connected_keeping_alive(4);
        rig.line.room = 0;
        rig.publish(&vec![b'x'; waiting - 5], QoS::AtMostOnce).unwrap();
        rig.wait(3_000);
        rig.quiet();
        assert_eq!(rig.pending().ends_with(&PINGREQ), waiting <= 14);
        rig.line.room = usize::MAX;
        rig.quiet();
        assert!(rig.line.output.ends_with(&PINGREQ), "{waiting} bytes");
        assert_eq!(rig.timeout(), Some(3_000));
        rig.takes(&PINGRESP);
        assert_eq!(rig.timeout(), Some(3_000));
    }
}

#[test]
fn without_keep_alive_nothing_is_asked() {
    let elapsed = Elapsed { sent: u32::MAX, received: u32::MAX, ping: None };
    assert_eq!(action(KeepAlive::OFF, 5_000, &elapsed), Action::Wait(None));
    let mut rig = rig().connected();
    rig.wait(u32::MAX);
    rig.quiet();
    assert_eq!((rig.send(), rig.timeout()), (vec![], None));
    // The caller may ask all the same.
    rig.session().ping().unwrap();
    assert_eq!(rig.send(), PINGREQ);
    assert_eq!(rig.timeout(), Some(5_000));
    rig.wait(5_000);
    rig.assert_ends(b"", SessionError::PingTimeout);
}

/// A second PINGREQ does not put off what the first one waits for.
#[test]
fn the_oldest_pingreq_counts() {
    let mut rig = rig().connected();
    rig.session().ping().unwrap();
    rig.send();
    rig.wait(4_000);
    rig.session().ping().unwrap();
    assert_eq!(rig.send(), PINGREQ);
    assert_eq!(rig.timeout(), Some(1_000));
    rig.takes(&PINGRESP);
    assert_eq!(rig.timeout(), None);
}
