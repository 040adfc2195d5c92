//! Quality of service.

use crate::error::Violation;

/// How hard the two sides try to deliver a message [MQTT 4.3].
///
/// All three exist in every build; a build without the feature `qos2` refuses to publish with
/// [`QoS::ExactlyOnce`] and ends the connection when such a message arrives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u8)]
pub enum QoS {
    /// QoS 0: sent once, never acknowledged.
    #[default]
    AtMostOnce = 0,
    /// QoS 1: sent until acknowledged; may arrive twice.
    AtLeastOnce = 1,
    /// QoS 2: arrives once.
    ExactlyOnce = 2,
}

impl QoS {
    /// The QoS with this number, from two bits; 3 is a violation [MQTT-3.3.1-4].
    ///
    /// # Errors
    /// [`Violation::InvalidQos`] for anything but 0, 1 and 2.
    pub const fn from_bits(bits: u8) -> Result<Self, Violation> {
        match bits {
            0 => Ok(Self::AtMostOnce),
            1 => Ok(Self::AtLeastOnce),
            2 => Ok(Self::ExactlyOnce),
            _ => Err(Violation::InvalidQos),
        }
    }
}

impl TryFrom<u8> for QoS {
    type Error = Violation;

    fn try_from(bits: u8) -> Result<Self, Violation> {
        Self::from_bits(bits)
    }
}
