//! A TCP connection that never waits longer than it is told.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant as Moment};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use umqtt_proto::{Instant, NEVER, Wait};

use super::address::Host;
use super::coalescing::{Gathering, gather};
use super::resolve::resolve;
use super::{Coalescing, TcpError};
use crate::transport::{Interest, Io, Transport};

/// A day; some systems refuse to wait for weeks.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

/// How many bytes the system accepts that it cannot send yet.
///
/// By default it accepts megabytes. On a slow link, a PINGREQ behind them reaches the broker too late: with 50 kB/s
/// after a minute.
#[cfg(any(target_os = "linux", target_os = "android"))]
const MAX_UNSENT: u32 = 16 * 1024;

/// The longest wait for room to write.
///
/// With few bytes unsent, the system says that there is room when half of them are gone, and takes bytes before. So the
/// client tries again, or it would take those at the end of its time-out for a link that goes on, and wait once more.
const WRITE_AGAIN: Duration = Duration::from_millis(250);

/// A TCP connection to a host, which can be opened again and again.
///
/// Nagle's delay is off (`TCP_NODELAY`), since the client hands over whole packets. On Linux and Android the system
/// holds few unsent bytes (`TCP_NOTSENT_LOWAT`), so that a PINGREQ does not wait behind megabytes.
#[derive(Debug)]
pub struct TcpTransport {
    host: Host,
    port: u16,
    link: Option<Link>,
    started: Moment,
    coalescing: Option<Coalescing>,
    /// How long it took to gather bytes the last time.
    gathered: Duration,
}

#[derive(Debug)]
struct Link {
    stream: TcpStream,
    address: SocketAddr,
}

impl TcpTransport {
    /// A transport that is not open; [`Client::connect`](crate::Client::connect) opens it.
    #[must_use]
    pub fn new(host: &str, port: u16) -> Self {
        Self {
            host: Host::new(host),
            port,
            link: None,
            started: Moment::now(),
            coalescing: None,
            gathered: Duration::ZERO,
        }
    }

    /// Opens a transport: resolves the name and tries its addresses one after the other, all within `timeout`.
    ///
    /// # Errors
    /// [`TcpError::UnknownHost`], [`TcpError::ResolveTimedOut`], [`TcpError::Connect`].
    pub fn connect(host: &str, port: u16, timeout: Duration) -> Result<Self, TcpError> {
        let mut transport = Self::new(host, port);
        transport.link = Some(open(&transport.host, port, Some(timeout))?);
        Ok(transport)
    }

    /// The address of the broker, if the transport is open.
    #[must_use]
    pub fn peer_address(&self) -> Option<SocketAddr> {
        self.link.as_ref().map(|link| link.address)
    }

    /// The socket, if the transport is open: use its descriptor (`AsFd` on Unix, `AsSocket` on Windows) in your own
    /// event loop.
    ///
    /// While the client waits for room to write, your event loop should try again after a quarter of a second at most:
    /// when few bytes are unsent, the system takes some before it reports that there is room.
    ///
    /// It is non-blocking, and must stay so. Do not read from it or write to it, since that corrupts the client's
    /// stream. Each [`Client::connect`](crate::Client::connect) that opens the transport makes a new socket.
    #[must_use]
    pub fn socket(&self) -> Option<&TcpStream> {
        self.link.as_ref().map(|link| &link.stream)
    }

    /// Makes a wait that is only for bytes go on until there are enough of them; `None`, the default, turns this off.
    ///
    /// The wait ends at once when the link ends, and never lasts longer than its caller has asked for.
    pub const fn set_coalescing(&mut self, coalescing: Option<Coalescing>) {
        self.coalescing = coalescing;
    }

