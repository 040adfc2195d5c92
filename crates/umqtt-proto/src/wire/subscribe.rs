//! SUBSCRIBE, SUBACK and UNSUBSCRIBE: lists of filters and of answers [MQTT 3.8 to 3.10].

use super::cursor::{Reader, Writer};
use super::fixed_header::{PacketType, encode};
use crate::error::{EncodeError, Violation};
use crate::packet_id::PacketId;
use crate::qos::QoS;
use crate::topic::TopicFilter;

/// A topic filter and the highest QoS of its messages.
pub type Subscription<'a> = (TopicFilter<'a>, QoS);

/// Writes SUBSCRIBE with one or more filters at the front of `out` and returns its length [MQTT-3.8.1-1].
///
/// An empty list is not a packet of MQTT; [`Session::subscribe`](crate::Session::subscribe) refuses it
/// [MQTT-3.8.3-3].
///
/// # Errors
/// [`EncodeError`]; nothing was written.
pub fn encode_subscribe(
    id: PacketId,
    filters: &[Subscription<'_>],
    out: &mut [u8],
) -> Result<usize, EncodeError> {
    encode(
        PacketType::Subscribe.first_byte(),
        id,
        &|id, writer| put_subscriptions(id, filters, writer),
        0,
        out,
    )
}

/// Puts the fields of SUBSCRIBE.
pub(crate) fn put_subscriptions(id: PacketId, filters: &[Subscription<'_>], writer: &mut Writer<'_>) {
    writer.u16(id.as_u16());
    for (filter, qos) in filters {
        writer.prefixed(filter.as_bytes());
        writer.u8(*qos as u8);
    }
}

/// Writes UNSUBSCRIBE with one or more filters at the front of `out` and returns its length [MQTT-3.10.1-1].
///
/// An empty list is not a packet of MQTT [MQTT-3.10.3-2].
///
/// # Errors
/// [`EncodeError`]; nothing was written.
pub fn encode_unsubscribe(
    id: PacketId,
    filters: &[TopicFilter<'_>],
    out: &mut [u8],
) -> Result<usize, EncodeError> {
    encode(PacketType::Unsubscribe.first_byte(), id, &|id, writer| put_filters(id, filters, writer), 0, out)
}

/// Puts the fields of UNSUBSCRIBE.
pub(crate) fn put_filters(id: PacketId, filters: &[TopicFilter<'_>], writer: &mut Writer<'_>) {
    writer.u16(id.as_u16());
    for filter in filters {
        writer.prefixed(filter.as_bytes());
    }
}

/// An id and a list that was checked already.
fn encode_checked(
    packet_type: PacketType,
    id: PacketId,
    list: &[u8],
    out: &mut [u8],
) -> Result<usize, EncodeError> {
    let fields = |id: PacketId, writer: &mut Writer<'_>| {
        writer.u16(id.as_u16());
        writer.bytes(list);
    };
    encode(packet_type.first_byte(), id, &fields, 0, out)
}

/// SUBSCRIBE as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscribe<'a> {
    id: PacketId,
    list: &'a [u8],
}

impl<'a> Subscribe<'a> {
    /// The id that SUBACK echoes.
    #[must_use]
    pub const fn id(&self) -> PacketId {
        self.id
    }

    /// The filters and the QoS asked for, at least one.
    pub fn filters(&self) -> impl Iterator<Item = Subscription<'a>> + use<'a> {
        let mut reader = Reader::new(self.list);
        core::iter::from_fn(move || next_subscription(&mut reader).ok())
    }

    /// Writes the packet at the front of `out` and returns its length.
    ///
    /// # Errors
    /// [`EncodeError`]; nothing was written.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        encode_checked(PacketType::Subscribe, self.id, self.list, out)
    }

    pub(crate) fn decode_body(body: &'a [u8]) -> Result<Self, Violation> {
        let (id, list) = decode_list(body, |reader| next_subscription(reader).map(drop))?;
        Ok(Self { id, list })
    }
}

/// UNSUBSCRIBE as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsubscribe<'a> {
    id: PacketId,
    list: &'a [u8],
}

impl<'a> Unsubscribe<'a> {
    /// The id that UNSUBACK echoes.
    #[must_use]
    pub const fn id(&self) -> PacketId {
        self.id
    }

    /// The filters, at least one.
    pub fn filters(&self) -> impl Iterator<Item = TopicFilter<'a>> + use<'a> {
        let mut reader = Reader::new(self.list);
        core::iter::from_fn(move || next_filter(&mut reader).ok())
    }

