//! What the TCP transport asks of its socket: how a wait gathers bytes.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant as Moment};

use socket2::SockRef;
use umqtt::std::{Coalescing, TcpTransport};
use umqtt::{Interest, Io, Transport};

const PATIENCE: Duration = Duration::from_secs(10);
const LONG: Duration = Duration::from_secs(600);
const READ: Interest = Interest { read: true, write: false };
const PACKETS: usize = 100;
const PACKET: &[u8] = b"\x40\x02\x12\x34";

/// A transport and the other end of its link.
fn pair() -> (TcpTransport, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    accept(&listener)
}

fn accept(listener: &TcpListener) -> (TcpTransport, TcpStream) {
    let port = listener.local_addr().unwrap().port();
    let transport = TcpTransport::connect("127.0.0.1", port, PATIENCE).unwrap();
    let (peer, _) = listener.accept().unwrap();
    peer.set_nodelay(true).unwrap();
    (transport, peer)
}

/// As `pair`, with a transport that waits for so many bytes, if need be for longer than any test.
fn coalescing_pair(at_least: usize) -> (TcpTransport, TcpStream) {
    let (mut transport, peer) = pair();
    transport.set_coalescing(Some(Coalescing { at_least, time: LONG }));
    (transport, peer)
}

/// Waits, and says whether that ended before a test runs out of patience.
fn wait(transport: &mut TcpTransport, interest: Interest, timeout: u32) -> bool {
    let start = Moment::now();
    transport.wait(interest, timeout).unwrap();
    start.elapsed() < PATIENCE
}

fn read(transport: &mut TcpTransport) -> Io {
    transport.read(&mut [0; 4096]).unwrap()
}

#[test]
fn one_wake_serves_many_packets() {
    // Each packet wakes a transport that does not gather.
    let (mut transport, mut peer) = pair();
    let (next, go) = mpsc::channel();
    let writer = thread::spawn(move || {
        for () in go {
            peer.write_all(PACKET).unwrap();
        }
    });
    let mut wakes = 0;
    for _ in 0..PACKETS {
        next.send(()).unwrap();
        assert!(wait(&mut transport, READ, 600_000));
        wakes += 1;
        assert_eq!(read(&mut transport), Io::Done(PACKET.len()));
    }
    assert_eq!(wakes, PACKETS);
    drop(next);
    writer.join().unwrap();

    // All of them wake it once when it does, each sent by itself too.
    let (mut transport, mut peer) = coalescing_pair(PACKETS * PACKET.len());
    let writer = thread::spawn(move || {
        for _ in 0..PACKETS {
            peer.write_all(PACKET).unwrap();
        }
        peer
    });
    // It begins to gather with the first packet.
    assert!(wait(&mut transport, READ, 600_000));
    assert_eq!(read(&mut transport), Io::Done(PACKETS * PACKET.len()));
    drop(writer.join().unwrap());
}

#[test]
fn a_link_that_ends_is_not_waited_for() {
    let (mut transport, mut peer) = coalescing_pair(1_000);
    peer.write_all(PACKET).unwrap();
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(wait(&mut transport, READ, 600_000));
    assert_eq!(read(&mut transport), Io::Done(PACKET.len()));
    assert!(wait(&mut transport, READ, 600_000));
    assert_eq!(read(&mut transport), Io::Closed);

    let (mut transport, mut peer) = coalescing_pair(1_000);
    peer.write_all(PACKET).unwrap();
    SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
    drop(peer);
    assert!(wait(&mut transport, READ, 600_000));
}

/// The end comes while the transport gathers, or before; in both cases the wait is short.
#[test]
fn a_link_that_ends_during_the_wait_ends_it() {
    let (mut transport, mut peer) = coalescing_pair(1_000);
    peer.write_all(PACKET).unwrap();
    let closer = thread::spawn(move || drop(peer));
    assert!(wait(&mut transport, READ, 600_000));
    closer.join().unwrap();
}

#[test]
fn room_to_write_is_not_waited_for() {
    let (mut transport, mut peer) = coalescing_pair(1_000);
    peer.write_all(PACKET).unwrap();
    assert!(wait(&mut transport, Interest { read: true, write: true }, 600_000));
    assert!(wait(&mut transport, Interest { read: false, write: true }, 600_000));
}

#[test]
fn the_callers_time_bounds_the_wait() {
    let (mut transport, mut peer) = coalescing_pair(1_000);
    peer.write_all(PACKET).unwrap();
    for timeout in [0, 1, 50] {
        assert!(wait(&mut transport, READ, timeout));
    }
    assert_eq!(read(&mut transport), Io::Done(PACKET.len()));
    // Its own time bounds it as well.
    transport.set_coalescing(Some(Coalescing::new(1_000)));
    peer.write_all(PACKET).unwrap();
    assert!(wait(&mut transport, READ, 600_000));
    assert_eq!(read(&mut transport), Io::Done(PACKET.len()));
}
