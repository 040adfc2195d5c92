//! An error says whether the message was taken: a program that goes by it loses nothing and doubles nothing.

use umqtt::{
    Client, ConnectOptions, Error, Event, Fixed, Heap, NEVER, PacketId, QoS, RamStore, RequestError, Store,
};
use umqtt_testkit::Broker;
use umqtt_testkit::link::Direction::{ToBroker, ToClient};
use umqtt_testkit::link::Pieces;

use crate::wire::{Handle, Small, Wire, WireError, client_of, words};

fn persistent() -> ConnectOptions<'static> {
    ConnectOptions::new("shed").unwrap().clean_session(false).keep_alive(10)
}

type Kept =
    umqtt::Memory<[u8; 128], [u8; 64], [umqtt::Slot; 8], [u16; umqtt::INCOMING], RamStore<[u8; 1_024]>>;
type Act = fn(&mut Client<Wire<Broker>, Kept>) -> Result<Option<PacketId>, WireError>;

/// Fault 7, at every byte of a request and of what was enqueued before it: the error says that it was taken if
/// and only if it is in flight.
#[test]
fn an_error_says_whether_the_request_was_taken() {
    let acts: [(&str, Act); 6] = [
        ("publish 1", |client| client.publish("t", &[7; 30], QoS::AtLeastOnce, false)),
        ("publish 2", |client| client.publish("t", &[7; 30], QoS::ExactlyOnce, false)),
        ("large 1", |client| client.publish_large("t", &[7; 300], QoS::AtLeastOnce, false)),
        ("large 2", |client| client.publish_large("t", &[7; 300], QoS::ExactlyOnce, false)),
        ("subscribe", |client| client.subscribe("t", QoS::AtLeastOnce).map(Some)),
        ("unsubscribe", |client| client.unsubscribe("t").map(Some)),
    ];
    for (name, act) in acts {
        let (mut taken, mut refused) = (0, 0);
        for enqueued in [0, 56] {
            for cut_after in 0..420 {
                let memory = Fixed::<128, 64, 8>::new().with_store(RamStore::new([0; 1_024]));
                let (mut client, handle) = client_of(Broker::default(), memory, &persistent());
                client.enqueue("e", &vec![7; enqueued], QoS::AtMostOnce, false).unwrap();
                handle.link().cut_after_written(ToBroker, cut_after);
                let result = act(&mut client);
                let in_flight: Vec<_> = client.session().in_flight().iter().map(umqtt::Slot::id).collect();
                match result {
                    Ok(id) => assert_eq!(in_flight, Vec::from_iter(id), "{name} {enqueued} {cut_after}"),
                    Err(Error::Taken { id, cause }) => {
                        assert!(cause.is_over());
                        assert_eq!(in_flight, Vec::from_iter(id), "{name} {enqueued} {cut_after}");
                        taken += 1;
                    }
                    Err(error) => {
                        assert!(
                            error.is_over() && in_flight.is_empty(),
                            "{name} {enqueued} {cut_after}: {error}"
                        );
                        refused += 1;
                    }
                }
            }
        }
        assert!(taken > 0 && refused > 0, "{name}: {taken} taken, {refused} refused");
    }
}

