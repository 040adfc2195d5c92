//! What a client publishes, subscribes to and releases, followed message by message.

use super::broker::Broker;
use super::complaint::Complaint;
use super::decode::{Filters, Publish};
use super::encode::ack;
use super::message::payload_number;

/// What came of a program's attempt to publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The call has not returned, or nobody saw what it returned.
    Unknown,
    /// The client has taken the message.
    Taken,
    /// The client has refused the message.
    Refused,
    /// The client has told the end of the exchange.
    Ended,
    /// It has told that the message is lost, and the program began again before the store had let go of it.
    Revived,
}

/// A message that a program tried to publish.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    qos: u8,
    retain: bool,
    topic: usize,
    payload: usize,
    fate: Fate,
    /// The connection on which it was given to the client.
    connection: u32,
    /// How often it came.
    arrivals: u32,
    /// The session in which it was passed on last.
    epoch: u32,
    /// The packet id with which it came first.
    id: u16,
}

impl Broker {
    /// A program is about to publish: gives the number that the payload is to carry.
    ///
    /// The topic is [`topic_of`](super::topic_of) its length, the payload is filled by
    /// [`fill_payload`](super::fill_payload).
    pub fn attempt(&mut self, qos: u8, retain: bool, topic: usize, payload: usize) -> u16 {
        let number = self.attempts();
        let connection = self.connections;
        let (fate, arrivals, epoch, id) = (Fate::Unknown, 0, 0, 0);
        self.attempts.push(Attempt { qos, retain, topic, payload, fate, connection, arrivals, epoch, id });
        number
    }

    /// Says what came of an attempt.
    pub fn decide(&mut self, number: u16, fate: Fate) {
        let Some(attempt) = self.attempts.get_mut(usize::from(number)) else { return };
        attempt.fate = fate;
        if fate == Fate::Refused && attempt.arrivals > 0 {
            self.complain(Complaint::new(
                "umqtt: Error",
                format!("message {number} was sent and then refused"),
            ));
        }
    }

    /// Says that PUBREL may come for this id although its session is gone: the program began again before its client
    /// could let go of the exchange.
    pub fn excuse(&mut self, id: u16) {
        self.excused.push(id);
    }

    /// How many attempts there were: the number of the next.
    #[must_use]
    pub fn attempts(&self) -> u16 {
        u16::try_from(self.attempts.len()).unwrap_or(u16::MAX)
    }

    /// Whether a message has come.
    #[must_use]
    pub fn has(&self, number: u16) -> bool {
        self.attempts.get(usize::from(number)).is_some_and(|attempt| attempt.arrivals > 0)
    }

    /// A message that was taken on this connection and did not come.
    pub(super) fn missing(&self) -> Option<usize> {
        self.attempts.iter().position(|attempt| {
            attempt.connection == self.connections && attempt.fate == Fate::Taken && attempt.arrivals == 0
        })
    }

    pub(super) fn handle_publish(&mut self, publish: &Publish<'_>, now: u64) {
        let id = publish.id;
        let Some(number) = payload_number(publish.payload) else {
            return self.complain(Complaint::new("MQTT 3.3.3", "a payload that nobody gave to the client"));
        };
        self.trace.say("broker", || {
            let dup = if publish.dup { ", DUP" } else { "" };
            format!(
                "gets PUBLISH id {id} QoS {}{dup}: message {number}, {} bytes",
                publish.qos,
                publish.payload.len()
            )
        });
        if let Err(complaint) = self.check_publish(publish, number) {
            return self.complain(complaint);
        }
        let epoch = self.epoch;
        let Some(session) = &mut self.session else { return };
        let known = session.received.iter().find(|(other, _)| *other == id).map(|(_, number)| *number);
        if id != 0 && (session.open.contains(&id) || known.is_some()) && known != Some(number) {
            self.object("MQTT-2.3.1-2", || format!("message {number} has the id {id}, which is in use"));
        }
        let Some(session) = &mut self.session else { return };
        if publish.qos == 2 {
            if known.is_none() {
                session.received.push((id, number));
            }
            session.record(id);
        } else if publish.qos == 1 {
            session.open.push(id);
        }
        let last_first = session.last_first;
        let Some(attempt) = self.attempts.get_mut(usize::from(number)) else { return };
        attempt.arrivals += 1;
        attempt.id = id;
        let (is_first, is_revived) = (attempt.epoch != epoch, attempt.fate == Fate::Revived);
        attempt.epoch = epoch;
        if publish.qos > 0 && is_first && !is_revived {
            session.last_first = Some(number);
            if last_first.is_some_and(|last| last > number) {
                self.object("MQTT-4.6.0-1", || format!("message {number} came after message {last_first:?}"));
            }
        } else if publish.qos == 2 && !is_first && known.is_none() {
            self.object("MQTT-4.3.3-1", || format!("message {number} of QoS 2 is there twice"));
        }
        match publish.qos {
            0 => {}
            1 => self.answer(&ack(4, id), id, now),
            _ => {
                if let Some(connection) = &mut self.connection {
                    connection.pub_rels.push_back(id);
                }
                self.answer(&ack(5, id), 0, now);
            }
        }
    }

