//! What can happen in a state.

use std::fmt;

use umqtt_proto::{Goal, Phase};

use crate::config::{Config, Sessions};
use crate::link::State;
use crate::list::List;
use crate::memory::Device;
use crate::shelf::Fault;
use crate::world::{At, With, World};

/// What becomes of bytes that the link has taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    Arrives,
    /// They arrive, and the answers are late.
    IsLate,
    /// They are lost, and so is all that follows them.
    IsLost,
}

/// Something that happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Action {
    // The program.
    Connect {
        clean: bool,
        after_loss: bool,
        is_refused: bool,
    },
    /// It makes its next request.
    Request,
    /// It gives the next bytes of a large message.
    Feed,
    Ping,
    Begin {
        goal: Goal,
        with: With,
    },
    /// It does nothing until something is due.
    Rest,
    /// It does nothing for long.
    Oversleep,
    // The link.
    Take {
        count: u8,
        fate: Fate,
    },
    TakeNothing,
    Give {
        count: u8,
    },
    #[default]
    Break,
    /// What is late arrives.
    Arrive,
    /// A wait ends.
    Wake,
    /// A wait ends because its time is over.
    Time,
    // The broker.
    Send,
    // The device.
    PowerCut,
}

/// An action, and what the store's medium does at one of its accesses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Move {
    pub action: Action,
    pub fault: Option<(u8, Fault)>,
}

pub type Actions = List<Action, 24>;

/// How long the program waits for an event where something is timed.
pub const LOOK: u32 = 3_000;

/// All that can happen.
pub fn actions<D: Device>(world: &World<D>, config: &Config) -> Actions {
    let mut all = Actions::new();
    match world.call.at {
        At::Rest => at_rest(world, config, &mut all),
        At::Read => {
            let mut receiver = world.receiver.clone();
            let room = match world.held {
                Some(held) => receiver.lend(held.notice).1.unfilled().len(),
                None => receiver.unfilled().len(),
            };
            for &count in world.link.reads(room, config.reads).as_slice() {
                all.push(Action::Give { count });
            }
        }
        At::Write => at_write(world, config, &mut all),
        At::Wait { read, write, .. } => {
            let readable = read && world.link.readable() > 0;
            let writable = write && world.link.state != State::Dead;
            if readable || writable {
                all.push(Action::Wake);
            }
            if config.is_timed && !readable {
                all.push(Action::Time);
            }
        }
    }
    if world.call.at != At::Rest && may_break(world, config) {
        all.push(Action::Break);
    }
    if world.link.state == State::Late {
        all.push(Action::Arrive);
    }
    // While bytes are written, sending is as good as sending before or after that.
    if world.call.at != At::Write && world.link.has_room() && world.broker.can_send(config) {
        all.push(Action::Send);
    }
    if config.wrongs.power && world.call.at != At::Write {
        all.push(Action::PowerCut);
    }
    all
}

/// A broken link is noticed when it is read or written.
fn may_break<D: Device>(world: &World<D>, config: &Config) -> bool {
    let ends = world.link.state == State::Dead || world.link.is_ended();
    (config.wrongs.cuts || ends) && world.call.at != At::Rest
}

fn at_rest<D: Device>(world: &World<D>, config: &Config, all: &mut Actions) {
    let look = |all: &mut Actions, millis| {
        all.push(Action::Begin { goal: Goal::Event(millis), with: With::Receiver });
    };
    look(all, 0);
    if world.phase() == Phase::Disconnected {
        at_rest_without_connection(world, config, all);
        return;
    }
    if world.witness.next_request().is_some() {
        all.push(Action::Request);
    }
    if world.feeding.is_some() {
        all.push(Action::Feed);
    }
    if config.calls.ping && world.engine.session().pending().is_empty() && world.link.is_empty() {
        all.push(Action::Ping);
    }
    let flush = |with| Action::Begin { goal: Goal::Flush, with };
    if !world.engine.session().pending().is_empty() {
        if config.calls.flush {
            all.push(flush(With::Receiver));
        }
        if config.calls.flush_holding && world.held.is_some() {
            all.push(flush(With::HeldMessage));
        }
        if config.calls.flush_blind {
            all.push(flush(With::Nothing));
        }
    }
    if config.calls.close {
        all.push(Action::Begin { goal: Goal::Close, with: With::Receiver });
    }
    if config.is_timed {
        look(all, LOOK);
        if !world.has_rested {
            all.push(Action::Rest);
            if config.wrongs.laziness {
                all.push(Action::Oversleep);
            }
        }
    }
}

