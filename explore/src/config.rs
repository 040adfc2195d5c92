//! What is explored: the requests of the program, the messages of the broker, and what goes wrong.

use umqtt_proto::QoS;

/// A request that the program makes of the engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Request {
    /// A message of this QoS.
    Publish(u8),
    /// A message of this QoS that is larger than the transmit buffer may be, given in pieces.
    Large(u8),
    Subscribe,
    Unsubscribe,
}

/// A message that the broker sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Message {
    /// One of this QoS.
    Small(u8),
    /// One of this QoS that is larger than the smallest receive buffer.
    Big(u8),
}

impl Message {
    pub fn qos(self) -> u8 {
        match self {
            Self::Small(qos) | Self::Big(qos) => qos,
        }
    }
}

impl Request {
    /// The QoS of a message.
    pub fn qos(self) -> Option<QoS> {
        match self {
            Self::Publish(qos) | Self::Large(qos) => Some(match qos {
                0 => QoS::AtMostOnce,
                1 => QoS::AtLeastOnce,
                _ => QoS::ExactlyOnce,
            }),
            Self::Subscribe | Self::Unsubscribe => None,
        }
    }
}

/// The types that the program chooses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Build {
    /// No store, large messages end the connection.
    Bare,
    /// A store, large messages end the connection.
    Firmware,
    /// A store, large messages come in parts.
    Host,
}

/// Which store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Storage {
    Nothing,
    /// The core's store in a buffer of so many bytes.
    Ram(u8),
    /// The core's store on the heap, for so many bytes.
    Heap(usize),
    /// A store that survives a power cut.
    Durable,
}

/// Which sessions the program asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sessions {
    Kept,
    Clean,
    /// Now this, now that.
    Both,
}

/// In which pieces the link takes and gives bytes, besides all at once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
pub enum Pieces {
    /// Never otherwise.
    All,
    /// A packet alone.
    Packets,
    /// The first byte of a packet alone, too.
    Split,
    /// Any number of bytes, by one at a time.
    Bytes,
}

/// Which wrong things happen, at any moment and as often as one likes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wrongs {
    /// The link breaks.
    pub cuts: bool,
    /// The link takes what is written and loses it, and everything after that.
    pub black_holes: bool,
    /// The broker loses the session while there is no connection.
    pub session_loss: bool,
    /// The broker refuses a connection.
    pub refusals: bool,
    /// The store's medium fails.
    pub store: bool,
    /// Power is lost, also between any two writes of the store.
    pub power: bool,
    /// The program does nothing for longer than it may.
    pub laziness: bool,
}

impl Wrongs {
    pub const NONE: Self = Self {
        cuts: false,
        black_holes: false,
        session_loss: false,
        refusals: false,
        store: false,
        power: false,
        laziness: false,
    };
    pub const LINK: Self = Self { cuts: true, black_holes: true, ..Self::NONE };
    pub const ALL: Self = Self { session_loss: true, refusals: true, ..Self::LINK };
}

/// Which calls the program makes besides looking for an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Calls {
    /// It waits until all is written.
    pub flush: bool,
    /// The same, while it holds a message.
    pub flush_holding: bool,
    /// The same, without a receiver.
    pub flush_blind: bool,
    /// It disconnects.
    pub close: bool,
    /// It sends PINGREQ when nothing waits to be written.
    pub ping: bool,
}

impl Calls {
    pub const NONE: Self =
        Self { flush: false, flush_holding: false, flush_blind: false, close: false, ping: false };
    /// All but PINGREQ.
    pub const MOST: Self =
        Self { flush: true, flush_holding: true, flush_blind: true, close: true, ping: false };
}

/// One exploration.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    pub name: &'static str,
    pub about: &'static str,
    pub build: Build,
    pub storage: Storage,
    pub requests: &'static [Request],
    pub messages: &'static [Message],
    pub sessions: Sessions,
    /// Messages that the store keeps are told as lost when the broker has lost the session.
    pub tells_lost: bool,
    /// The broker hands a QoS 2 message on when it arrives, not when it is released.
    pub hands_on_early: bool,
    pub transmit: u8,
    pub receive: u8,
    pub slots: u8,
    /// Room for ids of the broker; 0 for a table that grows.
    pub incoming: u8,
    /// How many messages of QoS 1 and 2 the broker has in flight.
    pub window: u8,
    pub first_id: u16,
    /// After a restart the program begins at `first_id` again, and not where the store says.
    pub begins_again: bool,
    pub writes: Pieces,
    pub reads: Pieces,
    pub wrongs: Wrongs,
    pub calls: Calls,
    /// Time passes: keep-alive and time-outs. Otherwise nothing is ever late.
    pub is_timed: bool,
}

impl Config {
    pub const DEFAULT: Self = Self {
        name: "",
        about: "",
        build: Build::Firmware,
        storage: Storage::Ram(48),
        requests: &[],
        messages: &[],
        sessions: Sessions::Kept,
        tells_lost: false,
        hands_on_early: false,
        transmit: 16,
        receive: 16,
        slots: 2,
        incoming: 2,
        window: 2,
        first_id: 65_535,
        begins_again: false,
        writes: Pieces::All,
        reads: Pieces::All,
        wrongs: Wrongs::LINK,
        calls: Calls::NONE,
        is_timed: false,
    };
}
