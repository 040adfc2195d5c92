//! Where a broker is.

use std::fmt;
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
    host: String,
    port: u16,
}

impl Address {
    /// The port of MQTT over TCP.
    pub const DEFAULT_PORT: u16 = 1883;

    /// The name or the IP address, an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
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
        let invalid = |reason| InvalidAddress { address: text.to_owned(), reason };
        let rest = match text.split_once("://") {
            Some(("mqtt" | "tcp", rest)) => rest.strip_suffix('/').unwrap_or(rest),
            Some(_) => return Err(invalid("only mqtt:// is known here")),
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
        if host.is_empty() {
            return Err(invalid("the host is missing"));
        }
        if host.contains(['@', '/', ' ']) {
            return Err(invalid("host and port alone are allowed"));
        }
        let port = match port {
            None => Self::DEFAULT_PORT,
            Some(port) => match port.parse() {
                Ok(port) if port > 0 => port,
                _ => return Err(invalid("the port is not a number from 1 to 65535")),
            },
        };
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// A text that is not an [`Address`].
///
/// What stands before an `@` may be a password, and is not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidAddress {
    address: String,
    reason: &'static str,
}

impl fmt::Display for InvalidAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.address.rsplit_once('@').map_or(self.address.as_str(), |(_, host)| host);
        write!(f, "'{shown}' is no address of a broker: {}", self.reason)
    }
}

impl std::error::Error for InvalidAddress {}

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
        ];
        for (text, reason) in bad {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        let error = "mqtt://gardener:correct horse@broker".parse::<Address>().unwrap_err();
        assert!(!error.to_string().contains("horse"), "{error}");
    }
}
