//! How a packet gets to the socket.

use crate::client::Client;
use crate::mp::{Lent, Memory, Method, Obj, Py};
use crate::qstrs::q;

impl Client {
    /// Writes the packet in `memory` by `_write`, which may be the program's own.
    ///
    /// The socket is written to without polling it first, because it is usually ready. It gets a view of the packet;
    /// the program's own `_write` gets a copy, which it may keep.
    #[inline(never)]
    pub fn send_packet(&self, py: &mut Py, memory: Memory, view: Lent, length: usize) {
        let mut write = Method::new();
        self.method(py, q::_write, &mut write);
        if write.0[0] != self.own_write.get() {
            write.0[2] = self.vm.bytes(py, memory, 0, length);
            self.vm.call_method(py, &write, 1);
            return;
        }
        let socket = self.attr(py, q::sock);
        if socket == self.stream.get() && (self.has_ended.get() || self.vm.poll(py, socket) != Some(0)) {
            // Something waits to be read, or the link is broken.
            self.cold(py, q::_ended, &[self.object.get()]);
        }
        let mut written = self.vm.none();
        // A socket of the program's may keep what it gets.
        let packet = if self.is_replaced(socket) {
            self.vm.bytes(py, memory, 0, length)
        } else {
            view.show(memory, 0, length)
        };
        #[allow(clippy::cast_possible_wrap)]
        let length = Obj::int(length as isize);
        if socket != written {
            self.vm.method(py, socket, q::write, &mut write);
            write.0[2] = packet;
            write.0[3] = length;
            written = self.vm.call_method(py, &write, 2);
            self.sent.set(true);
        }
        if written != length {
            self.cold(py, q::_more, &[self.object.get(), packet, length, written]);
        }
    }
}
