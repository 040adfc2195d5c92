//! The client against a real Mosquitto.
//!
//! Each test starts a broker of its own on a free port. Without Mosquitto on the machine they say so and pass;
//! `UMQTT_REAL=1` forbids that.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant as Moment};

use umqtt::std::{TcpClient, TcpTransport};
use umqtt::{
    Buffers, Client, ConnectOptions, ConnectReturnCode, ConnectionError, Error, Event, Fault, Heap, PacketId,
    QoS, RamStore, RequestError, SessionError, SubscribeReturnCode, TopicFilter, TopicName,
};

const PATIENCE: Duration = Duration::from_secs(20);
const ALL: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

/// Started by root, Mosquitto would become a user who may not read the files of the test.
const COMMON: &str = "user root\nmax_queued_messages 0\n";

/// A running broker; dropping it ends it.
struct Mosquitto {
    process: Child,
    port: u16,
    directory: PathBuf,
}

impl Mosquitto {
    /// A broker that lets everybody in, or `None` when the machine has none.
    fn start() -> Option<Self> {
        Self::with_settings("allow_anonymous true\n", &[])
    }

    /// A broker with these lines in its configuration, and with users and their passwords.
    fn with_settings(settings: &str, users: &[(&str, &str)]) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("umqtt-mosquitto-{}-{number}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let passwords = directory.join("passwords");
        fs::write(&passwords, "").unwrap();
        for (name, password) in users {
            // Belongs to the same package as the broker.
            let tool =
                Command::new("mosquitto_passwd").arg("-b").arg(&passwords).args([name, password]).output();
            match tool {
                Ok(output) => assert!(output.status.success(), "{output:?}"),
                Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound),
            }
        }
        // Another program may take a port that was free a moment ago.
        for _ in 0..20 {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
            let configuration = directory.join("mosquitto.conf");
            let settings = settings.replace("DIRECTORY", directory.to_str().unwrap());
            fs::write(&configuration, format!("{COMMON}listener {port} 127.0.0.1\n{settings}")).unwrap();
            let mut process = Self::spawn(&configuration)?;
            let start = Moment::now();
            while start.elapsed() < PATIENCE {
                if process.try_wait().unwrap().is_some() {
                    break;
                }
                if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                    return Some(Self { process, port, directory });
                }
                thread::yield_now();
            }
            let _ = process.kill();
            let _ = process.wait();
        }
        panic!("mosquitto does not start");
    }

    fn spawn(configuration: &PathBuf) -> Option<Child> {
        for program in ["mosquitto", "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"] {
            let child = Command::new(program)
                .arg("-c")
                .arg(configuration)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            match child {
                Ok(child) => return Some(child),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => panic!("{program}: {error}"),
            }
        }
        assert!(std::env::var_os("UMQTT_REAL").is_none(), "UMQTT_REAL is set, and there is no mosquitto");
        println!("skipped: there is no mosquitto on this machine");
        None
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn connect(&self, options: &ConnectOptions<'_>) -> TcpClient {
        umqtt::std::connect(&self.address(), options).unwrap()
    }

    fn client(&self) -> TcpClient {
        self.connect(&ConnectOptions::new("").unwrap().keep_alive(30))
    }

    /// A client with this subscription, which the broker has granted.
    fn subscriber(&self, filter: &str, qos: QoS) -> TcpClient {
        let mut client = self.client();
        subscribe(&mut client, filter, qos);
        client
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// The next event, which must come.
fn next<B: Buffers>(client: &mut Client<TcpTransport, B>) -> Event<'_> {
    client.check_msg(20_000).unwrap().expect("an event within 20 s").0
}

fn subscribe(client: &mut TcpClient, filter: &str, qos: QoS) {
    let asked = client.subscribe(filter, qos).unwrap();
    match next(client) {
        Event::Subscribed { id, return_codes, .. } => {
            assert_eq!(id, asked);
            assert_eq!(return_codes.iter().collect::<Vec<_>>(), [SubscribeReturnCode::Granted(qos)]);
        }
        other => panic!("{other:?}"),
    }
}

fn deliver<B: Buffers>(client: &mut Client<TcpTransport, B>, mut open: Vec<PacketId>) {
    while !open.is_empty() {
        match next(client) {
            Event::Delivered { id, .. } => open.retain(|sent| *sent != id),
            other => panic!("{other:?}"),
        }
    }
}

#[derive(Debug, PartialEq)]
struct Received {
    topic: String,
    payload: Vec<u8>,
    qos: QoS,
    retain: bool,
}

/// The next message, of any size.
fn receive<B: Buffers>(client: &mut Client<TcpTransport, B>) -> Received {
    let mut large: Option<Received> = None;
    loop {
        match next(client) {
            Event::Message(message) => {
                return Received {
                    topic: message.topic.to_string(),
                    payload: message.payload.to_vec(),
                    qos: message.qos(),
                    retain: message.retain,
                };
            }
            Event::MessageStart(message) => {
                large = Some(Received {
                    topic: message.topic.unwrap().to_string(),
                    payload: message.payload.to_vec(),
                    qos: message.delivery.qos(),
                    retain: message.retain,
                });
            }
            Event::MessagePart { bytes, remaining } => {
                large.as_mut().unwrap().payload.extend_from_slice(bytes);
                if remaining == 0 {
                    return large.unwrap();
                }
            }
            Event::Delivered { .. } | Event::Subscribed { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn each_qos_both_ways() {
    let Some(broker) = Mosquitto::start() else { return };
    for granted in ALL {
        let mut subscriber = broker.subscriber("a/b", granted);
        let mut publisher = broker.client();
        let mut open = Vec::new();
        for qos in ALL {
            open.extend(publisher.publish("a/b", b"hello", qos, false).unwrap());
        }
        deliver(&mut publisher, open);
        for qos in ALL {
            let message = receive(&mut subscriber);
            assert_eq!((message.topic.as_str(), &message.payload[..]), ("a/b", &b"hello"[..]));
            assert_eq!((message.qos, message.retain), (qos.min(granted), false));
        }
        assert!(subscriber.check_msg(50).unwrap().is_none());
        publisher.disconnect().unwrap();
        subscriber.disconnect().unwrap();
    }
}

#[test]
fn a_retained_message_waits_for_later_subscribers() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut publisher = broker.client();
    let open = publisher.publish("state", b"open", QoS::AtLeastOnce, true).unwrap();
    deliver(&mut publisher, open.into_iter().collect());
    let mut subscriber = broker.subscriber("state", QoS::AtLeastOnce);
    let message = receive(&mut subscriber);
    assert_eq!((&message.payload[..], message.retain), (&b"open"[..], true));
    // An empty one takes it away.
    let open = publisher.publish("state", b"", QoS::AtLeastOnce, true).unwrap();
    deliver(&mut publisher, open.into_iter().collect());
    assert_eq!(receive(&mut subscriber).payload, b"");
    let mut late = broker.subscriber("state", QoS::AtLeastOnce);
    assert!(late.check_msg(50).unwrap().is_none());
}

#[test]
fn a_will_is_published_without_disconnect_and_dropped_with_it() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut subscriber = broker.subscriber("will/#", QoS::ExactlyOnce);
    for (orderly, topic) in [(true, "will/orderly"), (false, "will/lost")] {
        let options = ConnectOptions::new("mortal").unwrap();
        let options = options.set_last_will(topic, b"gone", QoS::AtLeastOnce, false).unwrap();
        let mut client = broker.connect(&options);
        if orderly {
            client.disconnect().unwrap();
        }
        drop(client);
    }
    let message = receive(&mut subscriber);
    assert_eq!((message.topic.as_str(), message.qos), ("will/lost", QoS::AtLeastOnce));
    assert!(subscriber.check_msg(50).unwrap().is_none());
}

#[test]
fn a_persistent_session_is_resumed() {
    let Some(broker) = Mosquitto::start() else { return };
    let options = ConnectOptions::new("keeper").unwrap().clean_session(false).keep_alive(30);
    let transport = TcpTransport::new("127.0.0.1", broker.port);
    let memory = Heap::default().with_store(RamStore::new(vec![0; 4096]));
    let mut client = Client::new(transport, memory);
    assert!(!client.connect(&options).unwrap());
    client.subscribe("inbox", QoS::ExactlyOnce).unwrap();
    assert!(matches!(next(&mut client), Event::Subscribed { .. }));
    client.disconnect().unwrap();

    let mut publisher = broker.client();
    let mut open = Vec::new();
    for qos in ALL {
        open.extend(publisher.publish("inbox", &[qos as u8], qos, false).unwrap());
    }
    deliver(&mut publisher, open);

    assert!(client.connect(&options).unwrap(), "session present");
    assert_eq!(receive(&mut client).payload, [1]);
    assert_eq!(receive(&mut client).payload, [2]);
    assert!(client.check_msg(50).unwrap().is_none());

    // What the client had sent and not heard of is sent again: the answer to it is never read.
    client.publish("outbox", b"kept", QoS::AtLeastOnce, false).unwrap();
    client.publish("outbox", b"kept too", QoS::ExactlyOnce, false).unwrap();
    let ids: Vec<PacketId> = client.session().in_flight().iter().map(umqtt::Slot::id).collect();
    assert_eq!(ids.len(), 2);
    assert!(client.connect(&options).unwrap());
    deliver(&mut client, ids);
    // A clean session forgets all.
    assert!(!client.connect(&options.clean_session(true)).unwrap());
    assert!(!client.connect(&options).unwrap());
}

#[test]
fn wildcards_and_unsubscribe() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut subscriber = broker.client();
    let filters = ["+/temperature", "garden/#", "exact"].map(|text| TopicFilter::new(text).unwrap());
    let asked = filters.map(|filter| (filter, QoS::AtLeastOnce));
    subscriber.subscribe_many(&asked).unwrap();
    match next(&mut subscriber) {
        Event::Subscribed { return_codes, .. } => assert_eq!(return_codes.len(), 3),
        other => panic!("{other:?}"),
    }
    let mut publisher = broker.client();
    let topics =
        ["shed/temperature", "shed/door", "garden", "garden/a/b", "exact", "exact/not", "end/temperature"];
    let mut open = Vec::new();
    for topic in topics {
        open.extend(publisher.publish(topic, b"", QoS::AtLeastOnce, false).unwrap());
    }
    deliver(&mut publisher, open);
    for topic in ["shed/temperature", "garden", "garden/a/b", "exact", "end/temperature"] {
        assert_eq!(receive(&mut subscriber).topic, topic);
        assert!(filters.iter().any(|filter| filter.matches(TopicName::new(topic).unwrap())));
    }
    let asked = subscriber.unsubscribe("garden/#").unwrap();
    match next(&mut subscriber) {
        Event::Unsubscribed { id, .. } => assert_eq!(id, asked),
        other => panic!("{other:?}"),
    }
    let open = publisher.publish("garden", b"", QoS::AtLeastOnce, false).unwrap();
    deliver(&mut publisher, open.into_iter().collect());
    assert!(subscriber.check_msg(50).unwrap().is_none());
}

#[test]
fn empty_and_large_payloads() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut subscriber = broker.subscriber("load", QoS::ExactlyOnce);
    let mut publisher = broker.client();
    // Around the size of the buffers, where a message is no longer held in one piece.
    for size in [0, 1, 127, 128, 16_375, 16_376, 16_377, 16_384, 100_000, 10_000_000] {
        for qos in ALL {
            let payload: Vec<u8> = (0..size).map(|at: u32| (at % 251).to_le_bytes()[0]).collect();
            let open = publisher.publish("load", &payload, qos, false).unwrap();
            deliver(&mut publisher, open.into_iter().collect());
            let message = receive(&mut subscriber);
            assert_eq!(message.qos, qos);
            assert!(message.payload == payload, "{size} bytes");
        }
    }
}

#[test]
fn a_message_larger_than_the_receive_buffer_is_skipped() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut subscriber = broker.subscriber("load", QoS::AtLeastOnce);
    let mut publisher = broker.client();
    let open = [vec![0; 1_000_000], b"small".to_vec()]
        .map(|payload| publisher.publish("load", &payload, QoS::AtLeastOnce, false).unwrap());
    deliver(&mut publisher, open.into_iter().flatten().collect());
    let mut messages = Vec::new();
    while messages.is_empty() {
        subscriber
            .check_msg_with(1_000, |_, message| messages.push(message.payload.to_vec()), |_, _| {})
            .unwrap();
    }
    assert_eq!(messages, [b"small"]);
}

