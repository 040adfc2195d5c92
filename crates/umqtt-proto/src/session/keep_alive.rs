//! When to send PINGREQ, and when to give a connection up: a pure rule over elapsed times.

use crate::wire::KeepAlive;

/// The milliseconds since things happened, as the caller's clock counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed {
    /// Since the last byte was sent.
    pub sent: u32,
    /// Since the last byte was received.
    pub received: u32,
    /// Since the PINGREQ that has no answer yet; `None` when none is open.
    pub ping: Option<u32>,
    /// Whether the last look at the transport brought bytes.
    pub fresh: bool,
    /// Whether a packet has begun and is not all there.
    pub mid_packet: bool,
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing for so many milliseconds; `None`: nothing at all.
    Wait(Option<u32>),
    /// Send PINGREQ.
    Ping,
    /// Close the connection: PINGRESP is overdue.
    GiveUp,
}

/// Decides what the keep-alive asks for [MQTT-3.1.2-23].
///
/// - PINGREQ goes out a quarter of the interval before it ends, when nothing was sent; and when nothing was
///   received for a whole interval, so that a client that only sends notices a dead link too.
/// - A PINGRESP that is missing for `ping_timeout` milliseconds ends the connection, but not while bytes are
///   there to be read, nor while those of one packet keep coming: the answer stands behind them.
///
/// ```
/// use umqtt_proto::keep_alive::{Action, Elapsed, action};
/// use umqtt_proto::wire::KeepAlive;
/// let keep_alive = KeepAlive::from_secs(60);
/// let mut elapsed = Elapsed { sent: 44_999, received: 10, ping: None, fresh: false, mid_packet: false };
/// assert_eq!(action(keep_alive, 5_000, &elapsed), Action::Wait(Some(1)));
/// elapsed.sent += 1;
/// assert_eq!(action(keep_alive, 5_000, &elapsed), Action::Ping);
/// ```
#[must_use]
pub const fn action(keep_alive: KeepAlive, ping_timeout: u32, elapsed: &Elapsed) -> Action {
    let mut wait = u32::MAX;
    if let Some(ping) = elapsed.ping {
        let overdue = ping >= ping_timeout && ping_timeout != u32::MAX;
        let arriving = elapsed.fresh || elapsed.mid_packet && elapsed.received < ping_timeout;
        if overdue && !arriving {
            return Action::GiveUp;
        }
        wait = ping_timeout.saturating_sub(if overdue { elapsed.received } else { ping });
    }
    let interval = keep_alive.as_millis();
    if interval > 0 {
        let silence = interval - interval / 4;
        if elapsed.sent >= silence || elapsed.ping.is_none() && elapsed.received >= interval {
            return Action::Ping;
        }
        wait = min(wait, silence - elapsed.sent);
        if elapsed.ping.is_none() {
            wait = min(wait, interval - elapsed.received);
        }
    }
    Action::Wait(if wait == u32::MAX { None } else { Some(wait) })
}

const fn min(a: u32, b: u32) -> u32 {
    if a < b { a } else { b }
}
