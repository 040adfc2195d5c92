//! What the program was told and what the broker got: the books in which each rule is checked.

use umqtt_proto::Event;
use umqtt_proto::wire::Delivery;

use crate::config::{Config, Message, Request};
use crate::list::List;
use crate::packet::{TOPIC, letter, message_of, payload};
pub use crate::stage::Stage;

/// What is wrong with the engine, in a sentence.
pub type Checked<T = ()> = Result<T, String>;

/// A request of the program.
#[derive(Clone, Copy, Default, Hash, Debug)]
pub struct Asked {
    pub stage: Stage,
    pub id: u16,
    /// The program was told that the answer is late.
    pub is_late: bool,
    /// It was made on the connection that stands.
    is_of_connection: bool,
    /// Something happened after which its answer cannot come.
    may_be_lost: bool,
    /// The broker has lost what it knew of it.
    may_come_again: bool,
    /// The broker has sent PUBREC for it.
    is_received: bool,
    /// The broker has the message: it has handed it on.
    is_handed_on: bool,
    /// The broker has lost the message after PUBREC, and the client may take a new session for the old one.
    is_lost_unseen: bool,
}

/// A message of the broker.
#[derive(Clone, Copy, Default, Hash, Debug)]
pub struct Handed {
    /// The program has got it.
    pub is_told: bool,
    /// Power was lost before that could be written down.
    may_come_again: bool,
    /// It was sent on the connection that stands.
    is_of_connection: bool,
    /// It belongs to a new session that the client may take for the old one, and its id for that of a message of
    /// the old one.
    may_be_mistaken: bool,
}

/// The books.
///
/// One gap is MQTT's own. When the broker has lost the session, its CONNACK says so, once: if the link breaks
/// before that is read, the next CONNACK says that a session is present, and it is another one. What the client
/// then takes for done by the old session is not held against it.
#[derive(Clone, Copy, Hash, Debug)]
pub struct Witness {
    pub asked: List<Asked, 4>,
    pub handed: List<Handed, 4>,
    /// The message that the program got last on this connection, counted from 1.
    told_last: u8,
    /// A large message that is not all there: its number, and how many bytes of it are.
    arriving: Option<(u8, u8)>,
    /// The message of the program that arrived last on this connection, and ever, counted from 1.
    arrived_last: u8,
    arrived_ever: u8,
    /// The message that was released last on this connection, counted from 1.
    released_last: u8,
    /// The client has not read yet that the session is a new one.
    is_new_unseen: bool,
    /// The store could not write that down.
    is_untidy: bool,
    /// It takes the new session for the old one.
    pub is_mistaken: bool,
}

impl Witness {
    pub fn new(config: &Config) -> Self {
        let mut asked = List::new();
        config.requests.iter().for_each(|_| asked.push(Asked::default()));
        let mut handed = List::new();
        config.messages.iter().for_each(|_| handed.push(Handed::default()));
        Self {
            asked,
            handed,
            told_last: 0,
            arriving: None,
            arrived_last: 0,
            arrived_ever: 0,
            released_last: 0,
            is_new_unseen: false,
            is_untidy: false,
            is_mistaken: false,
        }
    }

    /// The number of the request that comes next.
    pub fn next_request(&self) -> Option<u8> {
        self.asked.as_slice().iter().position(|asked| asked.stage == Stage::Ahead).map(|at| at as u8)
    }

    /// Whether every request was made and has an end.
    pub fn all_ended(&self) -> bool {
        self.asked.as_slice().iter().all(|asked| !matches!(asked.stage, Stage::Ahead | Stage::Open))
    }

    /// Whether the program has got this message of the broker.
    pub fn is_told(&self, message: u8) -> bool {
        self.handed.as_slice()[usize::from(message)].is_told
    }

    pub fn open(&self) -> impl Iterator<Item = &Asked> {
        self.asked.as_slice().iter().filter(|asked| asked.stage == Stage::Open)
    }

    // The program.

    /// The program has made a request, which has this id; 0 with QoS 0.
    pub fn made(&mut self, request: u8, id: u16) -> Checked {
        if id != 0 && self.open().any(|open| open.id == id) {
            return Err(format!("id {id} is given to a request while another one with it has no end"));
        }
        let stage = if id == 0 { Stage::Ended } else { Stage::Open };
        let asked = &mut self.asked.as_mut_slice()[usize::from(request)];
        *asked = Asked { stage, id, is_of_connection: true, ..Asked::default() };
        Ok(())
    }

