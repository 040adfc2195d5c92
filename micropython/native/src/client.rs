//! What a client remembers besides its Python attributes, and what every part of the module does with it.

use core::cell::Cell;

use umqtt_proto::{EncodeError, PacketId};

use crate::mp::{Lent, Memory, Method, Obj, Py, Q, Vm};
use crate::qstrs::q;

/// The state of one client. It is in a block of MicroPython's heap, which the attribute `_m` keeps.
pub struct Client {
    /// The address of this block.
    pub address: usize,
    /// MicroPython, as the module `_link` sees it.
    pub vm: Vm,
    /// The client itself.
    pub object: Cell<Obj>,
    /// Our own `_read` and `_write`, to see whether a subclass overrides them.
    pub own_read: Cell<Obj>,
    pub own_write: Cell<Obj>,
    /// `time.ticks_ms`, and `_thread.get_ident` or None.
    pub ticks: Cell<Obj>,
    pub ident: Cell<Obj>,
    /// The outgoing packet, and the object that shows it.
    pub transmit: Cell<Memory>,
    pub packet: Cell<Lent>,
    /// The socket, if it reports its own events, and whether it is polled before each read.
    pub stream: Cell<Obj>,
    pub looks_first: Cell<bool>,
    /// The socket that was read from last, and its method that reads.
    pub socket: Cell<Obj>,
    pub reader: Cell<[Obj; 2]>,
    pub reads_into: Cell<bool>,
    pub own: Cell<bool>,
    /// The incoming packet, how much of it has come, and the object that takes its bytes from the socket.
    pub receive: Cell<Memory>,
    pub filled: Cell<usize>,
    pub room: Cell<Lent>,
    /// The message whose PUBACK waits for its callback.
    pub unacknowledged: Cell<Option<PacketId>>,
    /// Where that PUBACK is written: another thread may have a packet in the transmit buffer.
    pub pub_ack: Cell<[u8; 4]>,
    /// The same for a link that has ended, until it is known whether the session goes on.
    pub held: Cell<Option<PacketId>>,
    /// The packet in the transmit buffer has no id yet.
    pub is_provisional: Cell<bool>,
    pub in_callback: Cell<bool>,
    /// The thread that called `check_msg` last on this link, if any; only it checks whether the link has ended.
    pub receiver: Cell<Obj>,
    /// Whether the socket's method that reads is running, and whether `_peek` is.
    pub is_reading: Cell<bool>,
    pub is_peeking: Cell<bool>,
    /// A read has found that the other side has closed the link.
    pub has_ended: Cell<bool>,
    /// The rest of a large message is still to be read.
    pub large: Cell<bool>,
    /// Whether something was sent since the clock was last read.
    pub sent: Cell<bool>,
    /// Whether a PINGREQ of the keep-alive has no answer yet, and whether the client sent one by itself.
    pub pinged: Cell<bool>,
    pub asked: Cell<bool>,
    /// There is a keep-alive.
    pub alive: Cell<bool>,
    /// Readings of the clock: when something was last sent, a packet came, the PINGREQ went out and time-outs were
    /// checked, and when to check them again.
    pub last_sent: Cell<usize>,
    pub last_received: Cell<usize>,
    pub last_ping: Cell<usize>,
    pub last_look: Cell<usize>,
    pub next_look: Cell<usize>,
    pub ids: Ids,
}

/// The smallest receive buffer.
pub const SMALL: usize = 64;

/// What a packet id is used for.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Nothing any more: it timed out, but the broker may still answer it.
    TimedOut = 0,
    Publish,
    ExactlyOnce,
    Subscribe,
    Unsubscribe,
}

/// The last packet ids and what they were used for; a newer one replaces the oldest.
pub struct Ids {
    entries: [Cell<Option<(PacketId, Kind)>>; IDS],
    next: Cell<u8>,
}

/// How many ids are remembered.
const IDS: usize = 16;

impl Ids {
    /// What an id was used for, if that is remembered.
    #[inline(never)]
    pub fn kind(&self, id: PacketId) -> Option<Kind> {
        self.entries.iter().filter_map(Cell::get).find(|entry| entry.0 == id).map(|entry| entry.1)
    }

