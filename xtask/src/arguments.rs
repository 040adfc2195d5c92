//! The few kinds of argument that chores take.

use crate::shell::Result;

/// The words behind the name of a chore; what nobody takes is an error.
pub(crate) struct Arguments(Vec<String>);

impl Arguments {
    pub(crate) const fn new(words: Vec<String>) -> Self {
        Self(words)
    }

    /// The first word that is no option.
    pub(crate) fn subject(&self) -> Option<&str> {
        self.0.iter().map(String::as_str).find(|word| !word.starts_with('-'))
    }

    /// Takes a flag such as `--check`; whether it was there.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|word| word != name);
        self.0.len() < before
    }

    /// Takes an option with its value: `--seconds 20` or `--seconds=20`.
    pub(crate) fn value(&mut self, name: &str) -> Result<Option<String>> {
        let Some(at) = self.0.iter().position(|word| word.split('=').next() == Some(name)) else {
            return Ok(None);
        };
        let word = self.0.remove(at);
        if let Some((_, value)) = word.split_once('=') {
            return Ok(Some(value.to_owned()));
        }
        if at < self.0.len() {
            Ok(Some(self.0.remove(at)))
        } else {
            Err(format!("{name} needs a value").into())
        }
    }

    /// Takes the words that are left; an unknown option among them is an error.
    pub(crate) fn words(self) -> Result<Vec<String>> {
        match self.0.iter().find(|word| word.starts_with('-')) {
            Some(option) => Err(format!("unknown option {option}; see --help").into()),
            None => Ok(self.0),
        }
    }

    /// Takes the words that are left, options among them, to hand them on.
    pub(crate) fn rest(self) -> Vec<String> {
        self.0.into_iter().filter(|word| word != "--").collect()
    }

    /// Says that nothing may be left.
    pub(crate) fn finish(self) -> Result {
        match self.0.first() {
            Some(word) => Err(format!("unknown argument {word}; see --help").into()),
            None => Ok(()),
        }
    }
}
