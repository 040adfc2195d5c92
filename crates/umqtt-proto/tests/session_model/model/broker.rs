//! A broker that does what the standard says, for one client.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use umqtt_proto::wire::{
    Ack, ConnAck, ConnectReturnCode, Delivery, PINGRESP, Packet, Publish, SubAck, SubscribeReturnCode,
};
use umqtt_proto::{PacketId, QoS, TopicName};

/// A message that the client has not acknowledged.
#[derive(Debug)]
struct Outgoing {
    id: PacketId,
    payload: Vec<u8>,
    qos: QoS,
    sent: bool,
    /// PUBREC came: only the id is left.
    received: bool,
}

/// What a broker keeps of a client between connections.
#[derive(Debug, Default)]
struct Kept {
    /// Messages of QoS 2 that were taken and not released.
    unreleased: BTreeMap<PacketId, u32>,
    outgoing: Vec<Outgoing>,
    /// It took the place of another, and the client may not have heard of that. If it does not before the
    /// connection is lost, it would take this for the other: a hole of the standard, which this broker avoids.
    unheard_of: bool,
}

#[derive(Debug, Default)]
struct Connection {
    input: Vec<u8>,
    accepted: bool,
    clean: bool,
    /// The client said DISCONNECT.
    left: bool,
    /// The answers that the client owes, in their order.
    owed: VecDeque<Ack>,
}

/// The broker.
#[derive(Debug)]
pub(crate) struct Broker {
    session: Option<Kept>,
    connection: Option<Connection>,
    /// How often each message of the client arrived; those of QoS 2 that arrived twice count once.
    pub(crate) arrived: BTreeMap<u32, usize>,
    newest: Option<u32>,
    next_id: PacketId,
    /// How many messages of QoS 1 and 2 were begun.
    pub(crate) begun: u32,
    had_session: bool,
    /// Messages that were given up, and are sent all the same: the power went before they could be let go.
    pub(crate) late: BTreeSet<u32>,
    /// A session was dropped, whatever the client still had in it.
    pub(crate) forgot: bool,
}

/// A payload that shows by itself whether it is whole: a number, and its last byte over and over.
pub(crate) fn payload(tag: u32, filler: usize) -> Vec<u8> {
    let tag = tag.to_be_bytes();
    [&tag[..], &vec![tag[3]; filler]].concat()
}

/// The number of a payload that [`payload`] made.
pub(crate) fn tag(payload: &[u8]) -> u32 {
    let (tag, filler) = payload.split_first_chunk().expect("a number");
    assert!(filler.iter().all(|&byte| byte == tag[3]), "{payload:x?}");
    u32::from_be_bytes(*tag)
}

impl Broker {
    pub(crate) fn new() -> Self {
        Self {
            session: None,
            connection: None,
            arrived: BTreeMap::new(),
            newest: None,
            next_id: PacketId::FIRST,
            begun: 0,
            had_session: false,
            late: BTreeSet::new(),
            forgot: false,
        }
    }

    /// A connection is opened.
    pub(crate) fn open(&mut self) {
        self.connection = Some(Connection::default());
    }

    /// The connection is gone.
    pub(crate) fn close(&mut self) {
        let clean = self.connection.take().is_some_and(|connection| connection.accepted && connection.clean);
        if clean || self.session.as_ref().is_some_and(|session| session.unheard_of) {
            self.session = None;
        }
    }

    /// All is forgotten, as by a broker that starts anew.
    pub(crate) fn forget(&mut self) {
        self.forgot |= self.session.is_some();
        self.session = None;
    }

    /// Whether nothing is left to be done.
    pub(crate) fn is_idle(&self) -> bool {
        let left = |session: &Kept| session.outgoing.is_empty() && session.unreleased.is_empty();
        self.session.as_ref().is_none_or(left)
    }

    /// How many messages of QoS 2 the client has not acknowledged.
    fn unacknowledged(&self) -> usize {
        let outgoing = self.session.iter().flat_map(|session| &session.outgoing);
        outgoing.filter(|message| message.qos == QoS::ExactlyOnce).count()
    }

    /// Sends a message to the client, or keeps it until it connects; no more than a few at a time.
    pub(crate) fn publish(&mut self, qos: QoS, filler: usize, output: &mut Vec<u8>) {
        let connected = self.connection.as_ref().is_some_and(|connection| connection.accepted);
        let busy = self.unacknowledged() >= 2 && qos == QoS::ExactlyOnce || output.len() > 200;
        let Some(session) = &mut self.session else { return };
        if busy || session.outgoing.len() >= 8 {
            return;
        }
        if qos == QoS::AtMostOnce {
            if connected {
                send(output, &payload(u32::MAX, filler), Delivery::AtMostOnce);
            }
            return;
        }
        let payload = payload(self.begun, filler);
        self.begun += 1;
        session.outgoing.push(Outgoing { id: self.next_id, payload, qos, sent: false, received: false });
        self.next_id = self.next_id.next();
        if connected {
            self.send_outgoing(false, output);
        }
    }

