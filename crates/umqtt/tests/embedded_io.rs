//! The client over `embedded-io` traits and a clock of its own.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;

use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write, WriteReady};
use umqtt::{
    Client, Clock, ConnectOptions, ConnectionError, EmbeddedIo, Error, Event, Fixed, Instant, QoS,
    SessionError,
};

/// A serial line whose other end answers from a list: so many bytes written, then these bytes.
struct Line {
    now: Rc<Cell<u32>>,
    written: Vec<u8>,
    answers: VecDeque<(usize, &'static [u8])>,
    there: VecDeque<u8>,
    /// The line is busy in every other millisecond.
    busy: bool,
    closed: bool,
}

impl ErrorType for Line {
    type Error = ErrorKind;
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        let count = buffer.len().min(self.there.len());
        for (to, from) in buffer.iter_mut().zip(self.there.drain(..count)) {
            *to = from;
        }
        Ok(count)
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        assert!(self.write_ready()?, "a write that would block");
        // A hardware buffer of eight bytes.
        let count = bytes.len().min(8);
        self.written.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        panic!("flush may wait for ever")
    }
}

impl ReadReady for Line {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        if let Some((after, bytes)) = self.answers.front() {
            if self.written.len() >= *after {
                self.there.extend(*bytes);
                self.answers.pop_front();
            }
        }
        Ok(self.closed || !self.there.is_empty())
    }
}

impl WriteReady for Line {
    fn write_ready(&mut self) -> Result<bool, ErrorKind> {
        Ok(!self.busy || self.now.get() % 2 == 1)
    }
}

struct Ticks(Rc<Cell<u32>>);

impl Clock for Ticks {
    fn now(&mut self) -> Instant {
        Instant::from_millis(self.0.get())
    }

    fn idle(&mut self) {
        self.0.set(self.0.get().wrapping_add(1));
    }
}

type LineClient = Client<EmbeddedIo<Line, Ticks>, Fixed<128, 128, 4>>;

fn client(answers: &[(usize, &'static [u8])], start: u32) -> (LineClient, Rc<Cell<u32>>) {
    let now = Rc::new(Cell::new(start));
    let line = Line {
        now: Rc::clone(&now),
        written: Vec::new(),
        answers: answers.iter().copied().collect(),
        there: VecDeque::new(),
        busy: true,
        closed: false,
    };
    (Client::new(EmbeddedIo::new(line, Ticks(Rc::clone(&now))), Fixed::new()), now)
}

#[test]
fn a_line_that_takes_eight_bytes_at_a_time() {
    // The clock wraps in the middle of it.
    let (mut client, now) =
        client(&[(18, b"\x20\x02\x00\x00"), (33, b"\x40\x02\x00\x01\x30\x04\x00\x01ab")], u32::MAX - 3);
    client.connect(&ConnectOptions::new("shed").unwrap().keep_alive(10)).unwrap();
    client.publish("topic", b"1234", QoS::AtLeastOnce, false).unwrap();
    assert!(matches!(client.check_msg(100).unwrap(), Some((Event::Delivered { .. }, _))));
    let (event, _) = client.check_msg(100).unwrap().unwrap();
    let Event::Message(message) = event else { panic!("{event:?}") };
    assert_eq!((message.topic.as_str(), message.payload), ("a", &b"b"[..]));
    let before = now.get();
    assert!(client.check_msg(1_234).unwrap().is_none());
    assert_eq!(now.get().wrapping_sub(before), 1_234);
}

#[test]
fn a_line_that_is_silent_or_closed() {
    let (mut client, now) = client(&[], 0);
    let error = client.connect(&ConnectOptions::new("shed").unwrap()).unwrap_err();
    let timed_out = ConnectionError::Session(SessionError::ConnectTimeout);
    assert_eq!(error, Error::Connection(timed_out));
    assert_eq!(now.get(), 5_000);
    client.transport_mut().inner_mut().closed = true;
    let closed = Err(Error::Connection(ConnectionError::Closed));
    assert_eq!(client.connect(&ConnectOptions::new("shed").unwrap()), closed);
}
