//! PUBLISH: one message [MQTT 3.3].

use super::cursor::{Reader, Writer};
use super::fixed_header::{FixedHeader, PacketType, encode};
use crate::error::{EncodeError, Violation};
use crate::packet_id::PacketId;
use crate::qos::QoS;
use crate::topic::TopicName;

/// The DUP bit of a PUBLISH's first byte.
pub(crate) const DUP: u8 = 0b1000;

/// QoS, packet id and DUP of a message, only in valid combinations.
///
/// QoS 0 has neither id nor DUP [MQTT-2.3.1-5, MQTT-3.3.1-2].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Delivery {
    /// QoS 0.
    AtMostOnce,
    /// QoS 1.
    AtLeastOnce {
        /// The id that PUBACK echoes.
        id: PacketId,
        /// It may have been sent before.
        dup: bool,
    },
    /// QoS 2.
    ExactlyOnce {
        /// The id that PUBREC, PUBREL and PUBCOMP echo.
        id: PacketId,
        /// It may have been sent before.
        dup: bool,
    },
}

impl Delivery {
    /// The first delivery of a message: DUP is 0.
    ///
    /// `id` is ignored with QoS 0.
    #[must_use]
    pub const fn new(qos: QoS, id: PacketId) -> Self {
        match qos {
            QoS::AtMostOnce => Self::AtMostOnce,
            QoS::AtLeastOnce => Self::AtLeastOnce { id, dup: false },
            QoS::ExactlyOnce => Self::ExactlyOnce { id, dup: false },
        }
    }

    /// The QoS.
    #[must_use]
    pub const fn qos(self) -> QoS {
        match self {
            Self::AtMostOnce => QoS::AtMostOnce,
            Self::AtLeastOnce { .. } => QoS::AtLeastOnce,
            Self::ExactlyOnce { .. } => QoS::ExactlyOnce,
        }
    }

    /// The packet id; `None` with QoS 0.
    #[must_use]
    pub const fn id(self) -> Option<PacketId> {
        match self {
            Self::AtMostOnce => None,
            Self::AtLeastOnce { id, .. } | Self::ExactlyOnce { id, .. } => Some(id),
        }
    }

    /// Whether the message may have been sent before.
    #[must_use]
    pub const fn dup(self) -> bool {
        matches!(self, Self::AtLeastOnce { dup: true, .. } | Self::ExactlyOnce { dup: true, .. })
    }

    /// Reads the id at the front of `body`, if the header says that there is one, and returns the rest.
    ///
    /// # Errors
    /// [`Violation::WrongLength`], [`Violation::ZeroPacketId`], [`Violation::InvalidQos`].
    pub fn decode(header: FixedHeader, body: &[u8]) -> Result<(Self, &[u8]), Violation> {
        let dup = header.flags & DUP != 0;
        let mut reader = Reader::new(body);
        let delivery = match QoS::from_bits(header.flags >> 1 & 0b11)? {
            QoS::AtMostOnce => Self::AtMostOnce,
            QoS::AtLeastOnce => Self::AtLeastOnce { id: reader.packet_id()?, dup },
            QoS::ExactlyOnce => Self::ExactlyOnce { id: reader.packet_id()?, dup },
        };
        Ok((delivery, reader.rest()))
    }
}

/// A message, to be sent or received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Publish<'a> {
    /// Its topic.
    pub topic: TopicName<'a>,
    /// Its content: any bytes, or none.
    pub payload: &'a [u8],
    /// To the broker: retain it for later subscribers. From the broker: it was retained.
    pub retain: bool,
    /// QoS, packet id and DUP.
    pub delivery: Delivery,
}

impl<'a> Publish<'a> {
    /// The QoS.
    #[must_use]
    pub const fn qos(&self) -> QoS {
        self.delivery.qos()
    }

    /// The packet id; `None` with QoS 0.
    #[must_use]
    pub const fn id(&self) -> Option<PacketId> {
        self.delivery.id()
    }

    /// Whether it may have been sent before.
    #[must_use]
    pub const fn dup(&self) -> bool {
        self.delivery.dup()
    }

    /// Reads the body of a PUBLISH.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn decode_body(header: FixedHeader, body: &'a [u8]) -> Result<Self, Violation> {
        let mut reader = Reader::new(body);
        let topic = TopicName::received(reader.prefixed()?)?;
        let (delivery, payload) = Delivery::decode(header, reader.rest())?;
        Ok(Self { topic, payload, retain: header.flags & 1 != 0, delivery })
    }

    /// Writes the packet at the front of `out` and returns its length.
    ///
    /// # Errors
    /// [`EncodeError`]; nothing was written.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        self.encode_with(self.payload, 0, out)
    }

    /// Writes the packet without its payload, of which `payload_length` bytes follow later; returns the length of
    /// what was written. The payload of `self` is ignored.
    ///
    /// # Errors
    /// [`EncodeError`]; nothing was written.
    pub fn encode_header(&self, payload_length: usize, out: &mut [u8]) -> Result<usize, EncodeError> {
        self.encode_with(&[], payload_length, out)
    }

    fn encode_with(&self, payload: &[u8], streamed: usize, out: &mut [u8]) -> Result<usize, EncodeError> {
        let first = publish_first_byte(self.delivery.qos(), self.delivery.dup(), self.retain);
        let id = self.delivery.id();
        let fields = |_, writer: &mut Writer<'_>| put_publish(self.topic, id, payload, writer);
        encode(first, PacketId::FIRST, &fields, streamed, out)
    }
}

pub(crate) const fn publish_first_byte(qos: QoS, dup: bool, retain: bool) -> u8 {
    (PacketType::Publish as u8) << 4 | if dup { DUP } else { 0 } | (qos as u8) << 1 | retain as u8
}

/// Puts the fields of PUBLISH, and as much of its payload as is given.
pub(crate) fn put_publish(
    topic: TopicName<'_>,
    id: Option<PacketId>,
    payload: &[u8],
    writer: &mut Writer<'_>,
) {
    writer.prefixed(topic.as_bytes());
    if let Some(id) = id {
        writer.u16(id.as_u16());
    }
    writer.bytes(payload);
}