fn at_rest_without_connection<D: Device>(world: &World<D>, config: &Config, all: &mut Actions) {
    let mut connect = |clean: bool| {
        let normal = (false, false);
        let loss =
            (config.wrongs.session_loss && world.broker.has_session() && !clean).then_some((true, false));
        let refusal = config.wrongs.refusals.then_some((false, true));
        for (after_loss, is_refused) in [Some(normal), loss, refusal].into_iter().flatten() {
            all.push(Action::Connect { clean, after_loss, is_refused });
        }
    };
    if config.sessions != Sessions::Clean {
        connect(false);
    }
    if config.sessions != Sessions::Kept {
        connect(true);
    }
}

fn at_write<D: Device>(world: &World<D>, config: &Config, all: &mut Actions) {
    let pending = world.engine.session().pending();
    let counts = world.link.writes(pending, config.writes);
    for &count in counts.as_slice() {
        all.push(Action::Take { count, fate: Fate::Arrives });
    }
    let count = pending.len() as u8;
    if world.link.state == State::Up {
        if config.wrongs.black_holes {
            all.push(Action::Take { count, fate: Fate::IsLost });
        }
        if config.is_timed {
            all.push(Action::Take { count, fate: Fate::IsLate });
        }
    }
    // What does not get through is taken all the same, unless a link that stalls for ever is of interest.
    if !world.call.is_writable && (world.link.state == State::Up || config.is_timed) {
        all.push(Action::TakeNothing);
    }
}

/// Whether an action is what happens when nothing goes wrong: all that is needed to come to an end.
pub fn is_progress<D: Device>(world: &World<D>, action: Action, config: &Config) -> bool {
    let is_dead = world.link.state == State::Dead;
    match action {
        Action::Connect { clean, after_loss, is_refused } => {
            !after_loss && !is_refused && (!clean || config.sessions == Sessions::Clean)
        }
        Action::Begin { goal, .. } => goal != Goal::Close,
        Action::Take { fate, .. } => fate == Fate::Arrives,
        // Over a dead link the engine must find out by itself, if it has the time.
        Action::Break => is_dead && !config.is_timed || world.link.is_ended(),
        Action::Rest => is_dead,
        // A wait for an event has to end.
        Action::Time => is_dead || matches!(world.call.at, At::Wait { write: false, .. }),
        Action::TakeNothing => is_dead,
        Action::PowerCut | Action::Ping | Action::Oversleep => false,
        Action::Request
        | Action::Feed
        | Action::Give { .. }
        | Action::Arrive
        | Action::Wake
        | Action::Send => true,
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.action {
            Action::Connect { clean, after_loss, is_refused } => {
                if after_loss {
                    f.write_str("The broker loses the session. ")?;
                }
                let session = if clean { "a clean session" } else { "the kept session" };
                write!(f, "The program opens a link and connects with {session}")?;
                f.write_str(if is_refused { "; the broker is going to refuse it" } else { "" })
            }
            Action::Request => f.write_str("The program makes a request"),
            Action::Ping => f.write_str("The program asks for PINGREQ"),
            Action::Feed => f.write_str("The program gives the next bytes of its large message"),
            Action::Begin { goal, with } => {
                match goal {
                    Goal::Event(0) => f.write_str("The program looks for an event")?,
                    Goal::Event(millis) => write!(f, "The program waits {millis} ms for an event")?,
                    Goal::Flush => f.write_str("The program flushes")?,
                    Goal::Close => f.write_str("The program disconnects")?,
                }
                f.write_str(match with {
                    With::Receiver => "",
                    With::HeldMessage => ", while it holds the message",
                    With::Nothing => ", without its receiver",
                })
            }
            Action::Rest => f.write_str("The program does nothing until something is due"),
            Action::Oversleep => f.write_str("The program does nothing for too long"),
            Action::Take { count, fate } => {
                write!(f, "The link takes {count} bytes")?;
                f.write_str(match fate {
                    Fate::Arrives => "",
                    Fate::IsLate => "; the answers are late from now on",
                    Fate::IsLost => " and loses them, as all that follows",
                })
            }
            Action::TakeNothing => f.write_str("The link takes nothing now"),
            Action::Give { count: 0 } => f.write_str("The link has nothing to read"),
            Action::Give { count } => write!(f, "The link gives {count} bytes"),
            Action::Break => f.write_str("The link breaks"),
            Action::Arrive => f.write_str("The answers that were late arrive"),
            Action::Wake => f.write_str("The wait for the link ends"),
            Action::Time => f.write_str("The time of the wait goes by"),
            Action::Send => f.write_str("The broker sends what comes next"),
            Action::PowerCut => f.write_str("The device loses power and starts again"),
        }?;
        match self.fault {
            None => Ok(()),
            Some((access, Fault::Fails)) => write!(f, "; access {} of the store fails", access + 1),
            Some((access, Fault::PowerBefore)) => {
                write!(
                    f,
                    "; the device loses power before access {} of the store, and starts again",
                    access + 1
                )
            }
            Some((access, Fault::PowerAfter)) => {
                write!(
                    f,
                    "; the device loses power after access {} of the store, and starts again",
                    access + 1
                )
            }
        }
    }
}
