//! A transport over a link on virtual time.

use std::cell::RefCell;
use std::rc::Rc;

use embedded_io::ErrorKind;
use umqtt::{
    Buffers, Client, ConnectOptions, ConnectionError, Error, Event, Fixed, Instant, Interest, Io,
    SessionError, Transport,
};
use umqtt_testkit::Broker;
use umqtt_testkit::link::{End, Link, LinkError, Network, Service};
use umqtt_testkit::script::{Player, Progress};

/// Opens links to a server, remembers what was written in each call, and waits on virtual time.
pub struct Wire<S> {
    pub network: Network<S>,
    end: Option<End>,
    shared: Rc<RefCell<Shared>>,
}

/// A call of the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Now,
    /// A read that filled the room that was given, or one that did not.
    Read {
        all: bool,
    },
    Write,
    Wait,
}

type OnOpen = dyn FnMut(usize, &Link);

#[derive(Default)]
pub struct Shared {
    /// The bytes of each write, as far as they were taken.
    pub writes: Vec<Vec<u8>>,
    pub reads: usize,
    /// The calls since somebody wants to know.
    pub calls: Option<Vec<Call>>,
    /// The handle of the link that is open.
    pub link: Option<Link>,
    pub opened: usize,
    /// The time that the last link was given to be closed behind its last packet.
    pub finished: Option<u32>,
    /// Called with each new link, to make it fail.
    pub on_open: Option<Box<OnOpen>>,
}

/// What a test keeps of a wire that the client owns.
pub struct Handle<S> {
    pub network: Network<S>,
    shared: Rc<RefCell<Shared>>,
}

impl<S: Service> Wire<S> {
    pub fn new(service: S) -> (Self, Handle<S>) {
        let network = Network::new(service);
        let shared = Rc::new(RefCell::new(Shared::default()));
        let handle = Handle { network: network.clone(), shared: Rc::clone(&shared) };
        (Self { network, end: None, shared }, handle)
    }

    fn end(&mut self) -> Result<&mut End, ErrorKind> {
        self.end.as_mut().ok_or(ErrorKind::NotConnected)
    }
}

impl Shared {
    fn called(&mut self, call: Call) {
        self.calls.iter_mut().for_each(|calls| calls.push(call));
    }
}

impl<S: Service> Handle<S> {
    pub fn link(&self) -> Link {
        self.shared.borrow().link.clone().expect("a link is open")
    }

    pub fn take_writes(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.shared.borrow_mut().writes)
    }

    pub fn reads(&self) -> usize {
        self.shared.borrow().reads
    }

    /// The calls of the transport since the last time this was asked.
    pub fn take_calls(&self) -> Vec<Call> {
        self.shared.borrow_mut().calls.replace(Vec::new()).unwrap_or_default()
    }

    pub fn opened(&self) -> usize {
        self.shared.borrow().opened
    }

    /// The milliseconds that the last link was given to be closed behind its last packet, if that is how it ended.
    pub fn finished(&self) -> Option<u32> {
        self.shared.borrow().finished
    }

    pub fn on_open(&self, action: impl FnMut(usize, &Link) + 'static) {
        self.shared.borrow_mut().on_open = Some(Box::new(action));
    }

    pub fn now(&self) -> Instant {
        self.network.now()
    }

    pub fn millis(&self) -> u32 {
        self.now().as_millis()
    }
}

impl Handle<Player> {
    /// Whether the script has come to its end, without a mistake of the client.
    pub fn assert_done(&self) {
        self.network.advance(100);
        let progress = self.network.with(|player| player.progress());
        assert_eq!(progress, Progress::Done);
    }
}

impl<S: Service> Transport for Wire<S> {
    type Error = ErrorKind;

    fn now(&mut self) -> Instant {
        self.shared.borrow_mut().called(Call::Now);
        self.network.now()
    }

