//! Scenarios out of a seed: what a program does, and what the broker sends, as lines for `python/play.py`.

use std::collections::VecDeque;
use std::fmt::Write as _;

use umqtt_micropython_tests::Random;

/// Topics that may be published, and filters that may be subscribed.
const TOPICS: [&str; 6] = ["t", "a/b", "/", "some/longer/topic/with/levels", "$SYS/x", "a b"];
const FILTERS: [&str; 6] = ["t", "#", "a/+/b", "+", "some/longer/filter/#", "/"];

/// Payloads, in bytes; those around the steps of the remaining length are in [`payload`].
const SIZES: [usize; 8] = [0, 1, 2, 5, 40, 200, 1000, 5000];

/// What this much of a packet is allowed to be when it comes byte by byte.
const TRICKLED: usize = 300;

pub(crate) struct Writer {
    random: Random,
    text: String,
    connected: bool,
    /// The ids that the client will give out next, those of its messages and those of its subscriptions that nobody
    /// has acknowledged.
    next_id: u16,
    messages: Vec<u16>,
    subscriptions: Vec<u16>,
    /// What the broker sent and the client has not looked for.
    unread: usize,
    /// The QoS of what the callback publishes.
    answers: Option<u8>,
    /// The QoS of the inbound messages that are unread, in order; `None` for other packets.
    queue: VecDeque<bool>,
}

/// The lines of the scenario of this seed, and of a number of steps.
pub(crate) fn scenario(seed: u64) -> String {
    let mut writer = Writer {
        random: Random::new(seed),
        text: String::new(),
        connected: false,
        next_id: 0,
        messages: Vec::new(),
        subscriptions: Vec::new(),
        unread: 0,
        answers: None,
        queue: VecDeque::new(),
    };
    let _ = writeln!(writer.text, "# scenario {seed}");
    writer.client();
    writer.connect();
    for _ in 0..5 + writer.random.below(20) {
        writer.step();
    }
    writer.read_all();
    writer.line(if writer.connected { "c.disconnect()" } else { "c.disconnect()  # refused" });
    writer.text
}

impl Writer {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn send(&mut self, packet: &[u8]) {
        let verb = if packet.len() <= TRICKLED && self.random.once_in(20) { "trickle" } else { "send" };
        if verb == "trickle" {
            self.read_all();
        }
        let bytes = bytes(packet);
        let _ = writeln!(self.text, "peer.{verb}({bytes})");
        self.unread += 1;
        self.queue.push_back(packet[0] >> 4 == 3);
        if verb == "trickle" {
            self.look("c.wait_msg()");
        }
    }

    /// The client reads a packet.
    fn look(&mut self, call: &str) {
        self.line(call);
        if self.unread > 0 {
            self.unread -= 1;
        }
        if self.queue.pop_front() == Some(true) && self.answers == Some(1) {
            let id = self.id();
            self.messages.push(id);
        }
    }

    fn read_all(&mut self) {
        while self.unread > 0 {
            self.look("c.check_msg()");
        }
    }

    fn id(&mut self) -> u16 {
        self.next_id = if self.next_id == u16::MAX { 1 } else { self.next_id + 1 };
        self.next_id
    }

    fn client(&mut self) {
        let keep_alive = *self.random.one_of(&["0", "60", "300", "65535"]);
        let id =
            *self.random.one_of(&["c", "", "device-0123456789", "0123456789012345678901234567890123456789"]);
        let login = *self.random.one_of(&[
            "",
            ", user='u'",
            ", user='user', password='secret'",
            ", user=b'', password=b''",
        ]);
        let will = match self.random.below(3) {
            0 => format!(
                ", will=('will/{}', {}, {}, {})",
                id.len(),
                bytes(&payload(&mut self.random, 2)),
                self.random.one_of(&["False", "True"]),
                self.random.below(3)
            ),
            _ => String::new(),
        };
        let line = format!("new({id:?}{login}, keepalive={keep_alive}{will})");
        self.line(&line);
        if self.random.once_in(3) {
            self.next_id = *self.random.one_of(&[255, 256, 65_530, 65_534]);
            let _ = writeln!(self.text, "number({})", self.next_id);
        }
    }

    fn connect(&mut self) {
        let clean = self.random.once_in(2);
        let code =
            if self.random.once_in(6) { *self.random.one_of(&[1, 2, 3, 4, 5, 6, 128, 255]) } else { 0 };
        let present = u8::from(code == 0 && !clean && self.random.once_in(2));
        let _ = writeln!(self.text, "peer.answer({})", bytes(&[0x20, 2, present, code]));
        let _ = writeln!(self.text, "connect({})", if clean { "True" } else { "False" });
        (self.unread, self.connected) = (0, code == 0);
        self.queue.clear();
        if clean {
            self.messages.clear();
            self.subscriptions.clear();
        }
    }

    fn step(&mut self) {
        if !self.connected {
            if self.random.once_in(5) {
                let call = *self.random.one_of(&["c.check_msg()", "c.ping()", "c.disconnect()"]);
                self.line(&format!("{call}  # refused"));
            } else {
                self.connect();
            }
            return;
        }
        match self.random.below(24) {
            0..=5 => self.publish(),
            6..=7 => self.subscribe(),
            8 => self.line("c.ping()"),
            9..=12 => self.message(),
            13..=15 => self.acknowledge(),
            16 => self.odd(),
            17 => self.send(&[0xd0, 0]),
            18 => self.look("c.check_msg()"),
            19 => self.read_all(),
            20 => self.settings(),
            21 => self.expire(),
            22 => self.disconnect(),
            _ => {
                let packet = inbound(&mut self.random);
                self.send(&packet);
                self.read_all();
            }
        }
    }

