//! When acknowledgements go out, and what happens when there is no room to remember a message.

use umqtt::{ConnectOptions, Event, Fault, Fixed, Heap, PacketType, QoS, SessionError, TopicName};
use umqtt_testkit::{Broker, CloseReason, Event as Seen, Settings};

use crate::wire::{Handle, client_of, drain, ended};

fn burst(handle: &Handle<Broker>, count: u16, qos: QoS) {
    handle.network.with(|broker| {
        for number in 0..count {
            broker.publish(TopicName::new("t").unwrap(), &number.to_be_bytes(), qos, false);
        }
    });
}

fn acknowledged(handle: &Handle<Broker>) -> u64 {
    handle.network.with(|broker| broker.received(PacketType::PubAck) + broker.received(PacketType::PubRec))
}

fn settings(window: u16) -> Settings {
    Settings { window, ..Settings::default() }
}

/// Until the next call the program may fail, and would have lost a message that was acknowledged.
#[test]
fn a_message_is_acknowledged_with_the_call_after_the_one_that_handed_it_over() {
    for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce] {
        for last in 0..3 {
            let options = ConnectOptions::new("shed").unwrap();
            let (mut client, handle) = client_of(Broker::default(), Fixed::<256, 256, 8>::new(), &options);
            client.subscribe("t", qos).unwrap();
            drain(&mut client);
            burst(&handle, 1, qos);
            assert!(matches!(client.check_msg(0).unwrap().unwrap().0, Event::Message(_)));
            assert_eq!(acknowledged(&handle), 0, "{qos:?}");
            match last {
                0 => assert!(client.check_msg(0).unwrap().is_none()),
                1 => assert!(client.check_msg(5_000).unwrap().is_none()),
                _ => client.disconnect().unwrap(),
            }
            handle.network.pump();
            assert_eq!(acknowledged(&handle), 1, "{qos:?} {last}");
        }
    }
}

/// Fault 1: 20 messages in one read cost two writes at most; one of 60 does not wait for the others.
#[test]
fn acknowledgements_are_gathered_for_50_ms() {
    for (count, work, writes) in [(20, 0, 2), (20, 1, 2), (20, 2, 2), (60, 10, 13), (60, 50, 60)] {
        let options = ConnectOptions::new("shed").unwrap().keep_alive(60);
        let (mut client, handle) = client_of(Broker::new(settings(100)), Heap::default(), &options);
        client.subscribe("t", QoS::AtLeastOnce).unwrap();
        drain(&mut client);
        handle.network.advance(1_000);
        burst(&handle, count, QoS::AtLeastOnce);
        handle.take_writes();
        let mut handed_over = Vec::new();
        for _ in 0..count {
            assert!(client.check_msg(0).unwrap().is_some());
            // What the last call but one handed over is 50 ms and one call old at most.
            let due = handed_over.iter().filter(|&&time| handle.millis() - time >= 50 + work).count();
            assert!(acknowledged(&handle) >= due as u64, "{count} messages of {work} ms");
            handle.network.advance(work);
            handed_over.push(handle.millis());
        }
        assert!(client.check_msg(0).unwrap().is_none());
        assert_eq!(acknowledged(&handle), u64::from(count));
        let count = handle.take_writes().len();
        assert!(count <= writes, "{count} writes for messages of {work} ms");
    }
}

/// Fault 5: there are more messages of QoS 2 at once than the table can remember. What was handed over is
/// acknowledged before the connection ends, so that each connection makes room for the next messages.
#[test]
fn a_full_table_of_incoming_ids_makes_progress_with_each_connection() {
    for count in [65, 128, 300u16] {
        let options = ConnectOptions::new("shed").unwrap().keep_alive(60).clean_session(false);
        let options = options.set_last_will("will", b"", QoS::AtMostOnce, false).unwrap();
        let memory = Fixed::<256, 64, 8>::new().with_incoming([0; 64]);
        let (mut client, handle) = client_of(Broker::new(settings(1_000)), memory, &options);
        client.subscribe("t", QoS::ExactlyOnce).unwrap();
        drain(&mut client);
        burst(&handle, count, QoS::ExactlyOnce);
        let mut numbers = Vec::new();
        let mut connections = 1;
        while numbers.len() < usize::from(count) {
            match client.check_msg(1_000) {
                Ok(Some((Event::Message(message), _))) => {
                    numbers.push(u16::from_be_bytes(message.payload.try_into().unwrap()));
                }
                Ok(Some((event, _))) => panic!("{event:?}"),
                Ok(None) => panic!("{} messages of {count}", numbers.len()),
                Err(error) => {
                    assert_eq!((error, error.fault()), (ended(SessionError::IncomingFull), Fault::Resource));
                    assert_eq!(handle.finished(), Some(1_000), "they have a second to arrive");
                    handle.network.pump();
                    assert_eq!(acknowledged(&handle), numbers.len() as u64, "all that was handed over");
                    client.connect(&options).unwrap();
                    connections += 1;
                }
            }
        }
        assert_eq!(numbers, Vec::from_iter(0..count), "each once, in order");
        assert!(connections <= count.div_ceil(64), "{connections} connections for {count} messages");
        drain(&mut client);
        handle.network.with(|broker| {
            assert_eq!(broker.session("shed").unwrap().in_flight(), 0);
            // No DISCONNECT: it is no orderly end.
            let orderly =
                |event: &Seen| matches!(event, Seen::Closed { reason: CloseReason::Disconnect, .. });
            assert!(!broker.events().any(orderly));
        });
    }
}

/// On a heap the table grows as it must.
#[test]
fn a_heap_takes_as_many_messages_of_qos_2_as_a_broker_sends_at_once() {
    let options = ConnectOptions::new("shed").unwrap().keep_alive(60);
    let (mut client, handle) = client_of(Broker::new(settings(60_000)), Heap::default(), &options);
    client.subscribe("t", QoS::ExactlyOnce).unwrap();
    drain(&mut client);
    burst(&handle, 2_000, QoS::ExactlyOnce);
    for number in 0..2_000u16 {
        let (event, _) = client.check_msg(0).unwrap().expect("there is more");
        let Event::Message(message) = event else { panic!("{event:?}") };
        assert_eq!(message.payload, number.to_be_bytes());
    }
    drain(&mut client);
    handle.network.with(|broker| assert_eq!(broker.session("shed").unwrap().in_flight(), 0));
}