    /// Whether the message is one that the client may send, and may send here.
    fn check_publish(&mut self, publish: &Publish<'_>, number: u16) -> Result<(), Complaint> {
        let fail = |rule, what: String| Err(Complaint::new(rule, format!("message {number} {what}")));
        let Some(attempt) = self.attempts.get(usize::from(number)) else {
            return fail("MQTT 3.3.3", "was never given to the client".into());
        };
        let Some(connection) = &mut self.connection else { return Ok(()) };
        match attempt.fate {
            Fate::Refused => return fail("umqtt: Error", "was refused, and is sent".into()),
            Fate::Ended if self.trusted => {
                return fail("umqtt: Event", "is sent after its end was told".into());
            }
            Fate::Unknown | Fate::Taken | Fate::Ended | Fate::Revived => {}
        }
        let said = (publish.qos, publish.retain, publish.topic.len(), publish.payload.len());
        let given = (attempt.qos, attempt.retain, attempt.topic, attempt.payload);
        if said != given {
            return fail("MQTT 3.3", format!("is {said:?} instead of {given:?} (QoS, retain, lengths)"));
        }
        if connection.last_number.is_some_and(|last| last >= number) {
            return fail("MQTT-4.6.0-1", format!("comes behind message {:?}", connection.last_number));
        }
        connection.last_number = Some(number);
        if publish.qos == 0 && attempt.arrivals > 0 {
            return fail("MQTT-4.3.1-1", "of QoS 0 comes twice".into());
        }
        if attempt.arrivals > 0 && attempt.id != publish.id {
            return fail(
                "MQTT-2.3.1-3",
                format!("comes again with id {} instead of {}", publish.id, attempt.id),
            );
        }
        let is_new = attempt.connection == self.connections;
        if publish.dup && is_new {
            return fail("MQTT-3.3.1-1", "has DUP the first time".into());
        }
        if publish.qos > 0 && !publish.dup && !is_new {
            return fail("MQTT-3.3.1-1", "comes again without DUP".into());
        }
        Ok(())
    }

    pub(super) fn handle_pub_rel(&mut self, id: u16, now: u64) {
        self.trace.say("broker", || format!("gets PUBREL id {id}, answers PUBCOMP"));
        let (Some(connection), Some(session)) = (&mut self.connection, &mut self.session) else { return };
        let mut wrong = None;
        if connection.pub_rels.front() == Some(&id) {
            connection.pub_rels.pop_front();
        } else if connection.pub_rels.contains(&id) {
            connection.pub_rels.retain(|other| *other != id);
            wrong = Some(("MQTT-4.6.0-4", "comes before its turn"));
        } else if let Some(place) = session.recorded(id) {
            // Sent again on a new connection, in the order of the PUBRECs.
            let before = std::mem::replace(&mut connection.released, place);
            if place <= before {
                wrong = Some(("MQTT-4.6.0-4", "is sent again out of order"));
            }
        } else {
            wrong = Some(("MQTT-2.3.1-6", "answers no PUBREC"));
        }
        session.received.retain(|(other, _)| *other != id);
        if !session.open.contains(&id) {
            session.open.push(id);
        }
        if let Some((rule, what)) = wrong.filter(|_| !session.unsure && !self.excused.contains(&id)) {
            self.object(rule, || format!("PUBREL of id {id} {what}"));
        }
        self.answer(&ack(7, id), id, now);
    }

    pub(super) fn handle_subscribe(&mut self, id: u16, filters: Filters<'_>, now: u64) {
        self.trace.say("broker", || format!("gets SUBSCRIBE id {id}, answers SUBACK"));
        self.begin_request(id);
        let [high, low] = id.to_be_bytes();
        let mut packet = vec![0x90, 2, high, low];
        let max_qos = self.settings.max_qos;
        let Some(session) = &mut self.session else { return };
        for (filter, qos) in filters {
            let granted = qos.min(max_qos);
            session.subscriptions.retain(|(other, _)| other != filter);
            session.subscriptions.push((filter.to_owned(), granted));
            packet.push(granted);
            if let Some(length) = packet.get_mut(1) {
                *length += 1;
            }
        }
        self.answer(&packet, id, now);
    }

    pub(super) fn handle_unsubscribe(&mut self, id: u16, filters: Filters<'_>, now: u64) {
        self.trace.say("broker", || format!("gets UNSUBSCRIBE id {id}, answers UNSUBACK"));
        self.begin_request(id);
        let Some(session) = &mut self.session else { return };
        for (filter, _) in filters {
            session.subscriptions.retain(|(other, _)| other != filter);
        }
        self.answer(&ack(11, id), id, now);
    }

    fn begin_request(&mut self, id: u16) {
        self.requests += 1;
        let Some(session) = &mut self.session else { return };
        let is_used = session.open.contains(&id) || session.received.iter().any(|(other, _)| *other == id);
        session.open.push(id);
        if is_used {
            self.object("MQTT-2.3.1-2", || format!("a request has the id {id}, which is in use"));
        }
    }
}
