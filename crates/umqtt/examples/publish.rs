//! Publishes one message with QoS 1 and waits until the broker has it.
//!
//! `cargo run -p umqtt --example publish -- localhost shed/door open`

use std::error::Error;

use umqtt::{ConnectOptions, Event, QoS};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(broker), Some(topic), Some(payload)) = (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: publish BROKER TOPIC PAYLOAD".into());
    };
    let options = ConnectOptions::new("")?.keep_alive(30);
    let mut client = umqtt::std::connect(&broker, &options)?;
    let sent = client.publish(&topic, payload.as_bytes(), QoS::AtLeastOnce, false)?;
    loop {
        match client.wait_msg()?.0 {
            Event::Delivered { id, .. } if Some(id) == sent => break,
            Event::TimedOut { .. } => return Err("the broker did not acknowledge the message".into()),
            _ => {}
        }
    }
    println!("{broker} has the message");
    client.disconnect()?;
    Ok(())
}
