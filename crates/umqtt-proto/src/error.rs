//! Whose fault an error is, and which rule of MQTT 3.1.1 a peer broke.

use core::fmt;

/// Who can do something about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Fault {
    /// The call was wrong, or came at the wrong time: correct the program.
    Caller,
    /// The other side broke the protocol or refused: look at the broker.
    Peer,
    /// A buffer or a table is too small or full: wait, or make it larger.
    Resource,
    /// The link failed or stalled: connect again.
    Transport,
}

/// A rule of the protocol that the bytes received break; the connection must be closed [MQTT-4.8.0-1].
///
/// [`Violation::statement`] names the rule as the standard numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
#[repr(u8)]
pub enum Violation {
    /// Packet type 0 or 15.
    ReservedPacketType,
    /// Flag bits of the fixed header that the packet type does not allow.
    ReservedFlags,
    /// A remaining length of more than four bytes.
    RemainingLengthTooLong,
    /// The remaining length does not fit the packet type or its fields.
    WrongLength,
    /// A string that is not well-formed UTF-8, or has a surrogate.
    InvalidUtf8,
    /// A string that contains the character U+0000.
    NulCharacter,
    /// An empty topic name or filter.
    EmptyTopic,
    /// A topic name that contains a wildcard.
    WildcardInTopicName,
    /// A topic filter in which `#` or `+` does not fill a level, or `#` is not the last.
    MisplacedWildcard,
    /// Both QoS bits set, or a requested QoS above 2.
    InvalidQos,
    /// DUP set on a message of QoS 0.
    DupWithQos0,
    /// A packet id of zero.
    ZeroPacketId,
    /// A protocol name other than `MQTT`.
    ProtocolName,
    /// A protocol level other than 4.
    ProtocolLevel,
    /// A bit of CONNECT that must be zero.
    ReservedConnectFlag,
    /// Will QoS or will retain without a will, or a will QoS of 3.
    WillFlags,
    /// A password without a user name.
    PasswordWithoutUserName,
    /// A bit of CONNACK's acknowledge flags that must be zero.
    ReservedConnAckFlag,
    /// CONNACK says "session present" after a clean session was asked for, or with a refusal.
    SessionPresent,
    /// A return code in SUBACK other than 0, 1, 2 and 0x80.
    SubAckReturnCode,
    /// SUBACK has a different number of return codes than SUBSCRIBE had filters.
    SubAckCount,
    /// SUBSCRIBE or UNSUBSCRIBE without a topic filter.
    NoTopicFilter,
    /// A packet that this side of the connection must not send, or not now.
    UnexpectedPacket,
    /// Not a PUBLISH, and too large for the receive buffer.
    PacketTooLarge,
}

