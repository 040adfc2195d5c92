//! A broker that follows a script: it can stop in the middle of a packet, answer nonsense, stall, close or reset, and
//! it reports exactly where the client did something unexpected.
//!
//! [`ScriptedBroker`] plays on a TCP port, [`Player`] behind a virtual [`Network`](crate::link::Network); the program
//! `umqtt-testkit script FILE` plays for test suites in other languages.
//!
//! # Format
//!
//! Each line is one step; a line may be empty, and `#` outside of quotes begins a comment.
//!
//! | step | what the broker does |
//! |---|---|
//! | `accept` | waits for the next connection; each script begins with this step, written or not |
//! | `expect connect` | waits for a valid packet of this type: the name of any packet, in any case |
//! | `expect any` | waits for any one valid packet |
//! | `expect 10 10 00 04 "MQTT" ..` | waits for these bytes; `..` at the end stands for the rest of the packet |
//! | `expect close` | waits until the client closes; nothing may come before |
//! | `drain` | drops what comes until the client closes |
//! | `send 20 02 00 00` | sends bytes |
//! | `send-split 20 02 00 00` | sends bytes, each in a write of its own |
//! | `stall 500` | neither reads nor sends for this many milliseconds |
//! | `close` | closes; the client reads what was sent before, and then the end |
//! | `reset` | closes so that the client gets "connection reset" |
//!
//! Bytes are pairs of hex digits and `"text"`, with or without spaces between; `00*70000` repeats the byte before the
//! star. `$id` stands for the two bytes of the packet id that the client sent last, `$id-1` for those of the id before
//! it, as far back as `$id-9`; in `expect` too. In `expect`, `??` is any one byte.
//!
//! Only `accept` can follow `close`, `reset`, `expect close` and `drain`. At the end of the script, an open
//! connection is closed, and what the client sends after that is ignored.
//!
//! ```text
//! # Takes one message of QoS 1, does not acknowledge it, and expects it again.
//! expect connect
//! send 20 02 00 00
//! expect 32 ..
//! reset
//! accept
//! expect connect
//! send 20 02 01 00
//! expect 3a ?? 00 01 "t" $id ..
//! send 40 02 $id
//! expect disconnect
//! ```

mod parse;
mod play;
mod player;
mod tcp;

pub use self::parse::{ParseError, Script};
pub use self::play::{Mismatch, Progress};
pub use self::player::Player;
pub use self::tcp::{ScriptError, ScriptedBroker};
