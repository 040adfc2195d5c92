//! The strict broker complains about each statement that a client can break, and its link does what its conditions say.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod common;

use common::hex;
use umqtt_testkit::link::Pieces;
use umqtt_testkit::model::{
    Act, Broken, Conditions, Cut, CutAt, Ending, Fate, Moved, Settings, Strange, Told, Trace, World,
    fill_payload,
};

const CONNECT: &str = "10 0d 00 04 4d515454 04 02 00 00 00 01 63";
const CONNECT_KEPT: &str = "10 0d 00 04 4d515454 04 00 00 00 00 01 63";

/// Surroundings with a link that is open.
fn world() -> World {
    let mut world = World::new(Settings::default(), 0, Trace::new(false));
    world.open(1_000).unwrap();
    world
}

/// Surroundings with a client that has said this and has read what came.
fn connected(connect: &str) -> World {
    let mut world = world();
    say(&mut world, connect);
    assert_eq!(&read(&mut world)[..2], [0x20, 2]);
    world
}

fn say(world: &mut World, bytes: &str) {
    let bytes = hex(bytes);
    assert_eq!(world.write(&bytes), Ok(Moved::Done(bytes.len())));
}

fn read(world: &mut World) -> Vec<u8> {
    let mut all = Vec::new();
    let mut room = [0; 256];
    while let Ok(Moved::Done(count)) = world.read(&mut room) {
        all.extend_from_slice(&room[..count]);
    }
    all
}

fn rule(world: &World) -> &'static str {
    world.broker.complaint().map_or("", |complaint| complaint.rule)
}

#[test]
fn the_first_packet_is_connect_by_the_letter() {
    for (bytes, expected) in [
        ("c0 00", "MQTT-3.1.0-1"),
        ("30 05 00 01 64 00 00", "MQTT-3.1.0-1"),
        ("12 0d 00 04 4d515454 04 02 00 00 00 01 63", "MQTT-2.2.2-1"),
        ("10 0f 00 06 4d51497364 70 03 02 00 00 00 01 63", "MQTT-3.1.2-1"),
        ("10 0d 00 04 4d515454 05 02 00 00 00 01 63", "MQTT-3.1.2-2"),
        ("10 0d 00 04 4d515454 04 03 00 00 00 01 63", "MQTT-3.1.2-3"),
        ("10 0d 00 04 4d515454 04 0a 00 00 00 01 63", "MQTT-3.1.2-11"),
        ("10 0d 00 04 4d515454 04 22 00 00 00 01 63", "MQTT-3.1.2-11"),
        ("10 13 00 04 4d515454 04 1e 00 00 00 01 63 00 01 77 00 01 78", "MQTT-3.1.2-14"),
        ("10 10 00 04 4d515454 04 42 00 00 00 01 63 00 01 70", "MQTT-3.1.2-22"),
        ("10 0c 00 04 4d515454 04 00 00 00 00 00", "MQTT-3.1.3-7"),
        ("10 0d 00 04 4d515454 04 02 00 00 00 01 ff", "MQTT-1.5.3-1"),
        ("10 0d 00 04 4d515454 04 02 00 00 00 01 00", "MQTT-1.5.3-2"),
        ("10 0e 00 04 4d515454 04 02 00 00 00 01 63 00", "MQTT 2.2.3"),
        ("10 8d 00 00 04 4d515454 04 02 00 00 00 01 63", "MQTT 2.2.3"),
        (CONNECT, ""),
    ] {
        let mut world = world();
        say(&mut world, bytes);
        assert_eq!(rule(&world), expected, "{bytes}");
    }
    let mut world = connected(CONNECT);
    say(&mut world, CONNECT);
    assert_eq!(rule(&world), "MQTT-3.1.0-2");
}

