//! A slow broker that sends byte by byte, on a free port: does the client wait, and does it use the right packet id?
//!
//! `cargo run -p umqtt-testkit --example scripted`, then
//! `mosquitto_pub -V 311 -p PORT -q 2 -t greeting -m hello`

use std::time::Duration;

use umqtt_testkit::script::ScriptedBroker;

const SCRIPT: &str = r#"
    expect connect
    stall 500
    send-split 20 02 00 00
    expect 34 ?? 0008 "greeting" ..
    send-split 50 02 $id
    expect 62 02 $id
    stall 500
    send-split 70 02 $id
    expect disconnect
    expect close
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let broker = ScriptedBroker::start(SCRIPT.parse()?)?;
    println!("listening on {}", broker.url());
    broker.finish(Duration::from_secs(60))?;
    println!("the client did all of it");
    Ok(())
}
