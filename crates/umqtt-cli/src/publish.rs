//! `umqtt pub`.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use umqtt::proto::wire::MAX_REMAINING_LENGTH;
use umqtt::std::{Coalescing, TcpClient};
use umqtt::{Error, Event, PacketId, QoS, RequestError, Timeouts, TopicName};

use crate::connect::{Target, TimeLimit, bytes, milliseconds};
use crate::exit::{Code, Failure};
use crate::flags::{PubArgs, SourceArgs};
use crate::interrupt::Interrupt;
use crate::lines::{self, Chunk, LineError};

pub(crate) fn run(args: &PubArgs) -> Result<(), Failure> {
    let target = Target::new(&args.connection, "umqtt-pub-")?;
    let topic = args.topic.as_deref().or(target.topic.as_deref());
    let topic = topic.ok_or_else(|| Failure::usage("a topic is needed: -t, or in the URL"))?;
    let topic = TopicName::new(topic)
        .map_err(|error| Failure::usage(format!("the topic cannot be used: {error}")))?;
    let longest = longest_payload(topic, args.qos);
    let message = read_message(&args.source, longest)?;
    let interrupt = Interrupt::watch()?;
    let limit = target.end();
    let mut publisher = Publisher {
        client: target.connect_with(&limit, 0, &interrupt)?,
        target: &target,
        args,
        topic,
        limit,
        interrupt,
        published: 0,
        waiting: VecDeque::new(),
        overdue: Vec::new(),
    };
    let result = match message {
        Some(message) => publisher.repeat(&message),
        None => publisher.lines(longest),
    };
    let result = result.and_then(|rest| publisher.settle().and(rest));
    publisher.end(result)
}

/// What a packet can hold besides topic and packet id.
fn longest_payload(topic: TopicName<'_>, qos: QoS) -> usize {
    let id = if qos == QoS::AtMostOnce { 0 } else { 2 };
    MAX_REMAINING_LENGTH as usize - 2 - topic.as_bytes().len() - id
}

/// The one message, or `None` when each line is one; nothing is sent yet.
fn read_message(source: &SourceArgs, longest: usize) -> Result<Option<Vec<u8>>, Failure> {
    let too_long = |what: String| {
        Failure::usage(format!("{what} is larger than an MQTT message can be, {longest} bytes here"))
    };
    let message = if let Some(text) = &source.message {
        bytes(text.reveal())
    } else if let Some(file) = &source.file {
        read_file(file, longest)?.ok_or_else(|| too_long(file.display().to_string()))?
    } else if source.stdin_file {
        lines::read_all(longest)
            .map_err(|error| Failure::new(Code::Local, format!("cannot read standard input: {error}")))?
            .ok_or_else(|| too_long("standard input".to_owned()))?
    } else if source.null_message {
        Vec::new()
    } else {
        return Ok(None);
    };
    Ok(Some(message))
}

/// A file, or `None` when it is longer than `longest`.
fn read_file(path: &Path, longest: usize) -> Result<Option<Vec<u8>>, Failure> {
    let read = || -> io::Result<Option<Vec<u8>>> {
        let file = fs::File::open(path)?;
        let limit = u64::try_from(longest).unwrap_or(u64::MAX);
        if file.metadata()?.len() > limit {
            return Ok(None);
        }
        let mut message = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut message)?;
        Ok(Some(message).filter(|message| message.len() <= longest))
    };
    read().map_err(|error| Failure::new(Code::Local, format!("cannot read {}: {error}", path.display())))
}

struct Publisher<'a> {
    client: TcpClient,
    target: &'a Target,
    args: &'a PubArgs,
    topic: TopicName<'a>,
    limit: TimeLimit,
    interrupt: Interrupt,
    published: u64,
    /// Messages that wait for their acknowledgement: packet id and number, the oldest first.
    waiting: VecDeque<(PacketId, u64)>,
    /// Those that have waited too long.
    overdue: Vec<(PacketId, u64)>,
}

