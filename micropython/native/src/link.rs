//! The native part of `umqtt._link`: packets that are rarely sent or received, and the client's state.

use umqtt_proto::keep_alive::{self, Action, Elapsed};
use umqtt_proto::wire::{Connect, KeepAlive, Login, SubAck, Will, encode_subscribe, encode_unsubscribe};
use umqtt_proto::{Binary, ClientId, EncodeError, PacketId, QoS, Text, TopicFilter, TopicName, Violation};

use crate::client::{Client, Failure, Kind, ticks_add, ticks_diff};
use crate::codes::{SDELIVERED, SUNKNOWNPID};
use crate::end::m_ended;
use crate::mp::{Call, Function, Memory, Method, Obj, Py, Vm};
use crate::qstrs::q;

/// How many filters one SUBSCRIBE or UNSUBSCRIBE can have.
const FILTERS: usize = 16;

/// The functions of this module, for the bytecode.
pub fn functions(vm: &Vm, py: &mut Py) -> Obj {
    let functions = [
        vm.function(py, m_init),
        vm.function(py, m_connect),
        vm.function(py, m_request),
        vm.function(py, m_ack),
        vm.function(py, m_reset),
        vm.function(py, m_tell),
        vm.function(py, m_alive),
        vm.function(py, m_ended),
    ];
    vm.tuple(py, &functions)
}

/// `_init(client, read, write)`: gives a client its state; `read` and `write` are simple2's own.
extern "C" fn m_init(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let (vm, py) = &mut Vm::of(function);
    let [object, read, write] = Call::new(n, kw, arguments).exactly(vm, py);
    Client::initialise(vm, py, object, read, write);
    vm.none()
}

/// `_connect(clean_session, keepalive, client_id, user, password, topic, msg, qos, retain)`: CONNECT as a new
/// `bytearray`, or the index of the argument that MQTT does not allow.
extern "C" fn m_connect(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let (vm, py) = &mut Vm::of(function);
    let arguments = Call::new(n, kw, arguments).exactly(vm, py);
    let [clean_session, keep_alive, client_id, user, password, topic, message, qos, retain] = arguments;
    let (clean_session, retain, qos) =
        (vm.is_true(py, clean_session), vm.is_true(py, retain), vm.qos(py, qos));
    let Ok(keep_alive) = u16::try_from(vm.int(py, keep_alive)) else { return Obj::int(1) };
    let keep_alive = KeepAlive::from_secs(keep_alive);
    let encode = |py: &Py, memory: Memory| -> Result<Result<usize, EncodeError>, isize> {
        let given = |object: Obj| if object == vm.none() { None } else { Some(vm.buffer(py, object)) };
        let client_id = ClientId::from_bytes(vm.buffer(py, client_id)).map_err(|_| 2_isize)?;
        let login = match given(user) {
            None => None,
            Some(user) => Some(Login {
                user_name: Text::from_bytes(user).map_err(|_| 3_isize)?,
                password: match given(password) {
                    None => None,
                    Some(password) => Some(Binary::new(password).map_err(|_| 4_isize)?),
                },
            }),
        };
        let will = match given(topic) {
            None => None,
            Some(topic) => Some(Will {
                topic: TopicName::from_bytes(topic).map_err(|_| 5_isize)?,
                payload: Binary::new(vm.buffer(py, message)).map_err(|_| 6_isize)?,
                qos,
                retain,
            }),
        };
        let connect = Connect { client_id, clean_session, keep_alive, will, login };
        Ok(memory.fill(py, |out| connect.encode(out)))
    };
    let mut memory = Memory::NONE;
    loop {
        match encode(py, memory) {
            Ok(Ok(_)) => return vm.bytearray(py, &memory),
            Ok(Err(EncodeError::BufferTooSmall { needed })) => memory = vm.memory_or_raise(py, needed),
            Ok(Err(EncodeError::TooLong)) => return Obj::int(6),
            Err(index) => return Obj::int(index),
        }
    }
}

