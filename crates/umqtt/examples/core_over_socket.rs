//! The protocol core alone over a socket: what its steps ask for, without a client.
//!
//! `cargo run -p umqtt --example core_over_socket -- localhost:1883 'shed/#'`

use std::error::Error;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant as Moment};

use umqtt::proto::wire::{Connect, KeepAlive};
use umqtt::proto::{
    ClientId, Engine, Event, Goal, Instant, NEVER, NoStore, QoS, Receiver, Slot, Step, TopicFilter,
};

fn main() -> Result<(), Box<dyn Error>> {
    let [broker, filter] =
        Vec::from_iter(std::env::args().skip(1)).try_into().map_err(|_| "BROKER FILTER")?;
    let mut socket = TcpStream::connect(broker)?;
    let mut receiver = Receiver::new([0; 1024]);
    let mut engine = Engine::new([0; 256], [Slot::EMPTY; 4], [0; 8], NoStore);
    let started = Moment::now();
    // The count wraps, as the core expects.
    #[allow(clippy::cast_possible_truncation)]
    let now = || Instant::from_millis(started.elapsed().as_millis() as u32);

    let connect = Connect { keep_alive: KeepAlive::from_secs(30), ..Connect::new(ClientId::new("")?) };
    engine.connect(&connect, now())?;
    loop {
        engine.begin(Goal::Event(NEVER), now());
        let notice = loop {
            match engine.step(Some(&mut receiver.inbox()), now())? {
                Step::Tell(notice) => break notice,
                Step::Write => {
                    let count = socket.write(engine.session().pending())?;
                    engine.did_write(count, now());
                }
                Step::Read => {
                    let mut inbox = receiver.inbox();
                    socket.set_nonblocking(true)?;
                    let count = match socket.read(inbox.unfilled()) {
                        Ok(0) => return Err("the broker closed the connection".into()),
                        Ok(count) => count,
                        Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                        Err(error) => return Err(error.into()),
                    };
                    socket.set_nonblocking(false)?;
                    engine.did_read(&mut inbox, count, now());
                }
                Step::Wait(wait) => {
                    let limit = (wait.millis != NEVER).then(|| Duration::from_millis(wait.millis.into()));
                    socket.set_read_timeout(limit)?;
                    match socket.peek(&mut [0]) {
                        Err(error)
                            if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                        {
                            return Err(error.into());
                        }
                        _ => {}
                    }
                }
                Step::Done | Step::Stalled => return Err("the connection is over".into()),
            }
        };
        // The event lends its message from the receive buffer, until the next step.
        match receiver.lend(notice).0 {
            Event::Connected { .. } => {
                engine.session_mut().subscribe(&[(TopicFilter::new(&filter)?, QoS::AtLeastOnce)])?;
            }
            Event::Message(message) => println!("{} {:?}", message.topic, message.payload),
            _ => {}
        }
    }
}
