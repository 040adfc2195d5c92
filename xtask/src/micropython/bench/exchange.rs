//! Messages a second, and CPU for a message, on the Unix port with Mosquitto.

use std::process::Command;
use std::time::Duration;

use super::figures::Figures;
use super::side::Side;
use crate::micropython::broker::Broker;
use crate::micropython::place;
use crate::micropython::process::Process;
use crate::shell::{Result, root};

/// How often everything is measured; the median counts.
const ROUNDS: usize = 5;

const LIMIT: Duration = Duration::from_secs(60);

/// MicroPython's own default would be so large that the search for free blocks outweighs all else.
pub(super) const HEAP: &str = "256k";

/// The kinds of exchange, as `broker.py` calls them and as people do.
pub(super) const KINDS: [(&str, &str); 8] = [
    ("publish-0", "publish QoS 0"),
    ("publish-1-window", "publish QoS 1, window 20"),
    ("publish-1-window-nodelay", "the same, `TCP_NODELAY` set by the program"),
    ("publish-1-each", "publish QoS 1, one after the other"),
    ("publish-1-each-nodelay", "the same, `TCP_NODELAY` set by the program"),
    ("receive-0", "receive QoS 0"),
    ("receive-1", "receive QoS 1"),
    ("receive-1-nodelay", "the same, `TCP_NODELAY` set by the program"),
];

/// The medians of one side.
pub(super) struct Exchanges {
    /// By kind.
    pub(super) kinds: Vec<Exchange>,
    /// The bytes of heap that a message of QoS 0 leaves.
    pub(super) garbage: i64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Exchange {
    /// Messages a second.
    pub(super) rate: f64,
    /// CPU for a message, in microseconds.
    pub(super) user: f64,
    pub(super) system: f64,
}

/// Measures both sides in turn with one Mosquitto; `None`, and a word on standard output, when there is none.
pub(super) fn with_mosquitto(sides: [&Side; 2]) -> Result<Option<[Exchanges; 2]>> {
    let broker = match Broker::mosquitto() {
        Ok(broker) => broker,
        Err(error) => {
            println!("bench: nothing is measured with a broker: {error}");
            return Ok(None);
        }
    };
    let (mut originals, mut ours) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        println!("bench: with Mosquitto, round {round} of {ROUNDS}");
        for (side, outputs) in sides.into_iter().zip([&mut originals, &mut ours]) {
            outputs.push(run(side, &broker)?);
        }
    }
    Ok(Some([medians(&originals)?, medians(&ours)?]))
}

fn run(side: &Side, broker: &Broker) -> Result<String> {
    let mut micropython = Command::new(place::unix()?);
    micropython.args(["-X", &format!("heapsize={HEAP}")]);
    micropython.arg(root().join("micropython/bench/broker.py")).args([&broker.host, &broker.port]);
    micropython.env("MICROPYPATH", side.folder()?);
    let finished = Process::start(&mut micropython, LIMIT)?.finish()?;
    if finished.status.is_some_and(|status| status.success()) {
        return Ok(String::from_utf8_lossy(&finished.output).into_owned());
    }
    let said = [finished.output, finished.errors].concat();
    Err(format!("{} with Mosquitto: {}", side.name, String::from_utf8_lossy(&said)).into())
}

fn medians(outputs: &[String]) -> Result<Exchanges> {
    let mut kinds = Vec::new();
    for (kind, _) in KINDS {
        let measured = outputs.iter().map(|output| exchange(output, kind)).collect::<Option<Vec<_>>>();
        let measured = measured.ok_or_else(|| format!("broker.py told nothing of {kind}"))?;
        let middle = |part: fn(&Exchange) -> f64| median(measured.iter().map(part).collect());
        kinds.push(Exchange {
            rate: middle(|one| one.rate),
            user: middle(|one| one.user),
            system: middle(|one| one.system),
        });
    }
    let mut figures = Figures::default();
    outputs.iter().for_each(|output| figures.take(output));
    Ok(Exchanges { kinds, garbage: figures.number("publish-0", "garbage")? })
}

/// Reads the line `kind messages seconds user system`.
fn exchange(output: &str, kind: &str) -> Option<Exchange> {
    let line = output.lines().find_map(|line| line.strip_prefix(kind)?.strip_prefix(' '))?;
    let numbers = line.split(' ').map(|word| word.parse().ok()).collect::<Option<Vec<f64>>>()?;
    let [messages, seconds, user, system] = numbers[..] else { return None };
    let micro = 1e6 / messages;
    Some(Exchange { rate: messages / seconds, user: user * micro, system: system * micro })
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_rates_and_the_median_is_in_the_middle() {
        let output = "receive-1 3 1 1 1\nreceive-0 200 0.5 0.0004 0.0001\n";
        let one = exchange(output, "receive-0").unwrap();
        assert_eq!((one.rate, one.user.round(), (one.system * 10.0).round()), (400.0, 2.0, 5.0));
        assert_eq!(exchange(output, "receive"), None);
        assert_eq!(exchange("receive-0 1 2 3", "receive-0"), None);
        assert_eq!(median(vec![5.0, 1.0, 4.0, 2.0, 3.0]), 3.0);
    }
}
