//! A transport over `embedded-io`, which has neither deadlines nor a clock.

use core::fmt;

use embedded_io::{Read, ReadReady, Write, WriteReady};
use umqtt_proto::{Instant, NEVER};

use crate::transport::{Interest, Io, Transport};

/// A clock, and what the client does while it waits.
pub trait Clock {
    /// The time now; only differences have a meaning.
    fn now(&mut self) -> Instant;

    /// Called again and again while the client waits; it may sleep for a moment, for example until an interrupt.
    ///
    /// [`Client::check_msg`](crate::Client::check_msg) may wait longer than asked, by the duration of one such call.
    fn idle(&mut self) {
        core::hint::spin_loop();
    }
}

/// A [`Transport`] made of a clock and a link that implements the `embedded-io` traits and reports when it is ready.
///
/// The caller opens the link. `close` leaves it as it is, since `embedded-io` cannot close: after an error of the
/// connection, replace the link through [`inner_mut`](Self::inner_mut). `flush` is not called, since it may wait for
/// ever: the link must send by itself what it has taken.
pub struct EmbeddedIo<T, C> {
    inner: T,
    clock: C,
}

impl<T, C> EmbeddedIo<T, C>
where
    T: Read + Write + ReadReady + WriteReady,
    C: Clock,
{
    /// A transport of an open link and a clock.
    pub const fn new(inner: T, clock: C) -> Self {
        Self { inner, clock }
    }

    /// The link.
    pub const fn inner(&self) -> &T {
        &self.inner
    }

    /// The link, for example to replace it.
    pub const fn inner_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

// A link may hold secret bytes.
impl<T, C> fmt::Debug for EmbeddedIo<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedIo").finish_non_exhaustive()
    }
}

impl<T, C> Transport for EmbeddedIo<T, C>
where
    T: Read + Write + ReadReady + WriteReady,
    C: Clock,
{
    type Error = T::Error;

    fn now(&mut self) -> Instant {
        self.clock.now()
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<Io, Self::Error> {
        Ok(if self.inner.read_ready()? { done(self.inner.read(buffer)?) } else { Io::WouldBlock })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<Io, Self::Error> {
        Ok(if self.inner.write_ready()? { done(self.inner.write(bytes)?) } else { Io::WouldBlock })
    }

    fn wait(&mut self, interest: Interest, timeout: u32) -> Result<(), Self::Error> {
        let start = self.clock.now();
        loop {
            let ready =
                interest.read && self.inner.read_ready()? || interest.write && self.inner.write_ready()?;
            if ready || timeout != NEVER && self.clock.now().since(start) >= timeout {
                return Ok(());
            }
            self.clock.idle();
        }
    }

    fn is_readable(&mut self) -> Result<bool, Self::Error> {
        self.inner.read_ready()
    }

    fn close(&mut self) {}
}

/// With `embedded-io`, a read of no bytes means that there will be none.
const fn done(count: usize) -> Io {
    if count == 0 { Io::Closed } else { Io::Done(count) }
}
