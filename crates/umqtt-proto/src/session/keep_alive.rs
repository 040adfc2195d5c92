//! When to send PINGREQ, and when to give up a connection: a pure function of elapsed times.

use crate::engine::{is_over, remaining};
use crate::wire::KeepAlive;

/// The state of the PINGREQ whose answer is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ping {
    /// There is none.
    Off,
    /// It is due, and there is no room for it yet.
    Wanted,
    /// It waits to be written.
    Queued,
    /// The link has taken it.
    Asked,
}

/// The milliseconds until a PINGREQ is due; [`NEVER`](crate::NEVER) without a keep-alive.
///
/// It is due a quarter of the interval before it ends, when nothing was sent; and when nothing was received for
/// a whole interval.
pub(crate) const fn until_ping(keep_alive: KeepAlive, sent: u32, received: u32) -> u32 {
    let interval = keep_alive.as_millis();
    if interval == 0 {
        return crate::engine::NEVER;
    }
    min((interval - interval / 4).saturating_sub(sent), interval.saturating_sub(received))
}

/// The milliseconds since things happened, as the caller's clock counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed {
    /// Since the last byte was sent.
    pub sent: u32,
    /// Since the last byte was received.
    pub received: u32,
    /// Since the PINGREQ that has no answer yet or, if that is later, since the last byte of a packet that is
    /// not complete; `None` when no PINGREQ is open.
    pub ping: Option<u32>,
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Do nothing for this many milliseconds; `None`: nothing at all.
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
/// - A PINGRESP that is missing for `ping_timeout` milliseconds ends the connection. The answer comes after
///   everything that the broker sent before it, so a caller gives up only when nothing is left to read, and restarts
///   the count at each part of a packet that arrives in several parts.
///
/// ```
/// use umqtt_proto::keep_alive::{Action, Elapsed, action};
/// use umqtt_proto::wire::KeepAlive;
/// let keep_alive = KeepAlive::from_secs(60);
/// let mut elapsed = Elapsed { sent: 44_999, received: 10, ping: None };
/// assert_eq!(action(keep_alive, 5_000, &elapsed), Action::Wait(Some(1)));
/// elapsed.sent += 1;
/// assert_eq!(action(keep_alive, 5_000, &elapsed), Action::Ping);
/// ```
#[must_use]
pub const fn action(keep_alive: KeepAlive, ping_timeout: u32, elapsed: &Elapsed) -> Action {
    let mut wait = u32::MAX;
    if let Some(ping) = elapsed.ping {
        if is_over(ping_timeout, ping) {
            return Action::GiveUp;
        }
        wait = remaining(ping_timeout, ping);
    }
    // While an answer is awaited, silence is no reason for another PINGREQ.
    let received = if elapsed.ping.is_none() { elapsed.received } else { 0 };
    match until_ping(keep_alive, elapsed.sent, received) {
        0 => return Action::Ping,
        until_ping => wait = min(wait, until_ping),
    }
    Action::Wait(if wait == u32::MAX { None } else { Some(wait) })
}

const fn min(a: u32, b: u32) -> u32 {
    if a < b { a } else { b }
}
