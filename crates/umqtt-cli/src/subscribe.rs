//! `umqtt sub`.

use std::io::{self, BufWriter, StdoutLock, Write};
use std::time::{Duration, SystemTime};

use umqtt::std::{Coalescing, TcpClient, TcpTransport};
use umqtt::{
    Delivery, Event, Heap, LargeMessage, PacketId, Publish, QoS, Sender, SubscribeReturnCode, Subscription,
    TopicFilter, TopicName,
};

use crate::connect::{Target, TimeLimit};
use crate::exit::{self, Code, Failure};
use crate::flags::SubArgs;
use crate::format::{Arriving, Format, Head, number};
use crate::interrupt::Interrupt;

/// As many filters as one SUBSCRIBE of this client can have.
const FILTERS: usize = 255;

/// A stream of messages is read in pieces of this many bytes, or of what comes in 2 ms.
const WORTH_A_WAKE: usize = 16 * 1024;

pub(crate) fn run(args: &SubArgs) -> Result<(), Failure> {
    let target = Target::new(&args.connection, "umqtt-sub-")?;
    let topics: Vec<&String> = args.topics.iter().chain(&target.topic).collect();
    if topics.is_empty() && args.unsubscribe.is_empty() {
        return Err(Failure::usage("a topic filter is needed: -t, or in the URL"));
    }
    let subscribe = filters(topics)?;
    let unsubscribe = filters(&args.unsubscribe)?;
    let filter_out = filters(&args.filter_out)?;
    let format = match &args.format {
        Some(text) => Format::parse(text).map_err(Failure::usage)?,
        None => Format::plain(args.verbose),
    };
    let format = if args.no_newline { format } else { format.with_newline() };
    let size =
        |filters: &[TopicFilter<'_>]| filters.iter().map(|filter| filter.as_bytes().len() + 3).sum::<usize>();
    let interrupt = Interrupt::watch()?;
    let limit = target.end();
    let client = target.connect_with(&limit, size(&subscribe).max(size(&unsubscribe)), &interrupt)?;
    let mut subscriber = Subscriber {
        printer: Printer {
            out: BufWriter::with_capacity(64 * 1024, io::stdout().lock()),
            format,
            filter_out,
            args,
            arriving: None,
            printed: 0,
        },
        target: &target,
        limit,
        interrupt,
        requests: Vec::new(),
    };
    subscriber.run(client, &subscribe, &unsubscribe)
}

fn filters<'a>(texts: impl IntoIterator<Item = &'a String>) -> Result<Vec<TopicFilter<'a>>, Failure> {
    let check = |text: &'a String| {
        TopicFilter::new(text)
            .map_err(|error| Failure::usage(format!("the topic filter cannot be used: {error}")))
    };
    texts.into_iter().map(check).collect()
}

/// What to do after an event.
enum Next {
    GoOn,
    End,
}

/// Why not to go on.
enum Stop {
    Failure(Failure),
    /// Standard output failed, or its reader has gone.
    Output(io::Error),
}

impl<E: Into<Failure>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

struct Subscriber<'a> {
    printer: Printer<'a>,
    target: &'a Target,
    limit: TimeLimit,
    interrupt: Interrupt,
    /// SUBSCRIBEs and UNSUBSCRIBEs that the broker has not answered, with their filters.
    requests: Vec<(PacketId, Vec<TopicFilter<'a>>)>,
}

