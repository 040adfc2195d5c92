//! Everything that a call of a client can end with.

use core::fmt;

use umqtt_proto::{ConnectError, Fault, InvalidField, PacketId, RequestError, SessionError};

/// Why a call of a client failed; `E` is the error of its transport.
///
/// It always says whether a message or a request was taken: with [`Taken`](Self::Taken) it was, and its fate is
/// told as an event if it has an id, so it must not be given again; with all others it was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error<E> {
    /// This is no topic to publish on.
    Topic(InvalidField),
    /// This is no topic filter to subscribe to.
    Filter(InvalidField),
    /// The connection cannot be begun.
    Connect(ConnectError),
    /// The call was refused.
    Request(RequestError),
    /// The connection failed the call, which was not taken.
    Connection(ConnectionError<E>),
    /// The message or request was taken; then the connection failed.
    Taken {
        /// Its packet id; `None` for a message of QoS 0 and for PINGREQ.
        id: Option<PacketId>,
        /// What happened then.
        cause: ConnectionError<E>,
    },
}

/// What happened to a connection.
///
/// After [`WriteTimedOut`](Self::WriteTimedOut) it stands. All others are the end of it, and the client has
/// closed the transport. A call that ends with [`SessionError::IncomingFull`] takes up to 1 s longer than any
/// other: the acknowledgements that it has written are given that time to arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ConnectionError<E> {
    /// It ended as the protocol asks.
    Session(SessionError),
    /// The transport failed.
    Transport(E),
    /// The broker closed it.
    Closed,
    /// The transport took no byte for the time of the socket time-out, or too few of them.
    ///
    /// What waits to be written stays in the transmit buffer and goes on with the next call.
    WriteTimedOut,
    /// The same, in the middle of a message that is larger than the transmit buffer.
    CutShort,
}

impl<E> Error<E> {
    /// Whose fault it is.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Topic(error) | Self::Filter(error) => error.fault(),
            Self::Connect(error) => error.fault(),
            Self::Request(error) => error.fault(),
            Self::Connection(error) | Self::Taken { cause: error, .. } => error.fault(),
        }
    }

    /// What happened to the connection, if that is the error.
    #[must_use]
    pub const fn connection(&self) -> Option<&ConnectionError<E>> {
        match self {
            Self::Connection(error) | Self::Taken { cause: error, .. } => Some(error),
            _ => None,
        }
    }

    /// Whether there is no connection any more, or was none.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        match self {
            Self::Connection(error) | Self::Taken { cause: error, .. } => error.is_over(),
            Self::Request(error) => matches!(error, RequestError::NotConnected),
            Self::Topic(_) | Self::Filter(_) | Self::Connect(_) => false,
        }
    }
}

impl<E> ConnectionError<E> {
    /// Whose fault it is.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Session(error) => error.fault(),
            _ => Fault::Transport,
        }
    }

    /// Whether it is the end of the connection.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        !matches!(self, Self::WriteTimedOut)
    }
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Topic(error) => write!(f, "the topic cannot be used: {error}"),
            Self::Filter(error) => write!(f, "the topic filter cannot be used: {error}"),
            Self::Connect(error) => error.fmt(f),
            Self::Request(error) => error.fmt(f),
            Self::Connection(error) => error.fmt(f),
            Self::Taken { id: Some(id), cause } => write!(f, "packet {id} was taken, and then: {cause}"),
            Self::Taken { id: None, cause } => write!(f, "the packet was taken, and then: {cause}"),
        }
    }
}

impl<E: fmt::Display> fmt::Display for ConnectionError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(error) => error.fmt(f),
            Self::Transport(error) => error.fmt(f),
            Self::Closed => f.write_str("the broker closed the connection"),
            Self::WriteTimedOut => {
                f.write_str("the link took no byte in time; what is left to send goes on with the next call")
            }
            Self::CutShort => f.write_str(
                "the link took no byte in time; the connection was closed in the middle of a message",
            ),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for Error<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Topic(error) | Self::Filter(error) => Some(error),
            Self::Connect(error) => Some(error),
            Self::Request(error) => Some(error),
            Self::Connection(error) | Self::Taken { cause: error, .. } => Some(error),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for ConnectionError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Session(error) => Some(error),
            Self::Transport(error) => Some(error),
            Self::Closed | Self::WriteTimedOut | Self::CutShort => None,
        }
    }
}
