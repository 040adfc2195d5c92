//! What a broker remembers of one client, connected or not.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use umqtt_proto::wire::{Ack, Delivery, PacketType, Publish};
use umqtt_proto::{PacketId, QoS, TopicFilter, TopicName, Violation};

use super::ConnectionId;
use super::connection::{Output, lower};
use super::event::Message;
use super::settings::Settings;

/// A message on its way to a client.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) message: Arc<Message>,
    pub(super) qos: QoS,
    /// Whether it was kept and is sent because of a new subscription [MQTT-3.3.1-8].
    pub(super) retained: bool,
}

impl Outgoing {
    fn send(&self, delivery: Delivery, output: &mut Output) {
        let Ok(topic) = TopicName::new(&self.message.topic) else { return };
        output.publish(&Publish { topic, payload: &self.message.payload, retain: self.retained, delivery });
    }
}

/// A topic filter with its granted QoS.
#[derive(Debug)]
struct Granted {
    qos: QoS,
    has_wildcard: bool,
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) clean: bool,
    pub(super) connection: Option<ConnectionId>,
    subscriptions: BTreeMap<String, Granted>,
    /// Not sent yet, or not within the window.
    queue: VecDeque<Outgoing>,
    queued_bytes: usize,
    /// Sent, and neither PUBACK nor PUBREC came; in the order of sending.
    in_flight: VecDeque<(PacketId, Outgoing)>,
    /// PUBREC came and PUBCOMP did not; in the order of the PUBRECs [MQTT-4.6.0-4].
    releasing: VecDeque<PacketId>,
    /// Ids of received messages of QoS 2 whose PUBREL did not come.
    received: BTreeSet<PacketId>,
    next_id: PacketId,
}

impl Session {
    pub(super) const fn new(clean: bool) -> Self {
        Self {
            clean,
            connection: None,
            subscriptions: BTreeMap::new(),
            queue: VecDeque::new(),
            queued_bytes: 0,
            in_flight: VecDeque::new(),
            releasing: VecDeque::new(),
            received: BTreeSet::new(),
            next_id: PacketId::FIRST,
        }
    }

    /// Subscribes, or replaces the QoS of a filter [MQTT-3.8.4-3]; `false` when there are too many.
    pub(super) fn subscribe(&mut self, filter: TopicFilter<'_>, qos: QoS, max: usize) -> bool {
        let name = filter.as_str();
        if self.subscriptions.len() >= max && !self.subscriptions.contains_key(name) {
            return false;
        }
        let has_wildcard = name.contains(['+', '#']);
        self.subscriptions.insert(name.to_owned(), Granted { qos, has_wildcard });
        true
    }

    pub(super) fn unsubscribe(&mut self, filter: TopicFilter<'_>) {
        self.subscriptions.remove(filter.as_str());
    }

    pub(super) fn subscriptions(&self) -> impl Iterator<Item = (&str, QoS)> {
        self.subscriptions.iter().map(|(filter, granted)| (filter.as_str(), granted.qos))
    }

    /// The QoS of each filter that matches; in the order of the filters.
    pub(super) fn matching(&self, topic: TopicName<'_>) -> impl Iterator<Item = QoS> {
        self.subscriptions.iter().filter_map(move |(filter, granted)| {
            let matches = if granted.has_wildcard {
                TopicFilter::new(filter).is_ok_and(|filter| filter.matches(topic))
            } else {
                filter.as_bytes() == topic.as_bytes()
            };
            matches.then_some(granted.qos)
        })
    }

    /// Sends a message or queues it; `false` when it is dropped.
    pub(super) fn deliver(
        &mut self,
        message: Outgoing,
        output: Option<&mut Output>,
        settings: &Settings,
    ) -> bool {
        if message.qos == QoS::AtMostOnce {
            // Nothing of QoS 0 is kept for a client that is away.
            let Some(output) = output else { return false };
            if output.len() >= settings.max_unsent {
                return false;
            }
            message.send(Delivery::AtMostOnce, output);
            return true;
        }
        let size = message.message.size();
        let full = self.queue.len() >= settings.max_queued
            || self.queued_bytes.saturating_add(size) > settings.max_queued_bytes;
        // What can be sent at once needs no room in the queue.
        if full && !(self.queue.is_empty() && output.as_ref().is_some_and(|out| self.may_send(out, settings)))
        {
            return false;
        }
        self.queued_bytes += size;
        self.queue.push_back(message);
        if let Some(output) = output {
            self.send_queued(output, settings);
        }
        true
    }

