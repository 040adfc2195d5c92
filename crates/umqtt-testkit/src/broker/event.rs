//! The events that a broker reports to the test.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use umqtt_proto::wire::{ConnectReturnCode, SubscribeReturnCode};
use umqtt_proto::{QoS, Violation};

use super::ConnectionId;

/// A message as a broker holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// Its topic.
    pub topic: String,
    /// Its payload.
    pub payload: Vec<u8>,
    /// The QoS with which it was published.
    pub qos: QoS,
    /// Whether it was to be kept for later subscribers.
    pub retain: bool,
    /// Whether its sender said that it may have been sent before.
    pub dup: bool,
}

impl Message {
    /// The bytes that count against the limits.
    pub(super) fn size(&self) -> usize {
        self.topic.len() + self.payload.len()
    }
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The client sent DISCONNECT; only then the will is dropped [MQTT-3.14.4-3].
    Disconnect,
    /// The transport ended without DISCONNECT.
    Lost,
    /// There were too many connections when it was opened.
    TooMany,
    /// CONNECT was answered with this code.
    Refused(ConnectReturnCode),
    /// The client broke this rule [MQTT-4.8.0-1].
    Violation(Violation),
    /// The client was silent for one and a half times its keep-alive [MQTT-3.1.2-24].
    KeepAlive,
    /// The client did not send CONNECT in time.
    ConnectTimeout,
    /// Another connection took the client id over [MQTT-3.1.4-2].
    TakenOver,
    /// The client did not read the answers that it asked for.
    Unread,
    /// The test cut the connection.
    Cut,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disconnect => f.write_str("the client sent DISCONNECT"),
            Self::Lost => f.write_str("the transport ended without DISCONNECT"),
            Self::TooMany => f.write_str("too many connections"),
            Self::Refused(code) => write!(f, "refused: {code}"),
            Self::Violation(violation) => write!(f, "protocol violation: {violation}"),
            Self::KeepAlive => f.write_str("silent for longer than the keep-alive allows"),
            Self::ConnectTimeout => f.write_str("no CONNECT in time"),
            Self::TakenOver => f.write_str("another connection took the client id over"),
            Self::Unread => f.write_str("the client does not read its answers"),
            Self::Cut => f.write_str("cut by the test"),
        }
    }
}

/// Something that happened in a broker; see [`Broker::events`](crate::Broker::events).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A client was accepted.
    Connected {
        /// Its connection.
        connection: ConnectionId,
        /// Its client id, or the one that the broker chose for it.
        client_id: String,
        /// Whether it asked for a clean session.
        clean_session: bool,
        /// Whether it found its session of an earlier connection.
        session_present: bool,
    },
    /// A message came; a repetition of a QoS 2 message is not reported again, one of a QoS 1 message is.
    Published {
        /// Where it came from; `None` for a will and for what the test published.
        connection: Option<ConnectionId>,
        /// The message.
        message: Arc<Message>,
    },
    /// A client subscribed, or tried to.
    Subscribed {
        /// The client.
        client_id: String,
        /// The topic filter.
        filter: String,
        /// The answer.
        return_code: SubscribeReturnCode,
    },
    /// A client unsubscribed.
    Unsubscribed {
        /// The client.
        client_id: String,
        /// The topic filter, whether it was subscribed to or not.
        filter: String,
    },
    /// A connection ended.
    Closed {
        /// The connection.
        connection: ConnectionId,
        /// Its client; `None` if it had not been accepted.
        client_id: Option<String>,
        /// Why.
        reason: CloseReason,
    },
}

impl Event {
    fn size(&self) -> usize {
        match self {
            Self::Published { message, .. } => message.size(),
            Self::Connected { client_id, .. } => client_id.len(),
            Self::Subscribed { client_id, filter, .. } | Self::Unsubscribed { client_id, filter } => {
                client_id.len() + filter.len()
            }
            Self::Closed { client_id, .. } => client_id.as_ref().map_or(0, String::len),
        }
    }
}

/// The last events, bounded in number and in bytes.
#[derive(Debug, Default)]
pub(super) struct EventLog {
    events: VecDeque<Event>,
    bytes: usize,
}

impl EventLog {
    pub(super) fn push(&mut self, event: Event, max_events: usize, max_bytes: usize) {
        self.bytes += event.size();
        self.events.push_back(event);
        while self.events.len() > max_events || self.bytes > max_bytes {
            match self.events.pop_front() {
                Some(gone) => self.bytes -= gone.size(),
                None => break,
            }
        }
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Event> + ExactSizeIterator {
        self.events.iter()
    }

    pub(super) fn take(&mut self) -> Vec<Event> {
        self.bytes = 0;
        std::mem::take(&mut self.events).into()
    }
}
