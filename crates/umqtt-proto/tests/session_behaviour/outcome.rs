//! What becomes of each id: told once, in the end.

#[cfg(feature = "alloc")]
use umqtt_proto::NoStore;
use umqtt_proto::wire::{Packet, PacketType, ReturnCodes, SubscribeReturnCode};
use umqtt_proto::{
    Event, Goal, NEVER, OnSessionLost, QoS, RequestError, SessionError, Store, Timeouts, Violation,
};

#[cfg(feature = "alloc")]
use crate::rig::Sizes;
use crate::rig::{CONNACK, End, Rig, filter, id, keeping_rig, persistent, rig};

/// The return codes of a SUBACK.
fn codes(packet: &[u8]) -> ReturnCodes<'_> {
    let Ok(Some((Packet::SubAck(ack), _))) = Packet::decode(packet) else { panic!("not a SUBACK") };
    ack.return_codes
}

/// The ids in the table.
fn ids<S: Store>(rig: &Rig<S>) -> Vec<u16> {
    rig.in_flight().iter().map(|slot| slot.id().as_u16()).collect()
}

#[test]
fn a_message_of_qos_0_is_sent_and_forgotten() {
    let mut rig = rig().connected();
    assert_eq!(rig.publish(b"hi", QoS::AtMostOnce), Ok(None));
    assert_eq!(rig.send(), b"\x30\x05\x00\x01thi");
    assert!(rig.in_flight().is_empty());
}

#[test]
fn a_message_of_qos_1_is_delivered_with_its_puback() {
    let mut rig = keeping_rig().connected_persistent();
    assert_eq!(rig.publish(b"hi", QoS::AtLeastOnce), Ok(Some(id(1))));
    assert_eq!(rig.send(), b"\x32\x07\x00\x01t\x00\x01hi");
    assert!(!rig.session().store().is_empty());
    rig.tells(b"\x40\x02\x00\x01", Event::Delivered { id: id(1), late: false });
    assert!(rig.in_flight().is_empty() && rig.session().store().is_empty());
    rig.tells(b"\x40\x02\x00\x01", Event::UnknownAck { id: id(1), packet_type: PacketType::PubAck });
}

#[test]
#[cfg(feature = "qos2")]
fn a_message_of_qos_2_is_delivered_with_its_pubcomp() {
    let mut rig = keeping_rig().connected_persistent();
    assert_eq!(rig.publish(b"hi", QoS::ExactlyOnce), Ok(Some(id(1))));
    assert_eq!(rig.send(), b"\x34\x07\x00\x01t\x00\x01hi");
    assert!(!rig.session().store().is_empty());
    for _ in 0..2 {
        rig.takes(b"\x50\x02\x00\x01");
        assert_eq!(rig.session().store_mut().length(id(1)), Some(0), "the message is never sent again");
        assert_eq!(rig.send(), b"\x62\x02\x00\x01");
    }
    rig.tells(b"\x70\x02\x00\x01", Event::Delivered { id: id(1), late: false });
    assert!(rig.in_flight().is_empty() && rig.session().store().is_empty());
    rig.tells(b"\x70\x02\x00\x01", Event::UnknownAck { id: id(1), packet_type: PacketType::PubComp });
    assert_eq!(rig.send(), b"");
    // A PUBREC for what nobody knows is answered, so that the broker can let its id go.
    rig.tells(b"\x50\x02\x00\x01", Event::UnknownAck { id: id(1), packet_type: PacketType::PubRec });
    assert_eq!(rig.send(), b"\x62\x02\x00\x01");
}

#[test]
fn subscribe_tells_what_was_granted_and_refused() {
    let mut rig = rig().connected();
    let filters =
        [(filter("a/#"), QoS::AtMostOnce), (filter("b"), QoS::AtLeastOnce), (filter("+"), QoS::ExactlyOnce)];
    let asked = rig.session().subscribe(&filters).unwrap();
    assert_eq!(rig.send(), b"\x82\x10\x00\x01\x00\x03a/#\x00\x00\x01b\x01\x00\x01+\x02");
    let packet = b"\x90\x05\x00\x01\x00\x80\x02";
    rig.tells(packet, Event::Subscribed { id: asked, return_codes: codes(packet), late: false });
    let told: Vec<_> = codes(packet).iter().collect();
    let granted = SubscribeReturnCode::Granted;
    assert_eq!(told, [granted(QoS::AtMostOnce), SubscribeReturnCode::Failure, granted(QoS::ExactlyOnce)]);
    assert!(rig.in_flight().is_empty());
}

