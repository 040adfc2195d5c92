//! `cargo xtask bench micropython`: the originals and our modules on the same work, side by side.

mod board;
mod budget;
mod chart;
mod exchange;
mod figures;
mod report;
mod side;

use std::fs;

use crate::arguments::Arguments;
use crate::shell::{Result, root};
use board::on_board;
use report::Report;
use side::Side;

pub(crate) const HELP: &str = "
Usage: cargo xtask bench micropython [--check | --update]

Runs the original umqtt.simple2 and umqtt.robust2 and ours on the same work, and prints what both
take, side by side:
  on a Cortex-M3 in QEMU: instructions, garbage and socket writes for each event, and the heap
  that the modules and a client take
  on MicroPython's Unix port with Mosquitto: messages a second, and CPU for a message
  the sizes of the files
and writes that to docs/micropython-figures.md, with a chart. The programs that are run are in
micropython/bench. It takes a minute or two, besides building.

  --check   only what is counted on the Cortex-M3, which is the same in every run; fail where it
            is above its budget (micropython/bench/budget.txt); write nothing
  --update  write what is measured as the new budget, too
";

const REPORT: &str = "docs/micropython-figures.md";
const CHART: &str = "docs/micropython-figures.svg";

pub(crate) fn run(mut arguments: Arguments) -> Result {
    let (checks, updates) = (arguments.flag("--check"), arguments.flag("--update"));
    let subjects = arguments.words()?;
    if subjects != ["micropython"] {
        return Err("say what to measure: micropython; see --help".into());
    }
    if checks {
        return figures_hold();
    }
    let default = Side::original(&[])?;
    let originals = Side::original(&[super::build::OPTIMIZATION])?;
    let ours = ["armv7m", "x64"].map(Side::ours);
    let [on_arm, on_this] = ours;
    let (on_arm, on_this) = (on_arm?, on_this?);
    let board = [on_board(&originals)?, on_board(&on_arm)?];
    let mut report = Report::default();
    report.board(&board)?;
    report.sizes(&default, &[&originals, &on_arm, &on_this]);
    report.exchanges(&exchange::with_mosquitto([&originals, &on_this])?)?;
    print!("{}", report.text());
    fs::write(root().join(REPORT), report.document())?;
    fs::write(root().join(CHART), chart::instructions(&board)?)?;
    println!("\nbench: wrote {REPORT}");
    if updates {
        budget::update(&board)?;
    }
    Ok(())
}

/// Fails where what an event takes on the Cortex-M3, compared with the original, is above its budget.
pub(crate) fn figures_hold() -> Result {
    let original = Side::original(&[super::build::OPTIMIZATION])?;
    let ours = Side::ours("armv7m")?;
    let board = [on_board(&original)?, on_board(&ours)?];
    let mut report = Report::default();
    report.board(&board)?;
    print!("{}", report.text());
    budget::check(&board)
}
