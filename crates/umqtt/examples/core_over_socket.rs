//! The protocol core alone over a socket: the three steps of its loop, without a client.
//!
//! `cargo run --example core_over_socket -- localhost:1883 'shed/#'`

use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant as Moment};

use umqtt::proto::wire::{Connect, KeepAlive};
use umqtt::proto::{ClientId, Event, Instant, NoStore, QoS, Receiver, Session, Slot, TopicFilter};

fn main() -> Result<(), Box<dyn Error>> {
    let [broker, filter] =
        Vec::from_iter(std::env::args().skip(1)).try_into().map_err(|_| "BROKER FILTER")?;
    let mut socket = TcpStream::connect(broker)?;
    let mut receiver = Receiver::new([0; 1024]);
    let mut session = Session::new([0; 256], [Slot::EMPTY; 4], NoStore);
    let started = Moment::now();
    // The count wraps, as the core expects.
    #[allow(clippy::cast_possible_truncation)]
    let now = || Instant::from_millis(started.elapsed().as_millis() as u32);

    let connect = Connect { keep_alive: KeepAlive::from_secs(30), ..Connect::new(ClientId::new("")?) };
    session.connect(&connect, now())?;
    loop {
        // 1. Take events until there is none.
        while let Some(event) = session.poll_event(&mut receiver, now())? {
            match event {
                Event::Connected { .. } => {
                    // What is to be sent again goes first; here it is nothing.
                    session.resume();
                    session.subscribe(&[(TopicFilter::new(&filter)?, QoS::AtLeastOnce)], now())?;
                }
                Event::Message(message) => println!("{} {:?}", message.topic, message.payload),
                _ => {}
            }
        }
        // 2. Send what waits.
        let sent = socket.write(session.poll_transmit())?;
        session.sent(sent, now());
        // 3. Read, for no longer than the session may be left alone.
        let wait = session.poll_timeout(now()).map(|millis| Duration::from_millis(millis.max(1).into()));
        socket.set_read_timeout(wait)?;
        match socket.read(receiver.unfilled()) {
            Ok(0) => return Err("the broker closed the connection".into()),
            Ok(count) => receiver.advance(count),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
