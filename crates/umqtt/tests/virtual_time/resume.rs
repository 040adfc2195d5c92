//! What a session keeps from one connection to the next.

use umqtt::{
    Buffers, Client, ConnectOptions, ConnectionError, Error, Event, Fixed, OnSessionLost, PacketId, QoS,
    RamStore, RequestError, Store,
};
use umqtt_testkit::Broker;
use umqtt_testkit::link::Direction::ToClient;
use umqtt_testkit::script::Player;

use crate::wire::{Connected, Small, Wire, drain, failed, words};

fn persistent() -> ConnectOptions<'static> {
    ConnectOptions::new("shed").unwrap().clean_session(false)
}

#[test]
fn what_a_store_keeps_is_sent_again_in_order_before_connect_returns() {
    let script = "expect connect\nsend 20 02 00 00\n\
        expect publish\nexpect publish\nsend 50 02 00 02\nexpect pubrel\nexpect publish\nreset\n\
        accept\nexpect connect\nsend 20 02 01 00\n\
        expect 3a 06 00 01 61 00 01 31\nexpect 62 02 00 02\nexpect 3a 06 00 01 61 00 03 33\n\
        send 40 02 00 01 70 02 00 02 40 02 00 03\nstall 10";
    let (wire, handle) = Wire::new(Player::new(script.parse().unwrap()));
    let memory = Fixed::<256, 256, 8>::new().with_store(RamStore::new([0; 256]));
    let mut client = Client::new(wire, memory);
    assert!(!client.connect(&persistent()).unwrap());
    client.publish("a", b"1", QoS::AtLeastOnce, false).unwrap();
    client.publish("a", b"2", QoS::ExactlyOnce, false).unwrap();
    assert!(client.check_msg(0).unwrap().is_none(), "PUBREC is nothing to tell");
    client.publish("a", b"3", QoS::AtLeastOnce, false).unwrap();
    let error = client.check_msg(1_000).map(|told| told.is_some()).unwrap_err();
    assert_eq!(error, failed(embedded_io::ErrorKind::ConnectionReset));

    handle.take_writes();
    assert!(client.connect(&persistent()).unwrap(), "session present");
    assert_eq!(handle.take_writes().len(), 2, "CONNECT, and all that is sent again in one write");
    client.publish("a", b"4", QoS::AtMostOnce, false).unwrap();
    assert_eq!(drain(&mut client), ["delivered 1", "delivered 2", "delivered 3"]);
    handle.assert_done();
}

/// A client with a store and a message and a request in flight, whose session the broker has lost.
fn lost_session(again: &str) -> Connected<Player, impl Buffers<Store = RamStore<[u8; 256]>>> {
    let script = format!(
        "expect connect\nsend 20 02 00 00\nexpect publish\nexpect subscribe\nexpect publish\n\
         send 50 02 00 03\nexpect pubrel\nreset\n\
         accept\nexpect connect\nsend 20 02 00 00\n{again}\nstall 10"
    );
    let (wire, handle) = Wire::new(Player::new(script.parse().unwrap()));
    let memory = Fixed::<256, 256, 8>::new().with_store(RamStore::new([0; 256]));
    let mut client = Client::new(wire, memory);
    client.connect(&persistent()).unwrap();
    client.publish("a", b"1", QoS::AtLeastOnce, false).unwrap();
    client.subscribe("a", QoS::AtLeastOnce).unwrap();
    client.publish("a", b"3", QoS::ExactlyOnce, false).unwrap();
    let error = client.check_msg(1_000).map(|told| told.is_some()).unwrap_err();
    assert_eq!(error, failed(embedded_io::ErrorKind::ConnectionReset));
    (client, handle)
}