#[test]
fn every_other_packet_is_taken_by_the_letter_too() {
    for (bytes, expected) in [
        ("00 00", "MQTT 2.2.1"),
        ("20 02 00 00", "MQTT 2.2.1"),
        ("90 03 00 01 00", "MQTT 2.2.1"),
        ("f0 00", "MQTT 2.2.1"),
        ("d0 00", "MQTT 2.2.1"),
        ("c1 00", "MQTT-2.2.2-1"),
        ("c0 01 00", "MQTT 2.2.3"),
        ("c0 80 00", "MQTT 2.2.3"),
        ("c0 80 80 80 80 01", "MQTT 2.2.3"),
        ("36 08 00 01 64 00 01 00 00 00", "MQTT-3.3.1-4"),
        ("38 05 00 01 64 00 00", "MQTT-3.3.1-2"),
        ("30 04 00 00 00 00", "MQTT-4.7.3-1"),
        ("30 05 00 01 2b 00 00", "MQTT-3.3.2-2"),
        ("30 05 00 01 ff 00 00", "MQTT-1.5.3-1"),
        ("30 05 00 01 00 00 00", "MQTT-1.5.3-2"),
        ("32 07 00 01 64 00 00 00 00", "MQTT-2.3.1-1"),
        ("30 04 00 05 64 64", "MQTT 2.2.3"),
        ("41 02 00 01", "MQTT-2.2.2-1"),
        ("40 02 00 00", "MQTT-2.3.1-1"),
        ("40 02 00 01", "MQTT-2.3.1-6"),
        ("50 02 00 01", "MQTT-2.3.1-6"),
        ("70 02 00 01", "MQTT-2.3.1-6"),
        ("60 02 00 01", "MQTT-3.6.1-1"),
        ("62 02 00 01", "MQTT-2.3.1-6"),
        ("80 06 00 01 00 01 64 00", "MQTT-3.8.1-1"),
        ("82 02 00 01", "MQTT-3.8.3-3"),
        ("82 06 00 00 00 01 64 00", "MQTT-2.3.1-1"),
        ("82 06 00 01 00 01 64 03", "MQTT-3-8.3-4"),
        ("82 06 00 01 00 01 ff 00", "MQTT-1.5.3-1"),
        ("82 05 00 01 00 00 00", "MQTT-4.7.3-1"),
        ("82 07 00 01 00 02 64 23 00", "MQTT-4.7.1-2"),
        ("82 08 00 01 00 03 23 2f 64 00", "MQTT-4.7.1-2"),
        ("82 07 00 01 00 02 64 2b 00", "MQTT-4.7.1-3"),
        ("82 05 00 01 00 01 64", "MQTT 2.2.3"),
        ("82 06 00 01 00 01 64 00 82 06 00 01 00 01 64 00", ""),
        ("a0 05 00 01 00 01 64", "MQTT-3.10.1-1"),
        ("a2 02 00 01", "MQTT-3.10.3-2"),
        ("a2 05 00 01 00 01 64", ""),
        ("e1 00", "MQTT-3.14.1-1"),
        ("e0 00 c0 00", "MQTT-3.14.4-2"),
        ("e0 00", ""),
        ("c0 00", ""),
    ] {
        let mut world = connected(CONNECT);
        say(&mut world, bytes);
        assert_eq!(rule(&world), expected, "{bytes}");
    }
}

/// A PUBLISH of the message of this number on the topic `d`, without more than the number.
fn publish(first: u8, id: u16, number: u16) -> String {
    let mut payload = [0; 2];
    fill_payload(number, &mut payload);
    let id = if first & 6 == 0 { String::new() } else { format!("{id:04x}") };
    let length = 5 + id.len() / 2;
    format!("{first:02x} {length:02x} 0001 64 {id} {:02x}{:02x}", payload[0], payload[1])
}

/// Tries to publish messages with these QoS.
fn attempts(world: &mut World, qos: &[u8]) {
    for qos in qos {
        world.broker.attempt(*qos, false, 1, 2);
    }
}

/// The link is cut, and the client connects again; its session goes on.
fn again(world: &mut World) {
    world.close();
    world.open(1_000).unwrap();
    say(world, CONNECT_KEPT);
    assert_eq!(&read(world)[..4], [0x20, 2, 1, 0]);
}