    pub fn refused(&mut self, request: u8) {
        self.asked.as_mut_slice()[usize::from(request)].stage = Stage::Refused;
    }

    /// Something was told.
    pub fn told(&mut self, event: &Event<'_>, config: &Config) -> Checked {
        match *event {
            Event::Connected { session_present } => {
                self.connected(session_present);
                self.is_untidy = false;
                Ok(())
            }
            Event::Message(message) => {
                if message.retain || message.topic.as_str() != TOPIC {
                    return Err(format!("a message is told with another topic or with RETAIN: {message:?}"));
                }
                let Some((number, large)) = message_of(message.payload) else {
                    return Err(format!("a message is told with another payload: {:02x?}", message.payload));
                };
                self.message(number, large, message.delivery, config)
            }
            Event::MessageStart(start) => {
                let Some(number) = start.payload.first().and_then(|byte| byte.checked_sub(b'A')) else {
                    return Err("a large message begins without its first byte".into());
                };
                if start.topic.is_none_or(|topic| topic.as_str() != TOPIC) || start.retain {
                    return Err("a large message begins with another topic or with RETAIN".into());
                }
                self.begin(number, start.delivery, config)?;
                self.part(number, 0, start.payload, start.remaining)
            }
            Event::MessagePart { bytes, remaining } => match self.arriving {
                Some((number, count)) => self.part(number, count, bytes, remaining),
                None => Err("a part of a message is told that has not begun".into()),
            },
            Event::Delivered { id, late } => {
                let asked = self.end(
                    id.as_u16(),
                    late,
                    |request| matches!(request, Request::Publish(_) | Request::Large(_)),
                    config,
                )?;
                if !asked.is_handed_on && !asked.is_lost_unseen {
                    return Err(format!(
                        "the message with id {id} is told as delivered, and the broker does not have it"
                    ));
                }
                Ok(())
            }
            Event::Subscribed { id, return_codes, late } => {
                self.end(id.as_u16(), late, |request| request == Request::Subscribe, config)?;
                if return_codes.len() != 1 {
                    return Err(format!("{} return codes are told for one filter", return_codes.len()));
                }
                Ok(())
            }
            Event::Unsubscribed { id, late } => {
                self.end(id.as_u16(), late, |request| request == Request::Unsubscribe, config)?;
                Ok(())
            }
            Event::TimedOut { id } => {
                let asked = self.find(id.as_u16())?;
                if asked.is_late {
                    return Err(format!("id {id} is told as timed out twice"));
                }
                asked.is_late = true;
                Ok(())
            }
            Event::Lost { id } => {
                let asked = self.find(id.as_u16())?;
                if !asked.may_be_lost {
                    return Err(format!("id {id} is told as lost, and its answer can still come"));
                }
                asked.stage = Stage::Lost;
                Ok(())
            }
            Event::UnknownAck { id, packet_type } => {
                Err(format!("{packet_type:?} {id} is told as unknown, and the broker had a reason for it"))
            }
            _ => Err(format!("an event that the model does not know: {event:?}")),
        }
    }

    /// The engine has read CONNACK.
    fn connected(&mut self, session_present: bool) {
        self.is_mistaken = session_present && self.is_new_unseen;
        if !session_present {
            self.is_new_unseen = false;
            self.asked.as_mut_slice().iter_mut().for_each(|asked| asked.is_lost_unseen = false);
        }
    }

    /// The engine has read CONNACK, and its store failed at that.
    pub fn store_failed_at_connection(&mut self, session_present: bool) {
        self.connected(session_present);
        self.is_untidy |= !session_present;
    }

    fn find(&mut self, id: u16) -> Checked<&mut Asked> {
        let mut open = self.asked.as_mut_slice().iter_mut().filter(|asked| asked.stage == Stage::Open);
        open.find(|asked| asked.id == id)
            .ok_or_else(|| format!("something is told of id {id}, and no request has it that is open"))
    }

    fn end(&mut self, id: u16, late: bool, fits: fn(Request) -> bool, config: &Config) -> Checked<Asked> {
        let index = self.asked.as_slice().iter().position(|one| one.stage == Stage::Open && one.id == id);
        let asked = self.find(id)?;
        let before = *asked;
        asked.end();
        if before.is_late != late {
            return Err(format!("the end of id {id} is told as {}late", if late { "" } else { "not " }));
        }
        match index.map(|index| config.requests[index]) {
            Some(request) if fits(request) => Ok(before),
            request => Err(format!("id {id} belongs to {request:?}, and the end of another request is told")),
        }
    }

