//! Sleep that ends when there is something to do: the link, a deadline, a signal, standard input.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use umqtt::std::TcpClient;
use umqtt::{ConnectionError, Wait};

use crate::connect::milliseconds;
use crate::exit::Failure;

/// What sleeps, and what wakes it.
#[derive(Debug)]
pub(crate) struct Wake {
    woken: UnixStream,
    waker: UnixStream,
}

/// Wakes the one who sleeps, from another thread or for a signal; it is not waited for.
#[derive(Debug)]
pub(crate) struct Waker(UnixStream);

impl Wake {
    pub(crate) fn new() -> io::Result<Self> {
        let (woken, waker) = UnixStream::pair()?;
        woken.set_nonblocking(true)?;
        waker.set_nonblocking(true)?;
        Ok(Self { woken, waker })
    }

    /// What wakes this one.
    pub(crate) fn waker(&self) -> io::Result<Waker> {
        self.waker.try_clone().map(Waker)
    }

    /// Sleeps until the client has something to do, or is woken, but no longer than `most`. It was asked for events
    /// before, until it had none.
    pub(crate) fn sleep(&self, client: &mut TcpClient, most: Duration) -> Result<(), Failure> {
        let wait = Self::until(client, most);
        let slept = client.transport_mut().wait_with(wait, self.woken.as_fd());
        self.forget();
        slept.map_err(|error| Failure::from(&ConnectionError::Transport(error)))
    }

    /// What is waited for, and how long.
    fn until(client: &mut TcpClient, most: Duration) -> Wait {
        let Wait { read, write, millis } = client.next_wait();
        Wait { read, write, millis: millis.min(milliseconds(most)) }
    }

    /// What has woken is dealt with from here on.
    fn forget(&self) {
        let mut bytes = [0; 64];
        while matches!((&self.woken).read(&mut bytes), Ok(count) if count > 0) {}
    }
}

impl Waker {
    pub(crate) fn wake(&self) {
        // When there is no room, enough bytes are there to wake.
        let _ = (&self.0).write(&[0]);
    }

    pub(crate) fn into_stream(self) -> UnixStream {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use umqtt::{ConnectOptions, Event, QoS};
    use umqtt_testkit::TcpBroker;

    use super::*;

    fn idle_client(broker: &TcpBroker) -> TcpClient {
        let options = ConnectOptions::new("idle").unwrap().keep_alive(60);
        let mut client = umqtt::std::connect(&broker.url(), &options).unwrap();
        client.subscribe("a", QoS::AtMostOnce).unwrap();
        assert!(matches!(client.wait_msg().unwrap().0, Event::Subscribed { .. }));
        assert!(client.check_msg(0).unwrap().is_none());
        client
    }

    #[test]
    fn an_idle_client_sleeps_until_pingreq_is_due() {
        let broker = TcpBroker::start().unwrap();
        let mut client = idle_client(&broker);
        let Wait { read, write, millis } = Wake::until(&mut client, Duration::MAX);
        assert!(read && !write);
        // 45 s after the last packet, however slow this machine is.
        assert!((30_000..=45_000).contains(&millis), "{millis}");
        assert_eq!(Wake::until(&mut client, Duration::from_secs(3)).millis, 3_000);
    }

    #[test]
    fn it_is_woken_by_another_thread_and_by_a_message() {
        let broker = TcpBroker::start().unwrap();
        let mut client = idle_client(&broker);
        let wake = Wake::new().unwrap();
        let waker = wake.waker().unwrap();
        thread::spawn(move || waker.wake());
        wake.sleep(&mut client, Duration::MAX).unwrap();
        assert!(client.check_msg(0).unwrap().is_none());

        client.publish("a", b"x", QoS::AtMostOnce, false).unwrap();
        wake.sleep(&mut client, Duration::MAX).unwrap();
        assert!(matches!(client.check_msg(0).unwrap().unwrap().0, Event::Message(_)));
    }

    #[test]
    fn no_one_waits_for_the_one_who_sleeps() {
        let wake = Wake::new().unwrap();
        let waker = wake.waker().unwrap();
        for _ in 0..100_000 {
            waker.wake();
        }
        wake.forget();
        assert_eq!((&wake.woken).read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
}