/// `_request(client, kind, list)`: sends SUBSCRIBE, from pairs of filter and QoS, or UNSUBSCRIBE, from filters; returns
/// the pid.
extern "C" fn m_request(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let (vm, py) = &mut Vm::of(function);
    let [me, kind, list] = Call::new(n, kw, arguments).exactly(vm, py);
    let client = Client::of(vm, py, me);
    let kind = if vm.is_true(py, kind) { Kind::Subscribe } else { Kind::Unsubscribe };
    let (mut topics, mut qos) = ([Obj::NULL; FILTERS], [QoS::AtMostOnce; FILTERS]);
    let mut count = 0;
    let mut items = vm.iterate(py, list);
    while let Some(item) = vm.next(py, &mut items) {
        let (Some(topic), Some(qos)) = (topics.get_mut(count), qos.get_mut(count)) else {
            vm.refuse(py, q::topic)
        };
        *topic = item;
        if kind == Kind::Subscribe {
            *topic = vm.item(py, item, Obj::int(0));
            let item = vm.item(py, item, Obj::int(1));
            *qos = vm.qos(py, item);
        }
        count += 1;
    }
    // This is on the stack because the ESP8266 could not read a constant by bytes.
    let all = [b'#'];
    let Ok(any) = TopicFilter::from_bytes(&all) else { vm.refuse(py, q::topic) };
    let attempt = |py: &Py, memory: Memory, id: Option<PacketId>| {
        let mut filters = [(any, QoS::AtMostOnce); FILTERS];
        let mut names = [any; FILTERS];
        for (((filter, name), topic), qos) in
            filters.iter_mut().zip(&mut names).zip(topics).zip(qos).take(count)
        {
            let topic = vm.buffer(py, topic);
            if !vm.is_apart(topic, memory) {
                return Err(Failure::TooSmall(memory.size()));
            }
            let Ok(topic) = TopicFilter::from_bytes(topic) else { return Err(Failure::Refused(q::topic)) };
            (*filter, *name) = ((topic, qos), topic);
        }
        let (Some(filters), Some(names)) = (filters.get(..count), names.get(..count)) else { return Ok(0) };
        if filters.is_empty() {
            return Err(Failure::Refused(q::topic));
        }
        let Some(id) = id else { return Ok(0) };
        memory
            .fill(py, |out| match kind {
                Kind::Subscribe => encode_subscribe(id, filters, out),
                _ => encode_unsubscribe(id, names, out),
            })
            .map_err(|error| Failure::of(error, q::topic))
    };
    // A request that is refused takes no id.
    client.encode(py, |py, memory| attempt(py, memory, None));
    let id = client.next_id(py);
    let deadline = client.deadline(py);
    let length = client.encode(py, |py, memory| attempt(py, memory, Some(id)));
    let mut write = Method::new();
    client.method(py, q::_write, &mut write);
    write.0[2] = vm.bytes(py, client.transmit.get(), 0, length);
    vm.call_method(py, &write, 1);
    client.expect(py, id, kind, deadline)
}

/// `_ack(client, first, body)`: an acknowledgement came. Returns its pid and, in the lower two bits, the status to
/// report; None if the packet is malformed.
extern "C" fn m_ack(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let (vm, py) = &mut Vm::of(function);
    let [me, first, body] = Call::new(n, kw, arguments).exactly(vm, py);
    let client = Client::of(vm, py, me);
    let first = vm.int(py, first);
    let body = vm.buffer(py, body);
    let acknowledged = match first {
        0x90 => SubAck::decode_body(body).map(|ack| (ack.id, Kind::Subscribe)),
        0xb0 => id_of(body).map(|id| (id, Kind::Unsubscribe)),
        0x70 => id_of(body).map(|id| (id, Kind::ExactlyOnce)),
        _ => id_of(body).map(|id| (id, Kind::Publish)),
    };
    let Ok((id, kind)) = acknowledged else { return vm.none() };
    let status = client.take(py, id, kind);
    Obj::int(isize::try_from(u32::from(id.as_u16())).unwrap_or_default() << 2 | status)
}

/// The id in the body of an acknowledgement that has nothing else.
fn id_of(body: &[u8]) -> Result<PacketId, Violation> {
    let &[high, low] = body else { return Err(Violation::WrongLength) };
    PacketId::try_from(u16::from_be_bytes([high, low]))
}

/// `_reset(client, what)`: updates the client's state at an event, or asks something about it; see `_link.py`.
extern "C" fn m_reset(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let (vm, py) = &mut Vm::of(function);
    let [me, what] = Call::new(n, kw, arguments).exactly(vm, py);
    let client = Client::of(vm, py, me);
    let what = vm.int(py, what);
    match what {
        // A link begins.
        0 => {
            let now = client.now(py);
            for time in [&client.last_sent, &client.last_received, &client.last_look, &client.next_look] {
                time.set(now);
            }
            let keep_alive = client.attr(py, q::keepalive);
            client.alive.set(vm.is_true(py, keep_alive));
            client.pinged.set(false);
            client.asked.set(false);
            client.is_reading.set(false);
            client.is_peeking.set(false);
            client.has_ended.set(false);
            client.receiver.set(Obj::NULL);
            client.filled.set(0);
        }
        // A session begins.
        1 => {
            client.ids.clear();
            client.held.set(None);
        }
        // A session goes on, and so does the PUBACK that was not sent.
        17 => client.unacknowledged.set(client.held.take()),
        // A link ends.
        2 => {
            client.filled.set(0);
            client.large.set(false);
            client.held.set(client.unacknowledged.take().or(client.held.get()));
            client.stream.set(Obj::NULL);
        }
        // A large message begins, which `_large.py` reads.
        3 => {
            client.filled.set(0);
            client.receive.set(Memory::NONE);
            client.large.set(true);
        }
        4 => client.heard(py),
        // PINGRESP came.
        5 => client.answered(py),
        // PINGREQ was written, but not by the program.
        16 => client.asked.set(true),
        // Something was written.
        6 => client.sent.set(true),
        // A large message has ended.
        10 => {
            client.large.set(false);
            client.heard(py);
        }
        // A part of a packet came: PINGRESP can come only after the rest.
        11 => {
            client.heard(py);
            client.last_ping.set(client.last_received.get());
        }
        // Does the socket report its own events? And (13) does it report all that could be read?
        12 | 13 => {
            let socket = client.attr(py, q::sock);
            if vm.poll(py, socket).is_some() {
                client.stream.set(socket);
                let mut read = Method::new();
                client.method(py, q::_read, &mut read);
                client.own.set(read.0[0] == client.own_read.get());
                client.looks_first.set(what == 13);
            }
        }
        // Has the program replaced our socket?
        18 => {
            let socket = client.attr(py, q::sock);
            return vm.bool(client.is_replaced(socket));
        }
        // Is `_write` our own?
        14 => {
            let mut write = Method::new();
            client.method(py, q::_write, &mut write);
            return vm.bool(write.0[0] == client.own_write.get());
        }
        // A read has failed.
        15 => {
            client.is_peeking.set(false);
            client.is_reading.set(false);
        }
        // `_read` has found that the other side has closed the link.
        22 => client.has_ended.set(true),
        // wait_msg() begins, and ends.
        20 | 21 => client.waits.set(what == 20),
        // Is a callback running?
        19 => return vm.bool(client.in_callback.get()),
        // A callback begins, and ends.
        8 | 9 => client.in_callback.set(what == 8),
        _ => {
            let was = client.in_callback.replace(false);
            return vm.bool(was);
        }
    }
    vm.none()
}

