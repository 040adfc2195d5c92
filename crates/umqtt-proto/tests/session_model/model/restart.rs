//! What is left of a client whose power was lost.

use umqtt_proto::{IncomingIds, PacketId, Slot, Store};

use super::client::{Client, Request, engine};

impl<S: Store, const KIND: u8> Client<S, KIND> {
    /// The power was lost, and the client begins anew with what its store holds.
    pub(crate) fn restart(&mut self, store: S, carried: bool) {
        if carried {
            self.carry_up(usize::MAX);
        }
        // What was told as lost is kept until the call after that.
        let told: Vec<PacketId> = self.engine.session().in_flight().iter().map(Slot::id).collect();
        self.gone.retain(|id, _| told.contains(id));
        self.engine = engine(self.sizes, self.choice, store);
        self.engine.session_mut().restore().unwrap();
        self.clean = false;
        self.receiver.clear();
        self.forget_link();
        let kept: Vec<PacketId> = self.engine.session().in_flight().iter().map(Slot::id).collect();
        if self.cleaned || self.broker.forgot {
            // What is lost with its session may still be there, and others have overtaken it.
            let tags = self.open.values().filter_map(|(request, _)| match request {
                Request::Message(tag, _) => Some(*tag),
                _ => None,
            });
            self.broker.late.extend(tags);
        }
        for &id in &kept {
            if let (false, Some(&(tag, qos))) = (self.open.contains_key(&id), self.gone.get(&id)) {
                self.lost.remove(&tag);
                self.broker.late.insert(tag);
                self.opened(id, Request::Message(tag, qos));
            }
        }
        // The message that was about to be taken may be there.
        if let Some((tag, qos)) = self.taking.take() {
            self.published += 1;
            if let Some(&id) = kept.iter().find(|id| !self.open.contains_key(id)) {
                self.opened(id, Request::Message(tag, qos));
            }
        }
        assert!(kept.iter().all(|id| self.open.contains_key(id)), "only what was taken is kept");
        // What has gone was acknowledged, and only the caller had not heard of it.
        let Self { broker, delivered, lost, cleaned, .. } = self;
        let cleaned = *cleaned;
        self.open.retain(|id, (request, timed_out)| {
            *timed_out = false;
            if kept.contains(id) {
                return true;
            }
            if let Request::Message(tag, qos) = *request {
                if broker.arrived.contains_key(&tag) {
                    delivered.insert(tag, qos);
                } else {
                    assert!(cleaned, "message {tag} was taken, and is gone");
                    lost.insert(tag, qos);
                }
            }
            false
        });
        // The message that was handed out last may come again, if its id was not written down.
        if let Some((tag, id)) = self.last.take() {
            self.repeated = (!self.engine.session().incoming().holds(id)).then_some(tag);
        }
    }
}
