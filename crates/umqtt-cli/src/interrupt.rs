//! Ctrl-C: the first one is polled, and the second one ends the process at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::low_level::pipe;

use crate::exit::{Code, Failure};
use crate::wake::Wake;

/// Whether the user has asked the command to end.
pub(crate) struct Interrupt {
    asked: Arc<AtomicBool>,
    /// A signal ends the process on the spot: before there is a connection, and with the second signal.
    at_once: Arc<AtomicBool>,
    /// The sleep that a signal ends.
    pub(crate) wake: Wake,
}

impl Interrupt {
    pub(crate) fn watch() -> Result<Self, Failure> {
        let watch = || {
            let (asked, at_once) = (AtomicBool::new(false), AtomicBool::new(true));
            let interrupt = Self { asked: Arc::new(asked), at_once: Arc::new(at_once), wake: Wake::new()? };
            interrupt.register()?;
            Ok(interrupt)
        };
        watch().map_err(|error: io::Error| {
            Failure::new(Code::Local, format!("cannot watch for signals: {error}"))
        })
    }

    fn register(&self) -> io::Result<()> {
        for signal in [SIGINT, SIGTERM] {
            let code = Code::Interrupted.number().into();
            flag::register_conditional_shutdown(signal, code, Arc::clone(&self.at_once))?;
            flag::register(signal, Arc::clone(&self.asked))?;
            flag::register(signal, Arc::clone(&self.at_once))?;
            // Behind the flags, so that the one who is woken sees them.
            pipe::register(signal, self.wake.waker()?.into_stream())?;
        }
        Ok(())
    }

    /// From now on there is a connection to end in good order.
    pub(crate) fn connected(&self) {
        self.at_once.store(false, Ordering::SeqCst);
    }

    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.asked.load(Ordering::SeqCst) { Err(Failure::interrupted()) } else { Ok(()) }
    }
}
