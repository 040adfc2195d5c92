//! How a packet gets to the socket.

use crate::client::Client;
use crate::codes::EWRITELEN;
use crate::mp::{BROKEN, Method, Obj, Py, READABLE};
use crate::qstrs::q;

impl Client {
    /// Writes the packet that stands in the transmit buffer, by way of `_write`, whoever wrote that.
    ///
    /// The socket is written to at once: it is ready, as a rule. It gets a view of the buffer, and a `_write` of the
    /// program's a copy, which it may keep.
    #[inline(never)]
    pub fn send_packet(&self, py: &mut Py, length: usize) {
        let mut write = Method::new();
        self.method(py, q::_write, &mut write);
        if write.0[0] != self.own_write.get() {
            write.0[2] = self.vm.bytes(py, self.transmit.get(), 0, length);
            self.vm.call_method(py, &write, 1);
            return;
        }
        let socket = self.attr(py, q::sock);
        self.notice_end(py, socket);
        let mut written = self.vm.none();
        let packet = self.packet.get().show(self.transmit.get(), 0, length);
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

    /// Closes the link and raises `MQTTException(3)` if the other side has closed it or it is broken, as far as that is
    /// known here. A socket that a program has put in the place of ours cannot tell.
    ///
    /// An end behind bytes that are not read yet is not seen: they may be a message.
    #[inline(never)]
    pub fn notice_end(&self, py: &mut Py, socket: Obj) {
        if socket != self.stream.get() {
            return;
        }
        let Some(events) = self.vm.poll(py, socket) else { return };
        let mut ended = events & BROKEN != 0;
        let has_room = |py: &mut Py| self.receive.get().size() > 0 || self.grow(py, 1);
        let is_between = self.filled.get() == 0 && !self.large.get() && !self.is_reading.get();
        if !ended && events & READABLE != 0 && is_between && has_room(py) {
            // The beginning of a packet, which waits for check_msg, or the end. One byte, so that a program which
            // polls the socket finds another.
            self.is_peeking.set(true);
            let got = self.cold(py, q::_peek, &[self.object.get()]);
            self.is_peeking.set(false);
            if got != self.vm.none() {
                let byte = self.vm.buffer(py, got);
                ended = byte.is_empty();
                self.receive.get().put(py, 0, byte);
                self.filled.set(byte.len().min(1));
            }
        }
        if ended {
            self.fail(py, EWRITELEN);
        }
    }
}
