//! `publish`.

use core::cell::Cell;

use umqtt_proto::wire::{Delivery, Publish};
use umqtt_proto::{PacketId, TopicName};

use super::link;
use crate::client::{Client, Failure, Kind};
use crate::mp::{Call, Function, Obj, Py, Vm};
use crate::qstrs::q;

/// The largest payload that is copied into the transmit buffer, and the largest buffer that is kept.
pub const KEPT: usize = 512;

/// `publish(topic, msg, retain=False, qos=0, dup=False, pid=None)`
pub extern "C" fn m_publish(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let (vm, py) = &mut Vm::of(function);
    let call = Call::new(n, kw, arguments);
    let mut given = [0, 1, 2, 3, 4, 5, 6].map(|index| call.argument(index));
    if !call.is_by_position(3, given.len()) {
        // Some arguments are given by name: a function in Python sorts them.
        let link = link(vm, py);
        let sort = vm.attr(py, link, q::publish);
        let sorted = vm.pass_on(py, sort, &call);
        #[allow(clippy::cast_possible_wrap)]
        for (index, argument) in given.iter_mut().enumerate() {
            *argument = vm.item(py, sorted, Obj::int(index as isize));
        }
    }
    let [me, topic, message, retain, qos, dup, pid] = given;
    let client = Client::of(vm, py, me);
    let vm = &client.vm;
    let is_set = |py: &mut Py, object: Obj| object != Obj::NULL && vm.is_true(py, object);
    let retain = is_set(py, retain);
    let qos = if qos == Obj::NULL { 0 } else { vm.int(py, qos) };
    if !matches!(qos, 0..=2) {
        vm.refuse(py, q::qos);
    }
    let (dup, has_pid) = (is_set(py, dup), qos > 0 && is_set(py, pid));
    let mut id = if has_pid { vm.packet_id(py, pid) } else { PacketId::FIRST };
    // How much of the payload is in the packet, after the id; and whether that is all of it.
    let (copied, is_small) = (Cell::new(0), Cell::new(true));
    let encode = |py: &mut Py, id: PacketId| {
        let delivery = match qos {
            0 => Delivery::AtMostOnce,
            1 => Delivery::AtLeastOnce { id, dup },
            _ => Delivery::ExactlyOnce { id, dup },
        };
        client.encode(py, |py, memory| {
            let topic = vm.buffer(py, topic);
            let payload = vm.buffer(py, message);
            is_small.set(payload.len() <= KEPT);
            if !vm.is_apart(topic, memory) || is_small.get() && !vm.is_apart(payload, memory) {
                // The program publishes a view of this same memory.
                return Err(Failure::TooSmall(memory.size()));
            }
            let Ok(topic) = TopicName::from_bytes(topic) else { return Err(Failure::Refused(q::topic)) };
            let publish = Publish { topic, payload, retain, delivery };
            copied.set(if is_small.get() { payload.len() } else { 0 });
            let size = memory.fill(py, |out| {
                if is_small.get() { publish.encode(out) } else { publish.encode_header(payload.len(), out) }
            });
            size.map_err(|error| Failure::of(error, q::msg))
        })
    };
    // A message that is refused takes no id, so the id is taken last.
    let mut size = encode(py, id);
    let mut deadline = Obj::NULL;
    if qos > 0 {
        client.is_provisional.set(true);
        deadline = client.deadline(py);
        if !has_pid {
            id = client.next_id(py);
        }
        if client.is_provisional.get() {
            let at = size - copied.get() - 2;
            client.transmit.get().put(py, at, &id.as_u16().to_be_bytes());
        } else {
            // The program's `newpid` has itself sent something.
            size = encode(py, id);
        }
    }
    client.send_packet(py, client.transmit.get(), client.packet.get(), size);
    if !is_small.get() {
        // A large payload is sent without a copy, in a write of its own.
        client.cold(py, q::_payload, &[me, message]);
    }
    if qos == 0 {
        return vm.none();
    }
    client.expect(py, id, if qos == 1 { Kind::Publish } else { Kind::ExactlyOnce }, deadline)
}
