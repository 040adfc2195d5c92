//! A link in memory: its other side takes everything, acknowledges in order, and delivers what it is told to.

use embedded_io::ErrorKind;
use umqtt::{Instant, Interest, Io, QoS, Transport};

/// In which order the other side acknowledges what it has when the client waits.
#[derive(Clone, Copy, Default, PartialEq)]
pub enum Order {
    /// At once.
    #[default]
    AsSent,
    Reverse,
    Random,
}

/// A link whose other side needs next to no instructions.
#[derive(Default)]
pub struct MemoryLink {
    /// What waits to be read: read from `start` on.
    answers: Vec<u8>,
    start: usize,
    /// A message that is delivered again and again, how often still, and its next id.
    message: Vec<u8>,
    left: usize,
    id: u16,
    id_place: usize,
    clock: u32,
    order: Order,
    /// Acknowledgements that are held back until the client waits.
    held: Vec<[u8; 4]>,
    random: u32,
}

impl MemoryLink {
    /// Acknowledges in this order from now on.
    pub fn answer_in(&mut self, order: Order) {
        self.order = order;
    }

    fn acknowledge(&mut self, packet: [u8; 4]) {
        if self.order == Order::AsSent {
            self.answers.extend_from_slice(&packet);
        } else {
            self.held.push(packet);
        }
    }

    fn let_go(&mut self) {
        if self.order == Order::Reverse {
            self.held.reverse();
        } else {
            for end in (1..self.held.len()).rev() {
                self.random = self.random.wrapping_mul(0x0019_660d).wrapping_add(0x3c6e_f35f);
                self.held.swap(end, (self.random >> 8) as usize % (end + 1));
            }
        }
        self.answers.extend_from_slice(self.held.as_flattened());
        self.held.clear();
    }

    /// Delivers a message so many times.
    pub fn deliver(&mut self, topic: &str, payload: &[u8], qos: QoS, times: usize) {
        let id_bytes = if qos == QoS::AtMostOnce { 0 } else { 2 };
        let remaining = 2 + topic.len() + id_bytes + payload.len();
        assert!(remaining < 128, "one byte of length");
        self.message = vec![0x30 | (qos as u8) << 1, remaining as u8, 0, topic.len() as u8];
        self.message.extend_from_slice(topic.as_bytes());
        self.id_place = if id_bytes > 0 { self.message.len() } else { 0 };
        self.message.extend_from_slice(&[0; 2][..id_bytes]);
        self.message.extend_from_slice(payload);
        self.left = times;
        self.id = 1;
    }

    /// Answers each whole packet in `bytes`; writes carry whole packets here.
    fn answer(&mut self, mut bytes: &[u8]) {
        while let [first, length, ..] = *bytes {
            let (length, head) = if length < 0x80 {
                (length as usize, 2)
            } else {
                ((length & 0x7f) as usize | (bytes[2] as usize) << 7, 3)
            };
            let (body, rest) = bytes[head..].split_at(length);
            match first >> 4 {
                1 => self.answers.extend_from_slice(&[0x20, 2, 0, 0]),
                3 if first & 6 != 0 => {
                    let topic = usize::from(u16::from_be_bytes([body[0], body[1]]));
                    let answer = if first & 2 != 0 { 0x40 } else { 0x50 };
                    self.acknowledge([answer, 2, body[2 + topic], body[3 + topic]]);
                }
                // PUBREC: PUBREL. PUBREL: PUBCOMP.
                5 => self.answers.extend_from_slice(&[0x62, 2, body[0], body[1]]),
                6 => self.acknowledge([0x70, 2, body[0], body[1]]),
                12 => self.answers.extend_from_slice(&[0xd0, 0]),
                _ => {}
            }
            bytes = rest;
        }
    }
}

impl Transport for MemoryLink {
    type Error = ErrorKind;

    fn now(&mut self) -> Instant {
        self.clock = self.clock.wrapping_add(1);
        // A millisecond in 64 calls: the keep-alive and the 50 ms of acknowledgements are at work.
        Instant::from_millis(self.clock >> 6)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<Io, ErrorKind> {
        let mut count = 0;
        let waiting = &self.answers[self.start..];
        if !waiting.is_empty() {
            count = waiting.len().min(buffer.len());
            buffer[..count].copy_from_slice(&waiting[..count]);
            self.start += count;
            if self.start == self.answers.len() {
                self.answers.clear();
                self.start = 0;
            }
        }
        let size = self.message.len();
        while self.left > 0 && buffer.len() - count >= size {
            let place = &mut buffer[count..count + size];
            place.copy_from_slice(&self.message);
            if self.id_place > 0 {
                place[self.id_place..self.id_place + 2].copy_from_slice(&self.id.to_be_bytes());
                self.id = if self.id == u16::MAX { 1 } else { self.id + 1 };
            }
            count += size;
            self.left -= 1;
        }
        Ok(if count > 0 { Io::Done(count) } else { Io::WouldBlock })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<Io, ErrorKind> {
        self.answer(bytes);
        Ok(Io::Done(bytes.len()))
    }

    fn wait(&mut self, interest: Interest, _: u32) -> Result<(), ErrorKind> {
        self.let_go();
        let ready = interest.write || self.left > 0 || self.start < self.answers.len();
        assert!(ready, "nothing will ever come");
        Ok(())
    }

    fn close(&mut self) {}
}
