//! No call takes longer than it may, and the keep-alive needs no help.

use umqtt::{Client, PacketType};
use umqtt::{ConnectOptions, ConnectionError, Error, NEVER, QoS, RequestError, SessionError, Timeouts};
use umqtt_testkit::Broker;
use umqtt_testkit::link::Direction::{ToBroker, ToClient};
use umqtt_testkit::link::Pieces;
use umqtt_testkit::script::Player;

use crate::wire::{Connected, Small, Wire, broker_client, drain, ended, script_client, words};

#[test]
fn check_msg_takes_as_long_as_asked_when_nothing_comes() {
    let (mut client, handle) = broker_client(30);
    for wait in [0, 1, 17, 1_000, 100_000, 0] {
        let start = handle.millis();
        assert!(client.check_msg(wait).unwrap().is_none());
        assert_eq!(handle.millis() - start, wait);
    }
}

#[test]
fn check_msg_takes_no_longer_while_bytes_drip() {
    // A message of 200 bytes, one byte every 100 ms: 20 s.
    let mut script = String::from("send 30 c5 01 00 01 61\n");
    for _ in 0..194 {
        script += "stall 100\nsend 78\n";
    }
    let (mut client, handle) = script_client(&script, 0);
    let mut waited = 0;
    loop {
        let start = handle.millis();
        let told = client.check_msg(250).unwrap().map(|(event, _)| words(&event));
        let took = handle.millis() - start;
        assert!(took <= 250);
        waited += took;
        if let Some(told) = told {
            assert_eq!(told, format!("a {} q0", "x".repeat(194)));
            break;
        }
        assert_eq!(took, 250);
    }
    assert_eq!(waited, 19_400);
}

#[test]
fn check_msg_takes_no_longer_in_a_flood_that_tells_nothing() {
    // One PINGRESP a millisecond that nobody asked for.
    let script = "send d0 00\nstall 1\n".repeat(2_000);
    let (mut client, handle) = script_client(&script, 0);
    let start = handle.millis();
    assert!(client.check_msg(100).unwrap().is_none());
    assert_eq!(handle.millis() - start, 100);
    // And one that has all come already: one look at the transport, not one for each packet.
    handle.network.advance(3_000);
    let reads = handle.reads();
    assert!(client.check_msg(0).unwrap().is_none());
    assert_eq!(handle.reads() - reads, 1);
}

#[test]
fn check_msg_takes_no_longer_while_nothing_can_be_written() {
    let (mut client, handle) = broker_client(10);
    handle.link().limit(ToBroker, 0);
    client.enqueue("a", b"stuck", QoS::AtMostOnce, false).unwrap();
    let start = handle.millis();
    assert!(client.check_msg(4_000).unwrap().is_none());
    assert_eq!(handle.millis() - start, 4_000);
    // The link has taken nothing for the socket time-out: told, and told again only after as long.
    assert!(matches!(client.check_msg(60_000), Err(Error::Connection(ConnectionError::WriteTimedOut))));
    assert_eq!(handle.millis() - start, 5_000);
    assert!(client.check_msg(2_000).unwrap().is_none());
    assert!(client.is_connected());
    handle.link().limit(ToBroker, 100);
    assert!(client.check_msg(0).unwrap().is_none());
    handle.network.with(|broker| assert_eq!(broker.messages().count(), 1));
}

#[test]
fn publish_takes_the_socket_timeout_that_is_set() {
    let (mut client, handle) = broker_client(0);
    client.set_socket_timeout(700);
    handle.link().limit(ToBroker, 3);
    handle.link().stall(ToBroker, handle.now().after(60_000));
    let error = client.publish("a", b"stuck", QoS::AtMostOnce, false).unwrap_err();
    assert_eq!(error, Error::Taken { id: None, cause: ConnectionError::WriteTimedOut });
    assert_eq!(handle.millis(), 700);
    // Nor does the end of the connection take longer, although it cannot be told.
    assert!(matches!(client.disconnect(), Err(Error::Connection(ConnectionError::WriteTimedOut))));
    assert_eq!(handle.millis(), 1_400);
    assert!(!client.is_connected());
    client.disconnect().unwrap();
}

/// A link that takes one byte of 14 every 900 ms: never as long as the socket time-out without a byte.
fn slow_reader() -> Connected<Broker, Small> {
    let (client, handle) = broker_client(0);
    let link = handle.link();
    link.split_writes(ToBroker, Pieces::of(1));
    link.limit(ToBroker, 1);
    link.delay(ToBroker, 900);
    (client, handle)
}

