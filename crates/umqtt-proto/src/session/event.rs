//! What a session tells, and why it refuses or ends.

use core::fmt;

use crate::error::{EncodeError, Fault, Violation};
use crate::packet_id::PacketId;
use crate::topic::TopicName;
use crate::wire::{ConnectReturnCode, Delivery, PacketType, Publish, ReturnCodes};

/// What happened; messages are lent from the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Event<'r> {
    /// The broker accepted the connection.
    Connected {
        /// The session of an earlier connection goes on.
        session_present: bool,
    },
    /// A message arrived; its acknowledgement is queued already.
    Message(Publish<'r>),
    /// A message larger than the receive buffer begins; leave its parts aside to skip it.
    MessageStart(LargeMessage<'r>),
    /// A part of that message's payload; with the last one its acknowledgement is queued.
    MessagePart {
        /// The next bytes.
        bytes: &'r [u8],
        /// How many bytes follow.
        remaining: u32,
    },
    /// The broker has the message.
    Delivered {
        /// The id that `publish` gave.
        id: PacketId,
        /// It was told as timed out before.
        late: bool,
    },
    /// The broker answered a SUBSCRIBE.
    Subscribed {
        /// The id that `subscribe` gave.
        id: PacketId,
        /// The QoS granted, or the refusal, for each filter.
        return_codes: ReturnCodes<'r>,
        /// It was told as timed out before.
        late: bool,
    },
    /// The broker answered an UNSUBSCRIBE.
    Unsubscribed {
        /// The id that `unsubscribe` gave.
        id: PacketId,
        /// It was told as timed out before.
        late: bool,
    },
    /// No acknowledgement came within the message time-out; told once. It may still come.
    TimedOut {
        /// The id of the exchange, which stays in use.
        id: PacketId,
    },
    /// No acknowledgement can come any more: the connection or the session it belongs to is gone.
    ///
    /// Whether the broker has the message is not known. It may have been told as timed out before.
    Lost {
        /// The id of the exchange.
        id: PacketId,
    },
    /// An acknowledgement for nothing that waits for it; nothing has changed.
    UnknownAck {
        /// The id it carries.
        id: PacketId,
        /// Its packet type.
        packet_type: PacketType,
    },
    /// A packet was dealt with that asks nothing of the caller: PINGRESP, a step of QoS 2, a duplicate.
    Handled(PacketType),
}

/// The start of a message that is larger than the receive buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct LargeMessage<'r> {
    /// Its topic; `None` when the topic alone is larger than the buffer.
    pub topic: Option<TopicName<'r>>,
    /// The first bytes of its payload.
    pub payload: &'r [u8],
    /// How many bytes of payload follow in [`Event::MessagePart`]s; 0 when this was all.
    pub remaining: u32,
    /// Whether the broker had kept it.
    pub retain: bool,
    /// QoS, packet id and DUP.
    pub delivery: Delivery,
}

/// Why a connection cannot be begun; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ConnectError {
    /// The last connection was not closed [MQTT-3.1.0-2].
    NotDisconnected,
    /// An empty client id needs a clean session [MQTT-3.1.3-7].
    EmptyClientId,
    /// CONNECT needs a transmit buffer of this many bytes.
    BufferTooSmall {
        /// The size of the packet.
        needed: usize,
    },
}

impl ConnectError {
    /// Whose fault it is.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::NotDisconnected | Self::EmptyClientId => Fault::Caller,
            Self::BufferTooSmall { .. } => Fault::Resource,
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDisconnected => f.write_str("the last connection is not closed [MQTT-3.1.0-2]"),
            Self::EmptyClientId => f.write_str("an empty client id needs a clean session [MQTT-3.1.3-7]"),
            Self::BufferTooSmall { needed } => {
                write!(f, "CONNECT needs a transmit buffer of {needed} bytes")
            }
        }
    }
}

impl core::error::Error for ConnectError {}

