//! Wrong calls and wrong answers: each gives one sentence, and whose fault it is.

use umqtt::{
    Client, ConnectError, ConnectOptions, ConnectionError, Error, Fault, Fixed, Instant, Interest, Io, QoS,
    RequestError, SessionError, Transport, Violation,
};
use umqtt_testkit::Broker;
use umqtt_testkit::script::Player;

use crate::wire::{Small, Wire, WireError, broker_client, ended, script_client, words};

/// What `connect` says to an answer.
fn connect_to(answer: &str) -> WireError {
    let script = format!("expect connect\n{answer}");
    let (wire, _handle) = Wire::new(Player::new(script.parse().unwrap()));
    let mut client = Client::new(wire, Small::new());
    let error = client.connect(&ConnectOptions::new("shed").unwrap()).unwrap_err();
    assert!(!client.is_connected());
    error
}

#[test]
fn an_answer_to_connect_that_is_none() {
    let cases: [(&str, Fault, &str); 13] = [
        ("send 20 02 00 01", Fault::Peer, "connection refused: the broker does not speak MQTT 3.1.1"),
        ("send 20 02 00 02", Fault::Peer, "connection refused: the broker does not allow this client id"),
        ("send 20 02 00 03", Fault::Peer, "connection refused: the broker is unavailable now"),
        ("send 20 02 00 04", Fault::Peer, "connection refused: wrong user name or password"),
        ("send 20 02 00 05", Fault::Peer, "connection refused: this client may not connect"),
        ("send 20 02 00 63", Fault::Peer, "connection refused: unknown return code 99"),
        ("send 20 03 00 00 00", Fault::Peer, "the broker broke the protocol: remaining length does not fit"),
        ("send 20 02 01 00", Fault::Peer, "session present where there can be none"),
        ("send d0 00", Fault::Peer, "packet not allowed here"),
        ("send \"HTTP/1.1 400 Bad Request\"", Fault::Peer, "the broker broke the protocol: "),
        ("close", Fault::Transport, "the broker closed the connection"),
        ("reset", Fault::Transport, "ConnectionReset"),
        ("stall 100000", Fault::Transport, "the broker did not answer CONNECT in time"),
    ];
    for (answer, fault, sentence) in cases {
        let error = connect_to(answer);
        assert_eq!(error.fault(), fault, "{answer}: {error}");
        assert!(matches!(error, Error::Connection(_)) && error.is_over(), "{answer}: {error:?}");
        assert!(error.to_string().contains(sentence), "{answer}: {error}");
    }
}

#[test]
fn nonsense_after_connect_ends_the_connection() {
    let cases = [
        ("send f0 00", Violation::ReservedPacketType),
        ("send 31*60", Violation::WrongLength),
        ("send 30 ff ff ff ff 01", Violation::RemainingLengthTooLong),
        ("send 36 05 00 01 61 00 01", Violation::InvalidQos),
        ("send d0 01 00", Violation::WrongLength),
        ("send 40 02 00 00", Violation::ZeroPacketId),
        ("send 90 03 00 01 03", Violation::SubAckReturnCode),
        ("send 90 04 00 01 00 00", Violation::SubAckCount),
        ("send 10 00", Violation::UnexpectedPacket),
        ("send 90 ff 7f", Violation::PacketTooLarge),
    ];
    for (answer, violation) in cases {
        let (mut client, _handle) = script_client(&format!("expect subscribe\n{answer}\nstall 10"), 0);
        client.subscribe("a", QoS::AtMostOnce).unwrap();
        let error = client.wait_msg().map(|(event, _)| words(&event)).unwrap_err();
        assert_eq!(error, ended(SessionError::Violation(violation)), "{answer}");
        let blames = error.to_string().starts_with("the broker broke the protocol: ");
        assert_eq!(blames, error.fault() == Fault::Peer, "{error}");
        assert_eq!(error.fault() == Fault::Resource, violation == Violation::PacketTooLarge);
        assert!(!client.is_connected());
        assert!(client.publish("a", b"", QoS::AtMostOnce, false).is_err());
    }
}

