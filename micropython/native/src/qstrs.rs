//! The names that this module uses; `cargo xtask mpy` reads them here and hands them to MicroPython's linker.

/// Numbers the names from 1, in the order of the module's table. A name that is a keyword of Rust has an underscore
/// appended.
macro_rules! qstrs {
    ($($name:ident)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Index { _Zero, $($name),* }

        /// The names.
        #[allow(non_upper_case_globals)]
        pub mod q {
            use super::Index;
            $(pub const $name: crate::mp::Q = Index::$name as crate::mp::Q;)*
        }
    };
}

/// The methods that are in `_link`.
pub const LATER: core::ops::RangeInclusive<crate::mp::Q> = q::__init__..=q::wait_msg;

// They are consecutive.
const _: () = {
    let mut names: &[crate::mp::Q] = &[
        q::__init__,
        q::_close,
        q::_in_cb,
        q::_read,
        q::_write,
        q::connect,
        q::disconnect,
        q::ping,
        q::set_callback,
        q::set_callback_status,
        q::set_last_will,
        q::subscribe,
        q::unsubscribe,
        q::wait_msg,
    ];
    let mut next = q::__init__;
    while let [name, rest @ ..] = names {
        assert!(*name == next);
        (names, next) = (rest, next + 1);
    }
};

qstrs! {
    // Those of `LATER`, consecutively.
    __init__
    _close
    _in_cb
    _read
    _write
    connect
    disconnect
    ping
    set_callback
    set_callback_status
    set_last_will
    subscribe
    unsubscribe
    wait_msg
    AssertionError
    MQTTException
    MemoryError
    RuntimeError
    TypeError
    __name__
    _ended
    _fetch
    _get
    _idle
    _install
    _large
    _link
    _load
    _look
    _m
    _more
    _own
    _packet
    _payload
    _peek
    _qos2
    _rest
    _wanted
    cb
    cbstat
    check_msg
    get_ident
    keepalive
    last_cpacket
    memoryview
    message_timeout
    msg
    newpid
    pid
    publish
    qos
    rcv_pids
    read
    readinto
    sock
    ticks_ms
    topic
    write
}
