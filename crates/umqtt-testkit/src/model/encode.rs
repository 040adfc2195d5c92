//! The packets of a broker, written down.

/// A message on its way to a client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head<'a> {
    pub(super) dup: bool,
    pub(super) qos: u8,
    pub(super) retain: bool,
    pub(super) topic: &'a str,
    pub(super) id: u16,
}

/// Adds PUBLISH without its payload, which is to follow.
pub(super) fn publish(out: &mut Vec<u8>, head: Head<'_>, payload: usize) {
    let id = if head.qos == 0 { 0 } else { 2 };
    let first = 0x30 | u8::from(head.dup) << 3 | head.qos << 1 | u8::from(head.retain);
    out.push(first);
    let mut length = 2 + head.topic.len() + id + payload;
    loop {
        let [low, ..] = length.to_le_bytes();
        length >>= 7;
        out.push(if length > 0 { low | 0x80 } else { low & 0x7f });
        if length == 0 {
            break;
        }
    }
    let [.., high, low] = head.topic.len().to_be_bytes();
    out.extend_from_slice(&[high, low]);
    out.extend_from_slice(head.topic.as_bytes());
    if id > 0 {
        out.extend_from_slice(&head.id.to_be_bytes());
    }
}

/// PUBACK, PUBREC, PUBREL, PUBCOMP or UNSUBACK, by its number.
pub(super) fn ack(kind: u8, id: u16) -> [u8; 4] {
    let [high, low] = id.to_be_bytes();
    [kind << 4 | if kind == 6 { 2 } else { 0 }, 2, high, low]
}

/// The name of a packet by its number.
pub(super) fn name(kind: u8) -> &'static str {
    match kind {
        1 => "CONNECT",
        2 => "CONNACK",
        3 => "PUBLISH",
        4 => "PUBACK",
        5 => "PUBREC",
        6 => "PUBREL",
        7 => "PUBCOMP",
        8 => "SUBSCRIBE",
        9 => "SUBACK",
        10 => "UNSUBSCRIBE",
        11 => "UNSUBACK",
        12 => "PINGREQ",
        13 => "PINGRESP",
        14 => "DISCONNECT",
        _ => "a reserved packet type",
    }
}
