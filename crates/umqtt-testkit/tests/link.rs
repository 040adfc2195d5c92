//! Faults of a link, and a broker behind it, on virtual time.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod common;

use common::{connect, connect_with_will, hex, publish, subscribe};
use umqtt_proto::wire::PacketType;
use umqtt_proto::{Instant, QoS, TopicName};
use umqtt_testkit::link::Direction::{ToBroker, ToClient};
use umqtt_testkit::link::{End, Link, LinkError, Network, Pieces, VirtualClock};
use umqtt_testkit::{Broker, CloseReason, Event};

/// Reads until nothing is there, and tells the size of each read.
fn read_all(end: &mut End) -> (Vec<u8>, Vec<usize>, Result<(), LinkError>) {
    let (mut bytes, mut sizes, mut room) = (Vec::new(), Vec::new(), [0; 1000]);
    loop {
        match end.read(&mut room) {
            Ok(0) => return (bytes, sizes, Ok(())),
            Ok(count) => {
                bytes.extend_from_slice(&room[..count]);
                sizes.push(count);
            }
            Err(error) => return (bytes, sizes, Err(error)),
        }
    }
}

fn link() -> (VirtualClock, Link, End, End) {
    let clock = VirtualClock::starting_at(Instant::from_millis(u32::MAX - 10));
    let (link, client, broker) = Link::new(&clock);
    (clock, link, client, broker)
}

#[test]
fn bytes_pass_both_ways_in_order_until_the_orderly_end() {
    let (_, _, mut client, mut broker) = link();
    assert_eq!((client.write(b"ab"), client.write(b"c")), (Ok(2), Ok(1)));
    assert_eq!(broker.write(b"xyz"), Ok(3));
    assert_eq!((client.write(b""), client.read(&mut [])), (Ok(0), Ok(0)));
    assert_eq!(read_all(&mut broker), (b"abc".to_vec(), vec![3], Err(LinkError::WouldBlock)));
    client.write(b"end").unwrap();
    drop(client);
    assert_eq!(broker.write(b"gone"), Err(LinkError::Reset));
    assert_eq!(read_all(&mut broker), (b"end".to_vec(), vec![3], Ok(())));
}

#[test]
fn a_cut_after_written_bytes_lets_what_was_written_arrive() {
    for count in 0..=6 {
        let (_, link, mut client, mut broker) = link();
        broker.write(b"back").unwrap();
        client.write(b"12").unwrap();
        link.cut_after_written(ToBroker, count);
        let mut taken = 0;
        while let Ok(size) = client.write(&b"345678"[taken..]) {
            taken += size;
        }
        assert_eq!(taken, count);
        assert!(link.is_cut());
        assert_eq!(read_all(&mut broker).0, b"12345678"[..2 + count]);
        assert_eq!(read_all(&mut client), (b"back".to_vec(), vec![4], Err(LinkError::Reset)));
        assert_eq!(broker.write(b"x"), Err(LinkError::Reset));
    }
}

#[test]
fn a_cut_after_read_bytes_loses_what_is_on_the_way() {
    for count in 0..=4 {
        let (_, link, mut client, mut broker) = link();
        broker.write(b"back").unwrap();
        client.write(b"1234").unwrap();
        link.cut_after_read(ToBroker, count);
        assert_eq!(read_all(&mut broker).0, b"1234"[..count]);
        assert_eq!(read_all(&mut broker).2, Err(LinkError::Reset));
        assert_eq!(read_all(&mut client), (Vec::new(), Vec::new(), Err(LinkError::Reset)));
    }
}

#[test]
fn a_reset_loses_everything_at_once() {
    let (_, link, mut client, mut broker) = link();
    client.write(b"1234").unwrap();
    broker.reset();
    assert!(link.is_cut());
    assert_eq!(read_all(&mut broker), (Vec::new(), Vec::new(), Err(LinkError::Reset)));
    assert_eq!(client.write(b"5"), Err(LinkError::Reset));
}

#[test]
fn pieces_bound_each_read_and_write() {
    let (_, link, mut client, mut broker) = link();
    link.split_writes(ToBroker, Pieces::of(3));
    link.split_reads(ToBroker, Pieces::of(2));
    assert_eq!((client.write(b"12345"), client.write(b"45")), (Ok(3), Ok(2)));
    assert_eq!(read_all(&mut broker).1, [2, 2, 1]);

    let sizes = |seed| {
        let (_, link, mut client, mut broker) = self::link();
        link.split_reads(ToBroker, Pieces::random(7, seed));
        client.write(&[7; 500]).unwrap();
        read_all(&mut broker).1
    };
    assert_eq!(sizes(1), sizes(1));
    assert_ne!(sizes(1), sizes(2));
    let drawn = sizes(3);
    assert!((1..=7).all(|size| drawn.contains(&size)), "{drawn:?}");
}