    /// Writes the packet at the front of `out` and returns its length.
    ///
    /// # Errors
    /// [`EncodeError`]; nothing was written.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        encode_checked(PacketType::Unsubscribe, self.id, self.list, out)
    }

    pub(crate) fn decode_body(body: &'a [u8]) -> Result<Self, Violation> {
        let (id, list) = decode_list(body, |reader| next_filter(reader).map(drop))?;
        Ok(Self { id, list })
    }
}

fn next_filter<'a>(reader: &mut Reader<'a>) -> Result<TopicFilter<'a>, Violation> {
    TopicFilter::received(reader.prefixed()?)
}

fn next_subscription<'a>(reader: &mut Reader<'a>) -> Result<Subscription<'a>, Violation> {
    Ok((next_filter(reader)?, QoS::from_bits(reader.u8()?)?))
}

/// The id and the list of a body in which `next` finds at least one item and no rest.
fn decode_list<'a>(
    body: &'a [u8],
    next: impl Fn(&mut Reader<'a>) -> Result<(), Violation>,
) -> Result<(PacketId, &'a [u8]), Violation> {
    let mut reader = Reader::new(body);
    let id = reader.packet_id()?;
    let list = reader.rest();
    if list.is_empty() {
        return Err(Violation::NoTopicFilter);
    }
    while !reader.rest().is_empty() {
        next(&mut reader)?;
    }
    Ok((id, list))
}

/// The broker's answer to one filter [MQTT 3.9.3].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum SubscribeReturnCode {
    /// Messages arrive with this QoS at most; it may be lower than was asked for.
    Granted(QoS),
    /// 0x80: the broker refused this filter.
    Failure,
}

impl SubscribeReturnCode {
    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Granted(qos) => qos as u8,
            Self::Failure => 0x80,
        }
    }

    /// The return code of this number.
    ///
    /// # Errors
    /// [`Violation::SubAckReturnCode`] for anything but 0, 1, 2 and 0x80 [MQTT-3.9.3-2].
    pub const fn from_code(code: u8) -> Result<Self, Violation> {
        match QoS::from_bits(code) {
            Ok(qos) => Ok(Self::Granted(qos)),
            Err(_) if code == 0x80 => Ok(Self::Failure),
            Err(_) => Err(Violation::SubAckReturnCode),
        }
    }
}

/// The return codes of a SUBACK, one for each filter and in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ReturnCodes<'a>(&'a [u8]);

impl<'a> ReturnCodes<'a> {
    /// Checks codes from the wire.
    pub(crate) fn received(codes: &'a [u8]) -> Result<Self, Violation> {
        if codes.is_empty() {
            return Err(Violation::SubAckCount);
        }
        for &code in codes {
            SubscribeReturnCode::from_code(code)?;
        }
        Ok(Self(codes))
    }

    /// Codes that were checked before.
    #[inline]
    pub(crate) const fn checked(codes: &'a [u8]) -> Self {
        Self(codes)
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none; a received SUBACK has at least one.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The return codes.
    pub fn iter(&self) -> impl Iterator<Item = SubscribeReturnCode> + use<'a> {
        self.0.iter().filter_map(|&code| SubscribeReturnCode::from_code(code).ok())
    }

    /// Whether the broker refused a filter.
    #[must_use]
    pub fn any_failed(&self) -> bool {
        self.0.contains(&0x80)
    }
}

/// SUBACK: the answer to SUBSCRIBE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct SubAck<'a> {
    /// The id of the SUBSCRIBE.
    pub id: PacketId,
    /// The broker's answer to each filter.
    pub return_codes: ReturnCodes<'a>,
}

impl<'a> SubAck<'a> {
    /// Writes the packet at the front of `out` and returns its length.
    ///
    /// # Errors
    /// [`EncodeError`]; nothing was written.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        encode_checked(PacketType::SubAck, self.id, self.return_codes.0, out)
    }

    /// Writes SUBACK with these return codes at the front of `out` and returns its length.
    ///
    /// An empty list is not a packet of MQTT [MQTT-3.8.4-5].
    ///
    /// # Errors
    /// [`EncodeError`]; nothing was written.
    pub fn encode_codes(
        id: PacketId,
        codes: &[SubscribeReturnCode],
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        let fields = |id: PacketId, writer: &mut Writer<'_>| {
            writer.u16(id.as_u16());
            for code in codes {
                writer.u8(code.code());
            }
        };
        encode(PacketType::SubAck.first_byte(), id, &fields, 0, out)
    }

    /// Reads the body of a SUBACK.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn decode_body(body: &'a [u8]) -> Result<Self, Violation> {
        let mut reader = Reader::new(body);
        let id = reader.packet_id()?;
        Ok(Self { id, return_codes: ReturnCodes::received(reader.rest())? })
    }
}
