//! A broker of MQTT 3.1.1, as small as it can be and written from the standard: what it keeps of one client, and
//! what it checks of it. It answers each packet at once; a network that is late is the link's business.

use crate::config::{Config, Message};
use crate::list::List;
use crate::packet::{Packet, letter};
use crate::witness::{Checked, Witness};

/// The packets on their way to the client.
pub type Answers = List<Packet, 16>;

/// A message on its way to the client.
#[derive(Clone, Copy, Default, Hash, Debug)]
struct Outgoing {
    message: u8,
    id: u16,
    qos: u8,
    /// PUBREC has come: PUBREL stands for the message.
    is_released: bool,
    /// The message, or PUBREL, was sent on the connection that stands.
    is_sent: bool,
    was_sent_before: bool,
}

/// Where the connection stands.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug)]
enum Connection {
    #[default]
    None,
    /// CONNECT must come first [MQTT-3.1.0-1].
    Opened,
    Accepted {
        clean: bool,
        present: bool,
    },
}

/// The broker and its session for the client.
#[derive(Clone, Copy, Hash, Debug)]
pub struct Broker {
    has_session: bool,
    connection: Connection,
    /// It refuses the connection.
    refuses: bool,
    /// The QoS 2 messages that wait for PUBREL, with their ids.
    received: List<(u16, u8), 4>,
    outgoing: List<Outgoing, 4>,
    next_message: u8,
}

impl Broker {
    pub fn new() -> Self {
        Self {
            has_session: false,
            connection: Connection::None,
            refuses: false,
            received: List::new(),
            outgoing: List::new(),
            next_message: 0,
        }
    }

    /// A connection is opened.
    pub fn open(&mut self, refuses: bool) {
        self.connection = Connection::Opened;
        self.refuses = refuses;
    }

    /// The connection is over, for whatever reason.
    pub fn close(&mut self) {
        if matches!(self.connection, Connection::Accepted { clean: true, .. }) {
            self.forget();
        }
        self.connection = Connection::None;
        self.refuses = false;
        for outgoing in self.outgoing.as_mut_slice() {
            outgoing.was_sent_before |= outgoing.is_sent;
            outgoing.is_sent = false;
        }
    }

    /// The session is gone.
    pub fn forget(&mut self) {
        self.has_session = false;
        self.received.clear();
        self.outgoing.clear();
    }

    pub fn has_session(&self) -> bool {
        self.has_session
    }

    /// Whether the client is connected and knows it if it has read all.
    pub fn is_accepted(&self) -> bool {
        matches!(self.connection, Connection::Accepted { .. })
    }

    /// What CONNACK said of the session.
    pub fn session_present(&self) -> bool {
        matches!(self.connection, Connection::Accepted { present: true, .. })
    }

    /// Whether every message was sent and acknowledged, and nothing is half done.
    pub fn is_finished(&self, config: &Config) -> bool {
        usize::from(self.next_message) == config.messages.len()
            && self.outgoing.as_slice().is_empty()
            && self.received.as_slice().is_empty()
    }

    /// How many QoS 2 messages were not released by the client, by PUBCOMP.
    pub fn qos2_in_flight(&self) -> usize {
        self.outgoing.as_slice().iter().filter(|outgoing| outgoing.qos == 2).count()
    }

    /// The id of a QoS 2 message that waits for PUBREC.
    pub fn unreceived(&self) -> impl Iterator<Item = (u8, u16)> {
        let waits = |one: &&Outgoing| one.qos == 2 && !one.is_released;
        self.outgoing.as_slice().iter().filter(waits).map(|one| (one.message, one.id))
    }

    /// Whether this message was sent on the connection that stands.
    pub fn has_sent(&self, message: u8) -> bool {
        self.outgoing.as_slice().iter().any(|outgoing| outgoing.message == message && outgoing.is_sent)
    }

    // What it sends by itself.

    /// What it could send now: what a connection before has left open, then a new message.
    fn next(&self, config: &Config) -> Option<usize> {
        if !self.is_accepted() {
            return None;
        }
        let waiting = self.outgoing.as_slice();
        if let Some(index) = waiting.iter().position(|outgoing| !outgoing.is_sent) {
            return Some(index);
        }
        let message = config.messages.get(usize::from(self.next_message))?;
        let in_window = message.qos() == 0 || waiting.len() < usize::from(config.window);
        in_window.then_some(waiting.len())
    }

    pub fn can_send(&self, config: &Config) -> bool {
        self.next(config).is_some()
    }

    /// Sends what comes next.
    pub fn send(&mut self, config: &Config, witness: &mut Witness) -> Option<Packet> {
        let index = self.next(config)?;
        if index == self.outgoing.as_slice().len() {
            let message = self.next_message;
            self.next_message += 1;
            let qos = config.messages[usize::from(message)].qos();
            if qos == 0 {
                witness.sent(message);
                return Some(publish(message, 0, 0, false, config));
            }
            let used = |id: u16| self.outgoing.as_slice().iter().any(|outgoing| outgoing.id == id);
            let id = (1..).find(|&id| !used(id)).unwrap_or(1);
            self.outgoing.push(Outgoing { message, id, qos, ..Outgoing::default() });
        }
        let outgoing = &mut self.outgoing.as_mut_slice()[index];
        outgoing.is_sent = true;
        if outgoing.is_released {
            return Some(Packet::PubRel(outgoing.id));
        }
        witness.sent(outgoing.message);
        Some(publish(outgoing.message, outgoing.qos, outgoing.id, outgoing.was_sent_before, config))
    }

