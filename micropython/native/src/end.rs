//! Whether the other side has closed the link, before a packet is written to it.

use crate::client::{Client, SMALL};
use crate::codes::EWRITELEN;
use crate::mp::{BROKEN, Call, Function, Method, Obj, Py, READABLE, Vm};
use crate::qstrs::q;

/// `_ended(client)`: closes the link and raises `MQTTException(3)` if the other side has closed it or it is broken, as
/// far as that can be seen here. With a socket that the program has put in place of ours, it cannot.
///
/// A close that follows a whole packet is not noticed, because that packet may be a message. The last byte of a packet
/// is left unread, so that a program that polls the socket finds it. A PINGRESP is read, unless the program asked for
/// it.
pub extern "C" fn m_ended(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let (vm, py) = &mut Vm::of(function);
    let [me] = Call::new(n, kw, arguments).exactly(vm, py);
    let client = Client::of(vm, py, me);
    let socket = client.attr(py, q::sock);
    // Byte by byte: a socket that the program has made blocking does not wait for one that is there.
    while socket == client.stream.get() {
        let Some(events) = vm.poll(py, socket) else { break };
        let mut has_ended = client.has_ended.get() || events & BROKEN != 0;
        if !has_ended {
            if events & READABLE == 0 || !client.may_peek(py) || !client.lacks_more(py) {
                break;
            }
            client.is_peeking.set(true);
            let got = client.cold(py, q::_peek, &[me]);
            client.is_peeking.set(false);
            if got == vm.none() {
                break;
            }
            let (bytes, memory, filled) = (vm.buffer(py, got), client.receive.get(), client.filled.get());
            has_ended = bytes.is_empty();
            memory.put(py, filled, bytes);
            client.filled.set(filled + bytes.len().min(1));
            if matches!(memory.part(py, 0, client.filled.get()), [0xd0, 0]) {
                client.filled.set(0);
                client.answered(py);
            }
        }
        if has_ended {
            client.fail(py, EWRITELEN);
        }
    }
    vm.none()
}

impl Client {
    /// Whether what waits may be read here: nothing else is reading it, and our `check_msg` will go on with it.
    fn may_peek(&self, py: &mut Py) -> bool {
        if self.large.get() || self.is_reading.get() || self.is_peeking.get() {
            return false;
        }
        if self.receiver.get() != Obj::NULL {
            return self.receiver.get() == self.thread(py);
        }
        // `check_msg` was not called yet, and the program may have its own that reads from the socket.
        let (mut check_msg, mut own) = (Method::new(), Method::new());
        self.method(py, q::check_msg, &mut check_msg);
        self.method(py, q::_own, &mut own);
        check_msg.0[0] == own.0[0]
    }

    /// Whether the incoming packet lacks more than its last byte, as far as that is known, and there is room for all of
    /// it.
    fn lacks_more(&self, py: &mut Py) -> bool {
        let filled = self.filled.get();
        if self.receive.get().size() == 0
            && let Some(memory) = self.vm.memory(py, SMALL)
        {
            self.receive.set(memory);
        }
        let memory = self.receive.get();
        let length = match memory.part(py, 0, filled) {
            // PINGRESP may end with its second byte; every other packet is longer.
            [0xd0] if !self.asked.get() => 2,
            // The program's own `_read` must see everything after the first byte.
            [_, ..] if !self.own.get() => 0,
            [_, low, ..] if *low < 0x80 => 2 + usize::from(*low),
            [_, low, high, ..] if *high < 0x80 => 3 + (usize::from(*high) << 7 | usize::from(*low & 0x7f)),
            _ => filled + 2,
        };
        length <= memory.size() && length > filled + 1
    }
}