    pub fn remember(&self, id: PacketId, kind: Kind) {
        self.forget(id);
        let next = usize::from(self.next.get()) % IDS;
        if let Some(entry) = self.entries.get(next) {
            entry.set(Some((id, kind)));
        }
        self.next.set(self.next.get().wrapping_add(1));
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

/// Why a packet was not encoded: it needs this many bytes, or this argument is not allowed.
pub enum Failure {
    TooSmall(usize),
    Refused(Q),
}

impl Failure {
    pub const fn of(error: EncodeError, name: Q) -> Self {
        match error {
            EncodeError::BufferTooSmall { needed } => Self::TooSmall(needed),
            EncodeError::TooLong => Self::Refused(name),
        }
    }
}

/// `time.ticks_diff`: the milliseconds between two readings of MicroPython's clock.
///
/// The clock has as many bits as a non-negative small integer.
pub const fn ticks_diff(later: usize, earlier: usize) -> isize {
    (later.wrapping_sub(earlier) << 2) as isize >> 2
}

/// `time.ticks_add`
pub const fn ticks_add(ticks: usize, milliseconds: isize) -> usize {
    ticks.wrapping_add_signed(milliseconds) & (usize::MAX >> 2)
}

impl Client {
    #[inline(never)]
    pub fn attr(&self, py: &mut Py, name: Q) -> Obj {
        self.vm.attr(py, self.object.get(), name)
    }

    #[inline(never)]
    pub fn method(&self, py: &mut Py, name: Q, call: &mut Method) {
        self.vm.method(py, self.object.get(), name, call);
    }

    /// The clock, in milliseconds.
    #[inline(never)]
    pub fn now(&self, py: &mut Py) -> usize {
        self.vm.call(py, self.ticks.get(), &[]).as_int().unwrap_or_default() as usize
    }

    /// Notes that a packet came, or a part of a long one.
    #[inline(never)]
    pub fn heard(&self, py: &mut Py) {
        let now = self.now(py);
        self.last_received.set(now);
        #[allow(clippy::cast_possible_wrap)]
        self.vm.store(py, self.object.get(), q::last_cpacket, Obj::int(now as isize));
    }

    /// Notes that a PINGRESP came.
    #[inline(never)]
    pub fn answered(&self, py: &mut Py) {
        self.pinged.set(false);
        self.asked.set(false);
        self.heard(py);
    }

    /// Encodes a packet into the transmit buffer, which it replaces by a larger one if needed; returns the packet's
    /// length. Raises `MemoryError`, and `AssertionError` for an argument that is refused.
    #[inline(always)]
    pub fn encode(
        &self,
        py: &mut Py,
        mut attempt: impl FnMut(&Py, Memory) -> Result<usize, Failure>,
    ) -> usize {
        self.is_provisional.set(false);
        loop {
            match attempt(py, self.transmit.get()) {
                Ok(length) => return length,
                Err(Failure::TooSmall(needed)) => {
                    // This is a new block: a program that kept a view of the old one still has its bytes.
                    let memory = self.vm.memory_or_raise(py, needed.max(64));
                    self.transmit.set(memory);
                }
                Err(Failure::Refused(name)) => self.vm.refuse(py, name),
            }
        }
    }

    /// Whether the program has put a socket in place of ours.
    pub fn is_replaced(&self, socket: Obj) -> bool {
        self.stream.get() != Obj::NULL && self.stream.get() != socket
    }

    /// The running thread, if the port has threads.
    #[inline(never)]
    pub fn thread(&self, py: &mut Py) -> Obj {
        let ident = self.ident.get();
        if ident == self.vm.none() { Obj::int(0) } else { self.vm.call(py, ident, &[]) }
    }

    /// Calls a function of the module `_link`, which has everything that is not needed for every message.
    #[inline(never)]
    pub fn cold(&self, py: &mut Py, name: Q, arguments: &[Obj]) -> Obj {
        let function = self.vm.global(py, name);
        self.vm.call(py, function, arguments)
    }

    /// Closes the link and raises `MQTTException(code)`: the link cannot be used any more.
    #[inline(never)]
    pub fn fail(&self, py: &mut Py, code: isize) -> ! {
        self.cold(py, q::_close, &[self.object.get()]);
        self.vm.raise_code(py, code)
    }
}
