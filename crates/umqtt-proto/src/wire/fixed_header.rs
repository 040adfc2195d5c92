//! The two to five bytes that begin every packet [MQTT 2.2].

use super::cursor::Writer;
use crate::error::{EncodeError, Violation};
use crate::packet_id::PacketId;

/// The longest packet body that a remaining length allows: 268,435,455 bytes [MQTT 2.2.3].
pub const MAX_REMAINING_LENGTH: u32 = 0x0fff_ffff;

/// The fourteen packets of MQTT 3.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u8)]
#[allow(missing_docs)]
pub enum PacketType {
    Connect = 1,
    ConnAck = 2,
    Publish = 3,
    PubAck = 4,
    PubRec = 5,
    PubRel = 6,
    PubComp = 7,
    Subscribe = 8,
    SubAck = 9,
    Unsubscribe = 10,
    UnsubAck = 11,
    PingReq = 12,
    PingResp = 13,
    Disconnect = 14,
}

impl PacketType {
    /// Every packet type, in the order of its number.
    pub const ALL: [Self; 14] = [
        Self::Connect,
        Self::ConnAck,
        Self::Publish,
        Self::PubAck,
        Self::PubRec,
        Self::PubRel,
        Self::PubComp,
        Self::Subscribe,
        Self::SubAck,
        Self::Unsubscribe,
        Self::UnsubAck,
        Self::PingReq,
        Self::PingResp,
        Self::Disconnect,
    ];

    /// The packet type of this number, or `None` for 0, 15 and what does not fit four bits.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Connect,
            2 => Self::ConnAck,
            3 => Self::Publish,
            4 => Self::PubAck,
            5 => Self::PubRec,
            6 => Self::PubRel,
            7 => Self::PubComp,
            8 => Self::Subscribe,
            9 => Self::SubAck,
            10 => Self::Unsubscribe,
            11 => Self::UnsubAck,
            12 => Self::PingReq,
            13 => Self::PingResp,
            14 => Self::Disconnect,
            _ => return None,
        })
    }

    /// Whether `set` has the bit of this type's number.
    const fn is_in(self, set: u16) -> bool {
        set >> (self as u8) & 1 != 0
    }

    /// The first byte of a packet of this type whose flags are fixed [MQTT-2.2.2-1].
    pub(crate) const fn first_byte(self) -> u8 {
        (self as u8) << 4 | if self.is_in(FLAGS_0010) { 0b0010 } else { 0 }
    }
}

/// PUBREL, SUBSCRIBE and UNSUBSCRIBE: flags 0010.
const FLAGS_0010: u16 = 1 << 6 | 1 << 8 | 1 << 10;
/// CONNACK, PUBACK to PUBCOMP and UNSUBACK: a body of two bytes.
const BODY_OF_TWO: u16 = 1 << 2 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 11;
/// PINGREQ, PINGRESP and DISCONNECT: no body.
const NO_BODY: u16 = 1 << 12 | 1 << 13 | 1 << 14;

/// Packet type, flags and remaining length, checked against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct FixedHeader {
    /// The packet type.
    pub packet_type: PacketType,
    /// The low four bits of the first byte.
    pub flags: u8,
    /// The length of the body in bytes.
    pub remaining_length: u32,
}

impl FixedHeader {
    /// Reads a fixed header and returns how many bytes it takes; `None` when it is not complete yet.
    ///
    /// Reserved packet types and flags are refused at the first byte [MQTT-2.2.2-2], a length that the packet
    /// type cannot have as soon as it is known.
    ///
    /// ```
    /// use umqtt_proto::wire::{FixedHeader, PacketType};
    /// let (header, taken) = FixedHeader::decode(&[0x40, 0x02, 0x00, 0x07]).unwrap().unwrap();
    /// assert_eq!((header.packet_type, header.remaining_length, taken), (PacketType::PubAck, 2, 2));
    /// assert_eq!(FixedHeader::decode(&[0x30, 0x80]), Ok(None));
    /// ```
    ///
    /// # Errors
    /// [`Violation::ReservedPacketType`], [`Violation::ReservedFlags`], [`Violation::InvalidQos`],
    /// [`Violation::DupWithQos0`], [`Violation::RemainingLengthTooLong`], [`Violation::WrongLength`].
    pub fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, Violation> {
        let mut header = Self { packet_type: PacketType::Connect, flags: 0, remaining_length: 0 };
        let taken = header.read(bytes)?;
        Ok(if taken > 0 { Some((header, taken)) } else { None })
    }