    /// Waits as the client does, and no longer than until `other` can be read: a pipe by which a signal or another
    /// thread wakes a program that sleeps.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let broker = umqtt_testkit::TcpBroker::start()?;
    /// # let address = broker.local_addr().to_string();
    /// use std::io::Write;
    /// use std::os::fd::AsFd;
    /// use umqtt::ConnectOptions;
    /// let mut client = umqtt::std::connect(&address, &ConnectOptions::new("shed")?)?;
    /// let (woken, mut waker) = std::io::pipe()?;
    /// std::thread::spawn(move || waker.write_all(b"."));
    /// while client.check_msg(0)?.is_some() {}
    /// let wait = client.next_wait();
    /// client.transport_mut().wait_with(wait, woken.as_fd())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Transport::wait`].
    #[cfg(unix)]
    pub fn wait_with(&mut self, wait: Wait, other: BorrowedFd<'_>) -> Result<(), TcpError> {
        let Wait { read, write, millis } = wait;
        self.wait_for(Interest { read, write }, millis, Some(other))
    }

    fn wait_for(
        &mut self,
        interest: Interest,
        timeout: u32,
        other: Option<BorrowedFd<'_>>,
    ) -> Result<(), TcpError> {
        let coalescing = self.coalescing.filter(|_| interest == Interest { read: true, write: false });
        let last = self.gathered;
        let link = self.link()?;
        let mut timeout = (timeout != NEVER).then(|| Duration::from_millis(timeout.into()));
        if interest.write {
            timeout = Some(timeout.unwrap_or(WRITE_AGAIN).min(WRITE_AGAIN));
        }
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, interest.read);
        flags.set(PollFlags::OUT, interest.write);
        let Some(coalescing) = coalescing else {
            return poll_sockets(&link.stream, flags, other, timeout)
                .map(drop)
                .or_else(|error| link.fail(error));
        };
        let start = Moment::now();
        match poll_sockets(&link.stream, flags | Gathering::END, other, timeout) {
            Ok(PollFlags::IN) => {
                let limit = start.elapsed().saturating_add(coalescing.time);
                let limit = timeout.map_or(limit, |timeout| timeout.min(limit));
                let mut socket = Gathering { stream: &link.stream, start, limit };
                self.gathered = gather(&mut socket, coalescing.at_least, last);
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(error) => link.fail(error),
        }
    }

    fn link(&mut self) -> Result<&mut Link, TcpError> {
        self.link.as_mut().ok_or(TcpError::NotOpen)
    }
}

impl Transport for TcpTransport {
    type Error = TcpError;

    fn now(&mut self) -> Instant {
        // The count wraps, as the core expects.
        #[allow(clippy::cast_possible_truncation)]
        Instant::from_millis(self.started.elapsed().as_millis() as u32)
    }

