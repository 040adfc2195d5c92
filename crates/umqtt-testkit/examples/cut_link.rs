//! A link that fails after each possible byte: is the message always delivered in the end?
//!
//! `cargo run -p umqtt-testkit --example cut_link`

use umqtt_testkit::Broker;
use umqtt_testkit::link::{Direction, End, LinkError, Network};
use umqtt_testkit::umqtt_proto::wire::PacketType;

const CONNECT: &[u8] = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04shed";
const PUBLISH: &[u8] = b"\x32\x0a\x00\x04door\x00\x01up";

/// Sends both packets; returns whether the message was acknowledged within five seconds.
fn publish(network: &Network, client: &mut End) -> bool {
    let deadline = network.now().after(5_000);
    let mut answer = Vec::new();
    if client.write(&[CONNECT, PUBLISH].concat()).is_err() {
        return false;
    }
    while !answer.ends_with(b"\x40\x02\x00\x01") {
        let mut room = [0; 16];
        match client.read(&mut room) {
            Ok(0) | Err(LinkError::Reset) => return false,
            Ok(count) => answer.extend(room.iter().take(count)),
            Err(LinkError::WouldBlock) if network.wait_readable(client, deadline) => {}
            Err(LinkError::WouldBlock) => return false,
        }
    }
    true
}

fn main() {
    for cut in 0..=CONNECT.len() + PUBLISH.len() {
        let network = Network::new(Broker::default());
        let (mut client, link) = network.open();
        link.cut_after_read(Direction::ToBroker, cut);
        let acknowledged = publish(&network, &mut client);
        let (mut client, _link) = network.open();
        let repeated = publish(&network, &mut client);
        let taken = network.with(|broker| broker.received(PacketType::Publish));
        println!("cut after {cut:2} bytes: {acknowledged}, then {repeated}; taken {taken} times");
    }
}
