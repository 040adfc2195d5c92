//! The address of a broker.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// Host and port of a broker.
///
/// ```
/// use umqtt::std::Address;
/// let address: Address = "mqtt://broker.local".parse().unwrap();
/// assert_eq!((address.host(), address.port()), ("broker.local", 1883));
/// let address: Address = "[::1]:1884".parse().unwrap();
/// assert_eq!((address.host(), address.port()), ("::1", 1884));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    host: Host,
    port: u16,
}

const PORT_RANGE: &str = "the port is not a number from 1 to 65535";

impl Address {
    /// The port of MQTT over TCP.
    pub const DEFAULT_PORT: u16 = 1883;

    /// A broker at a host name or an IP address, an IPv6 address without brackets.
    ///
    /// # Errors
    /// The host is empty or has a character that no name and no IP address has, or the port is 0.
    pub fn new(host: &str, port: u16) -> Result<Self, InvalidAddress> {
        let invalid = |reason| Err(InvalidAddress { shown: harmless(host), reason });
        if host.is_empty() {
            return invalid("the host is missing");
        }
        if host.contains(['@', '/', ' ']) {
            return invalid("host and port alone are allowed");
        }
        if host.contains(':') && !is_ipv6(host) {
            return invalid("the host is not an IPv6 address");
        }
        if port == 0 {
            return invalid(PORT_RANGE);
        }
        Ok(Self { host: Host::new(host), port })
    }

    /// The name or the IP address, an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.host.as_str()
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let invalid = |reason| InvalidAddress { shown: harmless(text), reason };
        let rest = match text.split_once("://") {
            Some(("mqtt" | "tcp", rest)) => rest.strip_suffix('/').unwrap_or(rest),
            Some(_) => return Err(invalid("only mqtt:// is supported")),
            None => text,
        };
        let (host, port) = if let Some(bracketed) = rest.strip_prefix('[') {
            let (host, port) = bracketed.split_once(']').ok_or_else(|| invalid("']' is missing"))?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':').unwrap_or("")) })
        } else if rest.matches(':').count() > 1 {
            // An IPv6 address, which cannot have a port without brackets.
            (rest, None)
        } else {
            rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)))
        };
        let port = match port.map(str::parse) {
            None => Self::DEFAULT_PORT,
            Some(Ok(port)) => port,
            Some(Err(_)) => return Err(invalid(PORT_RANGE)),
        };
        Self::new(host, port).map_err(|error| invalid(error.reason))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host().contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// A text that is not an [`Address`].
///
/// It does not hold the text, which may be a URL with a login. It shows the scheme, the host and a port that is a
/// number, and `…` in place of the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidAddress {
    shown: String,
    reason: &'static str,
}

impl fmt::Display for InvalidAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is not the address of a broker: {}", self.shown, self.reason)
    }
}

impl std::error::Error for InvalidAddress {}

/// The name of a host as the caller wrote it, which may be a URL with a login by mistake.
///
/// It is formatted without what may be a login, so that no type that holds a host can show a login.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Host(String);

impl Host {
    pub(super) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        harmless(&self.0).fmt(f)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&harmless(&self.0))
    }
}

/// What can be shown of a text that should name a broker: scheme, host and a port that is a number; `…` stands
/// for anything else, since a login may be in it.
fn harmless(text: &str) -> String {
    let is_scheme = |scheme: &str| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let (mut shown, rest) = match text.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (format!("{scheme}://"), rest),
        _ => (String::new(), text),
    };
    let rest = match rest.rsplit_once('@') {
        Some((_, rest)) => {
            shown.push_str("…@");
            rest
        }
        None => rest,
    };
    let end = if is_ipv6(rest) {
        rest.len()
    } else if let Some((host, _)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        if is_ipv6(host) { host.len() + "[]".len() } else { 0 }
    } else {
        rest.find(|char: char| !char.is_alphanumeric() && !".-_".contains(char)).unwrap_or(rest.len())
    };
    let (host, rest) = rest.split_at(end);
    shown.push_str(host);
    let is_port =
        |port: &str| !port.is_empty() && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    shown.push_str(match rest.strip_prefix(':') {
        Some(port) if is_port(port) => rest,
        _ if rest.is_empty() => "",
        _ => "…",
    });
    shown
}

/// Whether this is an IPv6 address, with or without a zone.
fn is_ipv6(host: &str) -> bool {
    let (address, zone) = host.split_once('%').unwrap_or((host, ""));
    address.parse::<Ipv6Addr>().is_ok() && zone.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_or_refused_with_a_reason() {
        let good = [
            ("localhost", "localhost:1883"),
            ("localhost:2883", "localhost:2883"),
            ("mqtt://10.0.0.1/", "10.0.0.1:1883"),
            ("tcp://broker:1", "broker:1"),
            ("::1", "[::1]:1883"),
            ("[fe80::1]", "[fe80::1]:1883"),
            ("mqtt://[::1]:1884", "[::1]:1884"),
            ("fe80::1%eth0", "[fe80::1%eth0]:1883"),
        ];
        for (text, address) in good {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), address, "{text}");
        }
        let bad = [
            ("", "the host is missing"),
            (":1883", "the host is missing"),
            ("mqtt://", "the host is missing"),
            ("mqtts://broker", "only mqtt://"),
            ("broker:0", "the port is not"),
            ("broker:65536", "the port is not"),
            ("broker:", "the port is not"),
            ("[::1", "']' is missing"),
            ("[::1]1883", "the port is not"),
            ("mqtt://broker/path", "host and port alone"),
            ("a:b:c", "not an IPv6 address"),
            ("[a:b]:1883", "not an IPv6 address"),
        ];
        for (text, reason) in bad {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn an_error_shows_the_scheme_the_host_and_the_port_alone() {
        for (text, shown) in [
            ("http://broker", "http://broker"),
            ("mqtts://broker:8883", "mqtts://broker:8883"),
            ("broker:65536", "broker:65536"),
            ("broker:", "broker…"),
            ("broker/path", "broker…"),
            ("[::1]1883", "[::1]…"),
            ("[::1", "…"),
            ("ws://[::1]:80/mqtt", "ws://[::1]…"),
            ("mqtt://ann:secret@broker", "mqtt://…@broker"),
            ("mqtt://ann:se:cr@et@broker:1883", "mqtt://…@broker:1883"),
            ("ann:secret@broker/path", "…@broker…"),
            // The host is forgotten, or the @.
            ("mqtt://ann:secret@", "mqtt://…@"),
            ("mqtt://ann:secret", "mqtt://ann…"),
            ("mqtt://ann:sec:ret", "mqtt://ann…"),
            ("[ann:secret]", "…"),
            ("ann:secret://broker", "ann…"),
            ("fe80::1%sec/ret", "fe80…"),
            ("ann secret", "ann…"),
        ] {
            let error = text.parse::<Address>().unwrap_err();
            assert_eq!(error.shown, shown, "{text}");
        }
    }

    #[test]
    fn a_host_is_shown_whole_unless_it_is_none() {
        for text in ["broker.local", "bröker", "snake_host", "10.0.0.1", "::1", "fe80::1%eth0"] {
            assert_eq!(Host::new(text).to_string(), text);
            assert_eq!(format!("{:?}", Host::new(text)), format!("{text:?}"));
        }
        assert_eq!(Host::new("ann:secret@broker").to_string(), "…@broker");
    }
}
