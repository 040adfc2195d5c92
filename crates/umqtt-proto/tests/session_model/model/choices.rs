//! Decisions, made by bytes from outside.

/// Gives one decision after another; zeros when the bytes are used up.
pub(crate) struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    /// Decisions from these bytes.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether all decisions are made.
    pub(crate) fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// Any byte.
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        byte
    }

    /// A number below `limit`, which is not zero.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::from(self.byte()) % limit
    }

    /// Up to `limit` bytes as they are.
    pub(crate) fn bytes(&mut self, limit: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(limit.min(self.0.len()));
        self.0 = rest;
        bytes
    }
}
