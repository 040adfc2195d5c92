//! The caller's clock may wrap at any time.

use umqtt_proto::wire::{PINGREQ, PINGRESP};
use umqtt_proto::{Event, Instant, QoS, SessionError, Ticks};

use crate::rig::{CONNACK, Rig, keeping_alive, rig};

/// A connection that does all that depends on time, on a clock that gives the moment `millis` after its start.
fn a_life(mut clock: impl FnMut(u32) -> Instant) {
    let mut rig = rig();
    let mut at = |rig: &mut Rig<_>, millis| rig.now = clock(millis);

    at(&mut rig, 0);
    rig.connect(&keeping_alive(8)).unwrap();
    rig.send();
    at(&mut rig, 4_999);
    assert_eq!(rig.timeout(), Some(1));
    rig.feed(CONNACK);
    assert_eq!(rig.poll(), Ok(Some(Event::Connected { session_present: false })));
    rig.quiet();
    assert_eq!(rig.timeout(), Some(1_001), "6 s after CONNECT");

    at(&mut rig, 5_500);
    let id = rig.publish_sent(b"", QoS::AtLeastOnce);
    assert_eq!(rig.timeout(), Some(6_000));
    at(&mut rig, 11_499);
    rig.quiet();
    assert_eq!(rig.timeout(), Some(1));
    at(&mut rig, 11_500);
    rig.quiet();
    assert_eq!(rig.send(), PINGREQ);
    at(&mut rig, 13_500);
    rig.takes(&PINGRESP);

    at(&mut rig, 15_499);
    rig.quiet();
    at(&mut rig, 15_500);
    assert_eq!(rig.poll(), Ok(Some(Event::TimedOut { id })));
    rig.quiet();
    assert_eq!(rig.timeout(), Some(2_000));

    at(&mut rig, 17_500);
    rig.quiet();
    assert_eq!(rig.send(), PINGREQ);
    at(&mut rig, 22_499);
    rig.quiet();
    assert_eq!(rig.timeout(), Some(1));
    at(&mut rig, 22_500);
    rig.assert_ends(b"", SessionError::PingTimeout);
    assert_eq!(rig.poll(), Ok(Some(Event::Lost { id })));
    rig.connect(&keeping_alive(8)).unwrap();
    at(&mut rig, 27_500);
    rig.assert_ends(b"", SessionError::ConnectTimeout);
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn the_count_of_32_bits_may_wrap_at_any_moment() {
    for before in (0..30_000).step_by(250).chain([1, 4_999, 5_001, 11_499, 11_501, 22_499, u32::MAX / 2]) {
        a_life(|millis| Instant::from_millis(u32::MAX - before).after(millis));
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn micropythons_ticks_may_wrap_at_any_moment() {
    const PERIOD: u32 = 1 << 30;
    for before in (0..30_000).step_by(250).chain([1, 4_999, 5_001, 11_499, 11_501, 22_499, PERIOD / 2]) {
        let start = PERIOD - 1 - before;
        let mut ticks = Ticks::<30>::new(start);
        a_life(|millis| ticks.update((start + millis) % PERIOD));
    }
}
