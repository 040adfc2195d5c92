//! Bytes to and from the socket: `_write`, `_read`, and the waits, each of which has an end.

use umqtt_proto::wire::MAX_REMAINING_LENGTH;

use crate::codes::{ECONCLOSE, ECONNOT, ECONTIMEOUT, ENOCON, EREADLEN, ESTRTOLONG, EWRITELEN};
use crate::mp::{Call, Client, Function, Memory, Obj, Q};
use crate::qstrs::q;
use crate::state::{ticks_add, ticks_diff};

/// A buffer that is larger than this is not kept for the next packet.
pub const KEPT: usize = 512;

/// How long a wait may be.
#[derive(Clone, Copy)]
pub enum Patience {
    /// So many milliseconds.
    Milliseconds(isize),
    Endless,
}

impl Client {
    /// Raises `MQTTException(code)`.
    #[inline(never)]
    pub fn raise(self, code: isize) -> ! {
        self.raise_with(&[Obj::int(code)])
    }

    pub fn raise_with(self, arguments: &[Obj]) -> ! {
        self.vm.raise(self.vm.call(self.vm.global(q::MQTTException), arguments))
    }

    /// Closes the link, then raises: nothing more can be made of it.
    #[inline(never)]
    pub fn fail(self, code: isize) -> ! {
        self.vm.method(self.object, q::_close).call_plain();
        self.raise(code)
    }

    pub fn attr(self, name: Q) -> Obj {
        self.vm.attr(self.object, name)
    }

    pub fn store(self, name: Q, value: Obj) {
        self.vm.store(self.object, name, value);
    }

    /// The socket, or an exception with this code when there is none.
    #[inline(never)]
    pub fn socket(self, code: isize) -> Obj {
        let socket = self.attr(q::sock);
        if socket == self.vm.none() {
            self.raise(code);
        }
        socket
    }

    /// The clock, in milliseconds.
    #[inline(never)]
    pub fn now(self) -> usize {
        self.vm.call(self.state().ticks, &[]).as_int().unwrap_or_default() as usize
    }

    /// `socket_timeout`, which is in seconds.
    pub fn socket_timeout(self) -> Patience {
        self.patience(self.attr(q::socket_timeout))
    }

    /// A time in seconds, a number or None.
    #[inline(never)]
    pub fn patience(self, seconds: Obj) -> Patience {
        if seconds == self.vm.none() {
            Patience::Endless
        } else {
            Patience::Milliseconds(self.vm.milliseconds(seconds))
        }
    }

    /// Waits until a poller has something to tell; false when the time is over before.
    fn wait(self, poller: Q, patience: Patience) -> bool {
        let time = Obj::int(match patience {
            Patience::Milliseconds(time) => time,
            Patience::Endless => -1,
        });
        let poller = self.attr(poller);
        if poller == self.vm.none() {
            self.raise(ECONNOT);
        }
        match self.vm.method_maybe(poller, q::ipoll) {
            Some(poll) => self.vm.iterate(poll.call(time, Obj::NULL)).next().is_some(),
            None => self.vm.is_true(self.vm.method(poller, q::poll).call(time, Obj::NULL)),
        }
    }

    /// Does `step` until it gives something but None; `None` when the time is over.
    ///
    /// The socket is tried before it is waited for: it is ready, as a rule.
    #[inline(never)]
    fn try_until(self, poller: Q, patience: Patience, step: &mut dyn FnMut() -> Obj) -> Option<Obj> {
        let mut end = None;
        let mut left = patience;
        loop {
            let result = step();
            if result != self.vm.none() {
                return Some(result);
            }
            if let Patience::Milliseconds(time) = patience {
                let now = self.now();
                let end = *end.get_or_insert(ticks_add(now, time));
                let time = ticks_diff(end, now);
                // A poller that is always ready, and a socket that never is, end here.
                if time < 0 {
                    return None;
                }
                left = Patience::Milliseconds(time);
            }
            if !self.wait(poller, left) {
                return None;
            }
        }
    }

    /// Writes bytes that `object` holds, all of them.
    #[inline(never)]
    pub fn write_all(self, object: Obj, length: usize) {
        let mut object = object;
        let mut length = length;
        let mut begun = false;
        let patience = self.socket_timeout();
        loop {
            let socket = self.socket(ECONNOT);
            let written = self.try_until(q::poller_w, patience, &mut || {
                #[allow(clippy::cast_possible_wrap)]
                self.vm.method(socket, q::write).call(object, Obj::int(length as isize))
            });
            let Some(written) = written else {
                // Half a packet is on its way: what would follow it is lost for the other side.
                if begun {
                    self.fail(EWRITELEN);
                }
                self.raise(ECONTIMEOUT);
            };
            begun = true;
            self.state().sent = true;
            let written = written.as_int().unwrap_or_default() as usize;
            if written >= length {
                return;
            }
            if written == 0 {
                self.fail(EWRITELEN);
            }
            let rest = self.vm.buffer(object).get(written..length).unwrap_or_default();
            length -= written;
            object = self.vm.view(rest);
        }
    }

