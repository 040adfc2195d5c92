//! How a life ends: over a good link, everything that was taken gets its end.

use umqtt::Buffers;
use umqtt_testkit::model::Ending;

use crate::life::Life;
use crate::requests::How;

impl<B: Buffers> Life<B> {
    /// Goes on over a good link until nothing is open, and leaves.
    pub fn finish(&mut self) {
        self.context.trace.say("run", || "from now on all is well".into());
        {
            let mut world = self.context.world.borrow_mut();
            world.cut_power(None);
            world.calm();
            world.broker.settings_mut().answers_in = 0;
            self.context.disk.borrow_mut().fails = 0;
        }
        self.context.plan.holds = 0;
        let ended = self.context.world.borrow().ended();
        if ended == Some(Ending::Silent) && self.context.keep_alive == 0 {
            // Nothing tells the client that the link is dead.
            self.disconnect();
        }
        for round in 0..2_000 {
            if self.context.has_failed() {
                return;
            }
            if self.context.connected && round % 500 == 499 {
                self.disconnect();
            } else if self.context.connected {
                let told = self.look_for(if round % 8 == 7 { 500 } else { 20 });
                if !told && self.is_done() {
                    return self.part();
                }
            } else if self.look_for(0) {
                // Something was lost.
            } else {
                // A client whose table is full of ids that mean nothing needs a clean session.
                let doubtful = self.context.world.borrow().broker.is_doubtful();
                self.context.clean_next |= (doubtful || !self.context.is_trusted()) && round > 100;
                self.connect(true);
            }
        }
        let open = &self.context.open;
        let words = format!(
            "not all has an end: {open:?}, the broker is idle: {}",
            self.context.world.borrow().broker.is_idle()
        );
        self.context.fail(words);
    }

    fn is_done(&self) -> bool {
        let context = &self.context;
        context.open.is_empty()
            && context.connected
            && (context.world.borrow().broker.is_idle() || !context.is_trusted())
    }

    /// Two last messages, and DISCONNECT behind them: all of it arrives.
    fn part(&mut self) {
        let Self { context, client, .. } = self;
        let first = context.world.borrow_mut().broker.attempts();
        for qos in 0..2 {
            context.publish_this(&mut client.sender(), How::Publish, 1, 2, qos);
        }
        // A link that is slow may not take all in time, and a broker that was told lies may have ended the connection.
        let stands = context.connected && context.good && context.is_trusted();
        self.disconnect();
        let context = &mut self.context;
        for number in first..first + 2 {
            if stands && !context.world.borrow().broker.has(number) {
                context.fail(format!(
                    "message {number} was published, and DISCONNECT behind it, and it is not there"
                ));
            }
        }
    }
}
