//! Packet identifiers.

use core::fmt;
use core::num::NonZeroU16;

use crate::error::Violation;

/// The id of one exchange, 1 to 65,535; zero does not exist [MQTT-2.3.1-1].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PacketId(NonZeroU16);

impl PacketId {
    /// The first id of a session.
    pub const FIRST: Self = Self(NonZeroU16::MIN);

    /// The id with this number, or `None` for zero.
    #[must_use]
    pub const fn new(id: u16) -> Option<Self> {
        match NonZeroU16::new(id) {
            Some(id) => Some(Self(id)),
            None => None,
        }
    }

    /// The number on the wire.
    #[must_use]
    pub const fn as_u16(self) -> u16 {
        self.0.get()
    }

    /// The id that follows: after 65,535 comes 1.
    ///
    /// ```
    /// use umqtt_proto::PacketId;
    /// assert_eq!(PacketId::new(65_535).unwrap().next(), PacketId::FIRST);
    /// ```
    #[must_use]
    pub const fn next(self) -> Self {
        Self(match self.0.checked_add(1) {
            Some(next) => next,
            None => NonZeroU16::MIN,
        })
    }
}

impl TryFrom<u16> for PacketId {
    type Error = Violation;

    fn try_from(id: u16) -> Result<Self, Violation> {
        Self::new(id).ok_or(Violation::ZeroPacketId)
    }
}

impl From<PacketId> for u16 {
    fn from(id: PacketId) -> Self {
        id.as_u16()
    }
}

impl fmt::Display for PacketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for PacketId {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=u16}", self.as_u16());
    }
}
