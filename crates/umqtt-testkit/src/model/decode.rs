//! The packets of a client, taken apart by the letter of the standard; nothing of the client's own code is used.

use super::complaint::Complaint;

/// A packet of a client.
#[derive(Debug)]
pub(super) enum Packet<'a> {
    Connect(Connect<'a>),
    Publish(Publish<'a>),
    /// PUBACK, PUBREC, PUBREL or PUBCOMP, by its number.
    Ack(u8, u16),
    Subscribe(u16, Filters<'a>),
    Unsubscribe(u16, Filters<'a>),
    PingReq,
    Disconnect,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Connect<'a> {
    pub(super) clean_session: bool,
    pub(super) keep_alive: u16,
    pub(super) client_id: &'a str,
    /// Topic, payload, QoS and retain.
    pub(super) will: Option<(&'a str, &'a [u8], u8, bool)>,
    pub(super) user_name: Option<&'a str>,
    pub(super) password: Option<&'a [u8]>,
}

#[derive(Debug)]
pub(super) struct Publish<'a> {
    pub(super) dup: bool,
    pub(super) qos: u8,
    pub(super) retain: bool,
    pub(super) topic: &'a str,
    /// 0 with QoS 0.
    pub(super) id: u16,
    pub(super) payload: &'a [u8],
}

/// The filters of a SUBSCRIBE, each with its QoS, or of an UNSUBSCRIBE.
#[derive(Clone, Debug)]
pub(super) struct Filters<'a> {
    fields: Fields<'a>,
    with_qos: bool,
}

type Result<T> = std::result::Result<T, Complaint>;

fn fail<T>(rule: &'static str, what: &'static str) -> Result<T> {
    Err(Complaint::new(rule, what))
}

/// Where the body of the first packet begins and ends; `None` while its header is not all there.
pub(super) fn frame(bytes: &[u8]) -> Result<Option<(usize, usize)>> {
    let mut length = 0usize;
    for (at, byte) in bytes.iter().skip(1).take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            if at > 0 && *byte == 0 {
                return fail("MQTT 2.2.3", "a remaining length has more bytes than it needs");
            }
            let start = at + 2;
            return Ok(Some((start, start + length)));
        }
    }
    if bytes.len() > 4 { fail("MQTT 2.2.3", "a remaining length has more than four bytes") } else { Ok(None) }
}

/// Takes one whole packet apart.
pub(super) fn decode(first: u8, body: &[u8]) -> Result<Packet<'_>> {
    let (kind, flags) = (first >> 4, first & 0x0f);
    let wanted = match kind {
        3 => flags,
        6 | 8 | 10 => 0b0010,
        _ => 0,
    };
    if flags != wanted {
        return match kind {
            6 => fail("MQTT-3.6.1-1", "wrong flags in PUBREL"),
            8 => fail("MQTT-3.8.1-1", "wrong flags in SUBSCRIBE"),
            10 => fail("MQTT-3.10.1-1", "wrong flags in UNSUBSCRIBE"),
            14 => fail("MQTT-3.14.1-1", "wrong flags in DISCONNECT"),
            _ => fail("MQTT-2.2.2-1", "wrong flags in the fixed header"),
        };
    }
    let mut fields = Fields(body);
    let packet = match kind {
        1 => Packet::Connect(fields.connect()?),
        3 => return fields.publish(flags).map(Packet::Publish),
        4..=7 => Packet::Ack(kind, fields.id()?),
        8 | 10 => {
            let id = fields.id()?;
            if fields.0.is_empty() {
                let rule = if kind == 8 { "MQTT-3.8.3-3" } else { "MQTT-3.10.3-2" };
                return fail(rule, "a request without a topic filter");
            }
            let filters = Filters { fields, with_qos: kind == 8 };
            filters.check()?;
            return Ok(if kind == 8 {
                Packet::Subscribe(id, filters)
            } else {
                Packet::Unsubscribe(id, filters)
            });
        }
        12 => Packet::PingReq,
        14 => Packet::Disconnect,
        _ => return fail("MQTT 2.2.1", "a packet type that a client may not send"),
    };
    if fields.0.is_empty() {
        Ok(packet)
    } else {
        fail("MQTT 2.2.3", "bytes behind the last field of a packet")
    }
}

