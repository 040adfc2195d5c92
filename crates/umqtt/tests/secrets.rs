//! No public type shows a secret, however it is formatted: not the password of a URL, not a login, not what a
//! CONNECT carries, not what lies in a buffer.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::any::type_name;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as StdError;
use std::fmt::{Debug, Display};
use std::path::Path;
use std::time::Duration;

use umqtt::proto::wire::{self, Connect, Login, Packet, Will};
use umqtt::proto::{self, Binary, Engine, Framer, Receiver, Ring, Text};
use umqtt::std::{Address, Coalescing, InvalidAddress, TcpError, TcpTransport};
use umqtt::{
    Await, Client, Clock, ConnectOptions, EmbeddedIo, Event, HeapStore, Indexed, Instant, Interest,
    InvalidField, InvalidOption, Io, Large, Memory, NoStore, PacketId, Parts, QoS, RamStore, Record, Slot,
    Status, Store, StoreError, Streams, TopicFilter, TopicName, Transport, Wait, Whole,
};

/// Nothing else in this test has these letters next to each other.
const SECRET: &str = "xqzjv";

/// Goes over types, and remembers which.
#[derive(Default)]
struct Walk {
    /// The last part of each type's name, and whether a value of it was formatted.
    types: BTreeMap<String, bool>,
    found: Vec<String>,
}

impl Walk {
    /// A type that cannot hold what comes from outside.
    fn plain<T: Copy + 'static>(&mut self) {
        self.types.entry(last_part(type_name::<T>())).or_insert(false);
    }

    /// A value of a type that can hold it, with secrets wherever there is room for them.
    fn debug<T: Debug>(&mut self, value: &T) {
        self.types.insert(last_part(type_name::<T>()), true);
        self.look(type_name::<T>(), &format!("{value:?}"));
        self.look(type_name::<T>(), &format!("{value:#?}"));
    }

    fn display<T: Debug + Display>(&mut self, value: &T) {
        self.debug(value);
        self.look(type_name::<T>(), &format!("{value}"));
    }

    fn error<T: StdError>(&mut self, error: &T) {
        self.display(error);
        let mut source = error.source();
        while let Some(cause) = source {
            self.look(type_name::<T>(), &format!("{cause} {cause:?} {cause:#?}"));
            source = cause.source();
        }
    }

    fn look(&mut self, what: &str, shown: &str) {
        if shows(shown, SECRET.as_bytes()) {
            self.found.push(format!("{what}: {shown}"));
        }
    }
}

/// Whether a text has these bytes: as text, as a list of numbers, or as hex.
fn shows(text: &str, secret: &[u8]) -> bool {
    let dense: String = text.chars().filter(|char| !char.is_whitespace()).collect();
    let list =
        |form: fn(&u8) -> String, between: &str| secret.iter().map(form).collect::<Vec<_>>().join(between);
    dense.contains(&String::from_utf8_lossy(secret).into_owned())
        || dense.contains(&list(|byte| byte.to_string(), ","))
        || dense.to_lowercase().contains(&list(|byte| format!("{byte:02x}"), ""))
        || dense.to_lowercase().contains(&list(|byte| format!("{byte:02x}"), ","))
        || dense.to_lowercase().contains(&list(|byte| format!("0x{byte:02x}"), ","))
}

/// `umqtt::std::address::Address` is `Address`, whatever its parameters.
fn last_part(name: &str) -> String {
    let name = name.split('<').next().unwrap_or_default();
    name.rsplit("::").next().unwrap_or_default().to_owned()
}

/// The structs and enums in a list of public items, and whether they have parameters.
fn public_types(list: &str) -> BTreeMap<String, bool> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/public-api").join(list);
    let text = std::fs::read_to_string(path).unwrap();
    let mut types = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("    ") && !line.starts_with("     ")) {
        let declaration = line.split_once("pub struct ").or_else(|| line.split_once("pub enum "));
        if let Some((_, declaration)) = declaration {
            let name = declaration.split(['<', ' ', '(', ';']).next().unwrap_or_default();
            types.insert(name.to_owned(), declaration.contains('<'));
        }
    }
    types
}

