//! Prints the messages of a topic filter, and connects again when the connection is lost.
//!
//! `cargo run -p umqtt --example subscribe -- localhost 'shed/#'`; the broker is a host name without a port.

use std::error::Error;
use std::thread::sleep;
use std::time::Duration;

use umqtt::std::TcpTransport;
use umqtt::{ConnectOptions, Event, Heap, QoS, TopicFilter};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(broker), Some(filter)) = (arguments.next(), arguments.next()) else {
        return Err("usage: subscribe BROKER FILTER".into());
    };
    let filter = TopicFilter::new(&filter)?;
    let options = ConnectOptions::new("umqtt-example")?.keep_alive(30).clean_session(false);
    let mut client = umqtt::std::client(TcpTransport::new(&broker, 1883), Heap::default());
    loop {
        if let Err(error) = client.connect(&options).and_then(|_| client.subscribe(filter, QoS::AtLeastOnce))
        {
            eprintln!("{error}");
            sleep(Duration::from_secs(5));
            continue;
        }
        while let Ok((event, _)) = client.wait_msg() {
            if let Event::Message(message) = event {
                println!("{} {}", message.topic, String::from_utf8_lossy(message.payload));
            }
        }
    }
}
