//! What a caller asks of an engine, and what the engine asks of its driver.

use crate::session::Notice;

/// What a call of a client is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Goal {
    /// Wait this many milliseconds for something to tell; 0 looks at the link once, [`NEVER`](crate::NEVER) waits for
    /// ever.
    Event(u32),
    /// Write everything that waits.
    Flush,
    /// Write everything that waits, and then DISCONNECT.
    Close,
}

/// What the driver of an [`Engine`](crate::Engine) is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Something happened: [`Receiver::lend`](crate::Receiver::lend) makes an event of it. The call ends here.
    Tell(Notice),
    /// Read into [`Inbox::unfilled`](crate::Inbox::unfilled), and say what came of it by
    /// [`Engine::did_read`](crate::Engine::did_read).
    Read,
    /// Write [`Session::pending`](crate::Session::pending), and say what came of it by
    /// [`Engine::did_write`](crate::Engine::did_write).
    Write,
    /// Wait for the link or for the time, whichever comes first.
    Wait(Wait),
    /// The goal is reached or its time is over. The call ends here.
    Done,
    /// The link takes nothing, or next to nothing, and the time for that is over; what is left goes on with the
    /// next call. The call ends here.
    Stalled,
}

/// What to wait for; it may end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wait {
    /// Until there are bytes to read.
    pub read: bool,
    /// Until there is room to write.
    pub write: bool,
    /// For this many milliseconds at most, and at least 1; [`NEVER`](crate::NEVER) for ever.
    pub millis: u32,
}
