//! What messages cost the client, without an operating system: `cargo xtask bench host` counts its instructions.
//!
//! `umqtt-bench SCENARIO MESSAGES WINDOW` sends or receives so many messages of 64 bytes over a link in memory
//! whose other side takes everything and acknowledges it at once, in order, or in another order once the client waits.

mod link;

use std::hint::black_box;

use umqtt::{Client, ConnectOptions, Event, Heap, NEVER, QoS, TopicName};

use link::{MemoryLink, Order};

const PAYLOAD: [u8; 64] = [b'x'; 64];
const TOPIC: &str = "bench/topic";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [scenario, messages, window] = arguments.as_slice() else {
        eprintln!(
            "usage: umqtt-bench publish|reverse|random|receive 0|1|2 MESSAGES WINDOW, the first two as one word"
        );
        std::process::exit(2);
    };
    let messages: usize = messages.parse().expect("a number of messages");
    let window: usize = window.parse().expect("a window");
    let (verb, qos) = scenario.split_at(scenario.len() - 1);
    let qos = match qos {
        "0" => QoS::AtMostOnce,
        "1" => QoS::AtLeastOnce,
        _ => QoS::ExactlyOnce,
    };
    match verb {
        "publish" => publish(messages, window, qos, Order::AsSent),
        "reverse" => publish(messages, window, qos, Order::Reverse),
        "random" => publish(messages, window, qos, Order::Random),
        _ => receive(messages, window, qos),
    }
}

fn connected(window: usize) -> Client<MemoryLink, Heap> {
    // A session that the broker does not keep, as most programs have it.
    let options = ConnectOptions::new("bench").expect("a client id").keep_alive(60);
    let mut client = Client::new(MemoryLink::default(), Heap::new(16 * 1024, 16 * 1024, window.max(20)));
    client.connect(&options).expect("a connection");
    client
}

/// Publishes as fast as the window allows: a full window is written at once, and half of it is awaited.
fn publish(messages: usize, window: usize, qos: QoS, order: Order) {
    let mut client = connected(window);
    client.transport_mut().answer_in(order);
    let topic = TopicName::new(TOPIC).expect("a topic");
    let (mut sent, mut acknowledged) = (0, 0);
    while acknowledged < messages {
        while sent < messages && sent - acknowledged < window {
            client.enqueue(topic, black_box(&PAYLOAD), qos, false).expect("taken");
            sent += 1;
        }
        if qos == QoS::AtMostOnce {
            acknowledged = sent;
            continue;
        }
        client.flush().expect("written");
        let half = acknowledged + (sent - acknowledged).div_ceil(2);
        while acknowledged < half {
            match client.wait_msg().expect("an event").0 {
                Event::Delivered { .. } => acknowledged += 1,
                event => panic!("{event:?}"),
            }
        }
    }
    client.flush().expect("written");
}

fn receive(messages: usize, window: usize, qos: QoS) {
    let mut client = connected(window);
    client.transport_mut().deliver(TOPIC, &PAYLOAD, qos, messages);
    for _ in 0..messages {
        match client.check_msg(NEVER).expect("an event") {
            Some((Event::Message(message), _)) => {
                black_box(message.payload);
            }
            other => panic!("{other:?}"),
        }
    }
    // The last acknowledgement.
    client.check_msg(0).expect("a connection");
}
