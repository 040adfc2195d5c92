//! A dead link is noticed in time however full the receive buffer is, and a live one is not taken for dead.

use umqtt::{ConnectionError, Error, Event, QoS, SessionError};
use umqtt_testkit::link::Direction::{ToBroker, ToClient};

use crate::wire::{ended, script_client};

/// A message of 5 bytes, of which the receive buffer holds 51.
const MESSAGE: &str = "send 30 03 00 01 61\n";

/// A message that leaves 6 bytes of the receive buffer, and those; CONNACK was read before.
fn filling() -> String {
    format!("stall 1\nsend 30 f7 01 00 01 61 {}\nsend 30 fd 01 00 01 61\n", "78 ".repeat(244))
}

/// The program takes a message each second, and 45 are there.
#[test]
fn messages_that_wait_do_not_hide_a_dead_link() {
    for (first, stalls, latest) in [
        // PINGREQ after 7.5 s, and 5 s for the answer.
        ("", false, 12_500),
        // The messages come behind PINGREQ, as the answer might: the next PINGREQ shows that none will come.
        ("expect pingreq\n", false, 8_000 + 10_000 + 5_000),
        // PINGREQ is not taken.
        ("", true, 12_500),
    ] {
        let (mut client, handle) = script_client(&format!("{first}{}stall 1000000", MESSAGE.repeat(45)), 10);
        if stalls {
            handle.link().limit(ToBroker, 0);
        }
        let mut told = 0;
        let error = loop {
            match client.check_msg(0) {
                Ok(Some((event, _))) => told += usize::from(matches!(event, Event::Message(_))),
                Ok(None) => {}
                Err(Error::Connection(ConnectionError::WriteTimedOut)) => {}
                Err(error) => break error,
            }
            handle.network.advance(1_000);
        };
        assert_eq!(error, ended(SessionError::PingTimeout));
        assert!(handle.millis() <= latest + 1_000, "{first:?} {stalls}: {} ms", handle.millis());
        assert!(told > 5, "{told}");
    }
}

/// The program holds a message, answers it each second, and there is no room behind it.
#[test]
fn a_message_that_is_held_does_not_hide_a_dead_link() {
    let (mut client, handle) = script_client(&format!("{}stall 1000000", filling()), 10);
    let (event, mut sender) = client.check_msg(1_000).unwrap().unwrap();
    let Event::Message(message) = event else { panic!("{event:?}") };
    let start = handle.millis();
    let error = loop {
        let reads = handle.reads();
        match sender.publish("b", &message.payload[..1], QoS::AtMostOnce, false) {
            Ok(_) => handle.network.advance(1_000),
            Err(error) => break error,
        }
        assert!(handle.millis() == start + 1_000 || handle.reads() == reads, "there is no room to read");
        assert!(handle.millis() < 60_000, "it is not noticed");
    };
    assert_eq!(error.connection(), Some(&ConnectionError::Session(SessionError::PingTimeout)));
    // Nothing was received for an interval, and then 5 s for the answer.
    assert!(handle.millis() - start <= 16_000, "{}", handle.millis());
}

/// As long as there are bytes that have no room, the answer may be behind them.
#[test]
fn an_answer_that_has_no_room_is_not_missed() {
    let rest = format!("{}send {}\n", filling(), "79 ".repeat(250));
    let (mut client, handle) = script_client(&format!("{rest}send d0 00\nstall 1000000"), 10);
    let (event, mut sender) = client.check_msg(1_000).unwrap().unwrap();
    let Event::Message(message) = event else { panic!("{event:?}") };
    for _ in 0..100 {
        sender.publish("b", &message.payload[..1], QoS::AtMostOnce, false).unwrap();
        handle.network.advance(1_000);
    }
    let Ok(Some((Event::Message(message), _))) = client.check_msg(0) else { panic!("no message") };
    assert_eq!(message.payload, [b'y'; 250]);
    assert!(client.check_msg(0).unwrap().is_none());
}

/// Neither does a full buffer lengthen a call that writes.
#[test]
fn a_call_that_writes_ends_in_its_time() {
    let (mut client, handle) = script_client(&format!("{}stall 1000000", filling()), 0);
    let (event, mut sender) = client.check_msg(1_000).unwrap().unwrap();
    let Event::Message(message) = event else { panic!("{event:?}") };
    let start = handle.millis();
    handle.link().limit(ToBroker, 0);
    handle.link().stall(ToClient, handle.now().after(1_000_000));
    for calls in 1..4 {
        let error = sender.publish("b", &message.payload[..9], QoS::AtMostOnce, false).unwrap_err();
        assert_eq!(error, Error::Taken { id: None, cause: ConnectionError::WriteTimedOut });
        assert_eq!(handle.millis() - start, calls * 5_000);
    }
}