#[test]
fn a_full_link_refuses_until_it_is_read() {
    let (_, link, mut client, mut broker) = link();
    link.limit(ToBroker, 4);
    assert_eq!((client.write(b"123456"), client.write(b"56")), (Ok(4), Err(LinkError::WouldBlock)));
    assert_eq!(client.writable_in(), None);
    assert_eq!(broker.read(&mut [0; 1]), Ok(1));
    assert_eq!((client.writable_in(), client.write(b"56")), (Some(0), Ok(1)));
}

#[test]
fn stalls_refusals_and_delays_end_at_their_moment() {
    let (clock, link, mut client, mut broker) = link();
    let moment = clock.now().after(50);
    link.stall(ToBroker, moment);
    client.write(b"1").unwrap();
    link.refuse_writes(ToBroker, clock.now().after(20));
    assert_eq!((client.write(b"2"), client.writable_in()), (Err(LinkError::WouldBlock), Some(20)));
    clock.advance(20);
    assert_eq!(client.write(b"2"), Ok(1));
    client.close();
    for left in [30, 1] {
        assert_eq!(broker.readable_in(), Some(left));
        assert_eq!(broker.read(&mut [0; 9]), Err(LinkError::WouldBlock));
        clock.advance(left - u32::from(left > 1));
    }
    assert_eq!(read_all(&mut broker), (b"12".to_vec(), vec![2], Ok(())));

    link.delay(ToClient, 30);
    let (link, mut client, mut broker) = Link::new(&clock);
    link.delay(ToClient, 30);
    broker.write(b"slow").unwrap();
    clock.advance(10);
    link.delay(ToClient, 0);
    broker.write(b"fast").unwrap();
    assert_eq!((client.readable_in(), client.read(&mut [0; 9])), (Some(20), Err(LinkError::WouldBlock)));
    clock.advance(20);
    assert_eq!(read_all(&mut client).0, b"slowfast", "nothing overtakes");
}

#[test]
fn an_end_is_stalled_too_and_a_cut_is_not() {
    let (clock, link, client, mut broker) = link();
    link.stall(ToBroker, clock.now().after(5));
    drop(client);
    assert_eq!((broker.readable_in(), broker.read(&mut [0; 1])), (Some(5), Err(LinkError::WouldBlock)));
    link.cut();
    assert_eq!((broker.readable_in(), broker.read(&mut [0; 1])), (Some(0), Err(LinkError::Reset)));
}

/// Writes all, and waits where the link takes no more.
fn send(network: &Network, end: &mut End, mut bytes: &[u8]) {
    let deadline = network.now().after(60_000);
    while !bytes.is_empty() {
        match end.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(LinkError::WouldBlock) => assert!(network.wait_writable(end, deadline), "the link is stuck"),
            Err(LinkError::Reset) => panic!("the link is cut"),
        }
    }
}

/// Reads exactly what is expected, and lets time pass where nothing is there.
fn expect(network: &Network, end: &mut End, expected: &[u8]) {
    let deadline = network.now().after(60_000);
    let mut bytes = vec![0; expected.len()];
    let mut filled = 0;
    while filled < bytes.len() {
        assert!(network.wait_readable(end, deadline), "only {:02x?} came", &bytes[..filled]);
        let count = end.read(&mut bytes[filled..]).unwrap();
        assert!(count > 0, "closed after {:02x?}", &bytes[..filled]);
        filled += count;
    }
    assert_eq!(bytes, expected);
}

fn join(network: &Network, client_id: &str, clean: bool, session_present: u8) -> (End, Link) {
    let (mut end, link) = network.open();
    send(network, &mut end, &connect(client_id, clean, 0));
    expect(network, &mut end, &[0x20, 2, session_present, 0]);
    (end, link)
}

#[test]
fn a_broker_serves_several_clients_through_bad_links() {
    for seed in 0..50 {
        let network = Network::new(Broker::default());
        let (mut receiver, slow) = network.open();
        for (direction, offset) in [(ToBroker, 0), (ToClient, 1)] {
            slow.split_reads(direction, Pieces::random(5, seed * 4 + offset));
            slow.split_writes(direction, Pieces::random(5, seed * 4 + offset + 2));
            slow.delay(direction, 30);
            slow.limit(direction, 16);
        }
        send(&network, &mut receiver, &connect("receiver", true, 0));
        send(&network, &mut receiver, &subscribe(1, &[("t", 2)]));
        expect(&network, &mut receiver, &hex("20020000 9003000102"));
        let (mut sender, _) = join(&network, "sender", true, 0);
        send(&network, &mut sender, &publish(0x34, "t", 9, &[0x5a; 100]));
        expect(&network, &mut sender, &hex("50020009"));
        send(&network, &mut sender, &hex("62020009"));
        expect(&network, &mut sender, &hex("70020009"));
        expect(&network, &mut receiver, &publish(0x34, "t", 1, &[0x5a; 100]));
        send(&network, &mut receiver, &hex("50020001"));
        expect(&network, &mut receiver, &hex("62020001"));
        assert!(network.now().as_millis() >= 120, "four ways of 30 ms at least");
    }
}

