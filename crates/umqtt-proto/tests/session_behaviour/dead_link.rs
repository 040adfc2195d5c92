//! A link that is slow, or dead, and how it is told apart: any byte proves that it lives, a call that writes is
//! bounded, and nothing spins.

use umqtt_proto::wire::{PINGREQ, PINGRESP};
use umqtt_proto::{Event, Goal, NEVER, NoStore, QoS, SessionError, Timeouts, Wait};

use crate::rig::{CONNACK, End, Rig, Sizes, keeping_alive, rig, topic};

/// 3.5 MB at 50 kB/s, which take 70 s: the answer to the PINGREQ of second 45 lies behind them.
#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn a_message_may_arrive_for_longer_than_pingresp_is_waited_for() {
    let sizes = Sizes { receive: 4096, ..Sizes::default() };
    let mut rig = Rig::new(NoStore, &sizes).connected_keeping_alive(60);
    let payload = vec![b'x'; 3_500_000];
    let mut stream = [b"\x30\xe3\xcf\xd5\x01\x00\x01t", &payload[..]].concat();
    let (mut got, mut pinged) = (0, 0);
    while got < payload.len() {
        rig.feed(&stream.drain(..stream.len().min(5_000)).collect::<Vec<u8>>());
        while !rig.line.input.is_empty() {
            while let Some(event) = rig.poll().unwrap() {
                got += match event {
                    Event::MessageStart(start) => start.payload.len(),
                    Event::MessagePart { bytes, .. } => bytes.len(),
                    other => panic!("{other:?}"),
                };
            }
        }
        if std::mem::take(&mut rig.line.output) == PINGREQ {
            stream.extend(PINGRESP);
            pinged += 1;
        }
        rig.wait(100);
    }
    assert_eq!((rig.now.as_millis(), pinged), (70_100, 1));
    rig.feed(&stream);
    rig.quiet();
    assert_eq!(rig.timeout(), Some(19_900), "PINGRESP has come: the next PINGREQ goes 45 s after the last");
}

/// The outcome is that of the bytes, not of how they are cut: each restarts the wait.
#[test]
fn whole_messages_and_pieces_of_them_put_off_the_end() {
    for cuts in [&[5][..], &[2, 3], &[4, 1], &[1, 1, 1, 1, 1]] {
        let mut rig = rig().connected_keeping_alive(60);
        rig.session().ping().unwrap();
        assert_eq!(rig.send(), PINGREQ);
        for _ in 0..10 {
            let mut message = &b"\x30\x03\x00\x01t"[..];
            for &cut in cuts {
                rig.wait(4_900);
                rig.quiet();
                let (bytes, rest) = message.split_at(cut);
                rig.feed(bytes);
                message = rest;
                let told = rig.poll().unwrap().is_some();
                assert_eq!(told, rest.is_empty());
            }
        }
        rig.wait(4_999);
        rig.quiet();
        rig.wait(1);
        rig.assert_ends(b"", SessionError::PingTimeout);
    }
}

/// 5 MB at 50 kB/s, which take 100 s, while the broker says nothing.
#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn an_upload_may_take_longer_than_pingresp_is_waited_for() {
    let sizes = Sizes { transmit: 4096, ..Sizes::default() };
    let mut rig = Rig::new(NoStore, &sizes).connected_keeping_alive(60);
    let payload = vec![b'x'; 5_000_000];
    let mut rest = &payload[..];
    rig.line.room = 0;
    rig.session().publish_large(topic("t"), rest, QoS::AtMostOnce, false).unwrap();
    while !rest.is_empty() {
        // One call of a client: it ends when the link takes nothing, or next to nothing.
        rig.engine.begin(Goal::Flush, rig.now);
        loop {
            let given = rig.session().push_payload(rest);
            rest = &rest[given..];
            match rig.go_on().unwrap() {
                End::Waits(wait) => {
                    assert!(wait.write && wait.millis >= 100);
                    rig.wait(100);
                    rig.line.room += 5_000;
                }
                End::Done if !rest.is_empty() => {}
                End::Done => break,
                other => panic!("{other:?} with {} bytes left", rest.len()),
            }
        }
    }
    assert!(rig.now.as_millis() >= 99_000);
    // Nothing was received for longer than the interval.
    rig.line.room = usize::MAX;
    rig.quiet();
    assert!(rig.line.output.ends_with(&PINGREQ));
    rig.wait(4_999);
    rig.quiet();
    rig.takes(&PINGRESP);
}

