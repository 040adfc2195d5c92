//! A broker on a free port, for any client: the program prints what clients publish until it is killed.
//!
//! `cargo run -p umqtt-testkit --example tcp_broker`, then
//! `mosquitto_pub -V 311 -p PORT -t greeting -m hello`

use std::io;
use std::time::Duration;

use umqtt_testkit::{Broker, Event, Settings, TcpBroker};

fn main() -> io::Result<()> {
    // One message at a time to each client, and a login that some tests ask for.
    let mut broker = Broker::new(Settings { window: 1, ..Settings::default() });
    if let Some(password) = std::env::args().nth(1) {
        broker.allow_users(&[("user", &password)]);
    }
    let broker = TcpBroker::bind("127.0.0.1:0", broker)?;
    println!("listening on {}", broker.url());
    loop {
        broker.wait_until(Duration::from_secs(3600), |broker| broker.events().len() > 0);
        for event in broker.with(|broker| broker.take_events()) {
            match event {
                Event::Published { message, .. } => {
                    println!("{}: {}", message.topic, String::from_utf8_lossy(&message.payload));
                }
                Event::Connected { client_id, .. } => println!("{client_id} is here"),
                Event::Closed { client_id: Some(client_id), reason, .. } => println!("{client_id}: {reason}"),
                _ => {}
            }
        }
    }
}