#[test]
fn a_server_that_writes_first_reads_nothing_meanwhile() {
    let network = Network::new(Broker::default());
    network.write_first(true);
    let (mut end, link) = join(&network, "shed", true, 0);
    send(&network, &mut end, &subscribe(1, &[("t", 0)]));
    expect(&network, &mut end, &hex("90 03 00 01 00"));
    link.limit(ToClient, 3);
    network.with(|broker| broker.publish(TopicName::new("t").unwrap(), b"x", QoS::AtMostOnce, false));
    network.pump();
    assert_eq!(end.write(b"\xc0\x00"), Ok(2));
    network.advance(100);
    network.with(|broker| assert_eq!(broker.received(PacketType::PingReq), 0));
    // Its six bytes are taken, and it reads.
    let mut room = [0; 8];
    for count in [3, 3, 2] {
        assert_eq!(end.read(&mut room), Ok(count));
        network.pump();
    }
    network.with(|broker| assert_eq!(broker.received(PacketType::PingReq), 1));
}

#[test]
fn a_cut_leaves_the_session_and_publishes_the_will() {
    for count in 0..12 {
        let network = Network::new(Broker::default());
        let (mut heir, _) = join(&network, "heir", true, 0);
        send(&network, &mut heir, &subscribe(1, &[("will", 0)]));
        expect(&network, &mut heir, &hex("9003000100"));
        let (mut mortal, link) = network.open();
        send(&network, &mut mortal, &connect_with_will("mortal", "will", "gone", false));
        expect(&network, &mut mortal, &hex("20020000"));
        link.cut_after_read(ToBroker, count);
        send(&network, &mut heir, &hex("c000"));
        let _ = mortal.write(&publish(0x30, "t", 0, b"never whole"));
        expect(&network, &mut heir, &[hex("d000"), publish(0x30, "will", 0, b"gone")].concat());
        assert!(network.with(|broker| broker.session("mortal").is_none()));
        assert_eq!(network.with(|broker| broker.messages().count()), 1);
    }
}

/// For each byte at which the link can be cut, a message of QoS 1 arrives at least once and in order.
#[test]
fn qos_1_survives_a_cut_at_any_byte() {
    let total = publish(0x32, "t", 1, b"1").len() * 3;
    for count in 0..=total {
        let network = Network::new(Broker::default());
        let (mut first, _) = join(&network, "receiver", false, 0);
        send(&network, &mut first, &subscribe(1, &[("t", 1)]));
        expect(&network, &mut first, &hex("9003000101"));
        drop(first);
        let (mut second, link) = join(&network, "receiver", false, 1);
        link.cut_after_read(ToClient, count);
        for payload in [b"1", b"2", b"3"] {
            let topic = TopicName::new("t").unwrap();
            network.with(|broker| broker.publish(topic, payload, QoS::AtLeastOnce, false));
        }
        network.pump();
        let came = read_all(&mut second).0;
        assert_eq!(came.len(), count);
        drop(second);
        let (mut third, _) = join(&network, "receiver", false, 1);
        let again = [1, 2, 3].map(|id| publish(0x3a, "t", id, &[b'0' + u8::try_from(id).unwrap()])).concat();
        expect(&network, &mut third, &again);
    }
}

#[test]
fn time_jumps_to_the_end_of_the_keep_alive_and_no_further() {
    let network = Network::new(Broker::default());
    let (mut client, _link) = network.open();
    send(&network, &mut client, &connect("a", true, 10));
    expect(&network, &mut client, &hex("20020000"));
    let start = network.now();
    assert!(network.wait_readable(&client, start.after(60_000)));
    assert_eq!((client.read(&mut [0; 1]), network.now().since(start)), (Ok(0), 15_000));
    let is_late = |event: &Event| matches!(event, Event::Closed { reason: CloseReason::KeepAlive, .. });
    assert!(network.with(|broker| broker.events().any(is_late)));
    network.advance(5);
    assert_eq!(network.now().since(start), 15_005);
}

#[test]
fn a_client_that_the_test_cuts_sees_a_reset() {
    let network = Network::new(Broker::default());
    let (mut client, link) = join(&network, "a", true, 0);
    assert!(network.with(|broker| broker.cut("a")));
    network.pump();
    assert_eq!((client.read(&mut [0; 1]), link.is_cut()), (Err(LinkError::Reset), true));
}
