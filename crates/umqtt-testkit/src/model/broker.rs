//! The broker: connections, CONNECT, what is answered late, and what the broker complains about.

use std::collections::VecDeque;

use super::complaint::Complaint;
use super::decode::{self, Connect, Packet};
use super::encode;
use super::from_client::Attempt;
use super::session::Session;
use super::to_client::{Message, Sent};
use super::trace::Trace;

/// How a [`Broker`] behaves within what the standard allows.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How many messages of QoS 1 and 2 may be on their way to the client.
    pub window: usize,
    /// Ids are taken from 1 on as soon as they are free, rather than one after the other.
    pub reuses_ids: bool,
    /// The milliseconds until an acknowledgement goes out; PINGRESP goes out at once.
    pub answers_in: u32,
    /// The highest QoS that is granted.
    pub max_qos: u8,
    /// The filter `#` is there with this QoS from the beginning of each session.
    pub subscribes: Option<u8>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { window: 20, reuses_ids: false, answers_in: 0, max_qos: 2, subscribes: None }
    }
}

/// What CONNECT is to say, as the program gave it to its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Whether a clean session is asked for.
    pub clean_session: bool,
    /// The keep-alive in seconds.
    pub keep_alive: u16,
    /// The client id.
    pub client_id: &'static str,
    /// Topic, payload, QoS and retain of the will.
    pub will: Option<(&'static str, &'static [u8], u8, bool)>,
    /// User name and password.
    pub login: Option<(&'static str, &'static [u8])>,
}

/// A strict broker for one client: it has the sessions of one client id, follows each message by its number, and
/// complains about whatever a client may not do.
#[derive(Debug)]
pub struct Broker {
    pub(super) settings: Settings,
    pub(super) trace: Trace,
    pub(super) connection: Option<Connection>,
    pub(super) session: Option<Session>,
    /// What is to be sent.
    pub(super) output: Vec<u8>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) messages: Vec<Message>,
    pub(super) epoch: u32,
    pub(super) connections: u32,
    pub(super) requests: u32,
    pub(super) trusted: bool,
    /// Ids whose PUBREL may come although their session is gone.
    pub(super) excused: Vec<u16>,
    complaint: Option<Complaint>,
    expected: Option<Expected>,
    refusal: Option<u8>,
    loses_session: bool,
}

/// The connection that stands, or the last one.
#[derive(Debug)]
pub(super) struct Connection {
    input: Vec<u8>,
    pub(super) accepted: bool,
    /// DISCONNECT has come.
    disconnected: bool,
    /// The broker closes it.
    pub(super) closing: bool,
    /// The link has ended.
    pub(super) ended: bool,
    /// The session is new, although the client asked for one that goes on.
    begins_session: bool,
    heard: u64,
    /// The longest silence in milliseconds; 0 for any.
    patience: u64,
    /// What is answered late: when, how many bytes, and the id whose exchange ends.
    late: VecDeque<(u64, usize, u16)>,
    late_bytes: VecDeque<u8>,
    pub(super) epoch: u32,
    pub(super) unsure: bool,
    /// The number of the last message that came.
    pub(super) last_number: Option<u16>,
    /// Ids that are to come, in this order.
    pub(super) pub_acks: VecDeque<u16>,
    pub(super) pub_recs: VecDeque<u16>,
    pub(super) pub_rels: VecDeque<u16>,
    pub(super) pub_comps: VecDeque<u16>,
    /// The place of the last PUBREL that was sent again, in the order of the PUBRECs.
    pub(super) released: u32,
    /// Messages that were sent to the client, and that it has not handed over.
    pub(super) sent: VecDeque<Sent>,
}

impl Broker {
    /// A broker without a session.
    #[must_use]
    pub fn new(settings: Settings, trace: Trace) -> Self {
        Self {
            settings,
            trace,
            connection: None,
            session: None,
            output: Vec::new(),
            attempts: Vec::new(),
            messages: Vec::new(),
            epoch: 0,
            connections: 0,
            requests: 0,
            trusted: true,
            excused: Vec::new(),
            complaint: None,
            expected: None,
            refusal: None,
            loses_session: false,
        }
    }

    /// The first complaint, if there is one.
    #[must_use]
    pub const fn complaint(&self) -> Option<&Complaint> {
        self.complaint.as_ref()
    }

    /// Complains, unless there was a complaint before.
    pub fn complain(&mut self, complaint: Complaint) {
        self.trace.say("broker", || format!("complains: {complaint}"));
        self.complaint.get_or_insert(complaint);
        if let Some(connection) = &mut self.connection {
            connection.closing = true;
        }
    }

    /// Complains about something that a client cannot help if it was lied to.
    pub(super) fn object(&mut self, rule: &'static str, what: impl FnOnce() -> String) {
        if self.trusted {
            self.complain(Complaint::new(rule, what()));
        }
    }

