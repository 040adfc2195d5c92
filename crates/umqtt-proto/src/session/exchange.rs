//! The life of one exchange that we began: the only place that moves it.

use crate::wire::PacketType;

/// What an exchange waits for: the packet types that can answer it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u8)]
pub enum Await {
    /// A QoS 1 message was sent.
    PubAck = PacketType::PubAck as u8,
    /// A QoS 2 message was sent.
    PubRec = PacketType::PubRec as u8,
    /// PUBREL was sent.
    PubComp = PacketType::PubComp as u8,
    /// SUBSCRIBE was sent.
    SubAck = PacketType::SubAck as u8,
    /// UNSUBSCRIBE was sent.
    UnsubAck = PacketType::UnsubAck as u8,
}

impl Await {
    /// Everything that an exchange can wait for.
    pub const ALL: [Self; 5] = [Self::PubAck, Self::PubRec, Self::PubComp, Self::SubAck, Self::UnsubAck];
}

/// Where an exchange stands with the connection and with the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u8)]
pub enum Progress {
    /// Its packet is on its way, or waits to be written.
    Sent = 0,
    /// The same, and the caller was told that the answer is late.
    Late = 1,
    /// It is to be sent again on the next connection.
    Again = 2,
    /// The same, and the caller was told that the answer is late.
    AgainLate = 3,
    /// No answer can come: the caller is to be told.
    Lost = 4,
    /// The caller was told that it is lost; with the next call it is forgotten.
    Told = 5,
}

impl Progress {
    /// Everywhere that an exchange can stand.
    pub const ALL: [Self; 6] =
        [Self::Sent, Self::Late, Self::Again, Self::AgainLate, Self::Lost, Self::Told];
}

/// The state of an exchange: what it waits for, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Exchange {
    /// What it waits for.
    pub awaits: Await,
    /// Where it stands.
    pub progress: Progress,
}

/// What moves an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u8)]
pub enum ExchangeInput {
    /// PUBACK with its id arrived.
    PubAck = PacketType::PubAck as u8,
    /// PUBREC with its id arrived.
    PubRec = PacketType::PubRec as u8,
    /// PUBCOMP with its id arrived.
    PubComp = PacketType::PubComp as u8,
    /// SUBACK with its id arrived.
    SubAck = PacketType::SubAck as u8,
    /// UNSUBACK with its id arrived.
    UnsubAck = PacketType::UnsubAck as u8,
    /// No answer came in time, and the caller is told so.
    TimedOut = 16,
    /// The connection is over, and another connection of the session can finish the exchange.
    Kept,
    /// No connection can finish the exchange any more.
    Forgotten,
    /// It was sent again.
    Resent,
    /// The caller is told that it is lost.
    Told,
}

impl ExchangeInput {
    /// Everything that moves an exchange.
    pub const ALL: [Self; 10] = [
        Self::PubAck,
        Self::PubRec,
        Self::PubComp,
        Self::SubAck,
        Self::UnsubAck,
        Self::TimedOut,
        Self::Kept,
        Self::Forgotten,
        Self::Resent,
        Self::Told,
    ];
}

/// What an input makes of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Next {
    /// It goes on in this state.
    Goes(Exchange),
    /// The broker has answered: it is finished.
    Finished,
    /// A packet that it does not wait for; nothing has changed.
    Unexpected,
}

impl Exchange {
    /// The exchange that begins when a packet is sent that waits for this.
    #[must_use]
    pub const fn new(awaits: Await) -> Self {
        Self { awaits, progress: Progress::Sent }
    }

    /// The whole table: what an input makes of the exchange.
    #[must_use]
    #[inline(always)]
    pub const fn next(self, input: ExchangeInput) -> Next {
        let mut awaits = self.awaits;
        let progress = match (self.progress, input) {
            // The packet that it waits for. What was told as lost has no other end.
            (progress, ExchangeInput::PubRec) if progress.is_alive() && awaits.is(input) => {
                awaits = Await::PubComp;
                if progress.is_late() { Progress::Late } else { Progress::Sent }
            }
            (progress, ExchangeInput::PubAck | ExchangeInput::PubComp | ExchangeInput::SubAck)
            | (progress, ExchangeInput::UnsubAck)
                if progress.is_alive() && awaits.is(input) =>
            {
                return Next::Finished;
            }
            // PUBREC came before.
            (progress, ExchangeInput::PubRec) if awaits.is(ExchangeInput::PubComp) => progress,
            (
                _,
                ExchangeInput::PubAck
                | ExchangeInput::PubRec
                | ExchangeInput::PubComp
                | ExchangeInput::SubAck
                | ExchangeInput::UnsubAck,
            ) => return Next::Unexpected,
            (Progress::Lost, ExchangeInput::Told) => Progress::Told,
            (Progress::Lost | Progress::Told, _) => self.progress,
            (_, ExchangeInput::Forgotten) => Progress::Lost,
            (Progress::Sent, ExchangeInput::TimedOut) => Progress::Late,
            (Progress::Again, ExchangeInput::TimedOut) => Progress::AgainLate,
            (Progress::Sent, ExchangeInput::Kept) => Progress::Again,
            (Progress::Late, ExchangeInput::Kept) => Progress::AgainLate,
            (Progress::Again, ExchangeInput::Resent) => Progress::Sent,
            (Progress::AgainLate, ExchangeInput::Resent) => Progress::Late,
            (progress, _) => progress,
        };
        Next::Goes(Self { awaits, progress })
    }

    #[inline(always)]
    pub(crate) const fn to_byte(self) -> u8 {
        self.awaits as u8 | (self.progress as u8) << 4
    }

    #[inline(always)]
    pub(crate) const fn from_byte(byte: u8) -> Self {
        let awaits = match byte & 0x0f {
            5 => Await::PubRec,
            7 => Await::PubComp,
            9 => Await::SubAck,
            11 => Await::UnsubAck,
            _ => Await::PubAck,
        };
        let progress = match byte >> 4 {
            0 => Progress::Sent,
            1 => Progress::Late,
            2 => Progress::Again,
            3 => Progress::AgainLate,
            4 => Progress::Lost,
            _ => Progress::Told,
        };
        Self { awaits, progress }
    }
}

impl Await {
    /// Whether this input is the packet that is waited for.
    const fn is(self, input: ExchangeInput) -> bool {
        self as u8 == input as u8
    }
}

impl Progress {
    /// Whether the caller was told that the answer is late.
    pub(crate) const fn is_late(self) -> bool {
        matches!(self, Self::Late | Self::AgainLate)
    }

    /// Whether an answer is of use.
    pub(crate) const fn is_alive(self) -> bool {
        !matches!(self, Self::Lost | Self::Told)
    }
}
