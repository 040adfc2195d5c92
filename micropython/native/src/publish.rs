//! `publish`, `subscribe` and `unsubscribe`: what a program asks for.

use umqtt_proto::wire::{Delivery, Publish, encode_subscribe, encode_unsubscribe};
use umqtt_proto::{PacketId, QoS, TopicFilter, TopicName};

use crate::link::KEPT;
use crate::mp::{Call, Client, Function, Obj};
use crate::qstrs::q;
use crate::state::{Kind, ticks_add};

/// `publish(topic, msg, retain=False, qos=0, dup=False, pid=None)`
pub extern "C" fn m_publish(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let call = Call::new(function, n, kw, arguments);
    let vm = call.vm;
    let [me, topic, message, retain, qos, dup, pid] =
        vm.arguments(&call, 3, [q::self_, q::topic, q::msg, q::retain, q::qos, q::dup, q::pid]);
    let client = Client::of(vm, me);
    let is_set = |object: Obj| object != Obj::NULL && vm.is_true(object);
    let topic = client.checked(q::topic, TopicName::from_bytes(vm.buffer(topic)));
    let payload = vm.buffer(message);
    let qos = if qos == Obj::NULL { QoS::AtMostOnce } else { client.qos(qos) };
    let mut publish = Publish { topic, payload, retain: is_set(retain), delivery: Delivery::AtMostOnce };
    let mut deadline = Obj::NULL;
    let mut id = None;
    if qos != QoS::AtMostOnce {
        deadline = client.deadline();
        let packet_id =
            if pid == Obj::NULL || pid == vm.none() { client.next_id() } else { client.given_id(pid) };
        id = Some(packet_id);
        publish.delivery = Delivery::AtLeastOnce { id: packet_id, dup: is_set(dup) };
    }
    if payload.len() <= KEPT {
        let length = client.encode(&|out| publish.encode(out));
        client.send(length);
    } else {
        // A large payload is not copied: it goes out from where it is, in a write of its own.
        let length = client.encode(&|out| publish.encode_header(payload.len(), out));
        client.send(length);
        client.write(message, payload.len());
    }
    match id {
        None => vm.none(),
        Some(id) => client.expect(id, Kind::Publish, deadline),
    }
}

/// `subscribe(topic, qos=0)`
pub extern "C" fn m_subscribe(
    function: &'static Function,
    n: usize,
    kw: usize,
    arguments: *const Obj,
) -> Obj {
    let call = Call::new(function, n, kw, arguments);
    let vm = call.vm;
    let [me, topic, qos] = vm.arguments(&call, 2, [q::self_, q::topic, q::qos]);
    let client = Client::of(vm, me);
    let qos = if qos == Obj::NULL { QoS::AtMostOnce } else { client.qos(qos) };
    if client.attr(q::cb) == vm.none() {
        client.refuse(q::cb);
    }
    let filter = client.checked(q::topic, TopicFilter::from_bytes(vm.buffer(topic)));
    let deadline = client.deadline();
    let id = client.next_id();
    let length = client.encode(&|out| encode_subscribe(id, &[(filter, qos)], out));
    client.send(length);
    client.expect(id, Kind::Subscribe, deadline)
}

/// `unsubscribe(topic)`
pub extern "C" fn m_unsubscribe(
    function: &'static Function,
    n: usize,
    kw: usize,
    arguments: *const Obj,
) -> Obj {
    let call = Call::new(function, n, kw, arguments);
    let vm = call.vm;
    let [me, topic] = vm.arguments(&call, 2, [q::self_, q::topic]);
    let client = Client::of(vm, me);
    let filter = client.checked(q::topic, TopicFilter::from_bytes(vm.buffer(topic)));
    let deadline = client.deadline();
    let id = client.next_id();
    let length = client.encode(&|out| encode_unsubscribe(id, &[filter], out));
    client.send(length);
    client.expect(id, Kind::Unsubscribe, deadline)
}

impl Client {
    /// When an acknowledgement is overdue, as `rcv_pids` has it; None for never.
    #[inline(never)]
    fn deadline(&self) -> Obj {
        let timeout = self.attr(q::message_timeout);
        if timeout == self.vm.none() {
            return timeout;
        }
        #[allow(clippy::cast_possible_wrap)]
        Obj::int(ticks_add(self.now(), self.vm.milliseconds(timeout)) as isize)
    }

    /// An acknowledgement is awaited from now on; gives the id.
    #[inline(never)]
    fn expect(&self, id: PacketId, kind: Kind, deadline: Obj) -> Obj {
        let pid = Obj::from_id(id);
        self.state().ids.remember(id, kind);
        self.vm.set_item(self.attr(q::rcv_pids), pid, deadline);
        pid
    }

    /// The next packet id of `newpid` that the broker may not answer still.
    #[inline(never)]
    fn next_id(&self) -> PacketId {
        let mut ids = self.vm.iterate(self.attr(q::newpid));
        loop {
            let Some(pid) = ids.next() else { self.refuse(q::newpid) };
            let id = self.given_id(pid);
            if self.state().ids.kind(id).is_none() && !self.vm.contains(self.attr(q::rcv_pids), pid) {
                return id;
            }
        }
    }

    fn given_id(&self, pid: Obj) -> PacketId {
        match u16::try_from(self.vm.int(pid)).ok().and_then(PacketId::new) {
            Some(id) => id,
            None => self.refuse(q::pid),
        }
    }
}
