//! What the programs of the bench tell, by name.

use std::collections::BTreeMap;

use crate::shell::Result;

/// What a client goes through, as the programs call it and as people do.
pub(super) const EVENTS: [(&str, &str); 6] = [
    ("publish-0", "publish QoS 0"),
    ("publish-1", "publish QoS 1"),
    ("puback", "its PUBACK, by `check_msg`"),
    ("receive-0", "receive QoS 0"),
    ("receive-1", "receive QoS 1 and send its PUBACK"),
    ("idle", "`check_msg`, and nothing there"),
];

/// Those whose messages go one way or the other, so that they leave garbage or are written.
pub(super) fn busy_events() -> impl Iterator<Item = (&'static str, &'static str)> {
    EVENTS.into_iter().filter(|(event, _)| *event != "idle")
}

/// Packets without a message, by the calls that send them: CONNECT with a will, a user and a password.
pub(super) const OTHERS: [&str; 4] = ["connect", "subscribe", "ping", "disconnect"];

/// Values by two words, such as `publish-0 net`.
#[derive(Debug, Default)]
pub(super) struct Figures(BTreeMap<String, String>);

impl Figures {
    /// Takes the lines of three words, two of which are the name of the third.
    pub(super) fn take(&mut self, output: &str) {
        for line in output.lines() {
            if let [what, part, value] = line.split_whitespace().collect::<Vec<_>>()[..] {
                self.set(what, part, value.to_owned());
            }
        }
    }

    pub(super) fn set(&mut self, what: &str, part: &str, value: String) {
        self.0.insert(format!("{what} {part}"), value);
    }

    pub(super) fn word(&self, what: &str, part: &str) -> Result<&str> {
        let value = self.0.get(&format!("{what} {part}"));
        Ok(value.ok_or_else(|| format!("the programs of the bench told nothing of `{what} {part}`"))?)
    }

    pub(super) fn number(&self, what: &str, part: &str) -> Result<i64> {
        let word = self.word(what, part)?;
        Ok(word.parse().map_err(|error| format!("`{what} {part}` is {word}: {error}"))?)
    }
}
