//! A step without an inbox: nothing can be read now, and time and the writing go on.

use umqtt_proto::wire::PINGREQ;
use umqtt_proto::{Event, Goal, Inbox, NoStore, QoS, SessionError};

use crate::rig::{CONNACK, End, Rig, go_on, keeping_alive, rig};

/// A call in which nothing is read.
fn blind(rig: &mut Rig<NoStore>, goal: Goal) -> Result<End, SessionError> {
    rig.engine.begin(goal, rig.now);
    go_on(&mut rig.engine, None::<&mut Inbox<'_>>, &mut rig.line, rig.now)
}

#[test]
fn pingreq_goes_out_and_pingresp_is_not_waited_for() {
    let mut rig = rig();
    rig.connect_with(&keeping_alive(4), CONNACK);
    rig.send();
    for seconds in 1..=60u32 {
        rig.wait(1_000);
        assert!(matches!(blind(&mut rig, Goal::Event(1_000)), Ok(End::Waits(_))));
        let sent = std::mem::take(&mut rig.line.output);
        assert_eq!(sent, if seconds % 3 == 0 { &PINGREQ[..] } else { b"" }, "{seconds} s");
    }
    // The wait begins with the first step that can read.
    rig.quiet();
    assert_eq!(rig.timeout(), Some(3_000), "the next PINGREQ");
    rig.wait(4_999);
    rig.quiet();
    rig.wait(1);
    rig.assert_ends(b"", SessionError::PingTimeout);
}

/// Whether the answer has come is not known.
#[test]
fn nothing_is_told_as_late() {
    let mut rig = rig().connected();
    let id = rig.publish_sent(b"", QoS::AtLeastOnce);
    rig.wait(20_000);
    for goal in [Goal::Event(0), Goal::Flush] {
        assert_eq!(blind(&mut rig, goal), Ok(End::Done));
    }
    let Ok(End::Waits(wait)) = blind(&mut rig, Goal::Event(1_000)) else { panic!("it waits") };
    assert_eq!((wait.read, wait.millis), (false, 1_000), "and wakes for nothing");
    assert_eq!(rig.poll(), Ok(Some(Event::TimedOut { id })));
}

#[test]
fn requests_are_written() {
    let mut rig = rig().connected();
    rig.publish(b"", QoS::AtMostOnce).unwrap();
    assert_eq!(blind(&mut rig, Goal::Event(0)), Ok(End::Done));
    assert_eq!(rig.line.output, b"\x30\x03\x00\x01t");
    rig.publish(b"", QoS::AtMostOnce).unwrap();
    assert_eq!(blind(&mut rig, Goal::Flush), Ok(End::Done));
    assert_eq!(rig.line.output, b"\x30\x03\x00\x01t\x30\x03\x00\x01t");
    assert_eq!(blind(&mut rig, Goal::Close), Ok(End::Done));
    assert!(rig.line.output.ends_with(b"\xe0\x00"));
}

/// The link is bounded all the same.
#[test]
fn a_link_that_takes_nothing_stalls_the_call() {
    let mut rig = rig().connected();
    rig.line.room = 0;
    rig.publish(b"", QoS::AtMostOnce).unwrap();
    let Ok(End::Waits(wait)) = blind(&mut rig, Goal::Flush) else { panic!("it waits") };
    assert_eq!((wait.read, wait.write, wait.millis), (false, true, 5_000));
    rig.wait(5_000);
    assert_eq!(go_on(&mut rig.engine, None::<&mut Inbox<'_>>, &mut rig.line, rig.now), Ok(End::Stalled));
}
