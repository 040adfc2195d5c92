//! The broker on a socket: raw conversations, bounded ends, and the clients of Mosquitto.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{connect, connect_with_will, hex, publish, subscribe};
use umqtt_proto::wire::PacketType;
use umqtt_proto::{QoS, TopicName};
use umqtt_testkit::{Broker, CloseReason, Event, Settings, TcpBroker};

/// Longer than anything here takes; reached only by a test that fails.
const LIMIT: Duration = Duration::from_secs(30);

fn open(broker: &TcpBroker) -> TcpStream {
    let stream = TcpStream::connect(broker.local_addr()).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.set_write_timeout(Some(LIMIT)).unwrap();
    stream
}

fn expect(stream: &mut TcpStream, expected: &[u8]) {
    let mut bytes = vec![0; expected.len()];
    stream.read_exact(&mut bytes).unwrap();
    assert!(bytes == expected, "{:02x?}", bytes.get(..100.min(bytes.len())));
}

fn join(broker: &TcpBroker, client_id: &str) -> TcpStream {
    let mut stream = open(broker);
    stream.write_all(&connect(client_id, true, 0)).unwrap();
    expect(&mut stream, &hex("20020000"));
    stream
}

fn is_subscribed(broker: &Broker, client_id: &str) -> bool {
    broker.session(client_id).is_some_and(|session| session.subscriptions().count() > 0)
}

#[test]
fn ten_megabytes_and_many_small_messages_arrive_in_order() {
    let broker = TcpBroker::start().unwrap();
    let mut receiver = join(&broker, "receiver");
    receiver.write_all(&subscribe(1, &[("t", 2)])).unwrap();
    expect(&mut receiver, &hex("9003000102"));
    let mut sender = join(&broker, "sender");
    let large = publish(0x30, "t", 0, &vec![0xa5; 10_000_000]);
    let small: Vec<u8> =
        (0..100_000u32).flat_map(|number| publish(0x30, "t", 0, &number.to_be_bytes())).collect();
    let reader = std::thread::spawn({
        let expected = [large.clone(), small.clone()].concat();
        move || expect(&mut receiver, &expected)
    });
    sender.write_all(&large).unwrap();
    sender.write_all(&small).unwrap();
    reader.join().unwrap();
    assert_eq!(broker.with(|broker| broker.received(PacketType::Publish)), 100_001);
}

