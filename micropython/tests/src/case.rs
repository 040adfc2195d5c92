//! A case: a Python program, and what it prints and sends on each side.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::outcome::{difference, packets};
use crate::peer::Peer;
use crate::port::{Port, Side, python_folder};

/// A case must be over by then.
const LIMIT: Duration = Duration::from_secs(30);

/// A program in `python/`, with the file beside it that holds both outcomes.
#[derive(Clone, Debug)]
pub struct Case {
    /// The path of the program in `python/`, without `.py`.
    name: String,
}

/// Where the second outcome begins in the file.
const OURS: &str = "==== ours\n";
const ORIGINAL: &str = "==== original\n";

impl Case {
    /// The case of this path in `python/`, without `.py`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    /// Runs the program on one side: what it printed, how it ended if not well, and the packets that it sent.
    ///
    /// # Panics
    /// When MicroPython does not start.
    #[must_use]
    pub fn outcome(&self, port: &Port, side: Side) -> String {
        let peer = Peer::start();
        let program = format!("{}.py", self.name);
        let run = port.run(side, &self.options(), &program, &peer.arguments(), LIMIT);
        let mut text = run.printed;
        if let Some(failure) = run.failure {
            let last = run.complaint.trim_end().lines().last().unwrap_or_default().to_owned();
            let _ = writeln!(text, "the program ended: {failure}: {last}");
        }
        for (number, stream) in (1..).zip(peer.finish()) {
            let _ = write!(text, "-- sent in connection {number}\n{}", packets(&stream));
        }
        text
    }

    /// What this side must give, by the file beside the program.
    ///
    /// # Panics
    /// When the file is not there or has no such part.
    #[must_use]
    pub fn expected(&self, side: Side) -> String {
        let path = self.file();
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (_, after) = text.split_once(OURS).expect("a part `==== ours`");
        let (ours, original) = after.split_once(ORIGINAL).expect("a part `==== original` at the end");
        match side {
            Side::Ours => ours.to_owned(),
            Side::Original => original.to_owned(),
        }
    }

    fn file(&self) -> PathBuf {
        python_folder().join(format!("{}.txt", self.name))
    }

    /// What the first line of the program gives to MicroPython after `# micropython:`.
    ///
    /// # Panics
    /// When there is no such program.
    #[must_use]
    pub fn options(&self) -> Vec<String> {
        let path = python_folder().join(format!("{}.py", self.name));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let options = text.lines().next().and_then(|line| line.strip_prefix("# micropython:"));
        options.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    }

    fn write(&self, ours: &str, original: &str) {
        fs::write(self.file(), format!("{OURS}{ours}{ORIGINAL}{original}")).unwrap();
    }
}

/// Runs a case on both sides, prints both outcomes, and holds them to the file beside the program; where ours mends
/// the original, the two in the file differ. `UPDATE_EXPECT=original` and `UPDATE_EXPECT=ours` write what came out.
///
/// # Panics
/// When an outcome is not the expected one.
pub fn hold(name: &str) {
    let Some(port) = Port::from_environment() else { return };
    let case = Case::new(name);
    let original = case.outcome(&port, Side::Original);
    let ours = case.outcome(&port, Side::Ours);
    println!("{name}: `-` the original alone, `+` ours alone\n{}", difference(&original, &ours));
    match std::env::var("UPDATE_EXPECT").as_deref() {
        Ok("original") if case.file().exists() => case.write(&case.expected(Side::Ours), &original),
        Ok("original") => case.write("", &original),
        Ok("ours") => case.write(&ours, &case.expected(Side::Original)),
        _ => {}
    }
    let mut wrong = String::new();
    for (side, outcome) in [(Side::Original, original), (Side::Ours, ours)] {
        let expected = case.expected(side);
        if outcome != expected {
            let _ = write!(wrong, "\n{side:?}: `-` expected, `+` came\n{}", difference(&expected, &outcome));
        }
    }
    assert!(wrong.is_empty(), "{name}{wrong}");
    assert_ne!(case.expected(Side::Original), case.expected(Side::Ours), "{name}: nothing is mended");
}

/// Runs a case that both sides do alike, and holds both outcomes to the file beside the program, which has one part.
/// `UPDATE_EXPECT=original` writes what the original gave.
///
/// # Panics
/// When an outcome is not the expected one.
pub fn agree(name: &str) {
    let Some(port) = Port::from_environment() else { return };
    let case = Case::new(name);
    let original = case.outcome(&port, Side::Original);
    if std::env::var("UPDATE_EXPECT").as_deref() == Ok("original") {
        fs::write(case.file(), &original).unwrap();
    }
    let ours = case.outcome(&port, Side::Ours);
    let expected = fs::read_to_string(case.file()).unwrap();
    for (side, outcome) in [(Side::Original, original), (Side::Ours, ours)] {
        let wrong = difference(&expected, &outcome);
        assert!(outcome == expected, "{name}, {side:?}: `-` expected, `+` came\n{wrong}");
    }
}
