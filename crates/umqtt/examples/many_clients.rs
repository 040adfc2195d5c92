//! Drives a thousand clients on one thread, by an event loop of the program's own.
//!
//! `cargo run -p umqtt --release --example many_clients -- [CLIENTS [MESSAGES [BROKER]]]`; without a broker, the
//! program starts one in its own process.
//!
//! The clients form a ring. Ten messages travel round it: a client that receives one publishes the next, with QoS 1,
//! to its neighbour. All the others only keep their connections alive, and cost nothing meanwhile.

use std::collections::BTreeSet;
use std::error::Error;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use umqtt::std::{Address, TcpClient, TcpTransport};
use umqtt::{ConnectOptions, Event, Heap, NEVER, QoS, TopicName};
use umqtt_testkit::{Broker, Settings, TcpBroker};

type Failed = Box<dyn Error>;

/// How many messages are in flight at a time.
const ACTIVE: usize = 10;
/// How many events of one client are handled before the others have their turn.
const EVENTS_IN_A_TURN: usize = 32;

fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let clients: usize = arguments.next().map_or(Ok(1_000), |text| text.parse())?;
    let messages: u64 = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let mut own = None;
    let address: Address = match arguments.next() {
        Some(address) => address.parse()?,
        None => {
            let settings = Settings { max_connections: clients, ..Settings::default() };
            let broker = own.insert(TcpBroker::bind("127.0.0.1:0", Broker::new(settings))?);
            broker.url().parse()?
        }
    };
    let mut out = io::stdout().lock();
    writeln!(out, "connecting {clients} clients to {address}")?;
    let mut ring = Ring::connect(&address, clients)?;
    let summary = ring.pass(messages, &mut out)?;
    ring.disconnect()?;
    writeln!(
        out,
        "{} messages in {:.2?}, {:.1?} each; the loop woke {} times and went to {} clients",
        summary.messages,
        summary.time,
        summary.time / u32::try_from(summary.messages.max(1))?,
        summary.wakes,
        summary.turns,
    )?;
    Ok(())
}

/// What it took to pass messages round the ring.
#[derive(Debug)]
pub struct Summary {
    /// The messages that were received, each once.
    pub messages: u64,
    /// How long it took.
    pub time: Duration,
    /// How often the loop had something to do.
    pub wakes: u64,
    /// How often it looked at a client.
    pub turns: u64,
}

/// Clients on one thread.
#[derive(Debug)]
pub struct Ring {
    poll: Poll,
    clients: Vec<TcpClient>,
    topics: Vec<String>,
    /// When each client has something to do, if no byte comes before.
    due: Vec<Option<Instant>>,
    /// The same in order of time, so that the loop does not go over all clients to find the next.
    timers: BTreeSet<(Instant, usize)>,
}

impl Ring {
    /// Connects clients, each subscribed to a topic of its own.
    ///
    /// # Errors
    /// One of them cannot connect, or there are not enough descriptors.
    pub fn connect(address: &Address, count: usize) -> Result<Self, Failed> {
        let mut ring = Self {
            poll: Poll::new()?,
            clients: Vec::new(),
            topics: (0..count).map(|number| format!("umqtt-ring-{}/{number}", std::process::id())).collect(),
            due: vec![None; count],
            timers: BTreeSet::new(),
        };
        for (number, topic) in ring.topics.iter().enumerate() {
            let options = ConnectOptions::new(topic)?.keep_alive(30);
            let transport = TcpTransport::new(address.host(), address.port());
            // A thousand clients in 4 MB.
            let mut client = umqtt::std::client(transport, Heap::new(1_024, 1_024, 16));
            client.connect(&options)?;
            client.subscribe(topic.as_str(), QoS::AtLeastOnce)?;
            let socket = client.transport().socket().ok_or("the connection is gone")?;
            ring.poll.registry().register(
                &mut SourceFd(&socket.as_raw_fd()),
                Token(number),
                Interest::READABLE,
            )?;
            ring.clients.push(client);
        }
        Ok(ring)
    }

