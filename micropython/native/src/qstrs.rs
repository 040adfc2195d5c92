//! The names that this module uses; `cargo xtask mpy` reads them here and hands them to MicroPython's linker.

/// Numbers the names from 1, in the order in which they stand in the module's table. A name that is a keyword of
/// Rust has an underscore behind it.
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

qstrs! {
    AssertionError
    MQTTClient
    MQTTException
    MemoryError
    RuntimeError
    TypeError
    __init__
    _close
    _idle
    _install
    _large
    _link
    _load
    _look
    _m
    _more
    _packet
    _payload
    _qos2
    _read
    _wanted
    _write
    cb
    cbstat
    check_msg
    last_cpacket
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
