//! `umqtt demo`: the job of an MQTT client from end to end.

mod screen;

use std::thread;
use std::time::{Duration, Instant};

use umqtt::std::{TcpClient, TcpTransport};
use umqtt::{Event, Heap, PacketId, Publish, QoS, Sender, SubscribeReturnCode};
use umqtt_testkit::{CloseReason, TcpBroker};

use crate::connect::{Target, TimeLimit, milliseconds, random_id};
use crate::exit::{Code, Failure};
use crate::flags::DemoArgs;
use crate::format::number;
use screen::{Screen, Who};

const READINGS: [&str; 5] = ["20.5", "21.3", "22.8", "24.1", "26.2"];
/// At the last reading the watcher has the window opened.
const TOO_WARM: &str = "26.2";
/// The longest wait for anything that should happen at once.
const PATIENCE: Duration = Duration::from_secs(3);
/// For the reader's eyes.
const PAUSE: Duration = Duration::from_millis(600);

pub(crate) fn run(args: &DemoArgs) -> Result<(), Failure> {
    let screen = Screen::new();
    screen.title(
        "umqtt demo: a sensor publishes, a watcher receives, and a last will reports that the sensor is gone",
    )?;
    screen.chapter("Two clients connect to a broker")?;
    let broker = match &args.broker {
        Some(_) => None,
        None => Some(
            TcpBroker::start()
                .map_err(|error| Failure::new(Code::Local, format!("cannot start a broker: {error}")))?,
        ),
    };
    let url = match (&args.broker, &broker) {
        (Some(url), _) => url.reveal().clone(),
        (None, Some(broker)) => broker.url(),
        (None, None) => String::new(),
    };
    let demo =
        Demo { screen, broker, topics: Topics::new(), pause: if args.fast { Duration::ZERO } else { PAUSE } };
    demo.run(&url)
}

/// The topics, which no other client has.
struct Topics {
    all: String,
    temperature: String,
    state: String,
    window: String,
}

impl Topics {
    fn new() -> Self {
        let root = random_id("umqtt-demo/");
        Self {
            all: format!("{root}/sensor/#"),
            temperature: format!("{root}/sensor/temperature"),
            state: format!("{root}/sensor/state"),
            window: format!("{root}/window"),
        }
    }
}

struct Demo {
    screen: Screen,
    /// The broker in this process, unless there is another one.
    broker: Option<TcpBroker>,
    topics: Topics,
    pause: Duration,
}

impl Demo {
    fn run(&self, url: &str) -> Result<(), Failure> {
        let mut watcher_target = Target::of_url(url, "umqtt-watch-")?;
        let mut sensor_target = Target::of_url(url, "umqtt-sens-")?;
        sensor_target.set_will(&self.topics.state, b"gone", QoS::AtLeastOnce);
        for target in [&mut watcher_target, &mut sensor_target] {
            target.timeout = PATIENCE;
        }
        match &self.broker {
            Some(broker) => {
                self.screen.line(
                    Who::Broker,
                    format_args!("listens on {}", broker.url()),
                    "TcpBroker::start",
                )?;
            }
            None => self.screen.line(Who::Broker, format_args!("is at {}", watcher_target.address()), "")?,
        }
        let mut watcher = self.connect(Who::Watcher, &watcher_target)?;
        self.subscribe(Who::Watcher, &mut watcher, &self.topics.all)?;
        self.screen.line(
            Who::Sensor,
            "has a last will ready: state = gone",
            "ConnectOptions::set_last_will",
        )?;
        let mut sensor = self.connect(Who::Sensor, &sensor_target)?;
        self.subscribe(Who::Sensor, &mut sensor, &self.topics.window)?;

        self.screen.chapter("The sensor publishes with QoS 1, and hears when each message is delivered")?;
        let mut slowest = Duration::ZERO;
        let mut answer = None;
        for reading in READINGS {
            self.pause();
            slowest = slowest.max(self.publish(&mut sensor, reading)?);
            answer = self.receive_reading(&mut watcher, reading)?;
        }
        self.screen.chapter("The watcher answers")?;
        self.receive_answer(&mut watcher, &mut sensor, answer)?;
        self.pause();

        self.screen.chapter("The sensor is cut off, and the broker publishes its last will")?;
        self.screen.line(Who::Sensor, "is gone without DISCONNECT: its link is closed", "drop(client)")?;
        drop(sensor);
        self.check_close(&sensor_target, CloseReason::Lost, "has lost the sensor's link")?;
        self.receive(&mut watcher, &self.topics.state, "gone", |_, _| Ok(()))?;
        self.screen.line(Who::Watcher, "receives the last will: state = gone", "Event::Message")?;
        self.pause();

        self.screen.chapter("The watcher ends in good order")?;
        watcher.disconnect()?;
        self.screen.line(Who::Watcher, "sends DISCONNECT and closes its link", "Client::disconnect")?;
        self.check_close(&watcher_target, CloseReason::Disconnect, "received DISCONNECT: no last will")?;

        let good = format!(
            "All as it should be, in {:.1} s: {} readings published with QoS 1, delivered (the slowest after {}) and\n\
             received in order; 1 answer; 1 last will.",
            self.screen.started.elapsed().as_secs_f32(),
            READINGS.len(),
            in_milliseconds(slowest)
        );
        self.screen
            .summary(&good, "Your turn: umqtt help pub, umqtt help sub, umqtt demo --broker mqtt://HOST")
    }

    fn connect(&self, who: Who, target: &Target) -> Result<TcpClient, Failure> {
        let client = target.connect(&TimeLimit::none(), 0)?;
        self.screen.line(who, format_args!("is connected as {}", target.client_id()), "Client::connect")?;
        Ok(client)
    }