impl<'a> Subscriber<'a> {
    fn run(
        &mut self,
        mut client: TcpClient,
        subscribe: &[TopicFilter<'a>],
        unsubscribe: &[TopicFilter<'a>],
    ) -> Result<(), Failure> {
        let mut result = self.receive(&mut client, subscribe, unsubscribe);
        // What was received before an error is printed too.
        if let Err(error) = self.printer.out.flush() {
            result = result.and(Err(Stop::Output(error)));
        }
        self.target.tell(format_args!("{} messages printed", self.printer.printed));
        let result = match result {
            Ok(()) => Ok(()),
            Err(Stop::Output(error)) => exit::output(Err(error)),
            // The link takes no bytes.
            Err(Stop::Failure(failure)) if failure.code == Code::Silence => return Err(failure),
            Err(Stop::Failure(failure)) => Err(failure),
        };
        // Nothing depends on DISCONNECT.
        let _ = client.disconnect();
        result
    }

    fn receive(
        &mut self,
        client: &mut TcpClient,
        subscribe: &[TopicFilter<'a>],
        unsubscribe: &[TopicFilter<'a>],
    ) -> Result<(), Stop> {
        client.transport_mut().set_coalescing(Some(Coalescing::new(WORTH_A_WAKE)));
        for filters in unsubscribe.chunks(FILTERS) {
            self.requests.push((client.unsubscribe_many(filters)?, filters.to_vec()));
        }
        for filters in subscribe.chunks(FILTERS) {
            let qos = self.printer.args.qos;
            let subscriptions: Vec<Subscription<'_>> = filters.iter().map(|&filter| (filter, qos)).collect();
            self.requests.push((client.subscribe_many(&subscriptions)?, filters.to_vec()));
        }
        loop {
            self.interrupt.check()?;
            self.limit.check()?;
            let next = if let Some((event, mut sender)) = client.check_msg(0)? {
                self.handle(event, &mut sender)?
            } else {
                self.printer.out.flush().map_err(Stop::Output)?;
                self.interrupt.wake.sleep(client, self.limit.left(Duration::MAX))?;
                Next::GoOn
            };
            if let Next::End = next {
                return Ok(());
            }
        }
    }

    fn handle(
        &mut self,
        event: Event<'_>,
        sender: &mut Sender<'_, TcpTransport, Heap>,
    ) -> Result<Next, Stop> {
        let kept = match event {
            Event::Message(message) => message.retain.then_some(message.topic),
            Event::MessageStart(message) => message.topic.filter(|_| message.retain),
            _ => None,
        };
        let next = match event {
            Event::Message(message) => self.printer.whole(&message).map_err(Stop::Output)?,
            Event::MessageStart(message) => self.printer.begin(&message).map_err(Stop::Output)?,
            Event::MessagePart { bytes, remaining } => {
                self.printer.part(bytes, remaining).map_err(Stop::Output)?
            }
            Event::Subscribed { id, return_codes, .. } => {
                let filters = self.answered(id);
                for (filter, code) in filters.iter().zip(return_codes.iter()) {
                    self.granted(*filter, code)?;
                }
                self.after_answer()
            }
            Event::Unsubscribed { id, .. } => {
                for filter in self.answered(id) {
                    self.target.tell(format_args!("unsubscribed from {filter}"));
                }
                self.after_answer()
            }
            Event::TimedOut { id } if self.requests.iter().any(|(request, _)| *request == id) => {
                let what =
                    format!("the broker did not answer the subscription within {:?}", self.target.timeout);
                return Err(Failure::new(Code::Silence, what).into());
            }
            _ => Next::GoOn,
        };
        if let Some(topic) = kept.filter(|_| self.printer.args.remove_retained) {
            sender.publish(topic, b"", QoS::AtMostOnce, true)?;
        }
        Ok(next)
    }

    fn answered(&mut self, id: PacketId) -> Vec<TopicFilter<'a>> {
        let place = self.requests.iter().position(|(request, _)| *request == id);
        place.map(|place| self.requests.swap_remove(place).1).unwrap_or_default()
    }

    fn granted(&self, filter: TopicFilter<'_>, code: SubscribeReturnCode) -> Result<(), Failure> {
        match code {
            SubscribeReturnCode::Granted(qos) => {
                self.target.tell(format_args!("subscribed to {filter} with QoS {}", number(qos)));
                Ok(())
            }
            SubscribeReturnCode::Failure => {
                let what = format!("the broker refused the subscription to '{filter}'");
                Err(Failure::new(Code::SubscriptionRefused, what))
            }
        }
    }

    fn after_answer(&self) -> Next {
        if self.requests.is_empty() && self.printer.args.exit_when_subscribed {
            Next::End
        } else {
            Next::GoOn
        }
    }
}

/// Prints the messages that are wanted.
struct Printer<'a> {
    out: BufWriter<StdoutLock<'static>>,
    format: Format,
    filter_out: Vec<TopicFilter<'a>>,
    args: &'a SubArgs,
    /// The large message that arrives, unless it is left out.
    arriving: Option<Arriving>,
    printed: u64,
}

/// What becomes of a message.
enum Choice {
    Print,
    LeaveOut,
    End,
}

impl Printer<'_> {
    fn whole(&mut self, message: &Publish<'_>) -> io::Result<Next> {
        match self.choose(message.topic, message.retain) {
            Choice::End => return Ok(Next::End),
            Choice::LeaveOut => return Ok(Next::GoOn),
            Choice::Print => {}
        }
        let length = message.payload.len();
        let head = head(message.topic, message.delivery, message.retain, length);
        self.format.print(&mut self.out, &head, message.payload)?;
        Ok(self.count())
    }

    fn begin(&mut self, message: &LargeMessage<'_>) -> io::Result<Next> {
        // The receive buffer holds any topic.
        let Some(topic) = message.topic else { return Ok(Next::GoOn) };
        match self.choose(topic, message.retain) {
            Choice::End => return Ok(Next::End),
            Choice::LeaveOut => return Ok(Next::GoOn),
            Choice::Print => {}
        }
        let length = message.payload.len() + message.remaining as usize;
        let head = head(topic, message.delivery, message.retain, length);
        self.arriving = Some(Arriving::begin(&self.format, &mut self.out, head)?);
        self.part(message.payload, message.remaining)
    }

    fn part(&mut self, bytes: &[u8], remaining: u32) -> io::Result<Next> {
        let Some(arriving) = &mut self.arriving else { return Ok(Next::GoOn) };
        arriving.part(&self.format, &mut self.out, bytes)?;
        if remaining > 0 {
            return Ok(Next::GoOn);
        }
        if let Some(arriving) = self.arriving.take() {
            arriving.end(&self.format, &mut self.out)?;
        }
        Ok(self.count())
    }

    fn choose(&self, topic: TopicName<'_>, retain: bool) -> Choice {
        if self.args.retained_only && !retain {
            return Choice::End;
        }
        let unwanted =
            self.args.no_retained && retain || self.filter_out.iter().any(|filter| filter.matches(topic));
        if unwanted { Choice::LeaveOut } else { Choice::Print }
    }

    fn count(&mut self) -> Next {
        self.printed += 1;
        if Some(self.printed) == self.args.count { Next::End } else { Next::GoOn }
    }
}

fn head(topic: TopicName<'_>, delivery: Delivery, retain: bool, length: usize) -> Head<'_> {
    Head { topic: topic.as_str().into(), delivery, retain, length, arrived: SystemTime::now() }
}
