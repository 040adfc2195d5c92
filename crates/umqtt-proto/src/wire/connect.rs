//! CONNECT: the client, its session, keep-alive, last will and login [MQTT 3.1].

use core::fmt;

use super::cursor::{Reader, Writer};
use super::fixed_header::{PacketType, encode};
use crate::error::{EncodeError, Violation};
use crate::packet_id::PacketId;
use crate::qos::QoS;
use crate::text::{Binary, ClientId, Text};
use crate::topic::TopicName;

/// The longest time, in seconds, that a client may stay silent; 0 switches keep-alive off [MQTT 3.1.2.10].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct KeepAlive(u16);

impl KeepAlive {
    /// No keep-alive: nobody notices a dead link.
    pub const OFF: Self = Self(0);

    /// A keep-alive of this many seconds; 0 is [`KeepAlive::OFF`].
    #[must_use]
    pub const fn from_secs(seconds: u16) -> Self {
        Self(seconds)
    }

    /// The seconds on the wire.
    #[must_use]
    pub const fn as_secs(self) -> u16 {
        self.0
    }

    /// The interval in milliseconds; 0 when off.
    #[must_use]
    pub const fn as_millis(self) -> u32 {
        self.0 as u32 * 1000
    }
}

/// The message that the broker publishes when the connection ends without DISCONNECT [MQTT 3.1.2.5].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Will<'a> {
    /// Its topic.
    pub topic: TopicName<'a>,
    /// Its payload, at most 65,535 bytes.
    pub payload: Binary<'a>,
    /// The QoS with which it is published.
    pub qos: QoS,
    /// Whether the broker keeps it for later subscribers.
    pub retain: bool,
}

/// A user name, with or without a password; a password alone cannot be sent [MQTT-3.1.2-22].
///
/// `Debug` shows only the lengths: a user name may be a secret too, such as a token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Login<'a> {
    /// The user name.
    pub user_name: Text<'a>,
    /// The password, any bytes.
    pub password: Option<Binary<'a>>,
}

impl fmt::Debug for Login<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("user_name", &Binary::received(self.user_name.as_bytes()))
            .field("password", &self.password)
            .finish()
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Login<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        let user_name = Binary::received(self.user_name.as_bytes());
        defmt::write!(f, "Login {{ user_name: {}, password: {} }}", user_name, self.password);
    }
}

/// CONNECT, the first packet of a connection [MQTT-3.1.0-1].
///
/// It is lent to [`Engine::connect`](crate::Engine::connect) and not kept.
///
/// ```
/// use umqtt_proto::ClientId;
/// use umqtt_proto::wire::Connect;
/// let mut out = [0; 32];
/// let length = Connect::new(ClientId::new("shed").unwrap()).encode(&mut out).unwrap();
/// assert_eq!(&out[..length], b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04shed");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Connect<'a> {
    /// The name of the client and its session.
    pub client_id: ClientId<'a>,
    /// Whether to begin a new session and keep none afterwards [MQTT-3.1.2-6].
    pub clean_session: bool,
    /// The longest silence.
    pub keep_alive: KeepAlive,
    /// The message to publish if the connection ends without DISCONNECT.
    pub will: Option<Will<'a>>,
    /// User name and password.
    pub login: Option<Login<'a>>,
}

const CLEAN_SESSION: u8 = 0x02;
const WILL: u8 = 0x04;
const WILL_RETAIN: u8 = 0x20;
const PASSWORD: u8 = 0x40;
const USER_NAME: u8 = 0x80;
/// The protocol name with its length, the protocol level, and no flags: a number, as there are processors that
/// read no single bytes where their constants are.
const PROTOCOL: u64 = u64::from_be_bytes(*b"\x00\x04MQTT\x04\x00");

impl<'a> Connect<'a> {
    /// A clean session without keep-alive, will and login.
    #[must_use]
    pub const fn new(client_id: ClientId<'a>) -> Self {
        Self { client_id, clean_session: true, keep_alive: KeepAlive::OFF, will: None, login: None }
    }

    /// Whether the client id is empty although a session is to be kept; a broker must refuse that
    /// [MQTT-3.1.3-7, -8].
    #[must_use]
    pub const fn lacks_client_id(&self) -> bool {
        self.client_id.is_empty() && !self.clean_session
    }

    /// Writes the packet at the front of `out` and returns its length.
    ///
    /// # Errors
    /// [`EncodeError::BufferTooSmall`]; nothing was written.
    pub fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        encode(PacketType::Connect.first_byte(), PacketId::FIRST, &|_, writer| self.put(writer), 0, out)
    }

    pub(crate) fn put(&self, writer: &mut Writer<'_>) {
        let mut flags = if self.clean_session { CLEAN_SESSION } else { 0 };
        if let Some(will) = &self.will {
            flags |= WILL | (will.qos as u8) << 3 | if will.retain { WILL_RETAIN } else { 0 };
        }
        if let Some(login) = &self.login {
            flags |= USER_NAME | if login.password.is_some() { PASSWORD } else { 0 };
        }
        writer.bytes(&(PROTOCOL | u64::from(flags)).to_be_bytes());
        writer.u16(self.keep_alive.as_secs());
        writer.prefixed(self.client_id.as_bytes());
        if let Some(will) = &self.will {
            writer.prefixed(will.topic.as_bytes());
            writer.prefixed(will.payload.as_bytes());
        }
        if let Some(login) = &self.login {
            writer.prefixed(login.user_name.as_bytes());
            if let Some(password) = &login.password {
                writer.prefixed(password.as_bytes());
            }
        }
    }

    pub(crate) fn decode_body(body: &'a [u8]) -> Result<Self, Violation> {
        let mut reader = Reader::new(body);
        if reader.prefixed()? != b"MQTT" {
            return Err(Violation::ProtocolName);
        }
        if reader.u8()? != 4 {
            return Err(Violation::ProtocolLevel);
        }
        let flags = reader.u8()?;
        if flags & 1 != 0 {
            return Err(Violation::ReservedConnectFlag);
        }
        let keep_alive = KeepAlive::from_secs(reader.u16()?);
        let client_id = Text::received(reader.prefixed()?)?;
        let will = if flags & WILL != 0 {
            let topic = TopicName::received(reader.prefixed()?)?;
            let payload = Binary::received(reader.prefixed()?);
            let qos = QoS::from_bits(flags >> 3 & 0b11).map_err(|_| Violation::WillFlags)?;
            Some(Will { topic, payload, qos, retain: flags & WILL_RETAIN != 0 })
        } else if flags & (WILL_RETAIN | 0b11 << 3) != 0 {
            return Err(Violation::WillFlags);
        } else {
            None
        };
        let login = match (flags & USER_NAME != 0, flags & PASSWORD != 0) {
            (true, with_password) => {
                let user_name = Text::received(reader.prefixed()?)?;
                let password = if with_password { Some(Binary::received(reader.prefixed()?)) } else { None };
                Some(Login { user_name, password })
            }
            (false, true) => return Err(Violation::PasswordWithoutUserName),
            (false, false) => None,
        };
        reader.finish()?;
        Ok(Self { client_id, clean_session: flags & CLEAN_SESSION != 0, keep_alive, will, login })
    }
}
