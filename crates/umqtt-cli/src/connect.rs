//! From flags to a connection.

use std::ffi::OsStr;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs};

use umqtt::proto::wire::MAX_REMAINING_LENGTH;
use umqtt::std::{Address, TcpClient, TcpTransport};
use umqtt::{ConnectOptions, ConnectionError, Heap, HeapStore, QoS, SessionError, Timeouts};

use crate::exit::{Code, Failure, say};
use crate::flags::ConnectionArgs;
use crate::interrupt::Interrupt;
use crate::secret::Secret;
use crate::url::Url;

/// A topic fits, whatever its length; larger messages are streamed.
const RECEIVE: usize = 128 * 1024;
const TRANSMIT: usize = 64 * 1024;
const IN_FLIGHT: usize = 4096;
/// For messages of a session that the broker keeps, until they are acknowledged: two of the largest.
const STORE: usize = 2 * MAX_REMAINING_LENGTH as usize;

const PASSWORD_VARIABLE: &str = "UMQTT_PASSWORD";

/// Everything that is needed to connect, checked as far as possible without a connection.
#[derive(Debug)]
pub(crate) struct Target {
    address: Address,
    client_id: String,
    clean_session: bool,
    keep_alive: u16,
    user_name: Option<Secret<String>>,
    password: Option<Secret<Vec<u8>>>,
    will: Option<Will>,
    /// The topic of the URL.
    pub(crate) topic: Option<String>,
    pub(crate) timeout: Duration,
    whole_time: Option<Duration>,
    debug: bool,
}

#[derive(Debug)]
struct Will {
    topic: String,
    payload: Secret<Vec<u8>>,
    qos: QoS,
    retain: bool,
}

impl Target {
    /// Reads the flags of `pub` or `sub`; a client id that the user did not choose begins with `default_id`.
    pub(crate) fn new(args: &ConnectionArgs, default_id: &str) -> Result<Self, Failure> {
        let user_name = args.username.clone();
        let mut password = args.pw.as_ref().map(|text| Secret::new(bytes(text.reveal())));
        if let Some(file) = &args.pw_file {
            password = Some(Secret::new(read_password(file)?));
        }
        let mut target = match &args.url {
            Some(url) => Self::of_parts(Url::parse(url.reveal())?, user_name, password, default_id)?,
            None => {
                let address = Address::new(&args.host, args.port).map_err(Failure::usage)?;
                Self::plain(address, default_id).with_login(user_name, password)?
            }
        };
        target.client_id = match (&args.id, &args.id_prefix) {
            (Some(id), _) => id.clone(),
            (None, Some(prefix)) => random_id(prefix),
            (None, None) => target.client_id,
        };
        target.clean_session = !args.disable_clean_session;
        if args.disable_clean_session {
            match &args.id {
                None => {
                    return Err(Failure::usage(
                        "-c needs a client id (-i): nobody comes back to the session of a random one",
                    ));
                }
                Some(id) if id.is_empty() => {
                    return Err(Failure::usage(
                        "-c needs a client id that is not empty: the broker finds the session by it [MQTT-3.1.3-7]",
                    ));
                }
                Some(_) => {}
            }
        }
        target.keep_alive = args.keepalive;
        target.timeout = args.timeout;
        target.whole_time = args.whole_time;
        target.debug = args.debug;
        target.will = args.will_topic.clone().map(|topic| Will {
            topic,
            payload: Secret::new(
                args.will_payload.as_ref().map(|text| bytes(text.reveal())).unwrap_or_default(),
            ),
            qos: args.will_qos,
            retain: args.will_retain,
        });
        target.options().map(drop)?;
        Ok(target)
    }

    /// The broker of a URL, with the defaults for all else.
    pub(crate) fn of_url(url: &str, default_id: &str) -> Result<Self, Failure> {
        let target = Self::of_parts(Url::parse(url)?, None, None, default_id)?;
        target.options().map(drop)?;
        Ok(target)
    }

    fn plain(address: Address, default_id: &str) -> Self {
        Self {
            address,
            client_id: random_id(default_id),
            clean_session: true,
            keep_alive: 60,
            user_name: None,
            password: None,
            will: None,
            topic: None,
            timeout: Duration::from_secs(10),
            whole_time: None,
            debug: false,
        }
    }

    /// The flags take precedence over the URL, and the URL over the environment.
    fn of_parts(
        url: Url,
        user_name: Option<Secret<String>>,
        password: Option<Secret<Vec<u8>>>,
        default_id: &str,
    ) -> Result<Self, Failure> {
        let target = Self { topic: url.topic, ..Self::plain(url.address, default_id) };
        target.with_login(user_name.or(url.user_name), password.or(url.password))
    }

    fn with_login(
        mut self,
        user_name: Option<Secret<String>>,
        password: Option<Secret<Vec<u8>>>,
    ) -> Result<Self, Failure> {
        if user_name.is_none() && password.is_some() {
            return Err(Failure::usage("a password needs a user name (-u) [MQTT-3.1.2-22]"));
        }
        let from_environment = || env::var_os(PASSWORD_VARIABLE).map(|text| Secret::new(bytes(&text)));
        self.password = password.or_else(|| user_name.as_ref().and_then(|_| from_environment()));
        self.user_name = user_name;
        Ok(self)
    }

    /// A last will, besides what the URL says.
    pub(crate) fn set_will(&mut self, topic: &str, payload: &[u8], qos: QoS) {
        self.will = Some(Will {
            topic: topic.to_owned(),
            payload: Secret::new(payload.to_vec()),
            qos,
            retain: false,
        });
    }