    fn open(&mut self, _: u32) -> Result<(), ErrorKind> {
        if self.end.is_none() {
            let (end, link) = self.network.open();
            let mut shared = self.shared.borrow_mut();
            let number = shared.opened;
            shared.opened += 1;
            shared.finished = None;
            if let Some(action) = &mut shared.on_open {
                action(number, &link);
            }
            shared.link = Some(link);
            self.end = Some(end);
        }
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<Io, ErrorKind> {
        assert!(!buffer.is_empty());
        self.network.pump();
        let result = self.end()?.read(buffer);
        let mut shared = self.shared.borrow_mut();
        shared.reads += 1;
        shared.called(Call::Read { all: result == Ok(buffer.len()) });
        io(result)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<Io, ErrorKind> {
        assert!(!bytes.is_empty());
        let result = self.end()?.write(bytes);
        let mut shared = self.shared.borrow_mut();
        shared.called(Call::Write);
        if let Ok(count) = result {
            shared.writes.push(bytes[..count].to_vec());
        }
        drop(shared);
        self.network.pump();
        io(result)
    }

    fn wait(&mut self, interest: Interest, timeout: u32) -> Result<(), ErrorKind> {
        assert!(interest.read || interest.write, "a wait for nothing");
        assert!(timeout > 0, "a wait that does not wait");
        self.shared.borrow_mut().called(Call::Wait);
        // The longest time that virtual time can jump.
        let deadline = self.network.now().after(timeout.min(20 * 24 * 3_600_000));
        let network = self.network.clone();
        let end = self.end()?;
        match (interest.read, interest.write) {
            (true, false) => drop(network.wait_readable(end, deadline)),
            (false, _) => drop(network.wait_writable(end, deadline)),
            (true, true) => loop {
                network.pump();
                let ready = end.readable_in() == Some(0) || end.writable_in() == Some(0);
                if ready || network.now() == deadline {
                    break;
                }
                network.advance(1);
            },
        }
        Ok(())
    }

    fn is_readable(&mut self) -> Result<bool, ErrorKind> {
        self.network.pump();
        Ok(self.end()?.readable_in() == Some(0))
    }

    fn close(&mut self) {
        self.end = None;
        self.network.pump();
    }

    fn finish(&mut self, timeout: u32) {
        self.shared.borrow_mut().finished = Some(timeout);
        self.close();
    }
}

fn io(result: Result<usize, LinkError>) -> Result<Io, ErrorKind> {
    match result {
        Ok(0) => Ok(Io::Closed),
        Ok(count) => Ok(Io::Done(count)),
        Err(LinkError::WouldBlock) => Ok(Io::WouldBlock),
        Err(LinkError::Reset) => Err(ErrorKind::ConnectionReset),
    }
}

pub type WireError = Error<ErrorKind>;

/// A client and what a test keeps of its wire.
pub type Connected<S, B> = (Client<Wire<S>, B>, Handle<S>);

pub type Small = Fixed<256, 256, 8>;

/// The connection ended as the protocol asks.
pub fn ended(error: SessionError) -> WireError {
    Error::Connection(ConnectionError::Session(error))
}

/// The transport failed.
pub fn failed(kind: ErrorKind) -> WireError {
    Error::Connection(ConnectionError::Transport(kind))
}

/// A connected client with a keep-alive of so many seconds and a broker.
pub fn broker_client(keep_alive: u16) -> Connected<Broker, Small> {
    broker_client_with(Small::new(), keep_alive)
}

pub fn broker_client_with<B: Buffers>(memory: B, keep_alive: u16) -> Connected<Broker, B> {
    client_of(Broker::default(), memory, &ConnectOptions::new("shed").unwrap().keep_alive(keep_alive))
}

/// A connected client of any service.
pub fn client_of<S: Service, B: Buffers>(
    service: S,
    memory: B,
    options: &ConnectOptions<'_>,
) -> Connected<S, B> {
    let (wire, handle) = Wire::new(service);
    let mut client = Client::new(wire, memory);
    client.connect(options).unwrap();
    handle.take_writes();
    (client, handle)
}

/// A client of a script that has been connected by it.
pub fn script_client(script: &str, keep_alive: u16) -> Connected<Player, Small> {
    let script = format!("expect connect\nsend 20 02 00 00\n{script}");
    let (wire, handle) = Wire::new(Player::new(script.parse().unwrap()));
    let mut client = Client::new(wire, Small::new());
    client.connect(&ConnectOptions::new("shed").unwrap().keep_alive(keep_alive)).unwrap();
    handle.take_writes();
    (client, handle)
}

/// All events that are there or need no time, in words.
pub fn drain<S: Service, B: Buffers>(client: &mut Client<Wire<S>, B>) -> Vec<String> {
    let mut told = Vec::new();
    while let Some((event, _)) = client.check_msg(1).unwrap() {
        told.push(words(&event));
    }
    told
}

/// An event in words.
pub fn words(event: &Event<'_>) -> String {
    let late = |late| if late { " late" } else { "" };
    match event {
        Event::Message(message) => {
            let payload = String::from_utf8_lossy(message.payload).into_owned();
            let dup = if message.dup() { " dup" } else { "" };
            format!("{} {payload} q{}{dup}", message.topic, message.qos() as u8)
        }
        Event::Delivered { id, late: told } => format!("delivered {id}{}", late(*told)),
        Event::Subscribed { id, return_codes, late: told } => {
            let codes: Vec<u8> = return_codes.iter().map(|code| code.code()).collect();
            format!("subscribed {id} {codes:?}{}", late(*told))
        }
        Event::Unsubscribed { id, late: told } => format!("unsubscribed {id}{}", late(*told)),
        Event::TimedOut { id } => format!("timed out {id}"),
        Event::Lost { id } => format!("lost {id}"),
        Event::UnknownAck { id, packet_type } => format!("unknown {packet_type:?} {id}"),
        other => format!("{other:?}"),
    }
}
