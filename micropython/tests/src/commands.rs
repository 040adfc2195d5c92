//! What a program can tell its peer: one line each, answered by one line.

/// A line that the program wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Sends these bytes as soon as the next connection, or this one, has sent something.
    Answer(Vec<u8>),
    /// Closes the next connection as soon as it has sent something.
    AnswerClose,
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends a byte this many times.
    Fill(u8, usize),
    /// Sends these bytes one at a time, a millisecond apart.
    Trickle(Vec<u8>),
    /// Closes when all is sent.
    Close,
    /// Closes so that the client gets "connection reset".
    Reset,
    /// Reads nothing more from the connection until the client has filled it, or without a limit.
    Hold { until_full: bool },
    /// Returns what came since the last such command, once there are this many bytes or the client has closed.
    Wire(usize),
    /// Returns "open", "closed" or "none", and forgets nothing.
    State,
    /// Forgets what came in this connection: the test does not see it.
    Forget,
    /// Returns how many connections there were.
    Connections,
    /// Refuses connections from now on.
    Refuse,
}

impl Command {
    pub(crate) fn parse(line: &str) -> Result<Self, String> {
        let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
        Ok(match (verb, argument) {
            ("answer", bytes) => Self::Answer(unhex(bytes)?),
            ("answer-close", "") => Self::AnswerClose,
            ("send", bytes) => Self::Send(unhex(bytes)?),
            ("fill", argument) => {
                let (byte, count) = argument.split_once(' ').ok_or("`fill` what?")?;
                match (unhex(byte)?.first(), count.parse()) {
                    (Some(byte), Ok(count)) => Self::Fill(*byte, count),
                    _ => return Err(format!("`{argument}` is no byte and a number")),
                }
            }
            ("trickle", bytes) => Self::Trickle(unhex(bytes)?),
            ("close", "") => Self::Close,
            ("reset", "") => Self::Reset,
            ("hold", "") => Self::Hold { until_full: false },
            ("hold", "until-full") => Self::Hold { until_full: true },
            ("wire", count) => Self::Wire(count.parse().map_err(|_| format!("`{count}` is no number"))?),
            ("state", "") => Self::State,
            ("forget", "") => Self::Forget,
            ("connections", "") => Self::Connections,
            ("refuse", "") => Self::Refuse,
            _ => return Err(format!("`{line}` is no command")),
        })
    }
}

/// Bytes as hex digits without spaces.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of hex digits without spaces.
fn unhex(text: &str) -> Result<Vec<u8>, String> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
    bytes.ok_or_else(|| "not hex".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Command, hex, unhex};

    #[test]
    fn commands_are_read() {
        assert_eq!(Command::parse("send 20020000"), Ok(Command::Send(vec![0x20, 2, 0, 0])));
        assert_eq!(Command::parse("hold until-full"), Ok(Command::Hold { until_full: true }));
        assert_eq!(Command::parse("wire 3"), Ok(Command::Wire(3)));
        for line in ["", "send 2", "send +1", "wire x", "close now"] {
            assert!(Command::parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn hex_goes_both_ways() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(unhex(&hex(&all)), Ok(all));
    }
}
