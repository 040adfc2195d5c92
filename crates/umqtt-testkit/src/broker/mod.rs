//! The broker: bytes in, bytes out, time as an argument.

mod connection;
mod event;
mod inspect;
mod packets;
mod retained;
mod rules;
mod session;
mod settings;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use umqtt_proto::wire::Packet;
use umqtt_proto::{Instant, QoS, TopicName, Violation};

use self::connection::Connection;
use self::event::EventLog;
pub use self::event::{CloseReason, Event, Message};
pub use self::inspect::SessionView;
use self::retained::Retained;
use self::rules::Rules;
use self::session::{Outgoing, Session, deliveries};
pub use self::settings::Settings;

/// The id of one connection to a [`Broker`]; a broker never uses the same one twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u64);

impl ConnectionId {
    /// The connection with this number, for your own [`Service`](crate::link::Service).
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }
}

/// An MQTT 3.1.1 broker without sockets, threads and clock.
///
/// The driver [opens](Self::open) a connection, hands over what comes ([`receive`](Self::receive)), and sends what
/// [`output`](Self::output) returns. After each call, [`poll_ready`](Self::poll_ready) names the connections that
/// have output or were closed. When the transport has ended, [`lost`](Self::lost) says so; that also frees the
/// connection. [`tick`](Self::tick) lets time pass when nothing comes.
///
/// ```
/// use umqtt_proto::Instant;
/// use umqtt_testkit::Broker;
///
/// let now = Instant::from_millis(0);
/// let mut broker = Broker::default();
/// let connection = broker.open(now);
/// broker.receive(connection, b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04shed", now);
/// assert_eq!(broker.output(connection), b"\x20\x02\x00\x00");
/// assert!(broker.session("shed").unwrap().is_connected());
/// ```
#[derive(Default)]
pub struct Broker {
    settings: Settings,
    rules: Rules,
    connections: BTreeMap<ConnectionId, Connection>,
    sessions: BTreeMap<String, Session>,
    retained: Retained,
    events: EventLog,
    ready: VecDeque<ConnectionId>,
    next_connection: u64,
    next_client_id: u64,
    received: [u64; 16],
    sent: [u64; 16],
    dropped: u64,
}

impl Broker {
    /// A broker with these limits, that accepts every client.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Says that a transport was opened; the client must send CONNECT next.
    pub fn open(&mut self, now: Instant) -> ConnectionId {
        let id = ConnectionId(self.next_connection);
        self.next_connection += 1;
        let too_many = self.connections.len() >= self.settings.max_connections;
        self.connections.insert(id, Connection::new(now, self.settings.connect_timeout));
        if too_many {
            self.close(id, CloseReason::TooMany);
        }
        id
    }

    /// Handles bytes from a connection, split anywhere.
    ///
    /// What comes after the end of a connection is ignored.
    pub fn receive(&mut self, connection: ConnectionId, mut bytes: &[u8], now: Instant) {
        let Some(state) = self.connections.get_mut(&connection) else { return };
        if bytes.is_empty() {
            return;
        }
        state.heard = now;
        let mut input = std::mem::take(&mut state.input);
        while self.take_packet(connection, &mut input, &mut bytes) {}
        if let Some(state) = self.connections.get_mut(&connection) {
            state.input = input;
        }
        self.mark_ready(connection);
    }