impl Publisher<'_> {
    /// Publishes one message as often as asked.
    fn repeat(&mut self, message: &[u8]) -> Result<Result<(), Failure>, Failure> {
        // A large message takes its time on a slow link: 16 kB a second at least.
        let timeout = milliseconds(self.target.timeout);
        let slow = u32::try_from(message.len() / 16).unwrap_or(u32::MAX);
        let message_timeout = timeout.saturating_add(slow).min(u32::MAX - 1);
        self.client.set_timeouts(Timeouts { message: message_timeout, ..self.client.timeouts() });
        let mut due = Instant::now();
        for number in 0..self.args.repeat {
            if number > 0 && !self.args.repeat_delay.is_zero() {
                self.flush()?;
                due += self.args.repeat_delay;
                while let Some(wait) =
                    due.checked_duration_since(Instant::now()).filter(|wait| !wait.is_zero())
                {
                    self.serve(wait)?;
                }
            }
            self.send(message)?;
        }
        Ok(Ok(()))
    }

    /// Publishes each line of standard input. An error that ends the input early is reported after the lines before it
    /// are settled.
    fn lines(&mut self, longest: usize) -> Result<Result<(), Failure>, Failure> {
        // Half a window of acknowledgements of 4 bytes is worth a wake. A broker that sends them one by one may hold
        // the next one back until this side has answered, so the time is short.
        let half = usize::from(self.args.max_inflight / 2) * 4;
        self.client
            .transport_mut()
            .set_coalescing(Some(Coalescing { at_least: half, time: Duration::from_micros(100) }));
        let lines = self
            .interrupt
            .wake
            .waker()
            .and_then(|waker| lines::read_stdin(longest, waker))
            .map_err(|error| Failure::new(Code::Local, format!("cannot read standard input: {error}")))?;
        while let Some(chunk) = self.next_chunk(&lines)? {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(LineError::TooLong) => {
                    let line = self.published + 1;
                    return Ok(Err(Failure::usage(format!(
                        "line {line} is larger than an MQTT message can be, {longest} bytes here"
                    ))));
                }
                Err(LineError::Read(error)) => {
                    return Ok(Err(Failure::new(
                        Code::Local,
                        format!("cannot read standard input: {error}"),
                    )));
                }
            };
            for line in lines::split(&chunk) {
                self.send(line)?;
            }
            self.serve(Duration::ZERO)?;
        }
        Ok(Ok(()))
    }

    /// The next lines; while there are none, what was published is written and the connection is served.
    fn next_chunk(&mut self, lines: &Receiver<Chunk>) -> Result<Option<Chunk>, Failure> {
        let mut wait = Duration::ZERO;
        loop {
            match lines.try_recv() {
                Ok(chunk) => return Ok(Some(chunk)),
                Err(TryRecvError::Disconnected) => return Ok(None),
                Err(TryRecvError::Empty) => {}
            }
            if wait.is_zero() {
                self.flush()?;
            }
            // It sleeps only when it has looked at the lines after all else.
            self.serve(wait)?;
            wait = Duration::MAX;
        }
    }

    /// Publishes one message, when the window has room; QoS 0 and the rest of a window share writes.
    fn send(&mut self, payload: &[u8]) -> Result<(), Failure> {
        while self.waiting.len() >= self.args.max_inflight.into() {
            self.flush()?;
            self.serve(Duration::MAX)?;
        }
        let number = self.published + 1;
        let result = loop {
            match self.client.enqueue(self.topic, payload, self.args.qos, self.args.retain) {
                // Those before it take the room.
                Err(Error::Request(RequestError::StoreFull)) if !self.waiting.is_empty() => {
                    self.flush()?;
                    self.serve(Duration::MAX)?;
                }
                result => break result,
            }
        };
        if let Ok(id) | Err(Error::Taken { id, .. }) = result {
            self.waiting.extend(id.map(|id| (id, number)));
            self.published = number;
            let id = id.map(|id| format!(", packet id {id}")).unwrap_or_default();
            self.target.tell(format_args!("message {number}: {} bytes{id}", payload.len()));
        }
        Ok(result.map(drop)?)
    }

    fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.client.flush()?)
    }

    /// Takes all events that there are. When there are none, sleeps until there may be one, or a line or a signal, and
    /// at most so long.
    fn serve(&mut self, wait: Duration) -> Result<(), Failure> {
        if self.take_events()? || wait.is_zero() {
            return Ok(());
        }
        self.interrupt.wake.sleep(&mut self.client, self.limit.left(wait))?;
        self.take_events().map(drop)
    }

    /// Tells whether there were any.
    fn take_events(&mut self) -> Result<bool, Failure> {
        let mut any = false;
        loop {
            self.interrupt.check()?;
            self.limit.check()?;
            let Some((event, _)) = self.client.check_msg(0)? else { return Ok(any) };
            any = true;
            match event {
                Event::Delivered { id, .. } => {
                    // The first one, if acknowledgements come in order.
                    let place = self.waiting.iter().position(|&(waiting, _)| waiting == id);
                    place.and_then(|place| self.waiting.remove(place));
                    self.overdue.retain(|&(overdue, _)| overdue != id);
                    self.target.tell(format_args!("packet id {id} is delivered"));
                }
                Event::TimedOut { id } => {
                    let late = self.waiting.iter().position(|&(waiting, _)| waiting == id);
                    self.overdue.extend(late.and_then(|index| self.waiting.remove(index)));
                    self.target.tell(format_args!("packet id {id} is not acknowledged in time"));
                }
                _ => {}
            }
        }
    }

    /// Waits until each message has its acknowledgement or is overdue.
    fn settle(&mut self) -> Result<(), Failure> {
        self.flush()?;
        while !self.waiting.is_empty() {
            self.serve(Duration::MAX)?;
        }
        if self.overdue.is_empty() {
            return Ok(());
        }
        Err(Failure::new(
            Code::Unacknowledged,
            format!("the broker gave no answer within {:?}", self.target.timeout),
        ))
    }

    /// Sends DISCONNECT, unless the link takes no bytes, and reports which messages may be lost.
    fn end(mut self, result: Result<(), Failure>) -> Result<(), Failure> {
        let result = match result {
            Err(failure) if failure.code == Code::Silence => Err(self.limit.check().err().unwrap_or(failure)),
            result => {
                // With QoS 0, nothing else shows that the last bytes were not taken.
                let goodbye = self.client.disconnect();
                result.and_then(|()| Ok(goodbye?))
            }
        };
        let mut numbers: Vec<u64> =
            self.overdue.iter().chain(&self.waiting).map(|&(_, number)| number).collect();
        numbers.sort_unstable();
        let result = result.map_err(|failure| match numbers.as_slice() {
            [] => failure,
            [_] if self.published == 1 => failure.and("the message was not acknowledged"),
            numbers => failure.and(format_args!(
                "{} of {} messages were not acknowledged: {}",
                numbers.len(),
                self.published,
                list(numbers)
            )),
        });
        self.target.tell(format_args!("{} messages published", self.published));
        result
    }
}

/// The first numbers of many.
fn list(numbers: &[u64]) -> String {
    const SHOWN: usize = 8;
    let mut list: Vec<String> = numbers.iter().take(SHOWN).map(|number| format!("number {number}")).collect();
    if numbers.len() > SHOWN {
        list.push("...".to_owned());
    }
    list.join(", ").replace(", number", ",")
}
