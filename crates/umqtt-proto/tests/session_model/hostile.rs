//! A broker that sends anything, and a caller that does anything: what must hold all the same.

use umqtt_proto::wire::{Connect, KeepAlive, Login, Packet};
use umqtt_proto::{
    Binary, ClientId, Instant, NoStore, Phase, QoS, RamStore, Receiver, Session, Slot, Store, Text, Timeouts,
    TopicFilter, TopicName,
};

use crate::model::Choices;

/// The client's stream of one connection, as it is sent piece by piece.
#[derive(Default)]
struct Stream {
    bytes: Vec<u8>,
    connected: bool,
    left: bool,
}

impl Stream {
    /// Takes bytes; the packets that they complete may be sent by a client, in this order.
    fn take(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let stream = std::mem::take(&mut self.bytes);
        let mut rest = &stream[..];
        while let Some((packet, length)) = Packet::decode(rest).expect("a packet") {
            rest = &rest[length..];
            assert!(!self.left, "nothing behind DISCONNECT");
            assert_eq!(self.connected, !matches!(packet, Packet::Connect(_)), "CONNECT first, and once");
            self.connected = true;
            self.left = matches!(packet, Packet::Disconnect);
            let of_a_broker = matches!(packet, Packet::ConnAck(_) | Packet::SubAck(_) | Packet::PingResp);
            assert!(!of_a_broker && !matches!(packet, Packet::Ack(umqtt_proto::wire::Ack::UnsubAck(_))));
        }
        self.bytes = rest.to_vec();
    }
}

/// Feeds a session with what the bytes say; panics where a promise is broken.
pub(crate) fn run(choices: &[u8]) {
    let mut choices = Choices::new(choices);
    match choices.below(2) {
        0 => live(&mut choices, NoStore),
        _ => live(&mut choices, RamStore::new([0; 64])),
    }
}

fn live(choices: &mut Choices<'_>, store: impl Store) {
    let (transmit, slots, receive) = (16 + choices.below(64), choices.below(5), 16 + choices.below(64));
    let mut session = Session::new(vec![0; transmit], vec![Slot::EMPTY; slots], store);
    session.set_timeouts(Timeouts { connect: 3_000, ping: 1_500, message: 2_500 });
    let mut receiver = Receiver::new(vec![0; receive]);
    let mut now = Instant::from_millis(u32::MAX - u32::from(choices.byte()));
    let mut stream = Stream::default();
    let topic = TopicName::new("t").unwrap();
    let filter = TopicFilter::new("t/+").unwrap();
    while !choices.is_over() {
        let payload = [0; 32];
        match choices.below(16) {
            0..=3 => {
                let bytes = choices.byte();
                let bytes = choices.bytes(usize::from(bytes) % 64);
                let room = receiver.unfilled();
                let count = room.len().min(bytes.len());
                room[..count].copy_from_slice(&bytes[..count]);
                receiver.advance(count);
            }
            4..=7 => {
                let result = session.poll_event(&mut receiver, now);
                if result.is_err() {
                    assert_eq!(session.phase(), Phase::Disconnected);
                    assert_eq!(session.poll_transmit(), b"");
                    assert_eq!(session.poll_timeout(now).filter(|&wait| wait > 2_500), None);
                }
            }
            8 => {
                let count = choices.below(32).min(session.poll_transmit().len());
                stream.take(&session.poll_transmit()[..count]);
                session.sent(count, now);
            }
            9 => now = now.after(u32::from(choices.byte()) * 16),
            10 => {
                let qos = QoS::from_bits(choices.byte() % 3).unwrap();
                let length = choices.below(payload.len());
                let _refused = session.publish(topic, &payload[..length], qos, length % 2 == 0, now);
            }
            11 => {
                let _refused = match choices.below(3) {
                    0 => session.unsubscribe(&[filter], now),
                    count => session.subscribe(&vec![(filter, QoS::ExactlyOnce); count], now),
                };
            }
            12 if session.payload_remaining() == 0 => {
                let length = choices.below(100);
                let qos = QoS::from_bits(choices.byte() % 3).unwrap();
                let _refused = session.publish_streamed(topic, length, qos, false, now);
            }
            12 => {
                session.push_payload(&payload[..choices.below(payload.len())]);
            }
            13 => match choices.below(8) {
                0 => session.handle_closed(),
                1 => drop(session.disconnect()),
                2 => drop(session.ping(now)),
                3 => session.resume(),
                _ => {}
            },
            14 => receiver.advance(choices.below(8)),
            _ => {
                let login = Login { user_name: Text::new("u").unwrap(), password: Binary::new(b"p").ok() };
                let flags = choices.byte();
                let connect = Connect {
                    clean_session: flags & 1 != 0,
                    keep_alive: KeepAlive::from_secs(u16::from(flags >> 5)),
                    login: (flags & 2 != 0).then_some(login),
                    ..Connect::new(ClientId::new("c").unwrap())
                };
                if session.connect(&connect, now).is_ok() {
                    receiver.clear();
                    stream = Stream::default();
                }
            }
        }
        assert!(session.in_flight().len() <= slots);
    }
}
