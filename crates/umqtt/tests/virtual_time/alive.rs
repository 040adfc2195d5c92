//! The keep-alive under load: it neither misses a PINGREQ nor ends a link that lives.

use umqtt::{
    ConnectOptions, ConnectionError, Error, Event, Heap, NEVER, PacketType, QoS, SessionError, TopicName,
};
use umqtt_testkit::link::Direction::{ToBroker, ToClient};
use umqtt_testkit::link::Pieces;
use umqtt_testkit::{Broker, Settings};

use crate::wire::{Connected, Handle, broker_client, broker_client_with, client_of, drain, ended};

/// A client with a keep-alive of 4 s, and 300 messages of a few bytes on their way to it.
fn client_in_a_burst(receive: usize, qos: QoS) -> Connected<Broker, Heap> {
    let broker = Broker::new(Settings { window: 300, ..Settings::default() });
    let options = ConnectOptions::new("shed").unwrap().keep_alive(4);
    let (mut client, handle) = client_of(broker, Heap::new(receive, 1_024, 8), &options);
    client.subscribe("t", qos).unwrap();
    drain(&mut client);
    handle.network.with(|broker| {
        for number in 0..300u16 {
            broker.publish(TopicName::new("t").unwrap(), &number.to_be_bytes(), qos, false);
        }
    });
    (client, handle)
}

/// Fault 1: what is due does not wait until the receive buffer is empty.
#[test]
fn pings_and_acknowledgements_go_out_while_a_burst_is_worked_through() {
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        // All of the burst is in the receive buffer at once, or arrives bit by bit.
        for receive in [16 * 1_024, 64] {
            for work in [100, 75, 250, 999] {
                let (mut client, handle) = client_in_a_burst(receive, qos);
                for number in 0..300u16 {
                    let (event, _) = client.check_msg(0).unwrap().expect("there is more");
                    let Event::Message(message) = event else { panic!("{event:?}") };
                    assert_eq!(message.payload, number.to_be_bytes());
                    // The call writes what is due since more than 50 ms: all but the message of this call.
                    handle.network.with(|broker| {
                        let acks = broker.received(PacketType::PubAck) + broker.received(PacketType::PubRec);
                        let due = if qos == QoS::AtMostOnce { 0 } else { number };
                        assert_eq!(acks, u64::from(due), "{qos:?}, {work} ms");
                    });
                    handle.network.advance(work);
                }
                assert_eq!(drain(&mut client), [""; 0]);
                handle.network.with(|broker| {
                    assert!(broker.session("shed").unwrap().is_connected(), "{qos:?}, {work} ms");
                    assert_eq!(broker.session("shed").unwrap().in_flight(), 0);
                });
            }
        }
    }
}

/// Fault 1: a caller that looks now and then, and finds a message each time.
#[test]
fn a_healthy_link_is_not_ended_for_want_of_an_answer_that_lies_behind_messages() {
    let (mut client, handle) = client_in_a_burst(16 * 1_024, QoS::AtMostOnce);
    for _ in 0..300 {
        assert!(client.check_msg(0).unwrap().is_some());
        handle.network.advance(1_000);
    }
    handle.network.with(|broker| {
        // Five minutes, and a PINGREQ after three quarters of the interval each time.
        assert!(broker.received(PacketType::PingReq) >= 75, "{}", broker.received(PacketType::PingReq));
        assert!(broker.session("shed").unwrap().is_connected());
    });
    assert_eq!(drain(&mut client), [""; 0]);
}

/// A link of 50 kB a second in one direction, with 5 kB on their way.
fn slow_down(handle: &Handle<Broker>, direction: umqtt_testkit::link::Direction) {
    handle.link().limit(direction, 5_000);
    handle.link().delay(direction, 100);
}

/// Fault 2: the answer to PINGREQ lies behind 3.5 MB at 50 kB a second, in one message or in many.
#[test]
fn any_byte_restarts_the_wait_for_pingresp() {
    for pieces in [Pieces::WHOLE, Pieces::of(1_460), Pieces::random(3_000, 5)] {
        for size in [3_500_000, 100] {
            let (mut client, handle) = broker_client_with(Heap::default(), 60);
            client.subscribe("t", QoS::AtMostOnce).unwrap();
            drain(&mut client);
            slow_down(&handle, ToClient);
            handle.link().split_reads(ToClient, pieces.clone());
            handle.network.with(|broker| {
                for _ in 0..3_500_000 / size {
                    broker.publish(TopicName::new("t").unwrap(), &vec![7; size], QoS::AtMostOnce, false);
                }
            });
            let mut received = 0;
            while received < 3_500_000 {
                received += match client.wait_msg().unwrap().0 {
                    Event::Message(message) => message.payload.len(),
                    Event::MessageStart(message) => message.payload.len(),
                    Event::MessagePart { bytes, .. } => bytes.len(),
                    other => panic!("{other:?}"),
                };
            }
            assert!(handle.millis() > 65_000, "{}", handle.millis());
            handle.network.with(|broker| assert!(broker.received(PacketType::PingReq) >= 1));
            assert_eq!(drain(&mut client), [""; 0]);
            assert!(client.is_connected());
        }
    }
}

