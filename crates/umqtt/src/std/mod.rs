//! TCP on an operating system: name resolution, connecting, reading and writing, each within its time.

mod address;
mod coalescing;
mod error;
mod resolve;
mod tcp;

pub use address::{Address, InvalidAddress};
pub use coalescing::Coalescing;
pub use error::TcpError;
pub use tcp::TcpTransport;

use std::time::Duration;

use crate::{Buffers, Client, ConnectOptions, ConnectionError, Error, Heap, PacketId};

/// A client over TCP with its memory on the heap.
pub type TcpClient = Client<TcpTransport, Heap>;

/// A client over TCP that is not connected, whose first packet id is drawn at random.
///
/// If a program begins at id 1 again after a restart, it may give a QoS 2 message the id of an earlier message that the
/// broker still remembers for a kept session; the broker then takes the new message for a repetition and drops it.
/// [`Client::set_next_id`] sets another id, and [`Client::restore`] the id that the store remembers.
///
/// ```
/// use umqtt::Heap;
/// use umqtt::std::TcpTransport;
/// let client = umqtt::std::client(TcpTransport::new("broker.local", 1883), Heap::default());
/// # drop(client);
/// ```
#[must_use]
pub fn client<B: Buffers>(transport: TcpTransport, memory: B) -> Client<TcpTransport, B> {
    let mut client = Client::new(transport, memory);
    let mut id = [0; 2];
    // On a system without random numbers the id stays at the first.
    if getrandom::fill(&mut id).is_ok() {
        client.set_next_id(PacketId::new(u16::from_ne_bytes(id)).unwrap_or(PacketId::FIRST));
    }
    client
}

/// Connects to a broker over TCP, within 5 s for opening the connection and 5 s for its answer.
///
/// `address` is `host`, `host:port`, `[v6]:port`, or one of these after `mqtt://`; the port is 1883 by default. To
/// choose time-outs and memory, use [`client`] with a [`TcpTransport`].
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let broker = umqtt_testkit::TcpBroker::start()?;
/// # let broker = broker.local_addr().to_string();
/// use umqtt::{ConnectOptions, QoS};
/// let mut client = umqtt::std::connect(&broker, &ConnectOptions::new("shed")?)?;
/// client.publish("shed/door", b"open", QoS::AtMostOnce, false)?;
/// client.disconnect()?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`ConnectionError::Transport`] when the address is invalid or there is no TCP connection, and those of
/// [`Client::connect`].
pub fn connect(address: &str, options: &ConnectOptions<'_>) -> Result<TcpClient, Error<TcpError>> {
    let address: Address = address.parse().map_err(|error| failed(TcpError::Address(error)))?;
    let transport =
        TcpTransport::connect(address.host(), address.port(), Duration::from_secs(5)).map_err(failed)?;
    let mut client = client(transport, Heap::default());
    client.connect(options)?;
    Ok(client)
}

fn failed(error: TcpError) -> Error<TcpError> {
    Error::Connection(ConnectionError::Transport(error))
}