#[test]
fn a_close_after_connect_is_told_and_what_came_before_it_first() {
    let (mut client, _handle) = script_client("send 30 03 00 01 61\nclose", 0);
    assert_eq!(words(&client.wait_msg().unwrap().0), "a  q0");
    let error = client.wait_msg().map(|(event, _)| words(&event)).unwrap_err();
    assert_eq!((error, error.fault()), (Error::Connection(ConnectionError::Closed), Fault::Transport));
}

#[test]
fn a_topic_or_filter_that_is_none_is_refused_before_a_byte_is_sent() {
    let long = "x".repeat(70_000);
    let (mut client, handle) = broker_client(0);
    let topics = [
        ("", "the topic cannot be used: empty topic [MQTT-4.7.3-1]"),
        ("a/+/b", "the topic cannot be used: wildcard in a topic name [MQTT-3.3.2-2]"),
        ("#", "the topic cannot be used: wildcard in a topic name [MQTT-3.3.2-2]"),
        ("a\0", "the topic cannot be used: string has U+0000 [MQTT-1.5.3-2]"),
        (&long, "the topic cannot be used: longer than 65535 bytes [MQTT-4.7.3-3]"),
    ];
    for (topic, sentence) in topics {
        let error = client.publish(topic, b"x", QoS::AtLeastOnce, false).unwrap_err();
        assert_eq!(error.to_string(), sentence);
        assert_eq!(error.fault(), Fault::Caller);
        assert_eq!(client.enqueue(topic, b"x", QoS::AtMostOnce, false), Err(error));
    }
    for filter in ["", "a#", "#/a", "a+/b", &long] {
        let error = client.subscribe(filter, QoS::AtMostOnce).unwrap_err();
        assert!(error.to_string().starts_with("the topic filter cannot be used: "), "{error}");
        assert_eq!(client.unsubscribe(filter), Err(error));
    }
    assert_eq!(client.subscribe_many(&[]), Err(Error::Request(RequestError::FilterCount)));
    assert_eq!(client.unsubscribe_many(&[]), Err(Error::Request(RequestError::FilterCount)));
    assert!(handle.take_writes().is_empty() && client.is_connected());
}

#[test]
fn a_full_table_refuses_and_changes_nothing() {
    let (mut client, handle) = script_client("drain", 0);
    for _ in 0..8 {
        client.publish("a", b"", QoS::AtLeastOnce, false).unwrap();
    }
    handle.take_writes();
    let full = Err(Error::Request(RequestError::InFlightFull));
    assert_eq!(client.publish("a", b"", QoS::AtLeastOnce, false), full);
    assert_eq!(client.publish("a", &[0; 1_000], QoS::ExactlyOnce, false), full);
    assert_eq!(client.subscribe("a", QoS::AtMostOnce).map(Some), full);
    assert!(handle.take_writes().is_empty());
    client.publish("a", b"", QoS::AtMostOnce, false).unwrap();
}

#[test]
fn calls_without_a_connection_are_refused() {
    let (wire, handle) = Wire::new(Broker::default());
    let mut client = Client::new(wire, Small::new());
    let refused = Error::Request(RequestError::NotConnected);
    assert_eq!(client.publish("a", b"", QoS::AtMostOnce, false).unwrap_err(), refused);
    assert_eq!(client.publish("a", &[0; 1_000], QoS::AtMostOnce, false).unwrap_err(), refused);
    assert_eq!(client.subscribe("a", QoS::AtMostOnce).unwrap_err(), refused);
    assert_eq!(client.unsubscribe("a").unwrap_err(), refused);
    assert_eq!(client.ping().unwrap_err(), refused);
    assert_eq!(client.flush().unwrap_err(), refused);
    assert_eq!(client.check_msg(1_000).map(|told| told.is_some()).unwrap_err(), refused);
    assert_eq!((handle.opened(), handle.millis()), (0, 0));
    client.disconnect().unwrap();
}