#[test]
fn the_keep_alive_holds_an_idle_connection() {
    let Some(broker) = Mosquitto::start() else { return };
    let mut idle = broker.connect(&ConnectOptions::new("idle").unwrap().keep_alive(1));
    // Mosquitto closes after one and a half times the interval; this is three times.
    assert!(idle.check_msg(3_000).unwrap().is_none());
    idle.publish("a", b"", QoS::AtLeastOnce, false).unwrap();
    assert!(matches!(next(&mut idle), Event::Delivered { .. }));
}

#[test]
fn a_password_right_and_wrong() {
    let settings = "allow_anonymous false\npassword_file DIRECTORY/passwords\n";
    let Some(broker) = Mosquitto::with_settings(settings, &[("gardener", "correct horse")]) else { return };
    let options = ConnectOptions::new("shed").unwrap();
    let right = options.login("gardener", "correct horse").unwrap();
    umqtt::std::connect(&broker.address(), &right).unwrap().disconnect().unwrap();
    for wrong in
        [options, options.login("gardener", "wrong horse").unwrap(), options.user_name("nobody").unwrap()]
    {
        let error = umqtt::std::connect(&broker.address(), &wrong).unwrap_err();
        assert_eq!(error.to_string(), "connection refused: this client may not connect");
        let refused = SessionError::Refused(ConnectReturnCode::NotAuthorized);
        let Error::Connection(ConnectionError::Session(told)) = error else { panic!("{error}") };
        assert_eq!(told, refused);
    }
}

