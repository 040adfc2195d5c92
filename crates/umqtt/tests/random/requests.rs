//! What a program asks of its client, or of the half of it that sends while a message is held.

use umqtt::{Buffers, Error, QoS, RequestError, Sender, TopicFilter};
use umqtt_testkit::model::{fill_payload, topic_of};

use crate::context::{Context, Seen};
use crate::ledger::What;
use crate::promises::{Call, Failure};
use crate::wire::Wire;

const FILTERS: [&str; 5] = ["#", "d", "d/#", "d/+", "+/x"];
const QOS: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

/// How a message is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    Publish,
    Enqueue,
    Large,
}

impl Context {
    /// Does something that needs no look at the link.
    pub fn request<B: Buffers>(&mut self, sender: &mut Sender<'_, Wire, B>) {
        match self.rng.u8(..32) {
            0..14 => self.publish(sender, How::Publish),
            14..20 => self.publish(sender, How::Enqueue),
            20..23 => self.publish(sender, How::Large),
            23..26 => self.flush(sender),
            26..29 => self.subscribe(sender),
            29 => self.unsubscribe(sender),
            30 => self.ping(sender),
            _ => {
                let longest = self.plan.longest_sleep;
                let millis = self.rng.u32(..=longest);
                self.sleep(millis);
            }
        }
    }

    /// The length of the topic and of the payload of a message.
    fn lengths(&mut self, how: How, room: usize) -> (usize, usize) {
        if room > 12 && self.chance(16) {
            // All of the transmit buffer but a few bytes.
            return (1, room - self.rng.usize(5..12));
        }
        let topic = if self.chance(200) { 1 } else { self.rng.usize(1..24) };
        let most = match self.rng.u8(..16) {
            0..11 => 12,
            11..14 => self.plan.transmit,
            14 => self.plan.transmit * 3,
            // The length of the packet has two bytes, or three.
            _ if self.chance(16) => 20_000,
            _ => 3_000,
        };
        let least = if how == How::Large && self.rng.bool() { self.plan.transmit } else { 2 };
        (topic, self.rng.usize(2..=most.max(3)).max(least))
    }

    pub fn publish<B: Buffers>(&mut self, sender: &mut Sender<'_, Wire, B>, how: How) {
        let room = self.plan.transmit.saturating_sub(Seen::of::<B>(sender.session()).pending);
        let (topic, length) = self.lengths(how, room);
        let qos = self.rng.u8(..3);
        self.publish_this(sender, how, topic, length, qos);
    }

    pub fn publish_this<B: Buffers>(
        &mut self,
        sender: &mut Sender<'_, Wire, B>,
        how: How,
        topic: usize,
        length: usize,
        qos: u8,
    ) {
        let retain = self.chance(40);
        let number = self.world.borrow_mut().broker.attempt(qos, retain, topic, length);
        let topic = topic_of(topic);
        let mut payload = vec![0; length];
        fill_payload(number, &mut payload);
        self.trace.say("program", || format!("{how:?}: message {number} of QoS {qos}, {length} bytes"));
        let call = if how == How::Enqueue { Call::Enqueue } else { Call::Write };
        let level = QOS[usize::from(qos)];
        let before = Seen::of::<B>(sender.session());
        let packet = packet_length(topic.len(), length, qos);
        self.writing = before.pending + packet;
        self.begin(call);
        let result = match how {
            How::Publish => sender.publish(topic.as_str(), &payload, level, retain),
            How::Enqueue => sender.enqueue(topic.as_str(), &payload, level, retain),
            How::Large => sender.publish_large(topic.as_str(), &payload, level, retain),
        };
        let seen = Seen::of::<B>(sender.session());
        if !self.end(call, seen, result.as_ref().err()) {
            self.unknown = (qos > 0).then_some((number, qos));
            return;
        }
        let what = What::Message(number, qos);
        let streams = how == How::Large || self.plan.kind.streams();
        if streams && length > self.plan.transmit {
            self.tally.in_pieces += 1;
        }
        match result {
            Ok(id) | Err(Error::Taken { id, .. }) => self.take(call, id, what, packet, &seen),
            Err(error) => {
                self.refuse(number);
                if let Error::Request(error) = error {
                    let head = if streams { packet - length } else { packet };
                    self.check_refusal(
                        error,
                        if error == RequestError::NotConnected { before } else { seen },
                        head,
                        qos,
                        false,
                    );
                }
            }
        }
    }

