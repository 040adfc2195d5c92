//! The phases of a connection; only this module changes them.

/// The phase of a session's connection; each says what the session waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Phase {
    /// No connection; the state of the session is kept.
    Disconnected,
    /// CONNECT was sent or waits to be written [MQTT-3.1.0-1].
    AwaitConnAck,
    /// The session goes on: what was not acknowledged is sent again [MQTT-4.4.0-1].
    Resuming,
    /// Everything may be sent.
    Connected,
    /// DISCONNECT was sent or waits to be written; nothing may follow it [MQTT-3.14.4-2].
    Disconnecting,
}

/// What moves a session from one [`Phase`] to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum PhaseInput {
    /// The caller connects.
    Connect,
    /// The broker accepts.
    ConnAck,
    /// Nothing is left to be sent again.
    Resumed,
    /// The caller disconnects.
    Disconnect,
    /// The connection is over, whoever ended it.
    Closed,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 5] =
        [Self::Disconnected, Self::AwaitConnAck, Self::Resuming, Self::Connected, Self::Disconnecting];

    /// The phase that follows, or `None` where the input is refused.
    #[must_use]
    pub const fn next(self, input: PhaseInput) -> Option<Self> {
        Some(match (self, input) {
            (_, PhaseInput::Closed) => Self::Disconnected,
            (Self::Disconnected, PhaseInput::Connect) => Self::AwaitConnAck,
            (Self::AwaitConnAck, PhaseInput::ConnAck) => Self::Resuming,
            (Self::Resuming, PhaseInput::Resumed) => Self::Connected,
            (Self::AwaitConnAck | Self::Resuming | Self::Connected, PhaseInput::Disconnect) => {
                Self::Disconnecting
            }
            _ => return None,
        })
    }
}

impl PhaseInput {
    /// Every input.
    pub const ALL: [Self; 5] = [Self::Connect, Self::ConnAck, Self::Resumed, Self::Disconnect, Self::Closed];
}
