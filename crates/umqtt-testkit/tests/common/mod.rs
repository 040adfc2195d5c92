//! Raw packets for golden conversations, and a broker to hold them with.
#![allow(clippy::indexing_slicing, clippy::must_use_candidate, clippy::unwrap_used)]
#![allow(dead_code, missing_docs, unreachable_pub)]

use umqtt_proto::Instant;
use umqtt_testkit::{Broker, ConnectionId, Settings};

/// Bytes from hex digits, with spaces anywhere.
pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> =
        text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16).unwrap()).collect();
    assert_eq!(digits.len() % 2, 0, "odd number of digits in {text:?}");
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

/// A packet of this first byte, with its remaining length.
pub fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut length = body.len();
    while length > 0x7f {
        packet.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    packet.push(u8::try_from(length).unwrap());
    packet.extend_from_slice(body);
    packet
}

pub fn text(text: &str) -> Vec<u8> {
    let mut field = u16::try_from(text.len()).unwrap().to_be_bytes().to_vec();
    field.extend_from_slice(text.as_bytes());
    field
}

/// CONNECT without will and login.
pub fn connect(client_id: &str, clean: bool, keep_alive: u16) -> Vec<u8> {
    let mut body = hex("00 04 4d 51 54 54 04");
    body.push(if clean { 2 } else { 0 });
    body.extend_from_slice(&keep_alive.to_be_bytes());
    body.extend_from_slice(&text(client_id));
    packet(0x10, &body)
}

/// CONNECT of a clean session with a will of QoS 0.
pub fn connect_with_will(client_id: &str, topic: &str, payload: &str, retain: bool) -> Vec<u8> {
    let mut body = hex("00 04 4d 51 54 54 04");
    body.push(if retain { 0x26 } else { 0x06 });
    body.extend_from_slice(&[0, 0]);
    for field in [client_id, topic, payload] {
        body.extend_from_slice(&text(field));
    }
    packet(0x10, &body)
}

/// CONNECT of a clean session with user name and password.
pub fn connect_with_login(client_id: &str, user_name: &str, password: &str) -> Vec<u8> {
    let mut body = hex("00 04 4d 51 54 54 04 c2 00 00");
    for field in [client_id, user_name, password] {
        body.extend_from_slice(&text(field));
    }
    packet(0x10, &body)
}

pub fn subscribe(id: u16, filters: &[(&str, u8)]) -> Vec<u8> {
    let mut body = id.to_be_bytes().to_vec();
    for (filter, qos) in filters {
        body.extend_from_slice(&text(filter));
        body.push(*qos);
    }
    packet(0x82, &body)
}

/// PUBLISH with this first byte; the id is left out with QoS 0.
pub fn publish(first: u8, topic: &str, id: u16, payload: &[u8]) -> Vec<u8> {
    let mut body = text(topic);
    if first & 0b0110 != 0 {
        body.extend_from_slice(&id.to_be_bytes());
    }
    body.extend_from_slice(payload);
    packet(first, &body)
}

/// A broker at a moment that the test moves on.
pub struct Bench {
    pub broker: Broker,
    pub now: Instant,
}

impl Bench {
    pub fn new(settings: Settings) -> Self {
        // Near the wrap of the clock, so that every test crosses it that lets time pass.
        Self { broker: Broker::new(settings), now: Instant::from_millis(u32::MAX - 100) }
    }

    pub fn open(&mut self) -> ConnectionId {
        self.broker.open(self.now)
    }

    /// Sends bytes and gives what comes back on the same connection.
    pub fn say(&mut self, connection: ConnectionId, bytes: &[u8]) -> Vec<u8> {
        self.broker.receive(connection, bytes, self.now);
        self.broker.output(connection)
    }

    /// Opens a connection and connects with CONNACK `20 02 <session present> 00`.
    pub fn join(&mut self, client_id: &str, clean: bool, session_present: bool) -> ConnectionId {
        let connection = self.open();
        let answer = self.say(connection, &connect(client_id, clean, 0));
        assert_eq!(answer.get(..4), Some(&[0x20, 2, u8::from(session_present), 0][..]), "{answer:02x?}");
        connection
    }

    /// Connects and subscribes.
    pub fn listen(&mut self, client_id: &str, filter: &str, qos: u8) -> ConnectionId {
        let connection = self.join(client_id, true, false);
        assert_eq!(self.say(connection, &subscribe(1, &[(filter, qos)])), [0x90, 3, 0, 1, qos]);
        connection
    }

    pub fn advance(&mut self, millis: u32) {
        self.now = self.now.after(millis);
        self.broker.tick(self.now);
    }
}

pub fn bench() -> Bench {
    Bench::new(Settings::default())
}
