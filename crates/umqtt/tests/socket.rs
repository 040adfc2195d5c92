//! What the TCP transport asks of its socket: how a wait gathers bytes, and how little lies unsent.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant as Moment};

use socket2::{Domain, SockRef, Socket, Type};
use umqtt::std::{Coalescing, TcpError, TcpTransport};
use umqtt::{
    Client, ConnectOptions, ConnectionError, Event, Heap, Instant, Interest, Io, QoS, SessionError, Transport,
};

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

/// A program that sleeps is woken by another thread, and the link wakes it as before.
#[test]
#[cfg(unix)]
fn a_wait_ends_when_another_descriptor_can_be_read() {
    use std::os::fd::AsFd;
    let (mut transport, mut peer) = coalescing_pair(1);
    let (woken, mut waker) = std::io::pipe().unwrap();
    let long = umqtt::Wait { read: true, write: false, millis: 600_000 };
    let start = Moment::now();
    peer.write_all(PACKET).unwrap();
    transport.wait_with(long, woken.as_fd()).unwrap();
    assert_eq!(read(&mut transport), Io::Done(PACKET.len()));
    waker.write_all(b".").unwrap();
    for wait in [long, umqtt::Wait { read: false, ..long }] {
        transport.wait_with(wait, woken.as_fd()).unwrap();
        assert_eq!(read(&mut transport), Io::WouldBlock);
    }
    assert!(start.elapsed() < PATIENCE);
}

/// A socket that listens, whose connections have a receive buffer as small as there is.
fn small_listener() -> TcpListener {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(1).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    socket.listen(1).unwrap();
    socket.into()
}

/// A PINGREQ that is written behind a long message is at most so many bytes behind what the other side has read.
#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn little_lies_between_the_program_and_a_slow_reader() {
    const MESSAGE: usize = 4_000_000;
    let (mut transport, mut peer) = accept(&small_listener());
    let bytes = [0; 64 * 1024];
    let mut read = [0; 1024];
    let (mut written, mut taken) = (0, 0);
    while written < MESSAGE {
        match transport.write(&bytes).unwrap() {
            Io::Done(count) => written += count,
            Io::WouldBlock => {
                assert!(written - taken < 100_000, "{written} bytes written, {taken} read");
                taken += peer.read(&mut read).unwrap();
            }
            Io::Closed => panic!("closed"),
        }
    }
    assert!(taken > 0, "the link never took less than it was given");
}

/// A transport that remembers when its link took bytes.
struct Recorded {
    transport: TcpTransport,
    took: Vec<Moment>,
}

impl Transport for Recorded {
    type Error = TcpError;

    fn now(&mut self) -> Instant {
        self.transport.now()
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<Io, TcpError> {
        self.transport.read(buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<Io, TcpError> {
        let result = self.transport.write(bytes);
        if let Ok(Io::Done(_)) = result {
            self.took.push(Moment::now());
        }
        result
    }

    fn wait(&mut self, interest: Interest, timeout: u32) -> Result<(), TcpError> {
        self.transport.wait(interest, timeout)
    }

    fn close(&mut self) {
        self.transport.close();
    }
}

/// The system takes bytes before it says that it has room. A peer that reads nothing, or stops, ends the call after one
/// socket time-out, not after a second one because of bytes that were taken at the end of the first.
#[test]
fn a_link_that_takes_no_more_is_seen_at_once() {
    const TIMEOUT: Duration = Duration::from_secs(3);
    for read_first in [0, 100_000, 1_000_000] {
        let listener = small_listener();
        let (transport, mut peer) = accept(&listener);
        let reader = thread::spawn(move || {
            peer.read_exact(&mut [0; 14]).unwrap();
            peer.write_all(b"\x20\x02\x00\x00").unwrap();
            peer.read_exact(&mut vec![0; read_first]).unwrap();
            peer
        });
        let mut client = Client::new(Recorded { transport, took: Vec::new() }, Heap::default());
        client.set_socket_timeout(u32::try_from(TIMEOUT.as_millis()).unwrap());
        client.connect(&ConnectOptions::new("").unwrap()).unwrap();
        let error = client.publish("a", &vec![0; 4_000_000], QoS::AtMostOnce, false).unwrap_err();
        let end = Moment::now();
        assert!(matches!(error.connection(), Some(ConnectionError::CutShort)), "{error}");
        let took = &client.transport().took;
        for pair in took.windows(2) {
            assert!(pair[1] - pair[0] < TIMEOUT, "{read_first}: bytes after {:?}", pair[1] - pair[0]);
        }
        let last = end - *took.last().unwrap();
        assert!(last >= TIMEOUT - Duration::from_millis(1), "{read_first}: given up after {last:?}");
        drop(reader.join().unwrap());
    }
}

/// A full table of the broker's ids ends the connection behind the acknowledgements: they get out although the peer has
/// read nothing yet and much of what it sent is unread, which resets a link that is closed at once.
#[test]
fn acknowledgements_get_out_before_a_full_table_ends_the_link() {
    const BEFORE: usize = 8_000;
    let listener = small_listener();
    let (transport, mut peer) = accept(&listener);
    let broker = thread::spawn(move || {
        peer.read_exact(&mut [0; 14]).unwrap();
        peer.write_all(b"\x20\x02\x00\x00").unwrap();
        // Two messages of QoS 2, and more than the system keeps for a program that does not read.
        let mut sent = b"\x34\x05\x00\x01a\x00\x01\x34\x05\x00\x01a\x00\x02".to_vec();
        sent.resize(16_000_000, 0);
        peer.write_all(&sent).unwrap();
        let mut received = Vec::new();
        peer.read_to_end(&mut received).unwrap();
        received
    });
    let mut client = Client::new(transport, Heap::default().with_incoming([0; 1]));
    client.connect(&ConnectOptions::new("").unwrap()).unwrap();
    client.publish("a", &[b'x'; BEFORE], QoS::AtMostOnce, false).unwrap();
    assert!(matches!(client.wait_msg().unwrap().0, Event::Message(_)));
    let error = client.wait_msg().map(|_| ()).unwrap_err();
    let Some(ConnectionError::Session(SessionError::IncomingFull)) = error.connection() else {
        panic!("{error}")
    };
    let received = broker.join().unwrap();
    assert!(received.len() > BEFORE && received.ends_with(b"xx\x50\x02\x00\x01"), "{} bytes", received.len());
}

#[test]
fn the_socket_is_there_while_the_transport_is_open() {
    let (mut transport, peer) = pair();
    let socket = transport.socket().unwrap();
    assert_eq!(socket.local_addr().unwrap(), peer.peer_addr().unwrap());
    transport.close();
    assert!(transport.socket().is_none());
    assert!(TcpTransport::new("127.0.0.1", 1883).socket().is_none());
}
