//! `mqtt://USER:PASSWORD@HOST:PORT/TOPIC`.

use umqtt::std::Address;

use crate::exit::Failure;
use crate::secret::Secret;

/// The parts of a URL; what is missing is `None`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) address: Address,
    pub(crate) user_name: Option<Secret<String>>,
    pub(crate) password: Option<Secret<Vec<u8>>>,
    pub(crate) topic: Option<String>,
}

impl Url {
    /// Errors never repeat the user name, the password, or what may be one of them.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let rest = match text.split_once("://") {
            Some(("mqtt" | "tcp", rest)) => rest,
            Some(("mqtts" | "ssl" | "tls", _)) => {
                return Err(Failure::usage(
                    "this build has no TLS yet: use mqtt:// in a network that you trust",
                ));
            }
            Some(("ws" | "wss", _)) => return Err(Failure::usage("MQTT over WebSocket is not supported")),
            _ => return Err(Failure::usage("the URL must begin with mqtt://")),
        };
        let (authority, topic) = match rest.split_once('/') {
            Some((authority, topic)) => (authority, Some(topic).filter(|topic| !topic.is_empty())),
            None => (rest, None),
        };
        let (login, address) = match authority.rsplit_once('@') {
            Some((login, address)) => (Some(login), address),
            None => (None, authority),
        };
        let (user_name, password) = match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
            Some((user_name, password)) => (Some(user_name), login_has_password(login).then_some(password)),
            None => (None, None),
        };
        Ok(Self {
            address: address.parse().map_err(Failure::usage)?,
            user_name: user_name.map(|part| decode_text(part, "user name").map(Secret::new)).transpose()?,
            password: password.map(|part| decode(part, "password").map(Secret::new)).transpose()?,
            topic: topic.map(|part| decode_text(part, "topic")).transpose()?,
        })
    }
}

/// `user:` has an empty password, `user` has none.
fn login_has_password(login: Option<&str>) -> bool {
    login.is_some_and(|login| login.contains(':'))
}

fn decode_text(text: &str, part: &str) -> Result<String, Failure> {
    String::from_utf8(decode(text, part)?)
        .map_err(|_| Failure::usage(format!("the {part} in the URL is not UTF-8")))
}

/// Resolves `%XX`.
fn decode(text: &str, part: &str) -> Result<Vec<u8>, Failure> {
    let invalid = || Failure::usage(format!("the {part} in the URL has a % without two hex digits"));
    let mut pieces = text.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2).ok_or_else(invalid)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(invalid());
        }
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| invalid())?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, Option<String>, Option<Vec<u8>>, Option<String>) {
        let url = Url::parse(text).unwrap();
        let user_name = url.user_name.map(|name| name.reveal().clone());
        let password = url.password.map(|password| password.reveal().clone());
        (url.address.to_string(), user_name, password, url.topic)
    }

    #[test]
    fn the_parts_are_told_apart() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(parts("mqtt://h"), ("h:1883".into(), None, None, None));
        assert_eq!(parts("mqtt://h/"), ("h:1883".into(), None, None, None));
        assert_eq!(parts("mqtt://h:1/a/#"), ("h:1".into(), None, None, some("a/#")));
        assert_eq!(parts("tcp://[::1]:2/%2fa"), ("[::1]:2".into(), None, None, some("/a")));
        assert_eq!(parts("mqtt://ann@h"), ("h:1883".into(), some("ann"), None, None));
        assert_eq!(parts("mqtt://ann:@h"), ("h:1883".into(), some("ann"), Some(vec![]), None));
        assert_eq!(
            parts("mqtt://a%40b:p%3a%FFw@h:3/t%20t"),
            ("h:3".into(), some("a@b"), Some(b"p:\xffw".to_vec()), some("t t"))
        );
        // An @ that was not escaped belongs to the password, as in other programs.
        assert_eq!(parts("mqtt://a:p@w@h").2, Some(b"p@w".to_vec()));
    }

    #[test]
    fn debug_shows_no_login() {
        let url = Url::parse("mqtt://ann:secret@h/topic").unwrap();
        let shown = format!("{url:?} {url:#?}");
        assert!(shown.contains("topic") && !shown.contains("ann") && !shown.contains("secret"), "{shown}");
        assert!(!shown.contains("115, 101"), "{shown}");
    }

    #[test]
    fn what_is_none_is_refused_without_repeating_it() {
        for text in [
            "",
            "secret@h",
            "mqtts://ann:secret@h",
            "wss://ann:secret@h",
            "http://ann:secret@h",
            "mqtt://ann:secret@",
            "mqtt://ann:secret@h:0",
            "mqtt://ann:secret@h:port",
            "mqtt://ann:secret%@h",
            "mqtt://ann:secret%4@h",
            "mqtt://ann:secret%+4@h",
            "mqtt://ann:secret%é@h",
            "mqtt://%ff:secret@h",
            "mqtt://ann:secret@h/%ff",
        ] {
            let Err(failure) = Url::parse(text) else { panic!("{text} was taken") };
            let said = format!("{failure:?} {failure:#?}");
            assert!(said.contains("Usage") && !said.contains("secret"), "{text}: {said}");
        }
    }
}
