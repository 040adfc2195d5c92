//! The explorations by name.

use crate::config::{Build, Calls, Config, Message, Pieces, Request, Sessions, Storage, Wrongs};
use Message::{Big, Small};
use Request::{Large, Publish, Subscribe, Unsubscribe};

const BASE: Config = Config::DEFAULT;

/// Those of the gate.
pub const GATE: &[Config] = &[
    Config {
        name: "both-ways",
        about: "QoS 2 and 1 both ways",
        requests: &[Publish(2), Publish(1)],
        messages: &[Small(2), Small(1)],
        ..BASE
    },
    Config {
        name: "bytes",
        about: "the link takes and gives any number of bytes",
        requests: &[Publish(2)],
        messages: &[Small(2)],
        writes: Pieces::Bytes,
        reads: Pieces::Bytes,
        ..BASE
    },
    Config {
        name: "full",
        about: "more QoS 2 messages than the table of ids has room for",
        messages: &[Small(2), Small(2), Small(2)],
        incoming: 1,
        window: 3,
        wrongs: Wrongs { session_loss: true, ..Wrongs::LINK },
        reads: Pieces::Packets,
        calls: Calls { flush: true, flush_holding: true, ..Calls::NONE },
        ..BASE
    },
    Config {
        name: "sessions",
        about: "kept and clean sessions in turn",
        requests: &[Publish(2), Publish(1)],
        messages: &[Small(2)],
        sessions: Sessions::Both,
        wrongs: Wrongs { session_loss: true, ..Wrongs::LINK },
        ..BASE
    },
    Config {
        name: "told",
        about: "messages that are told as lost with the session",
        requests: &[Publish(2), Publish(1), Subscribe],
        tells_lost: true,
        wrongs: Wrongs::ALL,
        ..BASE
    },
    Config {
        name: "bare",
        about: "no store",
        build: Build::Bare,
        storage: Storage::Nothing,
        requests: &[Publish(1), Publish(2)],
        messages: &[Small(2)],
        sessions: Sessions::Both,
        calls: Calls { close: true, ..Calls::NONE },
        ..BASE
    },
    Config {
        name: "store",
        about: "a store that fails or loses power at each access",
        storage: Storage::Durable,
        requests: &[Publish(2)],
        messages: &[Small(2)],
        wrongs: Wrongs { store: true, power: true, session_loss: true, ..Wrongs::LINK },
        ..BASE
    },
    Config {
        name: "ids",
        about: "ids that are drawn again after a restart",
        build: Build::Host,
        storage: Storage::Durable,
        requests: &[Publish(1), Publish(2), Publish(1)],
        slots: 3,
        incoming: 0,
        begins_again: true,
        wrongs: Wrongs { power: true, ..Wrongs::LINK },
        ..BASE
    },
    Config {
        name: "large",
        about: "messages larger than the buffers",
        build: Build::Host,
        storage: Storage::Heap(64),
        requests: &[Large(2), Publish(0)],
        messages: &[Big(2)],
        writes: Pieces::Packets,
        reads: Pieces::Packets,
        calls: Calls { flush: true, ..Calls::NONE },
        ..BASE
    },
    Config {
        name: "time-up",
        about: "time-outs of requests",
        requests: &[Publish(2)],
        is_timed: true,
        ..BASE
    },
    Config {
        name: "time-down",
        about: "time-outs while messages arrive",
        messages: &[Small(1)],
        is_timed: true,
        calls: Calls { flush: true, flush_blind: true, ..Calls::NONE },
        ..BASE
    },
    Config {
        name: "lazy",
        about: "time-outs of a program that is late",
        requests: &[Publish(1)],
        is_timed: true,
        wrongs: Wrongs { laziness: true, ..Wrongs::LINK },
        ..BASE
    },
    Config {
        name: "late",
        about: "time-outs of two requests, without a store",
        build: Build::Bare,
        storage: Storage::Nothing,
        requests: &[Publish(1), Publish(1)],
        sessions: Sessions::Clean,
        is_timed: true,
        wrongs: Wrongs { cuts: true, ..Wrongs::NONE },
        ..BASE
    },
    Config {
        name: "pings",
        about: "a program that sends PINGREQ by itself",
        requests: &[Publish(1)],
        messages: &[Small(2)],
        calls: Calls { ping: true, flush: true, ..Calls::NONE },
        ..BASE
    },
    Config {
        name: "subscribe",
        about: "requests that no store keeps",
        requests: &[Subscribe, Publish(0), Unsubscribe],
        messages: &[Small(1)],
        wrongs: Wrongs::ALL,
        calls: Calls::MOST,
        ..BASE
    },
];

/// Larger ones.
pub const LONG: &[Config] = &[
    Config {
        name: "both-ways-all",
        about: "QoS 2 and 1 both ways, with everything that goes wrong and every call",
        requests: &[Publish(2), Publish(1)],
        messages: &[Small(2), Small(1)],
        wrongs: Wrongs::ALL,
        calls: Calls::MOST,
        ..BASE
    },
    Config {
        name: "store-two",
        about: "two messages of our own, and a store that fails or loses power at each access",
        storage: Storage::Durable,
        requests: &[Publish(2), Publish(1)],
        messages: &[Small(2)],
        wrongs: Wrongs { store: true, power: true, ..Wrongs::ALL },
        ..BASE
    },
    Config {
        name: "bytes-all",
        about: "any number of bytes, with everything that goes wrong and every call",
        requests: &[Publish(2)],
        messages: &[Small(2)],
        writes: Pieces::Bytes,
        reads: Pieces::Bytes,
        wrongs: Wrongs::ALL,
        calls: Calls::MOST,
        ..BASE
    },
    Config {
        name: "sessions-all",
        about: "kept and clean sessions in turn, with everything that goes wrong",
        requests: &[Publish(2), Publish(1)],
        messages: &[Small(2)],
        sessions: Sessions::Both,
        wrongs: Wrongs::ALL,
        calls: Calls { close: true, ..Calls::NONE },
        ..BASE
    },
    Config {
        name: "time-two",
        about: "time-outs of two requests",
        requests: &[Publish(2), Subscribe],
        is_timed: true,
        ..BASE
    },
    Config {
        name: "large-two",
        about: "large messages and small ones",
        build: Build::Host,
        storage: Storage::Heap(64),
        requests: &[Large(2), Publish(1)],
        messages: &[Big(2), Small(1)],
        incoming: 0,
        writes: Pieces::Packets,
        reads: Pieces::Packets,
        calls: Calls { flush: true, ..Calls::NONE },
        ..BASE
    },
    Config {
        name: "time-both",
        about: "time-outs with messages both ways",
        requests: &[Publish(1)],
        messages: &[Small(2)],
        is_timed: true,
        calls: Calls { flush: true, ..Calls::NONE },
        ..BASE
    },
    Config {
        name: "three",
        about: "tables of three, all full",
        slots: 3,
        incoming: 3,
        window: 3,
        transmit: 24,
        receive: 24,
        first_id: 65_534,
        requests: &[Publish(2), Publish(2), Publish(1)],
        messages: &[Small(2), Small(2), Small(2)],
        ..BASE
    },
    Config {
        name: "bare-all",
        about: "no store, with everything that goes wrong and every call",
        build: Build::Bare,
        storage: Storage::Nothing,
        requests: &[Publish(1), Publish(2), Publish(0)],
        messages: &[Small(2), Small(0)],
        sessions: Sessions::Both,
        wrongs: Wrongs::ALL,
        calls: Calls::MOST,
        ..BASE
    },
];
