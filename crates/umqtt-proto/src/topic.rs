//! Topic names and topic filters, and how they match [MQTT 4.7].

use core::fmt;

use crate::error::{InvalidField, Violation};
use crate::text::{TextKind, as_str, check_length, check_text};

/// The topic of a message: 1 to 65,535 bytes of UTF-8, without wildcards [MQTT-3.3.2-1, -2, MQTT-4.7.3-1 to -3].
///
/// Check it once, publish with it as often as you like.
///
/// ```
/// use umqtt_proto::TopicName;
/// assert!(TopicName::new("garden/shed/temperature").is_ok());
/// assert!(TopicName::new("garden/+/temperature").is_err());
/// assert!(TopicName::new("").is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TopicName<'a>(&'a [u8]);

impl<'a> TopicName<'a> {
    /// Checks a string.
    ///
    /// # Errors
    /// [`InvalidField::TooLong`], [`Violation::EmptyTopic`], [`Violation::WildcardInTopicName`],
    /// [`Violation::NulCharacter`].
    pub fn new(name: &'a str) -> Result<Self, InvalidField> {
        Self::from_bytes(name.as_bytes())
    }

    /// Checks bytes.
    ///
    /// # Errors
    /// As [`TopicName::new`], and [`Violation::InvalidUtf8`].
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, InvalidField> {
        check_length(bytes)?;
        Ok(Self::received(bytes)?)
    }

    /// A topic name from the wire, where it cannot be too long.
    pub(crate) fn received(bytes: &'a [u8]) -> Result<Self, Violation> {
        check_text(bytes, TextKind::TopicName)?;
        Ok(Self(bytes))
    }

    /// A name that was checked before.
    #[inline]
    pub(crate) const fn checked(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The name, as the bytes on the wire.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The name; this costs a scan, since the core does not keep it as `str`.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        as_str(self.0)
    }
}

/// What a client subscribes to: a list of levels, in which `+` matches any one level and `#`, at the end, all that
/// follow [MQTT-4.7.1-1 to -3].
///
/// ```
/// use umqtt_proto::{TopicFilter, TopicName};
/// let filter = TopicFilter::new("garden/+/temperature").unwrap();
/// assert!(filter.matches(TopicName::new("garden/shed/temperature").unwrap()));
/// assert!(!filter.matches(TopicName::new("garden/temperature").unwrap()));
/// assert!(TopicFilter::new("garden/#/temperature").is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TopicFilter<'a>(&'a [u8]);

impl<'a> TopicFilter<'a> {
    /// Checks a string.
    ///
    /// # Errors
    /// [`InvalidField::TooLong`], [`Violation::EmptyTopic`], [`Violation::MisplacedWildcard`],
    /// [`Violation::NulCharacter`].
    pub fn new(filter: &'a str) -> Result<Self, InvalidField> {
        Self::from_bytes(filter.as_bytes())
    }

    /// Checks bytes.
    ///
    /// # Errors
    /// As [`TopicFilter::new`], and [`Violation::InvalidUtf8`].
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, InvalidField> {
        check_length(bytes)?;
        Ok(Self::received(bytes)?)
    }

    pub(crate) fn received(bytes: &'a [u8]) -> Result<Self, Violation> {
        check_text(bytes, TextKind::TopicFilter)?;
        Ok(Self(bytes))
    }

    /// The filter, as the bytes on the wire.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The filter; this costs a scan, since the core does not keep it as `str`.
    #[must_use]
    pub fn as_str(self) -> &'a str {
        as_str(self.0)
    }

    /// Whether this filter matches `name`.
    ///
    /// A filter that begins with a wildcard does not match a name that begins with `$` [MQTT-4.7.2-1];
    /// `sport/#` matches `sport` too [MQTT 4.7.1.2].
    #[must_use]
    pub fn matches(self, name: TopicName<'_>) -> bool {
        if name.0.first() == Some(&b'$') && matches!(self.0.first(), Some(b'+' | b'#')) {
            return false;
        }
        let mut levels = name.0.split(|&byte| byte == b'/');
        for wanted in self.0.split(|&byte| byte == b'/') {
            match (wanted, levels.next()) {
                (b"#", _) => return true,
                (b"+", Some(_)) => {}
                (_, Some(level)) if level == wanted => {}
                _ => return false,
            }
        }
        levels.next().is_none()
    }
}

impl fmt::Debug for TopicName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for TopicName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Debug for TopicFilter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for TopicFilter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for TopicName<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=str}", self.as_str());
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for TopicFilter<'_> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=str}", self.as_str());
    }
}
