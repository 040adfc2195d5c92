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
    MQTTException
    MemoryError
    RuntimeError
    TypeError
    _close
    _in_cb
    _init
    _install
    _m
    _read
    _stale
    _start
    _write
    cb
    cbstat
    check_msg
    client_id
    dup
    granted
    int
    ipoll
    keepalive
    last_cpacket
    length
    lw_msg
    lw_qos
    lw_retain
    lw_topic
    message_timeout
    msg
    msg_max
    n
    newpid
    pid
    ping
    poll
    poller_r
    poller_w
    pswd
    publish
    qos
    rcv_pids
    read
    readinto
    retain
    self_
    sock
    socket_timeout
    subscribe
    ticks_ms
    topic
    unsubscribe
    user
    write
}