/// [MQTT-4.4.0-1] knows no exception for a session that the broker has lost. SUBSCRIBE cannot be answered any
/// more, and PUBREL means nothing to the new session: whether the broker has that message is not known.
#[test]
fn messages_of_a_session_that_the_broker_lost_are_sent_again() {
    let (mut client, handle) =
        lost_session("expect 3a 06 00 01 61 00 01 31\nexpect publish\nsend 40 02 00 01 40 02 00 04");
    // Nobody asks what became of them before the next connection.
    assert!(!client.connect(&persistent()).unwrap());
    client.publish("a", b"4", QoS::AtLeastOnce, false).unwrap();
    let mut told = drain(&mut client);
    told.sort();
    assert_eq!(told, ["delivered 1", "delivered 4", "lost 2", "lost 3"]);
    handle.assert_done();
}

#[test]
fn a_caller_that_asks_for_it_is_told_what_the_broker_lost_while_the_store_still_has_it() {
    let (mut client, handle) = lost_session("expect publish\nsend 40 02 00 04");
    client.set_on_session_lost(OnSessionLost::Tell);
    assert!(!client.connect(&persistent()).unwrap());
    let mut kept = Vec::new();
    let mut told = Vec::new();
    while let Some((event, sender)) = client.check_msg(0).unwrap() {
        if let Event::Lost { id } = event {
            let mut store = sender.session().store().clone();
            kept.extend(store.length(id).map(|length| (id.as_u16(), length)));
        }
        told.push(words(&event));
    }
    told.sort();
    assert_eq!(told, ["lost 1", "lost 2", "lost 3"]);
    // Of the third there was no payload any more.
    assert_eq!(kept, [(1, 8)]);
    assert!(client.session().store().is_empty());
    client.publish("a", b"4", QoS::AtLeastOnce, false).unwrap();
    assert_eq!(drain(&mut client), ["delivered 4"]);
    handle.assert_done();
}

#[test]
fn without_a_store_what_was_not_acknowledged_is_lost_and_told_before_the_end() {
    let (wire, handle) = Wire::new(Broker::default());
    let mut client = Client::new(wire, Small::new());
    client.connect(&persistent()).unwrap();
    handle.link().stall(ToClient, handle.now().after(60_000));
    client.publish("a", b"1", QoS::AtLeastOnce, false).unwrap();
    client.publish("a", b"2", QoS::AtLeastOnce, false).unwrap();
    handle.network.with(|broker| broker.cut("shed"));
    let error = client.check_msg(100_000).map(|told| told.map(|(event, _)| words(&event)));
    assert!(matches!(error, Err(Error::Connection(ConnectionError::Transport(_)))), "{error:?}");
    let mut told = Vec::new();
    let end = loop {
        match client.check_msg(1_000) {
            Ok(Some((event, _))) => told.push(words(&event)),
            Ok(None) => panic!("no connection, and no error"),
            Err(error) => break error,
        }
    };
    assert_eq!(told, ["lost 1", "lost 2"]);
    assert_eq!(end.to_string(), "not connected");
    assert_eq!(end, Error::Request(RequestError::NotConnected));
}

#[test]
fn messages_for_a_client_that_was_away_come_after_connect() {
    let (wire, handle) = Wire::new(Broker::default());
    let mut client = Client::new(wire, Small::new());
    client.connect(&persistent()).unwrap();
    client.subscribe("a/+", QoS::ExactlyOnce).unwrap();
    assert_eq!(drain(&mut client), ["subscribed 1 [2]"]);
    client.disconnect().unwrap();
    handle.network.with(|broker| {
        for (topic, qos) in [("a/1", QoS::AtLeastOnce), ("a/2", QoS::ExactlyOnce)] {
            broker.publish(umqtt::TopicName::new(topic).unwrap(), b"waits", qos, false);
        }
    });
    assert!(client.connect(&persistent()).unwrap());
    assert_eq!(drain(&mut client), ["a/1 waits q1", "a/2 waits q2"]);
    handle.network.with(|broker| assert_eq!(broker.session("shed").unwrap().in_flight(), 0));
}

