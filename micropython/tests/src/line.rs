//! One connection of the client.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::io::ioctl_fionread;
use socket2::SockRef;

/// How long nothing more comes from a client that has filled the connection.
const FULL: Duration = Duration::from_millis(50);

/// The time between the bytes of a trickle.
const TRICKLE: Duration = Duration::from_millis(1);

/// How long the test waits for the end of a connection when it is over.
const LAST: Duration = Duration::from_secs(2);

/// What a connection gets when its first packet has come.
pub(crate) enum Reaction {
    Send(Vec<u8>),
    Close,
}

pub(crate) struct Line {
    stream: Option<TcpStream>,
    /// All that came.
    pub(crate) received: Vec<u8>,
    /// How much of it was reported to the program.
    told: usize,
    pub(crate) reacted: bool,
    output: VecDeque<u8>,
    trickle: VecDeque<u8>,
    trickled: Instant,
    held: Option<Hold>,
    closing: bool,
    /// The client has closed.
    pub(crate) ended: bool,
}

enum Hold {
    ForEver,
    /// Waits until nothing more has come since this time, when this many bytes wait to be read.
    UntilFull(Instant, u64),
}

impl Line {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_nonblocking(true).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: Some(stream),
            received: Vec::new(),
            told: 0,
            reacted: false,
            output: VecDeque::new(),
            trickle: VecDeque::new(),
            trickled: Instant::now(),
            held: None,
            closing: false,
            ended: false,
        }
    }

    pub(crate) fn stream(&self) -> Option<&TcpStream> {
        self.stream.as_ref()
    }

    /// What to poll for.
    pub(crate) fn flags(&self) -> PollFlags {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, self.held.is_none() && !self.ended);
        flags.set(PollFlags::OUT, !self.output.is_empty());
        flags
    }

    /// When there is something to do even if nothing comes.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let trickle = (!self.trickle.is_empty()).then(|| self.trickled + TRICKLE);
        let full = match self.held {
            Some(Hold::UntilFull(since, _)) => Some(since + FULL),
            _ => None,
        };
        trickle.into_iter().chain(full).min()
    }

    /// Reads all there is and writes what can be written.
    pub(crate) fn step(&mut self) {
        self.release();
        self.read();
        if self.trickled.elapsed() >= TRICKLE {
            self.output.extend(self.trickle.pop_front());
            self.trickled = Instant::now();
        }
        self.write();
        if self.ended && self.output.is_empty() {
            // There may be thousands of them.
            self.stream = None;
        }
    }

    /// Whether its first packet, or TLS record, has come.
    pub(crate) fn has_packet(&self) -> bool {
        let length = match self.received[..] {
            [0x16, _, _, high, low, ..] => Some(5 + usize::from(high) * 256 + usize::from(low)),
            _ => crate::outcome::packet_length(&self.received),
        };
        length.is_some_and(|length| self.received.len() >= length)
    }

    pub(crate) fn react(&mut self, reaction: Reaction) {
        self.reacted = true;
        match reaction {
            Reaction::Send(bytes) => self.send(&bytes),
            Reaction::Close => self.close(),
        }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.output.extend(bytes);
        self.write();
    }

    pub(crate) fn trickle(&mut self, bytes: &[u8]) {
        self.trickle.extend(bytes);
    }

    pub(crate) fn close(&mut self) {
        self.closing = true;
        self.write();
    }

    pub(crate) fn reset(&mut self) {
        if let Some(stream) = self.stream.take() {
            SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
            self.ended = true;
        }
    }

    pub(crate) fn hold(&mut self, until_full: bool) {
        let hold = if until_full { Hold::UntilFull(Instant::now(), 0) } else { Hold::ForEver };
        self.held = Some(hold);
    }

    /// How many bytes came that were not reported to the program.
    pub(crate) fn fresh(&self) -> usize {
        self.received.len() - self.told
    }

    /// The bytes that came since the last time.
    pub(crate) fn tell(&mut self) -> Vec<u8> {
        let bytes = self.received.get(self.told..).unwrap_or_default().to_vec();
        self.told = self.received.len();
        bytes
    }

    pub(crate) fn forget(&mut self) {
        self.received.clear();
        self.told = 0;
    }

    /// Reads to the end; the client is gone.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        if let Some(stream) = &mut self.stream {
            let _ = stream.set_nonblocking(false);
            let _ = stream.set_read_timeout(Some(LAST));
            // A reset is an end as well.
            let _ = stream.read_to_end(&mut self.received);
        }
        self.received
    }

    fn release(&mut self) {
        if let (Some(Hold::UntilFull(since, waiting)), Some(stream)) = (&mut self.held, &self.stream) {
            let now = ioctl_fionread(stream).unwrap_or(0);
            if now != *waiting {
                (*since, *waiting) = (Instant::now(), now);
            } else if now > 0 && since.elapsed() >= FULL {
                self.held = None;
            } else if since.elapsed() >= FULL {
                *since = Instant::now();
            }
        }
    }

    fn read(&mut self) {
        let Some(stream) = self.stream.as_mut().filter(|_| self.held.is_none()) else { return };
        let mut buffer = vec![0; 64 * 1024];
        while !self.ended {
            match stream.read(&mut buffer) {
                Ok(0) => self.ended = true,
                Ok(count) => self.received.extend_from_slice(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.ended = true,
            }
        }
    }

    fn write(&mut self) {
        let Some(stream) = &mut self.stream else { return };
        while !self.output.is_empty() {
            match stream.write(self.output.make_contiguous()) {
                Ok(count) => drop(self.output.drain(..count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // A client that has gone gets nothing more.
                Err(_) => self.output.clear(),
            }
        }
        if self.closing && self.trickle.is_empty() {
            self.closing = false;
            let _ = stream.shutdown(Shutdown::Write);
        }
    }
}
