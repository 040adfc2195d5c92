//! CONNECT [MQTT 3.1].

use umqtt_proto::wire::{Connect, KeepAlive, Login, Packet, Will};
use umqtt_proto::{Binary, ClientId, ConnectError, Event, Phase, QoS, Text, Violation};

use crate::rig::{CONNACK, CONNACK_PRESENT, clean, id, keeping_rig, persistent, rig, topic};

/// CONNECT as its bytes say it: flags, and the fields of the payload, all of them.
struct Sent {
    flags: u8,
    fields: Vec<Vec<u8>>,
}

/// What a session sends for these options, taken apart by hand.
fn sent(connect: &Connect<'_>) -> Sent {
    let mut rig = rig();
    rig.connect(connect).unwrap();
    let packet = rig.send();
    assert_eq!((packet[0], usize::from(packet[1])), (0x10, packet.len() - 2));
    assert_eq!(&packet[2..9], b"\x00\x04MQTT\x04");
    let flags = packet[9];
    let mut rest = &packet[12..];
    let mut fields = Vec::new();
    while let [high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        fields.push(after[..length].to_vec());
        rest = &after[length..];
    }
    assert!(rest.is_empty());
    Sent { flags, fields }
}

/// Every combination of will and login.
fn all_options() -> Vec<Connect<'static>> {
    let text = |text| Text::new(text).unwrap();
    let mut wills = vec![None];
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        for retain in [false, true] {
            wills.push(Some(Will {
                topic: topic("will"),
                payload: Binary::new(b"gone").unwrap(),
                qos,
                retain,
            }));
        }
    }
    let password = Some(Binary::new(b"pass").unwrap());
    let logins = [
        None,
        Some(Login { user_name: text("user"), password: None }),
        Some(Login { user_name: text("user"), password }),
    ];
    let mut all = Vec::new();
    for will in wills {
        for login in logins {
            for clean_session in [false, true] {
                all.push(Connect { clean_session, will, login, ..clean() });
            }
        }
    }
    all
}

#[test]
fn the_reserved_flag_is_0() {
    statement!("MQTT-3.1.2-3");
    for connect in all_options() {
        assert_eq!(sent(&connect).flags & 0x01, 0);
    }
    let reserved = b"\x10\x0d\x00\x04MQTT\x04\x03\x00\x00\x00\x01c";
    assert_eq!(Packet::decode(reserved), Err(Violation::ReservedConnectFlag));
}

#[test]
fn without_clean_session_the_session_goes_on() {
    statement!("MQTT-3.1.2-4");
    assert_eq!(sent(&persistent()).flags & 0x02, 0);
    let mut rig = keeping_rig().connected_persistent();
    rig.publish_sent(b"x", QoS::AtLeastOnce);
    assert_eq!(rig.reconnect(CONNACK_PRESENT), b"\x3a\x06\x00\x01t\x00\x01x");
}

#[test]
fn with_clean_session_the_old_session_is_discarded() {
    statement!("MQTT-3.1.2-6");
    assert_eq!(sent(&clean()).flags & 0x02, 0x02);
    let mut rig = keeping_rig().connected_persistent();
    rig.publish_sent(b"x", QoS::AtLeastOnce);
    rig.close();
    rig.connect_with(&clean(), CONNACK);
    assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: id(1) })));
    rig.quiet();
    assert_eq!(rig.send(), b"");
    // Nor does the state of a clean session outlive its connection.
    rig.publish_sent(b"y", QoS::AtLeastOnce);
    rig.close();
    rig.connect_with(&persistent(), CONNACK);
    assert_eq!(rig.poll(), Ok(Some(Event::Lost { id: id(2) })));
    rig.quiet();
    assert_eq!(rig.send(), b"");
}

#[test]
fn a_will_sets_its_flag_and_its_fields() {
    statement!("MQTT-3.1.2-9");
    for connect in all_options() {
        let sent = sent(&connect);
        assert_eq!(sent.flags & 0x04 != 0, connect.will.is_some());
        if let Some(will) = connect.will {
            assert_eq!(sent.flags >> 3 & 3, will.qos as u8);
            assert_eq!(sent.flags & 0x20 != 0, will.retain);
            assert_eq!(sent.fields[1..3], [b"will".to_vec(), b"gone".to_vec()]);
        }
    }
}

#[test]
fn without_a_will_its_flags_are_0_and_its_fields_absent() {
    statement!("MQTT-3.1.2-11", "MQTT-3.1.2-13", "MQTT-3.1.2-15");
    for connect in all_options().into_iter().filter(|connect| connect.will.is_none()) {
        let sent = sent(&connect);
        assert_eq!(sent.flags & 0b0011_1100, 0);
        assert!(!sent.fields.contains(&b"will".to_vec()) && !sent.fields.contains(&b"gone".to_vec()));
    }
    for flags in [0x08, 0x10, 0x18, 0x20] {
        let mut packet = *b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01c";
        packet[9] |= flags;
        assert_eq!(Packet::decode(&packet), Err(Violation::WillFlags));
    }
}