    fn open(&mut self, timeout: u32) -> Result<(), TcpError> {
        if self.link.is_none() {
            let timeout = (timeout != NEVER).then(|| Duration::from_millis(timeout.into()));
            self.link = Some(open(&self.host, self.port, timeout)?);
        }
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<Io, TcpError> {
        let link = self.link()?;
        attempt(link.address, || link.stream.read(buffer))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<Io, TcpError> {
        let link = self.link()?;
        attempt(link.address, || link.stream.write(bytes))
    }

    fn wait(&mut self, interest: Interest, timeout: u32) -> Result<(), TcpError> {
        self.wait_for(interest, timeout, None)
    }

    fn is_readable(&mut self) -> Result<bool, TcpError> {
        let link = self.link()?;
        match poll_socket(&link.stream, PollFlags::IN, Some(Duration::ZERO)) {
            Ok(flags) => Ok(!flags.is_empty()),
            // It is asked again in a moment.
            Err(error) => link.fail(error).map(|()| true),
        }
    }

    fn close(&mut self) {
        self.link = None;
    }

    fn finish(&mut self, timeout: u32) {
        let Some(link) = &self.link else { return };
        let start = self.started.elapsed();
        let limit = Duration::from_millis(timeout.into());
        let mut open = link.stream.shutdown(Shutdown::Write).is_ok();
        // Closing while bytes come resets the connection, and the bytes sent last might be lost.
        let mut rest = [0; 4096];
        while open {
            let left = limit.saturating_sub(self.started.elapsed().saturating_sub(start));
            open = !left.is_zero()
                && match self.read(&mut rest) {
                    Ok(Io::Done(_)) => true,
                    Ok(Io::WouldBlock) => {
                        let left = u32::try_from(left.as_millis()).unwrap_or(timeout).max(1);
                        self.wait(Interest { read: true, write: false }, left).is_ok()
                    }
                    Ok(Io::Closed) | Err(_) => false,
                };
        }
        self.close();
    }
}

impl Link {
    /// The result of a wait that failed: after a signal the client looks at its clock and waits again.
    fn fail(&self, error: Errno) -> Result<(), TcpError> {
        match error {
            Errno::INTR => Ok(()),
            error => Err(TcpError::Link { address: self.address, error: error.into() }),
        }
    }
}

/// What a socket is ready for, of `flags`, waited for until then; nothing when the time is over.
pub(super) fn poll_socket(
    stream: &TcpStream,
    flags: PollFlags,
    timeout: Option<Duration>,
) -> Result<PollFlags, Errno> {
    poll_sockets(stream, flags, None, timeout)
}

/// The same, or nothing when `other` can be read before.
fn poll_sockets(
    stream: &TcpStream,
    flags: PollFlags,
    other: Option<BorrowedFd<'_>>,
    timeout: Option<Duration>,
) -> Result<PollFlags, Errno> {
    let timeout = timeout.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
    let timeout = Timespec::try_from(timeout).ok();
    let socket = PollFd::new(stream, flags);
    let Some(other) = other else {
        let mut sockets = [socket];
        poll(&mut sockets, timeout.as_ref())?;
        let [socket] = sockets;
        return Ok(socket.revents());
    };
    let mut sockets = [socket, PollFd::from_borrowed_fd(other, PollFlags::IN)];
    poll(&mut sockets, timeout.as_ref())?;
    let [socket, other] = sockets;
    Ok(if other.revents().is_empty() { socket.revents() } else { PollFlags::empty() })
}

/// One call of the operating system, made again when a signal came.
fn attempt(address: SocketAddr, mut call: impl FnMut() -> io::Result<usize>) -> Result<Io, TcpError> {
    loop {
        return match call() {
            Ok(0) => Ok(Io::Closed),
            Ok(count) => Ok(Io::Done(count)),
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted => continue,
                io::ErrorKind::WouldBlock => Ok(Io::WouldBlock),
                _ => Err(TcpError::Link { address, error }),
            },
        };
    }
}

/// The first address of the host that takes a connection; each gets its share of the time that is left.
fn open(host: &Host, port: u16, timeout: Option<Duration>) -> Result<Link, TcpError> {
    let start = Moment::now();
    // Without a limit, that of the operating system applies, some minutes.
    let left =
        || timeout.map_or(Duration::from_secs(3600), |timeout| timeout.saturating_sub(start.elapsed()));
    let addresses = resolve(host, port, left())?;
    let mut failure = TcpError::UnknownHost { host: host.to_string(), error: io::ErrorKind::NotFound.into() };
    let mut to_try = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    for address in addresses {
        let share = left() / to_try.max(1);
        to_try = to_try.saturating_sub(1);
        let stream = if share.is_zero() {
            Err(io::ErrorKind::TimedOut.into())
        } else {
            TcpStream::connect_timeout(&address, share)
        };
        let ready = stream.and_then(|stream| {
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            // A system without it works as well as it can.
            #[cfg(any(target_os = "linux", target_os = "android"))]
            let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(MAX_UNSENT);
            Ok(stream)
        });
        match ready {
            Ok(stream) => return Ok(Link { stream, address }),
            Err(error) => failure = TcpError::Connect { address, error },
        }
    }
    Err(failure)
}
