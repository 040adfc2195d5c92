//! Ctrl-C: the first one is polled, and the second one ends the process at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::exit::{Code, Failure};

/// Whether the user has asked the command to end.
pub(crate) struct Interrupt {
    asked: Arc<AtomicBool>,
    /// A signal ends the process on the spot: before there is a connection, and with the second signal.
    at_once: Arc<AtomicBool>,
}

impl Interrupt {
    pub(crate) fn watch() -> Result<Self, Failure> {
        let interrupt =
            Self { asked: Arc::new(AtomicBool::new(false)), at_once: Arc::new(AtomicBool::new(true)) };
        interrupt
            .register()
            .map_err(|error| Failure::new(Code::Local, format!("cannot watch for signals: {error}")))?;
        Ok(interrupt)
    }

    fn register(&self) -> io::Result<()> {
        for signal in [SIGINT, SIGTERM] {
            let code = Code::Interrupted.number().into();
            flag::register_conditional_shutdown(signal, code, Arc::clone(&self.at_once))?;
            flag::register(signal, Arc::clone(&self.asked))?;
            flag::register(signal, Arc::clone(&self.at_once))?;
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
