//! A script on a TCP port.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant as Moment};

use socket2::SockRef;

use super::parse::Script;
use super::play::{Mismatch, Next, Play, Progress};
use crate::tcp::reachable;

/// How long a `close` lets the client read what came before.
const LINGER: Duration = Duration::from_secs(1);

/// Plays a [`Script`] on a TCP port, for clients that want a real socket.
///
/// ```
/// use std::io::{Read, Write};
/// use std::time::Duration;
/// use umqtt_testkit::script::ScriptedBroker;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let broker = ScriptedBroker::start("expect c0 00\nsend-split d0 00\nexpect close".parse()?)?;
/// let mut socket = std::net::TcpStream::connect(broker.local_addr())?;
/// socket.write_all(b"\xc0\x00")?;
/// let mut answer = [0; 2];
/// socket.read_exact(&mut answer)?;
/// drop(socket);
/// broker.finish(Duration::from_secs(10))?;
/// # Ok(())
/// # }
/// ```
pub struct ScriptedBroker {
    shared: Arc<Shared>,
    local_addr: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    progress: Progress,
    error: Option<io::Error>,
    /// A second handle of the socket in use.
    stream: Option<TcpStream>,
    over: bool,
    stopping: bool,
}

/// Why a script was not played to its end.
#[derive(Debug)]
pub enum ScriptError {
    /// The client did something else than the script expects.
    Mismatch(Mismatch),
    /// The time was over while the script was at the line of this number.
    TimedOut(usize),
    /// The port or the socket failed.
    Io(io::Error),
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatch(mismatch) => mismatch.fmt(f),
            Self::TimedOut(line) => write!(f, "line {line}: time is over"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ScriptError {}

impl ScriptedBroker {
    /// Plays a script once, on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// Those of binding the port and of starting a thread.
    pub fn start(script: Script) -> io::Result<Self> {
        Self::bind((Ipv4Addr::LOCALHOST, 0), script)
    }

    /// Plays a script once, on an address; port 0 takes a free one.
    ///
    /// # Errors
    /// Those of binding the port and of starting a thread.
    pub fn bind(address: impl ToSocketAddrs, script: Script) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let local_addr = listener.local_addr()?;
        let play = Play::new(script);
        let state =
            State { progress: play.progress(), error: None, stream: None, over: false, stopping: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let of_thread = Arc::clone(&shared);
        let builder = thread::Builder::new().name("umqtt-testkit script".to_owned());
        let thread = builder.spawn(move || of_thread.play(play, &listener))?;
        Ok(Self { shared, local_addr, thread: Some(thread) })
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

    /// How far the script has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.shared.lock().progress.clone()
    }

    /// Waits until the script has ended.
    ///
    /// # Errors
    /// [`ScriptError::Mismatch`] as soon as the client does something else, [`ScriptError::TimedOut`] after
    /// `timeout`, [`ScriptError::Io`].
    pub fn finish(self, timeout: Duration) -> Result<(), ScriptError> {
        let deadline = Moment::now() + timeout;
        let mut state = self.shared.lock();
        while !state.over {
            let left = deadline.saturating_duration_since(Moment::now());
            if left.is_zero() {
                break;
            }
            state = wait(&self.shared.changed, state, left);
        }
        if let Some(error) = state.error.take() {
            return Err(ScriptError::Io(error));
        }
        match &state.progress {
            Progress::Done => Ok(()),
            Progress::Line(line) => Err(ScriptError::TimedOut(*line)),
            Progress::Mismatch(mismatch) => Err(ScriptError::Mismatch(mismatch.clone())),
        }
    }
}

impl Drop for ScriptedBroker {
    /// Shuts the sockets and waits for the thread, which has nothing left to wait for then.
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stopping = true;
        if let Some(stream) = &state.stream {
            let _ = stream.shutdown(Shutdown::Both);
        }
        let over = state.over;
        drop(state);
        self.shared.changed.notify_all();
        if !over {
            // A connection to itself ends the blocking accept.
            let _ = TcpStream::connect_timeout(&reachable(self.local_addr), LINGER);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for ScriptedBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let progress = self.progress();
        f.debug_struct("ScriptedBroker")
            .field("local_addr", &self.local_addr)
            .field("progress", &progress)
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn play(&self, mut play: Play, listener: &TcpListener) {
        let result = self.run(&mut play, listener);
        let mut state = self.lock();
        state.error = result.err().filter(|_| !state.stopping);
        state.progress = play.progress();
        state.stream = None;
        state.over = true;
        drop(state);
        self.changed.notify_all();
    }

    fn run(&self, play: &mut Play, listener: &TcpListener) -> io::Result<()> {
        let mut stream: Option<TcpStream> = None;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let next = play.next();
            let mut state = self.lock();
            state.progress = play.progress();
            if state.stopping {
                return Ok(());
            }
            drop(state);
            match (next, &mut stream) {
                (Next::Nothing, _) => return Ok(()),
                (Next::Accept, _) => {
                    let (accepted, _) = listener.accept()?;
                    accepted.set_nodelay(true)?;
                    let mut state = self.lock();
                    if state.stopping {
                        return Ok(());
                    }
                    state.stream = Some(accepted.try_clone()?);
                    drop(state);
                    stream = Some(accepted);
                    play.opened();
                }
                (Next::Receive, Some(stream)) => match stream.read(&mut buffer) {
                    Ok(0) => play.ended(),
                    Ok(count) => play.received(buffer.get(..count).unwrap_or_default()),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    // A client that resets the connection has closed it as well.
                    Err(_) => play.ended(),
                },
                // A client that has gone shows at the next `expect`.
                (Next::Send(bytes), Some(stream)) => drop(stream.write_all(&bytes)),
                (Next::SendSplit(bytes), Some(stream)) => {
                    for byte in bytes {
                        if stream.write_all(&[byte]).is_err() {
                            break;
                        }
                    }
                }
                (Next::Stall(millis), _) => self.stall(Duration::from_millis(millis.into())),
                (Next::Close, _) => self.close(stream.take(), &mut buffer),
                (Next::Reset, _) => {
                    self.lock().stream = None;
                    if let Some(stream) = stream.take() {
                        SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
                    }
                }
                (Next::Receive | Next::Send(_) | Next::SendSplit(_), None) => return Ok(()),
            }
        }
    }

    fn stall(&self, time: Duration) {
        let deadline = Moment::now() + time;
        let mut state = self.lock();
        while !state.stopping {
            let left = deadline.saturating_duration_since(Moment::now());
            if left.is_zero() {
                return;
            }
            state = wait(&self.changed, state, left);
        }
    }

    /// Closes so that the client sees all bytes: one that is closed with unread input would be reset.
    fn close(&self, stream: Option<TcpStream>, buffer: &mut [u8]) {
        let Some(mut stream) = stream else { return };
        let deadline = Moment::now() + LINGER;
        let _ = stream.shutdown(Shutdown::Write);
        loop {
            let left = deadline.saturating_duration_since(Moment::now());
            let timeout = stream.set_read_timeout(Some(left));
            if left.is_zero() || timeout.is_err() || stream.read(buffer).unwrap_or(0) == 0 {
                break;
            }
        }
        self.lock().stream = None;
    }
}

fn wait<'a>(condvar: &Condvar, state: MutexGuard<'a, State>, timeout: Duration) -> MutexGuard<'a, State> {
    condvar.wait_timeout(state, timeout).unwrap_or_else(PoisonError::into_inner).0
}
