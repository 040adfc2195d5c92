//! What the client is sent, acknowledges, and hands over.

use super::broker::Broker;
use super::encode::{self, Head, ack};
use super::message::{fill_payload, matches, payload_number, topic_of};
use super::session::Flight;

/// A message that was published for the client.
#[derive(Clone, Debug)]
pub(super) struct Message {
    topic: String,
    payload: usize,
    retain: bool,
    /// Whether the client has handed it over, in which session and on which connection.
    handed: Handed,
    epoch: u32,
    connection: u32,
    /// Whether a link has taken PUBREC for it: the client has written down that it was handed over.
    settled: bool,
}

/// Whether a message of QoS 2 was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Handed {
    No,
    Yes,
    /// It was, and the client may have forgotten that when its program was restarted.
    Perhaps,
}

/// A message that was sent to the client on a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    number: u16,
    qos: u8,
    id: u16,
    dup: bool,
}

/// A message as a client hands it over.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Its topic, if the client knows it.
    pub topic: Option<&'a str>,
    /// Its payload.
    pub payload: &'a [u8],
    /// Its QoS.
    pub qos: u8,
    /// Its retain flag.
    pub retain: bool,
    /// Its DUP flag.
    pub dup: bool,
    /// Its packet id, 0 with QoS 0.
    pub id: u16,
}

impl Broker {
    /// Publishes a message to whoever has subscribed: a topic of this length, and a payload of at least two bytes.
    pub fn publish(&mut self, qos: u8, retain: bool, topic: usize, payload: usize) {
        let topic = topic_of(topic);
        let here = self.has_accepted();
        let Some(session) = &mut self.session else { return };
        let matching = session.subscriptions.iter().filter(|(filter, _)| matches(filter, &topic));
        let Some(qos) = matching.map(|(_, granted)| qos.min(*granted)).max() else { return };
        if !here && (session.clean || qos == 0) {
            return;
        }
        let number = u16::try_from(self.messages.len()).unwrap_or(u16::MAX);
        let message = Message {
            topic,
            payload: payload.max(2),
            retain,
            handed: Handed::No,
            epoch: 0,
            connection: 0,
            settled: false,
        };
        self.messages.push(message);
        if qos == 0 {
            self.send(Flight { id: 0, number, qos }, false);
        } else {
            session.queue.push_back((number, qos));
            if here {
                self.send_queued();
            }
        }
    }

