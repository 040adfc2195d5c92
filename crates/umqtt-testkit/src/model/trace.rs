//! A run told in words, for the eyes of a person.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

/// Prints what happens, with the virtual time and the name of the one that does it; silent unless it is turned on.
///
/// Its clones print together.
#[derive(Clone, Default)]
pub struct Trace(Rc<State>);

#[derive(Default)]
struct State {
    on: Cell<bool>,
    now: Cell<u64>,
}

impl Trace {
    /// A trace that prints if `on`.
    #[must_use]
    pub fn new(on: bool) -> Self {
        let trace = Self::default();
        trace.0.on.set(on);
        trace
    }

    /// Prints one line; `words` is called only if something is printed.
    #[inline]
    pub fn say(&self, who: &str, words: impl FnOnce() -> String) {
        if self.0.on.get() {
            println!("{:>8} ms  {who:<8}  {}", self.0.now.get(), words());
        }
    }

    /// The time of the lines that follow, in milliseconds since the run began.
    pub(super) fn set_now(&self, now: u64) {
        self.0.now.set(now);
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("on", &self.0.on.get()).finish_non_exhaustive()
    }
}