/// `_tell(client, pid, status)`: calls `cbstat`. A pid that timed out is not used again before the broker answers it.
extern "C" fn m_tell(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let (vm, py) = &mut Vm::of(function);
    let [me, pid, status] = Call::new(n, kw, arguments).exactly(vm, py);
    let client = Client::of(vm, py, me);
    if status == Obj::int(0)
        && let Some(id) = pid.as_id()
    {
        client.ids.remember(id, Kind::TimedOut);
    }
    let mut callback = Method::new();
    client.method(py, q::cbstat, &mut callback);
    callback.set([pid, status, Obj::NULL, Obj::NULL]);
    client.in_callback.set(true);
    vm.call_method(py, &callback, 2);
    client.in_callback.set(false);
    vm.none()
}

/// `_alive(client, seconds, timeout)`: what the keep-alive requires: 0 nothing, 1 a PINGREQ, 2 giving up the link.
extern "C" fn m_alive(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let (vm, py) = &mut Vm::of(function);
    let [me, seconds, timeout] = Call::new(n, kw, arguments).exactly(vm, py);
    let client = Client::of(vm, py, me);
    let seconds = KeepAlive::from_secs(u16::try_from(vm.int(py, seconds)).unwrap_or_default());
    let timeout = u32::try_from(vm.int(py, timeout)).unwrap_or_default();
    let now = client.now(py);
    if client.sent.replace(false) {
        // The exact time is not known, but it was not before the last check.
        client.last_sent.set(client.last_look.get());
    }
    client.last_look.set(now);
    let since = |then: usize| u32::try_from(ticks_diff(now, then)).unwrap_or_default();
    let elapsed = Elapsed {
        sent: since(client.last_sent.get()),
        received: since(client.last_received.get()),
        ping: if client.pinged.get() { Some(since(client.last_ping.get())) } else { None },
    };
    let (action, wait) = match keep_alive::action(seconds, timeout, &elapsed) {
        Action::Wait(wait) => (0, wait.unwrap_or(u32::MAX)),
        Action::Ping => {
            client.last_sent.set(now);
            client.asked.set(true);
            if !client.pinged.replace(true) {
                client.last_ping.set(now);
            }
            (1, 0)
        }
        Action::GiveUp => (2, 0),
    };
    client.next_look.set(ticks_add(now, isize::try_from(wait.min(1 << 27)).unwrap_or_default()));
    Obj::int(action)
}

impl Vm {
    /// A QoS, or `AssertionError`.
    #[inline(never)]
    fn qos(&self, py: &mut Py, object: Obj) -> QoS {
        match self.int(py, object) {
            0 => QoS::AtMostOnce,
            1 => QoS::AtLeastOnce,
            2 => QoS::ExactlyOnce,
            _ => self.refuse(py, q::qos),
        }
    }
}

impl Client {
    /// An acknowledgement came: removes its id from `rcv_pids`, and returns the status to report.
    #[inline(never)]
    fn take(&self, py: &mut Py, id: PacketId, kind: Kind) -> isize {
        let known = self.ids.kind(id);
        let (pid, pids) = (Obj::from_id(id), self.attr(py, q::rcv_pids));
        let is_awaited = known.is_none_or(|known| known == kind) && self.vm.contains(py, pids, pid);
        if is_awaited || known == Some(Kind::TimedOut) {
            self.ids.forget(id);
        }
        if !is_awaited {
            return SUNKNOWNPID;
        }
        self.vm.set_item(py, pids, pid, Obj::NULL);
        self.heard(py);
        SDELIVERED
    }
}