    pub(crate) const fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    fn options(&self) -> Result<ConnectOptions<'_>, Failure> {
        let mut options = ConnectOptions::new(&self.client_id)
            .map_err(Failure::usage)?
            .clean_session(self.clean_session)
            .keep_alive(self.keep_alive);
        if let Some(user_name) = &self.user_name {
            options = match &self.password {
                Some(password) => options.login(user_name.reveal(), password.reveal()),
                None => options.user_name(user_name.reveal()),
            }
            .map_err(Failure::usage)?;
        }
        if let Some(will) = &self.will {
            options = options
                .set_last_will(&will.topic, will.payload.reveal(), will.qos, will.retain)
                .map_err(Failure::usage)?;
        }
        Ok(options)
    }

    /// When the time of -W is over, if it is bounded.
    pub(crate) fn end(&self) -> TimeLimit {
        TimeLimit(self.whole_time.map(|time| (Instant::now() + time, time)))
    }

    /// Connects within the time-out and within `limit`; `largest` is the size of the largest SUBSCRIBE to come.
    pub(crate) fn connect(&self, limit: &TimeLimit, largest: usize) -> Result<TcpClient, Failure> {
        let fields = self.client_id.len()
            + self.user_name.as_ref().map_or(0, |name| name.reveal().len())
            + self.password.as_ref().map_or(0, |password| password.reveal().len())
            + self.will.as_ref().map_or(0, |will| will.topic.len() + will.payload.reveal().len());
        let memory =
            Heap::new(RECEIVE, TRANSMIT + fields + largest, IN_FLIGHT).with_store(HeapStore::new(STORE));
        let transport = TcpTransport::new(self.address.host(), self.address.port());
        let mut client = umqtt::std::client(transport, memory);
        let timeout = milliseconds(self.timeout);
        let first = limit.left(self.timeout);
        client.set_timeouts(Timeouts {
            connect: milliseconds(first),
            ping: timeout,
            message: timeout,
            write: milliseconds(first),
            ..Timeouts::DEFAULT
        });
        self.tell(format_args!("connecting to {} as '{}'", self.address(), self.client_id));
        let session_present = client.connect(&self.options()?).map_err(|error| match error.connection() {
            Some(ConnectionError::Closed) => {
                Failure::new(Code::Link, "the broker closed the connection instead of answering CONNECT")
            }
            Some(ConnectionError::Session(SessionError::Violation(violation))) => {
                Failure::new(Code::Protocol, format!("the answer to CONNECT is not valid MQTT: {violation}"))
            }
            _ => match Failure::from(error) {
                // The time of -W was the shorter one.
                failure if failure.code == Code::Silence && first < self.timeout => limit.over(),
                failure => failure,
            },
        })?;
        self.tell(format_args!("connected, session present: {}", if session_present { "yes" } else { "no" }));
        Ok(client)
    }

    /// As [`connect`](Self::connect); from then on Ctrl-C no longer ends the process at once, but is polled.
    pub(crate) fn connect_with(
        &self,
        limit: &TimeLimit,
        largest: usize,
        interrupt: &Interrupt,
    ) -> Result<TcpClient, Failure> {
        let client = self.connect(limit, largest)?;
        interrupt.connected();
        Ok(client)
    }

    /// Reports progress on standard error, with `--debug`.
    pub(crate) fn tell(&self, what: impl std::fmt::Display) {
        if self.debug {
            say(what);
        }
    }
}

/// The time of -W.
pub(crate) struct TimeLimit(Option<(Instant, Duration)>);

impl TimeLimit {
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    /// No more than `wait`, and no more than what is left.
    pub(crate) fn left(&self, wait: Duration) -> Duration {
        self.0.map_or(wait, |(end, _)| wait.min(end.saturating_duration_since(Instant::now())))
    }

    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.0.is_some_and(|(end, _)| end <= Instant::now()) { Err(self.over()) } else { Ok(()) }
    }

    fn over(&self) -> Failure {
        let time = self.0.map_or(Duration::ZERO, |(_, time)| time);
        Failure::new(Code::TimeOver, format!("the time of -W is over: {time:?}"))
    }
}

/// As the client counts; at least 1, since 0 only looks.
pub(crate) fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_micros().div_ceil(1000)).unwrap_or(u32::MAX).clamp(1, umqtt::NEVER - 1)
}

pub(crate) fn bytes(text: &OsStr) -> Vec<u8> {
    text.as_encoded_bytes().to_vec()
}

/// The first line of a file; a password may hold any other bytes.
fn read_password(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut password = fs::read(file)
        .map_err(|error| Failure::new(Code::Local, format!("cannot read {}: {error}", file.display())))?;
    if let Some(end) = password.iter().position(|&byte| byte == b'\n') {
        password.truncate(end);
        if password.ends_with(b"\r") {
            password.pop();
        }
    }
    Ok(password)
}

/// A name that no other client has; with the prefixes of this program it has 23 characters at most, which all brokers
/// accept.
pub(crate) fn random_id(prefix: &str) -> String {
    let random = RandomState::new().build_hasher().finish();
    format!("{prefix}{:012x}", random & 0xffff_ffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let mut target = Target::of_url("mqtt://xqzjv:xqzjv@broker/topic", "test-").unwrap();
        target.set_will("state", b"xqzjv", QoS::AtMostOnce);
        let shown = format!("{target:?} {target:#?}");
        assert!(shown.contains("broker") && shown.contains("state"), "{shown}");
        assert!(!shown.contains("xqzjv") && !shown.contains("120, 113"), "{shown}");
    }
}
