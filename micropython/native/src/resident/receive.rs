//! `check_msg`: reads at most one packet, and nothing beyond it.

use umqtt_proto::QoS;
use umqtt_proto::wire::{Ack, FixedHeader, PacketType, Publish};

use super::publish::KEPT;
use crate::client::{Client, SMALL, ticks_diff};
use crate::codes::{ECONCLOSE, ECONNOT, EREADLEN, EUNKNOWN};
use crate::mp::{Call, Function, Memory, Method, Obj, Py, Vm};
use crate::qstrs::q;

/// `check_msg()`
pub extern "C" fn m_check_msg(
    function: &'static Function,
    n: usize,
    kw: usize,
    arguments: *const Obj,
) -> Obj {
    let (vm, py) = &mut Vm::of(function);
    let [me] = Call::new(n, kw, arguments).exactly(vm, py);
    let client = Client::of(vm, py, me);
    let thread = client.thread(py);
    client.receiver.set(thread);
    // An exception of an earlier callback does not matter any more, but a callback that calls this is still running.
    let was = client.in_callback.replace(false);
    let result = client.check_msg(py);
    client.in_callback.set(was);
    result
}

impl Client {
    fn check_msg(&self, py: &mut Py) -> Obj {
        let mut socket = self.attr(py, q::sock);
        if socket != self.vm.none() {
            self.acknowledge(py);
        }
        let (mut has_idled, mut is_ready) = (false, false);
        // When to stop waiting for the rest of a packet that has begun (None: never); whether the wait has begun;
        // whether something came since; and whether something came that the keep-alive has not been told of.
        let (mut end, mut has_waited, mut came, mut is_fresh) = (self.vm.none(), false, false, false);
        // A part was read by `_read` before.
        let mut again = false;
        loop {
            if socket == self.vm.none() {
                self.vm.raise_code(py, ECONNOT);
            }
            if self.large.get() {
                return self.cold(py, q::_large, &[self.object.get(), self.vm.none()]);
            }
            let filled = self.filled.get();
            // The shortest packet has two bytes, and each byte of the length may be followed by another.
            let mut length = if filled < 2 { 2 } else { filled + 1 };
            match FixedHeader::decode(self.receive.get().part(py, 0, filled)) {
                Err(_) => self.fail(py, EUNKNOWN),
                Ok(Some((header, start))) => {
                    length = start + header.remaining_length as usize;
                    if filled >= length {
                        // Time-outs are reported before a message. If that raises, the message is still there; if it
                        // closes the link, the message is dropped.
                        if header.packet_type == PacketType::Publish {
                            self.look(py, false);
                        }
                        if self.filled.get() == length {
                            return self.handle(py, header, start);
                        }
                        self.vm.raise_code(py, ECONNOT);
                    }
                }
                Ok(None) => {}
            }
            if length > self.receive.get().size() && !self.grow(py, length) {
                let begun = self.vm.bytes(py, self.receive.get(), 0, filled);
                return self.cold(py, q::_large, &[self.object.get(), begun]);
            }
            let looks = !is_ready && self.looks_first.get() && socket == self.stream.get();
            let is_empty = looks && self.vm.poll(py, socket) == Some(0);
            let got = if is_empty { self.vm.none() } else { self.fetch(py, socket, length - filled, again) };
            again |= filled > 0 && !is_empty;
            if got == self.vm.none() {
                if filled == 0 {
                    let idle = self.cold(py, q::_idle, &[self.object.get(), self.vm.bool(has_idled)]);
                    has_idled = true;
                    is_ready = self.vm.is_true(py, idle);
                } else {
                    let (came, fresh) = (self.vm.bool(came), self.vm.bool(is_fresh));
                    end = self.cold(py, q::_rest, &[self.object.get(), end, came, fresh]);
                    is_fresh = false;
                    is_ready = end != self.vm.bool(false);
                    has_waited = true;
                }
                if !is_ready {
                    if filled == 0 {
                        self.look(py, true);
                    }
                    return self.vm.none();
                }
                socket = self.attr(py, q::sock);
                continue;
            }
            is_ready = false;
            if got == self.vm.bool(false) {
                return self.vm.none();
            }
            if !matches!(got.as_int(), Some(1..)) {
                self.has_ended.set(true);
                self.vm.raise_code(py, ECONCLOSE);
            }
            came |= has_waited;
            is_fresh = true;
        }
    }