    fn message(&mut self, number: u8, large: bool, delivery: Delivery, config: &Config) -> Checked {
        if self.arriving.is_some() {
            return Err("a message is told in the midst of another one".into());
        }
        self.begin(number, delivery, config)?;
        if large != matches!(config.messages[usize::from(number)], Message::Big(_)) {
            return Err(format!("message {} is told with another length", letter(number)));
        }
        self.complete(number);
        Ok(())
    }

    fn begin(&mut self, number: u8, delivery: Delivery, config: &Config) -> Checked {
        let name = letter(number);
        let Some(message) = config.messages.get(usize::from(number)) else {
            return Err(format!("message {name} is told, which the broker does not have"));
        };
        let handed = self.handed.as_slice();
        let this = handed[usize::from(number)];
        let qos = message.qos();
        if delivery.qos() as u8 != qos {
            return Err(format!("message {name} is told with QoS {}", delivery.qos() as u8));
        }
        if !this.is_of_connection || number < self.told_last {
            return Err(format!("message {name} is told, and the broker did not send it (again) just now"));
        }
        if this.is_told && !this.may_come_again && qos != 1 {
            return Err(format!("message {name} of QoS {qos} is handed over twice"));
        }
        // Nothing that was sent before it may be left out, but for what has been handed over already.
        for (earlier, other) in (0..number).zip(handed).skip(usize::from(self.told_last)) {
            let again =
                other.is_told && !other.may_come_again && config.messages[usize::from(earlier)].qos() == 2;
            if other.is_of_connection && !again && !other.may_be_mistaken {
                return Err(format!("message {name} is told before message {}", letter(earlier)));
            }
        }
        Ok(())
    }

    fn part(&mut self, number: u8, count: u8, bytes: &[u8], remaining: u32) -> Checked {
        let whole = payload(number, true);
        let end = usize::from(count) + bytes.len();
        if whole.as_slice().get(usize::from(count)..end) != Some(bytes) {
            return Err(format!("the parts of message {} are not what was sent", letter(number)));
        }
        if whole.as_slice().len() != end + remaining as usize {
            return Err(format!("of message {} are {remaining} bytes said to follow", letter(number)));
        }
        self.arriving = Some((number, end as u8));
        if remaining == 0 {
            self.arriving = None;
            self.complete(number);
        }
        Ok(())
    }

    fn complete(&mut self, number: u8) {
        let handed = &mut self.handed.as_mut_slice()[usize::from(number)];
        handed.is_told = true;
        handed.may_come_again = false;
        handed.may_be_mistaken = false;
        self.told_last = number + 1;
    }

    /// The session with the broker's link is over; `keeps` says whether messages outlive that.
    pub fn closed(&mut self, keeps: bool, config: &Config) {
        for (asked, request) in self.asked.as_mut_slice().iter_mut().zip(config.requests) {
            if asked.stage == Stage::Open {
                asked.may_be_lost |= !keeps || matches!(request, Request::Subscribe | Request::Unsubscribe);
            }
            asked.is_of_connection = false;
        }
        self.handed.as_mut_slice().iter_mut().for_each(|handed| handed.is_of_connection = false);
        self.told_last = 0;
        self.arriving = None;
        self.arrived_last = 0;
        self.released_last = 0;
    }

    /// Power was lost; the store still has the messages with these ids.
    pub fn restarted(&mut self, stored: &[u16]) {
        for asked in self.asked.as_mut_slice() {
            // What was told as lost, and was not let go, will be told again.
            if asked.stage == Stage::Lost && stored.contains(&asked.id) {
                asked.stage = Stage::Open;
            }
            if asked.stage == Stage::Open {
                asked.is_late = false;
                if !stored.contains(&asked.id) {
                    asked.end();
                    asked.stage = Stage::Unknown;
                }
            }
        }
        if self.is_untidy {
            self.is_untidy = false;
            self.is_new_unseen = true;
            self.mark_lost();
        }
        // A request that was written down, and power was lost before the program learnt its id.
        if let Some(&id) = stored.iter().find(|&&id| self.open().all(|open| open.id != id))
            && let Some(next) = self.asked.as_mut_slice().iter_mut().find(|asked| asked.stage == Stage::Ahead)
        {
            *next = Asked { stage: Stage::Open, id, ..Asked::default() };
        }
    }

