//! What happens around a client while it lives.

use umqtt::Buffers;
use umqtt_testkit::model::Act;

use crate::context::Context;
use crate::life::Life;
use crate::plan::{Profile, arrives, chance, ending};
use crate::strangers;

impl<B: Buffers> Life<B> {
    /// Draws what is to happen around the client.
    pub fn surroundings(&mut self) {
        let Context { rng, plan, world, .. } = &mut self.context;
        let mut world = world.borrow_mut();
        // Now and then more at once than any table holds.
        let count = if chance(rng, 4) { rng.usize(20..100) } else { [0, 0, 1, 1, 3][rng.usize(..5)] };
        let together = rng.u32(..4_000);
        for _ in 0..count {
            let qos = rng.u8(..3);
            let mut topic = [1, 1, 3, rng.usize(1..40)][rng.usize(..4)];
            let mut most = [4, 12, plan.receive, plan.receive * 3][rng.usize(..4)];
            if !plan.kind.in_parts() {
                // What is larger than the receive buffer ends the connection.
                let head = if plan.receive > 127 { 7 } else { 6 };
                if head + topic + 2 > plan.receive {
                    topic = 1;
                }
                most = most.min(plan.receive - head - topic);
            }
            let payload = rng.usize(2..=most.max(2));
            let apart = [0, rng.u32(..30), rng.u32(..4_000)][rng.usize(..3)];
            let millis = if count > 3 { together } else { apart };
            world.schedule(millis, Act::Publish(qos, chance(rng, 30), topic, payload));
        }
        if chance(rng, 12) && plan.profile != Profile::Good {
            let act = match rng.u8(..4) {
                0 => Act::Cut(ending(rng), arrives(rng)),
                1 => Act::HoldUp(rng.u32(..6_000)),
                2 => Act::HoldDown(rng.u32(..6_000)),
                _ => Act::Refuse(rng.u32(..6_000)),
            };
            world.schedule(rng.u32(..2_000), act);
        }
        if plan.hostile && chance(rng, 60) {
            let (bytes, strange) = strangers::draw(rng);
            world.schedule(rng.u32(..300), Act::Send(bytes, strange));
        }
    }
}