#[test]
fn connect_options_that_cannot_be_sent_open_no_link() {
    let (wire, handle) = Wire::new(Broker::default());
    let mut client = Client::new(wire, Small::new());
    let error = client.connect(&ConnectOptions::new("").unwrap().clean_session(false)).unwrap_err();
    assert_eq!(error, Error::Connect(ConnectError::EmptyClientId));
    assert_eq!(error.to_string(), "an empty client id needs a clean session [MQTT-3.1.3-7]");
    let large = "x".repeat(300);
    let error = client.connect(&ConnectOptions::new(&large).unwrap()).unwrap_err();
    assert_eq!(error, Error::Connect(ConnectError::BufferTooSmall));
    assert_eq!(handle.opened(), 0);
    client.connect(&ConnectOptions::new("shed").unwrap()).unwrap();
}

#[test]
fn options_are_checked_field_by_field() {
    let long = "x".repeat(65_536);
    let options = ConnectOptions::new("shed").unwrap();
    let sentences = [
        ConnectOptions::new(&long).unwrap_err().to_string(),
        ConnectOptions::new("a\0b").unwrap_err().to_string(),
        options.login(&long, "").unwrap_err().to_string(),
        options.login("user", &long).unwrap_err().to_string(),
        options.user_name("\0").unwrap_err().to_string(),
        options.set_last_will("a/#", b"", QoS::AtMostOnce, false).unwrap_err().to_string(),
        options.set_last_will("a", &long, QoS::AtMostOnce, false).unwrap_err().to_string(),
    ];
    let starts = [
        "the client id cannot be used: longer",
        "the client id cannot be used: string has U+0000",
        "the user name cannot be used: longer",
        "the password cannot be used: longer",
        "the user name cannot be used: string has U+0000",
        "the topic of the last will cannot be used: wildcard",
        "the payload of the last will cannot be used: longer",
    ];
    for (sentence, start) in sentences.iter().zip(starts) {
        assert!(sentence.starts_with(start), "{sentence}");
    }
}

#[test]
fn nothing_shows_a_secret() {
    let options = ConnectOptions::new("shed").unwrap().login("gardener", "correct horse").unwrap();
    assert!(!format!("{options:?}").contains("horse"));
    let (wire, _handle) = Wire::new(Broker::default());
    let mut client = Client::new(wire, Fixed::<64, 64, 1>::new());
    client.connect(&options).unwrap();
    let bytes = format!("{:?}", b"correct horse");
    let shown = format!("{client:?}");
    assert!(!shown.contains("horse") && !shown.contains(bytes.trim_matches(['[', ']'])), "{shown}");
}

/// A transport that breaks its contract: it says "done", and has done nothing.
struct Idle(u32);

impl Transport for Idle {
    type Error = embedded_io::ErrorKind;

    fn now(&mut self) -> Instant {
        Instant::from_millis(self.0)
    }

    fn read(&mut self, _: &mut [u8]) -> Result<Io, Self::Error> {
        Ok(Io::Done(0))
    }

    fn write(&mut self, _: &[u8]) -> Result<Io, Self::Error> {
        Ok(Io::Done(0))
    }

    fn wait(&mut self, _: Interest, timeout: u32) -> Result<(), Self::Error> {
        self.0 += timeout;
        Ok(())
    }

    fn close(&mut self) {}
}

#[test]
fn a_transport_that_does_nothing_cannot_hang_the_client() {
    let mut client = Client::new(Idle(0), Small::new());
    let error = client.connect(&ConnectOptions::new("shed").unwrap()).unwrap_err();
    assert_eq!(error, ended(SessionError::ConnectTimeout));
    assert_eq!(client.transport().0, 5_000);
}
