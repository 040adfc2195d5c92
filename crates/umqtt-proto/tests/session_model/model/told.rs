//! What a client is told, held against what may be.

use umqtt_proto::wire::Delivery;
use umqtt_proto::{Event, OnSessionLost, PacketId, Phase, QoS, Store};

use super::broker::tag;
use super::client::{Client, Request};

/// An event, without the bytes that it borrows.
#[derive(Debug)]
pub(super) enum Told {
    Connected,
    Message { payload: Vec<u8>, first: bool, remaining: u32, delivery: Option<Delivery> },
    Answer { id: PacketId, late: bool, filters: Option<usize> },
    TimedOut(PacketId),
    Lost(PacketId),
}

impl From<Event<'_>> for Told {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Connected { .. } => Self::Connected,
            Event::Message(message) => Self::Message {
                payload: message.payload.to_vec(),
                first: true,
                remaining: 0,
                delivery: Some(message.delivery),
            },
            Event::MessageStart(start) => Self::Message {
                payload: start.payload.to_vec(),
                first: true,
                remaining: start.remaining,
                delivery: Some(start.delivery),
            },
            Event::MessagePart { bytes, remaining } => {
                Self::Message { payload: bytes.to_vec(), first: false, remaining, delivery: None }
            }
            Event::Delivered { id, late } | Event::Unsubscribed { id, late } => {
                Self::Answer { id, late, filters: None }
            }
            Event::Subscribed { id, return_codes, late } => {
                Self::Answer { id, late, filters: Some(return_codes.len()) }
            }
            Event::TimedOut { id } => Self::TimedOut(id),
            Event::Lost { id } => Self::Lost(id),
            other => panic!("{other:?}: the broker acknowledges what it got, once"),
        }
    }
}

impl<S: Store, const KIND: u8> Client<S, KIND> {
    /// Holds what was told against what may be.
    pub(super) fn told(&mut self, told: Told) {
        match told {
            Told::Connected => assert_ne!(self.phase(), Phase::AwaitConnAck),
            Told::Message { payload, first, remaining, delivery } => {
                self.message(payload, first, remaining, delivery);
            }
            Told::Answer { id, late, filters } => {
                let Some((request, timed_out)) = self.open.remove(&id) else {
                    panic!("{id} was told already");
                };
                assert_eq!(late, timed_out);
                match (request, filters) {
                    (Request::Message(tag, qos), None) => {
                        assert!(self.broker.arrived.contains_key(&tag));
                        assert_eq!(self.delivered.insert(tag, qos), None);
                    }
                    (Request::Subscribe(asked), Some(granted)) => assert_eq!(asked, granted),
                    (Request::Unsubscribe, None) => {}
                    other => panic!("{other:?}"),
                }
            }
            Told::TimedOut(id) => {
                let timed_out = &mut self.open.get_mut(&id).expect("an id in use").1;
                assert!(!*timed_out, "{id} is told once");
                *timed_out = true;
            }
            Told::Lost(id) => {
                let (request, _) = self.open.remove(&id).expect("an id in use");
                if let Request::Message(tag, qos) = request {
                    if S::KEEPS && !self.cleaned {
                        assert!(self.broker.forgot, "message {tag} was kept");
                        // Sent again, but for what is known to have arrived.
                        let released = qos == QoS::ExactlyOnce && self.broker.arrived.contains_key(&tag);
                        assert!(released || self.choice == OnSessionLost::Tell, "message {tag} was kept");
                        let packet = self.engine.session_mut().store_mut().length(id);
                        // One whose PUBREC has come has no payload to look at.
                        assert!(released || packet.is_some(), "the caller can still look at message {tag}");
                    }
                    assert_eq!(self.lost.insert(tag, qos), None);
                    self.gone.insert(id, (tag, qos));
                }
            }
        }
    }

    /// A message is handed out, or a part of it.
    fn message(&mut self, bytes: Vec<u8>, first: bool, remaining: u32, delivery: Option<Delivery>) {
        let (delivery, payload) = if first {
            assert!(self.arriving.is_none());
            (delivery.expect("told at the start"), bytes)
        } else {
            let (delivery, mut payload) = self.arriving.take().expect("a message that has begun");
            payload.extend(bytes);
            (delivery, payload)
        };
        if remaining > 0 {
            self.arriving = Some((delivery, payload));
            return;
        }
        let tag = tag(&payload);
        if delivery.qos() == QoS::AtMostOnce {
            assert_eq!(tag, u32::MAX);
            return;
        }
        let again = tag < self.handed_out;
        let repeated = self.repeated == Some(tag);
        if repeated {
            self.repeated = None;
        }
        let may_repeat = delivery.qos() == QoS::AtLeastOnce || repeated;
        assert!(!again || may_repeat, "message {tag} is handed out twice");
        if !again {
            let gap = self.cleaned || self.broker.forgot;
            assert!(gap || tag == self.handed_out, "messages are handed out in order");
            self.handed_out = tag + 1;
        }
        if let Delivery::ExactlyOnce { id, .. } = delivery {
            self.last = Some((tag, id));
        }
    }
}