impl Violation {
    /// The statement of the standard that was broken, such as `MQTT-2.2.2-2`.
    ///
    /// Rules that the standard does not number are named by their section.
    ///
    /// ```
    /// use umqtt_proto::Violation;
    /// assert_eq!(Violation::InvalidUtf8.statement(), "MQTT-1.5.3-1");
    /// ```
    #[must_use]
    pub const fn statement(self) -> &'static str {
        match self {
            Self::ReservedPacketType => "MQTT 2.2.1",
            Self::ReservedFlags => "MQTT-2.2.2-2",
            Self::RemainingLengthTooLong => "MQTT 2.2.3",
            Self::WrongLength => "MQTT 2.2.3",
            Self::InvalidUtf8 => "MQTT-1.5.3-1",
            Self::NulCharacter => "MQTT-1.5.3-2",
            Self::EmptyTopic => "MQTT-4.7.3-1",
            Self::WildcardInTopicName => "MQTT-3.3.2-2",
            Self::MisplacedWildcard => "MQTT-4.7.1-2",
            Self::InvalidQos => "MQTT-3.3.1-4",
            Self::DupWithQos0 => "MQTT-3.3.1-2",
            Self::ZeroPacketId => "MQTT-2.3.1-1",
            Self::ProtocolName => "MQTT-3.1.2-1",
            Self::ProtocolLevel => "MQTT-3.1.2-2",
            Self::ReservedConnectFlag => "MQTT-3.1.2-3",
            Self::WillFlags => "MQTT-3.1.2-14",
            Self::PasswordWithoutUserName => "MQTT-3.1.2-22",
            Self::ReservedConnAckFlag => "MQTT 3.2.2.1",
            Self::SessionPresent => "MQTT-3.2.2-1",
            Self::SubAckReturnCode => "MQTT-3.9.3-2",
            Self::SubAckCount => "MQTT-3.8.4-5",
            Self::NoTopicFilter => "MQTT-3.8.3-3",
            Self::UnexpectedPacket => "MQTT 2.2.1",
            Self::PacketTooLarge => "MQTT 2.2.3",
        }
    }

    /// What is wrong, in a few words.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::ReservedPacketType => "reserved packet type",
            Self::ReservedFlags => "reserved flag bits in the fixed header",
            Self::RemainingLengthTooLong => "remaining length of more than four bytes",
            Self::WrongLength => "remaining length does not fit the packet",
            Self::InvalidUtf8 => "string is not UTF-8",
            Self::NulCharacter => "string has U+0000",
            Self::EmptyTopic => "empty topic",
            Self::WildcardInTopicName => "wildcard in a topic name",
            Self::MisplacedWildcard => "wildcard does not fill its level",
            Self::InvalidQos => "QoS 3",
            Self::DupWithQos0 => "DUP with QoS 0",
            Self::ZeroPacketId => "packet id 0",
            Self::ProtocolName => "unknown protocol name",
            Self::ProtocolLevel => "unsupported protocol level",
            Self::ReservedConnectFlag => "reserved CONNECT flag",
            Self::WillFlags => "will flags contradict each other",
            Self::PasswordWithoutUserName => "password without a user name",
            Self::ReservedConnAckFlag => "reserved CONNACK flag",
            Self::SessionPresent => "session present where there can be none",
            Self::SubAckReturnCode => "unknown return code in SUBACK",
            Self::SubAckCount => "SUBACK has the wrong number of return codes",
            Self::NoTopicFilter => "no topic filter",
            Self::UnexpectedPacket => "packet not allowed here",
            Self::PacketTooLarge => "packet larger than the receive buffer",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.description(), self.statement())
    }
}

impl core::error::Error for Violation {}

/// Why a packet could not be written; nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum EncodeError {
    /// The packet needs this many bytes, and the buffer has fewer.
    BufferTooSmall {
        /// The size of the whole packet.
        needed: usize,
    },
    /// The packet is longer than a remaining length allows: 268,435,455 bytes.
    TooLong,
}

impl EncodeError {
    /// A packet that is too long is the caller's fault, a small buffer is a resource's.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::BufferTooSmall { .. } => Fault::Resource,
            Self::TooLong => Fault::Caller,
        }
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BufferTooSmall { needed } => write!(f, "the packet needs a buffer of {needed} bytes"),
            Self::TooLong => f.write_str("the packet is longer than 268435455 bytes"),
        }
    }
}

impl core::error::Error for EncodeError {}

/// Why a text, a topic or a binary field was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum InvalidField {
    /// More than 65,535 bytes [MQTT-4.7.3-3].
    TooLong,
    /// It breaks this rule.
    Breaks(Violation),
}

impl InvalidField {
    /// A field that cannot be sent is always the caller's fault.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        Fault::Caller
    }
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("longer than 65535 bytes [MQTT-4.7.3-3]"),
            Self::Breaks(violation) => violation.fmt(f),
        }
    }
}

impl core::error::Error for InvalidField {}

impl From<Violation> for InvalidField {
    fn from(violation: Violation) -> Self {
        Self::Breaks(violation)
    }
}
