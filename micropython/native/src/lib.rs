//! The native part of umqtt for MicroPython: the packets and every hot path, over `umqtt-proto`.
//!
//! It is built twice: as the part of `umqtt.simple2` that every message needs and, with the feature `link`, as the part
//! of `umqtt._link`, which has the rest and is loaded when it is needed. Both use the same [`Client`]. With the feature
//! `user-module` it is both at once, for a firmware that has them built in.

#![no_std]
// Each build uses only some of the common files; the build with both parts shows that all of their code is used.
#![cfg_attr(not(feature = "user-module"), allow(dead_code))]

mod books;
mod client;
mod codes;
#[cfg(feature = "link")]
mod end;
#[cfg(feature = "link")]
mod link;
mod mp;
mod qstrs;
#[cfg(any(not(feature = "link"), feature = "user-module"))]
mod resident;

use mp::{Function, Obj, Vm};

#[cfg(doc)]
use client::Client;

/// Runs when `umqtt._link` is imported, before its bytecode.
#[cfg(feature = "link")]
#[cfg_attr(not(feature = "user-module"), unsafe(export_name = "mpy_init"))]
#[cfg_attr(feature = "user-module", unsafe(export_name = "umqtt_link"))]
extern "C" fn begin_link(function: &'static Function, _n: usize, _kw: usize, _arguments: *const Obj) -> Obj {
    let (vm, py) = &mut Vm::of(function);
    let functions = link::functions(vm, py);
    vm.store_global(py, qstrs::q::_install, functions);
    vm.none()
}

/// Runs when `umqtt.simple2` is imported, before its bytecode.
#[cfg(any(not(feature = "link"), feature = "user-module"))]
#[cfg_attr(not(feature = "user-module"), unsafe(export_name = "mpy_init"))]
#[cfg_attr(feature = "user-module", unsafe(export_name = "umqtt_simple2"))]
extern "C" fn begin(function: &'static Function, _n: usize, _kw: usize, _arguments: *const Obj) -> Obj {
    let (vm, py) = &mut Vm::of(function);
    let install = vm.function(py, resident::m_install);
    vm.store_global(py, qstrs::q::_install, install);
    vm.none()
}
