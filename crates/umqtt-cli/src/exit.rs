//! How the command ends: one sentence and one number.

use std::fmt;
use std::io;
use std::process::ExitCode;

use umqtt::std::TcpError;
use umqtt::{ConnectReturnCode, ConnectionError, Error, Fault, RequestError, SessionError};

/// The exit codes, as `--help` and the README show them.
pub(crate) const TABLE: &str = "\
Exit codes:
    0  done; also when the reader of the output has closed the pipe
    1  a file, standard input or standard output failed; `demo`: an expected step did not happen
    2  refused before anything was sent: a flag, a topic, a message that MQTT cannot carry
    3  no connection: unknown host, refused, reset, closed by the broker
    4  the name server or the broker did not answer or stalled for longer than --timeout
    5  messages were sent and not acknowledged
    6  the broker refused a subscription
    7  the broker sent something that is not valid MQTT 3.1.1
    8  something is too large for the buffers of this program
   10  the broker refused the connection with a code that MQTT 3.1.1 does not define
   11  the broker does not speak MQTT 3.1.1
   12  the broker does not allow the client id
   13  the broker is unavailable now
   14  wrong user name or password
   15  the broker does not let this client connect
   27  the time given by -W is over
  130  ended by Ctrl-C (SIGINT, SIGTERM), after DISCONNECT";

/// The number that the command ends with; [`TABLE`] says what each means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Local,
    Usage,
    Link,
    Silence,
    Unacknowledged,
    SubscriptionRefused,
    Protocol,
    Room,
    Refused(ConnectReturnCode),
    TimeOver,
    Interrupted,
}

impl Code {
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Local => 1,
            Self::Usage => 2,
            Self::Link => 3,
            Self::Silence => 4,
            Self::Unacknowledged => 5,
            Self::SubscriptionRefused => 6,
            Self::Protocol => 7,
            Self::Room => 8,
            Self::Refused(code) if code.code() <= 5 => 10 + code.code(),
            Self::Refused(_) => 10,
            Self::TimeOver => 27,
            Self::Interrupted => 130,
        }
    }
}

/// Why the command ends early.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    /// Empty when there is nothing to say.
    sentence: String,
}

impl Failure {
    pub(crate) fn new(code: Code, sentence: impl Into<String>) -> Self {
        Self { code, sentence: sentence.into() }
    }

    pub(crate) fn usage(reason: impl fmt::Display) -> Self {
        Self::new(Code::Usage, reason.to_string())
    }

    fn stalled() -> Self {
        Self::new(Code::Silence, "the broker takes no more bytes")
    }

    /// Ctrl-C, which needs no explanation.
    pub(crate) const fn interrupted() -> Self {
        Self { code: Code::Interrupted, sentence: String::new() }
    }

    /// The same, with more to say.
    pub(crate) fn and(mut self, more: impl fmt::Display) -> Self {
        self.sentence = match (self.sentence.is_empty(), self.code) {
            (true, Code::Interrupted) => format!("interrupted; {more}"),
            (true, _) => more.to_string(),
            (false, _) => format!("{}; {more}", self.sentence),
        };
        self
    }

    /// Says the sentence, unless there is none or `quiet`.
    pub(crate) fn end(self, quiet: bool) -> ExitCode {
        if !quiet && !self.sentence.is_empty() {
            say(&self.sentence);
        }
        ExitCode::from(self.code.number())
    }
}

/// One line on standard error, whatever `sentence` holds.
pub(crate) fn say(sentence: impl fmt::Display) {
    use io::Write;
    let line: String =
        sentence.to_string().chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    // When standard error is closed, the failure cannot be reported.
    let _ = writeln!(io::stderr(), "umqtt: {line}");
}

/// What came of writing to standard output: a pipe whose reader has gone is no failure.
pub(crate) fn output(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Code::Local, format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

impl From<Error<TcpError>> for Failure {
    fn from(error: Error<TcpError>) -> Self {
        match &error {
            // Whether the message was taken is reported elsewhere.
            Error::Connection(error) | Error::Taken { cause: error, .. } => Self::from(error),
            Error::Request(RequestError::NotConnected) => Self::new(Code::Link, error.to_string()),
            // The client has waited for room.
            Error::Request(RequestError::TransmitFull) => Self::stalled(),
            _ => Self::new(Code::from(error.fault()), error.to_string()),
        }
    }
}

impl From<&ConnectionError<TcpError>> for Failure {
    fn from(error: &ConnectionError<TcpError>) -> Self {
        let code =
            match error {
                ConnectionError::Transport(TcpError::ResolveTimedOut { .. }) => Code::Silence,
                ConnectionError::Transport(
                    TcpError::Connect { error, .. } | TcpError::Link { error, .. },
                ) if error.kind() == io::ErrorKind::TimedOut => Code::Silence,
                ConnectionError::Session(SessionError::Refused(code)) => Code::Refused(*code),
                ConnectionError::Session(SessionError::ConnectTimeout | SessionError::PingTimeout) => {
                    Code::Silence
                }
                ConnectionError::WriteTimedOut | ConnectionError::CutShort => {
                    return Self::stalled();
                }
                other => Code::from(other.fault()),
            };
        Self::new(code, error.to_string())
    }
}

impl From<Fault> for Code {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Caller => Self::Usage,
            Fault::Peer => Self::Protocol,
            Fault::Resource => Self::Room,
            Fault::Transport => Self::Link,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_in_the_table() {
        let refusals = (0..=6).map(|code| Code::Refused(ConnectReturnCode::from_code(code)));
        let codes = [
            Code::Local,
            Code::Usage,
            Code::Link,
            Code::Silence,
            Code::Unacknowledged,
            Code::SubscriptionRefused,
            Code::Protocol,
            Code::Room,
            Code::TimeOver,
            Code::Interrupted,
        ];
        for code in codes.into_iter().chain(refusals) {
            let row = format!("{:5}  ", code.number());
            assert!(TABLE.lines().any(|line| line.starts_with(&row)), "{code:?}");
        }
    }

    #[test]
    fn the_readme_has_the_table() {
        let readme = include_str!("../README.md");
        for line in TABLE.lines().skip(1) {
            let (number, meaning) = line.trim_start().split_once("  ").unwrap();
            let row = format!(
                "| {number} | {} |",
                meaning.replace("-W", "`-W`").replace("--timeout", "`--timeout`")
            );
            assert!(readme.contains(&row), "the README lacks: {row}");
        }
    }
}