#[test]
fn what_a_client_publishes_is_followed_message_by_message() {
    type Conversation = fn(&mut World);
    let rows: &[(&str, Conversation)] = &[
        ("MQTT 3.3.3", |world| say(world, &publish(0x30, 0, 7))),
        ("MQTT 3.3", |world| say(world, &publish(0x31, 0, 0))),
        ("MQTT-4.3.1-1", |world| {
            say(world, &publish(0x30, 0, 0));
            again(world);
            say(world, &publish(0x30, 0, 0));
        }),
        ("MQTT-4.6.0-1", |world| {
            say(world, &publish(0x34, 1, 2));
            say(world, &publish(0x32, 2, 1));
        }),
        ("MQTT-3.3.1-1", |world| say(world, &publish(0x3a, 1, 1))),
        ("MQTT-3.3.1-1", |world| {
            say(world, &publish(0x32, 1, 1));
            again(world);
            say(world, &publish(0x32, 1, 1));
        }),
        ("MQTT-2.3.1-3", |world| {
            say(world, &publish(0x32, 1, 1));
            again(world);
            say(world, &publish(0x3a, 2, 1));
        }),
        ("MQTT-2.3.1-2", |world| {
            say(world, &publish(0x34, 1, 2));
            say(world, &publish(0x34, 1, 3));
        }),
        ("MQTT-2.3.1-2", |world| {
            say(world, &publish(0x34, 1, 2));
            say(world, "82 06 00 01 00 01 64 00");
        }),
        // Released, and sent again all the same.
        ("MQTT-4.3.3-1", |world| {
            say(world, &publish(0x34, 1, 2));
            say(world, "62 02 00 01");
            again(world);
            say(world, &publish(0x3c, 1, 2));
        }),
        // The second of two messages was lost, and the third comes before it.
        ("MQTT-4.6.0-1", |world| {
            again(world);
            say(world, &publish(0x3c, 4, 4));
            again(world);
            say(world, &publish(0x3c, 3, 3));
        }),
        ("MQTT-4.6.0-4", |world| {
            say(world, &publish(0x34, 1, 2));
            say(world, &publish(0x34, 2, 3));
            say(world, "62 02 00 02");
        }),
        ("MQTT-4.6.0-4", |world| {
            say(world, &publish(0x34, 1, 2));
            say(world, &publish(0x34, 2, 3));
            again(world);
            say(world, "62 02 00 02 62 02 00 01");
        }),
        ("umqtt: Error", |world| {
            world.broker.decide(2, Fate::Refused);
            say(world, &publish(0x34, 1, 2));
        }),
        ("umqtt: Error", |world| {
            say(world, &publish(0x34, 1, 2));
            world.broker.decide(2, Fate::Refused);
        }),
        ("umqtt: Event", |world| {
            say(world, &publish(0x34, 1, 2));
            world.broker.decide(2, Fate::Ended);
            again(world);
            say(world, &publish(0x3c, 1, 2));
        }),
        // Taken, not sent, and DISCONNECT.
        ("MQTT-4.6.0-1", |world| {
            world.broker.decide(0, Fate::Taken);
            say(world, "e0 00");
        }),
        // All as it should be.
        ("", |world| {
            say(world, &publish(0x32, 1, 1));
            say(world, &publish(0x34, 2, 2));
            say(world, &publish(0x34, 3, 3));
            again(world);
            say(world, "62 02 00 02");
            say(world, &publish(0x3c, 3, 3));
            say(world, "62 02 00 03");
            assert_eq!(read(world), hex("70 02 00 02 50 02 00 03 70 02 00 03"));
            again(world);
            say(world, "62 02 00 03");
            assert!(world.broker.has(3));
        }),
    ];
    for (at, (expected, conversation)) in rows.iter().enumerate() {
        let mut world = connected(CONNECT_KEPT);
        attempts(&mut world, &[0, 1, 2, 2, 2]);
        conversation(&mut world);
        assert_eq!(rule(&world), *expected, "row {at}: {:?}", world.broker.complaint());
    }
}

/// The client hands over a message of this number.
fn hand_over(world: &mut World, number: u16, qos: u8, id: u16, dup: bool) {
    let mut payload = [0; 2];
    fill_payload(number, &mut payload);
    world.broker.told(Told { topic: Some("d"), payload: &payload, qos, retain: false, dup, id });
}

