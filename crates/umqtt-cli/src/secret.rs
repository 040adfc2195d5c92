//! What the command must not show.

use std::fmt;

/// A value that may be a secret: it has no `Display`, and its `Debug` does not show it.
///
/// It holds every part of a login or a message that comes from the user or the environment, so that no type of the
/// command can show one by accident.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret<T>(T);

impl<T> Secret<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, to send it.
    pub(crate) const fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}
