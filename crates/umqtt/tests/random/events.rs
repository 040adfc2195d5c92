//! What the client tells, held against what the program knows.

use umqtt::{Event, PacketId, PacketType, QoS, SubscribeReturnCode};
use umqtt_testkit::model::{Told, payload_number};

use crate::context::Context;
use crate::ledger::{Open, What};

/// A message that arrives in parts.
#[derive(Debug)]
pub struct Arriving {
    topic: Option<String>,
    payload: Vec<u8>,
    qos: u8,
    id: u16,
    dup: bool,
    retain: bool,
}

impl Context {
    /// The client has told something.
    pub fn on_event(&mut self, event: &Event<'_>) {
        match event {
            Event::Message(message) => {
                self.arrive(Arriving {
                    topic: Some(message.topic.as_str().to_owned()),
                    payload: message.payload.to_vec(),
                    qos: number(message.qos()),
                    id: message.delivery.id().map_or(0, PacketId::as_u16),
                    dup: message.dup(),
                    retain: message.retain,
                });
            }
            Event::MessageStart(start) => {
                let arriving = Arriving {
                    topic: start.topic.map(|topic| topic.as_str().to_owned()),
                    payload: start.payload.to_vec(),
                    qos: number(start.delivery.qos()),
                    id: start.delivery.id().map_or(0, PacketId::as_u16),
                    dup: start.delivery.dup(),
                    retain: start.retain,
                };
                if start.remaining == 0 {
                    self.arrive(arriving);
                } else if self.arriving.replace(arriving).is_some() {
                    self.fail("a large message begins in the middle of another");
                }
            }
            Event::MessagePart { bytes, remaining } => {
                let Some(mut arriving) = self.arriving.take() else {
                    return self.fail("a part of a message whose start was not told");
                };
                arriving.payload.extend_from_slice(bytes);
                if *remaining == 0 {
                    self.tally.in_parts += 1;
                    self.arrive(arriving);
                } else {
                    self.arriving = Some(arriving);
                }
            }
            Event::Delivered { id, late } => self.on_delivered(*id, *late),
            Event::Subscribed { id, return_codes, late } => {
                self.tally.subscribed += 1;
                let Some(open) = self.close(*id, "Subscribed") else { return };
                self.check_late(&open, *late);
                let What::Subscribe(codes, count) = open.what else {
                    return self.fail(format!("{:?} was told as subscribed", open.what));
                };
                let told: Vec<u8> = return_codes
                    .iter()
                    .map(|code| match code {
                        SubscribeReturnCode::Granted(qos) => number(qos),
                        SubscribeReturnCode::Failure => 0x80,
                    })
                    .collect();
                if told.len() != count || self.is_trusted() && told != codes[..count] {
                    self.fail(format!("granted {:?}, told {told:?}", &codes[..count]));
                }
            }
            Event::Unsubscribed { id, late } => {
                self.tally.unsubscribed += 1;
                let Some(open) = self.close(*id, "Unsubscribed") else { return };
                self.check_late(&open, *late);
                if open.what != What::Unsubscribe {
                    self.fail(format!("{:?} was told as unsubscribed", open.what));
                }
            }
            Event::TimedOut { id } => self.on_timed_out(*id),
            Event::Lost { id } => self.on_lost(*id),
            Event::UnknownAck { id, packet_type } => {
                if self.is_trusted() {
                    self.fail(format!("the broker's {packet_type:?} of id {id} is unknown to the client"));
                }
                assert!(*packet_type != PacketType::PubRel, "PUBREL is no acknowledgement");
            }
            _ => self.fail(format!("{event:?} is told")),
        }
    }

    fn arrive(&mut self, message: Arriving) {
        match message.qos {
            0 => self.tally.received_0 += 1,
            1 => self.tally.received_1 += 1,
            _ => self.tally.received_2 += 1,
        }
        self.trace.say("program", || {
            let number = payload_number(&message.payload);
            format!("gets message {number:?} of QoS {}, {} bytes", message.qos, message.payload.len())
        });
        let told = Told {
            topic: message.topic.as_deref(),
            payload: &message.payload,
            qos: message.qos,
            retain: message.retain,
            dup: message.dup,
            id: message.id,
        };
        self.world.borrow_mut().broker.told(told);
        self.owe(message.qos, message.id);
    }

    fn on_delivered(&mut self, id: PacketId, late: bool) {
        self.tally.delivered += 1;
        let Some(open) = self.close(id, "Delivered") else { return };
        self.check_late(&open, late);
        let What::Message(number, _) = open.what else {
            return self.fail(format!("{:?} was told as delivered", open.what));
        };
        if self.is_trusted() && !self.world.borrow().broker.has(number) {
            self.fail(format!("message {number} was told as delivered, and the broker does not have it"));
        }
    }

    fn check_late(&mut self, open: &Open, late: bool) {
        self.tally.late += u64::from(late);
        if late != open.late {
            self.fail(format!("{open:?} was told to be late: {late}"));
        }
    }

    fn on_timed_out(&mut self, id: PacketId) {
        self.tally.timed_out += 1;
        let now = self.now() + self.slack();
        // A client that can write no acknowledgement has no room to read in the end.
        let (looked, stalls) = {
            let world = self.world.borrow();
            let conduct = &world.conduct;
            (conduct.looked + self.slack(), !world.is_writable() || conduct.refused >= conduct.call)
        };
        let timeout = self.plan.timeouts.message;
        let Some(open) = self.open.iter_mut().find(|open| open.id == id) else {
            return self.fail(format!("the id {id} timed out, which is not open"));
        };
        let due = open.since + u64::from(timeout);
        let (again, too_soon, unseen) = (open.late, now < due, looked < due && !stalls);
        open.late = true;
        let open = *open;
        if again {
            self.fail(format!("{open:?} timed out twice"));
        } else if too_soon {
            self.fail(format!("{open:?} timed out after {} ms", now - open.since));
        } else if unseen {
            self.fail(format!("{open:?} timed out, and nothing was read after its time"));
        }
    }

    fn on_lost(&mut self, id: PacketId) {
        self.tally.lost += 1;
        let Some(open) = self.close(id, "Lost") else { return };
        self.lost.push(id);
        let connection = self.world.borrow().broker.connections();
        let is_over = !self.connected || open.connection < connection;
        let is_lost = !open.kept || open.connection < self.last_loss;
        if !is_over || !is_lost && self.is_trusted() {
            self.fail(format!("{open:?} was told as lost, and nothing was"));
        }
    }
}

pub const fn number(qos: QoS) -> u8 {
    match qos {
        QoS::AtMostOnce => 0,
        QoS::AtLeastOnce => 1,
        QoS::ExactlyOnce => 2,
    }
}
