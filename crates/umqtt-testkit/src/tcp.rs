//! The broker on a TCP port, for clients that want a real socket.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant as Moment};

use umqtt_proto::Instant;
use umqtt_proto::wire::PacketType;

use crate::{Broker, CloseReason, ConnectionId};

/// How long a closed connection may take to read its last bytes.
const LINGER: Duration = Duration::from_secs(1);
/// How long dropping a broker waits for its threads; their sockets are shut by then.
const STOP: Duration = Duration::from_secs(5);
const READ_BUFFER: usize = 64 * 1024;

/// A [`Broker`] on a TCP port, served by threads until it is dropped.
///
/// ```
/// use std::io::{Read, Write};
/// use std::time::Duration;
/// use umqtt_testkit::TcpBroker;
///
/// # fn main() -> std::io::Result<()> {
/// let broker = TcpBroker::start()?;
/// let mut socket = std::net::TcpStream::connect(broker.local_addr())?;
/// socket.write_all(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04shed")?;
/// let mut answer = [0; 4];
/// socket.read_exact(&mut answer)?;
/// assert_eq!(answer, *b"\x20\x02\x00\x00");
/// drop(socket);
/// assert!(broker.wait_until(Duration::from_secs(5), |broker| broker.session("shed").is_none()));
/// # Ok(())
/// # }
/// ```
pub struct TcpBroker {
    shared: Arc<Shared>,
    local_addr: SocketAddr,
}

struct Shared {
    state: Mutex<State>,
    /// Something happened that a test may wait for, or the last thread has gone.
    changed: Condvar,
    /// A deadline may have come nearer.
    timer: Condvar,
    started: Moment,
}

struct State {
    broker: Broker,
    peers: HashMap<ConnectionId, Peer>,
    /// Connections that the broker has closed, with the moment at which patience ends.
    closing: VecDeque<(Moment, ConnectionId)>,
    threads: usize,
    watchers: usize,
    stopping: bool,
}

struct Peer {
    stream: Arc<TcpStream>,
    /// Wakes the writer when it waits.
    wake: Arc<Condvar>,
    writer_waits: bool,
}

impl TcpBroker {
    /// A broker with default settings on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// Those of binding the port and of starting threads.
    pub fn start() -> io::Result<Self> {
        Self::bind((Ipv4Addr::LOCALHOST, 0), Broker::default())
    }

    /// Serves `broker` on an address; port 0 takes a free one.
    ///
    /// # Errors
    /// Those of binding the port and of starting threads.
    pub fn bind(address: impl ToSocketAddrs, broker: Broker) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let local_addr = listener.local_addr()?;
        let state = State {
            broker,
            peers: HashMap::new(),
            closing: VecDeque::new(),
            threads: 0,
            watchers: 0,
            stopping: false,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
            timer: Condvar::new(),
            started: Moment::now(),
        });
        let broker = Self { shared, local_addr };
        broker.shared.spawn("timer", Shared::keep_time)?;
        broker.shared.spawn("accept", move |shared| shared.accept(&listener))?;
        Ok(broker)
    }

    /// The address that clients connect to.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The address as a URL, such as `mqtt://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("mqtt://{}", self.local_addr)
    }

    /// Calls `action` with the broker, between two packets, and sends what the broker then has to send.
    ///
    /// Here a test publishes, looks at sessions, sets rules, or cuts a client off so that its will is published:
    ///
    /// ```
    /// # let broker = umqtt_testkit::TcpBroker::start().unwrap();
    /// let was_connected = broker.with(|broker| broker.cut("sensor"));
    /// # assert!(!was_connected);
    /// ```
    pub fn with<R>(&self, action: impl FnOnce(&mut Broker) -> R) -> R {
        let mut state = self.shared.lock();
        let result = action(&mut state.broker);
        self.shared.dispatch(&mut state);
        result
    }

    /// Waits until `condition` holds, without polling; returns `false` when it does not hold within `timeout`.
    pub fn wait_until(&self, timeout: Duration, mut condition: impl FnMut(&Broker) -> bool) -> bool {
        let deadline = Moment::now() + timeout;
        let mut state = self.shared.lock();
        loop {
            if condition(&state.broker) {
                return true;
            }
            let left = deadline.saturating_duration_since(Moment::now());
            if left.is_zero() {
                return false;
            }
            state.watchers += 1;
            state = wait(&self.shared.changed, state, Some(left));
            state.watchers -= 1;
        }
    }
}

impl Drop for TcpBroker {
    /// Shuts all sockets and waits for the threads, five seconds at most.
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stopping = true;
        for peer in state.peers.values() {
            let _ = peer.stream.shutdown(Shutdown::Both);
        }
        self.shared.timer.notify_all();
        drop(state);
        // A connection to itself ends the blocking accept.
        let _ = TcpStream::connect_timeout(&reachable(self.local_addr), LINGER);
        let deadline = Moment::now() + STOP;
        let mut state = self.shared.lock();
        state.watchers += 1;
        while state.threads > 0 {
            let left = deadline.saturating_duration_since(Moment::now());
            if left.is_zero() {
                break;
            }
            state = wait(&self.shared.changed, state, Some(left));
        }
    }
}

