//! What becomes of each id: told once, in the end.

use umqtt_proto::{Event, QoS};

use crate::rig::{CONNACK, id, keeping_rig, rig};

#[test]
fn what_timed_out_is_told_as_lost_when_no_answer_can_come() {
    let mut rig = rig().connected();
    let message = rig.publish_sent(b"", QoS::AtLeastOnce);
    let request = rig.subscribe_sent("a");
    rig.wait(10_000);
    assert_eq!(rig.poll(), Ok(Some(Event::TimedOut { id: message })));
    assert_eq!(rig.poll(), Ok(Some(Event::TimedOut { id: request })));
    rig.quiet();
    rig.close();
    assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: message })));
    assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: request })));
    rig.quiet();
    assert!(rig.session.in_flight().is_empty());
}

#[test]
fn a_kept_message_that_timed_out_is_lost_with_its_session() {
    let mut rig = keeping_rig().connected_persistent();
    let message = rig.publish_sent(b"", QoS::AtLeastOnce);
    rig.wait(10_000);
    assert_eq!(rig.poll(), Ok(Some(Event::TimedOut { id: message })));
    rig.close();
    rig.quiet();
    rig.connect_with(&crate::rig::persistent(), CONNACK);
    assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: message })));
    rig.quiet();
    assert!(rig.session.in_flight().is_empty() && rig.session.store().is_empty());
}

/// The broker may have the message, so that its id stays in use until the broker has forgotten it.
#[test]
#[cfg(feature = "qos2")]
fn a_message_of_qos_2_that_nobody_keeps_is_lost_once_and_holds_its_id() {
    let mut rig = rig().connected_persistent();
    let message = rig.publish_sent(b"", QoS::ExactlyOnce);
    for _ in 0..3 {
        rig.close();
        if rig.session.in_flight()[0].sent_at() == rig.now {
            rig.wait(20_000);
            assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: message })));
        }
        rig.quiet();
        assert_eq!(rig.reconnect(crate::rig::CONNACK_PRESENT), b"");
        rig.session.set_next_id(message);
        assert_eq!(rig.subscribe_sent("a"), message.next());
        rig.tells(
            b"\x90\x03\x00\x02\x01",
            Event::Subscribed {
                id: message.next(),
                return_codes: rig_codes(b"\x90\x03\x00\x02\x01"),
                late: false,
            },
        );
    }
    rig.close();
    rig.connect_with(&crate::rig::persistent(), CONNACK);
    rig.quiet();
    assert!(rig.session.in_flight().is_empty());
    rig.session.set_next_id(message);
    assert_eq!(rig.publish_sent(b"", QoS::ExactlyOnce), id(1));
}

#[cfg(feature = "qos2")]
fn rig_codes(packet: &[u8]) -> umqtt_proto::wire::ReturnCodes<'_> {
    let Ok(Some((umqtt_proto::wire::Packet::SubAck(ack), _))) = umqtt_proto::wire::Packet::decode(packet)
    else {
        panic!("not a SUBACK");
    };
    ack.return_codes
}