    /// Whether all that the client was sent came from this broker.
    #[must_use]
    pub const fn is_trusted(&self) -> bool {
        self.trusted
    }

    /// The client is sent what does not come from the broker.
    pub(super) const fn distrust(&mut self) {
        self.trusted = false;
    }

    pub(super) fn has_accepted(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.accepted && !connection.ended)
    }

    /// How the broker behaves from now on.
    pub const fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// Says what the next CONNECT must be.
    pub fn expect(&mut self, expected: Expected) {
        self.expected = Some(expected);
    }

    /// Lets the next CONNECT be refused with this return code.
    pub const fn refuse_next(&mut self, return_code: Option<u8>) {
        self.refusal = return_code;
    }

    /// Lets the session be lost when the client connects the next time.
    pub const fn lose_session(&mut self) {
        self.loses_session = true;
    }

    /// How many connections there were.
    #[must_use]
    pub const fn connections(&self) -> u32 {
        self.connections
    }

    /// How many SUBSCRIBEs and UNSUBSCRIBEs have come.
    #[must_use]
    pub const fn requests(&self) -> u32 {
        self.requests
    }

    /// How many sessions there were.
    #[must_use]
    pub const fn sessions(&self) -> u32 {
        self.epoch
    }

    /// A new link is there; the client has read so many bytes of the last one.
    pub(super) fn open(&mut self, read: u64, now: u64) {
        self.lost();
        // A client that did not read CONNACK does not know that its session is gone.
        let unread = read < 4 && self.connection.as_ref().is_some_and(|connection| connection.begins_session);
        if let Some(session) = self.session.as_mut().filter(|_| unread) {
            session.unsure = true;
        }
        self.connections += 1;
        self.output.clear();
        let mut input = self.connection.take().map(|connection| connection.input).unwrap_or_default();
        input.clear();
        self.connection = Some(Connection {
            input,
            accepted: false,
            disconnected: false,
            closing: false,
            ended: false,
            begins_session: false,
            heard: now,
            patience: 0,
            late: VecDeque::new(),
            late_bytes: VecDeque::new(),
            epoch: self.epoch,
            unsure: false,
            last_number: None,
            pub_acks: VecDeque::new(),
            pub_recs: VecDeque::new(),
            pub_rels: VecDeque::new(),
            pub_comps: VecDeque::new(),
            released: 0,
            sent: VecDeque::new(),
        });
    }

    /// The link has ended.
    pub(super) fn lost(&mut self) {
        self.output.clear();
        if let Some(connection) = &mut self.connection {
            connection.ended = true;
        }
        if let Some(session) = &mut self.session {
            session.open.clear();
        }
    }

    /// Whether the broker wants to end the connection.
    pub(super) fn closes(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.closing && !connection.ended)
    }

    pub(super) fn receive(&mut self, bytes: &[u8], now: u64) {
        let Some(connection) = self.connection.as_mut().filter(|connection| !connection.ended) else {
            return;
        };
        if connection.disconnected && !bytes.is_empty() {
            return self.complain(Complaint::new("MQTT-3.14.4-2", "bytes after DISCONNECT"));
        }
        // A packet that takes long to arrive is no silence.
        connection.heard = now;
        connection.input.extend_from_slice(bytes);
        let mut input = std::mem::take(&mut connection.input);
        let mut at = 0;
        while let Some(rest) = input.get(at..).filter(|rest| !rest.is_empty() && !self.closes()) {
            match decode::frame(rest) {
                Ok(Some((start, end))) => {
                    let (Some(first), Some(body)) = (rest.first(), rest.get(start..end)) else { break };
                    self.packet(*first, body, now);
                    at += end;
                }
                Ok(None) => break,
                Err(complaint) => self.complain(complaint),
            }
        }
        input.drain(..at);
        if let Some(connection) = &mut self.connection {
            connection.input = input;
            connection.closing |= connection.disconnected;
        }
    }

    fn packet(&mut self, first: u8, body: &[u8], now: u64) {
        let Some(connection) = &mut self.connection else { return };
        let (kind, accepted, disconnected) = (first >> 4, connection.accepted, connection.disconnected);
        if disconnected {
            return self.complain(Complaint::new(
                "MQTT-3.14.4-2",
                format!("{} after DISCONNECT", encode::name(kind)),
            ));
        }
        let packet = match decode::decode(first, body) {
            Ok(packet) => packet,
            Err(complaint) => return self.complain(complaint),
        };
        if accepted == (kind == 1) {
            let rule = if accepted { "MQTT-3.1.0-2" } else { "MQTT-3.1.0-1" };
            return self
                .complain(Complaint::new(rule, format!("{} is not allowed here", encode::name(kind))));
        }
        match packet {
            Packet::Connect(connect) => self.connect(&connect, now),
            Packet::Publish(publish) => self.handle_publish(&publish, now),
            Packet::Ack(6, id) => self.handle_pub_rel(id, now),
            Packet::Ack(kind, id) => self.handle_ack(kind, id, now),
            Packet::Subscribe(id, filters) => self.handle_subscribe(id, filters, now),
            Packet::Unsubscribe(id, filters) => self.handle_unsubscribe(id, filters, now),
            Packet::PingReq => {
                self.trace.say("broker", || "gets PINGREQ, answers PINGRESP".into());
                self.output.extend_from_slice(&[0xd0, 0]);
            }
            Packet::Disconnect => {
                self.trace.say("broker", || "gets DISCONNECT".into());
                if let Some(number) = self.missing() {
                    let what = || format!("DISCONNECT comes before message {number}, which was taken");
                    self.object("MQTT-4.6.0-1", what);
                }
                if let Some(connection) = &mut self.connection {
                    connection.disconnected = true;
                }
            }
        }
    }

    fn connect(&mut self, connect: &Connect<'_>, now: u64) {
        self.trace.say("broker", || {
            format!(
                "gets CONNECT, clean session {}, keep-alive {} s",
                connect.clean_session, connect.keep_alive
            )
        });
        if let Some(expected) = &self.expected {
            let said = Connect {
                clean_session: expected.clean_session,
                keep_alive: expected.keep_alive,
                client_id: expected.client_id,
                will: expected.will,
                user_name: expected.login.map(|(name, _)| name),
                password: expected.login.map(|(_, password)| password),
            };
            if *connect != said {
                let what = format!("{connect:?} instead of {said:?}");
                self.object("MQTT 3.1", || what);
            }
        }
        if let Some(code) = self.refusal.take() {
            self.trace.say("broker", || format!("refuses with {code}"));
            self.output.extend_from_slice(&[0x20, 2, 0, code]);
            if let Some(connection) = &mut self.connection {
                connection.closing = true;
            }
            return;
        }
        let loses = std::mem::take(&mut self.loses_session);
        let goes_on =
            !connect.clean_session && !loses && self.session.as_ref().is_some_and(|session| !session.clean);
        if !goes_on {
            self.epoch += 1;
            self.session = Some(Session::new(connect.clean_session, self.settings.subscribes));
        }
        let Some(connection) = &mut self.connection else { return };
        connection.accepted = true;
        connection.begins_session = !goes_on && !connect.clean_session;
        connection.epoch = self.epoch;
        connection.unsure = self.session.as_ref().is_some_and(|session| session.unsure);
        connection.patience = u64::from(connect.keep_alive) * 1_500;
        connection.heard = now;
        self.trace.say("broker", || format!("answers CONNACK, session present {goes_on}"));
        self.output.extend_from_slice(&[0x20, 2, u8::from(goes_on), 0]);
        self.resume();
    }

    /// Answers, at once or late; the exchange of this id ends then, if it is one of the client's.
    pub(super) fn answer(&mut self, packet: &[u8], ends: u16, now: u64) {
        let Some(connection) = self.connection.as_mut().filter(|connection| !connection.ended) else {
            return;
        };
        let millis = self.settings.answers_in;
        if millis == 0 && connection.late.is_empty() {
            self.output.extend_from_slice(packet);
            self.close_exchange(ends);
        } else {
            connection.late.push_back((now + u64::from(millis), packet.len(), ends));
            connection.late_bytes.extend(packet);
        }
    }

    /// When time alone changes something.
    pub(super) fn next(&self) -> Option<u64> {
        let connection =
            self.connection.as_ref().filter(|connection| !connection.ended && !connection.closing)?;
        let answer = connection.late.front().map(|(at, ..)| *at);
        let silence = (connection.patience > 0).then(|| connection.heard + connection.patience);
        answer.into_iter().chain(silence).min()
    }

    pub(super) fn tick(&mut self, now: u64) {
        loop {
            let Some(connection) = self.connection.as_mut().filter(|connection| !connection.ended) else {
                return;
            };
            if connection.patience > 0 && now >= connection.heard + connection.patience && !connection.closing
            {
                self.trace.say("broker", || "closes: silent for one and a half times the keep-alive".into());
                connection.closing = true;
            }
            let Some((_, count, ends)) = connection.late.front().copied().filter(|(at, ..)| *at <= now)
            else {
                return;
            };
            connection.late.pop_front();
            self.output.extend(connection.late_bytes.drain(..count));
            self.close_exchange(ends);
        }
    }

    fn close_exchange(&mut self, id: u16) {
        if let Some(session) = &mut self.session {
            session.open.retain(|open| *open != id);
        }
    }
}
