//! What the demo shows: who does what, when, by which call.

use std::env;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::Instant;

use crate::exit::{self, Failure};

/// Who does something.
#[derive(Clone, Copy)]
pub(super) enum Who {
    Broker,
    Sensor,
    Watcher,
}

impl Who {
    const fn name(self) -> &'static str {
        match self {
            Self::Broker => "broker",
            Self::Sensor => "sensor",
            Self::Watcher => "watcher",
        }
    }

    const fn colour(self) -> &'static str {
        match self {
            Self::Broker => "\x1b[35m",
            Self::Sensor => "\x1b[33m",
            Self::Watcher => "\x1b[36m",
        }
    }
}

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const GREEN: &str = "\x1b[32m";

pub(super) struct Screen {
    pub(super) started: Instant,
    colour: bool,
}

impl Screen {
    /// Colour only where a person looks, and wants it.
    pub(super) fn new() -> Self {
        let wanted = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && env::var_os("TERM").is_none_or(|terminal| terminal != "dumb");
        Self { started: Instant::now(), colour: wanted && io::stdout().is_terminal() }
    }

    pub(super) fn title(&self, title: &str) -> Result<(), Failure> {
        print(format_args!(
            "{}\n\n{}\n",
            self.paint(BOLD, title),
            self.paint(DIM, &format!("{:>6}   {:<8} {:<56} {}", "time", "who", "what", "umqtt call"))
        ))
    }

    pub(super) fn chapter(&self, title: &str) -> Result<(), Failure> {
        print(format_args!("\n{}\n", self.paint(BOLD, title)))
    }

    pub(super) fn line(&self, who: Who, what: impl fmt::Display, call: &str) -> Result<(), Failure> {
        let time = self.started.elapsed().as_secs_f32();
        let who = self.paint(who.colour(), &format!("{:<8}", who.name()));
        if call.is_empty() {
            return print(format_args!("{time:>5.2} s  {who} {what}\n"));
        }
        let (what, call) = (what.to_string(), self.paint(DIM, call));
        print(format_args!("{time:>5.2} s  {who} {what:<56} {call}\n"))
    }

    pub(super) fn summary(&self, good: &str, next: &str) -> Result<(), Failure> {
        print(format_args!("\n{}\n{next}\n", self.paint(GREEN, good)))
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colour { format!("{colour}{text}\x1b[0m") } else { text.to_owned() }
    }
}

fn print(what: fmt::Arguments<'_>) -> Result<(), Failure> {
    exit::output(io::stdout().lock().write_fmt(what))
}
