//! A strict broker for one client, the link to it, and time: all that surrounds a client, for random runs of it.
//!
//! [`World`] is made for the question whether a client ever breaks a rule or a promise, whatever happens to it. It knows
//! MQTT 3.1.1 to the letter and uses nothing of any client's code. Its [`Broker`] complains about each statement that a
//! client can break, follows every message by its number, loses sessions, sends messages of each QoS, and reorders
//! nothing; its link is cut after any byte, takes bytes one by one, or takes none for a while. It decides nothing at
//! random: the test draws the [`Conditions`] of each link and what happens when ([`Act`]). Everything runs in one
//! thread, on virtual time, and takes microseconds.
//!
//! ```
//! use umqtt_testkit::model::{Moved, Settings, Trace, World};
//!
//! let mut world = World::new(Settings::default(), 0, Trace::new(false));
//! world.open(1_000).unwrap();
//! world.write(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04shed").unwrap();
//! let mut answer = [0; 8];
//! assert_eq!(world.read(&mut answer), Ok(Moved::Done(4)));
//!
//! world.write(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04shed").unwrap();
//! assert_eq!(world.broker.complaint().unwrap().rule, "MQTT-3.1.0-2");
//! ```

mod acts;
mod broker;
mod complaint;
mod conduct;
mod decode;
mod encode;
mod from_client;
mod link;
mod message;
mod pipe;
mod session;
mod to_client;
mod trace;
mod world;

pub use self::acts::{Act, Strange};
pub use self::broker::{Broker, Expected, Settings};
pub use self::complaint::Complaint;
pub use self::conduct::Conduct;
pub use self::from_client::Fate;
pub use self::link::{Conditions, Cut, CutAt, Ending};
pub use self::message::{fill_payload, payload_number, topic_of};
pub use self::pipe::Way;
pub use self::to_client::Told;
pub use self::trace::Trace;
pub use self::world::{Broken, Moved, World};