    /// Handles the next packet; `false` when it is not complete, or the connection has ended.
    fn take_packet(&mut self, connection: ConnectionId, input: &mut Vec<u8>, bytes: &mut &[u8]) -> bool {
        let Some(state) = self.connections.get(&connection).filter(|state| state.closed.is_none()) else {
            *input = Vec::new();
            return false;
        };
        let (connected, max_packet_size) = (state.client_id.is_some(), self.settings.max_packet_size);
        let handled = if input.is_empty() {
            // The usual case: the bytes contain the whole packet, which is read in place.
            match connection::packet_length(bytes, connected, max_packet_size) {
                Ok(Some(length)) if length <= bytes.len() => {
                    let (packet, rest) = bytes.split_at_checked(length).unwrap_or_default();
                    *bytes = rest;
                    self.packet(connection, packet)
                }
                Ok(_) if bytes.is_empty() => return false,
                Ok(_) => {
                    // It will be filled up by the next call, once more bytes are there.
                    input.extend_from_slice(bytes);
                    *bytes = &[];
                    return false;
                }
                Err(violation) => Err(violation),
            }
        } else {
            match connection::fill(input, bytes, connected, max_packet_size) {
                Ok(true) => {
                    let handled = self.packet(connection, input);
                    *input = connection::reuse(std::mem::take(input));
                    handled
                }
                Ok(false) => return false,
                Err(violation) => Err(violation),
            }
        };
        if let Err(violation) = handled {
            self.close(connection, CloseReason::Violation(violation));
        }
        true
    }

    /// Handles one whole packet.
    fn packet(&mut self, connection: ConnectionId, bytes: &[u8]) -> Result<(), Violation> {
        let number = usize::from(bytes.first().map_or(0, |first| first >> 4));
        if let Some(count) = self.received.get_mut(number) {
            *count += 1;
        }
        match Packet::decode(bytes) {
            Ok(Some((packet, _))) => self.handle(connection, &packet),
            Ok(None) => Err(Violation::WrongLength),
            Err(Violation::ProtocolLevel) => {
                self.refuse_protocol_level(connection);
                Ok(())
            }
            Err(violation) => Err(violation),
        }
    }

    /// Takes the bytes that are to be sent over a connection.
    ///
    /// Messages that did not fit the output may follow when it is taken, so the connection may be ready again.
    pub fn output(&mut self, connection: ConnectionId) -> Vec<u8> {
        let Some(state) = self.connections.get_mut(&connection) else { return Vec::new() };
        let bytes = state.output.take();
        for (total, count) in self.sent.iter_mut().zip(std::mem::take(&mut state.output.sent)) {
            *total += u64::from(count);
        }
        if bytes.len() >= self.settings.max_unsent {
            self.send_queued(connection);
        }
        bytes
    }

    /// The next connection that has output or was closed since it was last named; `None` when all were.
    pub fn poll_ready(&mut self) -> Option<ConnectionId> {
        while let Some(connection) = self.ready.pop_front() {
            if let Some(state) = self.connections.get_mut(&connection) {
                state.ready = false;
                if state.output.len() > 0 || state.closed.is_some() {
                    return Some(connection);
                }
            }
        }
        None
    }

    /// Whether the broker has ended a connection: the transport is to be closed after the last output, and
    /// [`lost`](Self::lost) called.
    #[must_use]
    pub fn is_closed(&self, connection: ConnectionId) -> bool {
        self.close_reason(connection).is_some() || !self.connections.contains_key(&connection)
    }

    /// Why the broker has ended a connection; `None` while it is open, and once the connection is freed.
    ///
    /// [`Event::Closed`] stays visible for longer.
    #[must_use]
    pub fn close_reason(&self, connection: ConnectionId) -> Option<CloseReason> {
        self.connections.get(&connection)?.closed
    }

    /// Says that the transport has ended; without DISCONNECT before, the will is published [MQTT-3.1.2-8].
    pub fn lost(&mut self, connection: ConnectionId) {
        self.close(connection, CloseReason::Lost);
        self.connections.remove(&connection);
    }

    /// Ends the connection of a client as if its link had failed; returns `false` when it is not connected.
    ///
    /// Its will is published, and its output is dropped.
    pub fn cut(&mut self, client_id: &str) -> bool {
        let Some(connection) = self.sessions.get(client_id).and_then(|session| session.connection) else {
            return false;
        };
        self.close(connection, CloseReason::Cut);
        if let Some(state) = self.connections.get_mut(&connection) {
            state.output.take();
        }
        true
    }

