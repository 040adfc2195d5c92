//! The native part of umqtt for MicroPython: what MQTT says and every hot path, over `umqtt-proto`.
//!
//! It is built twice: as the part of `umqtt.simple2` that every message needs and, with the feature `link`, as
//! the part of `umqtt._link` for all the rest, which is loaded when it is needed. Both see the same [`Client`].

#![no_std]
#![allow(unsafe_code)]

mod client;
mod codes;
#[cfg(feature = "link")]
mod link;
mod mp;
mod qstrs;
mod receive;
#[cfg(not(feature = "link"))]
mod resident;
mod send;

use mp::{Function, Obj, Vm};

#[cfg(doc)]
use client::Client;

/// Runs when the module is imported, before its bytecode.
#[cfg(feature = "link")]
#[unsafe(no_mangle)]
extern "C" fn mpy_init(function: &'static Function, _n: usize, _kw: usize, _arguments: *const Obj) -> Obj {
    let vm = Vm::of(function);
    vm.store_global(qstrs::q::_install, link::functions(&vm));
    vm.none()
}

/// Runs when the module is imported, before its bytecode.
#[cfg(not(feature = "link"))]
#[unsafe(no_mangle)]
extern "C" fn mpy_init(function: &'static Function, _n: usize, _kw: usize, _arguments: *const Obj) -> Obj {
    let vm = Vm::of(function);
    vm.store_global(qstrs::q::_install, vm.function(resident::m_install));
    vm.none()
}