    pub fn subscribe<B: Buffers>(&mut self, sender: &mut Sender<'_, Wire, B>) {
        let count = self.rng.usize(1..=3);
        let mut codes = [0; 3];
        let max_qos = self.plan.settings.max_qos;
        let filters: Vec<(TopicFilter<'_>, QoS)> = codes[..count]
            .iter_mut()
            .map(|code| {
                let qos = self.rng.u8(..3);
                *code = qos.min(max_qos);
                (TopicFilter::new(FILTERS[self.rng.usize(..FILTERS.len())]).unwrap(), QOS[usize::from(qos)])
            })
            .collect();
        self.trace.say("program", || format!("subscribes to {count} filters"));
        let packet = 4 + filters.iter().map(|(filter, _)| 3 + filter.as_bytes().len()).sum::<usize>();
        self.writing = 100 + Seen::of::<B>(sender.session()).pending;
        self.begin(Call::Write);
        let result = sender.subscribe_many(&filters);
        let seen = Seen::of::<B>(sender.session());
        self.end_request(What::Subscribe(codes, count), result, seen, packet);
    }

    fn unsubscribe<B: Buffers>(&mut self, sender: &mut Sender<'_, Wire, B>) {
        let filter = FILTERS[self.rng.usize(..FILTERS.len())];
        self.trace.say("program", || format!("unsubscribes from {filter}"));
        self.writing = 100 + Seen::of::<B>(sender.session()).pending;
        self.begin(Call::Write);
        let result = sender.unsubscribe(filter);
        let seen = Seen::of::<B>(sender.session());
        self.end_request(What::Unsubscribe, result, seen, 6 + filter.len());
    }

    fn end_request(
        &mut self,
        what: What,
        result: Result<umqtt::PacketId, Failure>,
        seen: Seen,
        packet: usize,
    ) {
        let lived = self.end(Call::Write, seen, result.as_ref().err());
        self.requests += u32::from(!lived || matches!(result, Ok(_) | Err(Error::Taken { .. })));
        if self.world.borrow().broker.requests() > self.requests {
            self.fail("a request was sent that was not taken");
        }
        if !lived {
            return;
        }
        match result {
            Ok(id) => self.take(Call::Write, Some(id), what, packet, &seen),
            Err(Error::Taken { id, .. }) => self.take(Call::Write, id, what, packet, &seen),
            Err(Error::Request(error)) => self.check_refusal(error, seen, packet, 0, false),
            Err(_) => {}
        }
    }

    pub fn flush<B: Buffers>(&mut self, sender: &mut Sender<'_, Wire, B>) {
        self.trace.say("program", || "flushes".into());
        self.writing = 100 + Seen::of::<B>(sender.session()).pending;
        self.begin(Call::Write);
        let result = sender.flush();
        let seen = Seen::of::<B>(sender.session());
        self.end(Call::Write, seen, result.as_ref().err());
    }

    fn ping<B: Buffers>(&mut self, sender: &mut Sender<'_, Wire, B>) {
        self.trace.say("program", || "pings".into());
        self.writing = 100 + Seen::of::<B>(sender.session()).pending;
        self.begin(Call::Write);
        let result = sender.ping();
        let seen = Seen::of::<B>(sender.session());
        self.pings += usize::from(seen.pending > 0);
        if self.end(Call::Write, seen, result.as_ref().err()) {
            if let Err(Error::Request(error)) = result {
                self.check_refusal(error, seen, 2, 0, false);
            }
        }
    }
}

/// The length of a PUBLISH.
fn packet_length(topic: usize, payload: usize, qos: u8) -> usize {
    let remaining = 2 + topic + if qos > 0 { 2 } else { 0 } + payload;
    1 + remaining
        + match remaining {
            0..128 => 1,
            128..16_384 => 2,
            _ => 3,
        }
}