    /// Reads at most `count` bytes and appends them to the receive buffer, which has room for them. Within a packet it
    /// reads by `_read` if a subclass has its own. Returns how many came, None, or False if `_read` timed out.
    #[inline(never)]
    fn fetch(&self, py: &mut Py, socket: Obj, count: usize, again: bool) -> Obj {
        let mut read = Method::new();
        if socket != self.socket.get() {
            self.method(py, q::_read, &mut read);
            self.own.set(read.0[0] == self.own_read.get());
            let is_replaced = self.is_replaced(socket);
            self.reads_into.set(!is_replaced && self.vm.has_method(py, socket, q::readinto, &mut read));
            if !is_replaced && !self.reads_into.get() {
                self.vm.method(py, socket, q::read, &mut read);
            }
            self.reader.set([read.0[0], read.0[1]]);
            self.socket.set(socket);
        }
        let (memory, filled, room) = (self.receive.get(), self.filled.get(), self.room.get());
        #[allow(clippy::cast_possible_wrap)]
        let mut argument = Obj::int(count as isize);
        let is_direct = self.reads_into.get() && (filled == 0 || self.own.get());
        let [function, bound] = self.reader.get();
        read.0[0] = function;
        read.0[1] = bound;
        // The `readinto` of the program may call `check_msg`, so the view is restored afterwards.
        let before = room.shown();
        // Two threads must not read at once: if one is already peeking, it goes first.
        if self.is_peeking.get() {
            return self.vm.none();
        }
        self.is_reading.set(true);
        if is_direct {
            argument = room.show(memory, filled, filled + count);
        }
        read.0[2] = argument;
        let mut got = if filled > 0 && !self.own.get() {
            argument = Obj::int(isize::try_from(count.min(KEPT)).unwrap_or_default());
            self.cold(py, q::_fetch, &[self.object.get(), argument, self.vm.bool(again)])
        } else if self.is_replaced(socket) {
            // As in the original, it needs no `readinto`, and may report by an error that there is nothing.
            self.cold(py, q::_get, &[socket, argument])
        } else {
            self.vm.call_method(py, &read, 1)
        };
        self.is_reading.set(false);
        room.restore(&before);
        if got == self.vm.none() || got == self.vm.bool(false) {
            return got;
        }
        if self.filled.get() != filled || filled > 0 && self.receive.get() != memory {
            // That call has read a part of this packet itself.
            self.fail(py, EREADLEN);
        }
        self.receive.set(memory);
        if !is_direct {
            let bytes = self.vm.buffer(py, got);
            if bytes.len() > count || !self.vm.is_apart(bytes, memory) {
                self.fail(py, EREADLEN);
            }
            memory.put(py, filled, bytes);
            #[allow(clippy::cast_possible_wrap)]
            let length = bytes.len() as isize;
            got = Obj::int(length);
        }
        if let Some(got @ 1..) = got.as_int() {
            self.filled.set(filled + count.min(got as usize));
        }
        got
    }

    /// Makes room for a packet; false if it is longer than the program wants, or if there is no memory.
    ///
    /// A program may still have a view of the old block, so that is neither resized nor freed.
    #[inline(never)]
    fn grow(&self, py: &mut Py, length: usize) -> bool {
        #[allow(clippy::cast_possible_wrap)]
        let size = Obj::int(length as isize);
        if length > KEPT {
            let wanted = self.cold(py, q::_wanted, &[self.object.get(), size]);
            if !self.vm.is_true(py, wanted) {
                return false;
            }
        }
        let Some(memory) = self.vm.memory(py, length.max(SMALL)) else { return false };
        if length > KEPT {
            // The program will get a copy, which needs as much memory again.
            let Some(copy) = self.vm.memory(py, length) else { return false };
            self.vm.release(py, copy);
        }
        let begun = self.receive.get().part(py, 0, self.filled.get());
        memory.put(py, 0, begun);
        self.receive.set(memory);
        true
    }

    /// Deals with the packet in the receive buffer.
    fn handle(&self, py: &mut Py, header: FixedHeader, start: usize) -> Obj {
        let memory = self.receive.get();
        let end = start + header.remaining_length as usize;
        if header.packet_type != PacketType::Publish {
            let first = Obj::int((header.packet_type as isize) << 4);
            let body = self.vm.bytes(py, memory, start, end);
            self.filled.set(0);
            let told = self.cold(py, q::_packet, &[self.object.get(), first, body]);
            if told != self.vm.none() {
                self.look(py, false);
            }
            return told;
        }
        let Ok(message) = Publish::decode_body(header, memory.part(py, start, end)) else {
            self.fail(py, EUNKNOWN)
        };
        let (retain, delivery) = (message.retain, message.delivery);
        let (topic, payload) = (start + 2 + message.topic.as_bytes().len(), end - message.payload.len());
        let topic = self.vm.bytes(py, memory, start + 2, topic);
        let payload = self.vm.bytes(py, memory, payload, end);
        // If there was no memory for the copies, the packet stays.
        self.filled.set(0);
        if memory.size() > KEPT {
            self.receive.set(Memory::NONE);
        }
        let (retain, dup) = (self.vm.bool(retain), self.vm.bool(delivery.dup()));
        if delivery.qos() == QoS::ExactlyOnce {
            let id = delivery.id().map_or(Obj::NULL, Obj::from_id);
            return self.cold(py, q::_qos2, &[self.object.get(), topic, payload, retain, dup, id]);
        }
        self.unacknowledged.set(delivery.id());
        let mut callback = Method::new();
        self.method(py, q::cb, &mut callback);
        if callback.0[0] != self.vm.none() {
            self.in_callback.set(true);
            callback.set([topic, payload, retain, dup]);
            self.vm.call_method(py, &callback, 4);
            self.in_callback.set(false);
        }
        self.heard(py);
        self.acknowledge(py);
        self.vm.none()
    }

    /// Sends the PUBACK of the message that was handed over last, unless that is done or the program has
    /// disconnected.
    #[inline(never)]
    fn acknowledge(&self, py: &mut Py) {
        if let Some(id) = self.unacknowledged.get() {
            let memory = Memory::of(&self.pub_ack);
            memory.put(py, 0, &Ack::PubAck(id).to_bytes());
            let (room, before) = (self.room.get(), self.room.get().shown());
            self.send_packet(py, memory, room, memory.size());
            room.restore(&before);
            self.unacknowledged.set(None);
        }
    }

    /// Checks for time-outs, if any can occur; an idle link may be given up.
    #[inline(never)]
    fn look(&self, py: &mut Py, is_idle: bool) {
        let pids = self.attr(py, q::rcv_pids);
        if self.vm.is_true(py, pids)
            || self.alive.get() && ticks_diff(self.now(py), self.next_look.get()) >= 0
        {
            self.cold(py, q::_look, &[self.object.get(), self.vm.bool(is_idle)]);
        }
    }
}
