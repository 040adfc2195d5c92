//! `check_msg`: at most one packet, and what it means for the program.

use umqtt_proto::keep_alive::{self, Action, Elapsed};
use umqtt_proto::wire::{Ack, Delivery, KeepAlive, PacketType, Publish, SubAck};
use umqtt_proto::{FrameKind, PacketId, QoS};

use crate::codes::{
    ECONNOT, ECONTIMEOUT, EKEEPALIVE, EREADLEN, ESTRTOLONG, ESUBACKFAIL, ESUBACKUNKNOWN, EUNKNOWN,
    SDELIVERED, STIMEOUT, SUNKNOWNPID,
};
use crate::link::{KEPT, Patience, m_read};
use crate::mp::{Call, Client, Function, Memory, Obj};
use crate::qstrs::q;
use crate::state::{Kind, ticks_diff};

/// How long, in milliseconds, a look at an idle socket takes.
const IDLE: isize = 1;
/// How often, in milliseconds, a wait without end looks after what times out.
const LOOK: isize = 1000;
/// The smallest receive buffer.
const SMALL: usize = 64;

/// `check_msg()`
pub extern "C" fn m_check_msg(
    function: &'static Function,
    n: usize,
    kw: usize,
    arguments: *const Obj,
) -> Obj {
    let call = Call::new(function, n, kw, arguments);
    let [me] = call.vm.arguments(&call, 1, [q::self_]);
    let client = Client::of(call.vm, me);
    client.socket(ECONNOT);
    client.acknowledge();
    let mut patience = Patience::Milliseconds(IDLE);
    loop {
        if let Some(result) = client.take_frame() {
            return result;
        }
        if client.fill(patience) {
            continue;
        }
        let busy = client.look_after(true);
        match client.socket_timeout() {
            Patience::Milliseconds(_) => return client.vm.none(),
            Patience::Endless if busy => patience = Patience::Milliseconds(LOOK),
            Patience::Endless => patience = Patience::Endless,
        }
    }
}

impl Client {
    /// Reads more of the current packet, and nothing behind it; false when none has begun in time.
    fn fill(self, idle: Patience) -> bool {
        let state = self.state();
        if state.stash > 0 && !state.receiver.is_mid_packet() {
            // `_read` was given up within a packet that is not ours to understand.
            state.stash = 0;
        }
        let begun = state.receiver.is_mid_packet();
        if let Some(length) = state.receiver.packet_length() {
            let limit = self.attr(q::msg_max);
            let limit = if limit == self.vm.none() { usize::MAX } else { self.vm.int(limit) as usize };
            if length <= SMALL || length - 2 <= limit {
                self.receive_room(length);
            }
        }
        let count = self.state().receiver.wanted();
        if !begun {
            self.receive_room(SMALL);
        } else {
            let read = self.vm.method(self.object, q::_read);
            if !self.vm.is_own(&read, m_read) {
                let count = count.min(self.state().receiver.unfilled().len());
                #[allow(clippy::cast_possible_wrap)]
                let object = read.call(Obj::int(count as isize), Obj::NULL);
                let bytes = self.vm.buffer(object);
                if bytes.len() != count {
                    self.fail(EREADLEN);
                }
                self.put(bytes);
                self.state().receiver.advance(count);
                return true;
            }
        }
        let patience = if begun { self.socket_timeout() } else { idle };
        let stash = core::mem::take(&mut self.state().stash);
        self.state().receiver.advance(stash);
        if stash > 0 {
            return true;
        }
        match self.receive(ECONNOT, count, patience) {
            Some(got) => {
                self.state().receiver.advance(got);
                true
            }
            None if begun => self.raise(ECONTIMEOUT),
            None => false,
        }
    }

    /// Deals with the next frame; `None` when there is none yet, or when the packet goes on.
    fn take_frame(self) -> Option<Obj> {
        let frame = match self.state().receiver.poll() {
            Ok(frame) => frame?,
            Err(_) => self.fail(EUNKNOWN),
        };
        let header = frame.header;
        match header.packet_type {
            PacketType::Publish if frame.kind == FrameKind::Whole => {
                let Ok(message) = Publish::decode_body(header, frame.body) else { self.fail(EUNKNOWN) };
                let (retain, delivery) = (message.retain, message.delivery);
                let topic = self.vm.bytes(message.topic.as_bytes());
                let payload = self.vm.bytes(message.payload);
                self.look_after(false);
                self.begin_delivery(delivery);
                let callback = self.vm.method(self.object, q::cb);
                if callback.is_callable(self.vm) {
                    callback.call_with([topic, payload, self.vm.bool(retain), self.vm.bool(delivery.dup())]);
                }
                self.end_delivery();
                self.shrink();
                Some(self.vm.none())
            }
            PacketType::Publish => self.take_part(),
            PacketType::PingResp => {
                self.state().pinged = false;
                self.heard();
                Some(self.vm.none())
            }
            PacketType::SubAck => {
                let Ok(ack) = SubAck::decode_body(frame.body) else { self.fail(ESUBACKUNKNOWN) };
                let failed = ack.return_codes.any_failed();
                let id = ack.id;
                let codes = self.vm.bytes(frame.body.get(2..).unwrap_or_default());
                self.store(q::granted, codes);
                self.handle_ack(id, Kind::Subscribe, failed);
                Some(Obj::int(0x90))
            }
            packet_type => {
                let (id, kind) = match Ack::decode_body(packet_type, frame.body) {
                    Ok(Some(Ack::PubAck(id))) => (id, Kind::Publish),
                    Ok(Some(Ack::UnsubAck(id))) => (id, Kind::Unsubscribe),
                    _ => self.fail(EUNKNOWN),
                };
                self.handle_ack(id, kind, false);
                Some(Obj::int((packet_type as isize) << 4))
            }
        }
    }