#[test]
fn pingresp_is_waited_for_from_the_last_byte_of_pingreq_on() {
    let mut rig = rig().connected_keeping_alive(60);
    rig.line.room = 0;
    rig.publish(&[0; 100], QoS::AtMostOnce).unwrap();
    rig.session().ping().unwrap();
    // The link takes a byte every 4 s.
    for _ in 0..105 {
        rig.line.room = 1;
        rig.quiet();
        rig.wait(4_000);
    }
    assert_eq!(rig.pending(), PINGREQ);
    rig.line.room = 1;
    rig.quiet();
    rig.wait(4_900);
    rig.quiet();
    rig.line.room = 1;
    rig.quiet();
    assert_eq!(rig.pending(), b"");
    assert_eq!(rig.timeout(), Some(5_000));
    rig.wait(4_999);
    rig.quiet();
    rig.wait(1);
    rig.assert_ends(b"", SessionError::PingTimeout);
}

#[test]
fn a_write_that_is_refused_later_does_not_put_off_the_end() {
    let mut rig = rig().connected_keeping_alive(60);
    rig.session().ping().unwrap();
    rig.send();
    rig.line.room = 0;
    for _ in 0..49 {
        rig.wait(100);
        rig.publish(b"", QoS::AtMostOnce).unwrap();
        rig.quiet();
    }
    rig.wait(100);
    rig.assert_ends(b"", SessionError::PingTimeout);
}

#[test]
fn a_call_that_writes_ends_when_the_link_takes_nothing() {
    for (write, ends) in [(5_000, true), (100, true), (0, true), (NEVER, false)] {
        let mut rig = rig().connected();
        rig.engine.set_timeouts(Timeouts { write, ..Timeouts::DEFAULT });
        rig.line.room = 3;
        rig.publish(b"hi", QoS::AtLeastOnce).unwrap();
        for _ in 0..3 {
            if write > 0 {
                let wait = Wait { read: true, write: true, millis: write };
                assert_eq!(rig.call(Goal::Flush), Ok(End::Waits(wait)));
                if !ends {
                    break;
                }
                rig.wait(write - 1);
                assert!(matches!(rig.go_on(), Ok(End::Waits(Wait { millis: 1, .. }))));
                rig.wait(1);
                assert_eq!(rig.go_on(), Ok(End::Stalled));
            } else {
                assert_eq!(rig.call(Goal::Flush), Ok(End::Stalled));
            }
        }
        // The rest is not lost.
        rig.line.room = usize::MAX;
        assert_eq!(rig.send(), b"\x32\x07\x00\x01t\x00\x01hi");
    }
}

/// The time-out, and so much more for each KiB of what there is to write.
#[test]
fn a_call_that_writes_ends_when_the_link_takes_next_to_nothing() {
    for (length, per_kib, limit) in [(100, 1_000, 6_000), (3_000, 1_000, 8_000), (3_000, 100, 5_300)] {
        let mut rig = Rig::new(NoStore, &Sizes { transmit: 4096, ..Sizes::default() }).connected();
        rig.engine.set_timeouts(Timeouts { write_per_kib: per_kib, ..Timeouts::DEFAULT });
        rig.publish(&vec![0; length], QoS::AtMostOnce).unwrap();
        rig.line.room = 0;
        let begun = rig.now;
        let mut end = rig.call(Goal::Flush);
        while let Ok(End::Waits(wait)) = end {
            rig.wait(wait.millis.min(100));
            rig.line.room = 1;
            end = rig.go_on();
            assert!(rig.now.since(begun) <= limit, "{length} bytes");
        }
        assert_eq!((end, rig.now.since(begun)), (Ok(End::Stalled), limit));
        assert!(rig.line.output.len() > 50, "it goes on with the next call");
    }
}

/// A peer that sends while it takes nothing: what it says is read as far as there is room, also behind a message.
#[test]
fn a_call_that_waits_for_room_to_write_goes_on_reading() {
    let mut rig = Rig::new(NoStore, &Sizes { receive: 64, ..Sizes::default() }).connected();
    rig.line.room = 0;
    rig.publish(b"", QoS::AtLeastOnce).unwrap();
    rig.feed(&b"\x30\x03\x00\x01t".repeat(20));
    let full = Ok(End::Waits(Wait { read: false, write: true, millis: 5_000 }));
    assert!(matches!(rig.call(Goal::Flush), Ok(End::Waits(Wait { read: true, write: true, .. }))));
    assert_eq!(rig.go_on(), full);
    assert_eq!(rig.line.input.len(), 100 - 64);
    assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))));
    assert_eq!(rig.call(Goal::Flush), full);
    assert_eq!(rig.line.input.len(), 100 - 64 - 5);
    rig.line.room = usize::MAX;
    assert_eq!(rig.go_on(), Ok(End::Done));
    while rig.poll().unwrap().is_some() {}
    assert_eq!(rig.line.input, b"");
}

