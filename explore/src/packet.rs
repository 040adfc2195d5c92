//! The packets of MQTT 3.1.1 as the model of a broker knows them: written from the standard, not from the core.

use std::fmt;

use crate::list::List;

/// The bytes of a stream, or of one packet.
pub type Bytes = List<u8, 64>;

/// A packet in either direction. Messages have numbers, which their payloads carry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Packet {
    Connect {
        clean: bool,
    },
    ConnAck {
        present: bool,
        code: u8,
    },
    Publish {
        message: u8,
        qos: u8,
        id: u16,
        dup: bool,
        large: bool,
    },
    PubAck(u16),
    PubRec(u16),
    PubRel(u16),
    PubComp(u16),
    Subscribe(u16),
    SubAck(u16),
    Unsubscribe(u16),
    UnsubAck(u16),
    PingReq,
    #[default]
    PingResp,
    Disconnect,
}

/// The payload of a large message: with its header it is larger than the smallest buffers.
const LARGE: usize = 12;

/// The payload of a message: its number, and in a large one bytes that differ from each other.
pub fn payload(message: u8, large: bool) -> Bytes {
    let mut bytes = Bytes::new();
    bytes.push(b'A' + message);
    if large {
        (1..LARGE).for_each(|place| bytes.push(b'a' + place as u8));
    }
    bytes
}

/// The number of the message with this payload, and whether it is large.
pub fn message_of(bytes: &[u8]) -> Option<(u8, bool)> {
    let message = bytes.first()?.checked_sub(b'A')?;
    let large = bytes.len() > 1;
    (payload(message, large).as_slice() == bytes).then_some((message, large))
}

pub const TOPIC: &str = "t";

impl Packet {
    /// The packet on the wire, of those that a broker sends.
    pub fn encode(self) -> Bytes {
        let mut bytes = Bytes::new();
        let mut ack = |first: u8, high: u8, low: u8| bytes.extend(&[first, 2, high, low]);
        match self {
            Self::ConnAck { present, code } => ack(0x20, u8::from(present), code),
            Self::PubAck(id) => ack(0x40, (id >> 8) as u8, id as u8),
            Self::PubRec(id) => ack(0x50, (id >> 8) as u8, id as u8),
            Self::PubRel(id) => ack(0x62, (id >> 8) as u8, id as u8),
            Self::PubComp(id) => ack(0x70, (id >> 8) as u8, id as u8),
            Self::UnsubAck(id) => ack(0xb0, (id >> 8) as u8, id as u8),
            Self::SubAck(id) => bytes.extend(&[0x90, 3, (id >> 8) as u8, id as u8, 2]),
            Self::PingResp => bytes.extend(&[0xd0, 0]),
            Self::Publish { message, qos, id, dup, large } => {
                let payload = payload(message, large);
                let fields = if qos == 0 { 3 } else { 5 };
                bytes.push(0x30 | u8::from(dup) << 3 | qos << 1);
                bytes.push((fields + payload.as_slice().len()) as u8);
                bytes.extend(&[0, 1, TOPIC.as_bytes()[0]]);
                if qos > 0 {
                    bytes.extend(&id.to_be_bytes());
                }
                bytes.extend(payload.as_slice());
            }
            Self::Connect { .. }
            | Self::Subscribe(_)
            | Self::Unsubscribe(_)
            | Self::PingReq
            | Self::Disconnect => {
                panic!("a broker does not send {self}")
            }
        }
        bytes
    }

    pub fn length(self) -> usize {
        match self {
            Self::Publish { qos, large, .. } => {
                (if qos == 0 { 5 } else { 7 }) + if large { LARGE } else { 1 }
            }
            Self::SubAck(_) => 5,
            Self::PingResp => 2,
            _ => 4,
        }
    }

    /// The first packet in these bytes of a client and its length; `None` while it is not all there.
    pub fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, String> {
        let &[first, length, ref rest @ ..] = bytes else { return Ok(None) };
        if length >= 0x80 {
            return Err(format!("the packet {bytes:02x?} has a remaining length that no request asked for"));
        }
        let Some(body) = rest.get(..usize::from(length)) else { return Ok(None) };
        let packet = Self::decode_body(first, body).ok_or_else(|| {
            format!("the client sends {:02x?}, which is no valid packet", &bytes[..2 + body.len()])
        })?;
        Ok(Some((packet, 2 + body.len())))
    }

    fn decode_body(first: u8, body: &[u8]) -> Option<Self> {
        let id = |bytes: &[u8]| match *bytes {
            [high, low] if (high, low) != (0, 0) => Some(u16::from_be_bytes([high, low])),
            _ => None,
        };
        let topic = [0, 1, TOPIC.as_bytes()[0]];
        Some(match (first, body) {
            (0x10, [0, 4, b'M', b'Q', b'T', b'T', 4, flags @ (0 | 2), _, _, 0, 1, b'c']) => {
                Self::Connect { clean: *flags == 2 }
            }
            (0x40, body) => Self::PubAck(id(body)?),
            (0x50, body) => Self::PubRec(id(body)?),
            (0x62, body) => Self::PubRel(id(body)?),
            (0x70, body) => Self::PubComp(id(body)?),
            (0x82, [high, low, filter @ .., 2]) if filter == topic => Self::Subscribe(id(&[*high, *low])?),
            (0xa2, [high, low, filter @ ..]) if filter == topic => Self::Unsubscribe(id(&[*high, *low])?),
            (0xc0, []) => Self::PingReq,
            (0xe0, []) => Self::Disconnect,
            (0x30..=0x3f, body) => {
                let rest = body.strip_prefix(&topic)?;
                let (dup, qos, retain) = (first & 8 != 0, first >> 1 & 3, first & 1 != 0);
                let (id, payload) = if qos == 0 { (0, rest) } else { (id(rest.get(..2)?)?, &rest[2..]) };
                let (message, large) = message_of(payload)?;
                if retain || qos == 3 {
                    return None;
                }
                Self::Publish { message, qos, id, dup, large }
            }
            _ => return None,
        })
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Connect { clean } => write!(f, "CONNECT (clean session {})", u8::from(clean)),
            Self::ConnAck { present, code: 0 } => {
                write!(f, "CONNACK (session present {})", u8::from(present))
            }
            Self::ConnAck { code, .. } => write!(f, "CONNACK (refused, code {code})"),
            Self::Publish { message, qos, id, dup, large } => {
                let large = if large { "large " } else { "" };
                write!(f, "PUBLISH ({large}message {}, QoS {qos}", letter(message))?;
                if qos > 0 {
                    write!(f, ", id {id}")?;
                }
                f.write_str(if dup { ", DUP)" } else { ")" })
            }
            Self::PubAck(id) => write!(f, "PUBACK {id}"),
            Self::PubRec(id) => write!(f, "PUBREC {id}"),
            Self::PubRel(id) => write!(f, "PUBREL {id}"),
            Self::PubComp(id) => write!(f, "PUBCOMP {id}"),
            Self::Subscribe(id) => write!(f, "SUBSCRIBE {id}"),
            Self::SubAck(id) => write!(f, "SUBACK {id}"),
            Self::Unsubscribe(id) => write!(f, "UNSUBSCRIBE {id}"),
            Self::UnsubAck(id) => write!(f, "UNSUBACK {id}"),
            Self::PingReq => f.write_str("PINGREQ"),
            Self::PingResp => f.write_str("PINGRESP"),
            Self::Disconnect => f.write_str("DISCONNECT"),
        }
    }
}

/// The name of a message in a trace: those of each side are A, B, C and so on.
pub fn letter(message: u8) -> char {
    char::from(b'A' + message)
}
