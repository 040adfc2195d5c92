//! Other clients, and the same work done by them.

/// One of them, on thumbv7em.
pub(super) struct Peer {
    pub(super) name: &'static str,
    /// Bytes of flash.
    pub(super) flash: u64,
    /// Bytes of memory besides the caller's buffers.
    pub(super) memory: &'static str,
    /// Bytes of stack.
    pub(super) stack: &'static str,
}

/// How the figures below came about.
pub(super) const NOTE: &str = "\
The other clients did the same work with QoS 1 on thumbv7em, net of the same empty program and with `.rodata`. Those in
C were built with `-Os -flto`, those in Rust like ours. coreMQTT always contains QoS 2. The figures were taken outside
of this repository in November 2026; that of rust-mqtt is older.";

pub(super) const PEERS: [Peer; 5] = [
    Peer { name: "coreMQTT 2.3.1 (C, with QoS 2)", flash: 4200, memory: "140", stack: "268" },
    Peer { name: "MQTT-C (C)", flash: 4720, memory: "104 + 32 a message", stack: "216" },
    Peer { name: "minimq (Rust)", flash: 19608, memory: "", stack: "" },
    Peer { name: "mountain-mqtt (Rust, async)", flash: 19616, memory: "", stack: "" },
    Peer { name: "rust-mqtt (Rust, async)", flash: 35008, memory: "", stack: "" },
];
