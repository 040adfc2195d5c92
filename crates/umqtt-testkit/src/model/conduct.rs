//! What can be seen of a client at its end of the link: whether it makes headway, and when it sends what.

/// What a client does at its link.
#[derive(Debug, Default)]
pub struct Conduct {
    /// When the call began that goes on.
    pub call: u64,
    /// How many milliseconds reads and writes took in this call.
    pub worked: u64,
    /// How many bytes the link took in this call.
    pub taken: u64,
    /// How many bytes all links took.
    pub taken_ever: u64,
    /// How many bytes were read from all links.
    pub read_ever: u64,
    /// When the link took the last byte, or was opened.
    pub last_taken: u64,
    /// When the client read the last byte, or the link was opened.
    pub last_read: u64,
    /// When the client tried to read last.
    pub looked: u64,
    /// When the last byte arrived for the client.
    pub last_arrived: u64,
    /// When the link took the last byte of the oldest PINGREQ whose answer was not read.
    pub ping_taken: Option<u64>,
    /// When the link took each PINGREQ that came after a whole keep-alive without a byte; none once a byte is read.
    pub asked: Vec<u64>,
    /// When the client read the last byte of CONNACK.
    pub accepted: Option<u64>,
    /// When the link last took less than there was.
    pub refused: u64,
    /// PUBACKs and PUBRECs that the link has taken: packet type and id. The test takes them from here.
    pub acknowledged: Vec<(u8, u16)>,
    /// Since when the program has called its client often enough for the keep-alive.
    pub attentive: u64,
    /// The keep-alive in milliseconds; 0 for none.
    pub keep_alive: u64,
    /// How often the client waited in this call until its own time was over.
    pub lapses: u32,
    /// The client has read bytes in this call that had been there while it waited for something else.
    pub neglected: bool,
    /// The last wait of this call was not for bytes, and there are bytes.
    pub(super) neglects: bool,
    /// The link has taken DISCONNECT.
    pub disconnected: bool,
    /// The client has closed the link by [`World::finish`](super::World::finish).
    pub finished: bool,
    /// Whether the link that the client closed last had bytes to read, and room to write.
    pub(super) left: (bool, bool),
    /// How often the client asked for something in this call.
    operations: u32,
    /// The same, since the last byte was moved or time has passed.
    idle: u32,
    up: Tap,
    down: Tap,
}

/// So often a client may ask for something while nothing moves.
const PATIENCE: u32 = 64;
/// So often a client may ask for something in one call.
const MOST: u32 = 200_000;

impl Conduct {
    pub(super) fn begin_call(&mut self, now: u64) {
        self.call = now;
        self.worked = 0;
        self.taken = 0;
        self.operations = 0;
        self.idle = 0;
        self.lapses = 0;
        self.neglected = false;
        self.neglects = false;
    }

    pub(super) fn opened(&mut self, now: u64) {
        self.last_taken = now;
        self.last_read = now;
        self.last_arrived = now;
        self.ping_taken = None;
        self.asked.clear();
        self.accepted = None;
        self.disconnected = false;
        self.finished = false;
        self.acknowledged.clear();
        self.refused = now;
        self.up = Tap::default();
        self.down = Tap::default();
    }

    /// The client asks for something; false when it turns in a circle.
    pub(super) const fn ask(&mut self) -> bool {
        self.operations += 1;
        self.idle += 1;
        self.idle < PATIENCE && self.operations < MOST
    }

    pub(super) const fn idle(&self) -> u32 {
        self.idle
    }

    pub(super) const fn set_idle(&mut self, idle: u32) {
        self.idle = idle;
    }

    /// Something has moved, or time has passed.
    pub(super) const fn progress(&mut self) {
        self.idle = 0;
    }

    /// The link took bytes; `taken` gets the id of each PUBREC that it has taken whole.
    pub(super) fn wrote(&mut self, bytes: &[u8], now: u64, mut taken: impl FnMut(u16)) {
        self.taken += bytes.len() as u64;
        self.taken_ever += bytes.len() as u64;
        self.last_taken = now;
        let is_overdue =
            self.keep_alive > 0 && now >= self.last_read.max(self.last_arrived) + self.keep_alive;
        self.up.pass(bytes, |kind, id| match kind {
            4 => self.acknowledged.push((kind, id)),
            5 => {
                self.acknowledged.push((kind, id));
                taken(id);
            }
            12 => {
                self.ping_taken.get_or_insert(now);
                if is_overdue {
                    self.asked.push(now);
                }
            }
            14 => self.disconnected = true,
            _ => {}
        });
    }

    /// The client read bytes.
    pub(super) fn read(&mut self, bytes: &[u8], now: u64) {
        self.last_read = now;
        self.read_ever += bytes.len() as u64;
        self.asked.clear();
        self.neglected |= self.neglects;
        self.down.pass(bytes, |kind, _| {
            if kind == 13 {
                self.ping_taken = None;
            }
        });
    }

    /// How long the client has been silent although its program and its link let it send; nothing without a
    /// keep-alive.
    pub(super) fn silence(&self, now: u64) -> u64 {
        match self.accepted {
            Some(accepted) if self.keep_alive > 0 => {
                let since = accepted.max(self.last_taken).max(self.attentive).max(self.refused);
                now.saturating_sub(since)
            }
            _ => 0,
        }
    }
}

/// Finds packets in what goes over a link, piece by piece.
#[derive(Debug, Default)]
struct Tap {
    first: Option<u8>,
    /// How many bytes of the length have come.
    digits: u32,
    length: usize,
    /// In the body: how many bytes are to come.
    body: Option<usize>,
    /// The first two bytes of the body.
    id: u16,
}

impl Tap {
    /// Names each packet whose last byte is among these by its kind and the number that its body begins with.
    fn pass(&mut self, mut bytes: &[u8], mut found: impl FnMut(u8, u16)) {
        while let Some((byte, rest)) = bytes.split_first() {
            if let Some(left) = self.body {
                let at = self.length - left;
                if at < 2 {
                    self.id = self.id << 8 | u16::from(*byte);
                    bytes = rest;
                    self.body = Some(left - 1);
                } else {
                    let count = left.min(bytes.len());
                    bytes = bytes.get(count..).unwrap_or_default();
                    self.body = Some(left - count);
                }
            } else if self.first.is_none() {
                self.first = Some(*byte);
                bytes = rest;
            } else {
                self.length |= usize::from(byte & 0x7f) << (7 * self.digits.min(3));
                self.digits += 1;
                bytes = rest;
                if byte & 0x80 == 0 {
                    self.body = Some(self.length);
                }
            }
            if self.body == Some(0) {
                found(self.first.unwrap_or(0) >> 4, self.id);
                *self = Self::default();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_found_wherever_the_bytes_are_cut() {
        // PUBREC, PINGREQ, PUBLISH with what looks like a PINGREQ inside.
        let bytes = [0x50, 2, 0xc0, 0, 0xc0, 0, 0x30, 5, 0, 1, b'a', 0xc0, 0];
        for cut in 0..bytes.len() {
            let mut tap = Tap::default();
            let mut found = Vec::new();
            for piece in [&bytes[..cut], &bytes[cut..]] {
                tap.pass(piece, |kind, id| found.push((kind, id)));
            }
            assert_eq!(found, [(5, 0xc000), (12, 0), (3, 1)], "{cut}");
        }
    }
}
