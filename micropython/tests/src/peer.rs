//! The other end of the client's connection.

use std::collections::VecDeque;
use std::fmt;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::commands::{Command, hex};
use crate::line::{Line, Reaction};

/// The longest time for which a program waits for bytes; then it gets what there is.
const PATIENCE: Duration = Duration::from_secs(5);

/// A TCP server on a free port of 127.0.0.1 that obeys the program under test.
///
/// One thread serves the client's connections and the program's; a command is obeyed when all that came from the
/// client before it was read.
pub struct Peer {
    port: u16,
    control: u16,
    /// Dropping this ends the thread.
    alive: UnixStream,
    thread: JoinHandle<Vec<Vec<u8>>>,
}

impl Peer {
    /// Listens.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn start() -> Self {
        let (listener, port) = listen();
        let (control_listener, control) = listen();
        let (alive, end) = UnixStream::pair().unwrap();
        let table = Table {
            listener: Some(listener),
            control_listener,
            end,
            program: None,
            request: Vec::new(),
            waiting: None,
            reactions: VecDeque::new(),
            done: Vec::new(),
            lines: VecDeque::new(),
        };
        let thread = thread::spawn(move || table.serve());
        Self { port, control, alive, thread }
    }

    /// The arguments of `python/stage.py`: the client's port and the program's.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        vec![self.port.to_string(), self.control.to_string()]
    }

    /// Ends, and returns what the client sent in each of its connections.
    ///
    /// # Panics
    /// When the peer did.
    #[must_use]
    pub fn finish(self) -> Vec<Vec<u8>> {
        drop(self.alive);
        self.thread.join().unwrap()
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").field("port", &self.port).finish_non_exhaustive()
    }
}

fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

struct Table {
    /// `None` when connections are refused.
    listener: Option<TcpListener>,
    control_listener: TcpListener,
    end: UnixStream,
    program: Option<TcpStream>,
    /// The part of a command that has come so far.
    request: Vec<u8>,
    /// The program waits for this many bytes, until this time at the latest.
    waiting: Option<(usize, Instant)>,
    /// Of the connections to come.
    reactions: VecDeque<Reaction>,
    /// What came in the connections that are over.
    done: Vec<Vec<u8>>,
    /// The others, and the last one; there may be thousands in a test.
    lines: VecDeque<Line>,
}

/// What there is to do.
#[derive(PartialEq)]
enum Event {
    Other,
    Program,
    End,
}

impl Table {
    fn serve(mut self) -> Vec<Vec<u8>> {
        loop {
            let event = self.wait();
            self.accept();
            for line in &mut self.lines {
                line.step();
                if !line.reacted && line.has_packet() {
                    if let Some(reaction) = self.reactions.pop_front() {
                        line.react(reaction);
                    }
                }
            }
            match event {
                Event::End => {
                    self.done.extend(self.lines.into_iter().map(Line::finish));
                    return self.done;
                }
                Event::Program => self.obey(),
                Event::Other => {}
            }
            self.answer_waiting();
            while self.lines.len() > 1 && self.lines.front().is_some_and(|line| line.stream().is_none()) {
                self.done.extend(self.lines.pop_front().map(Line::finish));
            }
        }
    }

    fn wait(&self) -> Event {
        let deadlines = self.lines.iter().filter_map(Line::deadline);
        let deadline = deadlines.chain(self.waiting.map(|(_, deadline)| deadline)).min();
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        let mut entries =
            vec![PollFd::new(&self.end, PollFlags::IN), PollFd::new(&self.control_listener, PollFlags::IN)];
        // A program that waits for an answer asks for nothing else.
        let program = self.program.as_ref().filter(|_| self.waiting.is_none());
        let program_at = entries.len();
        entries.extend(program.map(|program| PollFd::new(program, PollFlags::IN)));
        entries.extend(self.listener.as_ref().map(|listener| PollFd::new(listener, PollFlags::IN)));
        for line in &self.lines {
            let flags = line.flags();
            if let Some(stream) = line.stream().filter(|_| !flags.is_empty()) {
                entries.push(PollFd::new(stream, flags));
            }
        }
        // An interrupted poll has found nothing.
        let _ = poll(&mut entries, timeout.as_ref());
        let ready = |at: usize| entries.get(at).is_some_and(|entry| !entry.revents().is_empty());
        match (ready(0), program.is_some() && ready(program_at)) {
            (true, _) => Event::End,
            (false, true) => Event::Program,
            (false, false) => Event::Other,
        }
    }

    fn accept(&mut self) {
        while let Some(Ok((stream, _))) = self.listener.as_ref().map(TcpListener::accept) {
            self.lines.push_back(Line::new(stream));
        }
        if let Ok((stream, _)) = self.control_listener.accept() {
            stream.set_nonblocking(false).unwrap();
            stream.set_nodelay(true).unwrap();
            self.program = Some(stream);
        }
    }

    /// Reads what the program wrote, and does it.
    fn obey(&mut self) {
        let mut buffer = vec![0; 64 * 1024];
        let count = self.program.as_mut().map_or(0, |program| program.read(&mut buffer).unwrap_or(0));
        if count == 0 {
            self.program = None;
            return;
        }
        self.request.extend_from_slice(buffer.get(..count).unwrap_or_default());
        while let Some(end) = self.request.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.request.drain(..=end).collect();
            let line = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
            match Command::parse(&line) {
                Ok(command) => self.run(command),
                Err(reason) => self.reply(&format!("? {reason}")),
            }
        }
    }

    fn run(&mut self, command: Command) {
        let mut reply = "ok".to_owned();
        match (command, self.lines.back_mut()) {
            (Command::Answer(bytes), _) => self.reactions.push_back(Reaction::Send(bytes)),
            (Command::AnswerClose, _) => self.reactions.push_back(Reaction::Close),
            (Command::Refuse, _) => self.listener = None,
            (Command::Connections, _) => reply = (self.done.len() + self.lines.len()).to_string(),
            (Command::Wire(count), _) => {
                self.waiting = Some((count, Instant::now() + PATIENCE));
                return;
            }
            (Command::Forget, None) => {}
            (Command::State, None) => reply = "none".into(),
            (Command::State, Some(line)) => reply = if line.ended { "closed" } else { "open" }.into(),
            (Command::Send(bytes), Some(line)) => line.send(&bytes),
            (Command::Fill(byte, count), Some(line)) => line.send(&vec![byte; count]),
            (Command::Forget, Some(line)) => line.forget(),
            (Command::Trickle(bytes), Some(line)) => line.trickle(&bytes),
            (Command::Close, Some(line)) => line.close(),
            (Command::Reset, Some(line)) => line.reset(),
            (Command::Hold { until_full }, Some(line)) => line.hold(until_full),
            (_, None) => reply = "? there is no connection".into(),
        }
        self.reply(&reply);
    }

    /// Answers a program that waits for bytes, if it is time.
    fn answer_waiting(&mut self) {
        let Some((count, deadline)) = self.waiting else { return };
        let enough = self.lines.back().is_none_or(|line| line.fresh() >= count || line.ended);
        if enough || Instant::now() >= deadline {
            self.waiting = None;
            let bytes = self.lines.back_mut().map(Line::tell).unwrap_or_default();
            self.reply(&hex(&bytes));
        }
    }

    fn reply(&mut self, text: &str) {
        if let Some(program) = &mut self.program {
            // A program that is gone hears nothing.
            let _ = program.write_all(format!("{text}\n").as_bytes());
        }
    }
}