    /// Ends the connections that were silent for too long.
    pub fn tick(&mut self, now: Instant) {
        let silent = self.connections.iter().filter(|(_, state)| state.patience_left(now) == Some(0));
        let silent: Vec<_> = silent.map(|(id, state)| (*id, state.client_id.is_some())).collect();
        for (connection, connected) in silent {
            let reason = if connected { CloseReason::KeepAlive } else { CloseReason::ConnectTimeout };
            self.close(connection, reason);
        }
    }

    /// The milliseconds until [`tick`](Self::tick) has something to do; `None` when only bytes can change anything.
    #[must_use]
    pub fn timeout(&self, now: Instant) -> Option<u32> {
        self.connections.values().filter_map(|state| state.patience_left(now)).min()
    }

    /// Publishes a message that comes from no client.
    pub fn publish(&mut self, topic: TopicName<'_>, payload: &[u8], qos: QoS, retain: bool) {
        let (topic, payload) = (topic.as_str().to_owned(), payload.to_owned());
        self.distribute(None, Message { topic, payload, qos, retain, dup: false });
    }

    /// Keeps a message if it asks for that, and gives it to everyone who subscribed to it.
    fn distribute(&mut self, from: Option<ConnectionId>, message: Message) {
        let message = Arc::new(message);
        self.tell(Event::Published { connection: from, message: Arc::clone(&message) });
        if message.retain {
            self.retained.store(&message, &self.settings);
        }
        let Ok(topic) = TopicName::new(&message.topic) else { return };
        for session in self.sessions.values_mut() {
            for qos in deliveries(session.matching(topic), message.qos, self.settings.each_overlap) {
                let outgoing = Outgoing { message: Arc::clone(&message), qos, retained: false };
                let state = session.connection.and_then(|id| Some((id, self.connections.get_mut(&id)?)));
                let delivered = match state {
                    Some((id, state)) => {
                        let delivered = session.deliver(outgoing, Some(&mut state.output), &self.settings);
                        if !std::mem::replace(&mut state.ready, true) {
                            self.ready.push_back(id);
                        }
                        delivered
                    }
                    None => session.deliver(outgoing, None, &self.settings),
                };
                self.dropped += u64::from(!delivered);
            }
        }
    }

    /// Moves waiting messages into the output of a connection.
    fn send_queued(&mut self, connection: ConnectionId) {
        let Some(state) = self.connections.get_mut(&connection) else { return };
        let Some(session) = state.client_id.as_ref().and_then(|client_id| self.sessions.get_mut(client_id))
        else {
            return;
        };
        if session.connection == Some(connection) {
            session.send_queued(&mut state.output, &self.settings);
            self.mark_ready(connection);
        }
    }

    /// Ends a connection once: its session goes if it was a clean one, its will is published.
    fn close(&mut self, connection: ConnectionId, reason: CloseReason) {
        let Some(state) = self.connections.get_mut(&connection) else { return };
        if state.closed.is_some() {
            return;
        }
        state.closed = Some(reason);
        state.input = Vec::new();
        let will = state.will.take();
        let client_id = state.client_id.clone();
        if let Some(session) = client_id.as_ref().and_then(|client_id| self.sessions.get_mut(client_id)) {
            session.connection = None;
            if session.clean {
                self.sessions.remove(client_id.as_deref().unwrap_or_default());
            }
        }
        self.tell(Event::Closed { connection, client_id, reason });
        if let Some(will) = will.filter(|_| reason != CloseReason::Disconnect) {
            self.distribute(None, will);
        }
        self.mark_ready(connection);
    }

    fn mark_ready(&mut self, connection: ConnectionId) {
        let Some(state) = self.connections.get_mut(&connection) else { return };
        let wanted = state.output.len() > 0 || state.closed.is_some();
        if wanted && !std::mem::replace(&mut state.ready, true) {
            self.ready.push_back(connection);
        }
    }

    fn tell(&mut self, event: Event) {
        self.events.push(event, self.settings.max_events, self.settings.max_event_bytes);
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker")
            .field("settings", &self.settings)
            .field("connections", &self.connections.len())
            .field("sessions", &self.sessions.keys())
            .finish_non_exhaustive()
    }
}
