//! What happens to a client from outside, and how links end.

use super::link::{Cut, Ending, Link};
use super::world::World;

/// Something that happens at a time.
#[derive(Clone, Debug)]
pub enum Act {
    /// A message is published for the client: QoS, retain, the lengths of topic and payload.
    Publish(u8, bool, usize, usize),
    /// The client is sent bytes that do not come from the broker.
    Send(Vec<u8>, Strange),
    /// The link ends, and so many of the bytes that are on their way to the broker arrive.
    Cut(Ending, usize),
    /// For so many milliseconds nothing arrives at the broker.
    HoldUp(u32),
    /// For so many milliseconds nothing arrives at the client.
    HoldDown(u32),
    /// For so many milliseconds the link takes nothing from the client.
    Refuse(u32),
}

/// What bytes are that do not come from the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strange {
    /// Whole packets that may be true.
    Plausible,
    /// Whole packets, the last of which no client may accept once it is connected.
    Forbidden,
    /// Not whole packets: what follows means something else.
    Askew,
}

impl World {
    pub(super) fn act(&mut self, act: Act) {
        match act {
            Act::Publish(qos, retain, topic, payload) => self.broker.publish(qos, retain, topic, payload),
            Act::Send(bytes, strange) => {
                let Some(link) = self.link.as_mut().filter(|link| link.stands()) else { return };
                self.trace.say("stranger", || format!("sends {bytes:02x?}"));
                self.broker.distrust();
                self.broker.output.extend_from_slice(&bytes);
                link.askew |= strange == Strange::Askew;
                if strange == Strange::Forbidden && !link.askew && self.broker.has_accepted() {
                    link.doom.get_or_insert(link.sent + self.broker.output.len() as u64);
                }
            }
            Act::Cut(ending, arrives) => {
                if self.link.as_ref().is_some_and(|link| link.stands() && link.ended.is_none()) {
                    self.end(ending, arrives);
                }
            }
            Act::HoldUp(millis) => self.hold(|link, until| link.up.hold(until), millis),
            Act::HoldDown(millis) => self.hold(|link, until| link.down.hold(until), millis),
            Act::Refuse(millis) => self.hold(|link, until| link.refuses_until = until, millis),
        }
    }

    fn hold(&mut self, hold: impl FnOnce(&mut Link, u64), millis: u32) {
        self.trace.say("link", || format!("stalls for {millis} ms"));
        let until = self.now + u64::from(millis);
        if let Some(link) = &mut self.link {
            hold(link, until);
        }
        // It is as if the client had tried to write in vain at the end of it.
        self.conduct.refused = self.conduct.refused.max(until);
    }

    pub(super) fn cut_if_due(&mut self) {
        let due = self.link.as_ref().is_some_and(|link| link.writes_left() == 0 || link.reads_left() == 0);
        if due && self.link.as_ref().is_some_and(|link| link.ended.is_none()) {
            self.cut_now();
        }
    }

    /// Ends the link as its conditions say.
    pub(super) fn cut_now(&mut self) {
        let Some(Cut { ending, arrives, .. }) = self.link.as_ref().and_then(|link| link.cut) else { return };
        self.end(ending, arrives);
    }

    pub(super) fn end(&mut self, ending: Ending, arrives: usize) {
        self.trace.say("link", || format!("ends: {ending:?}"));
        self.deliver(arrives);
        let Some(link) = &mut self.link else { return };
        link.ended = Some(ending);
        link.cut = None;
        match ending {
            Ending::Silent => {
                link.up.hold(u64::MAX);
                link.down.hold(u64::MAX);
                return;
            }
            Ending::Reset => link.down.clear(),
            Ending::Closed => {}
        }
        link.up.clear();
        self.broker.lost();
    }
}