/// The bytes of a body that were not taken yet.
#[derive(Clone, Debug)]
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let Some((taken, rest)) = self.0.split_at_checked(count) else {
            return fail("MQTT 2.2.3", "a field reaches beyond the end of its packet");
        };
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?.first().copied().unwrap_or(0))
    }

    fn number(&mut self) -> Result<u16> {
        Ok(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    fn id(&mut self) -> Result<u16> {
        match self.number()? {
            0 => fail("MQTT-2.3.1-1", "a packet id of 0"),
            id => Ok(id),
        }
    }

    fn binary(&mut self) -> Result<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::from(length))
    }

    fn text(&mut self) -> Result<&'a str> {
        match std::str::from_utf8(self.binary()?) {
            Ok(text) if text.contains('\0') => fail("MQTT-1.5.3-2", "U+0000 in a text"),
            Ok(text) => Ok(text),
            Err(_) => fail("MQTT-1.5.3-1", "a text that is not UTF-8"),
        }
    }

    fn connect(&mut self) -> Result<Connect<'a>> {
        if self.text()? != "MQTT" {
            return fail("MQTT-3.1.2-1", "a protocol name other than MQTT");
        }
        if self.byte()? != 4 {
            return fail("MQTT-3.1.2-2", "a protocol level other than 4");
        }
        let flags = self.byte()?;
        if flags & 1 != 0 {
            return fail("MQTT-3.1.2-3", "the reserved flag of CONNECT is set");
        }
        let (has_will, will_qos, will_retain) = (flags & 4 != 0, flags >> 3 & 3, flags & 0x20 != 0);
        if will_qos == 3 {
            return fail("MQTT-3.1.2-14", "a will QoS of 3");
        }
        if !has_will && (will_qos != 0 || will_retain) {
            return fail("MQTT-3.1.2-11", "will QoS or will retain without a will");
        }
        let (has_user, has_password) = (flags & 0x80 != 0, flags & 0x40 != 0);
        if has_password && !has_user {
            return fail("MQTT-3.1.2-22", "a password without a user name");
        }
        let clean_session = flags & 2 != 0;
        let keep_alive = self.number()?;
        let client_id = self.text()?;
        if client_id.is_empty() && !clean_session {
            return fail("MQTT-3.1.3-7", "an empty client id and no clean session");
        }
        let will = if has_will {
            Some((topic_name(self.text()?)?, self.binary()?, will_qos, will_retain))
        } else {
            None
        };
        let user_name = if has_user { Some(self.text()?) } else { None };
        let password = if has_password { Some(self.binary()?) } else { None };
        Ok(Connect { clean_session, keep_alive, client_id, will, user_name, password })
    }

    fn publish(mut self, flags: u8) -> Result<Publish<'a>> {
        let (dup, qos, retain) = (flags & 8 != 0, flags >> 1 & 3, flags & 1 != 0);
        if qos == 3 {
            return fail("MQTT-3.3.1-4", "both QoS bits are set");
        }
        if dup && qos == 0 {
            return fail("MQTT-3.3.1-2", "DUP with QoS 0");
        }
        let topic = topic_name(self.text()?)?;
        let id = if qos == 0 { 0 } else { self.id()? };
        Ok(Publish { dup, qos, retain, topic, id, payload: self.0 })
    }
}

fn topic_name(topic: &str) -> Result<&str> {
    if topic.is_empty() {
        fail("MQTT-4.7.3-1", "an empty topic")
    } else if topic.contains(['+', '#']) {
        fail("MQTT-3.3.2-2", "a wildcard in a topic name")
    } else {
        Ok(topic)
    }
}

impl<'a> Filters<'a> {
    fn check(&self) -> Result<()> {
        let mut fields = self.fields.clone();
        while !fields.0.is_empty() {
            let filter = fields.text()?;
            if filter.is_empty() {
                return fail("MQTT-4.7.3-1", "an empty topic filter");
            }
            let mut levels = filter.split('/').peekable();
            while let Some(level) = levels.next() {
                if level.contains('#') && (level != "#" || levels.peek().is_some()) {
                    return fail("MQTT-4.7.1-2", "`#` is not the last level, or not alone in it");
                }
                if level.contains('+') && level != "+" {
                    return fail("MQTT-4.7.1-3", "`+` is not alone in its level");
                }
            }
            if self.with_qos && fields.byte()? > 2 {
                return fail("MQTT-3-8.3-4", "a requested QoS above 2");
            }
        }
        Ok(())
    }
}

/// Each filter with the QoS that is asked for; 0 in an UNSUBSCRIBE.
impl<'a> Iterator for Filters<'a> {
    type Item = (&'a str, u8);

    fn next(&mut self) -> Option<Self::Item> {
        let filter = self.fields.text().ok()?;
        let qos = if self.with_qos { self.fields.byte().ok()? } else { 0 };
        Some((filter, qos))
    }
}
