//! The same work by the blocking client over `embedded-io`.

use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write, WriteReady};
use umqtt::proto::ClientId;
use umqtt::proto::wire::{Connect, KeepAlive};
use umqtt::{Buffers, Client, Clock, ConnectOptions, EmbeddedIo, Event, Instant, Store};

use crate::{QOS, Settings};

/// The client of a program, whose memory decides what it does.
pub type BoardClient<B> = Client<EmbeddedIo<Link, Millis>, B>;

/// A client on the board's link.
pub fn client<B: Buffers>(memory: B) -> BoardClient<B> {
    Client::new(EmbeddedIo::new(Link, Millis), memory)
}

/// Works with one client from one connection to the next.
pub fn run<const PARTS: bool, B: Buffers>(client: &mut BoardClient<B>, scratch: &mut [u8]) -> ! {
    loop {
        let _ = serve::<PARTS, B>(client, scratch);
    }
}

/// Connects, subscribes, publishes, receives and keeps alive, until the connection ends.
fn serve<const PARTS: bool, B: Buffers>(client: &mut BoardClient<B>, scratch: &mut [u8]) -> Option<()> {
    let settings = Settings::read(scratch)?;
    let mut connect = Connect::new(ClientId::from_bytes(settings.name).ok()?);
    connect.keep_alive = KeepAlive::from_secs(8);
    connect.clean_session = !B::Store::KEEPS;
    crate::open();
    if !client.connect(&ConnectOptions::from(connect)).ok()? {
        client.subscribe(settings.filter, QOS).ok()?;
    }
    loop {
        match client.check_msg(1000).ok()? {
            Some((
                Event::Subscribed { .. } | Event::Delivered { .. } | Event::TimedOut { .. },
                mut sender,
            )) => {
                let payload = crate::setting(settings.payload);
                sender.publish(settings.topic, payload, QOS, false).ok()?;
            }
            Some((Event::Message(message), _)) => crate::show_all(message.topic.as_bytes(), message.payload),
            Some((Event::MessageStart(message), _)) if PARTS => {
                let topic = message.topic.map(|topic| topic.as_bytes()).unwrap_or_default();
                crate::show_all(topic, message.payload);
            }
            Some((Event::MessagePart { bytes, .. }, _)) if PARTS => crate::show_all(bytes, &[]),
            _ => {}
        }
    }
}

/// The link of the board.
pub struct Link;

impl ErrorType for Link {
    type Error = ErrorKind;
}

impl Read for Link {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        Ok(crate::read(buffer))
    }
}

impl Write for Link {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        crate::write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

impl ReadReady for Link {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        Ok(crate::readable())
    }
}

impl WriteReady for Link {
    fn write_ready(&mut self) -> Result<bool, ErrorKind> {
        Ok(crate::writable())
    }
}

/// The clock of the board.
pub struct Millis;

impl Clock for Millis {
    fn now(&mut self) -> Instant {
        Instant::from_millis(crate::millis())
    }
}
