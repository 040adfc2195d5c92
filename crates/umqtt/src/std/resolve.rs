//! Name resolution that ends in time.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::TcpError;
use super::address::Host;

/// All addresses of a host, at least one.
///
/// The operating system's resolver has no time-out. It runs in its own thread, which is abandoned when it takes too
/// long.
pub(super) fn resolve(host: &Host, port: u16, timeout: Duration) -> Result<Vec<SocketAddr>, TcpError> {
    if let Ok(address) = host.as_str().parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let name = host.as_str().to_owned();
    let addresses = within(timeout, move || (name.as_str(), port).to_socket_addrs().map(Vec::from_iter));
    let unknown = |error| TcpError::UnknownHost { host: host.to_string(), error };
    match addresses {
        Ok(Some(Ok(addresses))) if addresses.is_empty() => Err(unknown(io::ErrorKind::NotFound.into())),
        Ok(Some(Ok(addresses))) => Ok(addresses),
        Ok(Some(Err(error))) | Err(error) => Err(unknown(error)),
        Ok(None) => Err(TcpError::ResolveTimedOut { host: host.to_string(), timeout }),
    }
}

/// The result of `work`, or `None` when it takes longer.
fn within<R: Send + 'static>(
    timeout: Duration,
    work: impl FnOnce() -> R + Send + 'static,
) -> io::Result<Option<R>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::Builder::new().name("umqtt-resolve".into()).spawn(move || {
        // Nobody listens any more when it took too long.
        let _ = sender.send(work());
    })?;
    Ok(receiver.recv_timeout(timeout).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolver_that_hangs_is_left_to_itself() {
        let (release, hold) = mpsc::channel::<()>();
        let result = within(Duration::from_millis(1), move || hold.recv());
        assert!(result.unwrap().is_none());
        drop(release);
    }

    #[test]
    fn an_ip_address_is_not_looked_up() {
        let addresses = resolve(&Host::new("::1"), 7, Duration::ZERO).unwrap();
        assert_eq!(addresses, ["[::1]:7".parse().unwrap()]);
    }

    #[test]
    fn a_name_of_this_machine_is_found() {
        let addresses = resolve(&Host::new("localhost"), 7, Duration::from_secs(10)).unwrap();
        assert!(addresses.iter().all(|address| address.ip().is_loopback() && address.port() == 7));
    }
}
