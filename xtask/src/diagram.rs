//! `cargo xtask diagram`: the phases of a session and the states of an exchange, as the core has them.

use std::fmt::Write;

use umqtt_proto::{Await, Exchange, ExchangeInput, Next, Phase, PhaseInput, Progress};

use crate::arguments::Arguments;
use crate::shell::Result;
use crate::source::made;

pub(crate) const HELP: &str = "
Usage: cargo xtask diagram [--check]

Writes docs/session-phases.md and docs/exchange-states.md from the core's own tables of
transitions.

  --check   write nothing; fail when a file is not up to date
";

pub(crate) fn run(mut arguments: Arguments) -> Result {
    let check = arguments.flag("--check");
    arguments.finish()?;
    make(check)
}

pub(crate) fn make(check: bool) -> Result {
    made("docs/session-phases.md", &phases(), check, "cargo xtask diagram")?;
    made("docs/exchange-states.md", &exchanges(), check, "cargo xtask diagram")
}

fn phases() -> String {
    let mut text = String::from(
        "# The phases of a session\n\n\
         Made by `cargo xtask diagram` from `Phase::next`, the only code that changes the phase of a session.\n\n\
         ```mermaid\nstateDiagram-v2\n    [*] --> Disconnected\n",
    );
    // Writing to a string cannot fail.
    for phase in Phase::ALL {
        for input in PhaseInput::ALL {
            if let Some(next) = phase.next(input) {
                let _ = writeln!(text, "    {phase:?} --> {next:?}: {input:?}");
            }
        }
    }
    text.push_str(
        "```\n\nThe same as a table. An empty cell means that the input is refused and changes nothing.\n\n",
    );
    head(&mut text, PhaseInput::ALL);
    for phase in Phase::ALL {
        let _ = write!(text, "| **{phase:?}** |");
        for input in PhaseInput::ALL {
            let next = phase.next(input).map(|next| format!("{next:?}")).unwrap_or_default();
            let _ = write!(text, " {next} |");
        }
        text.push('\n');
    }
    text
}

fn exchanges() -> String {
    let mut text = String::from(
        "# The states of an exchange\n\n\
         Made by `cargo xtask diagram` from `Exchange::next`, the only code that changes an exchange that we \
         began. A state is what the exchange awaits, and its progress.\n",
    );
    for (title, first) in [("A message of QoS 1", Await::PubAck), ("A message of QoS 2", Await::PubRec)] {
        let _ = write!(text, "\n## {title}\n\n```mermaid\nstateDiagram-v2\n");
        diagram(&mut text, first);
        text.push_str("```\n");
    }
    text.push_str(
        "\nSUBSCRIBE and UNSUBSCRIBE have the same states as a message of QoS 1, each with its own acknowledgement, \
         but no later connection can finish them.\n\n\
         ## The whole table\n\n\
         The input is a packet with the id of the exchange, or what happens to it. `end`: the exchange is \
         finished. `–`: the packet is not awaited, and changes nothing. Empty cell: the state stays.\n",
    );
    for awaits in Await::ALL {
        let _ = write!(text, "\n### Awaiting {}\n\n", format!("{awaits:?}").to_uppercase());
        head(&mut text, ExchangeInput::ALL);
        for progress in Progress::ALL {
            let exchange = Exchange { awaits, progress };
            let _ = write!(text, "| **{progress:?}** |");
            for input in ExchangeInput::ALL {
                let next = match exchange.next(input) {
                    Next::Finished => "end".to_owned(),
                    Next::Unexpected => "–".to_owned(),
                    Next::Goes(next) if next == exchange => String::new(),
                    Next::Goes(next) if next.awaits == awaits => format!("{:?}", next.progress),
                    Next::Goes(next) => name(next),
                };
                let _ = write!(text, " {next} |");
            }
            text.push('\n');
        }
    }
    text
}

/// Draws all that an exchange can become that begins by awaiting this.
fn diagram(text: &mut String, first: Await) {
    let mut known = vec![Exchange::new(first)];
    let _ = writeln!(text, "    [*] --> {}", name(Exchange::new(first)));
    let mut at = 0;
    while let Some(&exchange) = known.get(at) {
        at += 1;
        for input in ExchangeInput::ALL {
            let next = match exchange.next(input) {
                Next::Finished => "[*]".to_owned(),
                Next::Goes(next) if next != exchange => {
                    if !known.contains(&next) {
                        known.push(next);
                    }
                    name(next)
                }
                Next::Goes(_) | Next::Unexpected => continue,
            };
            let _ = writeln!(text, "    {} --> {next}: {input:?}", name(exchange));
        }
    }
}

/// A name for a state, as diagrams allow it.
fn name(exchange: Exchange) -> String {
    format!("{:?}_{:?}", exchange.awaits, exchange.progress)
}

/// The first rows of a table with a column for each input.
fn head<I: std::fmt::Debug, const N: usize>(text: &mut String, inputs: [I; N]) {
    text.push_str("|  |");
    for input in inputs {
        let _ = write!(text, " {input:?} |");
    }
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(N));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_and_every_input_is_drawn() {
        let text = phases();
        let arrows: Vec<&str> = text.lines().filter(|line| line.contains(" --> ")).collect();
        for phase in Phase::ALL {
            assert!(arrows.iter().any(|line| line.contains(&format!("--> {phase:?}"))), "{phase:?}");
        }
        for input in PhaseInput::ALL {
            assert!(arrows.iter().any(|line| line.ends_with(&format!(": {input:?}"))), "{input:?}");
        }
    }

    #[test]
    fn every_state_of_a_message_is_drawn_and_every_state_has_a_row() {
        let text = exchanges();
        for awaits in [Await::PubAck, Await::PubRec, Await::PubComp] {
            for progress in Progress::ALL {
                let state = name(Exchange { awaits, progress });
                assert!(text.lines().any(|line| line.contains(&format!("--> {state}"))), "{state}");
            }
        }
        let rows = text.lines().filter(|line| line.starts_with("| **")).count();
        assert_eq!(rows, Await::ALL.len() * Progress::ALL.len());
        for input in ExchangeInput::ALL {
            assert!(text.matches(&format!(" {input:?} |")).count() >= Await::ALL.len(), "{input:?}");
        }
    }
}
