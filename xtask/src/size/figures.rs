//! What was measured, by name; the record of it in `firmware/size/figures.txt`, and how a new measurement is held to
//! that.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::shell::{Result, root};
use crate::source::text;

pub(super) const RECORD: &str = "firmware/size/figures.txt";

/// What `docs` and `README.md` are made from.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Figures {
    /// The compiler that was measured, as it calls itself.
    pub(super) compiler: String,
    /// By name, such as `thumbv7em-none-eabi qos1 proto flash`.
    values: Vec<(String, u64)>,
}

/// What may differ when another compiler of the same channel builds the same code.
fn tolerance(name: &str, value: u64) -> u64 {
    match name.rsplit(' ').next() {
        Some("flash" | "memcpy") => value / 100,
        Some("stack") => value / 16,
        // The size of a type is the same with each.
        _ => 0,
    }
}

impl Figures {
    pub(super) fn new(compiler: String) -> Self {
        Self { compiler, values: Vec::new() }
    }

    pub(super) fn add(&mut self, name: String, value: u64) {
        self.values.push((name, value));
    }

    pub(super) fn get(&self, name: &str) -> Result<u64> {
        let value = self.values.iter().find(|(one, _)| one == name).map(|(_, value)| *value);
        value.ok_or_else(|| format!("{RECORD} has no line `{name}`").into())
    }

    /// The last record.
    pub(super) fn recorded() -> Result<Self> {
        Self::parse(&text(Path::new(RECORD))?)
    }

    pub(super) fn record(&self) -> Result {
        fs::write(root().join(RECORD), self.text())?;
        println!("wrote {RECORD}");
        Ok(())
    }

    fn text(&self) -> String {
        let mut text = format!(
            "# In bytes, measured with {}; `cargo xtask size --update` writes this.\n",
            self.compiler
        );
        for (name, value) in &self.values {
            let _ = writeln!(text, "{name} {value}");
        }
        text
    }

    fn parse(text: &str) -> Result<Self> {
        let mut figures = Self::default();
        for line in text.lines() {
            if let Some(comment) = line.strip_prefix('#') {
                let compiler =
                    comment.split_once("measured with ").and_then(|(_, rest)| rest.split_once(';'));
                figures.compiler = compiler.map(|(compiler, _)| compiler.to_owned()).unwrap_or_default();
                continue;
            }
            let parsed = line.rsplit_once(' ').and_then(|(name, value)| Some((name, value.parse().ok()?)));
            let (name, value) = parsed.ok_or_else(|| format!("{RECORD} has a line `{line}`"))?;
            figures.add(name.to_owned(), value);
        }
        Ok(figures)
    }

    /// Where a measurement is not what the record says: the record is what people read, so that less is wrong, too.
    pub(super) fn differences(&self, measured: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        for (name, value) in &measured.values {
            let Ok(recorded) = self.get(name) else {
                differences.push(format!("{name} is {value}, and not recorded"));
                continue;
            };
            let spare = tolerance(name, recorded);
            if *value > recorded + spare {
                differences.push(format!("{name} is {value}, more than the recorded {recorded}"));
            } else if *value + spare < recorded {
                differences.push(format!("{name} is {value}, less than the recorded {recorded}"));
            }
        }
        for (name, _) in &self.values {
            if measured.get(name).is_err() {
                differences.push(format!("{name} is recorded, and no longer measured"));
            }
        }
        differences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(values: &[(&str, u64)]) -> Figures {
        let mut figures = Figures::new("rustc 1.2.3 (4)".into());
        values.iter().for_each(|(name, value)| figures.add((*name).to_owned(), *value));
        figures
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let figures = figures(&[("m0 qos1 proto flash", 4096), ("m0 qos1 engine", 128)]);
        assert_eq!(Figures::parse(&figures.text()).unwrap(), figures);
        assert!(Figures::parse("m0 qos1 proto flash many").is_err());
    }

    #[test]
    fn more_and_less_and_missing_are_told() {
        let recorded = figures(&[("a flash", 1000), ("a stack", 160), ("engine", 100)]);
        let told = |measured: &[(&str, u64)]| recorded.differences(&figures(measured));
        assert!(told(&[("a flash", 1010), ("a stack", 170), ("engine", 100)]).is_empty());
        assert!(told(&[("a flash", 990), ("a stack", 150), ("engine", 100)]).is_empty());
        assert_eq!(
            told(&[("a flash", 1011), ("a stack", 149), ("engine", 99)]),
            [
                "a flash is 1011, more than the recorded 1000",
                "a stack is 149, less than the recorded 160",
                "engine is 99, less than the recorded 100",
            ]
        );
        assert_eq!(
            told(&[("a flash", 1000), ("a stack", 160), ("slot", 8)]),
            ["slot is 8, and not recorded", "engine is recorded, and no longer measured"]
        );
    }
}
