//! The packets on the wire: each is read into types that hold only what MQTT allows, and written from them.
//!
//! Nothing is copied: a packet that was read borrows from the bytes it was read from.

mod ack;
mod connect;
mod cursor;
mod empty;
mod fixed_header;
mod publish;
mod subscribe;

pub use ack::{Ack, ConnAck, ConnectReturnCode};
pub use connect::{Connect, KeepAlive, Login, Will};
pub(crate) use cursor::{Reader, Writer, between, copy, move_to_front};
pub use empty::{DISCONNECT, PINGREQ, PINGRESP};
pub(crate) use fixed_header::{Fields, encode};
pub use fixed_header::{FixedHeader, MAX_REMAINING_LENGTH, PacketType};
pub(crate) use publish::{DUP, publish_first_byte, put_publish};
pub use publish::{Delivery, Publish};
pub use subscribe::{
    ReturnCodes, SubAck, Subscribe, SubscribeReturnCode, Subscription, Unsubscribe, encode_subscribe,
    encode_unsubscribe,
};
pub(crate) use subscribe::{put_filters, put_subscriptions};

use crate::error::{EncodeError, Violation};

/// Any of the fourteen packets, borrowed from the bytes it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Packet<'a> {
    /// CONNECT.
    Connect(Connect<'a>),
    /// CONNACK.
    ConnAck(ConnAck),
    /// PUBLISH.
    Publish(Publish<'a>),
    /// PUBACK, PUBREC, PUBREL, PUBCOMP or UNSUBACK.
    Ack(Ack),
    /// SUBSCRIBE.
    Subscribe(Subscribe<'a>),
    /// SUBACK.
    SubAck(SubAck<'a>),
    /// UNSUBSCRIBE.
    Unsubscribe(Unsubscribe<'a>),
    /// PINGREQ.
    PingReq,
    /// PINGRESP.
    PingResp,
    /// DISCONNECT.
    Disconnect,
}

impl<'a> Packet<'a> {
    /// Reads the packet at the front of `bytes` and returns its length too; `None` when it is not complete yet.
    ///
    /// ```
    /// use umqtt_proto::wire::Packet;
    /// let (packet, length) = Packet::decode(b"\x30\x05\x00\x02hi!rest").unwrap().unwrap();
    /// let Packet::Publish(message) = packet else { panic!() };
    /// assert_eq!((message.topic.as_str(), message.payload, length), ("hi", &b"!"[..], 7));
    /// ```
    ///
    /// # Errors
    /// The rule that the bytes break: in the fixed header as soon as a byte breaks it, after the header when the packet
    /// is complete.
    pub fn decode(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, Violation> {
        let Some((header, start)) = FixedHeader::decode(bytes)? else { return Ok(None) };
        let end = start.saturating_add(header.remaining_length as usize);
        let Some(body) = bytes.get(start..end) else { return Ok(None) };
        Ok(Some((Self::decode_body(header, body)?, end)))
    }

    /// Reads the packet with this fixed header and body.
    ///
    /// # Errors
    /// The rule that the body breaks.
    pub fn decode_body(header: FixedHeader, body: &'a [u8]) -> Result<Self, Violation> {
        if let Some(ack) = Ack::decode_body(header.packet_type, body)? {
            return Ok(Self::Ack(ack));
        }
        Ok(match header.packet_type {
            PacketType::Connect => Self::Connect(Connect::decode_body(body)?),
            PacketType::ConnAck => Self::ConnAck(ConnAck::decode_body(body)?),
            PacketType::Publish => Self::Publish(Publish::decode_body(header, body)?),
            PacketType::Subscribe => Self::Subscribe(Subscribe::decode_body(body)?),
            PacketType::SubAck => Self::SubAck(SubAck::decode_body(body)?),
            PacketType::Unsubscribe => Self::Unsubscribe(Unsubscribe::decode_body(body)?),
            PacketType::PingReq => Self::PingReq,
            PacketType::PingResp => Self::PingResp,
            _ => Self::Disconnect,
        })
    }

    /// Its packet type.
    #[must_use]
    pub const fn packet_type(&self) -> PacketType {
        match self {
            Self::Connect(_) => PacketType::Connect,
            Self::ConnAck(_) => PacketType::ConnAck,
            Self::Publish(_) => PacketType::Publish,
            Self::Ack(ack) => ack.packet_type(),
            Self::Subscribe(_) => PacketType::Subscribe,
            Self::SubAck(_) => PacketType::SubAck,
            Self::Unsubscribe(_) => PacketType::Unsubscribe,
            Self::PingReq => PacketType::PingReq,
            Self::PingResp => PacketType::PingResp,
            Self::Disconnect => PacketType::Disconnect,
        }
    }

    /// Writes the packet at the front of `out` and returns its length.
    ///
    /// # Errors
    /// [`EncodeError`]; nothing was written.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        match self {
            Self::Connect(connect) => connect.encode(out),
            Self::ConnAck(ack) => write(&ack.to_bytes(), out),
            Self::Publish(publish) => publish.encode(out),
            Self::Ack(ack) => write(&ack.to_bytes(), out),
            Self::Subscribe(subscribe) => subscribe.encode(out),
            Self::SubAck(ack) => ack.encode(out),
            Self::Unsubscribe(unsubscribe) => unsubscribe.encode(out),
            Self::PingReq => write(&PINGREQ, out),
            Self::PingResp => write(&PINGRESP, out),
            Self::Disconnect => write(&DISCONNECT, out),
        }
    }
}

fn write(packet: &[u8], out: &mut [u8]) -> Result<usize, EncodeError> {
    let needed = packet.len();
    let room = out.get_mut(..needed).ok_or(EncodeError::BufferTooSmall { needed })?;
    copy(room, packet);
    Ok(needed)
}
