//! What happened in a step, in words; written only when a trace is replayed.

/// The lines of a step, if anybody wants them.
pub struct Log(Option<Vec<String>>);

impl Log {
    /// Nobody reads it.
    pub const fn off() -> Self {
        Self(None)
    }

    pub const fn on() -> Self {
        Self(Some(Vec::new()))
    }

    pub fn say(&mut self, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.0 {
            lines.push(line());
        }
    }

    pub fn into_lines(self) -> Vec<String> {
        self.0.unwrap_or_default()
    }
}