#[test]
fn a_suback_has_one_return_code_for_each_filter() {
    for packet in [&b"\x90\x03\x00\x01\x00"[..], b"\x90\x05\x00\x01\x00\x00\x00", b"\x90\x02\x00\x01"] {
        let mut rig = rig().connected();
        rig.session().subscribe(&[(filter("a"), QoS::AtMostOnce); 2]).unwrap();
        rig.send();
        rig.assert_ends(packet, Violation::SubAckCount);
        assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: id(1) })), "the request is still told");
    }
    let mut rig = rig().connected();
    rig.session().subscribe(&[(filter("a"), QoS::AtMostOnce); 2]).unwrap();
    rig.assert_ends(b"\x90\x04\x00\x01\x00\x03", Violation::SubAckReturnCode);
}

#[test]
fn unsubscribe_is_told() {
    let mut rig = rig().connected();
    let asked = rig.session().unsubscribe(&[filter("a"), filter("b/+")]).unwrap();
    assert_eq!(rig.send(), b"\xa2\x0a\x00\x01\x00\x01a\x00\x03b/+");
    rig.tells(b"\xb0\x02\x00\x01", Event::Unsubscribed { id: asked, late: false });
    assert!(rig.in_flight().is_empty());
}

/// What confirms a request is decided by packet type and id together.
#[test]
fn acknowledgements_never_confirm_each_others_ids() {
    let mut rig = rig().connected();
    let message = rig.publish_sent(b"", QoS::AtLeastOnce);
    let subscribe = rig.subscribe_sent("a");
    let unsubscribe = rig.unsubscribe_sent("a");
    let mut open = vec![message, subscribe, unsubscribe];
    if cfg!(feature = "qos2") {
        open.push(rig.publish_sent(b"", QoS::ExactlyOnce));
    }
    let table = rig.in_flight();
    for &asked in &open {
        let number = u8::try_from(asked.as_u16()).unwrap();
        let unknown = |packet_type| Event::UnknownAck { id: asked, packet_type };
        if asked != message {
            rig.tells(&[0x40, 2, 0, number], unknown(PacketType::PubAck));
        }
        if asked != subscribe {
            rig.tells(&[0x90, 3, 0, number, 0], unknown(PacketType::SubAck));
        }
        if asked != unsubscribe {
            rig.tells(&[0xb0, 2, 0, number], unknown(PacketType::UnsubAck));
        }
        if cfg!(feature = "qos2") {
            rig.tells(&[0x70, 2, 0, number], unknown(PacketType::PubComp));
            if number != 4 {
                rig.tells(&[0x50, 2, 0, number], unknown(PacketType::PubRec));
            }
        }
        assert_eq!(rig.in_flight(), table, "nothing has changed");
    }
}

#[test]
fn acknowledgements_may_come_in_any_order() {
    let mut rig = rig().connected();
    for number in 1..=4 {
        assert_eq!(rig.publish_sent(b"", QoS::AtLeastOnce), id(number));
    }
    for number in [3u8, 1, 4, 2] {
        rig.tells(&[0x40, 2, 0, number], Event::Delivered { id: id(number.into()), late: false });
    }
    assert!(rig.in_flight().is_empty());
}

