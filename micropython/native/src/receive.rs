//! `check_msg`: at most one packet, and nothing behind it.

use umqtt_proto::QoS;
use umqtt_proto::wire::{Ack, FixedHeader, PacketType, Publish};

use crate::client::{Client, ticks_diff};
use crate::codes::{ECONCLOSE, ECONNOT, EREADLEN, EUNKNOWN};
use crate::mp::{Call, Function, Memory, Method, Obj, Vm};
use crate::qstrs::q;
use crate::send::KEPT;

/// The smallest receive buffer.
const SMALL: usize = 64;

/// `check_msg()`
pub extern "C" fn m_check_msg(
    function: &'static Function,
    n: usize,
    kw: usize,
    arguments: *const Obj,
) -> Obj {
    let [me] = Call::new(n, kw, arguments).exactly(&Vm::of(function));
    Client::of(function, me).check_msg()
}

impl Client {
    fn check_msg(&self) -> Obj {
        let vm = &self.vm;
        // What a callback raised then is of no account now.
        self.in_callback.set(false);
        let mut socket = self.attr(q::sock);
        if socket != vm.none() {
            self.acknowledge();
        }
        let mut waited = vm.none();
        loop {
            if socket == vm.none() {
                vm.raise_code(ECONNOT);
            }
            if self.large.get() {
                return self.cold(q::_large, &[self.object.get(), vm.none()]);
            }
            let filled = self.filled.get();
            let begun: &[u8] = self.receive.get().part(0, filled);
            // The shortest packet has two bytes, and each byte of the length may be followed by another.
            let mut length = if filled < 2 { 2 } else { filled + 1 };
            match FixedHeader::decode(begun) {
                Err(_) => self.fail(EUNKNOWN),
                Ok(Some((header, start))) => {
                    length = start + header.remaining_length as usize;
                    if filled == length {
                        // What has timed out is told before a message; if that raises, or closes the link, the
                        // message is still there, or of no account.
                        if header.packet_type == PacketType::Publish {
                            self.look();
                        }
                        if self.filled.replace(0) == length {
                            return self.handle(header, start);
                        }
                        vm.raise_code(ECONNOT);
                    }
                }
                Ok(None) => {}
            }
            if length > self.receive.get().size() && !self.grow(length) {
                return self.cold(q::_large, &[self.object.get(), vm.bytes(begun)]);
            }
            let got = self.read(socket, filled, length);
            if got == vm.none() {
                let mid_packet = vm.bool(filled > 0);
                waited = self.cold(q::_idle, &[self.object.get(), mid_packet, waited]);
                if waited == vm.none() {
                    return waited;
                }
                socket = self.attr(q::sock);
                continue;
            }
            match got.as_int() {
                Some(got @ 1..) => self.filled.set(length.min(filled + got as usize)),
                _ => vm.raise_code(ECONCLOSE),
            }
        }
    }

    /// Reads bytes from `filled` to `end` into the receive buffer: by `_read` in the midst of a packet, if a
    /// subclass has its own. Gives how many, or None.
    #[inline(never)]
    fn read(&self, socket: Obj, filled: usize, end: usize) -> Obj {
        let vm = &self.vm;
        let mut read = Method::new();
        if socket != self.socket.get() {
            self.method(q::_read, &mut read);
            self.own.set(read.0[0] == self.own_read);
            self.reads_into.set(vm.has_method(socket, q::readinto, &mut read));
            if !self.reads_into.get() {
                vm.method(socket, q::read, &mut read);
            }
            self.reader.set([read.0[0], read.0[1]]);
            self.socket.set(socket);
        }
        let room = || self.receive.get().part(filled, end);
        #[allow(clippy::cast_possible_wrap)]
        let mut argument = Obj::int((end - filled) as isize);
        let by_subclass = filled > 0 && !self.own.get();
        if by_subclass {
            self.method(q::_read, &mut read);
        } else {
            let [function, bound] = self.reader.get();
            read.0[0] = function;
            read.0[1] = bound;
            if self.reads_into.get() {
                argument = self.room.show(room());
            }
        }
        read.0[2] = argument;
        let object = vm.call_method(&read, 1);
        if object == vm.none() || self.reads_into.get() && !by_subclass {
            return object;
        }
        let bytes = vm.buffer(object);
        if bytes.len() > room().len() {
            self.fail(EREADLEN);
        }
        for (to, from) in room().iter_mut().zip(bytes) {
            *to = *from;
        }
        #[allow(clippy::cast_possible_wrap)]
        Obj::int(bytes.len() as isize)
    }

    /// Makes room for a packet; false when the program does not want it so large, or there is no memory.
    #[inline(never)]
    fn grow(&self, length: usize) -> bool {
        #[allow(clippy::cast_possible_wrap)]
        let wanted = length <= KEPT
            || self.vm.is_true(self.cold(q::_wanted, &[self.object.get(), Obj::int(length as isize)]));
        if !wanted {
            return false;
        }
        let Some(memory) = self.vm.memory(self.receive.get(), length.max(SMALL)) else { return false };
        self.receive.set(memory);
        true
    }

    /// Deals with the packet in the receive buffer.
    fn handle(&self, header: FixedHeader, start: usize) -> Obj {
        let vm = &self.vm;
        let memory = self.receive.get();
        let end = start + header.remaining_length as usize;
        let body: &[u8] = memory.part(start, end);
        match header.packet_type {
            PacketType::Publish => {
                let Ok(message) = Publish::decode_body(header, body) else { self.fail(EUNKNOWN) };
                let topic = vm.bytes(message.topic.as_bytes());
                let payload = vm.bytes(message.payload);
                let (retain, delivery) = (vm.bool(message.retain), message.delivery);
                if memory.size() > KEPT {
                    self.receive.set(Memory::NONE);
                }
                let dup = vm.bool(delivery.dup());
                if delivery.qos() == QoS::ExactlyOnce {
                    let id = delivery.id().map_or(Obj::NULL, Obj::from_id);
                    return self.cold(q::_qos2, &[self.object.get(), topic, payload, retain, dup, id]);
                }
                self.unacknowledged.set(delivery.id());
                let mut callback = Method::new();
                self.method(q::cb, &mut callback);
                if callback.0[0] != vm.none() {
                    self.in_callback.set(true);
                    callback.set([topic, payload, retain, dup]);
                    vm.call_method(&callback, 4);
                    self.in_callback.set(false);
                }
                self.heard();
                self.acknowledge();
                vm.none()
            }
            packet_type => {
                let first = Obj::int((packet_type as isize) << 4);
                self.cold(q::_packet, &[self.object.get(), first, vm.bytes(body)])
            }
        }
    }

    /// Sends the PUBACK of the message that was handed over last, unless that is done or the program has
    /// disconnected.
    #[inline(never)]
    fn acknowledge(&self) {
        if let Some(id) = self.unacknowledged.get() {
            let packet = Ack::PubAck(id).to_bytes();
            for (to, from) in self.transmit_room(packet.len()).iter_mut().zip(packet) {
                *to = from;
            }
            self.send_packet(packet.len());
            self.unacknowledged.set(None);
        }
    }

    /// Looks after what times out, if there is anything.
    #[inline(never)]
    fn look(&self) {
        if self.vm.is_true(self.attr(q::rcv_pids))
            || self.alive.get() && ticks_diff(self.now(), self.next_look.get()) >= 0
        {
            self.cold(q::_look, &[self.object.get(), self.vm.bool(false)]);
        }
    }
}
