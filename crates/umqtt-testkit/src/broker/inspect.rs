//! How a test inspects a broker.

use umqtt_proto::QoS;
use umqtt_proto::wire::PacketType;

use super::Broker;
use super::event::{Event, Message};
use super::session::Session;
use super::settings::Settings;

/// A view of the session of one client.
#[derive(Clone, Copy, Debug)]
pub struct SessionView<'a>(&'a Session);

impl<'a> SessionView<'a> {
    /// Whether the client is connected.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.0.connection.is_some()
    }

    /// Whether the session ends with its connection.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.0.clean
    }

    /// The topic filters with the QoS granted, in the order of the filters.
    pub fn subscriptions(&self) -> impl Iterator<Item = (&'a str, QoS)> + use<'a> {
        self.0.subscriptions()
    }

    /// How many messages wait until the client connects or its window opens.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.0.queued_len()
    }

    /// How many messages of QoS 1 and 2 were sent whose exchange the client has not completed.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.in_flight_len()
    }

    /// How many messages of QoS 2 came from the client whose PUBREL has not come.
    #[must_use]
    pub fn awaiting_pubrel(&self) -> usize {
        self.0.received_len()
    }
}

impl Broker {
    /// The limits of this broker.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What happened, the oldest first, as far as it is still held; see [`Settings::max_events`].
    #[must_use = "an iterator does nothing by itself"]
    pub fn events(&self) -> impl DoubleEndedIterator<Item = &Event> + ExactSizeIterator {
        self.events.iter()
    }

    /// Takes what happened since the last call.
    pub fn take_events(&mut self) -> Vec<Event> {
        self.events.take()
    }

    /// The published messages among the [`events`](Self::events).
    #[must_use = "an iterator does nothing by itself"]
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.events.iter().filter_map(|event| match event {
            Event::Published { message, .. } => Some(message.as_ref()),
            _ => None,
        })
    }

    /// The session of a client, connected or not.
    #[must_use]
    pub fn session(&self, client_id: &str) -> Option<SessionView<'_>> {
        self.sessions.get(client_id).map(SessionView)
    }

    /// The client ids of all sessions, in their order.
    pub fn client_ids(&self) -> impl Iterator<Item = &str> {
        self.sessions.keys().map(String::as_str)
    }

    /// The retained message of a topic.
    #[must_use]
    pub fn retained(&self, topic: &str) -> Option<&Message> {
        self.retained.get(topic)
    }

    /// How many messages are retained.
    #[must_use]
    pub fn retained_len(&self) -> usize {
        self.retained.len()
    }

    /// How many packets of this type came from all clients.
    ///
    /// A packet counts when it is whole, and also if it breaks a rule.
    #[must_use]
    pub fn received(&self, packet_type: PacketType) -> u64 {
        self.received.get(packet_type as usize).copied().unwrap_or(0)
    }

    /// How many packets of this type were taken by [`output`](Self::output) for all clients.
    #[must_use]
    pub fn sent(&self, packet_type: PacketType) -> u64 {
        self.sent.get(packet_type as usize).copied().unwrap_or(0)
    }

    /// How many deliveries were dropped: no room, or QoS 0 to a client that is away.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}
