//! What a client did that it must not do.

use std::borrow::Cow;
use std::fmt;

/// A rule that a client broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The statement of the standard, such as `MQTT-3.1.0-1`, or the section that says it.
    pub rule: &'static str,
    /// What the client did.
    pub what: Cow<'static, str>,
}

impl Complaint {
    /// A complaint about a broken rule.
    #[must_use]
    pub fn new(rule: &'static str, what: impl Into<Cow<'static, str>>) -> Self {
        Self { rule, what: what.into() }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.what, self.rule)
    }
}

impl std::error::Error for Complaint {}
