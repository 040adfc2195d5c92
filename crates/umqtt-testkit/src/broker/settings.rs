//! What a broker allows, and how much it holds.

use umqtt_proto::QoS;

/// The limits of a [`Broker`](crate::Broker); `Settings::default()` suits most tests.
///
/// Together they bound the memory that a hostile client can take.
///
/// ```
/// use umqtt_testkit::{Broker, Settings};
/// let broker = Broker::new(Settings { window: 1, ..Settings::default() });
/// assert_eq!(broker.settings().window, 1);
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    /// The longest packet that a client may send, in bytes of the whole packet; 16 MiB.
    pub max_packet_size: usize,
    /// The highest QoS that is granted to a subscription; QoS 2.
    pub max_qos: QoS,
    /// How many messages of QoS 1 and 2 may be in flight to one client; 20.
    pub window: u16,
    /// How many messages of QoS 1 and 2 wait for one client beyond its window, or while it is away; 100,000.
    /// What comes when the queue is full is dropped.
    pub max_queued: usize,
    /// How many bytes of topic and payload those messages may take; 64 MiB.
    pub max_queued_bytes: usize,
    /// How many bytes may wait in the output of one connection; 64 MiB.
    ///
    /// Above it a message of QoS 0 is dropped, one of QoS 1 or 2 waits in the queue, and a client that asks for
    /// answers without reading them is closed.
    pub max_unsent: usize,
    /// How many connections there may be; 1,000. One more is closed as soon as it is opened.
    pub max_connections: usize,
    /// How many sessions there may be, connected or not; 10,000. A CONNECT beyond that is answered with
    /// [`ServerUnavailable`](umqtt_proto::wire::ConnectReturnCode::ServerUnavailable).
    pub max_sessions: usize,
    /// How many topic filters one session may hold; 1,000. One more is answered with 0x80.
    pub max_subscriptions: usize,
    /// How many messages are retained; 10,000. One more is delivered and not retained.
    pub max_retained: usize,
    /// How many bytes of topic and payload those messages may take; 64 MiB.
    pub max_retained_bytes: usize,
    /// How many [`Event`](crate::Event)s are held for the test to see; 10,000. The oldest go first.
    pub max_events: usize,
    /// How many bytes of topic and payload the messages among them may take; 32 MiB.
    pub max_event_bytes: usize,
    /// A connection without CONNECT after this many milliseconds is closed; 10,000.
    pub connect_timeout: u32,
    /// Whether a client with several filters that match gets a message once for each of them, each with its own
    /// QoS, rather than once with the highest [MQTT-3.3.5-1]; false.
    pub each_overlap: bool,
}

impl Default for Settings {
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            max_packet_size: 16 * MIB,
            max_qos: QoS::ExactlyOnce,
            window: 20,
            max_queued: 100_000,
            max_queued_bytes: 64 * MIB,
            max_unsent: 64 * MIB,
            max_connections: 1_000,
            max_sessions: 10_000,
            max_subscriptions: 1_000,
            max_retained: 10_000,
            max_retained_bytes: 64 * MIB,
            max_events: 10_000,
            max_event_bytes: 32 * MIB,
            connect_timeout: 10_000,
            each_overlap: false,
        }
    }
}