#[test]
fn a_will_has_qos_0_1_or_2() {
    statement!("MQTT-3.1.2-14");
    for connect in all_options() {
        assert!(sent(&connect).flags >> 3 & 3 < 3);
    }
    let qos_3 = b"\x10\x12\x00\x04MQTT\x04\x1e\x00\x00\x00\x01c\x00\x01w\x00\x00";
    assert_eq!(Packet::decode(qos_3), Err(Violation::WillFlags));
}

#[test]
fn the_user_name_flag_says_whether_there_is_a_user_name() {
    statement!("MQTT-3.1.2-18", "MQTT-3.1.2-19");
    for connect in all_options() {
        let sent = sent(&connect);
        assert_eq!(sent.flags & 0x80 != 0, connect.login.is_some());
        assert_eq!(sent.fields.contains(&b"user".to_vec()), connect.login.is_some());
    }
}

#[test]
fn the_password_flag_says_whether_there_is_a_password() {
    statement!("MQTT-3.1.2-20", "MQTT-3.1.2-21");
    for connect in all_options() {
        let sent = sent(&connect);
        let password = connect.login.is_some_and(|login| login.password.is_some());
        assert_eq!(sent.flags & 0x40 != 0, password);
        assert_eq!(sent.fields.contains(&b"pass".to_vec()), password);
    }
}

#[test]
fn there_is_no_password_without_a_user_name() {
    statement!("MQTT-3.1.2-22");
    for connect in all_options() {
        assert_ne!(sent(&connect).flags & 0xc0, 0x40);
    }
    let alone = b"\x10\x10\x00\x04MQTT\x04\x42\x00\x00\x00\x01c\x00\x01p";
    assert_eq!(Packet::decode(alone), Err(Violation::PasswordWithoutUserName));
}

#[test]
fn the_payload_has_its_fields_in_order() {
    statement!("MQTT-3.1.3-1");
    for connect in all_options() {
        let mut expected = vec![&b"c"[..]];
        if connect.will.is_some() {
            expected.extend([&b"will"[..], b"gone"]);
        }
        if let Some(login) = connect.login {
            expected.push(b"user");
            expected.extend(login.password.map(|_| &b"pass"[..]));
        }
        assert_eq!(sent(&connect).fields, expected);
    }
}

/// The id is the caller's, and each connection of the session goes by it.
#[test]
fn a_client_has_its_own_id_whenever_it_connects() {
    statement!("MQTT-3.1.3-2");
    let mut rig = keeping_rig();
    let connect = Connect { client_id: ClientId::new("shed-17").unwrap(), ..persistent() };
    let first = rig.connect_with(&connect, CONNACK);
    assert!(first.ends_with(b"\x00\x07shed-17"));
    rig.close();
    assert_eq!(rig.connect_with(&connect, CONNACK_PRESENT), first);
}

#[test]
fn the_client_id_is_the_first_field() {
    statement!("MQTT-3.1.3-3");
    for connect in all_options() {
        assert_eq!(sent(&connect).fields[0], b"c");
    }
    let empty = Connect { client_id: ClientId::new("").unwrap(), ..clean() };
    assert_eq!(sent(&empty).fields, [b""], "also when it is empty");
}

#[test]
fn an_empty_client_id_goes_with_a_clean_session() {
    statement!("MQTT-3.1.3-7");
    let client_id = ClientId::new("").unwrap();
    assert_eq!(sent(&Connect { client_id, ..clean() }).flags, 0x02);
    let mut rig = rig();
    let refused = rig.connect(&Connect { client_id, ..persistent() });
    assert_eq!(refused, Err(ConnectError::EmptyClientId));
    assert_eq!((rig.send(), rig.phase()), (vec![], Phase::Disconnected));
}

/// Whatever happens on the connection, the broker hears something within the interval.
#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn the_client_is_never_silent_for_longer_than_the_keep_alive() {
    statement!("MQTT-3.1.2-23");
    // Nothing at all; messages arrive; messages are sent, at many rates.
    for pattern in 0..60u32 {
        let mut rig = rig();
        let connect = Connect { keep_alive: KeepAlive::from_secs(10), ..clean() };
        rig.connect_with(&connect, CONNACK);
        rig.quiet();
        let mut last = rig.now;
        while rig.now.as_millis() < 200_000 {
            let step = rig.timeout().unwrap().min(1 + pattern * 200);
            rig.wait(step);
            match pattern % 3 {
                0 => {}
                1 => rig.feed(b"\x30\x03\x00\x01t"),
                _ => {
                    rig.publish(b"", QoS::AtMostOnce).unwrap();
                }
            }
            rig.poll_to_the_end();
            let sent = rig.send();
            if !sent.is_empty() {
                assert!(rig.now.since(last) <= 10_000, "pattern {pattern}");
                last = rig.now;
            }
            if sent.ends_with(b"\xc0\x00") {
                rig.takes(b"\xd0\x00");
            }
        }
        assert!(rig.now.since(last) <= 10_000, "pattern {pattern}");
    }
}
