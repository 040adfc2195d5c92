//! When an acknowledgement goes out: with the call after the one that handed its message over, 50 ms later at most.

use crate::context::{Context, Seen};
use crate::promises::Call;

/// How long an acknowledgement may wait for others.
const GATHER: u64 = 50;

/// An acknowledgement that is to come.
#[derive(Clone, Copy, Debug)]
pub struct Owed {
    /// PUBACK or PUBREC.
    kind: u8,
    id: u16,
    /// When the call began with which it became due.
    due: Option<u64>,
}

impl Context {
    /// A message was handed over.
    pub fn owe(&mut self, qos: u8, id: u16) {
        if qos > 0 {
            self.owed.push(Owed { kind: 3 + qos, id, due: None });
        }
    }

    /// A call has returned that drives the connection, and holds no message.
    pub fn check_acknowledgements(&mut self, call: Call, seen: Seen) {
        let mut world = self.world.borrow_mut();
        let (began, refused) = (world.conduct.call, world.conduct.refused);
        for (kind, id) in std::mem::take(&mut world.conduct.acknowledged) {
            if let Some(at) = self.owed.iter().position(|owed| (owed.kind, owed.id) == (kind, id)) {
                self.owed.remove(at);
            }
        }
        drop(world);
        if !seen.connected || call == Call::Connect {
            return self.owed.clear();
        }
        let mut late = None;
        for owed in &mut self.owed {
            let due = *owed.due.get_or_insert(began);
            let is_over = call == Call::Write || began >= due + GATHER;
            if is_over && refused < due && seen.pending > 0 {
                late = Some(*owed);
            }
        }
        if let Some(owed) = late.filter(|_| self.plan.cost == 0) {
            self.fail(format!("{owed:?} is not written, although the link takes bytes"));
        }
    }
}
