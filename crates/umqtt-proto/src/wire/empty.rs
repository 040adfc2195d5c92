//! The packets without a body: PINGREQ, PINGRESP and DISCONNECT [MQTT 3.12 to 3.14].

use super::fixed_header::PacketType;

/// Asks the broker whether it is there; the broker answers with [`PINGRESP`].
pub const PINGREQ: [u8; 2] = [PacketType::PingReq.first_byte(), 0];

/// The answer to [`PINGREQ`].
pub const PINGRESP: [u8; 2] = [PacketType::PingResp.first_byte(), 0];

/// The last packet of a client, after which it closes the connection and its will is dropped
/// [MQTT-3.14.1-1, MQTT-3.14.4-1, -2].
pub const DISCONNECT: [u8; 2] = [PacketType::Disconnect.first_byte(), 0];
