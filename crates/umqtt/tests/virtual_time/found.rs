//! What random runs have found, each as a test of its own.

use umqtt::{
    ConnectOptions, ConnectionError, Error, Fixed, PacketId, QoS, RequestError, SessionError, Timeouts,
};
use umqtt_testkit::link::Direction::ToBroker;
use umqtt_testkit::link::Pieces;
use umqtt_testkit::script::Player;

use crate::wire::{broker_client_with, client_of, ended, script_client, words};

/// A look that was late for one thing says nothing of another that becomes due after it.
#[test]
fn an_answer_is_looked_for_after_its_own_time() {
    let script = "
        expect publish
        expect pingreq
        send 30 04 00 01 61 62
        stall 100
        send d0 00
        stall 60000
    ";
    let (mut client, handle) = script_client(script, 60);
    client.set_timeouts(Timeouts { ping: 500, message: 1_000, ..Timeouts::DEFAULT });
    client.publish("a", b"never acknowledged", QoS::AtLeastOnce, false).unwrap();
    handle.network.advance(1_000);
    client.ping().unwrap();
    // The acknowledgement is late, and this looks for it.
    assert_eq!(client.check_msg(0).unwrap().map(|(event, _)| words(&event)).as_deref(), Some("a b q0"));
    // Meanwhile the answer to PINGREQ comes.
    handle.network.advance(600);
    let told = client.check_msg(3).unwrap().map(|(event, _)| words(&event));
    assert_eq!(told.as_deref(), Some("timed out 1"));
    assert!(client.check_msg(3).unwrap().is_none());
}

/// A link that refuses a message does not give a dead one more time for PINGRESP.
#[test]
fn a_later_write_that_stalls_does_not_extend_the_wait_for_an_answer() {
    let (mut client, handle) = script_client("expect pingreq\nstall 60000", 10);
    assert!(client.check_msg(12_000).unwrap().is_none(), "PINGREQ goes after 7.5 s");
    handle.link().refuse_writes(ToBroker, handle.now().after(60_000));
    let error = client.publish("a", b"into a dead link", QoS::AtLeastOnce, false).unwrap_err();
    let cause = ConnectionError::Session(SessionError::PingTimeout);
    assert_eq!(error, Error::Taken { id: PacketId::new(1), cause });
    assert_eq!(handle.millis(), 12_500);
}

/// A call that finds the transmit buffer full writes in two steps, in the time of one call.
#[test]
fn a_call_that_makes_room_first_takes_no_longer_than_any_other() {
    let slow = |large: bool| {
        let (mut client, handle) = broker_client_with(Fixed::<64, 64, 4>::new(), 0);
        client.set_timeouts(Timeouts { write: 2_000, write_per_kib: 500, ..Timeouts::DEFAULT });
        let link = handle.link();
        link.split_writes(ToBroker, Pieces::of(10));
        link.limit(ToBroker, 10);
        link.delay(ToBroker, 400);
        client.enqueue("a", &[b'x'; 50], QoS::AtMostOnce, false).unwrap();
        let error = if large {
            client.publish_large("a", &[b'x'; 100], QoS::AtLeastOnce, false).unwrap_err()
        } else {
            client.publish("a", &[b'x'; 50], QoS::AtLeastOnce, false).unwrap_err()
        };
        assert!(matches!(error, Error::Taken { .. }), "{error:?}");
        handle.millis()
    };
    assert_eq!(slow(false), 2_500);
    assert_eq!(slow(true), 2_500);
}

/// A link that has taken nothing in time is not waited for once more when there is room for the message by then.
#[test]
fn a_call_that_has_waited_in_vain_for_room_does_not_wait_again() {
    for (large, error) in [
        (true, Error::Request(RequestError::TransmitFull)),
        (false, Error::Taken { id: PacketId::new(1), cause: ConnectionError::WriteTimedOut }),
    ] {
        let script = "expect connect\nsend 20 02 00 00\nsend 32 06 00 01 61 00 07 62\nstall 60000";
        let player = Player::new(script.parse().unwrap());
        let options = ConnectOptions::new("shed").unwrap();
        let (mut client, handle) = client_of(player, Fixed::<64, 32, 4>::new(), &options);
        client.set_timeouts(Timeouts { write: 2_000, write_per_kib: 1_000, ..Timeouts::DEFAULT });
        assert!(client.check_msg(100).unwrap().is_some());
        // The link takes what fills the buffer, and not the acknowledgement that goes behind it.
        client.enqueue("a", &[b'x'; 27], QoS::AtMostOnce, false).unwrap();
        handle.link().limit(ToBroker, 32);
        handle.link().stall(ToBroker, handle.now().after(60_000));
        let start = handle.millis();
        let result = if large {
            client.publish_large("a", &[b'x'; 100], QoS::AtLeastOnce, false)
        } else {
            client.publish("a", &[b'x'; 10], QoS::AtLeastOnce, false)
        };
        assert_eq!(result, Err(error));
        assert_eq!(handle.millis() - start, 2_000);
        assert!(client.is_connected());
    }
}

/// PINGRESP has lain in the receive buffer for a while: what is due next is asked for again when it is taken.
#[test]
fn what_an_answer_changes_is_seen_by_the_wait_that_follows() {
    let script = "expect pingreq\nsend 30 04 00 01 61 62 d0 00\nstall 60000";
    let (mut client, handle) = script_client(script, 10);
    client.set_timeouts(Timeouts { ping: 20_000, ..Timeouts::DEFAULT });
    client.ping().unwrap();
    assert_eq!(client.check_msg(0).unwrap().map(|(event, _)| words(&event)).as_deref(), Some("a b q0"));
    handle.network.advance(9_000);
    let error = client.check_msg(60_000).map(drop).unwrap_err();
    assert_eq!(error, ended(SessionError::PingTimeout));
    assert_eq!(handle.millis(), 30_000, "one interval and the time for PINGRESP after the last byte");
}
