//! `publish`.

use umqtt_proto::TopicName;
use umqtt_proto::wire::{Delivery, Publish};

use super::link;
use crate::client::{Client, Failure, Kind};
use crate::mp::{Call, Function, Obj, Py, Vm};
use crate::qstrs::q;

/// A larger payload is not copied into the transmit buffer, and a larger buffer is not kept for the next packet.
pub const KEPT: usize = 512;

/// `publish(topic, msg, retain=False, qos=0, dup=False, pid=None)`
pub extern "C" fn m_publish(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let (vm, py) = &mut Vm::of(function);
    let call = Call::new(n, kw, arguments);
    let mut given = [0, 1, 2, 3, 4, 5, 6].map(|index| call.argument(index));
    if !call.is_by_position(3, given.len()) {
        // Arguments by name: a function in Python sorts them.
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
    let (mut deadline, mut delivery) = (Obj::NULL, Delivery::AtMostOnce);
    if qos > 0 {
        // A message that is refused takes no id.
        if TopicName::from_bytes(vm.buffer(py, topic)).is_err() {
            vm.refuse(py, q::topic);
        }
        vm.buffer(py, message);
        deadline = client.deadline(py);
        let id = if is_set(py, pid) { vm.packet_id(py, pid) } else { client.next_id(py) };
        let dup = is_set(py, dup);
        delivery = if qos == 1 { Delivery::AtLeastOnce { id, dup } } else { Delivery::ExactlyOnce { id, dup } };
    }
    let mut copied = false;
    let size = client.encode(py, |py, memory| {
        let topic = vm.buffer(py, topic);
        let payload = vm.buffer(py, message);
        copied = payload.len() <= KEPT;
        if !vm.is_apart(topic, memory) || copied && !vm.is_apart(payload, memory) {
            // A program publishes what was shown of this very memory.
            return Err(Failure::TooSmall(memory.size()));
        }
        let Ok(topic) = TopicName::from_bytes(topic) else { return Err(Failure::Refused(q::topic)) };
        let publish = Publish { topic, payload, retain, delivery };
        let size = memory.fill(py, |out| {
            if copied { publish.encode(out) } else { publish.encode_header(payload.len(), out) }
        });
        size.map_err(|error| Failure::of(error, q::msg))
    });
    client.send_packet(py, size);
    if !copied {
        // A large payload goes out from where it is, in a write of its own.
        client.cold(py, q::_payload, &[me, message]);
    }
    match delivery.id() {
        None => vm.none(),
        Some(id) => client.expect(py, id, if qos == 1 { Kind::Publish } else { Kind::ExactlyOnce }, deadline),
    }
}
