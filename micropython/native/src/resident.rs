//! The native part of `umqtt.simple2`: the methods that every message needs.

use crate::client::link;
use crate::mp::{Call, Function, Obj, Vm};
use crate::qstrs::q;
use crate::{receive, send};

/// `_install(class)`: adds the methods. The others come with `_link`, which the first client loads.
pub extern "C" fn m_install(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let vm = Vm::of(function);
    let [class] = Call::new(n, kw, arguments).exactly(&vm);
    let add = |name, code| vm.store(class, name, vm.function(code));
    add(q::__init__, m_init);
    add(q::publish, send::m_publish);
    add(q::check_msg, receive::m_check_msg);
    vm.none()
}

/// `__init__`, until `_link` has put its own in the place.
extern "C" fn m_init(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let vm = Vm::of(function);
    vm.pass_on(vm.attr(link(&vm), q::__init__), &Call::new(n, kw, arguments))
}
