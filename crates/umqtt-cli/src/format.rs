//! What `-F` says: how a message is printed.

use std::borrow::Cow;
use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use umqtt::{Delivery, QoS};

/// What is known of a message before its payload.
#[derive(Clone, Debug)]
pub(crate) struct Head<'a> {
    pub(crate) topic: Cow<'a, str>,
    pub(crate) delivery: Delivery,
    pub(crate) retain: bool,
    /// Length of the whole payload.
    pub(crate) length: usize,
    pub(crate) arrived: SystemTime,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    Topic,
    Payload,
    Hex { capitals: bool },
    Qos,
    Retain,
    Dup,
    Length,
    Id,
    Json,
    Time,
    Seconds,
}

/// A format that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Format(Vec<Piece>);

impl Format {
    /// The payload, behind the topic if wanted.
    pub(crate) fn plain(topic: bool) -> Self {
        let mut pieces = vec![Piece::Payload];
        if topic {
            pieces.splice(0..0, [Piece::Topic, Piece::Text(b" ".to_vec())]);
        }
        Self(pieces)
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = Vec::new();
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            let piece = match char {
                '%' => match chars.next() {
                    Some('%') => {
                        plain.push(b'%');
                        continue;
                    }
                    Some('t') => Piece::Topic,
                    Some('p') => Piece::Payload,
                    Some('x') => Piece::Hex { capitals: false },
                    Some('X') => Piece::Hex { capitals: true },
                    Some('q') => Piece::Qos,
                    Some('r') => Piece::Retain,
                    Some('d') => Piece::Dup,
                    Some('l') => Piece::Length,
                    Some('m') => Piece::Id,
                    Some('j') => Piece::Json,
                    Some('I') => Piece::Time,
                    Some('U') => Piece::Seconds,
                    Some(other) => {
                        return Err(format!("the format has %{other}, which is unknown; see --help"));
                    }
                    None => return Err("the format ends with a single %; %% prints one".to_owned()),
                },
                '\\' => {
                    plain.push(match chars.next() {
                        Some('n') => b'\n',
                        Some('t') => b'\t',
                        Some('r') => b'\r',
                        Some('0') => 0,
                        Some('\\') => b'\\',
                        _ => return Err("the format has \\ before other than n, t, r, 0 or \\".to_owned()),
                    });
                    continue;
                }
                other => {
                    plain.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes());
                    continue;
                }
            };
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(piece);
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// Ends each message with a newline.
    pub(crate) fn with_newline(mut self) -> Self {
        self.0.push(Piece::Text(b"\n".to_vec()));
        self
    }

    /// Prints a message whose payload is whole.
    pub(crate) fn print(&self, out: &mut impl Write, head: &Head<'_>, payload: &[u8]) -> io::Result<()> {
        self.0.iter().try_for_each(|piece| piece.print(out, head, payload))
    }

    /// What is before, at and after the one place where the payload goes; `None` when the payload is needed whole.
    fn around_payload(&self) -> Option<(&[Piece], &Piece, &[Piece])> {
        let mut places = self
            .0
            .iter()
            .enumerate()
            .filter(|(_, piece)| matches!(piece, Piece::Payload | Piece::Hex { .. } | Piece::Json));
        let (place, piece) = places.next()?;
        if places.next().is_some() || *piece == Piece::Json {
            return None;
        }
        let (before, rest) = self.0.split_at_checked(place)?;
        Some((before, piece, rest.get(1..)?))
    }
}

/// A message that is printed while it arrives, unless the format needs it whole.
#[derive(Debug)]
pub(crate) struct Arriving {
    head: Head<'static>,
    /// What has arrived, if the format needs it whole.
    collected: Option<Vec<u8>>,
}

