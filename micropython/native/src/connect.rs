//! CONNECT and its answer.

use umqtt_proto::wire::{Connect, KeepAlive, Login, Will};
use umqtt_proto::{Binary, ClientId, EncodeError, InvalidField, QoS, Text, TopicName};

use crate::codes::{ECONLENGTH, ECONUNKNOWN};
use crate::mp::{Call, Client, Function, Obj, Q};
use crate::qstrs::q;
use crate::state::Ids;

/// `_start(clean_session)`: CONNECT on a fresh link; gives whether the broker has a session.
pub extern "C" fn m_start(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let call = Call::new(function, n, kw, arguments);
    let vm = call.vm;
    let [me, clean_session] = vm.arguments(&call, 2, [q::self_, q::n]);
    let client = Client::of(vm, me);
    let clean_session = vm.is_true(clean_session);
    let now = client.now();
    let state = client.state();
    state.receiver.clear();
    state.stash = 0;
    state.unacknowledged = None;
    state.pinged = false;
    (state.last_sent, state.last_received, state.last_look) = (now, now, now);
    if clean_session {
        state.ids = Ids::NONE;
    }
    let length = client.encode_connect(clean_session);
    client.send(length);
    // The password shall not stay in a buffer that is used again.
    client.state().transmit.as_mut().fill(0);
    let answer = vm.buffer(vm.method(me, q::_read).call(Obj::int(4), Obj::NULL));
    let &[0x20, 2, flags @ 0..=1, code] = answer else { client.raise(ECONLENGTH) };
    match code {
        0 => {}
        1..=5 => client.raise(ECONUNKNOWN + isize::from(code)),
        _ => client.raise_with(&[Obj::int(ECONUNKNOWN), Obj::int(isize::from(code))]),
    }
    client.heard();
    Obj::int(isize::from(flags))
}

impl Client {
    /// Writes CONNECT into the transmit buffer.
    fn encode_connect(&self, clean_session: bool) -> usize {
        let none = self.vm.none();
        let buffer = |name: Q| {
            let value = self.attr(name);
            if value == none { None } else { Some(self.vm.buffer(value)) }
        };
        let keep_alive = self.vm.int(self.attr(q::keepalive));
        let Ok(keep_alive) = u16::try_from(keep_alive) else { self.refuse(q::keepalive) };
        let topic = self.attr(q::lw_topic);
        let will = self.vm.is_true(topic).then(|| Will {
            topic: self.checked(q::lw_topic, TopicName::from_bytes(self.vm.buffer(topic))),
            payload: self.checked(q::lw_msg, Binary::new(buffer(q::lw_msg).unwrap_or_default())),
            qos: self.qos(self.attr(q::lw_qos)),
            retain: self.vm.is_true(self.attr(q::lw_retain)),
        });
        let login = buffer(q::user).map(|user| Login {
            user_name: self.checked(q::user, Text::from_bytes(user)),
            password: buffer(q::pswd).map(|password| self.checked(q::pswd, Binary::new(password))),
        });
        let id = buffer(q::client_id).unwrap_or_default();
        let connect = Connect {
            client_id: self.checked(q::client_id, ClientId::from_bytes(id)),
            clean_session,
            keep_alive: KeepAlive::from_secs(keep_alive),
            will,
            login,
        };
        self.encode(&|out| connect.encode(out))
    }

    /// Encodes a packet into the transmit buffer, with room for it; tells its length.
    #[inline(never)]
    pub fn encode(&self, encode: &dyn Fn(&mut [u8]) -> Result<usize, EncodeError>) -> usize {
        let mut size = SMALL;
        loop {
            match encode(self.transmit_room(size)) {
                Ok(length) => return length,
                Err(EncodeError::BufferTooSmall { needed }) => size = needed,
                Err(EncodeError::TooLong) => self.refuse(q::msg),
            }
        }
    }

    /// Raises AssertionError for an argument that MQTT does not allow; nothing was sent.
    #[inline(never)]
    pub fn refuse(&self, name: Q) -> ! {
        self.vm.raise(self.vm.call(self.vm.global(q::AssertionError), &[self.vm.name(name)]))
    }

    /// A field, or AssertionError.
    pub fn checked<T>(&self, name: Q, field: Result<T, InvalidField>) -> T {
        match field {
            Ok(field) => field,
            Err(_) => self.refuse(name),
        }
    }

    /// A QoS, or AssertionError.
    #[inline(never)]
    pub fn qos(&self, object: Obj) -> QoS {
        match self.vm.int(object) {
            0 => QoS::AtMostOnce,
            1 => QoS::AtLeastOnce,
            2 => QoS::ExactlyOnce,
            _ => self.refuse(q::qos),
        }
    }
}

/// The smallest transmit buffer.
const SMALL: usize = 64;
