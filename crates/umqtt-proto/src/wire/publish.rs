//! PUBLISH: one message [MQTT 3.3].

use super::cursor::{Reader, Writer};
use super::fixed_header::{FixedHeader, PacketType, begin};
use crate::error::{EncodeError, Violation};
use crate::packet_id::PacketId;
use crate::qos::QoS;
use crate::topic::TopicName;

/// The DUP bit of a PUBLISH's first byte.
pub(crate) const DUP: u8 = 0b1000;

/// QoS, packet id and DUP of a message: what can go together, and nothing else.
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
    /// `id` is left aside with QoS 0.
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

    /// The flags of a fixed header that was checked, and the id if one is there to read.
    pub(crate) fn read(flags: u8, reader: &mut Reader<'_>) -> Result<Self, Violation> {
        let dup = flags & DUP != 0;
        Ok(match QoS::from_bits(flags >> 1 & 0b11)? {
            QoS::AtMostOnce => Self::AtMostOnce,
            QoS::AtLeastOnce => Self::AtLeastOnce { id: reader.packet_id()?, dup },
            QoS::ExactlyOnce => Self::ExactlyOnce { id: reader.packet_id()?, dup },
        })
    }
}

/// A message, to be sent or received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Publish<'a> {
    /// What it is about.
    pub topic: TopicName<'a>,
    /// Its content: any bytes, none among them.
    pub payload: &'a [u8],
    /// To the broker: keep it for later subscribers. From the broker: it was kept.
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

    pub(crate) fn decode_body(header: FixedHeader, body: &'a [u8]) -> Result<Self, Violation> {
        let mut reader = Reader::new(body);
        let topic = TopicName::received(reader.prefixed()?)?;
        let delivery = Delivery::read(header.flags, &mut reader)?;
        Ok(Self { topic, payload: reader.rest(), retain: header.flags & 1 != 0, delivery })
    }

    /// Writes the packet at the front of `out` and tells its length.
    ///
    /// # Errors
    /// [`EncodeError`]; nothing was written.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        let (mut writer, needed) = self.encode_start(self.payload.len(), 0, out)?;
        writer.bytes(self.payload);
        Ok(needed)
    }

    /// Writes the packet but for its payload, of which `payload_length` bytes are to follow; tells the length
    /// of what was written. The payload of `self` is left aside.
    ///
    /// # Errors
    /// [`EncodeError`]; nothing was written.
    pub fn encode_header(&self, payload_length: usize, out: &mut [u8]) -> Result<usize, EncodeError> {
        Ok(self.encode_start(payload_length, payload_length, out)?.1)
    }

    fn encode_start<'o>(
        &self,
        payload_length: usize,
        streamed: usize,
        out: &'o mut [u8],
    ) -> Result<(Writer<'o>, usize), EncodeError> {
        let qos = self.delivery.qos() as u8;
        let id = self.delivery.id();
        let first = (PacketType::Publish as u8) << 4
            | if self.delivery.dup() { DUP } else { 0 }
            | qos << 1
            | u8::from(self.retain);
        let topic = self.topic.as_bytes();
        let fields = 2 + topic.len() + if id.is_some() { 2 } else { 0 };
        let (mut writer, needed) = begin(out, first, payload_length.saturating_add(fields), streamed)?;
        writer.prefixed(topic);
        if let Some(id) = id {
            writer.u16(id.as_u16());
        }
        Ok((writer, needed))
    }
}
