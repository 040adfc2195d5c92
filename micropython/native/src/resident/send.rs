//! How a packet gets to the socket.

use umqtt_proto::wire::FixedHeader;

use crate::client::Client;
use crate::codes::EWRITELEN;
use crate::mp::{BROKEN, Method, Obj, Py, READABLE};
use crate::qstrs::q;

/// How many parts are read before one packet is written, at most.
const PARTS: usize = 8;

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
    /// An end behind a whole packet is not seen: that may be a message. So the last byte of a packet is left, and a
    /// program that polls the socket finds it; a PINGRESP is taken, unless the program asked for it.
    #[inline(never)]
    pub fn notice_end(&self, py: &mut Py, socket: Obj) {
        // As long as the socket is this one, and each time it has brought something.
        for _ in 0..PARTS {
            if socket != self.stream.get() {
                return;
            }
            let Some(events) = self.vm.poll(py, socket) else { return };
            let mut ended = events & BROKEN != 0;
            let is_free = !self.large.get() && !self.is_reading.get() && !self.is_peeking.get();
            if !ended && events & READABLE != 0 && is_free {
                let count = self.missing(py);
                if count == 0 {
                    return;
                }
                self.is_peeking.set(true);
                #[allow(clippy::cast_possible_wrap)]
                let got = self.cold(py, q::_peek, &[self.object.get(), Obj::int(count as isize)]);
                self.is_peeking.set(false);
                if got == self.vm.none() {
                    return;
                }
                let bytes = self.vm.buffer(py, got);
                ended = bytes.is_empty();
                self.receive.get().put(py, self.filled.get(), bytes);
                self.filled.set(self.filled.get() + bytes.len().min(count));
                if matches!(self.receive.get().part(py, 0, self.filled.get()), [0xd0, 0]) {
                    self.filled.set(0);
                    self.answered(py);
                }
            } else if !ended {
                return;
            }
            if ended {
                self.fail(py, EWRITELEN);
            }
        }
    }

    /// How many bytes the packet that comes in lacks, as far as that is known, but for its last one; none if there is no
    /// room for all of it.
    fn missing(&self, py: &mut Py) -> usize {
        let filled = self.filled.get();
        if self.receive.get().size() == 0 && !self.grow(py, 1) {
            return 0;
        }
        let memory = self.receive.get();
        match FixedHeader::decode(memory.part(py, 0, filled)) {
            // A `_read` of the program's sees what is behind the first byte.
            _ if filled > 0 && !self.own.get() => 0,
            Ok(None) if matches!(memory.part(py, 0, filled), [0xd0]) => usize::from(self.asked.get()),
            Ok(None) => usize::from(filled < memory.size()),
            Ok(Some((header, start))) => {
                let length = start + header.remaining_length as usize;
                if length > memory.size() { 0 } else { (length - 1).saturating_sub(filled) }
            }
            Err(_) => 0,
        }
    }
}
