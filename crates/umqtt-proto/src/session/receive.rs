//! How the session handles packets that arrive.

use super::event::{NoticeKind, SessionError};
use super::exchange::Answer;
use super::in_flight::Slots;
use super::incoming::IncomingIds;
use super::keep_alive::Ping;
use super::phase::Phase;
use super::{ACK, Session};
use crate::error::Violation;
use crate::framer::{FrameKind, Framer, Large};
use crate::packet_id::PacketId;
use crate::store::Store;
use crate::text::{TextKind, check_text};
use crate::wire::{ConnAck, ConnectReturnCode, PacketType, Reader, ReturnCodes};

/// What a packet has to report is written to `Session::told`.
type Handled = Result<(), SessionError>;

impl<T, F, S, I> Session<T, F, S, I>
where
    T: AsRef<[u8]> + AsMut<[u8]>,
    F: Slots,
    S: Store,
    I: IncomingIds,
{
    /// Deals with the frame that the framer has found; the transmitter has room for an acknowledgement.
    #[cfg_attr(target_os = "none", inline(never))]
    pub(crate) fn handle<L: Large>(&mut self, framer: &mut Framer<L>, buffer: &[u8]) -> Handled {
        let packet_type = framer.header().packet_type;
        let body = framer.body(buffer);
        if self.phase == Phase::AwaitConnAck {
            return match packet_type {
                PacketType::ConnAck => self.handle_conn_ack(body),
                _ => Err(Violation::UnexpectedPacket.into()),
            };
        }
        match packet_type {
            PacketType::Publish => self.handle_publish(framer, body),
            PacketType::PingResp => {
                // It is not the answer to a PINGREQ that has not left.
                if self.ping == Ping::Asked {
                    self.ping = Ping::Off;
                }
                Ok(())
            }
            PacketType::PubAck
            | PacketType::PubRec
            | PacketType::PubRel
            | PacketType::PubComp
            | PacketType::SubAck
            | PacketType::UnsubAck => {
                let mut reader = Reader::new(body);
                let id = reader.packet_id()?;
                match packet_type {
                    PacketType::PubRel => self.handle_pub_rel(id),
                    PacketType::SubAck => {
                        let codes = ReturnCodes::received(reader.rest())?.len();
                        self.handle_ack(id, packet_type, codes)
                    }
                    _ => self.handle_ack(id, packet_type, 0),
                }
            }
            _ => Err(Violation::UnexpectedPacket.into()),
        }
    }

    fn handle_publish<L: Large>(&mut self, framer: &mut Framer<L>, body: &[u8]) -> Handled {
        let flags = framer.header().flags;
        let (kind, remaining) = framer.kind();
        let (mut id, mut fresh) = (0, true);
        if kind == FrameKind::Part {
            if let Some(parts) = framer.parts() {
                (id, fresh) = parts.arriving;
            }
        } else {
            let mut reader = Reader::new(body);
            if kind != FrameKind::Untitled {
                check_text(reader.prefixed()?, TextKind::TopicName)?;
            }
            if flags & 0b0110 != 0 {
                id = reader.packet_id()?.as_u16();
            }
            if flags & 0b0100 != 0 {
                fresh = self.is_fresh(id)?;
                if self.overflown {
                    return Ok(());
                }
            }
            if let Some(parts) = framer.parts() {
                parts.arriving = (id, fresh);
            }
        }
        if remaining == 0 && id != 0 {
            self.owe(id, flags, fresh);
            if !fresh {
                self.settle()?;
            }
        }
        if !fresh {
            return Ok(());
        }
        let kind = match kind {
            FrameKind::Whole => NoticeKind::Message,
            FrameKind::Part => NoticeKind::MessagePart,
            FrameKind::Start | FrameKind::Untitled => NoticeKind::MessageStart,
        };
        self.tell(kind, flags, id);
        Ok(())
    }

    /// Whether a QoS 2 message is new, and not one that was handed over before.
    fn is_fresh(&mut self, id: u16) -> Result<bool, SessionError> {
        if !cfg!(feature = "qos2") {
            return Err(SessionError::Qos2NotBuilt);
        }
        let Some(id) = PacketId::new(id) else { return Ok(true) };
        let fresh = !self.incoming.holds(id);
        self.overflown = fresh && !self.incoming.has_room();
        Ok(fresh)
    }

    /// A message is complete: its acknowledgement is due with the next call [MQTT-4.6.0-2, -3].
    fn owe(&mut self, id: u16, flags: u8, fresh: bool) {
        self.owed = id;
        self.owed_type = PacketType::PubAck;
        if cfg!(feature = "qos2") && flags & 0b0100 != 0 {
            self.owed_type = PacketType::PubRec;
            if let (true, Some(id)) = (fresh, PacketId::new(id)) {
                self.incoming.insert(id);
            }
        }
    }

    /// Puts the acknowledgement that is due into the transmit buffer, if there is room; the id of a QoS 2
    /// message is recorded before its PUBREC goes out.
    #[inline]
    pub(crate) fn settle(&mut self) -> Result<(), SessionError> {
        if self.owed == 0 || !self.transmitter.has_room(ACK) {
            return Ok(());
        }
        if cfg!(feature = "qos2") && self.owed_type == PacketType::PubRec && self.keeps() {
            if let Some(id) = PacketId::new(self.owed) {
                self.store.insert_incoming(id).map_err(|_| SessionError::StoreFailed)?;
            }
        }
        self.transmitter.push_ack(self.owed_type, self.owed);
        self.owed = 0;
        Ok(())
    }

    fn handle_conn_ack(&mut self, body: &[u8]) -> Handled {
        let ack = ConnAck::decode_body(body)?;
        if ack.return_code != ConnectReturnCode::Accepted {
            return Err(SessionError::Refused(ack.return_code));
        }
        if ack.session_present && self.clean_session {
            return Err(Violation::SessionPresent.into());
        }
        self.begin_to_resume(ack.session_present)?;
        self.tell(NoticeKind::Connected, u8::from(ack.session_present), 0);
        Ok(())
    }

    fn handle_pub_rel(&mut self, id: PacketId) -> Handled {
        if !cfg!(feature = "qos2") {
            return Err(SessionError::Qos2NotBuilt);
        }
        if self.keeps() {
            self.store.remove_incoming(Some(id)).map_err(|_| SessionError::StoreFailed)?;
        }
        self.incoming.remove(id);
        self.transmitter.push_ack(PacketType::PubComp, id.as_u16());
        Ok(())
    }

    /// An acknowledgement of an outgoing packet. PUBREC is answered even if its id is unknown, so that the broker
    /// can release the id [MQTT-4.3.3-1].
    fn handle_ack(&mut self, id: PacketId, packet_type: PacketType, codes: usize) -> Handled {
        let is_qos2 = matches!(packet_type, PacketType::PubRec | PacketType::PubComp);
        if is_qos2 && !cfg!(feature = "qos2") {
            return Err(SessionError::Qos2NotBuilt);
        }
        let keeps = self.keeps();
        let Some(index) = self.outgoing.find(id) else { return self.unknown(id, packet_type) };
        let Some(slot) = self.outgoing.get(index) else { return self.unknown(id, packet_type) };
        let mut slot = *slot;
        let answer = slot.answer(packet_type);
        if cfg!(feature = "qos2") && matches!(answer, Answer::Released | Answer::Repeated) {
            if answer == Answer::Released {
                if keeps {
                    self.store.release(id).map_err(|_| SessionError::StoreFailed)?;
                }
                slot.release();
                self.outgoing.remove(index);
                // Behind all others [MQTT-4.6.0-4].
                self.outgoing.push(slot);
            }
            self.transmitter.push_ack(PacketType::PubRel, id.as_u16());
            return Ok(());
        }
        if answer != Answer::Finished {
            return self.unknown(id, packet_type);
        }
        let mut kind = NoticeKind::Delivered;
        if packet_type == PacketType::SubAck {
            if codes != usize::from(slot.filters()) {
                return Err(Violation::SubAckCount.into());
            }
            kind = NoticeKind::Subscribed;
        } else if packet_type == PacketType::UnsubAck {
            kind = NoticeKind::Unsubscribed;
        } else if keeps {
            self.store.remove(id).map_err(|_| SessionError::StoreFailed)?;
        }
        self.outgoing.remove(index);
        self.tell(kind, u8::from(slot.progress().is_late()), id.as_u16());
        Ok(())
    }

    #[cfg_attr(target_os = "none", inline(always))]
    fn unknown(&mut self, id: PacketId, packet_type: PacketType) -> Handled {
        if packet_type == PacketType::PubRec {
            self.transmitter.push_ack(PacketType::PubRel, id.as_u16());
        }
        self.tell(NoticeKind::UnknownAck, packet_type as u8, id.as_u16());
        Ok(())
    }
}