/// Thousands of messages, many in flight, from one client to another: nothing is lost, nothing comes twice, and
/// the order is kept.
#[test]
fn thousands_of_messages_arrive_in_order() {
    let Some(broker) = Mosquitto::start() else { return };
    for (qos, count) in [(QoS::AtMostOnce, 5_000), (QoS::AtLeastOnce, 20_000), (QoS::ExactlyOnce, 10_000u32)]
    {
        let mut subscriber = broker.subscriber("stream", qos);
        let mut publisher = broker.client();
        let topic = TopicName::new("stream").unwrap();
        let (mut sent, mut delivered, mut received) = (0, 0, 0u32);
        while received < count {
            while sent < count && sent < received + 500 {
                // Mosquitto closes the connection when more than 20 of QoS 2 are open.
                if qos == QoS::ExactlyOnce && publisher.session().in_flight().len() >= 20 {
                    break;
                }
                match publisher.enqueue(topic, &sent.to_be_bytes(), qos, false) {
                    Ok(_) => sent += 1,
                    Err(Error::Request(RequestError::InFlightFull)) => break,
                    Err(error) => panic!("{error}"),
                }
            }
            while let Some((event, _)) = publisher.check_msg(0).unwrap() {
                assert!(matches!(event, Event::Delivered { late: false, .. }), "{event:?}");
                delivered += 1;
            }
            while let Some((event, _)) = subscriber.check_msg(0).unwrap() {
                let Event::Message(message) = event else { panic!("{event:?}") };
                assert_eq!(message.payload, received.to_be_bytes(), "{qos:?}");
                received += 1;
            }
        }
        while qos != QoS::AtMostOnce && delivered < count {
            assert!(matches!(next(&mut publisher), Event::Delivered { .. }));
            delivered += 1;
        }
        assert!(subscriber.check_msg(20).unwrap().is_none(), "nothing comes twice");
    }
}

#[test]
fn a_broker_that_ends_is_told_and_found_again() {
    let Some(mut broker) = Mosquitto::start() else { return };
    let mut client = broker.client();
    broker.process.kill().unwrap();
    broker.process.wait().unwrap();
    let error = client.wait_msg().map(|(event, _)| format!("{event:?}")).unwrap_err();
    assert!(error.is_over() && error.fault() == Fault::Transport, "{error}");
    let error = client.connect(&ConnectOptions::new("").unwrap()).unwrap_err();
    assert_eq!(error.to_string(), format!("{} refused the connection", broker.address()));
}