    /// Sends what was not sent on this connection: all, or what is new.
    fn send_outgoing(&mut self, all: bool, output: &mut Vec<u8>) {
        let (Some(session), Some(connection)) = (&mut self.session, &mut self.connection) else { return };
        for Outgoing { id, payload, qos, sent, received } in &mut session.outgoing {
            let (id, dup) = (*id, *sent);
            if dup && !all {
                continue;
            }
            *sent = true;
            if *received {
                output.extend(Ack::PubRel(id).to_bytes());
                connection.owed.push_back(Ack::PubComp(id));
                continue;
            }
            let delivery = match qos {
                QoS::ExactlyOnce => Delivery::ExactlyOnce { id, dup },
                _ => Delivery::AtLeastOnce { id, dup },
            };
            send(output, payload, delivery);
            connection.owed.extend(delivery.ack());
        }
    }

    /// Takes bytes of the client, and answers.
    pub(crate) fn take(&mut self, bytes: &[u8], output: &mut Vec<u8>) {
        let Some(connection) = &mut self.connection else { return };
        connection.input.extend_from_slice(bytes);
        let input = std::mem::take(&mut connection.input);
        let mut rest = &input[..];
        while let Some((packet, length)) = Packet::decode(rest).expect("a packet of a client") {
            self.handle(packet, output);
            rest = &rest[length..];
        }
        if let Some(connection) = &mut self.connection {
            connection.input = rest.to_vec();
        }
    }

    fn handle(&mut self, packet: Packet<'_>, output: &mut Vec<u8>) {
        let connection = self.connection.as_mut().expect("a connection");
        assert!(!connection.left, "nothing behind DISCONNECT");
        assert_ne!(connection.accepted, matches!(packet, Packet::Connect(_)), "CONNECT first, and once");
        if let (true, Some(session)) = (connection.accepted, &mut self.session) {
            // Only a client that has read CONNACK sends anything else.
            session.unheard_of &= packet == Packet::Disconnect;
        }
        match packet {
            Packet::Connect(connect) => {
                connection.accepted = true;
                connection.clean = connect.clean_session;
                let session_present = !connect.clean_session && self.session.is_some();
                if !session_present {
                    self.forgot |= self.session.is_some();
                    self.session = Some(Kept { unheard_of: self.had_session, ..Kept::default() });
                    self.had_session = true;
                }
                let return_code = ConnectReturnCode::Accepted;
                output.extend(ConnAck { session_present, return_code }.to_bytes());
                self.send_outgoing(true, output);
            }
            Packet::Publish(message) => self.receive(&message, output),
            Packet::Ack(Ack::PubRec(id)) => {
                self.owed(Ack::PubRec(id));
                let message = self.outgoing(id).expect("PUBREC for a message");
                message.received = true;
                output.extend(Ack::PubRel(id).to_bytes());
                self.connection.as_mut().unwrap().owed.push_back(Ack::PubComp(id));
            }
            Packet::Ack(Ack::PubRel(id)) => {
                self.session.as_mut().unwrap().unreleased.remove(&id);
                output.extend(Ack::PubComp(id).to_bytes());
            }
            Packet::Ack(ack) => {
                self.owed(ack);
                self.session.as_mut().unwrap().outgoing.retain(|message| message.id != ack.id());
            }
            Packet::Subscribe(subscribe) => {
                let codes: Vec<_> =
                    subscribe.filters().map(|(_, qos)| SubscribeReturnCode::Granted(qos)).collect();
                let mut packet = [0; 64];
                let length = SubAck::encode_codes(subscribe.id(), &codes, &mut packet).unwrap();
                output.extend_from_slice(&packet[..length]);
            }
            Packet::Unsubscribe(unsubscribe) => output.extend(Ack::UnsubAck(unsubscribe.id()).to_bytes()),
            Packet::PingReq => output.extend(PINGRESP),
            Packet::Disconnect => connection.left = true,
            other => panic!("{other:?} from a client"),
        }
    }

    /// The client owes this answer next.
    fn owed(&mut self, ack: Ack) {
        assert_eq!(self.connection.as_mut().unwrap().owed.pop_front(), Some(ack), "answers in their order");
    }

    fn outgoing(&mut self, id: PacketId) -> Option<&mut Outgoing> {
        self.session.as_mut().unwrap().outgoing.iter_mut().find(|message| message.id == id)
    }

    fn receive(&mut self, message: &Publish<'_>, output: &mut Vec<u8>) {
        let tag = tag(message.payload);
        if let Delivery::ExactlyOnce { id, dup } = message.delivery {
            output.extend(Ack::PubRec(id).to_bytes());
            if let Some(&first) = self.session.as_ref().unwrap().unreleased.get(&id) {
                assert!(dup && first == tag, "id {id} is in use");
                return;
            }
            self.session.as_mut().unwrap().unreleased.insert(id, tag);
        } else if let Some(ack) = message.delivery.ack() {
            output.extend(ack.to_bytes());
        }
        let count = self.arrived.entry(tag).or_default();
        *count += 1;
        if *count == 1 {
            let in_order = self.newest < Some(tag) || self.late.contains(&tag);
            assert!(in_order, "messages arrive in the order of their first sending");
            self.newest = self.newest.max(Some(tag));
        } else {
            assert!(message.dup(), "DUP on what is sent again");
            // A broker that has forgotten a message of QoS 2 takes it for a new one.
            assert!(message.qos() != QoS::ExactlyOnce || self.forgot, "message {tag} arrived twice");
        }
    }
}

fn send(output: &mut Vec<u8>, payload: &[u8], delivery: Delivery) {
    let message = Publish { topic: TopicName::new("t").unwrap(), payload, retain: false, delivery };
    let mut packet = vec![0; payload.len() + 16];
    let length = message.encode(&mut packet).unwrap();
    output.extend_from_slice(&packet[..length]);
}
