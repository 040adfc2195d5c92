//! The ways in which people use the originals: every program of `python/usage/` runs on both sides, with one outcome.
//!
//! `usage.txt` lists what may differ, with the reason, which must also be in the README of the modules. A test fails on
//! a difference that is not listed, and on a listed one that does not occur.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use umqtt_micropython_tests::{Case, Mosquitto, Port, Side, difference};

const LIMIT: Duration = Duration::from_secs(60);

/// A test for each program; `none_is_forgotten` compares them with the folder.
macro_rules! usage {
    ($($name:ident)*) => {
        const PROGRAMS: &[&str] = &[$(stringify!($name)),*];

        $(#[test]
        fn $name() {
            compare(stringify!($name));
        })*
    };
}

usage! {
    arguments
    asyncio_lock
    broker_absent
    broker_absent_error
    callback_connects
    callback_connects_qos1
    callback_disconnects
    callback_raises
    callback_reads
    callback_reads_message
    callback_sends
    callback_status_sends
    camera_chunks
    camera_fragments
    clients_anew
    deep_sleep
    deep_sleep_confirmed
    multiple_inheritance
    no_connect
    outer_poll
    payload_buffers
    payload_numbers
    robust_assigned
    robust_reconnects
    robust_unconfirmed
    schedule
    sock_close
    sock_none
    sock_timeouts
    thread_each
    thread_first
    thread_receiver
    thread_receiver_free
    tls_authority
    tls_authority_alone
    tls_client_certificate
    tls_context
    tls_context_certificate
    tls_unchecked
    unbound_calls
    wrapped_class
    wrapped_class_native
    wrapped_instance
    wrapped_super
}

/// What programs of the folder import.
const SHARED: [&str; 3] = ["encrypted", "mosquitto", "ussl"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python/usage")
}

/// Runs a program on both sides, and holds the difference to the table.
fn compare(name: &str) {
    let Some(port) = Port::from_environment() else { return };
    let Some(original) = outcome(&port, Side::Original, name) else { return };
    let Some(ours) = outcome(&port, Side::Ours, name) else { return };
    println!("{name}: `-` the original alone, `+` ours alone\n{}", difference(&original, &ours));
    for (side, outcome) in [(Side::Original, &original), (Side::Ours, &ours)] {
        assert!(
            outcome.lines().any(|line| line == "done"),
            "{name}, {side:?}: it does not come to its end\n{outcome}"
        );
    }
    let differs: String = difference(&original, &ours)
        .lines()
        .filter(|line| !line.starts_with("  "))
        .fold(String::new(), |text, line| text + line + "\n");
    let listed: String =
        table().into_iter().filter(|entry| entry.name == name).map(|entry| entry.lines).collect();
    let wrong = difference(&listed, &differs);
    assert!(listed == differs, "{name}: `-` is listed and not so, `+` is so and not listed\n{wrong}");
}

/// What a program prints, how it ends if not well, and what it sends to a scripted peer; `None` without a broker.
fn outcome(port: &Port, side: Side, name: &str) -> Option<String> {
    let case = Case::new(&format!("usage/{name}"));
    let text = fs::read_to_string(folder().join(format!("{name}.py"))).unwrap();
    if !text.contains("from mosquitto import") && !text.contains("from encrypted import") {
        return Some(case.outcome(port, side));
    }
    let settings = text.lines().find_map(|line| line.strip_prefix("# mosquitto: ")).unwrap_or_default();
    let broker = Mosquitto::with_settings("allow_anonymous true\n", &format!("{settings}\n"))?;
    let place = broker.folder().to_str().unwrap().to_owned();
    let arguments = [broker.port().to_string(), broker.tls_port().to_string(), place.clone()];
    let run = port.run(side, &case.options(), &format!("usage/{name}.py"), &arguments, LIMIT);
    let mut text = run.printed;
    if let Some(failure) = run.failure {
        let _ = writeln!(text, "the program ended: {failure}: {}", run.complaint);
    }
    Some(text.replace(&place, "FOLDER"))
}

/// A difference that is allowed.
struct Entry {
    name: String,
    reason: String,
    /// The lines that one side alone has, each with `- ` (the original) or `+ ` (ours).
    lines: String,
}

/// The paragraphs of `usage.txt`: the name of the program, the reason, and the lines.
fn table() -> Vec<Entry> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("usage.txt")).unwrap();
    let text: String = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .fold(String::new(), |text, line| text + line + "\n");
    text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()).map(entry).collect()
}

fn entry(paragraph: &str) -> Entry {
    let (name, rest) = paragraph.split_once('\n').unwrap_or_else(|| panic!("no reason in:\n{paragraph}"));
    let is_outcome = |line: &&str| line.starts_with("- ") || line.starts_with("+ ");
    let (lines, reason): (Vec<&str>, Vec<&str>) = rest.lines().partition(is_outcome);
    Entry {
        name: name.to_owned(),
        reason: reason.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "),
        lines: lines.into_iter().fold(String::new(), |text, line| text + line + "\n"),
    }
}

#[test]
fn every_reason_is_in_the_readme() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let readme = readme.split_whitespace().collect::<Vec<_>>().join(" ");
    for entry in table() {
        assert!(PROGRAMS.contains(&entry.name.as_str()), "{} is no program", entry.name);
        assert!(entry.reason.len() > 20 && !entry.lines.is_empty(), "{}", entry.name);
        assert!(readme.contains(&entry.reason), "{}: the README does not say: {}", entry.name, entry.reason);
    }
}

#[test]
fn none_is_forgotten() {
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(PROGRAMS.contains(&name.as_str()) || SHARED.contains(&name.as_str()), "{name} has no test");
    }
}
