//! Topic names and topic filters [MQTT 3.3.2, 4.7].

use umqtt_proto::{Event, InvalidField, QoS, TopicFilter, TopicName, Violation};

use crate::rig::{Rig, Sizes, filter, rig, topic};

fn name_error(name: &str) -> InvalidField {
    TopicName::new(name).unwrap_err()
}

fn filter_error(filter: &str) -> InvalidField {
    TopicFilter::new(filter).unwrap_err()
}

#[test]
fn the_topic_name_is_the_first_field_of_publish() {
    statement!("MQTT-3.3.2-1");
    let mut rig = rig().connected();
    rig.session().publish(topic("ï/b"), b"payload", QoS::AtLeastOnce, true).unwrap();
    assert_eq!(rig.send(), b"\x33\x0f\x00\x04\xc3\xaf/b\x00\x01payload");
    rig.feed(b"\x33\x0f\x00\x04\xc3\xaf/b\x00\x01payload");
    let Ok(Some(Event::Message(message))) = rig.poll() else { panic!("no message") };
    assert_eq!((message.topic.as_str(), message.payload), ("ï/b", &b"payload"[..]));
    rig.assert_ends(b"\x30\x04\x00\x02\xc3(", Violation::InvalidUtf8);
}

#[test]
fn a_topic_name_has_no_wildcard() {
    statement!("MQTT-3.3.2-2", "MQTT-4.7.1-1");
    for name in ["#", "+", "a/#", "a/+/b", "a#", "+a"] {
        assert_eq!(name_error(name), InvalidField::Breaks(Violation::WildcardInTopicName));
        let length = u8::try_from(name.len()).unwrap();
        let packet = [&[0x30, length + 2, 0, length], name.as_bytes()].concat();
        rig().connected().assert_ends(&packet, Violation::WildcardInTopicName);
    }
    let mut rig = rig().connected();
    rig.session().subscribe(&[(filter("a/+/#"), QoS::AtMostOnce)]).unwrap();
    assert_eq!(rig.send(), b"\x82\x0a\x00\x01\x00\x05a/+/#\x00", "a filter may have both");
}

#[test]
fn a_number_sign_is_the_last_level() {
    statement!("MQTT-4.7.1-2");
    for wrong in ["a#", "#/a", "a/#/b", "##", "a/##", "#a", "a/#b"] {
        assert_eq!(filter_error(wrong), InvalidField::Breaks(Violation::MisplacedWildcard), "{wrong}");
    }
    for right in ["#", "/#", "a/#"] {
        assert_eq!(filter(right).as_str(), right);
    }
    assert!(filter("a/#").matches(topic("a/b/c")) && filter("a/#").matches(topic("a")));
}

#[test]
fn a_plus_sign_is_a_level() {
    statement!("MQTT-4.7.1-3");
    for wrong in ["a+", "+a", "a/b+", "a/+b/c", "++", "+#"] {
        assert_eq!(filter_error(wrong), InvalidField::Breaks(Violation::MisplacedWildcard), "{wrong}");
    }
    for right in ["+", "/+", "+/a", "a/+/b", "+/+", "+/#"] {
        assert_eq!(filter(right).as_str(), right);
    }
    assert!(filter("a/+").matches(topic("a/b")) && !filter("a/+").matches(topic("a/b/c")));
}

#[test]
fn topics_have_a_character() {
    statement!("MQTT-4.7.3-1");
    assert_eq!(name_error(""), InvalidField::Breaks(Violation::EmptyTopic));
    assert_eq!(filter_error(""), InvalidField::Breaks(Violation::EmptyTopic));
    rig().connected().assert_ends(b"\x30\x02\x00\x00", Violation::EmptyTopic);
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn topics_have_at_most_65535_bytes() {
    statement!("MQTT-4.7.3-3");
    let longest = "t".repeat(65_535);
    let too_long = "t".repeat(65_536);
    assert_eq!(name_error(&too_long), InvalidField::TooLong);
    assert_eq!(filter_error(&too_long), InvalidField::TooLong);
    let sizes = Sizes { transmit: 70_000, receive: 70_000, ..Sizes::default() };
    let mut rig = Rig::new(umqtt_proto::NoStore, &sizes).connected();
    rig.session().publish(topic(&longest), b"", QoS::AtMostOnce, false).unwrap();
    let packet = [&b"\x30\x81\x80\x04\xff\xff"[..], longest.as_bytes()].concat();
    assert_eq!(rig.send(), packet);
    rig.feed(&packet);
    let Ok(Some(Event::Message(message))) = rig.poll() else { panic!("no message") };
    assert_eq!(message.topic, topic(&longest));
}