#[test]
fn ids_count_up_and_leave_out_zero_and_what_is_in_flight() {
    let mut rig = rig().connected();
    rig.session().set_next_id(id(65_534));
    for number in [65_534, 65_535, 1, 2] {
        assert_eq!(rig.publish_sent(b"", QoS::AtLeastOnce), id(number));
    }
    rig.session().set_next_id(id(65_534));
    assert_eq!(rig.subscribe_sent("a"), id(3), "whatever has an id counts");
    rig.tells(b"\x40\x02\xff\xff", Event::Delivered { id: id(65_535), late: false });
    rig.session().set_next_id(id(65_534));
    assert_eq!(rig.unsubscribe_sent("a"), id(65_535));
    assert_eq!(rig.publish_sent(b"", QoS::AtLeastOnce), id(4));
    assert_eq!(ids(&rig), [65_534, 1, 2, 3, 65_535, 4]);
}

/// What a refused request has learned of the ids holds for the next one, too.
#[test]
fn an_id_in_flight_is_not_given_again_after_a_refusal() {
    let mut rig = rig().connected();
    for number in [1, 2, 4] {
        rig.session().set_next_id(id(number));
        assert_eq!(rig.publish_sent(b"", QoS::AtLeastOnce), id(number));
    }
    rig.session().set_next_id(id(1));
    rig.publish(&[0; 500], QoS::AtMostOnce).unwrap();
    for _ in 0..3 {
        assert_eq!(rig.publish(&[0; 20], QoS::AtLeastOnce), Err(RequestError::TransmitFull));
    }
    rig.send();
    for number in [3, 5, 6] {
        assert_eq!(rig.publish_sent(b"", QoS::AtLeastOnce), id(number));
    }
    assert_eq!(ids(&rig), [1, 2, 4, 3, 5, 6]);
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn an_id_in_flight_is_not_given_again_however_many_others_are() {
    let mut rig = rig().connected();
    rig.session().set_next_id(id(5));
    assert_eq!(rig.publish_sent(b"", QoS::AtLeastOnce), id(5));
    let mut last = 5;
    for _ in 0..140_000 {
        let given = rig.publish_sent(b"", QoS::AtLeastOnce);
        let expected = match last {
            65_535 => 1,
            4 => 6,
            other => other + 1,
        };
        assert_eq!(given, id(expected));
        let [high, low] = expected.to_be_bytes();
        rig.feed(&[0x40, 2, high, low]);
        assert_eq!(rig.poll(), Ok(Some(Event::Delivered { id: given, late: false })));
        last = expected;
    }
    assert_eq!(ids(&rig), [5]);
}

/// One id is left, so that the search for it ends.
#[test]
#[cfg(feature = "alloc")]
#[cfg_attr(miri, ignore = "takes minutes")]
fn a_table_holds_all_ids_but_one_at_most() {
    let mut rig = Rig::new(NoStore, &Sizes { slots: 65_540, ..Sizes::default() }).connected();
    for number in (1..=65_535).filter(|&number| number != 40_000) {
        if number == 40_001 {
            rig.session().set_next_id(id(number));
        }
        assert_ne!(rig.session().in_flight().free_slots(), 0);
        assert_eq!(rig.publish_sent(b"", QoS::AtLeastOnce), id(number));
    }
    assert_eq!((rig.session().in_flight().len(), rig.session().in_flight().free_slots()), (65_534, 0));
    assert_eq!(rig.publish(b"", QoS::AtLeastOnce), Err(RequestError::InFlightFull));
    for (ended, next, given) in [(65_535, 39_990, 40_000), (7, 65_530, 65_535), (40_000, 3, 7)] {
        let [high, low] = u16::to_be_bytes(ended);
        rig.tells(&[0x40, 2, high, low], Event::Delivered { id: id(ended), late: false });
        rig.session().set_next_id(id(next));
        assert_eq!(rig.publish_sent(b"", QoS::AtLeastOnce), id(given));
    }
}

#[test]
fn a_timeout_is_told_once_and_a_late_acknowledgement_as_late() {
    let mut rig = keeping_rig().connected_persistent();
    let message = rig.publish_sent(b"", QoS::AtLeastOnce);
    rig.wait(4_000);
    let subscribe = rig.subscribe_sent("a");
    let unsubscribe = rig.unsubscribe_sent("b");
    assert_eq!(rig.timeout(), Some(6_000));
    rig.wait(5_999);
    rig.quiet();
    assert_eq!(rig.timeout(), Some(1));
    rig.wait(1);
    assert_eq!(rig.poll(), Ok(Some(Event::TimedOut { id: message })));
    rig.quiet();
    assert_eq!(rig.timeout(), Some(4_000));
    rig.wait(4_000);
    assert_eq!(rig.poll(), Ok(Some(Event::TimedOut { id: subscribe })));
    assert_eq!(rig.poll(), Ok(Some(Event::TimedOut { id: unsubscribe })));
    rig.quiet();
    assert_eq!(rig.timeout(), None);
    rig.wait(100_000);
    rig.quiet();

    rig.session().set_next_id(message);
    assert_eq!(rig.publish_sent(b"", QoS::AtLeastOnce), id(4), "the ids stay in use");
    rig.tells(b"\x40\x02\x00\x01", Event::Delivered { id: message, late: true });
    let packet = b"\x90\x03\x00\x02\x01";
    rig.tells(packet, Event::Subscribed { id: subscribe, return_codes: codes(packet), late: true });
    rig.tells(b"\xb0\x02\x00\x03", Event::Unsubscribed { id: unsubscribe, late: true });
    rig.tells(b"\x40\x02\x00\x04", Event::Delivered { id: id(4), late: false });
    assert!(rig.in_flight().is_empty());
}

#[test]
#[cfg(feature = "qos2")]
fn a_message_of_qos_2_times_out_in_either_half() {
    for received in [false, true] {
        let mut rig = rig().connected();
        let message = rig.publish_sent(b"", QoS::ExactlyOnce);
        rig.wait(9_000);
        if received {
            rig.takes(b"\x50\x02\x00\x01");
            // Now it is PUBCOMP that is waited for.
            assert_eq!(rig.timeout(), Some(10_000));
            rig.wait(9_000);
        }
        rig.wait(999);
        rig.quiet();
        rig.wait(1);
        assert_eq!(rig.poll(), Ok(Some(Event::TimedOut { id: message })));
        rig.quiet();
        if !received {
            rig.takes(b"\x50\x02\x00\x01");
        }
        rig.tells(b"\x70\x02\x00\x01", Event::Delivered { id: message, late: true });
    }
}

/// A message of the broker may wait for its PUBREL for ever.
#[test]
#[cfg(feature = "qos2")]
fn a_received_message_never_times_out() {
    let mut rig = rig().connected();
    rig.feed(b"\x34\x05\x00\x01t\x00\x07");
    assert_eq!(rig.poll_to_the_end(), 1);
    rig.send();
    assert_eq!(rig.timeout(), None);
    rig.wait(100_000);
    rig.quiet();
    rig.close();
    rig.quiet();
    assert_eq!(rig.timeout(), None);
}

#[test]
fn the_bound_on_messages_is_the_callers() {
    for (message, elapsed, over) in
        [(100, 99, false), (100, 100, true), (0, 0, true), (NEVER, NEVER - 1, false), (NEVER, NEVER, false)]
    {
        let mut rig = rig().connected();
        rig.engine.set_timeouts(Timeouts { message, ..Timeouts::DEFAULT });
        let sent = rig.publish_sent(b"", QoS::AtLeastOnce);
        rig.wait(elapsed);
        let left = if message == NEVER || over { None } else { Some(message - elapsed) };
        assert_eq!(rig.poll(), Ok(over.then_some(Event::TimedOut { id: sent })));
        rig.quiet();
        assert_eq!(rig.timeout(), left);
    }
    let default =
        Timeouts { connect: 5_000, ping: 5_000, message: 10_000, write: 5_000, write_per_kib: 1_000 };
    assert_eq!(Timeouts::default(), default);
}

/// The time counts from the moment at which the link takes the message, however old the caller's clock is.
#[test]
fn the_time_of_a_message_begins_when_it_is_written() {
    let mut rig = rig().connected();
    rig.publish(b"", QoS::AtLeastOnce).unwrap();
    rig.wait(60_000);
    rig.line.room = 0;
    rig.quiet();
    rig.wait(60_000);
    assert_eq!(rig.call(Goal::Event(0)), Ok(End::Stalled));
    rig.line.room = 1;
    rig.quiet();
    assert_eq!(rig.in_flight()[0].sent_at(), rig.now);
    rig.line.room = usize::MAX;
    rig.wait(9_999);
    rig.quiet();
    rig.wait(1);
    assert_eq!(rig.poll(), Ok(Some(Event::TimedOut { id: id(1) })));
}

#[test]
fn what_nobody_keeps_is_lost_when_its_connection_is() {
    let mut rig = rig().connected_persistent();
    let message = rig.publish_sent(b"", QoS::AtLeastOnce);
    let subscribe = rig.subscribe_sent("a");
    let unsubscribe = rig.unsubscribe_sent("b");
    rig.close();
    for lost in [message, subscribe, unsubscribe] {
        assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: lost })));
    }
    rig.quiet();
    assert_eq!((rig.timeout(), rig.in_flight()), (None, vec![]));
}

