//! Which packet ids are in use, and what is awaited.

use umqtt_proto::PacketId;

use crate::client::{Client, Kind, ticks_add};
use crate::codes::ECONNOT;
use crate::mp::{Obj, Py, Vm};
use crate::qstrs::q;

impl Vm {
    #[inline(never)]
    pub fn packet_id(&self, py: &mut Py, pid: Obj) -> PacketId {
        match pid.as_id() {
            Some(id) => id,
            None => self.refuse(py, q::pid),
        }
    }
}

impl Client {
    /// When an acknowledgement is overdue, as `rcv_pids` has it; None for never.
    #[inline(never)]
    pub fn deadline(&self, py: &mut Py) -> Obj {
        let timeout = self.attr(py, q::message_timeout);
        if timeout == self.vm.none() {
            return timeout;
        }
        let timeout = self.vm.int(py, timeout).wrapping_mul(1000);
        #[allow(clippy::cast_possible_wrap)]
        Obj::int(ticks_add(self.now(py), timeout) as isize)
    }

    /// Awaits an acknowledgement from now on; returns the id.
    #[inline(never)]
    pub fn expect(&self, py: &mut Py, id: PacketId, kind: Kind, deadline: Obj) -> Obj {
        let pid = Obj::from_id(id);
        self.ids.remember(id, kind);
        let pids = self.attr(py, q::rcv_pids);
        self.vm.set_item(py, pids, pid, deadline);
        pid
    }

    /// The next packet id of `newpid` that the broker will not answer any more. If `newpid` repeats its ids, it is one
    /// of these.
    #[inline(never)]
    pub fn next_id(&self, py: &mut Py) -> PacketId {
        if self.attr(py, q::sock) == self.vm.none() {
            // Without a link no id is taken.
            self.vm.raise_code(py, ECONNOT);
        }
        let ids = self.attr(py, q::newpid);
        let mut ids = self.vm.iterate(py, ids);
        let (mut first, mut known, mut count) = (Obj::NULL, Obj::NULL, 0_usize);
        loop {
            let Some(pid) = self.vm.next(py, &mut ids) else { self.vm.refuse(py, q::pid) };
            let id = self.vm.packet_id(py, pid);
            if self.ids.kind(id).is_none() {
                let pids = self.attr(py, q::rcv_pids);
                if !self.vm.contains(py, pids, pid) {
                    return id;
                }
            }
            // This finds every cycle of ids, because `known` is kept for twice as long each time.
            if pid == first || pid == known {
                return id;
            }
            count += 1;
            if count == 1 {
                first = pid;
            }
            if count & (count - 1) == 0 {
                known = pid;
            }
        }
    }
}
