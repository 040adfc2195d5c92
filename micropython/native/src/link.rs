//! The native part of `umqtt._link`: packets that are sent or received once in a while, and the client's books.

use umqtt_proto::keep_alive::{self, Action, Elapsed};
use umqtt_proto::wire::{Connect, KeepAlive, Login, SubAck, Will, encode_subscribe, encode_unsubscribe};
use umqtt_proto::{Binary, ClientId, EncodeError, PacketId, QoS, Text, TopicFilter, TopicName, Violation};

use crate::client::{Client, Kind, ticks_add, ticks_diff};
use crate::codes::{SDELIVERED, SUNKNOWNPID};
use crate::mp::{Call, Function, Memory, Method, Obj, Vm};
use crate::qstrs::q;

/// How many filters one SUBSCRIBE or UNSUBSCRIBE can have.
const FILTERS: usize = 16;

/// The functions of this module, for the bytecode.
pub fn functions(vm: &Vm) -> Obj {
    let function = |code| vm.function(code);
    vm.tuple(&[
        function(m_init),
        function(m_connect),
        function(m_filters),
        function(m_ack),
        function(m_reset),
        function(m_tell),
        function(m_alive),
    ])
}

/// `_init(client, method)`: gives a client its state; `method` is one of simple2's own.
extern "C" fn m_init(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let vm = Vm::of(function);
    let [object, method] = Call::new(n, kw, arguments).exactly(&vm);
    Client::initialise(vm, object, method);
    vm.none()
}

/// `_connect(clean_session, keepalive, client_id, user, password, topic, msg, qos, retain)`: CONNECT as a new
/// `bytearray`, or the index of the argument that MQTT does not allow.
extern "C" fn m_connect(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let vm = Vm::of(function);
    let arguments = Call::new(n, kw, arguments).exactly(&vm);
    match connect(&vm, arguments) {
        Ok(packet) => packet,
        Err(index) => Obj::int(index),
    }
}

fn connect(vm: &Vm, arguments: [Obj; 9]) -> Result<Obj, isize> {
    let [clean_session, keep_alive, client_id, user, password, topic, message, qos, retain] = arguments;
    let buffer = |object: Obj| if object == vm.none() { None } else { Some(vm.buffer(object)) };
    let keep_alive = u16::try_from(vm.int(keep_alive)).map_err(|_| 1_isize)?;
    let client_id = ClientId::from_bytes(buffer(client_id).unwrap_or_default()).map_err(|_| 2_isize)?;
    let login = match buffer(user) {
        None => None,
        Some(user) => Some(Login {
            user_name: Text::from_bytes(user).map_err(|_| 3_isize)?,
            password: match buffer(password) {
                None => None,
                Some(password) => Some(Binary::new(password).map_err(|_| 4_isize)?),
            },
        }),
    };
    let will = match buffer(topic) {
        None => None,
        Some(topic) => Some(Will {
            topic: TopicName::from_bytes(topic).map_err(|_| 5_isize)?,
            payload: Binary::new(buffer(message).unwrap_or_default()).map_err(|_| 6_isize)?,
            qos: vm.qos(qos),
            retain: vm.is_true(retain),
        }),
    };
    let clean_session = vm.is_true(clean_session);
    let keep_alive = KeepAlive::from_secs(keep_alive);
    let connect = Connect { client_id, clean_session, keep_alive, will, login };
    Ok(vm.packet(&|out| connect.encode(out)))
}

/// `_filters(client, kind, pid, list)`: SUBSCRIBE, from pairs of filter and QoS, or UNSUBSCRIBE, from filters, as
/// a new `bytearray`. With None for `pid` it takes the next one, and gives that.
extern "C" fn m_filters(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let [me, kind, pid, list] = Call::new(n, kw, arguments).exactly(&Vm::of(function));
    let client = Client::of(function, me);
    let vm = &client.vm;
    let is_subscribe = vm.is_true(kind);
    // On the stack: the ESP8266 could not read a constant by bytes.
    let all = [b'#'];
    let Ok(empty) = TopicFilter::from_bytes(&all) else { vm.refuse(q::topic) };
    let mut filters = [(empty, QoS::AtMostOnce); FILTERS];
    let mut count = 0;
    let mut items = vm.iterate(list);
    while let Some(item) = vm.next(&mut items) {
        let Some(filter) = filters.get_mut(count) else { vm.refuse(q::topic) };
        let topic = if is_subscribe { vm.item(item, Obj::int(0)) } else { item };
        filter.0 = vm.checked(q::topic, TopicFilter::from_bytes(vm.buffer(topic)));
        if is_subscribe {
            filter.1 = vm.qos(vm.item(item, Obj::int(1)));
        }
        count += 1;
    }
    let filters = filters.get(..count).unwrap_or_default();
    if filters.is_empty() {
        vm.refuse(q::topic);
    }
    if pid == vm.none() {
        return Obj::from_id(client.next_id());
    }
    let id = vm.packet_id(pid);
    if is_subscribe {
        return vm.packet(&|out| encode_subscribe(id, filters, out));
    }
    let mut names = [empty; FILTERS];
    for (name, filter) in names.iter_mut().zip(filters) {
        *name = filter.0;
    }
    vm.packet(&|out| encode_unsubscribe(id, names.get(..count).unwrap_or_default(), out))
}

