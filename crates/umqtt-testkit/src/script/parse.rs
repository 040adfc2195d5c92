//! The text of a script, line by line.

use std::fmt;
use std::str::FromStr;

use umqtt_proto::wire::PacketType;

/// What a scripted broker does, step by step; see the [module](crate::script) for the format.
///
/// ```
/// use umqtt_testkit::script::Script;
/// let script: Script = "expect connect\nsend 20 02 00 00\nstall 500\nclose".parse().unwrap();
/// assert_eq!(script.len(), 5, "a script begins with `accept`, written or not");
/// assert!("expect conect".parse::<Script>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    pub(super) steps: Vec<Step>,
}

/// One line of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Its number, from 1.
    pub(super) line: usize,
    pub(super) text: String,
    pub(super) action: Action,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Accept,
    /// A packet of this type; `None` for any.
    ExpectPacket(Option<PacketType>),
    /// These bytes, and if `rest` is set, what is left of the last packet that they begin.
    ExpectBytes {
        pattern: Vec<Element>,
        rest: bool,
    },
    ExpectClose,
    Send(Vec<Element>),
    SendSplit(Vec<Element>),
    Drain,
    /// Milliseconds.
    Stall(u32),
    Close,
    Reset,
}

/// Some bytes of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Element {
    /// This byte so many times.
    Byte(u8, usize),
    /// Any one byte.
    Any,
    /// A packet id of the packets that were expected: 0 for the last one, 1 for the one before it.
    Id(usize),
}

/// Why a text is not a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for ParseError {}

/// A repetition may not make a line longer than the longest packet.
const MAX_BYTES: usize = 5 + 0x0fff_ffff;

impl Script {
    /// The number of steps.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether it has no steps; a parsed script begins with `accept`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

impl FromStr for Script {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut steps = vec![Step { line: 1, text: "accept".to_owned(), action: Action::Accept }];
        let mut is_open = true;
        for (line, text) in (1..).zip(text.lines()) {
            let text = without_comment(text).trim();
            if text.is_empty() {
                continue;
            }
            let error = |reason| ParseError { line, reason };
            let action = parse_line(text).map_err(error)?;
            match (&action, is_open) {
                // The first connection is accepted already.
                (Action::Accept, true) if steps.len() == 1 => {
                    steps.clear();
                }
                (Action::Accept, true) => {
                    return Err(error("`accept` needs an end of the connection before".into()));
                }
                (Action::Accept, false) => is_open = true,
                (_, false) => return Err(error("only `accept` can follow the end of a connection".into())),
                (Action::ExpectClose | Action::Drain | Action::Close | Action::Reset, true) => {
                    is_open = false
                }
                _ => {}
            }
            steps.push(Step { line, text: text.to_owned(), action });
        }
        Ok(Self { steps })
    }
}

/// A `#` outside of quotes begins a comment.
fn without_comment(text: &str) -> &str {
    let mut quoted = false;
    let end = text.find(|c| {
        quoted ^= c == '"';
        c == '#' && !quoted
    });
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}

fn parse_line(text: &str) -> Result<Action, String> {
    let (verb, argument) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let argument = argument.trim();
    match (verb, argument) {
        ("accept", "") => Ok(Action::Accept),
        ("close", "") => Ok(Action::Close),
        ("reset", "") => Ok(Action::Reset),
        ("drain", "") => Ok(Action::Drain),
        ("accept" | "close" | "reset" | "drain", _) => Err(format!("`{verb}` stands alone")),
        ("expect" | "send" | "send-split" | "stall", "") => Err(format!("`{verb}` what?")),
        ("stall", millis) => {
            let millis = millis.parse().map_err(|_| format!("`{millis}` is not a number of milliseconds"))?;
            Ok(Action::Stall(millis))
        }
        ("expect", "close") => Ok(Action::ExpectClose),
        ("expect", "any") => Ok(Action::ExpectPacket(None)),
        ("expect", argument) => match packet_type(argument) {
            Some(packet_type) => Ok(Action::ExpectPacket(Some(packet_type))),
            None => parse_pattern(argument),
        },
        ("send", bytes) => parse_bytes(bytes).map(Action::Send),
        ("send-split", bytes) => parse_bytes(bytes).map(Action::SendSplit),
        _ => Err(format!("`{verb}` is not a step")),
    }
}

fn packet_type(name: &str) -> Option<PacketType> {
    PacketType::ALL.into_iter().find(|packet_type| format!("{packet_type:?}").eq_ignore_ascii_case(name))
}