/// A peer that falls silent in the middle of a message is not waited for any longer than another.
#[test]
fn silence_in_a_large_message_ends_the_connection() {
    let (mut client, handle) = broker_client_with(Heap::default(), 60);
    client.subscribe("t", QoS::AtMostOnce).unwrap();
    drain(&mut client);
    slow_down(&handle, ToClient);
    handle.network.with(|broker| {
        broker.publish(TopicName::new("t").unwrap(), &[7; 1_000_000], QoS::AtMostOnce, false);
    });
    let error = loop {
        match client.check_msg(NEVER) {
            Ok(Some((Event::MessagePart { remaining, .. }, _))) if remaining < 500_000 => {
                handle.link().stall(ToClient, handle.now().after(1_000_000_000));
            }
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error, ended(SessionError::PingTimeout));
    // Half of it takes 10 s. PINGREQ goes out after 45 s, since nothing else does, and has 5 s.
    assert!((50_000..51_000).contains(&handle.millis()), "{}", handle.millis());
}

/// Fault 3: PINGREQ lies behind what was given to the link before it.
#[test]
fn an_upload_on_a_slow_link_is_not_cut() {
    for keep_alive in [5, 60] {
        let (mut client, handle) = broker_client_with(Heap::default(), keep_alive);
        slow_down(&handle, ToBroker);
        for _ in 0..3 {
            client.publish("t", &[7; 1_500_000], QoS::AtLeastOnce, false).unwrap();
            while let Some((event, _)) = client.check_msg(0).unwrap() {
                assert!(matches!(event, Event::Delivered { .. }), "{event:?}");
            }
        }
        assert!(handle.millis() > 85_000, "{}", handle.millis());
        while !client.session().in_flight().is_empty() {
            assert!(client.check_msg(1_000).unwrap().is_some());
        }
        handle.network.with(|broker| assert_eq!(broker.messages().count(), 3));
    }
}

/// Fault 3: what is written behind PINGREQ does not extend the wait for its answer.
#[test]
fn a_client_that_publishes_all_the_time_notices_a_dead_link() {
    for every in [10, 100, 1_000] {
        for qos in [QoS::AtMostOnce, QoS::AtLeastOnce] {
            let (mut client, handle) = broker_client_with(Heap::new(256, 256, 10_000), 20);
            handle.link().stall(ToClient, handle.now().after(1_000_000));
            handle.link().stall(ToBroker, handle.now().after(1_000_000));
            handle.link().limit(ToBroker, usize::MAX);
            let error = loop {
                client.publish("a", b"", qos, false).unwrap();
                match client.check_msg(every) {
                    Ok(Some((Event::TimedOut { .. }, _)) | None) => {}
                    Ok(Some((event, _))) => panic!("{event:?}"),
                    Err(error) => break error,
                }
            };
            assert_eq!(error, ended(SessionError::PingTimeout));
            // Nothing was received for a whole interval: PINGREQ, and 5 s for its answer.
            assert_eq!(handle.millis(), 25_000, "{every} {qos:?}");
        }
    }
}

/// Fault 8: the link is dead and takes nothing any more; the keep-alive holds in the calls that write.
#[test]
fn a_dead_link_with_a_full_transmit_buffer_ends() {
    for only_publishes in [true, false] {
        let (mut client, handle) = broker_client(10);
        handle.link().limit(ToBroker, 0);
        let mut timed_out = 0;
        let error = loop {
            match client.publish("a", &[7; 100], QoS::AtMostOnce, false) {
                Ok(_) | Err(Error::Taken { cause: ConnectionError::WriteTimedOut, .. }) => timed_out += 1,
                Err(Error::Request(umqtt::RequestError::TransmitFull)) => timed_out += 1,
                Err(error) => break error,
            }
            if !only_publishes {
                match client.check_msg(0).map(|told| told.is_some()) {
                    Ok(false) | Err(Error::Connection(ConnectionError::WriteTimedOut)) => {}
                    Ok(true) => panic!("there is nothing to tell"),
                    Err(error) => break error,
                }
            }
        };
        assert_eq!(error.connection(), Some(&ConnectionError::Session(SessionError::PingTimeout)));
        assert!(timed_out <= 3, "{timed_out}");
        assert!(handle.millis() <= 15_000, "{}", handle.millis());
        assert!(!client.is_connected());
    }
}