impl fmt::Debug for TcpBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpBroker").field("local_addr", &self.local_addr).finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Instant {
        // The count of the broker wraps; the cast is the wrap.
        #[allow(clippy::cast_possible_truncation)]
        Instant::from_millis(self.started.elapsed().as_millis() as u32)
    }

    /// Starts a thread that is waited for when the broker is dropped.
    fn spawn(self: &Arc<Self>, name: &str, work: impl FnOnce(&Arc<Self>) + Send + 'static) -> io::Result<()> {
        self.lock().threads += 1;
        let thread = Thread(Arc::clone(self));
        let builder = thread::Builder::new().name(format!("umqtt-testkit {name}"));
        builder.spawn(move || work(&thread.0)).map(drop)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        loop {
            let accepted = listener.accept();
            let mut state = self.lock();
            if state.stopping {
                return;
            }
            let Ok((stream, _)) = accepted else {
                // No descriptor is free, for instance; time may help.
                drop(wait(&self.timer, state, Some(Duration::from_millis(10))));
                continue;
            };
            let id = state.broker.open(self.now());
            let _ = stream.set_nodelay(true);
            let stream = Arc::new(stream);
            let wake = Arc::new(Condvar::new());
            let peer = Peer { stream: Arc::clone(&stream), wake: Arc::clone(&wake), writer_waits: false };
            state.peers.insert(id, peer);
            self.dispatch(&mut state);
            self.timer.notify_all();
            drop(state);
            let for_writer = Arc::clone(&stream);
            let started = self.spawn("write", move |shared| shared.write(id, &for_writer, &wake)).is_ok()
                && self.spawn("read", move |shared| shared.read(id, &stream)).is_ok();
            if !started {
                self.lost(id);
            }
        }
    }

    fn read(&self, id: ConnectionId, mut stream: &TcpStream) {
        let mut buffer = vec![0; READ_BUFFER];
        loop {
            let bytes = match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => buffer.get(..count).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            let mut state = self.lock();
            let connects = state.broker.received(PacketType::Connect);
            state.broker.receive(id, bytes, self.now());
            if state.broker.received(PacketType::Connect) != connects {
                // Its keep-alive begins now.
                self.timer.notify_all();
            }
            self.dispatch(&mut state);
        }
        self.lost(id);
    }

    fn write(&self, id: ConnectionId, mut stream: &TcpStream, wake: &Condvar) {
        let mut state = self.lock();
        loop {
            let bytes = state.broker.output(id);
            if !bytes.is_empty() {
                self.dispatch(&mut state);
                drop(state);
                if stream.write_all(&bytes).is_err() {
                    let _ = stream.shutdown(Shutdown::Both);
                    return;
                }
                state = self.lock();
            } else if state.broker.is_closed(id) {
                drop(state);
                // The reader goes on until the client closes too: a socket with unread bytes would be reset,
                // and the client might not see the last packet.
                let _ = stream.shutdown(Shutdown::Write);
                return;
            } else {
                set_writer_waits(&mut state, id, true);
                state = wait(wake, state, None);
                set_writer_waits(&mut state, id, false);
            }
        }
    }

    fn lost(&self, id: ConnectionId) {
        let mut state = self.lock();
        state.broker.lost(id);
        if let Some(peer) = state.peers.remove(&id) {
            let _ = peer.stream.shutdown(Shutdown::Both);
            peer.wake.notify_one();
        }
        self.dispatch(&mut state);
    }

    /// Wakes the writers that have something to do, and the tests that wait for something to happen.
    fn dispatch(&self, state: &mut State) {
        while let Some(id) = state.broker.poll_ready() {
            let Some(peer) = state.peers.get(&id) else { continue };
            match state.broker.close_reason(id) {
                None => {}
                Some(CloseReason::Cut) => {
                    let _ = peer.stream.shutdown(Shutdown::Both);
                }
                Some(_) => {
                    state.closing.push_back((Moment::now() + LINGER, id));
                    self.timer.notify_all();
                }
            }
            if peer.writer_waits {
                peer.wake.notify_one();
            }
        }
        if state.watchers > 0 {
            self.changed.notify_all();
        }
    }

    /// Ends what was silent for too long, and shuts what was closed and does not go.
    fn keep_time(self: &Arc<Self>) {
        let mut state = self.lock();
        while !state.stopping {
            let now = self.now();
            state.broker.tick(now);
            self.dispatch(&mut state);
            while let Some((_, id)) = state.closing.front().copied().filter(|(at, _)| *at <= Moment::now()) {
                state.closing.pop_front();
                if let Some(peer) = state.peers.get(&id) {
                    let _ = peer.stream.shutdown(Shutdown::Both);
                }
            }
            let silence = state.broker.timeout(now).map(|millis| Duration::from_millis(millis.into()));
            let closing = state.closing.front().map(|(at, _)| at.saturating_duration_since(Moment::now()));
            let next = silence.into_iter().chain(closing).min();
            state = wait(&self.timer, state, next.map(|next| next.max(Duration::from_millis(1))));
        }
    }
}

/// Counts a thread until it ends, even by a panic.
struct Thread(Arc<Shared>);

impl Drop for Thread {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.threads -= 1;
        if state.threads == 0 {
            self.0.changed.notify_all();
        }
    }
}

fn set_writer_waits(state: &mut State, id: ConnectionId, waits: bool) {
    if let Some(peer) = state.peers.get_mut(&id) {
        peer.writer_waits = waits;
    }
}

fn wait<'a>(
    condvar: &Condvar,
    state: MutexGuard<'a, State>,
    timeout: Option<Duration>,
) -> MutexGuard<'a, State> {
    match timeout {
        Some(timeout) => condvar.wait_timeout(state, timeout).unwrap_or_else(PoisonError::into_inner).0,
        None => condvar.wait(state).unwrap_or_else(PoisonError::into_inner),
    }
}

/// An address by which a socket bound to `address` can be reached from this machine.
pub(crate) fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}