#[test]
fn a_refused_client_sees_why() {
    let broker = TcpBroker::start().unwrap();
    broker.with(|broker| broker.allow_users(&[("a", "b")]));
    let mut stream = open(&broker);
    // Bytes that the broker does not want follow, and must not reset the socket before CONNACK is read.
    stream.write_all(&[connect("x", true, 0), [0xc0, 0].repeat(10_000)].concat()).unwrap();
    expect(&mut stream, &hex("20020004"));
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_cut_client_leaves_its_will() {
    let broker = TcpBroker::start().unwrap();
    let mut heir = join(&broker, "heir");
    heir.write_all(&subscribe(1, &[("will", 0)])).unwrap();
    expect(&mut heir, &hex("9003000100"));
    let mut mortal = open(&broker);
    mortal.write_all(&connect_with_will("mortal", "will", "gone", false)).unwrap();
    expect(&mut mortal, &hex("20020000"));
    assert!(broker.with(|broker| broker.cut("mortal")));
    expect(&mut heir, &publish(0x30, "will", 0, b"gone"));
    assert_eq!(mortal.read(&mut [0]).unwrap_or(0), 0);
}

#[test]
fn time_passes_by_itself() {
    let settings = Settings { connect_timeout: 50, ..Settings::default() };
    let broker = TcpBroker::bind("127.0.0.1:0", Broker::new(settings)).unwrap();
    let mut mute = open(&broker);
    assert_eq!(mute.read(&mut [0]).unwrap(), 0, "no CONNECT in time");
    // A client that connects may be late on a busy machine.
    let broker = TcpBroker::start().unwrap();
    let mut silent = open(&broker);
    silent.write_all(&connect("silent", true, 1)).unwrap();
    expect(&mut silent, &hex("20020000"));
    let start = Instant::now();
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
    assert!(start.elapsed() >= Duration::from_millis(1_400), "{:?}", start.elapsed());
    let closed = |event: &Event| matches!(event, Event::Closed { reason: CloseReason::KeepAlive, .. });
    assert!(broker.with(|broker| broker.events().any(closed)));
}

#[test]
fn dropping_takes_bounded_time_with_clients_that_never_read() {
    let broker = TcpBroker::start().unwrap();
    let mut deaf = join(&broker, "deaf");
    deaf.write_all(&subscribe(1, &[("#", 0)])).unwrap();
    expect(&mut deaf, &hex("9003000100"));
    let _mute = open(&broker);
    let topic = TopicName::new("t").unwrap();
    broker.with(|broker| broker.publish(topic, &vec![0; 30_000_000], QoS::AtMostOnce, false));
    // The writer has taken the message and fills the socket.
    assert!(broker.wait_until(LIMIT, |broker| broker.sent(PacketType::Publish) == 1));
    let address = broker.local_addr();
    let start = Instant::now();
    drop(broker);
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
    assert!(TcpStream::connect(address).is_err(), "the port is free again");
}

#[test]
fn waiting_ends_when_the_condition_holds_or_time_is_over() {
    let broker = TcpBroker::start().unwrap();
    assert!(!broker.wait_until(Duration::from_millis(10), |broker| broker.session("a").is_some()));
    let stream = join(&broker, "a");
    assert!(broker.wait_until(Duration::ZERO, |broker| broker.session("a").is_some()));
    drop(stream);
    assert!(broker.wait_until(LIMIT, |broker| broker.session("a").is_none()));
    assert!(broker.url().starts_with("mqtt://127.0.0.1:"));
}

/// Ends a process that is still there when its test fails.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether Mosquitto's clients are there; with `UMQTT_REAL=1` they must be.
fn mosquitto_clients() -> bool {
    let found = Command::new("mosquitto_pub").arg("--version").output().is_ok();
    assert!(found || std::env::var("UMQTT_REAL").as_deref() != Ok("1"), "mosquitto-clients is not installed");
    if !found {
        println!("left out: mosquitto-clients is not installed");
    }
    found
}

#[test]
fn the_clients_of_mosquitto_talk_through_it() {
    if !mosquitto_clients() {
        return;
    }
    let broker = TcpBroker::start().unwrap();
    broker.with(|broker| broker.allow_users(&[("user", "secret")]));
    let port = broker.local_addr().port().to_string();
    for qos in ["0", "1", "2"] {
        let common = ["-V", "311", "-p", port.as_str(), "-u", "user", "-P", "secret", "-q", qos];
        let mut subscriber = Command::new("mosquitto_sub");
        subscriber.args(common).args(["-i", "sub", "-t", "a/+", "-C", "3", "-W", "20", "-F", "%q %t %p"]);
        let mut subscriber = Process(subscriber.stdout(Stdio::piped()).spawn().unwrap());
        assert!(broker.wait_until(LIMIT, |broker| is_subscribed(broker, "sub")));
        for (topic, payload) in [("a/1", "eins"), ("a/2", ""), ("a/3", "drei")] {
            let status = Command::new("mosquitto_pub")
                .args(common)
                .args(["-t", topic, "-m", payload])
                .status()
                .unwrap();
            assert!(status.success());
        }
        let mut text = String::new();
        subscriber.0.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        assert!(subscriber.0.wait().unwrap().success());
        assert_eq!(text, format!("{qos} a/1 eins\n{qos} a/2 \n{qos} a/3 drei\n"));
        assert!(broker.wait_until(LIMIT, |broker| broker.session("sub").is_none()));
    }
    let refused = Command::new("mosquitto_pub")
        .args(["-V", "311", "-p", &port, "-u", "user", "-P", "wrong", "-t", "a", "-m", "b"])
        .output()
        .unwrap();
    assert!(!refused.status.success());
}
