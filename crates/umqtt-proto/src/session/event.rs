//! What a session reports, and why it refuses or ends.

use core::fmt;

use crate::error::{Fault, Violation};
use crate::framer::FrameKind;
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
    /// A message arrived; its acknowledgement becomes due with the next call.
    Message(Publish<'r>),
    /// A message larger than the receive buffer begins; ignore its parts to skip it.
    MessageStart(LargeMessage<'r>),
    /// A part of that message's payload; the acknowledgement becomes due with the call after the last part.
    MessagePart {
        /// The next bytes.
        bytes: &'r [u8],
        /// How many bytes follow.
        remaining: u32,
    },
    /// The broker has the message.
    Delivered {
        /// The id that `publish` returned.
        id: PacketId,
        /// Whether it was reported as timed out before.
        late: bool,
    },
    /// The broker answered a SUBSCRIBE.
    Subscribed {
        /// The id that `subscribe` returned.
        id: PacketId,
        /// The QoS granted, or the refusal, for each filter.
        return_codes: ReturnCodes<'r>,
        /// Whether it was reported as timed out before.
        late: bool,
    },
    /// The broker answered an UNSUBSCRIBE.
    Unsubscribed {
        /// The id that `unsubscribe` returned.
        id: PacketId,
        /// Whether it was reported as timed out before.
        late: bool,
    },
    /// No acknowledgement came within the message time-out; reported once. It may still come.
    TimedOut {
        /// The id of the exchange, which stays in use.
        id: PacketId,
    },
    /// No acknowledgement can come any more: the connection or the session it belongs to is gone.
    ///
    /// Whether the broker has the message is not known. It may have been reported as timed out before. With the next
    /// call the store drops what it keeps of it.
    Lost {
        /// The id of the exchange.
        id: PacketId,
    },
    /// An acknowledgement that no exchange waits for; nothing has changed.
    UnknownAck {
        /// The id it carries.
        id: PacketId,
        /// Its packet type.
        packet_type: PacketType,
    },
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
    /// Whether it was a retained message.
    pub retain: bool,
    /// QoS, packet id and DUP.
    pub delivery: Delivery,
}

/// What happened, as a value of four bytes that borrows nothing.
///
/// [`Receiver::lend`](crate::Receiver::lend) makes an [`Event`] from it, which lends the message from the receive
/// buffer until the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Notice {
    kind: NoticeKind,
    /// Of a message its flags, of an acknowledgement whether it is late, of an unknown one its packet type.
    detail: u8,
    id: u16,
}

/// What a [`Notice`] reports: the [`Event`] of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u8)]
#[allow(missing_docs)]
pub enum NoticeKind {
    Connected,
    Message,
    MessageStart,
    MessagePart,
    Delivered,
    Subscribed,
    Unsubscribed,
    TimedOut,
    Lost,
    UnknownAck,
}

impl Notice {
    #[inline]
    pub(crate) const fn new(kind: NoticeKind, detail: u8, id: u16) -> Self {
        Self { kind, detail, id }
    }

    /// What it reports.
    #[inline]
    #[must_use]
    pub const fn kind(self) -> NoticeKind {
        self.kind
    }

    /// The packet id of the exchange or the message, if it has one.
    #[must_use]
    pub const fn id(self) -> Option<PacketId> {
        PacketId::new(self.id)
    }

    /// With [`NoticeKind::Connected`]: whether the broker kept the session.
    #[inline]
    #[must_use]
    pub const fn session_present(self) -> bool {
        self.detail != 0
    }

    #[inline]
    pub(crate) fn lend(self, body: &[u8], (frame, remaining): (FrameKind, u32)) -> Event<'_> {
        let id = PacketId::new(self.id).unwrap_or(PacketId::FIRST);
        let late = self.detail != 0;
        match self.kind {
            NoticeKind::Connected => Event::Connected { session_present: late },
            NoticeKind::Delivered => Event::Delivered { id, late },
            NoticeKind::Unsubscribed => Event::Unsubscribed { id, late },
            NoticeKind::TimedOut => Event::TimedOut { id },
            NoticeKind::Lost => Event::Lost { id },
            NoticeKind::UnknownAck => {
                let packet_type = PacketType::from_number(self.detail).unwrap_or(PacketType::PubAck);
                Event::UnknownAck { id, packet_type }
            }
            NoticeKind::Subscribed => {
                let return_codes = ReturnCodes::checked(body.get(2..).unwrap_or_default());
                Event::Subscribed { id, return_codes, late }
            }
            NoticeKind::MessagePart => Event::MessagePart { bytes: body, remaining },
            NoticeKind::Message | NoticeKind::MessageStart => {
                let (topic, mut payload) = match body.split_first_chunk() {
                    Some((length, rest)) if frame != FrameKind::Untitled => {
                        rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).unwrap_or_default()
                    }
                    _ => (&[][..], body),
                };
                if self.id != 0 {
                    payload = payload.get(2..).unwrap_or_default();
                }
                let dup = self.detail & 0b1000 != 0;
                let delivery = match self.detail & 0b0110 {
                    0 => Delivery::AtMostOnce,
                    0b0010 => Delivery::AtLeastOnce { id, dup },
                    _ => Delivery::ExactlyOnce { id, dup },
                };
                let topic = TopicName::checked(topic);
                let retain = self.detail & 1 != 0;
                if self.kind == NoticeKind::Message {
                    return Event::Message(Publish { topic, payload, retain, delivery });
                }
                let topic = if frame == FrameKind::Untitled { None } else { Some(topic) };
                Event::MessageStart(LargeMessage { topic, payload, remaining, retain, delivery })
            }
        }
    }
}