    fn publish(&mut self) {
        let topic = *self.random.one_of(&TOPICS);
        let qos = self.random.below(2);
        let overhead = 2 + topic.len() + 2 * qos;
        let payload = bytes(&payload(&mut self.random, overhead));
        let retain = *self.random.one_of(&["False", "False", "True"]);
        let dup = if qos == 1 && self.random.once_in(5) { ", True" } else { "" };
        let topic = if self.random.once_in(2) { format!("{topic:?}") } else { format!("b{topic:?}") };
        let _ = writeln!(self.text, "c.publish({topic}, {payload}, {retain}, {qos}{dup})");
        if qos == 1 {
            let id = self.id();
            self.messages.push(id);
        }
    }

    fn subscribe(&mut self) {
        let (filter, qos) = (*self.random.one_of(&FILTERS), self.random.below(2));
        let _ = writeln!(self.text, "c.subscribe({filter:?}, {qos})");
        let id = self.id();
        self.subscriptions.push(id);
    }

    fn message(&mut self) {
        let packet = inbound(&mut self.random);
        self.send(&packet);
    }

    /// The broker acknowledges one of those that wait, in any order.
    fn acknowledge(&mut self) {
        if !self.messages.is_empty() && (self.subscriptions.is_empty() || self.random.once_in(2)) {
            let at = self.random.below(self.messages.len());
            let [high, low] = self.messages.remove(at).to_be_bytes();
            self.send(&[0x40, 2, high, low]);
        } else if !self.subscriptions.is_empty() {
            let at = self.random.below(self.subscriptions.len());
            let [high, low] = self.subscriptions.remove(at).to_be_bytes();
            let granted = *self.random.one_of(&[0, 0, 1, 1, 2]);
            self.send(&[0x90, 3, high, low, granted]);
        }
    }

    /// The broker sends what a good one does not.
    fn odd(&mut self) {
        let [high, low] = self.messages.last().copied().unwrap_or(60_000).to_be_bytes();
        let [sub_high, sub_low] = self.subscriptions.last().copied().unwrap_or(60_001).to_be_bytes();
        let packets: [&[u8]; 10] = [
            &[0x40, 2, 0xea, 0x60],
            &[0x40, 2, 0xea, 0x60],
            &[0x90, 3, 0xea, 0x61, 0],
            &[0x90, 3, sub_high, sub_low, 0x80],
            &[0x90, 3, sub_high, sub_low, 3],
            &[0x40, 2, sub_high, sub_low],
            &[0x90, 3, high, low, 1],
            &[0xb0, 2, 0, 9],
            &[0x50, 2, high, low],
            &[0xd0, 1, 0],
        ];
        let packet = *self.random.one_of(&packets);
        self.read_all();
        let _ = writeln!(self.text, "peer.send({})", bytes(packet));
        self.line("c.check_msg()  # odd");
    }

    fn settings(&mut self) {
        self.read_all();
        match self.random.below(3) {
            0 => {
                let qos = u8::from(self.random.once_in(2));
                self.answers = Some(qos);
                let _ = writeln!(self.text, "reply({qos})");
            }
            1 => {
                self.answers = None;
                self.line("reply(None)");
            }
            _ => self.line("sorted(c.rcv_pids)"),
        }
    }

    fn expire(&mut self) {
        self.read_all();
        // The order in which several are told is that of a dict.
        if self.messages.len() + self.subscriptions.len() == 1 {
            self.line("expire(c)");
            self.line("c.check_msg()");
            let late = self.messages.pop().or(self.subscriptions.pop());
            if let Some(id) = late.filter(|_| self.random.once_in(2)) {
                let [high, low] = id.to_be_bytes();
                self.send(&[0x40, 2, high, low]);
            }
        }
    }

    fn disconnect(&mut self) {
        match self.random.below(4) {
            0 => {
                self.read_all();
                self.line("peer.close()");
                self.line("c.check_msg()");
                self.line("c.disconnect()");
            }
            1 => {
                self.read_all();
                self.line("peer.reset()");
                self.line("c.check_msg()");
                self.line("c.disconnect()");
            }
            2 => {}
            _ => {
                self.line("c.disconnect()");
                self.line("c.sock, c.poller_r, c.poller_w");
            }
        }
        self.connect();
    }
}

/// A message that a broker sends.
fn inbound(random: &mut Random) -> Vec<u8> {
    let topic = *random.one_of(&TOPICS);
    let qos = u8::from(random.once_in(2));
    let dup = if qos == 1 && random.once_in(4) { 8 } else { 0 };
    let retain = u8::from(random.once_in(4));
    let mut body = vec![0, u8::try_from(topic.len()).unwrap()];
    body.extend_from_slice(topic.as_bytes());
    if qos == 1 {
        let id = 1 + random.below(65_535);
        body.extend_from_slice(&u16::try_from(id).unwrap().to_be_bytes());
    }
    let overhead = body.len();
    body.extend(payload(random, overhead));
    let mut packet = vec![0x30 | dup | qos << 1 | retain];
    let mut length = body.len();
    while length > 127 {
        packet.push(u8::try_from(length & 127).unwrap() | 128);
        length >>= 7;
    }
    packet.push(u8::try_from(length).unwrap());
    packet.extend(body);
    packet
}

/// A payload; some make the remaining length one at which its form changes, or next to it.
fn payload(random: &mut Random, overhead: usize) -> Vec<u8> {
    let size = match random.below(6) {
        0 => 126 + random.below(4) - overhead.min(126),
        1 if random.once_in(3) => 16_382 + random.below(4) - overhead,
        _ => *random.one_of(&SIZES),
    };
    let first = random.below(256);
    (0..size).map(|at| u8::try_from((first + at * 7) % 251).unwrap()).collect()
}

/// Bytes as `python/play.py` has them.
fn bytes(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("hex('{digits}')")
}
