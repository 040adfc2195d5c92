//! Who may connect and who may subscribe to what: closures of the test.

use std::collections::BTreeMap;

use umqtt_proto::wire::{Connect, ConnectReturnCode, SubscribeReturnCode};
use umqtt_proto::{QoS, TopicFilter};

use super::Broker;

type ConnectRule = dyn FnMut(&Connect<'_>) -> ConnectReturnCode + Send;
type SubscribeRule = dyn FnMut(&str, TopicFilter<'_>, QoS) -> SubscribeReturnCode + Send;

#[derive(Default)]
pub(super) struct Rules {
    connect: Option<Box<ConnectRule>>,
    subscribe: Option<Box<SubscribeRule>>,
}

impl Rules {
    pub(super) fn connect(&mut self, connect: &Connect<'_>) -> ConnectReturnCode {
        self.connect.as_mut().map_or(ConnectReturnCode::Accepted, |rule| rule(connect))
    }

    pub(super) fn subscribe(
        &mut self,
        client_id: &str,
        filter: TopicFilter<'_>,
        qos: QoS,
    ) -> SubscribeReturnCode {
        let granted = SubscribeReturnCode::Granted(qos);
        self.subscribe.as_mut().map_or(granted, |rule| rule(client_id, filter, qos))
    }
}

impl Broker {
    /// Asks `rule` for the answer to each CONNECT that the protocol allows; one rule replaces the other.
    ///
    /// ```
    /// use umqtt_proto::wire::ConnectReturnCode;
    /// use umqtt_testkit::Broker;
    /// let mut broker = Broker::default();
    /// broker.on_connect(|_| ConnectReturnCode::ServerUnavailable);
    /// ```
    pub fn on_connect(&mut self, rule: impl FnMut(&Connect<'_>) -> ConnectReturnCode + Send + 'static) {
        self.rules.connect = Some(Box::new(rule));
    }

    /// Accepts these pairs of user name and password alone, and answers others with return code 4.
    ///
    /// ```
    /// let mut broker = umqtt_testkit::Broker::default();
    /// broker.allow_users(&[("shed", "open sesame")]);
    /// ```
    pub fn allow_users(&mut self, users: &[(&str, &str)]) {
        let users: BTreeMap<Vec<u8>, Vec<u8>> =
            users.iter().map(|(name, password)| ((*name).into(), (*password).into())).collect();
        self.on_connect(move |connect| {
            let known = connect.login.is_some_and(|login| {
                let password = login.password.map(|password| password.as_bytes());
                password.is_some() && users.get(login.user_name.as_bytes()).map(Vec::as_slice) == password
            });
            if known { ConnectReturnCode::Accepted } else { ConnectReturnCode::BadUserNameOrPassword }
        });
    }

    /// Asks `rule`, with client id, filter and the QoS that would be granted, for the answer to each filter of a
    /// SUBSCRIBE; one rule replaces the other.
    ///
    /// A rule may lower the QoS or refuse. If it returns a higher QoS than requested, that QoS is granted.
    pub fn on_subscribe(
        &mut self,
        rule: impl FnMut(&str, TopicFilter<'_>, QoS) -> SubscribeReturnCode + Send + 'static,
    ) {
        self.rules.subscribe = Some(Box::new(rule));
    }
}
