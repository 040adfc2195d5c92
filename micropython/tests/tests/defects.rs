//! Every defect of the original modules: what the original does, and what ours does instead.

use umqtt_micropython_tests::hold;

/// A test for each case; the name is that of the program in `python/defects/`.
macro_rules! defects {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            hold(concat!("defects/", stringify!($name)));
        })*
    };
}

defects! {
    callback_raises
    callback_raises_twice
    closed_behind
    closed_link
    d01_tls
    d02_partial_packet
    d02_silent_link
    d02_slow_parts
    d02_split_anywhere
    d03_unexpected_packet
    d04_text
    d05_never_read
    d05_short_write
    d05_slow_write
    d06_declared_length
    d06_limit
    d06_memory
    d06_parts
    d06_skip
    d07_remaining_length
    d08_pingresp
    d09_refused_subscription
    d10_late_suback
    d11_kinds
    d12_inbound_qos2
    d12_inbound_qos3
    d12_large_qos2
    d12_lost_session
    d13_resend
    d14_pid_in_flight
    d15_topics
    d16_optimised
    d17_wait_msg
    d17_wait_msg_writes
    d18_refused_connection
    d19_addresses
    d19_connect_timeout
    d19_failed_connect
    d20_keepalive_range
    d20_no_pingresp
    d20_ping
    d21_timed_out_link
    d22_no_callback
    d23_disconnect_in_callback
    d24_no_message_timeout
    d25_malformed
    d26_expiry
    d27_one_write
    d28_garbage
    forged_state
    kept_packets
    nested_check_msg
    refused_later
    superset
}