/// Why a publish, subscribe, unsubscribe, ping or disconnect was refused; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RequestError {
    /// There is no connection.
    NotConnected,
    /// This build has no QoS 2.
    Qos2NotBuilt,
    /// A list of filters that is empty [MQTT-3.8.3-3, MQTT-3.10.3-2] or longer than 255.
    FilterCount,
    /// The packet would be longer than MQTT allows: 268,435,455 bytes.
    TooLong,
    /// The transmit buffer is smaller than the packet.
    BufferTooSmall {
        /// The size of the packet.
        needed: usize,
    },
    /// The transmit buffer holds packets that are to be sent first: send, and call again.
    TransmitFull,
    /// As many exchanges are open as the table can hold: wait for acknowledgements.
    InFlightFull,
    /// The store cannot keep the packet until it is acknowledged.
    StoreFull,
}

impl RequestError {
    /// Whose fault it is.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::NotConnected | Self::Qos2NotBuilt | Self::FilterCount | Self::TooLong => Fault::Caller,
            Self::BufferTooSmall { .. } | Self::TransmitFull | Self::InFlightFull | Self::StoreFull => {
                Fault::Resource
            }
        }
    }

    /// A packet did not fit the room: is it the buffer, or what waits in it?
    pub(super) fn from_encode(error: EncodeError, capacity: usize) -> Self {
        match error {
            EncodeError::TooLong => Self::TooLong,
            EncodeError::BufferTooSmall { needed } if needed > capacity => Self::BufferTooSmall { needed },
            EncodeError::BufferTooSmall { .. } => Self::TransmitFull,
        }
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotConnected => "not connected",
            Self::Qos2NotBuilt => "this build has no QoS 2",
            Self::FilterCount => "1 to 255 topic filters are needed [MQTT-3.8.3-3]",
            Self::TooLong => "the packet is longer than 268435455 bytes",
            Self::BufferTooSmall { needed } => {
                return write!(f, "the packet needs a transmit buffer of {needed} bytes");
            }
            Self::TransmitFull => "the transmit buffer is full for now",
            Self::InFlightFull => "too many packets wait for their acknowledgement",
            Self::StoreFull => "the store cannot keep the packet",
        })
    }
}

impl core::error::Error for RequestError {}

/// Why a connection ended; the session keeps its state, and the transport must be closed [MQTT-4.8.0-1].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SessionError {
    /// The broker broke the protocol.
    Violation(Violation),
    /// The broker refused the connection.
    Refused(ConnectReturnCode),
    /// No CONNACK came in time.
    ConnectTimeout,
    /// No PINGRESP came in time.
    PingTimeout,
    /// A packet of QoS 2 arrived, and this build has no QoS 2.
    Qos2NotBuilt,
    /// A QoS 2 message arrived, and the table cannot hold its id.
    InFlightFull,
}

impl SessionError {
    /// Whose fault it is.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Violation(Violation::PacketTooLarge) | Self::InFlightFull => Fault::Resource,
            Self::Violation(_) | Self::Refused(_) => Fault::Peer,
            Self::ConnectTimeout | Self::PingTimeout => Fault::Transport,
            Self::Qos2NotBuilt => Fault::Caller,
        }
    }
}

impl From<Violation> for SessionError {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The fault of our buffer, not of the broker.
            Self::Violation(violation @ Violation::PacketTooLarge) => violation.fmt(f),
            Self::Violation(violation) => write!(f, "the broker broke the protocol: {violation}"),
            Self::Refused(code) => write!(f, "connection refused: {code}"),
            Self::ConnectTimeout => f.write_str("the broker did not answer CONNECT in time"),
            Self::PingTimeout => f.write_str("the broker did not answer PINGREQ in time"),
            Self::Qos2NotBuilt => f.write_str("a packet of QoS 2 arrived, and this build has no QoS 2"),
            Self::InFlightFull => f.write_str("no room for the id of a QoS 2 message"),
        }
    }
}

impl core::error::Error for SessionError {}
