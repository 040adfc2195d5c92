//! One connection: bytes in until a packet is whole, bytes out until the driver takes them.

use umqtt_proto::wire::{Connect, FixedHeader, PacketType, Publish};
use umqtt_proto::{Instant, QoS, Violation};

use super::event::{CloseReason, Message};

/// A CONNECT with all its fields at their longest.
const MAX_CONNECT: usize = 5 + 10 + 5 * (2 + 65_535);
/// A buffer that grew beyond this for a large packet is given back after it.
const KEEP_BUFFER: usize = 64 * 1024;

/// Bytes that wait for the driver, and the packets among them by type.
#[derive(Debug, Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    /// How many of them are answers.
    pub(super) answers: usize,
    pub(super) sent: [u32; 16],
}

impl Output {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a packet that is no PUBLISH.
    pub(super) fn raw(&mut self, packet_type: PacketType, packet: &[u8]) {
        self.count(packet_type);
        self.answers += packet.len();
        self.bytes.extend_from_slice(packet);
    }

    /// Adds a PUBLISH; only the head passes through the encoder.
    pub(super) fn publish(&mut self, publish: &Publish<'_>) {
        let start = self.bytes.len();
        self.bytes.resize(start + 5 + 2 + publish.topic.as_bytes().len() + 2, 0);
        let room = self.bytes.get_mut(start..).unwrap_or_default();
        let head = publish.encode_header(publish.payload.len(), room).unwrap_or(0);
        self.bytes.truncate(start + head);
        if head > 0 {
            self.count(PacketType::Publish);
            self.bytes.extend_from_slice(publish.payload);
        }
    }

    pub(super) fn take(&mut self) -> Vec<u8> {
        self.answers = 0;
        std::mem::take(&mut self.bytes)
    }

    fn count(&mut self, packet_type: PacketType) {
        if let Some(count) = self.sent.get_mut(packet_type as usize) {
            *count = count.wrapping_add(1);
        }
    }
}

#[derive(Debug)]
pub(super) struct Connection {
    /// The start of a packet that is not complete.
    pub(super) input: Vec<u8>,
    pub(super) output: Output,
    /// When the last byte came.
    pub(super) heard: Instant,
    /// The longest silence in milliseconds; 0 for any.
    pub(super) patience: u32,
    /// Its client, once CONNECT was accepted.
    pub(super) client_id: Option<String>,
    pub(super) will: Option<Message>,
    pub(super) closed: Option<CloseReason>,
    /// Whether the driver is to look at it.
    pub(super) ready: bool,
}

impl Connection {
    pub(super) fn new(now: Instant, connect_timeout: u32) -> Self {
        Self {
            input: Vec::new(),
            output: Output::default(),
            heard: now,
            patience: connect_timeout,
            client_id: None,
            will: None,
            closed: None,
            ready: false,
        }
    }

    /// Takes over what an accepted CONNECT says of this connection.
    pub(super) fn accept(&mut self, connect: &Connect<'_>, client_id: String) {
        self.client_id = Some(client_id);
        // Three halves of the interval [MQTT-3.1.2-24].
        self.patience = connect.keep_alive.as_millis() / 2 * 3;
        self.will = connect.will.map(|will| Message {
            topic: will.topic.as_str().to_owned(),
            payload: will.payload.as_bytes().to_owned(),
            qos: will.qos,
            retain: will.retain,
            dup: false,
        });
    }

    /// The milliseconds until its patience ends; `None` when it has no end.
    pub(super) fn patience_left(&self, now: Instant) -> Option<u32> {
        if self.closed.is_some() || self.patience == 0 {
            return None;
        }
        Some(self.patience.saturating_sub(now.since(self.heard)))
    }
}

/// The length of the packet at the front of `bytes`, once it is known.
///
/// Whether it is allowed is decided from its first bytes, before any of the rest is held.
pub(super) fn packet_length(
    bytes: &[u8],
    connected: bool,
    max_packet_size: usize,
) -> Result<Option<usize>, Violation> {
    let header = FixedHeader::decode(bytes)?;
    let connect = bytes.first().map(|first| first >> 4 == PacketType::Connect as u8);
    if connect == Some(connected) {
        return Err(Violation::UnexpectedPacket);
    }
    let Some((header, start)) = header else { return Ok(None) };
    let length = start.saturating_add(header.remaining_length as usize);
    let limit = if connected { max_packet_size } else { max_packet_size.min(MAX_CONNECT) };
    if length > limit { Err(Violation::PacketTooLarge) } else { Ok(Some(length)) }
}

/// Moves bytes from `bytes` into `input` until it holds one packet, but no byte of the next one.
pub(super) fn fill(
    input: &mut Vec<u8>,
    bytes: &mut &[u8],
    connected: bool,
    max_packet_size: usize,
) -> Result<bool, Violation> {
    loop {
        let length = packet_length(input, connected, max_packet_size)?;
        // While the length is unknown, each further byte may end the fixed header.
        let wanted = length.unwrap_or(input.len() + 1);
        let taken = wanted.saturating_sub(input.len()).min(bytes.len());
        let (taken, rest) = bytes.split_at_checked(taken).unwrap_or_default();
        input.extend_from_slice(taken);
        *bytes = rest;
        if length == Some(input.len()) {
            return Ok(true);
        }
        if taken.is_empty() {
            return Ok(false);
        }
    }
}

/// Empties a buffer, and gives a large one back.
pub(super) fn reuse(mut input: Vec<u8>) -> Vec<u8> {
    if input.capacity() > KEEP_BUFFER {
        return Vec::new();
    }
    input.clear();
    input
}

/// The message of a PUBLISH, with its topic and payload copied.
pub(super) fn owned(publish: &Publish<'_>) -> Message {
    Message {
        topic: publish.topic.as_str().to_owned(),
        payload: publish.payload.to_owned(),
        qos: publish.qos(),
        retain: publish.retain,
        dup: publish.dup(),
    }
}

/// Whether a message that is published with one QoS and subscribed to with another arrives with the lower one.
pub(super) fn lower(published: QoS, granted: QoS) -> QoS {
    published.min(granted)
}
