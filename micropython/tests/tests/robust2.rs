//! Every defect of the original robust2, and the rulings about it: what the original does, and what ours does instead.

use umqtt_micropython_tests::{agree, hold};

/// A test for each case; the name is that of the program in `python/robust2/`.
macro_rules! robust2 {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            hold(concat!("robust2/", stringify!($name)));
        })*
    };
}

robust2! {
    r01_eleventh_identical_publish
    r02_bytearray
    r03_send_queue_midway
    r04_older_retained
    r05_retained_kept
    r06_order
    r07_timed_out_are_bounded
    r08_queue_max_zero
    r09_released
    r09_resend
    r09_late_puback
    r10_refused_subscription
    r11_other_qos
    r12_subscribes_again
    r13_idle_link
    r13_slow_callback
    r14_callback_nested
    r14_callback_raises
    r15_place_of_wait_msg
    r16_failed_connect
    r17_back_off
    r17_pause
    r18_refused_arguments
    r20_unsubscribe
    r21_too_large
}

/// What the original does right: a test for each case, which ours does in the same way.
macro_rules! alike {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            agree(concat!("robust2/", stringify!($name)));
        })*
    };
}

alike! {
    as_cbstat
    as_keepalive
    as_publish_qos_0
    as_publish_qos_1
    as_queue
    as_subscribe
    surface
}
