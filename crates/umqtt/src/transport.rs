//! What a client needs of a link: bytes both ways, a clock, and a wait that ends.

use umqtt_proto::Instant;

/// What came of an attempt to read or to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Io {
    /// This many bytes, at least 1.
    Done(usize),
    /// Nothing now; [`Transport::wait`] waits until it is possible.
    WouldBlock,
    /// The other side has closed the link.
    Closed,
}

/// What to wait for: either or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Interest {
    /// Bytes to read.
    pub read: bool,
    /// Room to write.
    pub write: bool,
}

/// A reliable stream of bytes with a clock, such as a TCP connection.
///
/// Only [`wait`](Self::wait), [`open`](Self::open) and [`finish`](Self::finish) take time, and their arguments say how
/// much. All times are milliseconds, and [`NEVER`](crate::NEVER) means no limit.
pub trait Transport {
    /// What can go wrong; its [`kind`](embedded_io::Error::kind) decides the code of the client's error.
    type Error: embedded_io::Error;

    /// The time now; only differences have a meaning.
    fn now(&mut self) -> Instant;

    /// Makes sure that the link is open, within `timeout` milliseconds; does nothing if it is.
    ///
    /// A transport without this method must be open when the client gets it, and cannot be opened again.
    ///
    /// # Errors
    /// The link could not be opened.
    fn open(&mut self, timeout: u32) -> Result<(), Self::Error> {
        let _ = timeout;
        Ok(())
    }

    /// Reads what is there, as much as `buffer` holds; never waits. `buffer` is not empty.
    ///
    /// # Errors
    /// The link failed; the client closes it.
    fn read(&mut self, buffer: &mut [u8]) -> Result<Io, Self::Error>;

    /// Writes as many of `bytes` as the link takes now; never waits. `bytes` is not empty.
    ///
    /// Bytes must not be held back for a later flush.
    ///
    /// # Errors
    /// The link failed; the client closes it.
    fn write(&mut self, bytes: &[u8]) -> Result<Io, Self::Error>;

    /// Waits until the link is ready for what `interest` asks, or `timeout` milliseconds have passed.
    ///
    /// It may return early; the client then tries again, and waits again if needed.
    ///
    /// # Errors
    /// The link failed; the client closes it.
    fn wait(&mut self, interest: Interest, timeout: u32) -> Result<(), Self::Error>;

    /// Whether [`read`](Self::read) would give bytes now, or fail; never waits.
    ///
    /// It is asked for when the receive buffer is full and the broker's answer to PINGREQ is late. Without this
    /// method a dead link is noticed only when there is room again.
    ///
    /// # Errors
    /// The link failed; the client closes it.
    fn is_readable(&mut self) -> Result<bool, Self::Error> {
        Ok(true)
    }

    /// Closes the link at once; does nothing if it is closed.
    fn close(&mut self);

    /// Closes the link after the last packet, so that what was written arrives; may take `timeout` milliseconds.
    fn finish(&mut self, timeout: u32) {
        let _ = timeout;
        self.close();
    }
}

impl<T: Transport> Transport for &mut T {
    type Error = T::Error;

    fn now(&mut self) -> Instant {
        T::now(self)
    }

    fn open(&mut self, timeout: u32) -> Result<(), Self::Error> {
        T::open(self, timeout)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<Io, Self::Error> {
        T::read(self, buffer)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<Io, Self::Error> {
        T::write(self, bytes)
    }

    fn wait(&mut self, interest: Interest, timeout: u32) -> Result<(), Self::Error> {
        T::wait(self, interest, timeout)
    }

    fn is_readable(&mut self) -> Result<bool, Self::Error> {
        T::is_readable(self)
    }

    fn close(&mut self) {
        T::close(self);
    }

    fn finish(&mut self, timeout: u32) {
        T::finish(self, timeout);
    }
}
