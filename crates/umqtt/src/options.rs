//! The options of a connection; each is checked when it is set.

use core::fmt;

use umqtt_proto::wire::{Connect, KeepAlive, Login, Will};
use umqtt_proto::{Binary, ClientId, Fault, InvalidField, QoS, Text};

use crate::topic::ToTopicName;

/// The fields of CONNECT: client id, session, keep-alive, login and last will; lent to
/// [`Client::connect`](crate::Client::connect).
///
/// ```
/// use umqtt::{ConnectOptions, QoS};
/// # fn main() -> Result<(), umqtt::InvalidOption> {
/// let options = ConnectOptions::new("shed")?
///     .keep_alive(60)
///     .login("gardener", "correct horse")?
///     .set_last_will("shed/state", "gone", QoS::AtLeastOnce, true)?
///     .clean_session(false);
/// # drop(options);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct ConnectOptions<'a>(Connect<'a>);

impl<'a> ConnectOptions<'a> {
    /// A client with this client id and a clean session, without keep-alive, login and last will.
    ///
    /// Brokers must accept 1 to 23 letters and digits, and may accept more. With an empty client id the broker
    /// chooses one [MQTT-3.1.3-6].
    ///
    /// # Errors
    /// The client id is too long or not a valid MQTT string.
    pub fn new(client_id: &'a str) -> Result<Self, InvalidOption> {
        Ok(Self(Connect::new(check("client id", ClientId::new(client_id))?)))
    }

    /// Whether the broker begins a new session and keeps none afterwards [MQTT-3.1.2-6]; `true` by default.
    pub const fn clean_session(mut self, clean_session: bool) -> Self {
        self.0.clean_session = clean_session;
        self
    }

    /// The longest silence in seconds [MQTT-3.1.2-24]; with 0, the default, nobody notices a dead link.
    pub const fn keep_alive(mut self, seconds: u16) -> Self {
        self.0.keep_alive = KeepAlive::from_secs(seconds);
        self
    }

    /// A user name and a password.
    ///
    /// # Errors
    /// One of them is too long, or the user name is not a valid MQTT string.
    pub fn login<P>(mut self, user_name: &'a str, password: &'a P) -> Result<Self, InvalidOption>
    where
        P: AsRef<[u8]> + ?Sized,
    {
        let password = Some(check("password", Binary::new(password.as_ref()))?);
        self.0.login = Some(Login { user_name: check("user name", Text::new(user_name))?, password });
        Ok(self)
    }

    /// A user name alone.
    ///
    /// # Errors
    /// It is too long or not a valid MQTT string.
    pub fn user_name(mut self, user_name: &'a str) -> Result<Self, InvalidOption> {
        self.0.login = Some(Login { user_name: check("user name", Text::new(user_name))?, password: None });
        Ok(self)
    }

    /// The message that the broker publishes when the connection ends without DISCONNECT [MQTT-3.1.2-8].
    ///
    /// # Errors
    /// The topic is not a valid topic name, or the payload is longer than 65,535 bytes.
    pub fn set_last_will<P>(
        mut self,
        topic: impl ToTopicName<'a>,
        payload: &'a P,
        qos: QoS,
        retain: bool,
    ) -> Result<Self, InvalidOption>
    where
        P: AsRef<[u8]> + ?Sized,
    {
        let topic = check("topic of the last will", topic.to_topic_name())?;
        let payload = check("payload of the last will", Binary::new(payload.as_ref()))?;
        self.0.will = Some(Will { topic, payload, qos, retain });
        Ok(self)
    }
}

impl<'a> From<Connect<'a>> for ConnectOptions<'a> {
    fn from(connect: Connect<'a>) -> Self {
        Self(connect)
    }
}

impl<'a> AsRef<Connect<'a>> for ConnectOptions<'a> {
    fn as_ref(&self) -> &Connect<'a> {
        &self.0
    }
}

/// An option that cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct InvalidOption {
    /// Which option, in words.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: InvalidField,
}

impl InvalidOption {
    /// It is always the caller's fault.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        Fault::Caller
    }
}

impl fmt::Display for InvalidOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} cannot be used: {}", self.field, self.reason)
    }
}

impl core::error::Error for InvalidOption {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.reason)
    }
}

fn check<T>(field: &'static str, result: Result<T, InvalidField>) -> Result<T, InvalidOption> {
    result.map_err(|reason| InvalidOption { field, reason })
}