    /// The same, into an existing place: returns 0 when the header is not complete yet, and then the content of the
    /// place has no meaning.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<usize, Violation> {
        let Some((&first, length)) = bytes.split_first() else { return Ok(0) };
        let packet_type = PacketType::from_number(first >> 4).ok_or(Violation::ReservedPacketType)?;
        self.packet_type = packet_type;
        self.flags = first & 0x0f;
        if packet_type as u8 == PacketType::Publish as u8 {
            match first & 0b1110 {
                0b1000 => return Err(Violation::DupWithQos0),
                0b0110 | 0b1110 => return Err(Violation::InvalidQos),
                _ => {}
            }
        } else if first != packet_type.first_byte() {
            return Err(Violation::ReservedFlags);
        }

        let mut remaining_length = 0;
        let mut shift = 0u32;
        for &byte in length {
            remaining_length |= u32::from(byte & 0x7f) << (shift & 31);
            shift += 7;
            if byte < 0x80 {
                let fits = if packet_type.is_in(BODY_OF_TWO) {
                    remaining_length == 2
                } else {
                    !packet_type.is_in(NO_BODY) || remaining_length == 0
                };
                if !fits {
                    return Err(Violation::WrongLength);
                }
                // As 1 + shift / 7, without a division.
                self.remaining_length = remaining_length;
                return Ok(2 + (shift >> 3) as usize);
            }
            if shift == 28 {
                return Err(Violation::RemainingLengthTooLong);
            }
        }
        Ok(0)
    }

    /// The length of a whole packet, when its remaining length is written in as few bytes as can be.
    #[must_use]
    pub const fn packet_length(remaining_length: u32) -> usize {
        let mut length = (remaining_length as usize).saturating_add(2);
        let mut rest = remaining_length >> 7;
        while rest > 0 {
            length = length.saturating_add(1);
            rest >>= 7;
        }
        length
    }
}

/// Puts the fields of a packet, its id among them if it has one.
pub(crate) type Fields<'a> = dyn Fn(PacketId, &mut Writer<'_>) + 'a;

/// Writes a packet at the front of `out` and returns how many bytes it takes: the first byte, the length, and the
/// `fields`. The last `streamed` bytes of the packet follow later.
///
/// The fields are put twice, the first time to be counted, so that length and fields cannot disagree.
pub(crate) fn encode(
    first: u8,
    id: PacketId,
    fields: &Fields<'_>,
    streamed: usize,
    out: &mut [u8],
) -> Result<usize, EncodeError> {
    let mut count = Writer::new(&mut []);
    fields(id, &mut count);
    let Ok(mut length) = u32::try_from(count.length().saturating_add(streamed)) else {
        return Err(EncodeError::TooLong);
    };
    if length > MAX_REMAINING_LENGTH {
        return Err(EncodeError::TooLong);
    }
    let needed = FixedHeader::packet_length(length).wrapping_sub(streamed);
    if needed > out.len() {
        return Err(EncodeError::BufferTooSmall { needed });
    }
    let mut writer = Writer::new(out);
    writer.u8(first);
    while length > 0x7f {
        #[allow(clippy::cast_possible_truncation)]
        writer.u8(length as u8 | 0x80);
        length >>= 7;
    }
    #[allow(clippy::cast_possible_truncation)]
    writer.u8(length as u8);
    fields(id, &mut writer);
    Ok(needed)
}