    // What arrives.

    /// A packet has arrived; tells whether the connection goes on.
    pub fn receive(
        &mut self,
        packet: Packet,
        answers: &mut Answers,
        witness: &mut Witness,
        config: &Config,
    ) -> Checked<bool> {
        match (self.connection, packet) {
            (Connection::Opened, Packet::Connect { clean }) => {
                return Ok(self.accept(clean, answers, witness, config));
            }
            (Connection::Accepted { .. }, Packet::Connect { .. }) => {
                return Err("the client sends a second CONNECT [MQTT-3.1.0-2]".into());
            }
            (Connection::Accepted { .. }, _) => {}
            _ => return Err(format!("the client sends {packet} before CONNECT [MQTT-3.1.0-1]")),
        }
        match packet {
            Packet::Publish { message, qos, id, dup, large } => {
                witness.arrived(message, qos, dup, large, config)?;
                match qos {
                    0 => witness.hand_on(message, 0)?,
                    1 => {
                        witness.hand_on(message, 1)?;
                        answers.push(Packet::PubAck(id));
                    }
                    _ => {
                        self.receive_once(message, id, witness, config)?;
                        answers.push(Packet::PubRec(id));
                    }
                }
            }
            Packet::PubRel(id) => {
                let found = self.received.as_slice().iter().position(|received| received.0 == id);
                if let Some(index) = found {
                    let (_, message) = self.received.remove(index);
                    witness.released(message)?;
                    if !config.hands_on_early {
                        witness.hand_on(message, 2)?;
                    }
                }
                answers.push(Packet::PubComp(id));
            }
            Packet::PubAck(id) => {
                let index = self.acknowledged(1, id, packet)?;
                witness.acknowledged(self.outgoing.remove(index).message)?;
            }
            Packet::PubRec(id) => {
                let index = self.acknowledged(2, id, packet)?;
                let outgoing = &mut self.outgoing.as_mut_slice()[index];
                outgoing.is_released = true;
                witness.acknowledged(outgoing.message)?;
                answers.push(Packet::PubRel(id));
            }
            Packet::PubComp(id) => {
                let completes = |one: &Outgoing| one.id == id && one.is_released && one.is_sent;
                match self.outgoing.as_slice().iter().position(completes) {
                    Some(index) => drop(self.outgoing.remove(index)),
                    None => {
                        return Err(format!("the client sends {packet}, and no PUBREL {id} was sent to it"));
                    }
                }
            }
            Packet::Subscribe(id) => answers.push(Packet::SubAck(id)),
            Packet::Unsubscribe(id) => answers.push(Packet::UnsubAck(id)),
            Packet::PingReq => answers.push(Packet::PingResp),
            Packet::Disconnect => return Ok(false),
            _ => return Err(format!("the client sends {packet}, which only a broker sends")),
        }
        Ok(true)
    }

    fn accept(&mut self, clean: bool, answers: &mut Answers, witness: &mut Witness, config: &Config) -> bool {
        if self.refuses {
            answers.push(Packet::ConnAck { present: false, code: 3 });
            return false;
        }
        let present = self.has_session && !clean;
        if !present {
            self.forget();
            witness.session_gone(clean, config);
        }
        self.has_session = !clean;
        self.connection = Connection::Accepted { clean, present };
        answers.push(Packet::ConnAck { present, code: 0 });
        true
    }

    fn receive_once(&mut self, message: u8, id: u16, witness: &mut Witness, config: &Config) -> Checked {
        match self.received.as_slice().iter().find(|received| received.0 == id) {
            Some(&(_, other)) if other == message => return Ok(()),
            Some(&(_, other)) => {
                return Err(format!(
                    "message {} has id {id}, with which message {} waits for PUBREL",
                    letter(message),
                    letter(other)
                ));
            }
            None => {}
        }
        self.received.push((id, message));
        witness.received(message);
        if config.hands_on_early {
            witness.hand_on(message, 2)?;
        }
        Ok(())
    }

    /// The message that an acknowledgement is for: the first that was sent on this connection and waits for it
    /// [MQTT-4.6.0-2, MQTT-4.6.0-3].
    fn acknowledged(&self, qos: u8, id: u16, packet: Packet) -> Checked<usize> {
        let waits = |one: &Outgoing| one.qos == qos && one.is_sent && !one.is_released;
        let index = self.outgoing.as_slice().iter().position(waits);
        match index.map(|index| (index, self.outgoing.as_slice()[index].id)) {
            Some((index, first)) if first == id => Ok(index),
            Some((_, first)) => Err(format!("the client sends {packet}, and that of {first} comes first")),
            None => Err(format!("the client sends {packet}, and nothing waits for it")),
        }
    }
}

fn publish(message: u8, qos: u8, id: u16, dup: bool, config: &Config) -> Packet {
    let large = matches!(config.messages[usize::from(message)], Message::Big(_));
    Packet::Publish { message, qos, id, dup, large }
}