/// A link, a store and a clock that would show all that they hold.
#[derive(Debug)]
#[allow(dead_code, reason = "`Debug` reads it")]
struct Leaky(Vec<u8>);

impl Leaky {
    fn new() -> Self {
        Self(SECRET.into())
    }
}

impl Store for Leaky {
    fn insert(&mut self, _: PacketId, _: Await, _: &[&[u8]]) -> Result<(), StoreError> {
        Ok(())
    }

    fn length(&mut self, _: PacketId) -> Option<usize> {
        None
    }

    fn read(&mut self, _: PacketId, _: usize, _: &mut [u8]) -> Result<usize, StoreError> {
        Ok(0)
    }

    fn release(&mut self, _: PacketId) -> Result<(), StoreError> {
        Ok(())
    }

    fn remove(&mut self, _: PacketId) -> Result<(), StoreError> {
        Ok(())
    }

    fn records(&mut self, _: &mut dyn FnMut(Record)) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Transport for Leaky {
    type Error = embedded_io::ErrorKind;

    fn now(&mut self) -> Instant {
        Instant::from_millis(0)
    }

    fn read(&mut self, _: &mut [u8]) -> Result<Io, Self::Error> {
        Ok(Io::WouldBlock)
    }

    fn write(&mut self, _: &[u8]) -> Result<Io, Self::Error> {
        Ok(Io::WouldBlock)
    }

    fn wait(&mut self, _: Interest, _: u32) -> Result<(), Self::Error> {
        Err(embedded_io::ErrorKind::TimedOut)
    }

    fn close(&mut self) {}
}

impl Clock for Leaky {
    fn now(&mut self) -> Instant {
        Instant::from_millis(0)
    }
}

impl embedded_io::ErrorType for Leaky {
    type Error = embedded_io::ErrorKind;
}

impl embedded_io::Read for Leaky {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, Self::Error> {
        Ok(0)
    }
}

impl embedded_io::ReadReady for Leaky {
    fn read_ready(&mut self) -> Result<bool, Self::Error> {
        Ok(false)
    }
}

impl embedded_io::Write for Leaky {
    fn write(&mut self, _: &[u8]) -> Result<usize, Self::Error> {
        Ok(0)
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

impl embedded_io::WriteReady for Leaky {
    fn write_ready(&mut self) -> Result<bool, Self::Error> {
        Ok(false)
    }
}

/// A buffer that is full of the secret.
fn buffer() -> [u8; 128] {
    let mut buffer = [0; 128];
    for (to, from) in buffer.iter_mut().zip(SECRET.bytes().cycle()) {
        *to = from;
    }
    buffer
}

fn connect() -> Connect<'static> {
    let secret = Binary::new(SECRET.as_bytes()).unwrap();
    Connect {
        will: Some(Will {
            topic: TopicName::new("state").unwrap(),
            payload: secret,
            qos: QoS::AtMostOnce,
            retain: false,
        }),
        login: Some(Login { user_name: Text::new(SECRET).unwrap(), password: Some(secret) }),
        ..Connect::new(Text::new("shed").unwrap())
    }
}

/// Texts with a login where an address should be.
fn urls() -> Vec<String> {
    [
        "mqtt://ann:SECRET@broker",
        "mqtt://SECRET@broker",
        "mqtt://ann:SEC@SECRET@broker:1883/topic",
        "ann:SECRET@broker",
        "mqtts://ann:SECRET@broker",
        "mqtt://ann:SECRET",
        "mqtt://ann:SECRET@",
        "ann:SECRET:",
        "mqtt://ann:SECRET@[::1",
        "[ann:SECRET]",
        "broker:1883/SECRET",
        "broker SECRET",
    ]
    .map(|url| url.replace("SECRET", SECRET))
    .into()
}

fn addresses(walk: &mut Walk) {
    let options = ConnectOptions::new("shed").unwrap();
    for url in urls() {
        let error: InvalidAddress = url.parse::<Address>().unwrap_err();
        walk.error(&error);
        walk.error(&TcpError::Address(error));
        let error = umqtt::std::connect(&url, &options).unwrap_err();
        walk.error(error.connection().unwrap());
        walk.error(&error);
        // Not an address, but a name that nobody checks before it is looked up.
        walk.debug(&TcpTransport::new(&url, 1883));
        walk.error(&TcpTransport::connect(&url, 1883, Duration::from_millis(1)).unwrap_err());
        walk.error(&Address::new(&url, 1883).unwrap_err());
    }
    walk.display(&"mqtt://broker".parse::<Address>().unwrap());
}

fn packets(walk: &mut Walk) {
    let connect = connect();
    walk.debug(&connect);
    walk.debug(&connect.login.unwrap());
    walk.debug(&connect.login.unwrap().password.unwrap());
    walk.debug(&connect.will.unwrap());
    walk.debug(&Packet::Connect(connect));
    walk.debug(&ConnectOptions::from(connect));
    let mut bytes = [0; 256];
    let length = connect.encode(&mut bytes).unwrap();
    let mut receiver = Receiver::new(bytes);
    receiver.advance(length);
    walk.debug(&receiver.poll().unwrap().unwrap());
    walk.debug(&receiver);

    let with_nul = format!("{SECRET}\0");
    walk.error(&ConnectOptions::new("shed").unwrap().login(&with_nul, SECRET).unwrap_err());
    walk.error(&ConnectOptions::new("shed").unwrap().login(SECRET, &[0; 70_000]).unwrap_err());
    walk.error(&Text::new(&with_nul).unwrap_err());
}

fn memory(walk: &mut Walk) {
    let memory = || {
        let memory = Memory::of(buffer(), buffer(), [Slot::EMPTY; 2]);
        memory.with_store(Leaky::new())
    };
    walk.debug(&memory());
    walk.debug(&RamStore::new(buffer()));
    let mut store = HeapStore::new(1_000);
    store.insert(PacketId::FIRST, Await::PubAck, &[&buffer()]).unwrap();
    walk.debug(&store);
    walk.debug(&Ring::new([Slot::EMPTY; 2]));
    walk.debug(&Indexed::new([Slot::EMPTY; 2], [0; 4]));
    walk.debug(&Framer::<Parts>::new());
    walk.debug(&Parts::NEW);
    walk.debug(&Streams::NEW);
    walk.debug(&EmbeddedIo::new(Leaky::new(), Leaky::new()));
    let mut receiver = Receiver::new(buffer());
    walk.debug(&receiver.inbox());

    let mut engine = Engine::new(buffer(), [Slot::EMPTY; 2], [0; 2], Leaky::new());
    engine.connect(&connect(), Instant::from_millis(0)).unwrap();
    walk.debug(&engine);
    walk.debug(engine.session());

    // CONNECT stays in the transmit buffer, as the link takes nothing.
    let mut client = Client::new(Leaky::new(), memory());
    walk.error(&client.connect(&connect().into()).unwrap_err());
    walk.debug(&client);
    walk.debug(&client.sender());
}

/// Types that hold what a program has published or subscribed to, which they are there to show.
fn messages(walk: &mut Walk) {
    let topic = TopicName::new("shed/door").unwrap();
    let filter = TopicFilter::new("shed/#").unwrap();
    walk.display(&topic);
    walk.display(&filter);
    walk.display(&Text::new("shed").unwrap());
    let mut bytes = [0; 64];
    let delivery = wire::Delivery::AtMostOnce;
    let publish = wire::Publish { topic, payload: b"open", retain: false, delivery };
    walk.debug(&publish);
    walk.debug(&Event::Message(publish));
    walk.debug(&proto::LargeMessage {
        topic: Some(topic),
        payload: b"open",
        remaining: 1,
        retain: false,
        delivery,
    });
    let length = wire::encode_subscribe(PacketId::FIRST, &[(filter, QoS::AtMostOnce)], &mut bytes).unwrap();
    let Some((Packet::Subscribe(subscribe), _)) = Packet::decode(&bytes[..length]).unwrap() else { panic!() };
    walk.debug(&subscribe);
    let length = wire::encode_unsubscribe(PacketId::FIRST, &[filter], &mut bytes).unwrap();
    let Some((Packet::Unsubscribe(unsubscribe), _)) = Packet::decode(&bytes[..length]).unwrap() else {
        panic!()
    };
    walk.debug(&unsubscribe);
    let Some((Packet::SubAck(ack), _)) = Packet::decode(b"\x90\x03\0\x01\0").unwrap() else { panic!() };
    walk.debug(&ack);
    walk.debug(&ack.return_codes);
    walk.debug(&Status::Granted(ack.return_codes));
    walk.debug(&proto::Ticks::<16>::new(0));
}

/// Types of numbers and of names that the program itself gives.
fn plain(walk: &mut Walk) {
    walk.plain::<Await>();
    walk.plain::<proto::ConnectError>();
    walk.plain::<proto::EncodeError>();
    walk.plain::<proto::Fault>();
    walk.plain::<proto::FrameKind>();
    walk.plain::<Instant>();
    walk.plain::<InvalidField>();
    walk.plain::<NoStore>();
    walk.plain::<PacketId>();
    walk.plain::<proto::Phase>();
    walk.plain::<proto::PhaseInput>();
    walk.plain::<QoS>();
    walk.plain::<proto::RequestError>();
    walk.plain::<proto::SessionError>();
    walk.plain::<Slot>();
    walk.plain::<StoreError>();
    walk.plain::<Record>();
    walk.plain::<proto::Exchange>();
    walk.plain::<proto::ExchangeInput>();
    walk.plain::<proto::Progress>();
    walk.plain::<proto::Next>();
    walk.plain::<proto::Notice>();
    walk.plain::<proto::NoticeKind>();
    walk.plain::<proto::OnSessionLost>();
    walk.plain::<proto::Goal>();
    walk.plain::<proto::Step>();
    walk.plain::<Wait>();
    walk.plain::<proto::Timeouts>();
    walk.plain::<proto::Violation>();
    walk.plain::<proto::keep_alive::Action>();
    walk.plain::<proto::keep_alive::Elapsed>();
    walk.plain::<wire::Ack>();
    walk.plain::<wire::ConnAck>();
    walk.plain::<wire::ConnectReturnCode>();
    walk.plain::<wire::Delivery>();
    walk.plain::<wire::FixedHeader>();
    walk.plain::<wire::KeepAlive>();
    walk.plain::<wire::PacketType>();
    walk.plain::<wire::SubscribeReturnCode>();
    walk.plain::<Coalescing>();
    walk.plain::<Whole>();
    walk.plain::<Interest>();
    walk.plain::<InvalidOption>();
    walk.plain::<Io>();
}

#[test]
fn no_public_type_shows_a_secret() {
    let mut walk = Walk::default();
    addresses(&mut walk);
    packets(&mut walk);
    memory(&mut walk);
    messages(&mut walk);
    plain(&mut walk);
    assert!(walk.found.is_empty(), "shown:\n{}", walk.found.join("\n"));

    let types: BTreeMap<String, bool> =
        ["umqtt.txt", "umqtt-proto.txt"].into_iter().flat_map(public_types).collect();
    let left_out: Vec<&String> = types
        .iter()
        .filter(|&(name, &has_parameters)| match walk.types.get(name) {
            // A type with parameters may lend or hold anything.
            Some(formatted) => has_parameters && !formatted,
            None => true,
        })
        .map(|(name, _)| name)
        .collect();
    assert!(left_out.is_empty(), "public types that this test must format: {left_out:?}");
    let known: BTreeSet<&String> = types.keys().collect();
    let gone: Vec<&String> = walk.types.keys().filter(|name| !known.contains(name)).collect();
    assert!(gone.is_empty(), "these are no public types: {gone:?}");
}

#[test]
fn a_secret_is_found_in_each_form() {
    let bytes = SECRET.as_bytes();
    for shown in [
        format!("{:?}", Leaky::new()),
        format!("{:#?}", Leaky::new()),
        format!("{:02x?}", bytes),
        format!("{:#04x?}", bytes),
        format!("mqtt://ann:{SECRET}@broker"),
    ] {
        assert!(shows(&shown, bytes), "{shown}");
    }
    assert!(!shows("Login { user_name: [5 bytes], password: Some([5 bytes]) }", bytes));
}
