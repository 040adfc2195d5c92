//! The native part of `umqtt.simple2`: the methods that every message needs.

mod publish;
mod receive;
mod send;

use crate::mp::{Call, Function, Methods, Obj, Py, Vm};
use crate::qstrs::{LATER, q};

/// `_install(class)`: adds the methods. Only the hot ones do more than load `_link` and call the function of the same
/// name there. So the class is complete after the import, and a method that a program replaces stays replaced.
pub extern "C" fn m_install(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let (vm, py) = &mut Vm::of(function);
    let [class] = Call::new(n, kw, arguments).exactly(vm, py);
    let methods = Methods::like(vm, py, function);
    let mut add = |name, code| {
        let method = methods.make(vm, py, name, code);
        vm.store(py, class, name, method);
    };
    for name in LATER {
        add(name, m_later);
    }
    add(q::publish, publish::m_publish);
    let check_msg = methods.make(vm, py, q::check_msg, receive::m_check_msg);
    for name in [q::check_msg, q::_own] {
        vm.store(py, class, name, check_msg);
    }
    vm.none()
}

/// A method that is in `_link`.
extern "C" fn m_later(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let (vm, py) = &mut Vm::of(function);
    let link = link(vm, py);
    let method = vm.attr(py, link, function.name());
    vm.pass_on(py, method, &Call::new(n, kw, arguments))
}

/// The module `_link`; imports it when it is needed for the first time.
#[inline(never)]
pub fn link(vm: &Vm, py: &mut Py) -> Obj {
    let link = vm.global(py, q::_link);
    if link != vm.none() {
        return link;
    }
    let load = vm.global(py, q::_load);
    vm.call(py, load, &[])
}