#[test]
fn ids_go_on_where_the_caller_says_and_pass_those_in_use() {
    let (wire, _handle) = Wire::new(Player::new("expect connect\nsend 20 02 00 00\ndrain".parse().unwrap()));
    let mut client = Client::new(wire, Small::new());
    client.connect(&persistent()).unwrap();
    let mut ids = Vec::new();
    for start in [65_534, 65_534] {
        client.set_next_id(PacketId::new(start).unwrap());
        for _ in 0..3 {
            let id = client.publish("a", b"", QoS::AtLeastOnce, false).unwrap().unwrap();
            ids.push(id.as_u16());
        }
    }
    assert_eq!(ids, [65_534, 65_535, 1, 2, 3, 4]);
    assert!(format!("{client:?}").contains("phase: Connected, in_flight: 6"), "{client:?}");
}

#[test]
fn connect_ends_a_connection_that_stands() {
    let (wire, handle) = Wire::new(Broker::default());
    let mut client = Client::new(wire, Small::new());
    let options = ConnectOptions::new("shed").unwrap();
    let options = options.set_last_will("will", b"gone", QoS::AtMostOnce, false).unwrap();
    client.connect(&options).unwrap();
    client.enqueue("a", b"not lost", QoS::AtMostOnce, false).unwrap();
    client.connect(&options).unwrap();
    assert_eq!(handle.opened(), 2);
    handle.network.with(|broker| {
        let topics: Vec<_> = broker.messages().map(|message| message.topic.clone()).collect();
        assert_eq!(topics, ["a"], "an orderly end drops the will");
    });
    drop(client);
    handle.network.pump();
    handle.network.with(|broker| assert_eq!(broker.messages().last().unwrap().topic, "will"));
}

#[test]
fn a_message_of_qos_2_that_is_repeated_is_told_once() {
    let publish = "send 34 05 00 01 61 00 07";
    let again = "send 3c 05 00 01 61 00 07";
    let script = format!(
        "expect connect\nsend 20 02 00 00\n{publish}\nexpect 50 02 00 07\n{again}\nexpect 50 02 00 07\n\
         send 62 02 00 07\nexpect 70 02 00 07\n{publish}\nexpect 50 02 00 07\nstall 10"
    );
    let (wire, handle) = Wire::new(Player::new(script.parse().unwrap()));
    let mut client = Client::new(wire, Small::new());
    client.connect(&persistent()).unwrap();
    let mut messages = 0;
    while let Some((event, _)) = client.check_msg(5).unwrap() {
        assert!(matches!(event, Event::Message(_)), "{event:?}");
        messages += 1;
    }
    assert_eq!(messages, 2, "the id is free after PUBREL");
    handle.assert_done();
}

#[test]
fn a_large_message_of_qos_2_that_is_repeated_is_told_once() {
    // One whose payload is larger than the receive buffer, and one whose topic is.
    for (length, body) in [("95 03", "00 01 61 00 07 78*400"), ("94 03", "01 2c 61*300 00 07 78*100")] {
        let script = format!(
            "expect connect\nsend 20 02 00 00\nsend 34 {length} {body}\nexpect 50 02 00 07\n\
             send 3c {length} {body}\nexpect 50 02 00 07\nstall 10"
        );
        let (wire, handle) = Wire::new(Player::new(script.parse().unwrap()));
        let mut client = Client::new(wire, Small::new().in_parts());
        client.connect(&persistent()).unwrap();
        let (mut starts, mut bytes) = (0, 0);
        while let Some((event, _)) = client.check_msg(5).unwrap() {
            match event {
                Event::MessageStart(message) => {
                    starts += 1;
                    bytes += message.payload.len();
                }
                Event::MessagePart { bytes: part, .. } => bytes += part.len(),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((starts, bytes), (1, if length == "95 03" { 400 } else { 100 }));
        handle.assert_done();
    }
}
