//! The client's transport: the model of the world.

use std::cell::RefCell;
use std::rc::Rc;

use umqtt::{Instant, Interest, Io, NEVER, Transport};
use umqtt_testkit::model::{self, Moved, World};

pub type Shared = Rc<RefCell<World>>;

/// The link has failed, or there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

impl embedded_io::Error for Broken {
    fn kind(&self) -> embedded_io::ErrorKind {
        embedded_io::ErrorKind::ConnectionReset
    }
}

impl core::fmt::Display for Broken {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the link has failed")
    }
}

impl core::error::Error for Broken {}

impl From<model::Broken> for Broken {
    fn from(_: model::Broken) -> Self {
        Self
    }
}

pub struct Wire(pub Shared);

impl Transport for Wire {
    type Error = Broken;

    fn now(&mut self) -> Instant {
        Instant::from_millis(self.0.borrow().millis())
    }

    fn open(&mut self, timeout: u32) -> Result<(), Broken> {
        Ok(self.0.borrow_mut().open(timeout)?)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<Io, Broken> {
        assert!(!buffer.is_empty(), "read into nothing");
        Ok(io(self.0.borrow_mut().read(buffer)?))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<Io, Broken> {
        assert!(!bytes.is_empty(), "write of nothing");
        Ok(io(self.0.borrow_mut().write(bytes)?))
    }

    fn wait(&mut self, interest: Interest, timeout: u32) -> Result<(), Broken> {
        let timeout = (timeout != NEVER).then_some(timeout);
        Ok(self.0.borrow_mut().wait(interest.read, interest.write, timeout)?)
    }

    fn close(&mut self) {
        self.0.borrow_mut().close();
    }

    fn finish(&mut self, timeout: u32) {
        self.0.borrow_mut().finish(timeout);
    }
}

const fn io(moved: Moved) -> Io {
    match moved {
        Moved::Done(count) => Io::Done(count),
        Moved::Nothing => Io::WouldBlock,
        Moved::Closed => Io::Closed,
    }
}
