//! `cargo xtask diagram`: the phases of a session, as the core has them.

use std::fmt::Write;

use umqtt_proto::{Phase, PhaseInput};

use crate::arguments::Arguments;
use crate::shell::Result;
use crate::source::made;

pub(crate) const HELP: &str = "
Usage: cargo xtask diagram [--check]

Writes docs/session-phases.md from the core's own table of transitions.

  --check   write nothing; fail when the file is not up to date
";

pub(crate) fn run(mut arguments: Arguments) -> Result {
    let check = arguments.flag("--check");
    arguments.finish()?;
    make(check)
}

pub(crate) fn make(check: bool) -> Result {
    made("docs/session-phases.md", &document(), check, "cargo xtask diagram")
}

fn document() -> String {
    let mut text = String::from(
        "# The phases of a session\n\n\
         Made by `cargo xtask diagram` from `Phase::next`, which alone moves a session.\n\n\
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
    text.push_str("```\n\nThe same as a table; where there is nothing, the input is refused and changes nothing.\n\n|  |");
    for input in PhaseInput::ALL {
        let _ = write!(text, " {input:?} |");
    }
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(PhaseInput::ALL.len()));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phase_and_every_input_is_drawn() {
        let text = document();
        let arrows: Vec<&str> = text.lines().filter(|line| line.contains(" --> ")).collect();
        for phase in Phase::ALL {
            assert!(arrows.iter().any(|line| line.contains(&format!("--> {phase:?}"))), "{phase:?}");
        }
        for input in PhaseInput::ALL {
            assert!(arrows.iter().any(|line| line.ends_with(&format!(": {input:?}"))), "{input:?}");
        }
    }
}
