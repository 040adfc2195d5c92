//! What a client remembers besides its Python attributes, and what every part of the module does with it.

use core::cell::Cell;

use umqtt_proto::PacketId;

use crate::mp::{Lent, Memory, Method, Obj, Q, Vm};
use crate::qstrs::q;

/// The state of one client; it lives in a block of MicroPython's heap, which `_m` holds.
pub struct Client {
    pub vm: Vm,
    /// The client itself.
    pub object: Cell<Obj>,
    /// `_read` and `_write` as they are when no subclass has its own.
    pub own_read: Obj,
    pub own_write: Obj,
    /// `time.ticks_ms`
    pub ticks: Obj,
    /// The packet that goes out, and the object that shows it.
    pub transmit: Cell<Memory>,
    pub packet: Lent,
    /// The socket, and its method that reads, or none when packets come by way of a subclass's `_read`.
    pub socket: Cell<Obj>,
    pub reader: Cell<[Obj; 2]>,
    pub reads_into: Cell<bool>,
    pub own: Cell<bool>,
    /// The packet that comes in, how much of it is there, and the object that takes its bytes from the socket.
    pub receive: Cell<Memory>,
    pub filled: Cell<usize>,
    pub room: Lent,
    /// The message whose PUBACK waits for its callback.
    pub unacknowledged: Cell<Option<PacketId>>,
    pub in_callback: Cell<bool>,
    /// The rest of a large message is still to be read.
    pub large: Cell<bool>,
    /// Something was sent since the last look at the clock.
    pub sent: Cell<bool>,
    /// A PINGREQ has no answer yet.
    pub pinged: Cell<bool>,
    /// There is a keep-alive.
    pub alive: Cell<bool>,
    /// By the clock: when something was sent, when a packet came, when the PINGREQ went out, when we looked, and
    /// when to look again.
    pub last_sent: Cell<usize>,
    pub last_received: Cell<usize>,
    pub last_ping: Cell<usize>,
    pub last_look: Cell<usize>,
    pub next_look: Cell<usize>,
    pub ids: Ids,
}

/// What a packet id is used for.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Nothing any more: it timed out, but the broker may still answer.
    TimedOut = 0,
    Publish,
    ExactlyOnce,
    Subscribe,
    Unsubscribe,
}

/// The last packet ids and what they were used for; a newer one takes the place of the oldest.
pub struct Ids {
    entries: [Cell<Option<(PacketId, Kind)>>; IDS],
    next: Cell<usize>,
}

/// How many ids are remembered.
const IDS: usize = 16;

impl Ids {
    /// What an id was used for, if it is remembered.
    #[inline(never)]
    pub fn kind(&self, id: PacketId) -> Option<Kind> {
        self.entries.iter().filter_map(Cell::get).find(|entry| entry.0 == id).map(|entry| entry.1)
    }

    pub fn remember(&self, id: PacketId, kind: Kind) {
        self.forget(id);
        let next = self.next.get();
        if let Some(entry) = self.entries.get(next) {
            entry.set(Some((id, kind)));
        }
        self.next.set(if next + 1 < IDS { next + 1 } else { 0 });
    }

    #[inline(never)]
    pub fn forget(&self, id: PacketId) {
        for entry in &self.entries {
            if matches!(entry.get(), Some((known, _)) if known == id) {
                entry.set(None);
            }
        }
    }

    #[cfg(feature = "link")]
    pub fn clear(&self) {
        for entry in &self.entries {
            entry.set(None);
        }
    }
}

/// The later of two readings of MicroPython's clock less the earlier, in milliseconds: `time.ticks_diff`.
///
/// The clock counts in as many bits as a small integer that is not negative.
pub const fn ticks_diff(later: usize, earlier: usize) -> isize {
    (later.wrapping_sub(earlier) << 2) as isize >> 2
}

/// `time.ticks_add`
pub const fn ticks_add(ticks: usize, milliseconds: isize) -> usize {
    ticks.wrapping_add_signed(milliseconds) & (usize::MAX >> 2)
}

impl Client {
    #[inline(never)]
    pub fn attr(&self, name: Q) -> Obj {
        self.vm.attr(self.object.get(), name)
    }

    #[inline(never)]
    pub fn method(&self, name: Q, call: &mut Method) {
        self.vm.method(self.object.get(), name, call);
    }

    /// The clock, in milliseconds.
    #[inline(never)]
    pub fn now(&self) -> usize {
        self.vm.call(self.ticks, &[]).as_int().unwrap_or_default() as usize
    }

    /// A packet came.
    #[inline(never)]
    pub fn heard(&self) {
        let now = self.now();
        self.last_received.set(now);
        #[allow(clippy::cast_possible_wrap)]
        self.vm.store(self.object.get(), q::last_cpacket, Obj::int(now as isize));
    }

    /// Room for a packet of `size` bytes in the transmit buffer; raises `MemoryError`.
    #[inline(never)]
    pub fn transmit_room(&self, size: usize) -> &mut [u8] {
        if self.transmit.get().size() < size {
            self.transmit.set(self.vm.memory_or_raise(size.max(64)));
        }
        self.transmit.get().bytes()
    }

    /// Calls a function of the module `_link`, where all is that is not needed for every message.
    #[inline(never)]
    pub fn cold(&self, name: Q, arguments: &[Obj]) -> Obj {
        self.vm.call(self.vm.attr(link(&self.vm), name), arguments)
    }

    /// Raises `MQTTException(code)` after closing the link: nothing more can be made of it.
    #[inline(never)]
    pub fn fail(&self, code: isize) -> ! {
        self.cold(q::_close, &[self.object.get()]);
        self.vm.raise_code(code)
    }
}

#[cfg(feature = "link")]
impl Client {
    /// Sets what is not zero in a new client.
    pub fn fill(&mut self, object: Obj) {
        let vm = self.vm;
        let class = vm.global(q::MQTTClient);
        self.object.set(object);
        self.own_read = vm.attr(class, q::_read);
        self.own_write = vm.attr(class, q::_write);
        self.ticks = vm.global(q::ticks_ms);
        self.packet = vm.lent();
        self.room = vm.lent();
    }
}

/// The module `_link`; imports it when it is needed for the first time.
#[inline(never)]
pub fn link(vm: &Vm) -> Obj {
    let link = vm.global(q::_link);
    if link == vm.none() { vm.call(vm.global(q::_load), &[]) } else { link }
}
