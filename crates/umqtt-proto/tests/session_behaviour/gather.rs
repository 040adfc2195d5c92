//! What is due does not wait until the receive buffer is empty: PINGREQ, and acknowledgements.

use umqtt_proto::wire::{PINGREQ, PINGRESP};
use umqtt_proto::{Event, NoStore};

use crate::rig::{CONNACK, Rig, Sizes, keeping_alive};

/// A message of QoS 1 with this id, and one of QoS 0 with id 0.
fn message(number: u16) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    if number == 0 { b"\x30\x03\x00\x01t".to_vec() } else { vec![0x32, 5, 0, 1, b't', high, low] }
}

/// Messages of QoS 1 with ids from 1 on.
fn messages(count: u16) -> Vec<u8> {
    (1..=count).flat_map(message).collect()
}

/// The acknowledgements of such messages.
fn acknowledgements(count: u16) -> Vec<u8> {
    (1..=count).flat_map(|number| [0x40, 2, number.to_be_bytes()[0], number.to_be_bytes()[1]]).collect()
}

fn receiving(receive: usize) -> Rig<NoStore> {
    Rig::new(NoStore, &Sizes { receive, ..Sizes::default() })
}

#[test]
fn twenty_messages_in_one_read_cost_two_writes_at_most() {
    for idle in [0, 1, 49, 50, 60_000] {
        let mut rig = receiving(256).connected();
        rig.wait(idle);
        let (reads, writes) = (rig.line.reads, rig.line.writes);
        rig.feed(&messages(20));
        assert_eq!(rig.poll_to_the_end(), 20);
        assert_eq!(rig.line.output, acknowledgements(20));
        assert!(rig.line.writes - writes <= 2, "{} writes, {idle} ms idle", rig.line.writes - writes);
        assert!(rig.line.reads - reads <= 2, "{} reads, {idle} ms idle", rig.line.reads - reads);
    }
}

/// The acknowledgement is due with the call after the one that handed its message over, and leaves within 50 ms
/// of it, or with the first call after that.
#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn an_acknowledgement_is_written_while_others_are_told() {
    for work in [0, 1, 7, 25, 49, 50, 51, 100, 1_000] {
        let mut rig = receiving(512).connected();
        rig.wait(1_000);
        rig.feed(&messages(60));
        let mut due = Vec::new();
        while let Some(event) = rig.poll().unwrap() {
            assert!(matches!(event, Event::Message(_)));
            let late = due.iter().filter(|&&due| rig.now.since(due) >= 50).count();
            assert!(rig.line.output.len() >= 4 * late, "{late} are late after {} of {work} ms", due.len());
            // The one that was told before is due with this call; with much work it has left with it.
            if work >= 50 {
                assert_eq!(rig.line.output.len(), 4 * due.len(), "work of {work} ms");
            }
            rig.wait(work);
            due.push(rig.now);
        }
        assert_eq!((due.len(), rig.send()), (60, acknowledgements(60)));
    }
}

/// The buffer is empty: what comes next may be long in coming.
#[test]
fn the_last_acknowledgement_does_not_wait_for_others() {
    let mut rig = receiving(256).connected();
    for number in 1..=5 {
        rig.feed(&message(number));
        assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))));
        rig.wait(1);
        rig.quiet();
        assert_eq!(rig.line.output, acknowledgements(number));
    }
}

/// Works `work` milliseconds on each of 300 messages that come in one burst, with a keep-alive of 4 s, a broker
/// that answers PINGREQ behind them, and calls that look once.
fn a_burst(receive: usize, qos: u16, work: u32) {
    let mut rig = receiving(receive);
    rig.connect_with(&keeping_alive(4), CONNACK);
    rig.quiet();
    let burst: Vec<u8> = (1..=300).flat_map(|number| message(number * qos)).collect();
    rig.feed(&burst);
    let (mut told, mut silence) = (0, 0);
    while told < 300 || !rig.line.input.is_empty() {
        match rig.poll().unwrap() {
            Some(Event::Message(_)) => told += 1,
            None => {}
            other => panic!("{other:?}"),
        }
        let sent = std::mem::take(&mut rig.line.output);
        silence = if sent.is_empty() { silence + work } else { 0 };
        assert!(silence < 4_000, "the broker hears nothing for {silence} ms, after {told} messages");
        for _ in sent.windows(2).filter(|bytes| *bytes == PINGREQ) {
            rig.feed(&PINGRESP);
        }
        rig.wait(work);
    }
    rig.quiet();
}

#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn the_link_is_kept_alive_however_long_the_work_on_each_message_takes() {
    for receive in [4096, 64] {
        for qos in [0, 1] {
            for work in [75, 100, 500, 900] {
                a_burst(receive, qos, work);
            }
        }
    }
}

/// A PINGREQ that is due is written by the call that finds it due, whatever that call tells.
#[test]
fn pingreq_is_written_at_once() {
    let mut rig = receiving(512);
    rig.connect_with(&keeping_alive(4), CONNACK);
    rig.quiet();
    rig.feed(&message(0).repeat(30));
    for _ in 0..2 {
        rig.wait(1_000);
        assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))));
        assert_eq!(rig.line.output, b"");
    }
    rig.wait(1_000);
    assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))));
    assert_eq!(rig.line.output, PINGREQ);
}
