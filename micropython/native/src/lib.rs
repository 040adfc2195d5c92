//! The native part of `umqtt.simple2`: what MQTT says and every hot path, over `umqtt-proto`.
//!
//! `simple2.py` has the class; `_install` puts the methods into it that are written here.

#![no_std]
#![allow(unsafe_code)]

mod codes;
mod connect;
mod link;
mod mp;
mod publish;
mod qstrs;
mod receive;
mod robust;
mod state;

use mp::{Call, Client, Function, Lent, Memory, Obj, Vm};
use qstrs::q;
use state::{Ids, State};
use umqtt_proto::Receiver;

/// Runs when the module is imported, before its bytecode.
#[unsafe(no_mangle)]
extern "C" fn mpy_init(function: &'static Function, _n: usize, _kw: usize, _arguments: *const Obj) -> Obj {
    let vm = Vm::of(function);
    vm.store_global(q::_install, vm.function(m_install));
    vm.none()
}

/// `_install(class)`: adds the methods that are written here.
extern "C" fn m_install(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let call = Call::new(function, n, kw, arguments);
    let vm = call.vm;
    let [class] = vm.arguments(&call, 1, [q::n]);
    let add = |name, code| vm.store(class, name, vm.function(code));
    add(q::_init, m_init);
    add(q::_write, link::m_write);
    add(q::_read, link::m_read);
    add(q::_start, connect::m_start);
    add(q::publish, publish::m_publish);
    add(q::subscribe, publish::m_subscribe);
    add(q::unsubscribe, publish::m_unsubscribe);
    add(q::check_msg, receive::m_check_msg);
    add(q::_in_cb, robust::m_in_cb);
    add(q::_stale, robust::m_stale);
    vm.none()
}

/// `_init()`: gives a client its state.
extern "C" fn m_init(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let call = Call::new(function, n, kw, arguments);
    let vm = call.vm;
    let [me] = vm.arguments(&call, 1, [q::self_]);
    let view = || -> Lent { vm.lend(&Memory::NONE) };
    let state = State {
        ticks: vm.global(q::ticks_ms),
        transmit: Memory::NONE,
        packet: view(),
        receiver: Receiver::new(Memory::NONE),
        room: view(),
        stash: 0,
        unacknowledged: None,
        in_callback: false,
        sent: false,
        pinged: false,
        last_sent: 0,
        last_sent_until: 0,
        last_received: 0,
        last_ping: 0,
        last_look: 0,
        part_offset: 0,
        part_total: 0,
        part_topic: vm.none(),
        ids: Ids::NONE,
    };
    Client::initialise(vm, me, state);
    let client = Client::of(vm, me);
    client.state().last_sent_until = client.now();
    vm.none()
}
