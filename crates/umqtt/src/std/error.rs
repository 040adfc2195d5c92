//! What goes wrong with TCP, each in one sentence with the address.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::InvalidAddress;

/// Why there is no TCP connection, or no longer.
#[derive(Debug)]
#[non_exhaustive]
pub enum TcpError {
    /// The text is not the address of a broker.
    Address(InvalidAddress),
    /// The name of the host has no address.
    UnknownHost {
        /// The name; `…` in place of what may be a login.
        host: String,
        /// What the resolver said.
        error: io::Error,
    },
    /// The name of the host was not resolved in time.
    ResolveTimedOut {
        /// The name; `…` in place of what may be a login.
        host: String,
        /// How long it may take.
        timeout: Duration,
    },
    /// No address of the host accepted the connection; this is the error of the last one.
    Connect {
        /// The last address that was tried.
        address: SocketAddr,
        /// Its error; [`io::ErrorKind::TimedOut`] when it did not answer.
        error: io::Error,
    },
    /// The connection failed while reading, writing or waiting.
    Link {
        /// The broker's address.
        address: SocketAddr,
        /// What the operating system said.
        error: io::Error,
    },
    /// The transport is closed; [`Client::connect`](crate::Client::connect) opens it again.
    NotOpen,
}

impl TcpError {
    fn io_kind(&self) -> io::ErrorKind {
        match self {
            Self::Address(_) => io::ErrorKind::InvalidInput,
            Self::UnknownHost { .. } => io::ErrorKind::NotFound,
            Self::ResolveTimedOut { .. } => io::ErrorKind::TimedOut,
            Self::Connect { error, .. } | Self::Link { error, .. } => error.kind(),
            Self::NotOpen => io::ErrorKind::NotConnected,
        }
    }
}

impl embedded_io::Error for TcpError {
    fn kind(&self) -> embedded_io::ErrorKind {
        self.io_kind().into()
    }
}

impl fmt::Display for TcpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(error) => error.fmt(f),
            Self::UnknownHost { host, error } => write!(f, "unknown host '{host}': {error}"),
            Self::ResolveTimedOut { host, timeout } => {
                write!(f, "the name '{host}' was not resolved within {timeout:?}")
            }
            Self::Connect { address, error } => match error.kind() {
                io::ErrorKind::ConnectionRefused => write!(f, "{address} refused the connection"),
                io::ErrorKind::TimedOut => write!(f, "{address} did not answer in time"),
                _ => write!(f, "cannot connect to {address}: {error}"),
            },
            Self::Link { address, error } => match error.kind() {
                io::ErrorKind::ConnectionReset => write!(f, "{address} reset the connection"),
                _ => write!(f, "the connection to {address} failed: {error}"),
            },
            Self::NotOpen => f.write_str("the connection is not open"),
        }
    }
}

impl std::error::Error for TcpError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Address(error) => Some(error),
            Self::UnknownHost { error, .. } | Self::Connect { error, .. } | Self::Link { error, .. } => {
                Some(error)
            }
            Self::ResolveTimedOut { .. } | Self::NotOpen => None,
        }
    }
}