    /// A message is about to be handed over.
    fn begin_delivery(self, delivery: Delivery) {
        let state = self.state();
        state.unacknowledged = delivery.id();
        state.in_callback = true;
        if delivery.qos() == QoS::ExactlyOnce {
            self.fail(EUNKNOWN);
        }
    }

    /// A message was handed over, and nothing was raised.
    fn end_delivery(self) {
        self.state().in_callback = false;
        self.heard();
        if self.attr(q::sock) != self.vm.none() {
            self.acknowledge();
        }
    }

    /// Sends the PUBACK of the message that was handed over last, unless that is done.
    fn acknowledge(self) {
        if let Some(id) = self.state().unacknowledged {
            let packet = Ack::PubAck(id).to_bytes();
            self.send_bytes(&packet);
            self.state().unacknowledged = None;
        }
    }

    /// Sends a packet of fixed form.
    pub fn send_bytes(self, packet: &[u8]) {
        let room = self.transmit_room(packet.len());
        for (to, from) in room.iter_mut().zip(packet) {
            *to = *from;
        }
        self.send(packet.len());
    }

    /// A packet came.
    pub fn heard(self) {
        let now = self.now();
        self.state().last_received = now;
        #[allow(clippy::cast_possible_wrap)]
        self.store(q::last_cpacket, Obj::int(now as isize));
    }

    /// Gives a large receive buffer back.
    fn shrink(self) {
        let receiver = &mut self.state().receiver;
        if receiver.held() == 0 && receiver.buffer_mut().as_ref().len() > KEPT {
            *receiver.buffer_mut() = Memory::NONE;
            receiver.clear();
        }
    }

    /// The acknowledgement of a packet of ours.
    fn handle_ack(self, id: PacketId, kind: Kind, failed: bool) {
        let known = self.state().ids.kind(id);
        let pid = Obj::from_id(id);
        let pids = self.attr(q::rcv_pids);
        let expected = (known.is_none() || known == Some(kind)) && self.vm.contains(pids, pid);
        if expected || known == Some(Kind::TimedOut) {
            self.state().ids.forget(id);
        }
        if expected {
            self.vm.set_item(pids, pid, Obj::NULL);
            self.heard();
            if failed {
                self.raise_with(&[Obj::int(ESUBACKFAIL), pid]);
            }
        }
        self.tell(pid, if expected { SDELIVERED } else { SUNKNOWNPID });
        self.look_after(false);
    }

    /// Calls `cbstat`.
    fn tell(self, pid: Obj, status: isize) {
        self.state().in_callback = true;
        let callback = self.vm.method(self.object, q::cbstat);
        callback.call(pid, Obj::int(status));
        self.state().in_callback = false;
    }

    /// Tells what has timed out, and keeps the link alive; whether there is anything to look after.
    ///
    /// `idle`: nothing is left to read.
    fn look_after(self, idle: bool) -> bool {
        let pids = self.attr(q::rcv_pids);
        let waiting = self.vm.is_true(pids);
        let keep_alive = self.attr(q::keepalive);
        let alive = self.vm.is_true(keep_alive);
        if !waiting && !alive {
            return false;
        }
        let now = self.now();
        if waiting {
            self.time_out(now);
        }
        if alive {
            self.keep_alive(self.vm.int(keep_alive), now, idle);
        }
        true
    }

    /// Tells which packet ids have timed out.
    fn time_out(self, now: usize) {
        let pids = self.attr(q::rcv_pids);
        // The callback may change the table, so the search begins again after each.
        for _ in 0..u16::MAX {
            let mut iteration = self.vm.iterate(pids);
            let over = loop {
                let Some(pid) = iteration.next() else { return };
                let deadline = self.vm.item(pids, pid);
                if let Some(deadline) = deadline.as_int()
                    && ticks_diff(deadline as usize, now) <= 0
                {
                    break pid;
                }
            };
            self.vm.set_item(pids, over, Obj::NULL);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            if let Some(id) = PacketId::new(over.as_int().unwrap_or_default() as u16) {
                self.state().ids.remember(id, Kind::TimedOut);
            }
            self.tell(over, STIMEOUT);
        }
    }

    fn keep_alive(self, seconds: isize, now: usize, idle: bool) {
        let timeout = match self.socket_timeout() {
            Patience::Milliseconds(timeout) => timeout,
            Patience::Endless => seconds.wrapping_mul(500),
        };
        let state = self.state();
        if state.sent {
            // When exactly is not known, but not before the last look.
            state.sent = false;
            state.last_sent = state.last_look;
        }
        state.last_look = now;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let since = |then: usize| ticks_diff(now, then).max(0) as u32;
        let elapsed = Elapsed {
            sent: since(state.last_sent),
            received: since(state.last_received),
            ping: if state.pinged { Some(since(state.last_ping)) } else { None },
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let seconds = KeepAlive::from_secs(seconds.clamp(0, 0xffff) as u16);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        match keep_alive::action(seconds, timeout as u32, &elapsed) {
            Action::Wait(_) => {}
            // PINGRESP stands behind whatever came before it.
            Action::GiveUp if idle => self.fail(EKEEPALIVE),
            Action::GiveUp => {}
            Action::Ping => {
                self.vm.method(self.object, q::ping).call_plain();
                let state = self.state();
                (state.last_sent, state.sent) = (now, false);
                if !state.pinged {
                    (state.pinged, state.last_ping) = (true, now);
                }
            }
        }
    }

    /// A part of a message that is too large for the heap, or larger than the program wants it.
    fn take_part(self) -> Option<Obj> {
        self.raise(ESTRTOLONG)
    }
}
