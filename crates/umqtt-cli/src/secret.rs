//! What the command must not show.

use std::fmt;

/// A value that may be a secret: it has no `Display`, and its `Debug` tells nothing.
///
/// Whatever the user or the environment gives as a part of a login or of a message is held in one, so that no type of
/// the command can show it by accident.
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