#[test]
fn what_a_client_gets_is_handed_over_once_and_acknowledged_in_order() {
    type Conversation = fn(&mut World);
    let rows: &[(&str, Conversation)] = &[
        ("MQTT-4.5.0-2", |world| hand_over(world, 1, 1, 2, false)),
        ("MQTT 3.3", |world| hand_over(world, 0, 1, 2, false)),
        ("MQTT 3.3", |world| hand_over(world, 0, 1, 1, true)),
        ("MQTT-4.5.0-2", |world| say(world, "40 02 00 01")),
        ("MQTT-4.6.0-2", |world| {
            hand_over(world, 0, 1, 1, false);
            hand_over(world, 1, 1, 2, false);
            say(world, "40 02 00 02");
        }),
        ("MQTT-4.6.0-3", |world| {
            for number in 0..4 {
                hand_over(world, number, 1 + u8::from(number > 1), number + 1, false);
            }
            say(world, "50 02 00 04");
        }),
        ("MQTT-2.3.1-6", |world| {
            hand_over(world, 0, 1, 1, false);
            say(world, "40 02 00 09");
        }),
        ("MQTT-2.3.1-6", |world| {
            hand_over(world, 0, 1, 1, false);
            say(world, "50 02 00 01");
        }),
        // Handed over, acknowledged by nobody, and handed over again.
        ("MQTT-4.3.3-2", |world| {
            for number in 0..3 {
                hand_over(world, number, 1 + u8::from(number > 1), number + 1, false);
            }
            again(world);
            for number in 0..3 {
                hand_over(world, number, 1 + u8::from(number > 1), number + 1, true);
            }
        }),
        ("", |world| {
            for number in 0..3 {
                hand_over(world, number, 1 + u8::from(number > 1), number + 1, false);
            }
            say(world, "40 02 00 01");
            again(world);
            hand_over(world, 1, 1, 2, true);
            hand_over(world, 3, 2, 4, true);
            say(world, "40 02 00 02 50 02 00 03 50 02 00 04 70 02 00 03 70 02 00 04");
            assert!(world.broker.is_idle());
        }),
    ];
    for (at, (expected, conversation)) in rows.iter().enumerate() {
        let mut world = connected(CONNECT_KEPT);
        say(&mut world, "82 06 00 09 00 01 23 02");
        for qos in [1, 1, 2, 2] {
            world.broker.publish(qos, false, 1, 2);
        }
        read(&mut world);
        conversation(&mut world);
        assert_eq!(rule(&world), *expected, "row {at}: {:?}", world.broker.complaint());
    }
}

#[test]
fn a_client_that_is_silent_for_too_long_is_complained_about_and_closed() {
    let mut world = connected("10 0d 00 04 4d515454 04 02 00 02 00 01 63");
    world.conduct.keep_alive = 2_000;
    world.begin_call();
    world.sleep(2_000);
    world.end_call();
    assert_eq!(rule(&world), "");
    world.sleep(1);
    world.end_call();
    assert_eq!(rule(&world), "MQTT-3.1.2-23");
    let mut world = connected("10 0d 00 04 4d515454 04 02 00 02 00 01 63");
    world.sleep(2_999);
    assert_eq!(world.ended(), None);
    world.sleep(1);
    assert_eq!(world.ended(), Some(Ending::Closed));
}

#[test]
fn a_client_that_turns_in_a_circle_or_waits_for_ever_is_complained_about() {
    let mut world = connected(CONNECT);
    world.begin_call();
    let ended = (0..100).any(|_| world.read(&mut [0; 8]) == Err(Broken));
    assert!(ended);
    assert_eq!(rule(&world), "umqtt: bounded");
    let mut world = connected(CONNECT);
    world.wait(true, false, None).unwrap();
    assert_eq!(rule(&world), "umqtt: bounded");
}

#[test]
fn a_link_is_cut_after_any_byte() {
    let connect = hex(CONNECT);
    for cut in 1..connect.len() as u64 + 8 {
        for ending in [Ending::Closed, Ending::Reset, Ending::Silent] {
            let at = CutAt::Written(cut);
            let mut world = World::new(Settings::default(), 0, Trace::new(false));
            let cut_there = Some(Cut { at, ending, arrives: usize::MAX });
            world.set_next(Conditions { cut: cut_there, ..Conditions::GOOD });
            world.open(0).unwrap();
            let written = usize::try_from(cut).unwrap().min(connect.len());
            assert_eq!(world.write(&connect), Ok(Moved::Done(written)));
            assert_eq!(world.ended().is_some(), written as u64 == cut);
            let next = world.write(b"\xc0\x00");
            match (written as u64 == cut, ending) {
                (true, Ending::Closed) => assert_eq!(next, Ok(Moved::Closed)),
                (true, Ending::Reset) => assert_eq!(next, Err(Broken)),
                _ => assert!(matches!(next, Ok(Moved::Done(_)))),
            }
            assert_eq!(world.broker.sessions(), u32::from(written == connect.len()), "{cut} {ending:?}");
        }
    }
    // The other way round: CONNACK is sent, and the client reads a part of it.
    for cut in 1..4 {
        let mut world = World::new(Settings::default(), 0, Trace::new(false));
        let cut_there = Some(Cut { at: CutAt::Read(cut), ending: Ending::Closed, arrives: 0 });
        world.set_next(Conditions { cut: cut_there, ..Conditions::GOOD });
        world.open(0).unwrap();
        say(&mut world, CONNECT_KEPT);
        assert_eq!(world.read(&mut [0; 9]), Ok(Moved::Done(usize::try_from(cut).unwrap())));
        world.close();
        world.open(0).unwrap();
        assert!(world.broker.is_doubtful(), "the client does not know that there is a session");
    }
}