    /// Power was lost before it could be written down that this message was handed over.
    pub fn forgotten(&mut self, message: u8) {
        self.handed.as_mut_slice()[usize::from(message)].may_come_again = true;
    }

    // The broker.

    /// The broker has lost the session, or begins a new one; `by_program` says that the program asked for it.
    pub fn session_gone(&mut self, by_program: bool, config: &Config) {
        self.is_new_unseen = true;
        self.mark_lost();
        for asked in self.asked.as_mut_slice() {
            if asked.stage == Stage::Open {
                asked.may_come_again = true;
                asked.may_be_lost |= by_program || config.tells_lost || asked.is_received;
            }
        }
    }

    /// What the broker has received and not handed on is gone.
    fn mark_lost(&mut self) {
        for asked in self.asked.as_mut_slice() {
            asked.is_lost_unseen |= asked.stage == Stage::Open && asked.is_received && !asked.is_handed_on;
        }
    }

    /// The broker sends a message.
    pub fn sent(&mut self, message: u8) {
        let handed = &mut self.handed.as_mut_slice()[usize::from(message)];
        handed.is_of_connection = true;
        handed.may_be_mistaken |= self.is_new_unseen;
    }

    /// A message arrives at the broker.
    pub fn arrived(&mut self, message: u8, qos: u8, dup: bool, large: bool, config: &Config) -> Checked {
        let name = letter(message);
        let Some(request) = config.requests.get(usize::from(message)) else {
            return Err(format!("message {name} arrives, which the program did not publish"));
        };
        let expected = match request {
            Request::Publish(qos) => (*qos, false),
            Request::Large(qos) => (*qos, true),
            _ => (3, false),
        };
        if expected != (qos, large) {
            return Err(format!("message {name} arrives with another QoS or length"));
        }
        let asked = self.asked.as_slice()[usize::from(message)];
        if dup == asked.is_of_connection && qos > 0 || dup && qos == 0 {
            let first = if asked.is_of_connection { "for the first time" } else { "again" };
            return Err(format!(
                "message {name} is sent {first}, and DUP is {} [MQTT-3.3.1-1]",
                u8::from(dup)
            ));
        }
        if message < self.arrived_last {
            return Err(format!(
                "message {name} arrives, and one behind it was sent on this connection before [MQTT-4.6.0-1]"
            ));
        }
        if message + 1 < self.arrived_ever && !asked.was_seen() {
            return Err(format!("message {name} arrives for the first time, and one behind it was before"));
        }
        if qos > 0 && asked.stage != Stage::Open {
            return Err(format!("message {name} is sent again after its end"));
        }
        self.arrived_last = message + 1;
        self.arrived_ever = self.arrived_ever.max(message + 1);
        Ok(())
    }

    /// The broker answers with PUBREC.
    pub fn received(&mut self, message: u8) {
        self.asked.as_mut_slice()[usize::from(message)].is_received = true;
    }

    /// The broker hands a message on.
    pub fn hand_on(&mut self, message: u8, qos: u8) -> Checked {
        let asked = &mut self.asked.as_mut_slice()[usize::from(message)];
        if asked.is_handed_on && qos != 1 && !asked.may_come_again {
            return Err(format!("the broker gets message {} of QoS {qos} twice", letter(message)));
        }
        asked.is_handed_on = true;
        Ok(())
    }

    /// PUBREL arrives at the broker for this message.
    pub fn released(&mut self, message: u8) -> Checked {
        if message < self.released_last {
            return Err(format!(
                "PUBREL comes for message {} behind that of a later one [MQTT-4.6.0-4]",
                letter(message)
            ));
        }
        self.released_last = message + 1;
        Ok(())
    }

    /// The broker gets an acknowledgement of this message.
    pub fn acknowledged(&self, message: u8) -> Checked {
        let handed = self.handed.as_slice()[usize::from(message)];
        if handed.is_told || handed.may_be_mistaken {
            Ok(())
        } else {
            Err(format!("message {} is acknowledged, and was never handed over", letter(message)))
        }
    }
}

impl Asked {
    fn end(&mut self) {
        *self = Self { stage: Stage::Ended, is_handed_on: self.is_handed_on, ..Self::default() };
    }

    fn was_seen(&self) -> bool {
        self.is_handed_on || self.is_received
    }
}
