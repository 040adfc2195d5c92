//! What `umqtt.robust2` asks of the client below it.

use crate::mp::{Call, Client, Function, Obj};
use crate::qstrs::q;
use crate::state::ticks_diff;

/// `_in_cb()`: whether what `check_msg()` raised last came out of a callback; told once.
pub extern "C" fn m_in_cb(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let call = Call::new(function, n, kw, arguments);
    let [me] = call.vm.arguments(&call, 1, [q::self_]);
    let client = Client::of(call.vm, me);
    call.vm.bool(core::mem::take(&mut client.state().in_callback))
}

/// `_stale()`: whether nothing was sent for one and a half keep-alives.
pub extern "C" fn m_stale(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    let call = Call::new(function, n, kw, arguments);
    let [me] = call.vm.arguments(&call, 1, [q::self_]);
    let client = Client::of(call.vm, me);
    let keep_alive = call.vm.int(client.attr(q::keepalive));
    let now = client.now();
    let state = client.state();
    state.look(now);
    let silence = ticks_diff(now, state.last_sent_until);
    call.vm.bool(keep_alive > 0 && silence > keep_alive.saturating_mul(1500))
}
