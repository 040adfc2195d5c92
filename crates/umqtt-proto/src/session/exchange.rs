//! The states of one exchange that we began; only this module changes them.

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

/// The state of an exchange with respect to the connection and to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u8)]
pub enum Progress {
    /// Its packet was sent, or waits to be written.
    Sent = 0,
    /// The same, and the caller was told that the answer is late.
    Late = 1,
    /// It is to be sent again on the next connection.
    Again = 2,
    /// The same, and the caller was told that the answer is late.
    AgainLate = 3,
    /// No answer can come, and the caller has yet to be told.
    Lost = 4,
    /// The caller was told that it is lost; the next call removes it.
    Told = 5,
}

impl Progress {
    /// Every state.
    pub const ALL: [Self; 6] = [Self::Sent, Self::Late, Self::Again, Self::AgainLate, Self::Lost, Self::Told];
}

/// The state of an exchange: what it waits for, and its progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Exchange {
    /// What it waits for.
    pub awaits: Await,
    /// Its progress.
    pub progress: Progress,
}

/// What changes an exchange.
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
    /// Everything that changes an exchange.
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

/// The result of an input to an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Next {
    /// It goes on in this state.
    Goes(Exchange),
    /// The broker has answered: it is finished.
    Finished,
    /// It does not wait for this packet; nothing has changed.
    Unexpected,
}

impl Exchange {
    /// The exchange that begins when a packet is sent that waits for this.
    #[must_use]
    pub const fn new(awaits: Await) -> Self {
        Self { awaits, progress: Progress::Sent }
    }

    /// The result of an input: the whole table.
    #[must_use]
    pub const fn next(self, input: ExchangeInput) -> Next {
        let Self { awaits, progress } = self;
        let Some(packet_type) = input.packet_type() else {
            return Next::Goes(Self { awaits, progress: progress.next(input) });
        };
        match answer(awaits as u8, progress, packet_type) {
            Answer::Finished => Next::Finished,
            Answer::Released => {
                Next::Goes(Self { awaits: Await::PubComp, progress: progress.next(ExchangeInput::Resent) })
            }
            Answer::Repeated => Next::Goes(self),
            Answer::Unexpected => Next::Unexpected,
        }
    }
}

/// What a packet that arrives means for an exchange with its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is the end of the exchange.
    Finished,
    /// PUBREC has come for the first time: PUBREL goes out, and PUBCOMP is awaited.
    Released,
    /// PUBREC has come again.
    Repeated,
    /// It is not what the exchange waits for.
    Unexpected,
}

/// The table of the packets that arrive at an exchange that awaits the packet type of this number. What was told
/// as lost has no other end.
#[inline(always)]
pub(crate) const fn answer(awaits: u8, progress: Progress, packet_type: PacketType) -> Answer {
    let packet_type = packet_type as u8;
    if awaits == packet_type && progress.is_alive() {
        if packet_type == PacketType::PubRec as u8 { Answer::Released } else { Answer::Finished }
    } else if packet_type == PacketType::PubRec as u8 && awaits == Await::PubComp as u8 {
        Answer::Repeated
    } else {
        Answer::Unexpected
    }
}

impl Await {
    #[inline(always)]
    pub(crate) const fn from_number(number: u8) -> Self {
        match number {
            5 => Self::PubRec,
            7 => Self::PubComp,
            9 => Self::SubAck,
            11 => Self::UnsubAck,
            _ => Self::PubAck,
        }
    }
}

impl ExchangeInput {
    /// The packet that has arrived, if that is the input.
    const fn packet_type(self) -> Option<PacketType> {
        PacketType::from_number(self as u8)
    }
}

impl Progress {
    /// The table of all else that happens to an exchange.
    #[inline(always)]
    pub(crate) const fn next(self, input: ExchangeInput) -> Self {
        match (self, input) {
            (Self::Lost, ExchangeInput::Told) => Self::Told,
            (Self::Lost | Self::Told, _) => self,
            (_, ExchangeInput::Forgotten) => Self::Lost,
            (Self::Sent, ExchangeInput::TimedOut) => Self::Late,
            (Self::Again, ExchangeInput::TimedOut) => Self::AgainLate,
            (Self::Sent, ExchangeInput::Kept) => Self::Again,
            (Self::Late, ExchangeInput::Kept) => Self::AgainLate,
            (Self::Again, ExchangeInput::Resent) => Self::Sent,
            (Self::AgainLate, ExchangeInput::Resent) => Self::Late,
            (progress, _) => progress,
        }
    }

    #[inline(always)]
    pub(crate) const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Sent,
            1 => Self::Late,
            2 => Self::Again,
            3 => Self::AgainLate,
            4 => Self::Lost,
            _ => Self::Told,
        }
    }

    /// Whether the caller was told that the answer is late.
    #[inline(always)]
    pub(crate) const fn is_late(self) -> bool {
        matches!(self, Self::Late | Self::AgainLate)
    }

    /// Whether an answer can still finish it.
    #[inline(always)]
    pub(crate) const fn is_alive(self) -> bool {
        !matches!(self, Self::Lost | Self::Told)
    }
}
