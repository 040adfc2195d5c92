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

const REPORT: &str = "docs/micropython-figures.md";
const CHART: &str = "docs/micropython-figures.svg";

pub(crate) fn run(mut arguments: Arguments) -> Result {
    let (checks, updates) = (arguments.flag("--check"), arguments.flag("--update"));
    if arguments.words()? != ["micropython"] {
        return Err("say what to measure; see --help".into());
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
