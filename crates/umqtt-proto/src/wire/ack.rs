//! The acknowledgements: CONNACK, and the packets that carry a packet id alone [MQTT 3.2, 3.4 to 3.7, 3.11].

use core::fmt;

use super::fixed_header::PacketType;
use super::publish::{Delivery, Publish};
use crate::error::Violation;
use crate::packet_id::PacketId;

/// What a broker answers to CONNECT [MQTT 3.2.2.3].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ConnectReturnCode {
    /// 0: the connection is accepted.
    Accepted,
    /// 1: the broker does not speak MQTT 3.1.1.
    UnacceptableProtocolVersion,
    /// 2: the broker does not allow this client id.
    IdentifierRejected,
    /// 3: the broker is there, but unavailable.
    ServerUnavailable,
    /// 4: user name or password is wrong.
    BadUserNameOrPassword,
    /// 5: this client may not connect.
    NotAuthorized,
    /// A code that MQTT 3.1.1 does not define.
    Other(u8),
}

impl ConnectReturnCode {
    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Accepted => 0,
            Self::UnacceptableProtocolVersion => 1,
            Self::IdentifierRejected => 2,
            Self::ServerUnavailable => 3,
            Self::BadUserNameOrPassword => 4,
            Self::NotAuthorized => 5,
            Self::Other(code) => code,
        }
    }

    /// The return code with this number.
    #[must_use]
    pub const fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Accepted,
            1 => Self::UnacceptableProtocolVersion,
            2 => Self::IdentifierRejected,
            3 => Self::ServerUnavailable,
            4 => Self::BadUserNameOrPassword,
            5 => Self::NotAuthorized,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for ConnectReturnCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::UnacceptableProtocolVersion => f.write_str("the broker does not speak MQTT 3.1.1"),
            Self::IdentifierRejected => f.write_str("the broker does not allow this client id"),
            Self::ServerUnavailable => f.write_str("the broker is unavailable now"),
            Self::BadUserNameOrPassword => f.write_str("wrong user name or password"),
            Self::NotAuthorized => f.write_str("this client may not connect"),
            Self::Other(code) => write!(f, "unknown return code {code}"),
        }
    }
}

/// CONNACK: the broker's answer to CONNECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ConnAck {
    /// The broker kept the session of an earlier connection.
    pub session_present: bool,
    /// Whether the connection is accepted, or why not.
    pub return_code: ConnectReturnCode,
}

impl ConnAck {
    pub(crate) fn decode_body(body: &[u8]) -> Result<Self, Violation> {
        let &[flags, code] = body else { return Err(Violation::WrongLength) };
        if flags > 1 {
            return Err(Violation::ReservedConnAckFlag);
        }
        if flags == 1 && code != 0 {
            return Err(Violation::SessionPresent);
        }
        Ok(Self { session_present: flags == 1, return_code: ConnectReturnCode::from_code(code) })
    }

    /// The whole packet.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 4] {
        [PacketType::ConnAck.first_byte(), 2, self.session_present as u8, self.return_code.code()]
    }
}

/// A packet that contains only a packet id; on the wire it takes four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Ack {
    /// QoS 1: the message was taken.
    PubAck(PacketId),
    /// QoS 2: the message was taken, its id is still held.
    PubRec(PacketId),
    /// QoS 2: the sender releases the id.
    PubRel(PacketId),
    /// QoS 2: the receiver releases the id.
    PubComp(PacketId),
    /// The answer to UNSUBSCRIBE.
    UnsubAck(PacketId),
}

impl Ack {
    /// What a receiver answers to a message at once, or `None` with QoS 0
    /// [MQTT-3.3.4-1, MQTT-4.3.2-2, MQTT-4.3.3-2].
    ///
    /// ```
    /// use umqtt_proto::wire::{Ack, Delivery, Publish};
    /// use umqtt_proto::{PacketId, TopicName};
    /// let delivery = Delivery::AtLeastOnce { id: PacketId::FIRST, dup: false };
    /// let message = Publish { topic: TopicName::new("a").unwrap(), payload: b"", retain: false, delivery };
    /// assert_eq!(Ack::of(&message).unwrap().to_bytes(), [0x40, 2, 0, 1]);
    /// ```
    #[must_use]
    pub const fn of(message: &Publish<'_>) -> Option<Self> {
        message.delivery.ack()
    }

    /// The packet type.
    #[must_use]
    pub const fn packet_type(self) -> PacketType {
        match self {
            Self::PubAck(_) => PacketType::PubAck,
            Self::PubRec(_) => PacketType::PubRec,
            Self::PubRel(_) => PacketType::PubRel,
            Self::PubComp(_) => PacketType::PubComp,
            Self::UnsubAck(_) => PacketType::UnsubAck,
        }
    }

    /// The id of the exchange [MQTT-2.3.1-6].
    #[must_use]
    pub const fn id(self) -> PacketId {
        match self {
            Self::PubAck(id)
            | Self::PubRec(id)
            | Self::PubRel(id)
            | Self::PubComp(id)
            | Self::UnsubAck(id) => id,
        }
    }

    /// The whole packet; PUBREL has flags 0010 [MQTT-3.6.1-1].
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 4] {
        let [high, low] = self.id().as_u16().to_be_bytes();
        [self.packet_type().first_byte(), 2, high, low]
    }

    /// Reads the body of an acknowledgement; `None` for a packet of another type.
    ///
    /// # Errors
    /// [`Violation::WrongLength`], [`Violation::ZeroPacketId`].
    pub fn decode_body(packet_type: PacketType, body: &[u8]) -> Result<Option<Self>, Violation> {
        if !matches!(
            packet_type,
            PacketType::PubAck
                | PacketType::PubRec
                | PacketType::PubRel
                | PacketType::PubComp
                | PacketType::UnsubAck
        ) {
            return Ok(None);
        }
        let &[high, low] = body else { return Err(Violation::WrongLength) };
        let id = PacketId::try_from(u16::from_be_bytes([high, low]))?;
        Ok(Some(match packet_type {
            PacketType::PubAck => Self::PubAck(id),
            PacketType::PubRec => Self::PubRec(id),
            PacketType::PubRel => Self::PubRel(id),
            PacketType::PubComp => Self::PubComp(id),
            _ => Self::UnsubAck(id),
        }))
    }
}

impl Delivery {
    /// What a receiver answers at once.
    #[must_use]
    pub const fn ack(self) -> Option<Ack> {
        match self {
            Self::AtMostOnce => None,
            Self::AtLeastOnce { id, .. } => Some(Ack::PubAck(id)),
            Self::ExactlyOnce { id, .. } => Some(Ack::PubRec(id)),
        }
    }
}