fn parse_pattern(text: &str) -> Result<Action, String> {
    let (text, rest) = match text.strip_suffix("..") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let pattern = parse_elements(text)?;
    if pattern.is_empty() {
        Err("`..` needs a byte before".into())
    } else {
        Ok(Action::ExpectBytes { pattern, rest })
    }
}

/// Bytes to send: what a pattern may have, but not "any".
fn parse_bytes(text: &str) -> Result<Vec<Element>, String> {
    let elements = parse_elements(text)?;
    if elements.contains(&Element::Any) { Err("`??` cannot be sent".into()) } else { Ok(elements) }
}

/// Hex digits in pairs, `??`, `$id`, `$id-1` and "text", with spaces between or not; `*N` repeats the byte before.
fn parse_elements(text: &str) -> Result<Vec<Element>, String> {
    let mut elements = Vec::new();
    let mut total = 0usize;
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('"') {
            let (quoted, after) = after.split_once('"').ok_or("a quote is not closed")?;
            elements.extend(quoted.bytes().map(|byte| Element::Byte(byte, 1)));
            total += quoted.len();
            rest = after;
        } else if let Some(after) = rest.strip_prefix("$id") {
            let digit = |text: &str| text.strip_prefix('-')?.chars().next()?.to_digit(10);
            let back = digit(after);
            elements.push(Element::Id(back.unwrap_or(0) as usize));
            rest = if back.is_some() { after.get(2..).unwrap_or_default() } else { after };
        } else if let Some(after) = rest.strip_prefix("??") {
            elements.push(Element::Any);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('*') {
            let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            let (digits, after) = after.split_at_checked(end).unwrap_or_default();
            let times = digits.parse().map_err(|_| "`*` needs a number after it")?;
            let Some(Element::Byte(_, count)) = elements.last_mut() else {
                return Err("`*` needs a byte before it".into());
            };
            *count = times;
            total = total.saturating_add(times);
            rest = after;
        } else {
            let (pair, after) =
                rest.split_at_checked(2).ok_or_else(|| format!("`{rest}` is not two hex digits"))?;
            let byte = pair.bytes().all(|digit| digit.is_ascii_hexdigit());
            let byte = byte.then(|| u8::from_str_radix(pair, 16).ok()).flatten();
            let byte = byte.ok_or_else(|| {
                let word = rest.split_whitespace().next().unwrap_or_default();
                format!("`{word}` is neither bytes nor the name of a packet")
            })?;
            elements.push(Element::Byte(byte, 1));
            total += 1;
            rest = after;
        }
        if total > MAX_BYTES {
            return Err(format!("more than {MAX_BYTES} bytes"));
        }
        rest = rest.trim_start();
    }
    Ok(elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faulty_lines_are_named() {
        for (text, line, reason) in [
            ("\n\nsend 2", 3, "two hex digits"),
            ("send 2g", 1, "`2g` is neither"),
            ("send +1", 1, "`+1` is neither"),
            ("send é1", 1, "is neither"),
            ("send", 1, "what?"),
            ("send ??", 1, "cannot be sent"),
            ("send \"abc", 1, "not closed"),
            ("send *3", 1, "a byte before"),
            ("send 00*x", 1, "a number after"),
            ("send 00*300000000", 1, "more than"),
            ("expect ..", 1, "a byte before"),
            ("expect conect", 1, "`conect` is neither"),
            ("# fine\nstall soon", 2, "milliseconds"),
            ("close now", 1, "stands alone"),
            ("close\nsend 00", 2, "only `accept`"),
            ("expect any\naccept", 2, "an end"),
            ("sleep 5", 1, "not a step"),
        ] {
            let error = text.parse::<Script>().unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(error.reason.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn bytes_can_be_written_in_several_ways() {
        let byte = |byte| Element::Byte(byte, 1);
        let same = [byte(0x30), byte(0x61), byte(0x62), Element::Byte(0, 70_000), Element::Id(0)];
        assert_eq!(without_comment("send \"a/#\" # why").trim(), "send \"a/#\"");
        for text in ["306162 00*70000 $id", "30\"ab\"00*70000$id", "30 61 62 00 *70000 $id"] {
            assert_eq!(parse_elements(text).unwrap(), same, "{text}");
        }
        assert_eq!(parse_elements("$id-1$id-9 00").unwrap(), [Element::Id(1), Element::Id(9), byte(0)]);
    }
}
