//! What a client remembers besides its Python attributes, and what every part of the module does with it.

use core::cell::Cell;

use umqtt_proto::{EncodeError, PacketId};

use crate::mp::{Lent, Memory, Method, Obj, Py, Q, Vm};
use crate::qstrs::q;

/// The state of one client; it lives in a block of MicroPython's heap, which `_m` holds.
pub struct Client {
    /// Where this is.
    pub address: usize,
    /// As `_link` sees it.
    pub vm: Vm,
    /// The client itself.
    pub object: Cell<Obj>,
    /// `_read` and `_write` as they are when no subclass has its own, to be compared with.
    pub own_read: Cell<Obj>,
    pub own_write: Cell<Obj>,
    /// `time.ticks_ms`, and `_thread.get_ident` or None.
    pub ticks: Cell<Obj>,
    pub ident: Cell<Obj>,
    /// The packet that goes out, and the object that shows it.
    pub transmit: Cell<Memory>,
    pub packet: Cell<Lent>,
    /// The socket, if it can tell by itself what there is, and whether a look at that comes before a read.
    pub stream: Cell<Obj>,
    pub looks_first: Cell<bool>,
    /// The socket that was read from last, and its method that reads.
    pub socket: Cell<Obj>,
    pub reader: Cell<[Obj; 2]>,
    pub reads_into: Cell<bool>,
    pub own: Cell<bool>,
    /// The packet that comes in, how much of it is there, and the object that takes its bytes from the socket.
    pub receive: Cell<Memory>,
    pub filled: Cell<usize>,
    pub room: Cell<Lent>,
    /// The message whose PUBACK waits for its callback.
    pub unacknowledged: Cell<Option<PacketId>>,
    /// Where that PUBACK is written: another thread may have a packet in the transmit buffer.
    pub pub_ack: Cell<[u8; 4]>,
    /// The same of a link that has ended, until it is known whether the session goes on.
    pub held: Cell<Option<PacketId>>,
    /// The packet in the transmit buffer has no id yet.
    pub is_provisional: Cell<bool>,
    pub in_callback: Cell<bool>,
    /// The thread that called `check_msg` last, if any did on this link; only it looks for the end.
    pub receiver: Cell<Obj>,
    /// A socket's method that reads is under way; and `_peek`.
    pub is_reading: Cell<bool>,
    pub is_peeking: Cell<bool>,
    /// The rest of a large message is still to be read.
    pub large: Cell<bool>,
    /// Something was sent since the last look at the clock.
    pub sent: Cell<bool>,
    /// A PINGREQ of the keep-alive has no answer yet; and one that the program did not send.
    pub pinged: Cell<bool>,
    pub asked: Cell<bool>,
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

/// The smallest receive buffer.
pub const SMALL: usize = 64;

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
    next: Cell<u8>,
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

/// Why a packet was not encoded: it needs so many bytes, or this argument is not allowed.
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

    /// A packet came, or a part of one that is long under way.
    #[inline(never)]
    pub fn heard(&self, py: &mut Py) {
        let now = self.now(py);
        self.last_received.set(now);
        #[allow(clippy::cast_possible_wrap)]
        self.vm.store(py, self.object.get(), q::last_cpacket, Obj::int(now as isize));
    }

    /// PINGRESP came.
    #[inline(never)]
    pub fn answered(&self, py: &mut Py) {
        self.pinged.set(false);
        self.asked.set(false);
        self.heard(py);
    }

    /// Has a packet encoded into the transmit buffer, and makes that larger if it must; gives the packet's length. Raises
    /// `MemoryError`, and `AssertionError` for what is refused.
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
                    // Another block: whoever kept what was shown of this one has it as it is.
                    let memory = self.vm.memory_or_raise(py, needed.max(64));
                    self.transmit.set(memory);
                }
                Err(Failure::Refused(name)) => self.vm.refuse(py, name),
            }
        }
    }

    /// The thread that runs, where there are threads.
    #[inline(never)]
    pub fn thread(&self, py: &mut Py) -> Obj {
        let ident = self.ident.get();
        if ident == self.vm.none() { Obj::int(0) } else { self.vm.call(py, ident, &[]) }
    }

    /// Calls a function of the module `_link`, where all is that is not needed for every message.
    #[inline(never)]
    pub fn cold(&self, py: &mut Py, name: Q, arguments: &[Obj]) -> Obj {
        let function = self.vm.global(py, name);
        self.vm.call(py, function, arguments)
    }

    /// Raises `MQTTException(code)` after closing the link: nothing more can be made of it.
    #[inline(never)]
    pub fn fail(&self, py: &mut Py, code: isize) -> ! {
        self.cold(py, q::_close, &[self.object.get()]);
        self.vm.raise_code(py, code)
    }
}
