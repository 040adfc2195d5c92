//! The 76 statements of MQTT 3.1.1 that bind a client, in our own words.

/// A normative statement of the standard.
pub(super) struct Statement {
    /// As the standard numbers it.
    pub(super) id: &'static str,
    pub(super) about: &'static str,
    /// Why no test can assert it.
    pub(super) reason: Option<&'static str>,
}

const fn tested(id: &'static str, about: &'static str) -> Statement {
    Statement { id, about, reason: None }
}

const fn websocket(id: &'static str, about: &'static str) -> Statement {
    Statement {
        id,
        about,
        reason: Some("umqtt does not support WebSocket; a transport that does must ensure this"),
    }
}

pub(super) const STATEMENTS: [Statement; 76] = [
    tested("MQTT-1.5.3-1", "strings are well-formed UTF-8 without surrogates; a receiver closes on others"),
    tested("MQTT-1.5.3-2", "no string has U+0000; a receiver closes on one that has"),
    tested("MQTT-1.5.3-3", "U+FEFF is a character like any other and is kept"),
    tested("MQTT-2.2.2-1", "reserved flag bits are as the table says"),
    tested("MQTT-2.2.2-2", "a receiver closes on wrong flag bits"),
    tested(
        "MQTT-2.3.1-1",
        "SUBSCRIBE, UNSUBSCRIBE and PUBLISH with QoS above 0 have a packet id that is not zero",
    ),
    tested("MQTT-2.3.1-2", "a new packet takes an id that is not in use"),
    tested(
        "MQTT-2.3.1-3",
        "a packet is sent again with its id, which is free only after its acknowledgement",
    ),
    tested("MQTT-2.3.1-5", "PUBLISH with QoS 0 has no packet id"),
    tested("MQTT-2.3.1-6", "PUBACK, PUBREC and PUBREL echo the packet id"),
    tested("MQTT-3.1.0-1", "the first packet of a client is CONNECT"),
    tested("MQTT-3.1.0-2", "a client sends CONNECT once in a connection"),
    tested("MQTT-3.1.2-3", "the reserved flag of CONNECT is 0"),
    tested("MQTT-3.1.2-4", "without clean session, the session goes on, and is kept after the connection"),
    tested(
        "MQTT-3.1.2-6",
        "with clean session, an old session is discarded, and no state outlives the connection",
    ),
    tested(
        "MQTT-3.1.2-9",
        "with the will flag, will QoS and will retain apply, and will topic and message are present",
    ),
    tested(
        "MQTT-3.1.2-11",
        "without the will flag, will QoS and will retain are 0 and the will's fields are absent",
    ),
    tested("MQTT-3.1.2-13", "without the will flag, will QoS is 0"),
    tested("MQTT-3.1.2-14", "with the will flag, will QoS is 0, 1 or 2, never 3"),
    tested("MQTT-3.1.2-15", "without the will flag, will retain is 0"),
    tested("MQTT-3.1.2-18", "without the user name flag there is no user name"),
    tested("MQTT-3.1.2-19", "with the user name flag there is a user name"),
    tested("MQTT-3.1.2-20", "without the password flag there is no password"),
    tested("MQTT-3.1.2-21", "with the password flag there is a password"),
    tested("MQTT-3.1.2-22", "without the user name flag, the password flag is 0"),
    tested("MQTT-3.1.2-23", "the time between two packets is within the keep-alive, by PINGREQ if necessary"),
    tested("MQTT-3.1.3-1", "the payload's fields come in this order: client id, will, user name, password"),
    tested("MQTT-3.1.3-2", "each client has a client id of its own, by which both sides find the session"),
    tested("MQTT-3.1.3-3", "the client id is present, and first in the payload"),
    tested("MQTT-3.1.3-4", "the client id is UTF-8"),
    tested("MQTT-3.1.3-7", "an empty client id is allowed only with clean session"),
    tested("MQTT-3.1.3-10", "the will topic is UTF-8"),
    tested("MQTT-3.1.3-11", "the user name is UTF-8"),
    tested("MQTT-3.3.1-1", "DUP is 1 when a PUBLISH is sent again"),
    tested("MQTT-3.3.1-2", "DUP is 0 with QoS 0"),
    tested("MQTT-3.3.1-4", "the two QoS bits are never both set; a receiver closes if they are"),
    tested("MQTT-3.3.2-1", "the topic name is first in PUBLISH, and UTF-8"),
    tested("MQTT-3.3.2-2", "a topic name has no wildcard"),
    tested("MQTT-3.3.4-1", "a receiver answers a PUBLISH as its QoS asks"),
    tested("MQTT-3.6.1-1", "PUBREL has flags 0010; a receiver closes on others"),
    tested("MQTT-3.8.1-1", "SUBSCRIBE has flags 0010"),
    tested("MQTT-3.8.3-1", "the filters of SUBSCRIBE are UTF-8"),
    tested("MQTT-3.8.3-3", "SUBSCRIBE has at least one filter"),
    tested("MQTT-3-8.3-4", "the QoS asked for is 0, 1 or 2, and the reserved bits are 0"),
    tested("MQTT-3.10.1-1", "UNSUBSCRIBE has flags 0010"),
    tested("MQTT-3.10.3-1", "the filters of UNSUBSCRIBE are UTF-8"),
    tested("MQTT-3.10.3-2", "UNSUBSCRIBE has at least one filter"),
    tested("MQTT-3.14.1-1", "the flags of DISCONNECT are 0"),
    tested("MQTT-3.14.4-1", "after DISCONNECT the client closes the connection"),
    tested("MQTT-3.14.4-2", "after DISCONNECT the client sends nothing more"),
    tested("MQTT-4.1.0-1", "both sides keep the session's state for the whole session"),
    tested("MQTT-4.1.0-2", "a session lasts at least as long as its connection"),
    tested("MQTT-4.3.1-1", "QoS 0: the sender sends with QoS 0 and DUP 0"),
    tested("MQTT-4.3.2-1", "QoS 1, sender: an unused id, QoS 1 and DUP 0; unacknowledged until PUBACK"),
    tested(
        "MQTT-4.3.2-2",
        "QoS 1, receiver: PUBACK with the id, and then a PUBLISH with it is a new message",
    ),
    tested(
        "MQTT-4.3.3-1",
        "QoS 2, sender: unacknowledged until PUBREC; PUBREL with the id until PUBCOMP; no PUBLISH after it",
    ),
    tested(
        "MQTT-4.3.3-2",
        "QoS 2, receiver: PUBREC with the id, no duplicate before PUBREL; PUBCOMP, and the id is new",
    ),
    tested(
        "MQTT-4.4.0-1",
        "on a resumed session, unacknowledged PUBLISH and PUBREL go out again with their ids",
    ),
    tested("MQTT-4.5.0-2", "every message is acknowledged, whether the application takes it or not"),
    tested("MQTT-4.6.0-1", "PUBLISH packets go out again in the order in which they first did"),
    tested("MQTT-4.6.0-2", "PUBACK packets go out in the order of their PUBLISH packets"),
    tested("MQTT-4.6.0-3", "PUBREC packets go out in the order of their PUBLISH packets"),
    tested("MQTT-4.6.0-4", "PUBREL packets go out in the order of their PUBREC packets"),
    tested("MQTT-4.7.1-1", "wildcards are for filters, not for topic names"),
    tested("MQTT-4.7.1-2", "`#` fills a whole level, which is the last"),
    tested("MQTT-4.7.1-3", "`+` fills a whole level"),
    tested("MQTT-4.7.3-1", "a topic name or filter has at least one character"),
    tested("MQTT-4.7.3-2", "a topic name or filter has no U+0000"),
    tested("MQTT-4.7.3-3", "a topic name or filter has at most 65,535 bytes"),
    tested("MQTT-4.8.0-1", "a protocol violation closes the connection"),
    tested("MQTT-4.8.0-2", "a transient error while a packet is processed closes its connection"),
    websocket("MQTT-6.0.0-1", "frames are binary"),
    websocket("MQTT-6.0.0-2", "packets need not begin with frames"),
    websocket("MQTT-6.0.0-3", "the sub-protocol is `mqtt`"),
    tested("MQTT-7.0.0-2", "a client needs no extension of the protocol"),
    tested("MQTT-7.1.2-1", "the transport is an ordered, lossless stream of bytes in both directions"),
];
