//! What a broker does with each packet.

use std::sync::Arc;

use umqtt_proto::Violation;
use umqtt_proto::wire::{
    Ack, ConnAck, Connect, ConnectReturnCode, PINGRESP, Packet, PacketType, Publish, SubAck, Subscribe,
    SubscribeReturnCode, Unsubscribe,
};

use super::connection::{lower, owned};
use super::event::{CloseReason, Event};
use super::session::{Outgoing, Session};
use super::{Broker, ConnectionId};

impl Broker {
    /// Handles a packet; that the first one and no other is CONNECT was checked.
    pub(super) fn handle(&mut self, connection: ConnectionId, packet: &Packet<'_>) -> Result<(), Violation> {
        match packet {
            Packet::Connect(connect) => self.connect(connection, connect),
            Packet::Publish(publish) => self.published(connection, publish),
            Packet::Ack(ack) => self.acknowledged(connection, *ack)?,
            Packet::Subscribe(subscribe) => self.subscribe(connection, subscribe),
            Packet::Unsubscribe(unsubscribe) => self.unsubscribe(connection, unsubscribe),
            Packet::PingReq => self.answer(connection, PacketType::PingResp, &PINGRESP),
            Packet::Disconnect => self.close(connection, CloseReason::Disconnect),
            // CONNACK, SUBACK and PINGRESP are for a broker to send.
            _ => return Err(Violation::UnexpectedPacket),
        }
        Ok(())
    }

    fn connect(&mut self, connection: ConnectionId, connect: &Connect<'_>) {
        if connect.lacks_client_id() {
            return self.refuse(connection, ConnectReturnCode::IdentifierRejected);
        }
        let verdict = self.rules.connect(connect);
        if verdict != ConnectReturnCode::Accepted {
            return self.refuse(connection, verdict);
        }
        let client_id = match connect.client_id.as_str() {
            "" => self.free_client_id(),
            client_id => client_id.to_owned(),
        };
        if let Some(other) = self.sessions.get(&client_id).and_then(|session| session.connection) {
            self.close(other, CloseReason::TakenOver);
        }
        if connect.clean_session {
            self.sessions.remove(&client_id);
        }
        let session_present = self.sessions.contains_key(&client_id);
        if !session_present && self.sessions.len() >= self.settings.max_sessions {
            return self.refuse(connection, ConnectReturnCode::ServerUnavailable);
        }
        let Some(state) = self.connections.get_mut(&connection) else { return };
        state.accept(connect, client_id.clone());
        let ack = ConnAck { session_present, return_code: ConnectReturnCode::Accepted };
        state.output.raw(PacketType::ConnAck, &ack.to_bytes());
        let clean_session = connect.clean_session;
        let session = self.sessions.entry(client_id.clone()).or_insert_with(|| Session::new(clean_session));
        session.connection = Some(connection);
        session.resume(&mut state.output, &self.settings);
        self.tell(Event::Connected { connection, client_id, clean_session, session_present });
    }

    /// A client id for a client that leaves the choice to the broker [MQTT-3.1.3-6].
    fn free_client_id(&mut self) -> String {
        loop {
            self.next_client_id += 1;
            let client_id = format!("auto-{}", self.next_client_id);
            if !self.sessions.contains_key(&client_id) {
                return client_id;
            }
        }
    }

    /// Answers a CONNECT with another protocol level than 4 [MQTT-3.1.2-2].
    pub(super) fn refuse_protocol_level(&mut self, connection: ConnectionId) {
        self.refuse(connection, ConnectReturnCode::UnacceptableProtocolVersion);
    }

    fn refuse(&mut self, connection: ConnectionId, return_code: ConnectReturnCode) {
        let ack = ConnAck { session_present: false, return_code };
        self.answer(connection, PacketType::ConnAck, &ack.to_bytes());
        self.close(connection, CloseReason::Refused(return_code));
    }

    fn published(&mut self, connection: ConnectionId, publish: &Publish<'_>) {
        let ack = Ack::of(publish);
        let is_new = match ack {
            Some(Ack::PubRec(id)) => {
                self.session_of(connection).is_some_and(|session| session.receive_exactly_once(id))
            }
            _ => true,
        };
        if let Some(ack) = ack {
            self.answer(connection, ack.packet_type(), &ack.to_bytes());
        }
        if is_new {
            self.distribute(Some(connection), owned(publish));
        }
    }