/// Why a connection cannot be begun; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ConnectError {
    /// The last connection was not closed [MQTT-3.1.0-2].
    NotDisconnected,
    /// An empty client id needs a clean session [MQTT-3.1.3-7].
    EmptyClientId,
    /// The transmit buffer is smaller than CONNECT.
    BufferTooSmall,
}

impl ConnectError {
    /// Whose fault it is.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::NotDisconnected | Self::EmptyClientId => Fault::Caller,
            Self::BufferTooSmall => Fault::Resource,
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDisconnected => f.write_str("the last connection is not closed [MQTT-3.1.0-2]"),
            Self::EmptyClientId => f.write_str("an empty client id needs a clean session [MQTT-3.1.3-7]"),
            Self::BufferTooSmall => f.write_str("CONNECT is larger than the transmit buffer"),
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
    /// The packet is larger than the transmit buffer: make that larger, or send a message in pieces.
    BufferTooSmall,
    /// The transmit buffer holds packets that are to be sent first: send, and call again.
    TransmitFull,
    /// The table of exchanges is full: wait for acknowledgements.
    InFlightFull,
    /// The store has no room for the message.
    StoreFull,
    /// The store could not record the message.
    StoreFailed,
    /// On a session that is kept, a QoS 2 message needs a store: without one its id could never be used again
    /// if the connection were cut.
    NoStore,
}

impl RequestError {
    /// Whose fault it is.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::NotConnected | Self::Qos2NotBuilt | Self::FilterCount | Self::TooLong | Self::NoStore => {
                Fault::Caller
            }
            Self::BufferTooSmall
            | Self::TransmitFull
            | Self::InFlightFull
            | Self::StoreFull
            | Self::StoreFailed => Fault::Resource,
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
            Self::BufferTooSmall => "the packet is larger than the transmit buffer",
            Self::TransmitFull => "the transmit buffer is full for now",
            Self::InFlightFull => "too many packets wait for their acknowledgement",
            Self::StoreFull => "the store has no room for the message",
            Self::StoreFailed => "the store could not record the message",
            Self::NoStore => "a QoS 2 message on a session that is kept needs a store, and there is none",
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
    /// No PINGRESP came in time, or the link did not take PINGREQ.
    PingTimeout,
    /// A packet of QoS 2 arrived, and this build has no QoS 2.
    Qos2NotBuilt,
    /// A QoS 2 message arrived, and the table of incoming ids is full. The acknowledgements that were due are
    /// written, so that the next connection begins with room.
    IncomingFull,
    /// The store could not record what an acknowledgement changes; nothing has changed.
    StoreFailed,
}

impl SessionError {
    /// Whose fault it is.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Violation(Violation::PacketTooLarge) | Self::IncomingFull | Self::StoreFailed => {
                Fault::Resource
            }
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
            // Our buffer is at fault, not the broker.
            Self::Violation(violation @ Violation::PacketTooLarge) => violation.fmt(f),
            Self::Violation(violation) => write!(f, "the broker broke the protocol: {violation}"),
            Self::Refused(code) => write!(f, "connection refused: {code}"),
            Self::ConnectTimeout => f.write_str("the broker did not answer CONNECT in time"),
            Self::PingTimeout => {
                f.write_str("the broker did not answer PINGREQ in time, or the link did not take it")
            }
            Self::Qos2NotBuilt => f.write_str("a packet of QoS 2 arrived, and this build has no QoS 2"),
            Self::IncomingFull => f.write_str("the table of incoming QoS 2 messages is full"),
            Self::StoreFailed => f.write_str("the store could not record an acknowledgement"),
        }
    }
}

impl core::error::Error for SessionError {}
