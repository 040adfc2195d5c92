//! What an error says, and whose fault it is.

use std::error::Error;

use umqtt_proto::wire::ConnectReturnCode;
use umqtt_proto::{ConnectError, Fault, RequestError, SessionError, Violation};

fn check<E: Error>(fault: impl Fn(&E) -> Fault, errors: &[(E, Fault, &str)]) {
    for (error, whose, says) in errors {
        assert_eq!((error.to_string().as_str(), fault(error)), (*says, *whose));
    }
}

#[test]
fn of_connect() {
    check(
        ConnectError::fault,
        &[
            (
                ConnectError::NotDisconnected,
                Fault::Caller,
                "the last connection is not closed [MQTT-3.1.0-2]",
            ),
            (
                ConnectError::EmptyClientId,
                Fault::Caller,
                "an empty client id needs a clean session [MQTT-3.1.3-7]",
            ),
            (ConnectError::BufferTooSmall, Fault::Resource, "CONNECT is larger than the transmit buffer"),
        ],
    );
}

#[test]
fn of_requests() {
    check(
        RequestError::fault,
        &[
            (RequestError::NotConnected, Fault::Caller, "not connected"),
            (RequestError::Qos2NotBuilt, Fault::Caller, "this build has no QoS 2"),
            (RequestError::FilterCount, Fault::Caller, "1 to 255 topic filters are needed [MQTT-3.8.3-3]"),
            (RequestError::TooLong, Fault::Caller, "the packet is longer than 268435455 bytes"),
            (RequestError::BufferTooSmall, Fault::Resource, "the packet is larger than the transmit buffer"),
            (RequestError::TransmitFull, Fault::Resource, "the transmit buffer is full for now"),
            (RequestError::InFlightFull, Fault::Resource, "too many packets wait for their acknowledgement"),
            (RequestError::StoreFull, Fault::Resource, "the store has no room for the message"),
            (RequestError::StoreFailed, Fault::Resource, "the store could not record the message"),
            (
                RequestError::NoStore,
                Fault::Caller,
                "a QoS 2 message on a session that is kept needs a store, and there is none",
            ),
        ],
    );
}

#[test]
fn of_a_connection() {
    check(
        SessionError::fault,
        &[
            (
                SessionError::Violation(Violation::ZeroPacketId),
                Fault::Peer,
                "the broker broke the protocol: packet id 0 [MQTT-2.3.1-1]",
            ),
            (
                SessionError::Violation(Violation::PacketTooLarge),
                Fault::Resource,
                "packet larger than the receive buffer [MQTT 2.2.3]",
            ),
            (
                SessionError::Refused(ConnectReturnCode::NotAuthorized),
                Fault::Peer,
                "connection refused: this client may not connect",
            ),
            (SessionError::ConnectTimeout, Fault::Transport, "the broker did not answer CONNECT in time"),
            (
                SessionError::PingTimeout,
                Fault::Transport,
                "the broker did not answer PINGREQ in time, or the link did not take it",
            ),
            (
                SessionError::Qos2NotBuilt,
                Fault::Caller,
                "a packet of QoS 2 arrived, and this build has no QoS 2",
            ),
            (SessionError::IncomingFull, Fault::Resource, "the table of incoming QoS 2 messages is full"),
            (SessionError::StoreFailed, Fault::Resource, "the store could not record an acknowledgement"),
        ],
    );
}