    /// Whether nothing is left to be sent to the client, acknowledged or released.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.session.as_ref().is_none_or(|session| {
            session.queue.is_empty() && session.flights.is_empty() && session.releasing.is_empty()
        })
    }

    /// How many QoS 2 messages the client has not completed.
    #[must_use]
    pub fn exactly_once(&self) -> usize {
        let Some(session) = &self.session else { return 0 };
        session.releasing.len() + session.flights.iter().filter(|flight| flight.qos == 2).count()
    }

    /// The link has taken the whole of a PUBREC.
    pub(super) fn settled(&mut self, id: u16) {
        let Some(session) = &self.session else { return };
        let flight = session.flights.iter().find(|flight| flight.id == id && flight.qos == 2);
        if let Some(message) = flight.and_then(|flight| self.messages.get_mut(usize::from(flight.number))) {
            message.settled = message.handed != Handed::No;
        }
    }

    /// The client's program was restarted: what was handed over and not acknowledged may be handed over again.
    pub fn restarted(&mut self) {
        self.excused.clear();
        let Some(session) = &self.session else { return };
        for flight in &session.flights {
            if let Some(message) = self.messages.get_mut(usize::from(flight.number)) {
                if message.handed == Handed::Yes && !message.settled {
                    message.handed = Handed::Perhaps;
                }
            }
        }
    }

    /// Whether the client may not know that its last session is gone, and that what it remembers means nothing.
    #[must_use]
    pub fn is_doubtful(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.unsure)
    }

    /// The client cannot have written down that its session is gone.
    pub const fn doubt_session(&mut self) {
        if let Some(session) = &mut self.session {
            session.unsure = true;
        }
    }

    /// The client has handed over a message.
    pub fn told(&mut self, told: Told<'_>) {
        if !self.trusted {
            return;
        }
        let number = payload_number(told.payload);
        let Some(number) = number else {
            return self.object("MQTT 3.3.3", || "a message that was handed over is damaged".into());
        };
        let Some(connection) = &mut self.connection else { return };
        let (epoch, unsure) = (connection.epoch, connection.unsure);
        // What was handed over before is not handed over again.
        while let Some(sent) = connection.sent.front().filter(|sent| sent.qos == 2 && sent.number != number) {
            let message =
                self.messages.get(usize::from(sent.number)).filter(|message| message.epoch == epoch);
            if message.is_none_or(|message| message.handed == Handed::No) && !unsure {
                break;
            }
            connection.sent.pop_front();
        }
        let sent = connection.sent.pop_front();
        let message = self.messages.get_mut(usize::from(number));
        let (Some(sent), Some(message)) = (sent.filter(|sent| sent.number == number), message) else {
            return self
                .object("MQTT-4.5.0-2", || format!("message {number} was handed over instead of {sent:?}"));
        };
        let is_as_sent = told.topic.is_none_or(|topic| topic == message.topic)
            && told.payload.len() == message.payload
            && (told.qos, told.id, told.dup, told.retain) == (sent.qos, sent.id, sent.dup, message.retain);
        let is_twice = sent.qos == 2 && message.handed == Handed::Yes && message.epoch == epoch;
        message.handed = Handed::Yes;
        message.epoch = epoch;
        message.connection = self.connections;
        if !is_as_sent {
            self.object("MQTT 3.3", || {
                format!("message {number} was handed over as {told:?}, and sent as {sent:?}")
            });
        } else if is_twice {
            self.object("MQTT-4.3.3-2", || format!("message {number} of QoS 2 was handed over twice"));
        }
    }

    /// Sends what was not acknowledged again, and what waits.
    pub(super) fn resume(&mut self) {
        let (Some(connection), Some(session)) = (&mut self.connection, &mut self.session) else { return };
        for id in &session.releasing {
            self.trace.say("broker", || format!("sends PUBREL id {id} again"));
            self.output.extend_from_slice(&ack(6, *id));
            connection.pub_comps.push_back(*id);
        }
        for flight in session.flights.clone() {
            self.send(flight, true);
        }
        self.send_queued();
    }

    fn send_queued(&mut self) {
        loop {
            let Some(session) = &mut self.session else { return };
            if session.flights.len() + session.releasing.len() >= self.settings.window {
                return;
            }
            let Some((number, qos)) = session.queue.pop_front() else { return };
            let id = session.free_id(self.settings.reuses_ids);
            let flight = Flight { id, number, qos };
            session.flights.push_back(flight);
            self.send(flight, false);
        }
    }

    fn send(&mut self, flight: Flight, dup: bool) {
        let Flight { id, number, qos } = flight;
        let Some(connection) = self.connection.as_mut().filter(|connection| !connection.ended) else {
            return;
        };
        let Some(message) = self.messages.get(usize::from(number)) else { return };
        self.trace.say("broker", || {
            let dup = if dup { ", DUP" } else { "" };
            format!("sends PUBLISH id {id} QoS {qos}{dup}: its message {number}, {} bytes", message.payload)
        });
        let head = Head { dup, qos, retain: message.retain, topic: &message.topic, id };
        encode::publish(&mut self.output, head, message.payload);
        let start = self.output.len();
        self.output.resize(start + message.payload, 0);
        fill_payload(number, self.output.get_mut(start..).unwrap_or_default());
        connection.sent.push_back(Sent { number, qos, id, dup });
        match qos {
            1 => connection.pub_acks.push_back(id),
            2 => connection.pub_recs.push_back(id),
            _ => {}
        }
    }

    /// PUBACK, PUBREC or PUBCOMP has come.
    pub(super) fn handle_ack(&mut self, kind: u8, id: u16, now: u64) {
        self.trace.say("broker", || format!("gets {} id {id}", encode::name(kind)));
        let Some(connection) = &mut self.connection else { return };
        let (awaited, rule) = match kind {
            4 => (&mut connection.pub_acks, "MQTT-4.6.0-2"),
            5 => (&mut connection.pub_recs, "MQTT-4.6.0-3"),
            _ => (&mut connection.pub_comps, "MQTT-4.3.3-2"),
        };
        if awaited.front() != Some(&id) {
            let is_known = awaited.contains(&id);
            let rule = if is_known { rule } else { "MQTT-2.3.1-6" };
            awaited.retain(|other| *other != id);
            let what = if is_known { "is not in order" } else { "answers nothing" };
            self.object(rule, || format!("{} of id {id} {what}", encode::name(kind)));
        } else {
            awaited.pop_front();
        }
        let (Some(connection), Some(session)) = (&mut self.connection, &mut self.session) else { return };
        if kind == 7 {
            session.releasing.retain(|other| *other != id);
            return self.send_queued();
        }
        let Some(at) = session.flights.iter().position(|flight| flight.id == id) else { return };
        let Some(flight) = session.flights.remove(at) else { return };
        if kind == 5 {
            session.releasing.push_back(id);
        }
        let (epoch, unsure, connections) = (connection.epoch, connection.unsure, self.connections);
        let handed = self.messages.get(usize::from(flight.number)).is_some_and(|message| {
            let here = message.connection == connections;
            here || flight.qos == 2 && message.epoch == epoch && message.handed != Handed::No
        });
        if !handed && !unsure {
            let number = flight.number;
            self.object("MQTT-4.5.0-2", || {
                format!("message {number} is acknowledged and was not handed over")
            });
        }
        if kind == 4 {
            self.send_queued();
        } else {
            if let Some(connection) = &mut self.connection {
                connection.pub_comps.push_back(id);
            }
            self.answer(&ack(6, id), 0, now);
        }
    }
}
