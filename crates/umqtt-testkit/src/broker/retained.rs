//! The messages that are kept for later subscribers [MQTT 3.3.1.3].

use std::collections::BTreeMap;
use std::sync::Arc;

use umqtt_proto::{TopicFilter, TopicName};

use super::event::Message;
use super::settings::Settings;

#[derive(Debug, Default)]
pub(super) struct Retained {
    messages: BTreeMap<String, Arc<Message>>,
    bytes: usize,
}

impl Retained {
    /// Keeps a message instead of the one before; an empty one only clears the topic
    /// [MQTT-3.3.1-5, -10, -11]. Without room the topic is left without a message.
    pub(super) fn store(&mut self, message: &Arc<Message>, settings: &Settings) {
        if let Some(old) = self.messages.remove(&message.topic) {
            self.bytes -= old.size();
        }
        let room = self.messages.len() < settings.max_retained
            && self.bytes.saturating_add(message.size()) <= settings.max_retained_bytes;
        if room && !message.payload.is_empty() {
            self.bytes += message.size();
            self.messages.insert(message.topic.clone(), Arc::clone(message));
        }
    }

    /// The messages that a new subscription asks for [MQTT-3.3.1-6].
    pub(super) fn matching(&self, filter: TopicFilter<'_>) -> impl Iterator<Item = &Arc<Message>> {
        self.messages
            .iter()
            .filter(move |(topic, _)| TopicName::new(topic).is_ok_and(|topic| filter.matches(topic)))
            .map(|(_, message)| message)
    }

    pub(super) fn get(&self, topic: &str) -> Option<&Message> {
        self.messages.get(topic).map(Arc::as_ref)
    }

    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }
}