    /// Sends the packet that stands in the transmit buffer, by way of `_write`, whoever wrote that.
    #[inline(never)]
    pub fn send(self, length: usize) {
        let state = self.state();
        let packet = state.packet.show(state.transmit.as_ref().get(..length).unwrap_or_default());
        self.write(packet, length);
    }

    /// Calls `_write`.
    pub fn write(self, object: Obj, length: usize) {
        let write = self.vm.method(self.object, q::_write);
        if self.vm.is_own(&write, m_write) {
            self.write_all(object, length);
        } else {
            write.call(object, Obj::NULL);
        }
    }

    /// Room for a packet in the transmit buffer; raises MemoryError.
    #[inline(never)]
    pub fn transmit_room(&self, size: usize) -> &mut [u8] {
        if self.state().transmit.as_ref().len() < size {
            self.state().transmit = self.vm.memory(&Memory::NONE, size);
        }
        self.state().transmit.as_mut()
    }

    /// Reads at most `count` bytes into the receiver's room behind the stash; `None` when none came in time.
    #[inline(never)]
    pub fn receive(self, code: isize, count: usize, patience: Patience) -> Option<usize> {
        let socket = self.socket(code);
        let got =
            self.try_until(q::poller_r, patience, &mut || match self.vm.method_maybe(socket, q::readinto) {
                Some(read) => {
                    let state = self.state();
                    let room = state.receiver.unfilled().get_mut(state.stash..).unwrap_or_default();
                    let room = room.get(..count.min(room.len())).unwrap_or_default();
                    read.call(state.room.show(room), Obj::NULL)
                }
                None => {
                    #[allow(clippy::cast_possible_wrap)]
                    let bytes = self.vm.method(socket, q::read).call(Obj::int(count as isize), Obj::NULL);
                    if bytes == self.vm.none() { bytes } else { self.put(self.vm.buffer(bytes)) }
                }
            })?;
        let got = got.as_int().unwrap_or_default() as usize;
        if got == 0 {
            self.raise(ECONCLOSE);
        }
        Some(got.min(count))
    }

    /// Copies bytes into the receiver's room behind the stash; tells how many.
    pub fn put(self, bytes: &[u8]) -> Obj {
        let state = self.state();
        let room = state.receiver.unfilled().get_mut(state.stash..).unwrap_or_default();
        let count = room.len().min(bytes.len());
        for (to, from) in room.iter_mut().zip(bytes) {
            *to = *from;
        }
        #[allow(clippy::cast_possible_wrap)]
        Obj::int(count as isize)
    }

    /// Makes room for `size` bytes in the receive buffer; false when there is no memory.
    #[inline(never)]
    pub fn receive_room(self, size: usize) -> bool {
        let memory = self.state().receiver.buffer_mut();
        if memory.as_ref().len() >= size {
            return true;
        }
        match self.vm.reallocate(memory, size) {
            Some(memory) => {
                *self.state().receiver.buffer_mut() = memory;
                true
            }
            None => false,
        }
    }
}

/// `_write(buf, length=-1)`
pub extern "C" fn m_write(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let call = Call::new(function, n, kw, arguments);
    let vm = call.vm;
    let [me, object, length] = vm.arguments(&call, 2, [q::self_, q::msg, q::length]);
    let client = Client::of(vm, me);
    let mut count = vm.buffer(object).len();
    if length != Obj::NULL {
        count = count.min(vm.int(length) as usize);
    }
    client.write_all(object, count);
    #[allow(clippy::cast_possible_wrap)]
    Obj::int(count as isize)
}

/// `_read(n)`
pub extern "C" fn m_read(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let call = Call::new(function, n, kw, arguments);
    let vm = call.vm;
    let [me, count] = vm.arguments(&call, 2, [q::self_, q::n]);
    let client = Client::of(vm, me);
    let count = vm.int(count);
    if count < 0 {
        client.raise(EREADLEN);
    }
    let count = count as usize;
    let held = client.state().receiver.held();
    if count > MAX_REMAINING_LENGTH as usize || !client.receive_room(held + count) {
        client.raise(ESTRTOLONG);
    }
    let patience = client.socket_timeout();
    loop {
        let stash = client.state().stash;
        if stash >= count {
            break;
        }
        match client.receive(ENOCON, count - stash, patience) {
            Some(got) => client.state().stash += got,
            None => client.raise(ECONTIMEOUT),
        }
    }
    client.state().stash = 0;
    vm.bytes(client.state().receiver.unfilled().get(..count).unwrap_or_default())
}
