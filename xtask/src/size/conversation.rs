//! What a broker says to the programs, so that they do all that they can.

/// What differs between the programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Work {
    /// The program publishes and subscribes with QoS 2.
    pub(super) qos2: bool,
    /// It takes messages that are larger than its receive buffer.
    pub(super) parts: bool,
    /// It keeps a store, and with it its session.
    pub(super) store: bool,
}

/// The broker of a program, as a script of the test kit.
pub(super) fn conversation(work: Work) -> String {
    let Work { qos2, parts, store } = work;
    let either = |qos1, with_qos2| if qos2 { with_qos2 } else { qos1 };
    let publish = either("expect 32 ..", "expect 34 ..");
    let delivered = either("send 40 02 $id", "send 50 02 $id\nexpect 62 02 $id\nsend 70 02 $id");
    let mut steps = vec![
        "expect connect",
        // Service unavailable.
        "send 20 02 00 03",
        "expect close",
        "accept",
        "expect connect",
        "send 20 02 00 00",
        "expect subscribe",
        either("send 90 03 $id 01", "send 90 03 $id 02"),
        publish,
        delivered,
        publish,
        delivered,
        publish,
        // Three packets in one piece, two of them messages; the program's own message goes on waiting.
        "send d0 00 30 16 00 09 c3bc e282ac f09f9880 \"payload one\" 32 14 00 05 \"topic\" 00 07 \"payload two\"",
        "expect 40 02 00 07",
    ];
    if qos2 {
        steps.push("send 34 16 00 05 \"topic\" 00 08 \"payload three\"");
        steps.extend(["expect 50 02 00 08", "send 62 02 00 08", "expect 70 02 00 08"]);
    }
    if parts {
        // A payload, and then a topic, that is larger than the receive buffer.
        steps.extend(["send 32 b1 02 00 01 \"t\" 00 09 61*300", "expect 40 02 00 09"]);
        steps.push("send 30 b3 02 01 2c 61*300 \"later\"");
    }
    // The link is kept alive, and the message that waits times out.
    steps.extend(["expect pingreq", "send d0 00", publish]);
    // With QoS 2, one is left between PUBREC and PUBCOMP.
    if qos2 {
        steps.extend(["send 50 02 $id", "expect 62 02 $id"]);
    } else {
        steps.extend(["send 40 02 $id", publish]);
    }
    // Another time-out; then the link is dead.
    steps.extend(["expect pingreq", publish, "expect close", "accept", "expect connect"]);
    if store {
        let again = either("expect 3a ..", "expect 3c ..");
        steps.extend(["send 20 02 01 00", again, either(again, "expect 62 ..")]);
        steps.extend([again, delivered]);
    } else {
        steps.extend(["send 20 02 00 00", "expect subscribe"]);
        steps.push(either("send 90 03 $id 01", "send 90 03 $id 02"));
    }
    // Nothing that a broker may send.
    steps.extend([publish, "send f0 00", "expect close", "accept", "expect connect"]);
    steps.join("\n")
}

/// The payloads that a program must show.
pub(super) fn payloads(work: Work) -> Vec<String> {
    let mut payloads = vec!["payload one".to_owned(), "topicpayload two".to_owned()];
    if work.qos2 {
        payloads.push("topicpayload three".to_owned());
    }
    if work.parts {
        payloads.extend(["a".repeat(300), "later".to_owned()]);
    }
    payloads
}

#[cfg(test)]
mod tests {
    use umqtt_testkit::script::Script;

    use super::*;

    #[test]
    fn every_conversation_is_a_script() {
        for bits in 0..8 {
            let work = Work { qos2: bits & 1 != 0, parts: bits & 2 != 0, store: bits & 4 != 0 };
            conversation(work).parse::<Script>().unwrap();
        }
    }
}