#[test]
fn what_is_lost_is_told_also_when_the_next_connection_stands_already() {
    let mut rig = rig().connected();
    let message = rig.publish_sent(b"", QoS::AtLeastOnce);
    rig.close();
    rig.connect(&persistent()).unwrap();
    rig.send();
    rig.wait(100);
    rig.quiet();
    assert_eq!(rig.timeout(), Some(4_900), "told after the broker's answer");
    rig.feed(CONNACK);
    assert_eq!(rig.poll(), Ok(Some(Event::Connected { session_present: false })));
    assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: message })));
    rig.quiet();
}

#[test]
fn an_error_loses_what_a_close_would() {
    let mut rig = rig().connected();
    let message = rig.publish_sent(b"", QoS::AtLeastOnce);
    rig.assert_ends(b"\x00\x00", SessionError::Violation(Violation::ReservedPacketType));
    assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: message })));
    rig.quiet();
}

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
    assert!(rig.in_flight().is_empty());
}

/// It has its end, whenever that is told.
#[test]
fn what_is_lost_is_not_told_as_timed_out() {
    let mut rig = rig().connected();
    let message = rig.publish_sent(b"", QoS::AtLeastOnce);
    rig.close();
    rig.connect_with(&persistent(), CONNACK);
    let next = rig.publish_sent(b"", QoS::AtLeastOnce);
    rig.wait(10_000);
    assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: message })));
    assert_eq!(rig.poll(), Ok(Some(Event::TimedOut { id: next })));
    rig.wait(100_000);
    rig.quiet();
}