#[test]
fn a_reader_that_takes_a_byte_now_and_then_does_not_hold_a_call() {
    let (mut client, handle) = slow_reader();
    let error = client.publish("a", b"slow peer", QoS::AtMostOnce, false).unwrap_err();
    assert_eq!(error, Error::Taken { id: None, cause: ConnectionError::WriteTimedOut });
    // The socket time-out, and a second for the KiB that was begun.
    assert_eq!(handle.millis(), 6_000);
    assert!(client.is_connected());
    // The rest goes on with the next call, and comes once.
    assert!(client.check_msg(10_000).unwrap().is_none());
    handle.network.with(|broker| assert_eq!(broker.messages().count(), 1));
}

#[test]
fn a_slow_reader_is_waited_for_as_long_as_the_caller_says() {
    let (mut client, handle) = slow_reader();
    client.set_timeouts(Timeouts { write_per_kib: NEVER, ..Timeouts::DEFAULT });
    client.publish("a", b"slow peer", QoS::AtMostOnce, false).unwrap();
    assert!(handle.millis() > 10_000, "{}", handle.millis());
    handle.network.advance(1_000);
    handle.network.with(|broker| assert_eq!(broker.messages().count(), 1));
}

#[test]
fn the_keep_alive_needs_nothing_but_check_msg() {
    let (mut client, handle) = broker_client(10);
    for _ in 0..3_600 {
        assert!(client.check_msg(1_000).unwrap().is_none());
    }
    handle.network.with(|broker| {
        let pings = broker.received(PacketType::PingReq);
        assert!((360..=480).contains(&pings), "{pings} in an hour");
        assert!(broker.session("shed").unwrap().is_connected());
    });
}

#[test]
fn a_client_that_only_receives_keeps_alive() {
    let (mut client, handle) = broker_client(10);
    client.subscribe("t", QoS::AtMostOnce).unwrap();
    let topic = umqtt::TopicName::new("t").unwrap();
    for _ in 0..600 {
        handle.network.with(|broker| broker.publish(topic, b"x", QoS::AtMostOnce, false));
        drain(&mut client);
        client.check_msg(100).unwrap();
    }
    handle.network.with(|broker| {
        assert!(broker.received(PacketType::PingReq) >= 6);
        assert!(broker.session("shed").unwrap().is_connected());
    });
}

#[test]
fn wait_msg_on_a_dead_link_ends_after_the_keep_alive() {
    let (mut client, handle) = broker_client(20);
    handle.link().stall(ToBroker, handle.now().after(1_000_000));
    handle.link().stall(ToClient, handle.now().after(1_000_000));
    let error = client.wait_msg().map(|(event, _)| words(&event)).unwrap_err();
    assert_eq!(error, ended(SessionError::PingTimeout));
    // PINGREQ after three quarters of the interval, and 5 s for its answer.
    assert_eq!(handle.millis(), 20_000);
    assert!(!client.is_connected());
    assert_eq!(
        client.publish("a", b"", QoS::AtMostOnce, false),
        Err(Error::Request(RequestError::NotConnected))
    );
}

#[test]
fn a_client_that_only_publishes_notices_a_dead_link() {
    let (mut client, handle) = broker_client(20);
    handle.link().stall(ToClient, handle.now().after(1_000_000));
    handle.link().stall(ToBroker, handle.now().after(1_000_000));
    let error = loop {
        client.publish("a", b"", QoS::AtMostOnce, false).unwrap();
        if let Err(error) = client.check_msg(1_000).map(|told| told.is_some()) {
            break error;
        }
    };
    assert_eq!(error, ended(SessionError::PingTimeout));
    assert_eq!(handle.millis(), 25_000);
}

#[test]
fn an_answer_that_lies_there_is_seen_before_a_timeout_is_believed() {
    let (mut client, handle) = broker_client(20);
    client.ping().unwrap();
    client.publish("a", b"", QoS::AtLeastOnce, false).unwrap();
    // The program is busy for longer than any time-out, but the answers have come.
    handle.network.advance(25_000);
    assert_eq!(drain(&mut client), ["delivered 1"]);
    assert!(client.is_connected());
}

#[test]
fn a_missing_acknowledgement_is_told_once_and_a_late_one_as_late() {
    let (mut client, handle) = script_client("expect publish\nstall 15000\nsend 40 02 00 01\nstall 10", 0);
    client.publish("a", b"", QoS::AtLeastOnce, false).unwrap();
    let (event, _) = client.wait_msg().unwrap();
    assert_eq!(words(&event), "timed out 1");
    assert_eq!(handle.millis(), 10_000);
    assert!(client.check_msg(4_000).unwrap().is_none());
    let (event, _) = client.wait_msg().unwrap();
    assert_eq!(words(&event), "delivered 1 late");
    assert_eq!(handle.millis(), 15_000);
}