/// Every call ends, and the connection does, too: keep-alive holds although there is no room for PINGREQ.
#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn a_dead_link_with_a_full_transmit_buffer_ends() {
    for goals in
        [&[Goal::Flush][..], &[Goal::Event(0)], &[Goal::Event(1_000)], &[Goal::Flush, Goal::Event(0)]]
    {
        let sizes = Sizes { transmit: 64, ..Sizes::default() };
        let mut rig = Rig::new(NoStore, &sizes).connected_keeping_alive(10);
        rig.line.room = 0;
        rig.publish(&[0; 59], QoS::AtMostOnce).unwrap();
        let mut calls = 0;
        let died = 'life: loop {
            for &goal in goals {
                let mut end = rig.call(goal);
                while let Ok(End::Waits(wait)) = end {
                    rig.wait(wait.millis);
                    end = rig.go_on();
                }
                if let Err(error) = end {
                    break 'life error;
                }
                calls += 1;
                rig.wait(100);
            }
            assert!(calls < 1_000, "{goals:?}");
        };
        assert_eq!(died, SessionError::PingTimeout);
        assert!(rig.now.as_millis() <= 10_000 + 5_000 + 1_000, "{goals:?}: {}", rig.now.as_millis());
    }
}

/// An event loop that reads only when there is something to read, as all do.
#[test]
fn a_loop_of_ones_own_does_not_spin_on_a_dead_link() {
    let mut rig = rig();
    rig.connect_with(&keeping_alive(4), CONNACK);
    rig.publish_sent(b"", QoS::AtLeastOnce);
    rig.quiet();
    for turn in 1.. {
        assert!(turn < 10, "it spins");
        let wait = rig.engine.next_wait(&rig.receiver.inbox(), rig.now);
        assert_eq!((wait.read, wait.write), (true, false));
        assert!(wait.millis > 0);
        rig.wait(wait.millis);
        match rig.poll() {
            Ok(told) => assert_eq!(told, None),
            Err(error) => {
                assert_eq!((error, rig.now.as_millis()), (SessionError::PingTimeout, 3_000 + 5_000));
                return;
            }
        }
    }
}

/// A loop of one's own is woken when the link has taken nothing for too long, without a keep-alive too.
#[test]
fn a_loop_of_ones_own_learns_that_a_link_takes_nothing() {
    let mut rig = rig().connected();
    rig.wait(60_000);
    rig.line.room = 3;
    rig.publish(b"", QoS::AtMostOnce).unwrap();
    // It was not asked yet.
    let wait = rig.engine.next_wait(&rig.receiver.inbox(), rig.now);
    assert_eq!(wait, Wait { read: true, write: true, millis: NEVER });
    for stalled in 1..4 {
        rig.quiet();
        let wait = rig.engine.next_wait(&rig.receiver.inbox(), rig.now);
        assert_eq!(wait, Wait { read: true, write: true, millis: 5_000 });
        rig.wait(wait.millis);
        assert_eq!(rig.call(Goal::Event(0)), Ok(End::Stalled));
        assert_eq!(rig.now.as_millis(), 60_000 + stalled * 5_000);
    }
}

/// A packet comes each millisecond, and the caller takes one with each call, or falls behind.
#[test]
#[cfg_attr(miri, ignore = "takes minutes")]
fn a_timeout_is_told_once_in_a_flood() {
    for packet in [&b"\x30\x03\x00\x01t"[..], &PINGRESP] {
        for every in [1, 2] {
            let mut rig = rig().connected();
            let late = rig.publish_sent(b"", QoS::AtLeastOnce);
            let mut told = Vec::new();
            for millis in 1..30_000 {
                rig.wait(1);
                rig.feed(packet);
                if millis % every != 0 {
                    continue;
                }
                match rig.poll().unwrap() {
                    Some(Event::Message(_)) | None => {}
                    Some(event) => {
                        assert_eq!(event, Event::TimedOut { id: late });
                        told.push(rig.now.as_millis());
                    }
                }
            }
            // What the buffer holds is dealt with first, and what came with the look.
            let most = 10_000 + every * 2 * 256 / 5 + every;
            assert!(matches!(told[..], [one] if (10_000..=most).contains(&one)), "told after {told:?} ms");
        }
    }
}

/// An answer that comes with the look at the end of the time counts, also behind other packets.
#[test]
fn an_acknowledgement_that_has_come_is_not_late() {
    let mut rig = rig().connected();
    let id = rig.publish_sent(b"", QoS::AtLeastOnce);
    rig.feed(&b"\x30\x03\x00\x01t".repeat(40));
    rig.feed(b"\x40\x02\x00\x01");
    rig.wait(60_000);
    for _ in 0..40 {
        assert!(matches!(rig.poll(), Ok(Some(Event::Message(_)))));
    }
    assert_eq!(rig.poll(), Ok(Some(Event::Delivered { id, late: false })));
    rig.quiet();
}