    fn acknowledged(&mut self, connection: ConnectionId, ack: Ack) -> Result<(), Violation> {
        let Some(session) = self.session_of(connection) else { return Ok(()) };
        if let Some(answer) = session.acknowledge(ack)? {
            self.answer(connection, answer.packet_type(), &answer.to_bytes());
        }
        self.send_queued(connection);
        Ok(())
    }

    fn subscribe(&mut self, connection: ConnectionId, subscribe: &Subscribe<'_>) {
        let Some(client_id) = self.client_id_of(connection) else { return };
        let mut codes = Vec::new();
        for (filter, qos) in subscribe.filters() {
            let mut code = self.rules.subscribe(&client_id, filter, lower(qos, self.settings.max_qos));
            if let (Some(session), SubscribeReturnCode::Granted(qos)) =
                (self.sessions.get_mut(&client_id), code)
            {
                if !session.subscribe(filter, qos, self.settings.max_subscriptions) {
                    code = SubscribeReturnCode::Failure;
                }
            }
            codes.push(code);
            let (client_id, filter) = (client_id.clone(), filter.as_str().to_owned());
            self.tell(Event::Subscribed { client_id, filter, return_code: code });
        }
        let mut packet = vec![0; 5 + 2 + codes.len()];
        let length = SubAck::encode_codes(subscribe.id(), &codes, &mut packet).unwrap_or(0);
        packet.truncate(length);
        self.answer(connection, PacketType::SubAck, &packet);
        self.send_retained(connection, &client_id, subscribe, &codes);
    }

    /// Sends what was kept for the filters that were granted.
    fn send_retained(
        &mut self,
        connection: ConnectionId,
        client_id: &str,
        subscribe: &Subscribe<'_>,
        codes: &[SubscribeReturnCode],
    ) {
        let Some(state) = self.connections.get_mut(&connection).filter(|state| state.closed.is_none()) else {
            return;
        };
        let Some(session) = self.sessions.get_mut(client_id) else { return };
        for ((filter, _), code) in subscribe.filters().zip(codes) {
            let SubscribeReturnCode::Granted(granted) = *code else { continue };
            for message in self.retained.matching(filter) {
                let qos = lower(message.qos, granted);
                let outgoing = Outgoing { message: Arc::clone(message), qos, retained: true };
                let delivered = session.deliver(outgoing, Some(&mut state.output), &self.settings);
                self.dropped += u64::from(!delivered);
            }
        }
    }

    fn unsubscribe(&mut self, connection: ConnectionId, unsubscribe: &Unsubscribe<'_>) {
        let Some(client_id) = self.client_id_of(connection) else { return };
        for filter in unsubscribe.filters() {
            if let Some(session) = self.sessions.get_mut(&client_id) {
                session.unsubscribe(filter);
            }
            let (client_id, filter) = (client_id.clone(), filter.as_str().to_owned());
            self.tell(Event::Unsubscribed { client_id, filter });
        }
        let ack = Ack::UnsubAck(unsubscribe.id());
        self.answer(connection, PacketType::UnsubAck, &ack.to_bytes());
    }

    /// Sends an answer; a client that never reads them is closed before they fill the memory.
    fn answer(&mut self, connection: ConnectionId, packet_type: PacketType, packet: &[u8]) {
        let Some(state) = self.connections.get_mut(&connection).filter(|state| state.closed.is_none()) else {
            return;
        };
        if state.output.answers.saturating_add(packet.len()) > self.settings.max_unsent {
            return self.close(connection, CloseReason::Unread);
        }
        state.output.raw(packet_type, packet);
    }

    fn client_id_of(&self, connection: ConnectionId) -> Option<String> {
        self.connections.get(&connection)?.client_id.clone()
    }

    fn session_of(&mut self, connection: ConnectionId) -> Option<&mut Session> {
        self.sessions.get_mut(self.connections.get(&connection)?.client_id.as_ref()?)
    }
}
