//! The client over real sockets: every wait ends, and every failure has its sentence.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant as Moment};

use embedded_io::{Error as _, ErrorKind};
use umqtt::std::{TcpClient, TcpError, TcpTransport};
use umqtt::{
    ConnectOptions, ConnectionError, Error, Event, Fault, Heap, NEVER, PacketId, QoS, SessionError, Timeouts,
};
use umqtt_testkit::script::ScriptedBroker;
use umqtt_testkit::{CloseReason, Event as Seen, TcpBroker};

const PATIENCE: Duration = Duration::from_secs(10);

fn options() -> ConnectOptions<'static> {
    ConnectOptions::new("shed").unwrap()
}

fn tcp_error(error: &Error<TcpError>) -> &TcpError {
    match error.connection() {
        Some(ConnectionError::Transport(error)) => error,
        _ => panic!("{error}"),
    }
}

#[test]
fn publish_and_receive() {
    let broker = TcpBroker::start().unwrap();
    let mut client = umqtt::std::connect(&broker.url(), &options().keep_alive(30)).unwrap();
    client.subscribe("#", QoS::ExactlyOnce).unwrap();
    let mut open = Vec::new();
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        open.extend(client.publish("a", b"hello", qos, false).unwrap());
    }
    let mut received = Vec::new();
    while received.len() < 3 || !open.is_empty() {
        match client.wait_msg().unwrap().0 {
            Event::Message(message) => received.push(message.qos()),
            Event::Delivered { id, .. } => open.retain(|sent| *sent != id),
            Event::Subscribed { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    received.sort();
    assert_eq!(received, [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce]);
    client.disconnect().unwrap();
    assert!(broker.wait_until(PATIENCE, |broker| {
        broker.events().any(|event| matches!(event, Seen::Closed { reason: CloseReason::Disconnect, .. }))
    }));
}

#[test]
fn connect_opens_a_closed_transport_again() {
    let broker = TcpBroker::start().unwrap();
    let address = broker.local_addr();
    let transport = TcpTransport::new(&address.ip().to_string(), address.port());
    let mut client = umqtt::std::client(transport, Heap::default());
    for _ in 0..3 {
        client.connect(&options()).unwrap();
        client.publish("a", b"", QoS::AtMostOnce, false).unwrap();
        client.disconnect().unwrap();
        client.disconnect().unwrap();
    }
    assert!(broker.wait_until(PATIENCE, |broker| broker.messages().count() == 3));
}

/// A restarted program must not give a new message the id of one that the broker still holds.
#[test]
fn the_first_packet_id_is_drawn_at_random() {
    let broker = TcpBroker::start().unwrap();
    let first_id =
        |mut client: TcpClient| client.publish("a", b"", QoS::AtLeastOnce, false).unwrap().unwrap();
    let connect = || umqtt::std::connect(&broker.url(), &options()).unwrap();
    let ids: BTreeSet<PacketId> = (0..8).map(|_| first_id(connect())).collect();
    // Once in 65,535^7 runs they are all the same.
    assert!(ids.len() > 1, "{ids:?}");
    let mut client = connect();
    let chosen = PacketId::new(7).unwrap();
    client.set_next_id(chosen);
    assert_eq!(first_id(client), chosen);
}

/// To disconnect with bytes unread must not reset the connection under what was sent last.
#[test]
fn what_was_sent_before_disconnect_arrives() {
    let broker = TcpBroker::start().unwrap();
    let mut client = umqtt::std::connect(&broker.url(), &options()).unwrap();
    client.subscribe("#", QoS::AtMostOnce).unwrap();
    for _ in 0..5_000 {
        client.enqueue("a", &[7; 100], QoS::AtMostOnce, false).unwrap();
    }
    client.disconnect().unwrap();
    assert!(broker.wait_until(PATIENCE, |broker| broker.messages().count() == 5_000));
    assert!(broker.wait_until(PATIENCE, |broker| {
        broker.events().any(|event| matches!(event, Seen::Closed { reason: CloseReason::Disconnect, .. }))
    }));
}

#[test]
fn large_messages_pass_both_ways() {
    let broker = TcpBroker::start().unwrap();
    let mut client = umqtt::std::connect(&broker.url(), &options().keep_alive(30)).unwrap();
    client.subscribe("large", QoS::AtLeastOnce).unwrap();
    let payload: Vec<u8> = (0..3_000_000u32).map(|at| at.to_le_bytes()[0]).collect();
    client.publish("large", &payload, QoS::AtLeastOnce, false).unwrap();
    let mut received = Vec::new();
    loop {
        match client.wait_msg().unwrap().0 {
            Event::MessageStart(message) => received.extend_from_slice(message.payload),
            Event::MessagePart { bytes, remaining } => {
                received.extend_from_slice(bytes);
                if remaining == 0 {
                    break;
                }
            }
            _ => {}
        }
    }
    assert!(received == payload);
}

#[test]
fn a_will_is_published_when_the_client_is_dropped() {
    let broker = TcpBroker::start().unwrap();
    let options = options().set_last_will("state", b"gone", QoS::AtMostOnce, true).unwrap();
    drop(umqtt::std::connect(&broker.url(), &options).unwrap());
    assert!(broker.wait_until(PATIENCE, |broker| broker.retained("state").is_some()));
}

#[test]
fn an_address_that_is_none() {
    let error = umqtt::std::connect("http://broker", &options()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "'http://broker' is not the address of a broker: only mqtt:// is supported"
    );
}

#[test]
fn an_unknown_host() {
    let error = umqtt::std::connect("no-such-host.invalid", &options()).unwrap_err();
    let inner = tcp_error(&error);
    assert!(matches!(inner, TcpError::UnknownHost { .. } | TcpError::ResolveTimedOut { .. }), "{error:?}");
    assert!(error.to_string().contains("'no-such-host.invalid'"), "{error}");
    assert_eq!(error.fault(), Fault::Transport);
}

#[test]
fn a_refused_connection() {
    // A port that was free a moment ago.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = umqtt::std::connect(&address.to_string(), &options()).unwrap_err();
    assert_eq!(error.to_string(), format!("{address} refused the connection"));
    assert_eq!(tcp_error(&error).kind(), ErrorKind::ConnectionRefused);
    // The same again from a client that tries twice.
    let mut client = umqtt::std::client(TcpTransport::new("127.0.0.1", address.port()), Heap::default());
    for _ in 0..2 {
        assert_eq!(client.connect(&options()).unwrap_err().to_string(), error.to_string());
    }
}

#[test]
fn a_peer_that_says_nothing() {
    // The system accepts for it; nobody answers.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let mut client = umqtt::std::client(TcpTransport::new("127.0.0.1", address.port()), Heap::default());
    client.set_timeouts(Timeouts { connect: 200, ..Timeouts::DEFAULT });
    let start = Moment::now();
    let error = client.connect(&options()).unwrap_err();
    assert!(
        matches!(error, Error::Connection(ConnectionError::Session(SessionError::ConnectTimeout))),
        "{error}"
    );
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(200) && took < PATIENCE, "{took:?}");
}

#[test]
fn a_peer_that_takes_nothing() {
    let script = "expect connect\nsend 20 02 00 00\nstall 60000";
    let peer = ScriptedBroker::start(script.parse().unwrap()).unwrap();
    let mut client = umqtt::std::connect(&peer.url(), &options()).unwrap();
    client.set_socket_timeout(200);
    let start = Moment::now();
    // More than any socket buffer holds.
    let error = client.publish("a", &vec![0; 100_000_000], QoS::AtMostOnce, false).unwrap_err();
    assert!(matches!(error, Error::Taken { id: None, cause: ConnectionError::CutShort }), "{error}");
    assert!(start.elapsed() < PATIENCE);
}

#[test]
fn check_msg_waits_on_a_socket_as_long_as_asked() {
    let broker = TcpBroker::start().unwrap();
    let mut client = umqtt::std::connect(&broker.url(), &options()).unwrap();
    for wait in [0, 1, 150] {
        let start = Moment::now();
        assert!(client.check_msg(wait).unwrap().is_none());
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(wait.into()) && took < PATIENCE, "{wait}: {took:?}");
    }
}

#[test]
fn a_reset_is_told_with_the_address() {
    let peer =
        ScriptedBroker::start("expect connect\nsend 20 02 00 00\nexpect pingreq\nreset".parse().unwrap())
            .unwrap();
    let mut client = umqtt::std::connect(&peer.url(), &options()).unwrap();
    client.ping().unwrap();
    let error = client.check_msg(NEVER).map(|told| told.is_some()).unwrap_err();
    assert!(error.to_string().ends_with("reset the connection"), "{error}");
    assert!(error.to_string().starts_with("127.0.0.1:"), "{error}");
    assert_eq!(tcp_error(&error).kind(), ErrorKind::ConnectionReset);
}

#[test]
fn all_addresses_of_a_host_are_tried() {
    // On most systems localhost is ::1 too, where nobody listens.
    let broker = TcpBroker::start().unwrap();
    let address = format!("localhost:{}", broker.local_addr().port());
    umqtt::std::connect(&address, &options()).unwrap().disconnect().unwrap();
}
