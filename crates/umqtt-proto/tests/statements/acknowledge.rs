//! How messages are received and acknowledged [MQTT 4.3, 4.5, 4.6].

use umqtt_proto::{Event, NoStore};

use crate::rig::{Rig, Sizes, rig};

#[test]
fn qos_1_is_answered_with_its_id_and_then_the_id_is_new() {
    statement!("MQTT-4.3.2-2");
    let mut rig = rig().connected();
    for first in [0x32, 0x32, 0x3a] {
        rig.feed(&[first, 5, 0, 1, b't', 0x12, 0x34]);
        assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))), "whether or not DUP is set");
        assert_eq!(rig.send(), b"\x40\x02\x12\x34");
    }
}

#[test]
#[cfg(feature = "qos2")]
fn qos_2_is_handed_out_once_between_pubrec_and_pubrel() {
    statement!("MQTT-4.3.3-2");
    let mut rig = rig().connected();
    for _ in 0..2 {
        rig.feed(b"\x34\x05\x00\x01t\x12\x34");
        assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))));
        assert_eq!(rig.send(), b"\x50\x02\x12\x34");
        for first in [0x3c, 0x34] {
            rig.takes(&[first, 5, 0, 1, b't', 0x12, 0x34]);
            assert_eq!(rig.send(), b"\x50\x02\x12\x34");
        }
        rig.takes(b"\x62\x02\x12\x34");
        assert_eq!(rig.send(), b"\x70\x02\x12\x34");
    }
}

/// Nobody takes the message, and no part of a large one is looked at.
#[test]
fn every_message_is_acknowledged_whether_it_is_taken_or_not() {
    statement!("MQTT-4.5.0-2");
    let mut rig = Rig::new(NoStore, &Sizes { receive: 16, ..Sizes::default() }).connected();
    rig.feed(b"\x32\x05\x00\x01t\x00\x01");
    assert_eq!(rig.poll_to_the_end(), 1);
    assert_eq!(rig.send(), b"\x40\x02\x00\x01");
    let large = [b"\x32\x45\x00\x01t\x00\x02", &[0; 64][..]].concat();
    rig.feed(&large);
    while !rig.line.input.is_empty() {
        rig.poll_to_the_end();
    }
    assert_eq!(rig.send(), b"\x40\x02\x00\x02");
}

#[test]
fn pubacks_go_out_in_the_order_of_their_messages() {
    statement!("MQTT-4.6.0-2");
    let mut rig = rig().connected();
    rig.feed(b"\x32\x05\x00\x01t\x00\x09\x32\x05\x00\x01t\x00\x01\x32\x05\x00\x01t\x00\x05");
    assert_eq!(rig.poll_to_the_end(), 3);
    assert_eq!(rig.send(), b"\x40\x02\x00\x09\x40\x02\x00\x01\x40\x02\x00\x05");
}

#[test]
#[cfg(feature = "qos2")]
fn pubrecs_go_out_in_the_order_of_their_messages() {
    statement!("MQTT-4.6.0-3");
    let mut rig = rig().connected();
    rig.feed(b"\x34\x05\x00\x01t\x00\x09\x34\x05\x00\x01t\x00\x01\x34\x05\x00\x01t\x00\x05");
    assert_eq!(rig.poll_to_the_end(), 3);
    assert_eq!(rig.send(), b"\x50\x02\x00\x09\x50\x02\x00\x01\x50\x02\x00\x05");
}