    /// Passes messages round the ring until `messages` were received, and reports the progress to `out`.
    ///
    /// # Errors
    /// A connection is lost, a PUBACK does not come in time, or `out` fails.
    pub fn pass(&mut self, messages: u64, out: &mut impl Write) -> Result<Summary, Failed> {
        let mut summary = Summary { messages: 0, time: Duration::ZERO, wakes: 0, turns: 0 };
        let start = Instant::now();
        let step = self.clients.len().div_ceil(ACTIVE).max(1);
        for number in 0..self.clients.len() {
            if number % step == 0 && messages > 0 {
                self.send(number)?;
            }
            self.turn(number, &mut summary, messages)?;
        }
        let mut events = Events::with_capacity(256);
        let mut told = 0;
        while summary.messages < messages {
            let left = self.timers.first().map(|(due, _)| due.saturating_duration_since(Instant::now()));
            match self.poll.poll(&mut events, left) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error.into()),
                _ => summary.wakes += 1,
            }
            for event in &events {
                self.turn(event.token().0, &mut summary, messages)?;
            }
            let now = Instant::now();
            while let Some(&(due, number)) = self.timers.first().filter(|(due, _)| *due <= now) {
                self.timers.remove(&(due, number));
                self.turn(number, &mut summary, messages)?;
            }
            let tenths = summary.messages * 10 / messages.max(1);
            if tenths > told {
                told = tenths;
                writeln!(out, "{:3} %", told * 10)?;
            }
        }
        summary.time = start.elapsed();
        Ok(summary)
    }

    /// Disconnects all clients.
    ///
    /// # Errors
    /// DISCONNECT cannot be sent.
    pub fn disconnect(&mut self) -> Result<(), Failed> {
        for client in &mut self.clients {
            let socket = client.transport().socket().ok_or("the connection is gone")?;
            self.poll.registry().deregister(&mut SourceFd(&socket.as_raw_fd()))?;
            client.disconnect()?;
        }
        Ok(())
    }

    /// Sends the message of a client to its neighbour.
    fn send(&mut self, number: usize) -> Result<(), Failed> {
        let (Some(client), Some(topic)) = (self.clients.get_mut(number), neighbour(&self.topics, number))
        else {
            return Ok(());
        };
        client.publish(topic, b"next, please", QoS::AtLeastOnce, false)?;
        Ok(())
    }

    /// Handles all that has happened to a client, and notes what it waits for now.
    fn turn(&mut self, number: usize, summary: &mut Summary, messages: u64) -> Result<(), Failed> {
        let (Some(client), Some(topic)) = (self.clients.get_mut(number), neighbour(&self.topics, number))
        else {
            return Ok(());
        };
        let topic = TopicName::new(topic)?;
        summary.turns += 1;
        let mut has_more = true;
        for _ in 0..EVENTS_IN_A_TURN {
            let Some((event, mut sender)) = client.check_msg(0)? else {
                has_more = false;
                break;
            };
            match event {
                Event::Message(message) => {
                    summary.messages += 1;
                    if summary.messages < messages {
                        sender.enqueue(topic, message.payload, QoS::AtLeastOnce, false)?;
                    }
                }
                Event::TimedOut { id } => return Err(format!("{topic}: no answer to {id}").into()),
                _ => {}
            }
        }
        let wait = client.next_wait();
        let interest = match (wait.read, wait.write) {
            (false, true) => Interest::WRITABLE,
            (true, true) => Interest::READABLE | Interest::WRITABLE,
            (_, false) => Interest::READABLE,
        };
        // mio reports only what is new; registering again also asks for what is there already.
        let socket = client.transport().socket().ok_or("the connection is gone")?;
        self.poll.registry().reregister(&mut SourceFd(&socket.as_raw_fd()), Token(number), interest)?;
        let due = match wait.millis {
            _ if has_more => Some(Instant::now()),
            NEVER => None,
            millis => Some(Instant::now() + Duration::from_millis(millis.into())),
        };
        if let Some(before) = self.due.get_mut(number) {
            if let Some(before) = before.take() {
                self.timers.remove(&(before, number));
            }
            *before = due;
        }
        self.timers.extend(due.map(|due| (due, number)));
        Ok(())
    }
}

/// The topic of the client behind this one.
fn neighbour(topics: &[String], number: usize) -> Option<&str> {
    topics.get(number + 1).or(topics.first()).map(String::as_str)
}
