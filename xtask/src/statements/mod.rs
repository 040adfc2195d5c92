//! `cargo xtask statements`: which tests assert which statements of MQTT 3.1.1.

mod scan;
mod table;

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::arguments::Arguments;
use crate::shell::Result;
use crate::source::{made, rust_files, text};
use scan::Marked;
use table::{STATEMENTS, Statement};

pub(crate) const HELP: &str = "
Usage: cargo xtask statements [--check]

Writes docs/statements.md: the 76 statements of MQTT 3.1.1 that bind a client, each with the tests
that assert it. A test names what it asserts by `statement!(\"MQTT-3.1.0-1\")` in its body; see
CONTRIBUTING.md.

  --check   write nothing; fail when the file is not up to date, when a statement has neither
            test nor reason, or when a mark is wrong
";

const DOCUMENT: &str = "docs/statements.md";

pub(crate) fn run(mut arguments: Arguments) -> Result {
    let check = arguments.flag("--check");
    arguments.finish()?;
    make(check)
}

pub(crate) fn make(check: bool) -> Result {
    let mut tests = BTreeMap::new();
    let mut wrong = Vec::new();
    for path in rust_files()? {
        for marked in scan::marks(&path, &text(&path)?)? {
            collect(marked, &mut tests, &mut wrong);
        }
    }
    for statement in &STATEMENTS {
        if statement.reason.is_none() && !tests.contains_key(statement.id) {
            wrong.push(format!("{} has no test: {}", statement.id, statement.about));
        }
    }
    let document = made(DOCUMENT, &document(&tests), check, "cargo xtask statements");
    wrong.extend(document.err().map(|error| error.to_string()));
    for complaint in &wrong {
        println!("statements: {complaint}");
    }
    let count = |with: fn(&Statement) -> bool| STATEMENTS.iter().filter(|statement| with(statement)).count();
    let tested = STATEMENTS.iter().filter(|statement| tests.contains_key(statement.id)).count();
    let reasons = count(|statement| statement.reason.is_some());
    println!("statements: {tested} of {} have a test, {reasons} a reason", STATEMENTS.len());
    match wrong.len() {
        0 => Ok(()),
        count if check => Err(format!("{count} complaints").into()),
        _ => Ok(()),
    }
}

/// The tests of each statement.
type Tests = BTreeMap<String, Vec<String>>;

fn collect(marked: Marked, tests: &mut Tests, wrong: &mut Vec<String>) {
    let Marked { place, test, asserts, ids } = marked;
    let Some(name) = test else {
        wrong.push(format!("{place}: a statement is named outside a test"));
        return;
    };
    if !asserts {
        wrong.push(format!("{place}: {name} names a statement and asserts nothing"));
        return;
    }
    for id in ids {
        if STATEMENTS.iter().all(|statement| statement.id != id) {
            wrong.push(format!("{place}: {name} names {id}, which is not among the 76"));
            continue;
        }
        let names = tests.entry(id).or_default();
        let entry = format!("{place} `{name}`");
        if !names.contains(&entry) {
            names.push(entry);
        }
    }
}

fn document(tests: &Tests) -> String {
    let mut document = String::from(
        "# Statements of MQTT 3.1.1 and the tests that assert them\n\n\
         The standard numbers its rules; these are the 76 that bind a client, in our own words. A test is listed\n\
         if its body names the statement; it asserts bytes on the wire or an error. `cargo xtask statements`\n\
         makes this list, and `cargo xtask test` compares it.\n\n\
         | statement | about | tests |\n|---|---|---|\n",
    );
    for statement in &STATEMENTS {
        let mut cell = tests.get(statement.id).map(|names| names.join("<br>")).unwrap_or_default();
        if let (true, Some(reason)) = (cell.is_empty(), statement.reason) {
            cell = format!("none: {reason}");
        }
        // Writing to a string cannot fail.
        let _ = writeln!(document, "| {} | {} | {cell} |", statement.id, statement.about);
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_76_statements_and_no_two_are_the_same() {
        let mut ids: Vec<&str> = STATEMENTS.iter().map(|statement| statement.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 76);
        for statement in &STATEMENTS {
            assert_eq!(statement.reason.is_some(), statement.id.starts_with("MQTT-6."), "{}", statement.id);
        }
    }

    #[test]
    fn a_wrong_mark_is_no_test() {
        let mark = |test: Option<&str>, asserts, id: &str| Marked {
            place: "a.rs".into(),
            test: test.map(str::to_owned),
            asserts,
            ids: vec![id.into()],
        };
        for (marked, fine) in [
            (mark(Some("t"), true, "MQTT-3.1.0-1"), true),
            (mark(None, true, "MQTT-3.1.0-1"), false),
            (mark(Some("t"), false, "MQTT-3.1.0-1"), false),
            (mark(Some("t"), true, "MQTT-3.1.0-9"), false),
        ] {
            let (mut tests, mut wrong) = (Tests::new(), Vec::new());
            collect(marked, &mut tests, &mut wrong);
            assert_eq!((tests.len(), wrong.len()), if fine { (1, 0) } else { (0, 1) });
        }
    }
}