/// Fault 11: a time-out is told although packets keep coming, once what came with a late look is dealt with.
#[test]
fn a_missing_acknowledgement_is_told_while_packets_keep_coming() {
    for publishes in [false, true] {
        // A message each millisecond, for 15 s.
        let (mut client, handle) = script_client(&"send 30 03 00 01 61\nstall 1\n".repeat(15_000), 60);
        client.publish("a", b"", QoS::AtLeastOnce, false).unwrap();
        let late = client.publish("a", b"", QoS::AtLeastOnce, false).unwrap().unwrap();
        let mut told = Vec::new();
        while handle.millis() < 14_000 {
            let (event, mut sender) = client.check_msg(100).unwrap().expect("there is more");
            match event {
                umqtt::Event::Message(_) if publishes => {
                    sender.publish("b", b"", QoS::AtMostOnce, false).unwrap();
                }
                umqtt::Event::Message(_) => {}
                event => told.push((words(&event), handle.millis())),
            }
        }
        let told: Vec<_> = told.iter().map(|(event, millis)| (event.as_str(), millis / 100)).collect();
        assert_eq!(told, [("timed out 1", 100), (&format!("timed out {late}"), 100)]);
    }
}

#[test]
fn connect_gives_up_in_its_time() {
    for script in
        ["stall 100000", "expect connect\nstall 100000", "expect connect\nsend 20 02 00\nstall 100000"]
    {
        let (wire, handle) = Wire::new(Player::new(script.parse().unwrap()));
        let mut client = Client::new(wire, Small::new());
        client.set_timeouts(Timeouts { connect: 3_000, ..Timeouts::DEFAULT });
        let error = client.connect(&ConnectOptions::new("shed").unwrap()).unwrap_err();
        assert_eq!(error, ended(SessionError::ConnectTimeout));
        assert_eq!(handle.millis(), 3_000);
        assert!(!client.is_connected());
    }
}

#[test]
fn connect_gives_up_on_a_link_that_takes_nothing_and_can_be_called_again() {
    let (wire, handle) = Wire::new(Broker::default());
    let mut client = Client::new(wire, Small::new());
    client.set_socket_timeout(800);
    let first = handle.now();
    handle.on_open(move |number, link| {
        if number == 0 {
            link.limit(ToBroker, 7);
            link.stall(ToBroker, first.after(60_000));
        }
    });
    let error = client.connect(&ConnectOptions::new("shed").unwrap()).unwrap_err();
    assert_eq!(error, Error::Connection(ConnectionError::WriteTimedOut));
    assert_eq!(handle.millis(), 800);
    assert!(!client.is_connected());
    client.connect(&ConnectOptions::new("shed").unwrap()).unwrap();
    assert_eq!(handle.opened(), 2);
}

#[test]
fn a_packet_that_stops_in_its_middle_ends_the_connection() {
    // A message of which half arrives: PINGREQ finds out that the broker is gone.
    let (mut client, handle) = script_client("send 30 0a 00 01 61\nexpect pingreq\nstall 1000000", 10);
    let error = client.wait_msg().map(|(event, _)| words(&event)).unwrap_err();
    assert_eq!(error, ended(SessionError::PingTimeout));
    assert_eq!(handle.millis(), 7_500 + 5_000);
}

#[test]
fn a_ping_is_not_missed_while_a_large_message_arrives() {
    // PINGRESP stands behind a message of 100 bytes that takes 20 s.
    let mut script = String::from("expect pingreq\nsend 30 64 00 01 61\n");
    for _ in 0..97 {
        script += "stall 200\nsend 78\n";
    }
    script += "send d0 00\nstall 100";
    let (mut client, handle) = script_client(&script, 10);
    let (event, _) = client.wait_msg().unwrap();
    assert_eq!(words(&event), format!("a {} q0", "x".repeat(97)));
    assert_eq!(handle.millis(), 7_500 + 19_400);
    assert!(client.check_msg(50).unwrap().is_none());
}

#[test]
fn a_wait_for_ever_without_keep_alive_waits_for_a_message() {
    let (mut client, handle) = script_client("stall 864000000\nsend 30 03 00 01 61", 0);
    assert!(matches!(client.check_msg(NEVER), Ok(Some((umqtt::Event::Message(_), _)))));
    assert_eq!(handle.millis(), 864_000_000);
}
