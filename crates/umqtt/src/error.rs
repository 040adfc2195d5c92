//! Everything that a call of a client can end with.

use core::fmt;

use embedded_io::ErrorKind;
use umqtt_proto::wire::ConnectReturnCode;
use umqtt_proto::{ConnectError, Fault, InvalidField, PacketId, RequestError, SessionError, Violation};

/// Why a call of a client failed; `E` is the error of its transport.
///
/// [`Topic`](Self::Topic), [`Filter`](Self::Filter), [`Connect`](Self::Connect) and
/// [`Request`](Self::Request) refuse a call: nothing was sent, and the connection stands if there was one. After
/// [`WriteTimedOut`](Self::WriteTimedOut) it stands too. All others end the connection, and the client has
/// closed the transport.
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
    /// The connection ended as the protocol asks.
    Session(SessionError),
    /// What should have been the answer to CONNECT is not.
    ConnAck(Violation),
    /// The transport failed.
    Transport(E),
    /// The broker closed the connection.
    Closed,
    /// The transport took no byte for the time of the socket time-out.
    ///
    /// What waits to be written stays in the transmit buffer and goes on with the next call, the packet of this
    /// call among it: do not ask for it again.
    WriteTimedOut {
        /// The id of that packet, if it has one.
        id: Option<PacketId>,
    },
    /// The transport took no byte for the time of the socket time-out, in the middle of a message that is larger
    /// than the transmit buffer.
    CutShort,
}

impl<E: embedded_io::Error> Error<E> {
    /// Whose fault it is.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Topic(error) | Self::Filter(error) => error.fault(),
            Self::Connect(error) => error.fault(),
            Self::Request(error) => error.fault(),
            Self::Session(error) => error.fault(),
            Self::ConnAck(_) => Fault::Peer,
            Self::Transport(_) | Self::Closed | Self::WriteTimedOut { .. } | Self::CutShort => {
                Fault::Transport
            }
        }
    }

    /// The number that `umqtt.errno` has for it, or `None` where it has none.
    ///
    /// ```
    /// use umqtt::{ConnectReturnCode, Error, SessionError};
    /// let refused = SessionError::Refused(ConnectReturnCode::BadUserNameOrPassword);
    /// assert_eq!(Error::<embedded_io::ErrorKind>::Session(refused).code(), Some(24));
    /// ```
    #[must_use]
    pub fn code(&self) -> Option<i8> {
        Some(match self {
            Self::Session(error) => return session_code(*error),
            Self::ConnAck(_) => 29,
            Self::Request(RequestError::NotConnected) => 28,
            Self::Request(RequestError::TransmitFull) | Self::WriteTimedOut { .. } | Self::CutShort => 30,
            Self::Closed => 1,
            Self::Transport(error) => match error.kind() {
                ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => 1,
                ErrorKind::TimedOut => 30,
                _ => 8,
            },
            Self::Topic(InvalidField::TooLong) | Self::Filter(InvalidField::TooLong) => 4,
            Self::Topic(_) | Self::Filter(_) | Self::Connect(_) | Self::Request(_) => return None,
        })
    }
}

const fn session_code(error: SessionError) -> Option<i8> {
    Some(match error {
        SessionError::Refused(code) => match code {
            ConnectReturnCode::UnacceptableProtocolVersion => 21,
            ConnectReturnCode::IdentifierRejected => 22,
            ConnectReturnCode::ServerUnavailable => 23,
            ConnectReturnCode::BadUserNameOrPassword => 24,
            ConnectReturnCode::NotAuthorized => 25,
            ConnectReturnCode::Accepted | ConnectReturnCode::Other(_) => 20,
        },
        SessionError::ConnectTimeout => 30,
        SessionError::PingTimeout => 7,
        SessionError::Violation(Violation::SubAckReturnCode | Violation::SubAckCount) => 40,
        SessionError::Violation(_) => -1,
        _ => return None,
    })
}

impl<E: fmt::Display> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Topic(error) => write!(f, "the topic cannot be used: {error}"),
            Self::Filter(error) => write!(f, "the topic filter cannot be used: {error}"),
            Self::Connect(error) => error.fmt(f),
            Self::Request(error) => error.fmt(f),
            Self::Session(error) => error.fmt(f),
            Self::ConnAck(violation) => write!(f, "the answer to CONNECT is not one of MQTT: {violation}"),
            Self::Transport(error) => error.fmt(f),
            Self::Closed => f.write_str("the broker closed the connection"),
            Self::WriteTimedOut { .. } => {
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
            Self::Session(error) => Some(error),
            Self::ConnAck(violation) => Some(violation),
            Self::Transport(error) => Some(error),
            Self::Closed | Self::WriteTimedOut { .. } | Self::CutShort => None,
        }
    }
}
