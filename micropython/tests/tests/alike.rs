//! What the original does right, ours does in the same way: programs that were written for the original.

use umqtt_micropython_tests::agree;

#[test]
fn a_program_that_prints_around_every_method() {
    agree("alike/debug_client");
}

#[test]
fn a_program_that_overrides_methods_of_robust2() {
    agree("alike/robust_program");
}

#[test]
fn a_program_that_polls_the_socket_itself() {
    agree("alike/outside_poll");
}

#[test]
fn packets_that_come_in_parts() {
    agree("alike/parts");
}

#[test]
fn a_message_that_takes_longer_than_the_time_out() {
    agree("alike/slow_message");
}

#[test]
fn a_class_that_the_program_patches() {
    agree("alike/patched_class");
}

#[test]
fn arguments_that_the_original_takes() {
    agree("alike/arguments");
}

#[test]
fn packet_ids_that_are_few() {
    agree("alike/few_ids");
}

#[test]
fn a_socket_that_does_not_tell_what_it_has_written() {
    agree("alike/forgetful_socket");
}

#[test]
fn a_check_msg_that_reads_from_the_socket_itself() {
    agree("alike/own_check_msg");
}

#[test]
fn a_message_that_is_taken_in_the_midst_of_a_write() {
    agree("alike/nested_write");
}

#[test]
fn waiting_after_a_callback_that_raised_and_in_one() {
    agree("alike/wait_after_error");
}

#[test]
fn a_publish_while_a_part_waits_on_a_blocking_socket() {
    agree("alike/peeks");
}

#[test]
fn wrappers_that_raise_eagain_or_keep_packets() {
    agree("alike/odd_wrappers");
}