#[test]
fn a_kept_message_that_timed_out_is_late_on_the_next_connection_or_lost_with_its_session() {
    for choice in [OnSessionLost::SendAgain, OnSessionLost::Tell] {
        let mut rig = keeping_rig().connected_persistent();
        rig.session().set_on_session_lost(choice);
        let message = rig.publish_sent(b"", QoS::AtLeastOnce);
        rig.wait(10_000);
        assert_eq!(rig.poll(), Ok(Some(Event::TimedOut { id: message })));
        rig.close();
        rig.quiet();
        rig.connect_with(&persistent(), CONNACK);
        if choice == OnSessionLost::Tell {
            assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: message })));
        } else {
            rig.wait(10_000);
            rig.quiet();
            rig.tells(b"\x40\x02\x00\x01", Event::Delivered { id: message, late: true });
        }
        rig.quiet();
        assert!(rig.in_flight().is_empty() && rig.session().store().is_empty());
    }
}

/// Nothing is left of a clean session, so that the id is free.
#[test]
#[cfg(feature = "qos2")]
fn a_message_of_qos_2_that_nobody_keeps_is_lost_once_and_its_id_is_free() {
    for received in [false, true] {
        let mut rig = rig().connected();
        let message = rig.publish_sent(b"", QoS::ExactlyOnce);
        if received {
            rig.takes(b"\x50\x02\x00\x01");
        }
        rig.close();
        assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: message })));
        rig.quiet();
        assert!(rig.in_flight().is_empty());
        let mut rig = rig.connected();
        rig.session().set_next_id(message);
        assert_eq!(rig.publish_sent(b"", QoS::ExactlyOnce), message);
    }
}