    fn subscribe(&self, who: Who, client: &mut TcpClient, filter: &str) -> Result<(), Failure> {
        let id = client.subscribe(filter, QoS::AtLeastOnce)?;
        self.screen.line(who, format_args!("subscribes to {filter}"), "Client::subscribe")?;
        let code = wait_for(client, "the answer to SUBSCRIBE", |event, _| match event {
            Event::Subscribed { id: answered, return_codes, .. } if answered == id => {
                Ok(return_codes.iter().next())
            }
            _ => Ok(None),
        })?;
        let SubscribeReturnCode::Granted(qos) = code else {
            let what = format!("the broker refused the subscription to '{filter}'");
            return Err(Failure::new(Code::SubscriptionRefused, what));
        };
        self.screen.line(Who::Broker, format_args!("grants QoS {}", number(qos)), "Event::Subscribed")
    }

    /// Publishes a reading, and returns how long its acknowledgement took.
    fn publish(&self, sensor: &mut TcpClient, reading: &str) -> Result<Duration, Failure> {
        let published = Instant::now();
        let id = sensor.publish(&self.topics.temperature, reading.as_bytes(), QoS::AtLeastOnce, false)?;
        let id = id.ok_or_else(|| failed("a message of QoS 1 has no packet id"))?;
        self.screen.line(
            Who::Sensor,
            format_args!("publishes temperature = {reading}, packet id {id}"),
            "Client::publish",
        )?;
        delivered(sensor, id)?;
        let time = published.elapsed();
        self.screen.line(
            Who::Sensor,
            format_args!("hears: packet id {id} is delivered, after {}", in_milliseconds(time)),
            "Event::Delivered",
        )?;
        Ok(time)
    }

    /// Receives a reading; returns the packet id of the answer to it, if there is one.
    fn receive_reading(&self, watcher: &mut TcpClient, reading: &str) -> Result<Option<PacketId>, Failure> {
        let answer = self.receive(watcher, &self.topics.temperature, reading, |message, sender| {
            if message.payload != TOO_WARM.as_bytes() {
                return Ok(None);
            }
            // The message is still lent from the receive buffer.
            Ok(sender.publish(&self.topics.window, b"open", QoS::AtLeastOnce, false)?)
        })?;
        self.screen.line(Who::Watcher, format_args!("receives temperature = {reading}"), "Event::Message")?;
        Ok(answer)
    }

    fn receive_answer(
        &self,
        watcher: &mut TcpClient,
        sensor: &mut TcpClient,
        answer: Option<PacketId>,
    ) -> Result<(), Failure> {
        let id = answer.ok_or_else(|| failed("the watcher has not answered"))?;
        self.screen.line(
            Who::Watcher,
            format_args!("publishes window = open, packet id {id}, at {TOO_WARM}"),
            "Sender::publish",
        )?;
        self.receive(sensor, &self.topics.window, "open", |_, _| Ok(()))?;
        self.screen.line(Who::Sensor, "receives window = open", "Event::Message")?;
        delivered(watcher, id)?;
        self.screen.line(Who::Watcher, format_args!("hears: packet id {id} is delivered"), "Event::Delivered")
    }

    /// Waits for a message on `topic`; any other message is an error, unless it is marked as a repetition.
    fn receive<R>(
        &self,
        client: &mut TcpClient,
        topic: &str,
        payload: &str,
        mut then: impl FnMut(&Publish<'_>, &mut Sender<'_, TcpTransport, Heap>) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        wait_for(client, payload, |event, sender| match event {
            Event::Message(message)
                if message.topic.as_bytes() == topic.as_bytes() && message.payload == payload.as_bytes() =>
            {
                then(&message, sender).map(Some)
            }
            Event::Message(message) if !message.delivery.dup() => {
                let instead = String::from_utf8_lossy(message.payload);
                Err(failed(format!("'{instead}' on {} arrived instead of '{payload}'", message.topic)))
            }
            _ => Ok(None),
        })
    }

    /// The broker in this process can be asked how a connection ended.
    fn check_close(&self, target: &Target, reason: CloseReason, notice: &str) -> Result<(), Failure> {
        let Some(broker) = &self.broker else { return Ok(()) };
        let closed = broker.wait_until(PATIENCE, |broker| {
            broker.events().any(|event| {
                matches!(event, umqtt_testkit::Event::Closed { client_id: Some(client_id), reason: told, .. }
                    if client_id == target.client_id() && *told == reason)
            })
        });
        if !closed {
            return Err(failed(format!("the broker did not see: {reason}")));
        }
        self.screen.line(Who::Broker, notice, "")
    }

    fn pause(&self) {
        thread::sleep(self.pause);
    }
}

fn delivered(client: &mut TcpClient, id: PacketId) -> Result<(), Failure> {
    wait_for(client, "the acknowledgement", |event, _| {
        Ok(matches!(event, Event::Delivered { id: told, .. } if told == id).then_some(()))
    })
}

/// Takes events until `look` has found what it looks for.
fn wait_for<R>(
    client: &mut TcpClient,
    what: &str,
    mut look: impl FnMut(Event<'_>, &mut Sender<'_, TcpTransport, Heap>) -> Result<Option<R>, Failure>,
) -> Result<R, Failure> {
    let end = Instant::now() + PATIENCE;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(failed(format!("'{what}' did not come within {PATIENCE:?}")));
        }
        if let Some((event, mut sender)) = client.check_msg(milliseconds(left))? {
            if let Some(found) = look(event, &mut sender)? {
                return Ok(found);
            }
        }
    }
}

fn failed(what: impl Into<String>) -> Failure {
    Failure::new(Code::Local, what)
}

fn in_milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