    /// Sends what waits, as far as the window and the room in the output go.
    pub(super) fn send_queued(&mut self, output: &mut Output, settings: &Settings) {
        while self.may_send(output, settings) {
            let Some(message) = self.queue.pop_front() else { return };
            self.queued_bytes -= message.message.size();
            let id = self.free_id();
            message.send(Delivery::new(message.qos, id), output);
            self.in_flight.push_back((id, message));
        }
    }

    fn may_send(&self, output: &Output, settings: &Settings) -> bool {
        self.in_flight_len() < usize::from(settings.window) && output.len() < settings.max_unsent
    }

    /// An id that no exchange holds; the window is smaller than the number of ids.
    fn free_id(&mut self) -> PacketId {
        loop {
            let id = self.next_id;
            self.next_id = id.next();
            if !self.releasing.contains(&id) && !self.in_flight.iter().any(|(other, _)| *other == id) {
                return id;
            }
        }
    }

    /// Sends again what was not acknowledged when the last connection ended: same ids, same order, DUP
    /// [MQTT-4.4.0-1, MQTT-4.6.0-1, -4].
    pub(super) fn resume(&mut self, output: &mut Output, settings: &Settings) {
        for id in &self.releasing {
            output.raw(PacketType::PubRel, &Ack::PubRel(*id).to_bytes());
        }
        for (id, message) in &self.in_flight {
            let delivery = match message.qos {
                QoS::ExactlyOnce => Delivery::ExactlyOnce { id: *id, dup: true },
                _ => Delivery::AtLeastOnce { id: *id, dup: true },
            };
            message.send(delivery, output);
        }
        self.send_queued(output, settings);
    }

    /// Takes note of a message of QoS 2; `false` when it was received already [MQTT-4.3.3-2].
    pub(super) fn receive_exactly_once(&mut self, id: PacketId) -> bool {
        self.received.insert(id)
    }

    /// Handles an acknowledgement and returns the answer to it.
    ///
    /// An acknowledgement that nothing waits for is late or repeated, and harmless.
    pub(super) fn acknowledge(&mut self, ack: Ack) -> Result<Option<Ack>, Violation> {
        match ack {
            Ack::PubAck(id) => {
                self.settle(id, QoS::AtLeastOnce)?;
                Ok(None)
            }
            Ack::PubRec(id) => {
                if self.settle(id, QoS::ExactlyOnce)? {
                    self.releasing.push_back(id);
                }
                Ok(Some(Ack::PubRel(id)))
            }
            Ack::PubComp(id) => {
                self.releasing.retain(|releasing| *releasing != id);
                Ok(None)
            }
            Ack::PubRel(id) => {
                self.received.remove(&id);
                Ok(Some(Ack::PubComp(id)))
            }
            Ack::UnsubAck(_) => Err(Violation::UnexpectedPacket),
        }
    }

    /// Lets a message go whose first acknowledgement came; one of the wrong kind is a violation.
    fn settle(&mut self, id: PacketId, qos: QoS) -> Result<bool, Violation> {
        let Some(at) = self.in_flight.iter().position(|(other, _)| *other == id) else { return Ok(false) };
        if self.in_flight.get(at).is_some_and(|(_, message)| message.qos != qos) {
            return Err(Violation::UnexpectedPacket);
        }
        self.in_flight.remove(at);
        Ok(true)
    }

    pub(super) fn queued_len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn in_flight_len(&self) -> usize {
        self.in_flight.len() + self.releasing.len()
    }

    pub(super) fn received_len(&self) -> usize {
        self.received.len()
    }
}

/// The deliveries of one message to a session whose filters matched with these QoS.
pub(super) fn deliveries(
    matching: impl Iterator<Item = QoS>,
    published: QoS,
    each_overlap: bool,
) -> Vec<QoS> {
    let granted = matching.map(|granted| lower(published, granted));
    if each_overlap { granted.collect() } else { granted.max().into_iter().collect() }
}
