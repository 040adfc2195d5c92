//! The protocol core alone over a socket: the three steps of its loop, without a client.
//!
//! `cargo run --example core_over_socket -- localhost:1883 'shed/#'`

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant as Moment};

use umqtt::proto::wire::{Connect, KeepAlive};
use umqtt::proto::{ClientId, Event, Instant, NoStore, QoS, Receiver, Session, Slot, TopicFilter};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(broker), Some(filter)) = (arguments.next(), arguments.next()) else {
        return Err("usage: core_over_socket HOST:PORT FILTER".into());
    };
    let mut socket = TcpStream::connect(broker)?;
    let mut receiver = Receiver::new([0; 1024]);
    let mut session = Session::new([0; 256], [Slot::EMPTY; 4], NoStore);
    let started = Moment::now();
    let now = || Instant::from_millis(u32::try_from(started.elapsed().as_millis()).unwrap_or(0));

    let connect = Connect { keep_alive: KeepAlive::from_secs(30), ..Connect::new(ClientId::new("")?) };
    session.connect(&connect, now())?;
    loop {
        // 1. Take events until there is none.
        while let Some(event) = session.poll_event(&mut receiver, now())? {
            match event {
                Event::Connected { .. } => println!("connected"),
                Event::Message(message) => println!("{} {:?}", message.topic, message.payload),
                Event::Subscribed { return_codes, .. } => println!("{return_codes:?}"),
                _ => {}
            }
            if let Event::Connected { .. } = event {
                // What is to be sent again on an old session goes first.
                session.resume();
                session.subscribe(&[(TopicFilter::new(&filter)?, QoS::AtLeastOnce)], now())?;
            }
        }
        // 2. Send what waits.
        let sent = socket.write(session.poll_transmit())?;
        session.sent(sent, now());
        // 3. Read, for no longer than the session may be left alone.
        let wait = session.poll_timeout(now()).map(|millis| Duration::from_millis(u64::from(millis.max(1))));
        socket.set_read_timeout(wait)?;
        match socket.read(receiver.unfilled()) {
            Ok(0) => return Err("the broker closed the connection".into()),
            Ok(count) => receiver.advance(count),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
}