impl Arriving {
    /// Prints what comes before the payload.
    pub(crate) fn begin(format: &Format, out: &mut impl Write, head: Head<'_>) -> io::Result<Self> {
        let mut collected = None;
        match format.around_payload() {
            Some((before, _, _)) => before.iter().try_for_each(|piece| piece.print(out, &head, b""))?,
            None => collected = Some(Vec::new()),
        }
        Ok(Self { head: Head { topic: Cow::Owned(head.topic.into_owned()), ..head }, collected })
    }

    /// Prints or keeps the next bytes of the payload.
    pub(crate) fn part(&mut self, format: &Format, out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
        match (&mut self.collected, format.around_payload()) {
            (None, Some((_, piece, _))) => piece.print(out, &self.head, bytes),
            (Some(collected), _) => {
                collected.extend_from_slice(bytes);
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }

    /// Prints what comes after the payload.
    pub(crate) fn end(self, format: &Format, out: &mut impl Write) -> io::Result<()> {
        match (self.collected, format.around_payload()) {
            (Some(payload), _) => format.print(out, &self.head, &payload),
            (None, Some((_, _, after))) => {
                after.iter().try_for_each(|piece| piece.print(out, &self.head, b""))
            }
            (None, None) => Ok(()),
        }
    }
}

impl Piece {
    fn print(&self, out: &mut impl Write, head: &Head<'_>, payload: &[u8]) -> io::Result<()> {
        match self {
            Self::Text(text) => out.write_all(text),
            Self::Topic => out.write_all(head.topic.as_bytes()),
            Self::Payload => out.write_all(payload),
            Self::Hex { capitals: false } => payload.iter().try_for_each(|byte| write!(out, "{byte:02x}")),
            Self::Hex { capitals: true } => payload.iter().try_for_each(|byte| write!(out, "{byte:02X}")),
            Self::Qos => write!(out, "{}", number(head.delivery.qos())),
            Self::Retain => write!(out, "{}", u8::from(head.retain)),
            Self::Dup => write!(out, "{}", u8::from(head.delivery.dup())),
            Self::Length => write!(out, "{}", head.length),
            Self::Id => write!(out, "{}", id(head)),
            Self::Json => json(out, head, payload),
            Self::Time => time(out, since_1970(head)),
            Self::Seconds => {
                let time = since_1970(head);
                write!(out, "{}.{:09}", time.as_secs(), time.subsec_nanos())
            }
        }
    }
}

fn since_1970(head: &Head<'_>) -> Duration {
    head.arrived.duration_since(UNIX_EPOCH).unwrap_or_default()
}

pub(crate) const fn number(qos: QoS) -> u8 {
    qos as u8
}

fn id(head: &Head<'_>) -> u16 {
    head.delivery.id().map_or(0, |id| id.as_u16())
}

/// Such as `2026-11-05T12:34:56Z`: the calendar of Gregory, counted in eras of 400 years that begin in March.
fn time(out: &mut impl Write, since_1970: Duration) -> io::Result<()> {
    let (days, second) = (since_1970.as_secs() / 86_400 + 719_468, since_1970.as_secs() % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = (year_of_era + 400 * era + month / 10, (month + 2) % 12 + 1);
    write!(out, "{year:04}-{month:02}-{day:02}T")?;
    write!(out, "{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

fn json(out: &mut impl Write, head: &Head<'_>, payload: &[u8]) -> io::Result<()> {
    out.write_all(b"{\"tst\":\"")?;
    time(out, since_1970(head))?;
    out.write_all(b"\",\"topic\":")?;
    json_string(out, &head.topic)?;
    write!(out, ",\"qos\":{},\"retain\":{}", number(head.delivery.qos()), u8::from(head.retain))?;
    if head.delivery.id().is_some() {
        write!(out, ",\"mid\":{}", id(head))?;
    }
    write!(out, ",\"payloadlen\":{},\"payload\":", head.length)?;
    json_string(out, &String::from_utf8_lossy(payload))?;
    out.write_all(b"}")
}

fn json_string(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(b"\"")?;
    let mut rest = text;
    while let Some(place) = rest.find(|char: char| matches!(char, '"' | '\\') || char.is_control()) {
        let (plain, special) = rest.split_at(place);
        out.write_all(plain.as_bytes())?;
        let mut chars = special.chars();
        match chars.next() {
            Some(char @ ('"' | '\\')) => write!(out, "\\{char}")?,
            Some('\n') => out.write_all(b"\\n")?,
            Some('\r') => out.write_all(b"\\r")?,
            Some('\t') => out.write_all(b"\\t")?,
            Some(char) => write!(out, "\\u{:04x}", u32::from(char))?,
            None => {}
        }
        rest = chars.as_str();
    }
    out.write_all(rest.as_bytes())?;
    out.write_all(b"\"")
}

#[cfg(test)]
mod tests {
    use umqtt::PacketId;

    use super::*;

    fn head(length: usize) -> Head<'static> {
        let id = PacketId::new(258).unwrap();
        Head {
            topic: "a/\"b\"".into(),
            delivery: Delivery::AtLeastOnce { id, dup: true },
            retain: true,
            length,
            arrived: UNIX_EPOCH + Duration::new(1_762_346_096, 5),
        }
    }

    fn printed(format: &str, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Format::parse(format).unwrap().print(&mut out, &head(payload.len()), payload).unwrap();
        out
    }

    #[test]
    fn each_field_is_printed() {
        let cases: [(&str, &[u8]); 14] = [
            ("", b""),
            ("%t", b"a/\"b\""),
            ("%p", b"\0\xffz"),
            ("<%p>", b"<\0\xffz>"),
            ("%x", b"00ff7a"),
            ("%X", b"00FF7A"),
            ("%q%r%d", b"111"),
            ("%l", b"3"),
            ("%m", b"258"),
            ("%I", b"2025-11-05T12:34:56Z"),
            ("%U", b"1762346096.000000005"),
            ("%%p", b"%p"),
            ("\\n\\t\\r\\0\\\\\u{e9}", b"\n\t\r\0\\\xc3\xa9"),
            (
                "%j",
                "{\"tst\":\"2025-11-05T12:34:56Z\",\"topic\":\"a/\\\"b\\\"\",\"qos\":1,\"retain\":1,\"mid\":258,\
                 \"payloadlen\":3,\"payload\":\"\\u0000\u{fffd}z\"}"
                    .as_bytes(),
            ),
        ];
        for (format, expected) in cases {
            assert_eq!(printed(format, b"\0\xffz"), expected, "{format}");
        }
    }

    #[test]
    fn what_is_no_format_is_refused() {
        for format in ["%", "a%", "%z", "%é", "\\", "\\q", "100% %t"] {
            assert!(Format::parse(format).is_err(), "{format}");
        }
    }

    #[test]
    fn a_message_in_parts_is_printed_as_a_whole_one() {
        let payload: Vec<u8> = (0..=255).collect();
        for text in ["", "%p", "%t %p %l", "%x", "%p%p", "%x %p", "%j", "%t", "[%X]"] {
            let format = Format::parse(text).unwrap().with_newline();
            for size in [1, 7, 256] {
                let mut out = Vec::new();
                let mut arriving = Arriving::begin(&format, &mut out, head(256)).unwrap();
                for part in payload.chunks(size) {
                    arriving.part(&format, &mut out, part).unwrap();
                }
                arriving.end(&format, &mut out).unwrap();
                let mut whole = Vec::new();
                format.print(&mut whole, &head(256), &payload).unwrap();
                assert_eq!(out, whole, "{text} in parts of {size}");
            }
        }
    }

    #[test]
    fn the_calendar_knows_leap_years() {
        let cases: [(u64, &str); 6] = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
        ];
        for (seconds, expected) in cases {
            let mut out = Vec::new();
            time(&mut out, Duration::from_secs(seconds)).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
