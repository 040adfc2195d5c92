//! `publish`, and how a packet gets to the socket.

use umqtt_proto::wire::{Delivery, Publish};
use umqtt_proto::{PacketId, TopicName};

use crate::client::{Client, Kind, link, ticks_add};
use crate::codes::ECONNOT;
use crate::mp::{Call, Function, Method, Obj, Vm};
use crate::qstrs::q;

/// A larger payload is not copied into the transmit buffer, and a larger buffer is not kept for the next packet.
pub const KEPT: usize = 512;

/// `publish(topic, msg, retain=False, qos=0, dup=False, pid=None)`
pub extern "C" fn m_publish(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let call = Call::new(n, kw, arguments);
    if !call.is_by_position(3, 7) {
        let vm = Vm::of(function);
        // Arguments by name: Python's own function sorts them, and calls again.
        return vm.pass_on(vm.attr(link(&vm), q::publish), &call);
    }
    let [me, topic, message, retain, qos, dup, pid] = [0, 1, 2, 3, 4, 5, 6].map(|index| call.argument(index));
    let client = Client::of(function, me);
    let vm = &client.vm;
    let is_set = |object: Obj| object != Obj::NULL && vm.is_true(object);
    let mut publish = Publish {
        topic: vm.checked(q::topic, TopicName::from_bytes(vm.buffer(topic))),
        payload: vm.buffer(message),
        retain: is_set(retain),
        delivery: Delivery::AtMostOnce,
    };
    let mut deadline = Obj::NULL;
    let qos = if qos == Obj::NULL { 0 } else { vm.int(qos) };
    if !matches!(qos, 0..=2) {
        vm.refuse(q::qos);
    }
    if qos > 0 {
        deadline = client.deadline();
        let id = if is_set(pid) { vm.packet_id(pid) } else { client.next_id() };
        let dup = is_set(dup);
        publish.delivery =
            if qos == 1 { Delivery::AtLeastOnce { id, dup } } else { Delivery::ExactlyOnce { id, dup } };
    }
    let length = publish.payload.len();
    let copied = length <= KEPT;
    // Nine bytes: the fixed header, the length of the topic, and the id.
    let room = publish.topic.as_bytes().len() + 9;
    let size = if copied {
        publish.encode(client.transmit_room(room + length))
    } else {
        publish.encode_header(length, client.transmit_room(room))
    };
    let size = vm.checked(q::msg, size);
    client.send_packet(size);
    if !copied {
        // A large payload goes out from where it is, in a write of its own.
        client.cold(q::_payload, &[me, message]);
    }
    match publish.id() {
        None => vm.none(),
        Some(id) => client.expect(id, if qos == 1 { Kind::Publish } else { Kind::ExactlyOnce }, deadline),
    }
}

impl Vm {
    #[inline(never)]
    pub fn packet_id(&self, pid: Obj) -> PacketId {
        match pid.as_id() {
            Some(id) => id,
            None => self.refuse(q::pid),
        }
    }
}

impl Client {
    /// Writes the packet that stands in the transmit buffer.
    #[inline(never)]
    pub fn send_packet(&self, length: usize) {
        let packet = self.transmit.get().part(0, length);
        self.send(self.packet.show(packet), length);
    }

    /// Writes bytes that `object` holds, by way of `_write`, whoever wrote that.
    ///
    /// The socket is written to at once: it is ready, as a rule.
    #[inline(never)]
    pub fn send(&self, object: Obj, length: usize) {
        let mut write = Method::new();
        self.method(q::_write, &mut write);
        write.0[2] = object;
        if write.0[0] != self.own_write {
            self.vm.call_method(&write, 1);
            return;
        }
        let socket = self.attr(q::sock);
        let mut written = Obj::NULL;
        #[allow(clippy::cast_possible_wrap)]
        let length = Obj::int(length as isize);
        if socket != self.vm.none() {
            self.vm.method(socket, q::write, &mut write);
            write.0[3] = length;
            written = self.vm.call_method(&write, 2);
            self.sent.set(true);
        }
        if written != length {
            let written = if written == Obj::NULL { self.vm.none() } else { written };
            self.cold(q::_more, &[self.object.get(), object, length, written]);
        }
    }

    /// When an acknowledgement is overdue, as `rcv_pids` has it; None for never.
    #[inline(never)]
    pub fn deadline(&self) -> Obj {
        let timeout = self.attr(q::message_timeout);
        if timeout == self.vm.none() {
            return timeout;
        }
        let timeout = self.vm.int(timeout).wrapping_mul(1000);
        #[allow(clippy::cast_possible_wrap)]
        Obj::int(ticks_add(self.now(), timeout) as isize)
    }

    /// An acknowledgement is awaited from now on; gives the id.
    #[inline(never)]
    pub fn expect(&self, id: PacketId, kind: Kind, deadline: Obj) -> Obj {
        let pid = Obj::from_id(id);
        self.ids.remember(id, kind);
        self.vm.set_item(self.attr(q::rcv_pids), pid, deadline);
        pid
    }

    /// The next packet id of `newpid` that the broker has no answer to give to.
    #[inline(never)]
    pub fn next_id(&self) -> PacketId {
        let vm = &self.vm;
        if self.attr(q::sock) == vm.none() {
            // Without a link no id is taken.
            vm.raise_code(ECONNOT);
        }
        let mut ids = vm.iterate(self.attr(q::newpid));
        loop {
            let Some(pid) = vm.next(&mut ids) else { vm.refuse(q::pid) };
            let id = vm.packet_id(pid);
            if self.ids.kind(id).is_none() && !vm.contains(self.attr(q::rcv_pids), pid) {
                return id;
            }
        }
    }
}