/// What has no packet id is not known of in flight: what was not taken is never sent.
#[test]
fn a_message_of_qos_0_that_was_not_taken_is_not_sent() {
    let mut refused = 0;
    for enqueued in [0, 56] {
        for cut_after in 0..150 {
            let (mut client, handle) =
                client_of(Broker::default(), Fixed::<128, 64, 8>::new(), &persistent());
            client.enqueue("e", &vec![7; enqueued], QoS::AtMostOnce, false).unwrap();
            handle.link().cut_after_written(ToBroker, cut_after);
            let result = client.publish("t", &[7; 30], QoS::AtMostOnce, false);
            handle.network.pump();
            let came = handle.network.with(|broker| broker.messages().any(|message| message.topic == "t"));
            match result {
                Ok(_) => assert!(came, "{enqueued} {cut_after}"),
                Err(Error::Taken { id, .. }) => assert_eq!(id, None),
                Err(_) => {
                    assert!(!came, "{enqueued} {cut_after}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 0);
}

/// Fault 7: the plain program of the README, over links that are cut again and again.
#[test]
fn the_plain_program_loses_nothing_and_doubles_nothing_of_qos_2() {
    const COUNT: u32 = 5_000;
    for (seed, qos) in [(1, QoS::ExactlyOnce), (2, QoS::ExactlyOnce), (3, QoS::AtLeastOnce)] {
        let (wire, handle) = Wire::new(Broker::default());
        let mut lengths = Pieces::random(600, seed);
        handle.on_open(move |_, link| {
            let length = lengths.next_size();
            match length % 4 {
                0 => link.cut_after_written(ToBroker, length),
                1 => link.cut_after_read(ToBroker, length),
                2 => link.cut_after_written(ToClient, length / 4),
                _ => link.cut_after_read(ToClient, length / 4),
            }
            link.split_writes(ToBroker, Pieces::random(90, length as u64));
        });
        let mut client = Client::new(wire, Heap::new(256, 256, 8));
        let options = persistent();
        // Some do not fit the transmit buffer.
        let payload = |number: u32| number.to_be_bytes().repeat(if number % 50 == 0 { 100 } else { 1 });
        for number in 0..COUNT {
            loop {
                match client.publish("t", &payload(number), qos, false) {
                    Ok(_) | Err(Error::Taken { .. }) => break,
                    Err(Error::Request(RequestError::InFlightFull)) => drop(client.check_msg(1_000)),
                    Err(error) => assert!(error.is_over(), "{error}"),
                }
                if !client.is_connected() {
                    let _ = client.connect(&options);
                }
            }
        }
        while !client.session().in_flight().is_empty() || !client.is_connected() {
            assert!(handle.opened() < 5_000, "no end");
            match client.check_msg(1_000) {
                Ok(Some((event, _))) => {
                    assert!(matches!(event, Event::Delivered { .. }), "{}", words(&event))
                }
                Ok(None) => {}
                Err(_) => drop(client.connect(&options)),
            }
        }
        assert!(handle.opened() > 100, "{} connections", handle.opened());
        check(&handle, qos, COUNT);
    }
}

/// Each number has come, those of QoS 2 once, and the first arrivals in order.
fn check(handle: &Handle<Broker>, qos: QoS, count: u32) {
    handle.network.with(|broker| {
        let all =
            broker.messages().map(|message| u32::from_be_bytes(*message.payload.first_chunk().unwrap()));
        let mut next = 0;
        for number in all {
            assert!(number <= next, "{number} came before {next}");
            assert!(number == next || qos == QoS::AtLeastOnce, "{number} came twice");
            next = next.max(number + 1);
        }
        assert_eq!(next, count);
    });
}

/// Fault 9: without a store the id of such a message could never be used again after a cut.
#[test]
fn a_kept_session_without_a_store_refuses_to_publish_with_qos_2() {
    let (mut client, handle) = client_of(Broker::default(), Small::new(), &persistent());
    for _ in 0..100 {
        let missing = Error::Request(RequestError::NoStore);
        assert_eq!(client.publish("a", b"", QoS::ExactlyOnce, false), Err(missing));
        assert_eq!(client.enqueue("a", b"", QoS::ExactlyOnce, false), Err(missing));
        assert_eq!(client.publish_large("a", &[0; 999], QoS::ExactlyOnce, false), Err(missing));
        assert!(missing.to_string().contains("needs a store, and there is none"), "{missing}");
    }
    assert!(handle.take_writes().is_empty() && client.session().in_flight().is_empty());
    // QoS 1 is lost with the connection, and its slots are free again: 100 cuts and 8 slots.
    for _ in 0..100 {
        handle.link().cut_after_written(ToClient, 0);
        let id = client.publish("a", b"", QoS::AtLeastOnce, false);
        assert!(matches!(id, Ok(Some(_)) | Err(Error::Taken { id: Some(_), .. })), "{id:?}");
        let told = loop {
            match client.check_msg(NEVER) {
                Ok(Some((event, _))) => break words(&event),
                Ok(None) => panic!("nothing to tell"),
                Err(error) => assert!(error.is_over()),
            }
        };
        assert!(told.starts_with("lost "), "{told}");
        client.connect(&persistent()).unwrap();
    }
    // With a clean session, or a store, QoS 2 is sent.
    client.connect(&ConnectOptions::new("shed").unwrap()).unwrap();
    client.publish("a", b"", QoS::ExactlyOnce, false).unwrap();
    let memory = Small::new().with_store(RamStore::new([0; 64]));
    let (mut client, _handle) = client_of(Broker::default(), memory, &persistent());
    let id = client.publish("a", b"", QoS::ExactlyOnce, false).unwrap();
    assert!(client.session().store().clone().length(id.unwrap()).is_some());
}