#[test]
fn bytes_take_their_time_and_come_in_pieces() {
    let mut conditions = Conditions::GOOD;
    conditions.up.latency = 100;
    conditions.up.pieces = Pieces::of(10);
    conditions.down.latency = 50;
    conditions.down.pace = Some((2, 30));
    let mut world = World::new(Settings::default(), u32::MAX, Trace::new(false));
    world.set_next(conditions);
    world.open(0).unwrap();
    let connect = hex(CONNECT);
    assert_eq!(world.write(&connect), Ok(Moved::Done(10)));
    assert_eq!(world.write(&connect[10..]), Ok(Moved::Done(connect.len() - 10)));
    assert_eq!(world.read(&mut [0; 8]), Ok(Moved::Nothing));
    world.wait(true, false, Some(1_000)).unwrap();
    assert_eq!((world.now(), world.millis()), (150, 149));
    assert_eq!(world.read(&mut [0; 8]), Ok(Moved::Done(2)));
    world.wait(true, false, Some(1_000)).unwrap();
    assert_eq!(world.now(), 180);
    assert_eq!(world.read(&mut [0; 8]), Ok(Moved::Done(2)));
    world.schedule(20, Act::Refuse(100));
    world.sleep(20);
    assert_eq!(world.write(b"\xc0\x00"), Ok(Moved::Nothing));
    world.wait(false, true, Some(1_000)).unwrap();
    assert_eq!(world.now(), 300);
}

#[test]
fn a_client_that_is_lied_to_is_not_blamed_and_must_leave_all_the_same() {
    let mut world = connected(CONNECT);
    world.schedule(0, Act::Send(hex("36 05 00 01 61 00 01"), Strange::Forbidden));
    assert_eq!(read(&mut world), hex("36 05 00 01 61 00 01"));
    assert!(!world.broker.is_trusted());
    assert!(world.is_doomed());
    say(&mut world, "40 02 00 01");
    assert_eq!(rule(&world), "");
}

#[test]
fn what_a_client_does_at_its_link_is_seen() {
    let mut world = connected("10 0d 00 04 4d515454 04 02 00 01 00 01 63");
    world.conduct.keep_alive = 1_000;
    world.begin_call();
    world.wait(true, false, Some(100)).unwrap();
    assert_eq!(world.conduct.lapses, 1, "the time was over");
    say(&mut world, "c0 00");
    assert_eq!(
        (world.conduct.ping_taken, world.conduct.asked.len()),
        (Some(100), 0),
        "no PINGREQ is overdue yet"
    );
    world.wait(false, true, Some(100)).unwrap();
    assert_eq!(world.conduct.lapses, 1, "there was room");
    assert!(!world.conduct.neglected);
    assert_eq!(read(&mut world), [0xd0, 0]);
    assert!(world.conduct.neglected, "PINGRESP was there while the client waited for room");
    assert_eq!((world.conduct.ping_taken, world.conduct.looked), (None, 100));
    world.begin_call();
    assert_eq!((world.conduct.lapses, world.conduct.neglected), (0, false), "each call begins anew");
    world.schedule(500, Act::HoldDown(10_000));
    world.sleep(1_000);
    say(&mut world, "c0 00 e0 00");
    assert_eq!(world.conduct.asked, [1_100], "nothing has come for a whole keep-alive");
    assert!(world.conduct.disconnected && !world.conduct.finished);
    world.finish(10);
    assert!(world.conduct.finished);
}

#[test]
fn requests_that_come_are_counted() {
    let mut world = connected(CONNECT);
    say(&mut world, "82 06 00 01 00 01 64 00");
    say(&mut world, "a2 05 00 02 00 01 64");
    say(&mut world, "c0 00");
    assert_eq!(world.broker.requests(), 2);
}
