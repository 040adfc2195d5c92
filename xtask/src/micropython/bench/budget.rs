//! What no change may make worse, in `micropython/bench/budget.txt`.

use std::fmt::Write as _;
use std::fs;

use super::figures::{EVENTS, Figures, OTHERS, busy_events};
use crate::shell::{Result, root};
use crate::source::text;

const BUDGET: &str = "micropython/bench/budget.txt";

/// What is held, by name: ours, or ours in thousandths of the original's.
fn held([original, ours]: &[Figures; 2]) -> Result<Vec<(String, i64)>> {
    let mut held = Vec::new();
    for (event, _) in EVENTS {
        let thousandths = ours.number(event, "net")? * 1000 / original.number(event, "net")?.max(1);
        held.push((format!("{event} instructions-ratio"), thousandths));
    }
    for (event, _) in busy_events() {
        held.push((format!("{event} garbage"), ours.number(event, "garbage")?));
        held.push((format!("{event} writes"), ours.number(event, "writes")?));
    }
    for call in OTHERS {
        held.push((format!("{call} writes"), ours.number(call, "writes")?));
    }
    for step in ["simple2", "robust2", "connected", "second"] {
        held.push((format!("{step} heap"), ours.number(step, "fair")?));
    }
    Ok(held)
}

/// Fails where a figure is above its budget.
pub(super) fn check(board: &[Figures; 2]) -> Result {
    let budget = text(BUDGET.as_ref())?;
    let above = above(&budget, &held(board)?)?;
    if above.is_empty() {
        println!("bench: every figure is within its budget");
        return Ok(());
    }
    Err(above.join("\n").into())
}

fn above(budget: &str, held: &[(String, i64)]) -> Result<Vec<String>> {
    let mut above = Vec::new();
    for (name, measured) in held {
        let line = budget.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let Some(allowed) = line.and_then(|allowed| allowed.trim().parse::<i64>().ok()) else {
            return Err(format!("{BUDGET} has no line `{name}`").into());
        };
        if *measured > allowed {
            above.push(format!("{name} is {measured}, above its budget of {allowed}"));
        }
    }
    Ok(above)
}

pub(super) fn update(board: &[Figures; 2]) -> Result {
    let mut budget = String::from(
        "# What may not be exceeded on a Cortex-M3; `cargo xtask bench micropython --update` writes it.\n\
         # Instructions are in thousandths of the original's, heap and garbage in bytes.\n",
    );
    for (name, measured) in held(board)? {
        // Where objects lie in the heap changes the instructions of whoever makes objects by up to three in a hundred.
        let spare = if name.ends_with("-ratio") { 1 + measured / 25 } else { 0 };
        let _ = writeln!(budget, "{name} {}", measured + spare);
    }
    fs::write(root().join(BUDGET), budget)?;
    println!("bench: wrote {BUDGET}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_above_is_told_and_what_is_missing_is_an_error() {
        let budget = "# text\npublish-0 writes 1\npublish-0 garbage 0\n";
        let held = |writes, garbage| {
            [("publish-0 writes".to_owned(), writes), ("publish-0 garbage".to_owned(), garbage)]
        };
        assert!(above(budget, &held(1, 0)).unwrap().is_empty());
        let told = above(budget, &held(2, 0)).unwrap();
        assert_eq!(told, ["publish-0 writes is 2, above its budget of 1"]);
        assert!(above(budget, &[("publish-1 writes".to_owned(), 1)]).is_err());
    }
}