/// `_ack(client, first, body)`: an acknowledgement came. Gives its pid and the status to tell, in the lower two
/// bits; None when it is malformed.
extern "C" fn m_ack(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let [me, first, body] = Call::new(n, kw, arguments).exactly(&Vm::of(function));
    let client = Client::of(function, me);
    let vm = &client.vm;
    let body = vm.buffer(body);
    let acknowledged = match vm.int(first) {
        0x90 => SubAck::decode_body(body).map(|ack| (ack.id, Kind::Subscribe)),
        0xb0 => id_of(body).map(|id| (id, Kind::Unsubscribe)),
        0x70 => id_of(body).map(|id| (id, Kind::ExactlyOnce)),
        _ => id_of(body).map(|id| (id, Kind::Publish)),
    };
    let Ok((id, kind)) = acknowledged else { return vm.none() };
    let status = client.take(id, kind);
    Obj::int(isize::try_from(u32::from(id.as_u16())).unwrap_or_default() << 2 | status)
}

/// The body of an acknowledgement that has nothing but an id.
fn id_of(body: &[u8]) -> Result<PacketId, Violation> {
    let &[high, low] = body else { return Err(Violation::WrongLength) };
    PacketId::try_from(u16::from_be_bytes([high, low]))
}

/// `_reset(client, what)`: the books at a turn of the link, see `_link.py`.
extern "C" fn m_reset(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let [me, what] = Call::new(n, kw, arguments).exactly(&Vm::of(function));
    let client = Client::of(function, me);
    let what = client.vm.int(what);
    match what {
        // A link begins, with a session or without.
        0..=1 => {
            let now = client.now();
            for time in [&client.last_sent, &client.last_received, &client.last_look, &client.next_look] {
                time.set(now);
            }
            client.alive.set(true);
            client.pinged.set(false);
            client.filled.set(0);
            client.unacknowledged.set(None);
            if what == 1 {
                client.ids.clear();
            }
        }
        // A link ends.
        2 => {
            client.filled.set(0);
            client.large.set(false);
            client.unacknowledged.set(None);
        }
        // A large message begins, that is read elsewhere.
        3 => {
            client.filled.set(0);
            client.receive.set(Memory::NONE);
            client.large.set(true);
        }
        4 => client.heard(),
        // PINGRESP.
        5 => {
            client.pinged.set(false);
            client.heard();
        }
        // Something was written.
        6 => client.sent.set(true),
        // A large message has come to its end.
        10 => {
            client.large.set(false);
            client.heard();
        }
        // A callback begins, and ends.
        8 | 9 => client.in_callback.set(what == 8),
        _ => {
            let was = client.in_callback.replace(false);
            return client.vm.bool(was);
        }
    }
    client.vm.none()
}

/// `_tell(client, pid, status)`: calls `cbstat`. A pid that timed out is not used again before it is answered;
/// with None for `status` it is awaited from now on, as one for which `kind` filters were sent.
extern "C" fn m_tell(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let [me, pid, status, kind] = Call::new(n, kw, arguments).exactly(&Vm::of(function));
    let client = Client::of(function, me);
    let vm = &client.vm;
    if status == vm.none() {
        let kind = if vm.is_true(kind) { Kind::Subscribe } else { Kind::Unsubscribe };
        return client.expect(vm.packet_id(pid), kind, client.deadline());
    }
    if status == Obj::int(0)
        && let Some(id) = pid.as_id()
    {
        client.ids.remember(id, Kind::TimedOut);
    }
    client.tell(pid, status);
    vm.none()
}

/// `_alive(client, seconds, timeout)`: what the keep-alive asks for: 0 nothing, 1 PINGREQ, 2 to give up.
extern "C" fn m_alive(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let [me, seconds, timeout] = Call::new(n, kw, arguments).exactly(&Vm::of(function));
    let client = Client::of(function, me);
    let seconds = KeepAlive::from_secs(u16::try_from(client.vm.int(seconds)).unwrap_or_default());
    let timeout = u32::try_from(client.vm.int(timeout)).unwrap_or_default();
    let now = client.now();
    if client.sent.replace(false) {
        // When exactly is not known, but not before the last look.
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
    /// Encodes a packet into a new `bytearray`.
    #[inline(never)]
    fn packet(&self, encode: &dyn Fn(&mut [u8]) -> Result<usize, EncodeError>) -> Obj {
        let mut memory = Memory::NONE;
        loop {
            match encode(memory.bytes()) {
                Ok(_) => return self.bytearray(&memory),
                Err(EncodeError::BufferTooSmall { needed }) => memory = self.memory_or_raise(needed),
                Err(EncodeError::TooLong) => self.refuse(q::topic),
            }
        }
    }

    /// A QoS, or `AssertionError`.
    #[inline(never)]
    fn qos(&self, object: Obj) -> QoS {
        match self.int(object) {
            0 => QoS::AtMostOnce,
            1 => QoS::AtLeastOnce,
            2 => QoS::ExactlyOnce,
            _ => self.refuse(q::qos),
        }
    }
}

impl Client {
    /// An acknowledgement came: takes its id out of `rcv_pids`, and gives the status to tell.
    #[inline(never)]
    fn take(&self, id: PacketId, kind: Kind) -> isize {
        let known = self.ids.kind(id);
        let (pid, pids) = (Obj::from_id(id), self.attr(q::rcv_pids));
        let is_awaited = known.is_none_or(|known| known == kind) && self.vm.contains(pids, pid);
        if is_awaited || known == Some(Kind::TimedOut) {
            self.ids.forget(id);
        }
        if !is_awaited {
            return SUNKNOWNPID;
        }
        self.vm.set_item(pids, pid, Obj::NULL);
        self.heard();
        SDELIVERED
    }

    /// Calls `cbstat`.
    #[inline(never)]
    fn tell(&self, pid: Obj, status: Obj) {
        let mut callback = Method::new();
        self.method(q::cbstat, &mut callback);
        callback.set([pid, status, Obj::NULL, Obj::NULL]);
        self.in_callback.set(true);
        self.vm.call_method(&callback, 2);
        self.in_callback.set(false);
    }
}
