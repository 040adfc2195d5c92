//! The differences that are allowed: `differences.txt`.

use std::path::Path;

/// A difference, and why there is one.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) reason: String,
    action: String,
    original: String,
    ours: String,
    /// Whether the scenario is compared further.
    pub(crate) goes_on: bool,
}

impl Rule {
    pub(crate) fn allows(&self, action: &str, original: &str, ours: &str) -> bool {
        matches(&self.action, action) && matches(&self.original, original) && matches(&self.ours, ours)
    }
}

/// All of them, in order.
pub(crate) fn rules() -> Vec<Rule> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("differences.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let text: String =
        text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    text.split("\n\n").map(str::trim).filter(|rule| !rule.is_empty()).map(rule).collect()
}

fn rule(text: &str) -> Rule {
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.trim_start().strip_prefix(name));
        line.unwrap_or_else(|| panic!("`{name}` is missing in:\n{text}")).trim().to_owned()
    };
    let reason: Vec<&str> = text.lines().take_while(|line| !line.starts_with(' ')).collect();
    let goes_on = match field("then ").as_str() {
        "compare" => true,
        "stop" => false,
        other => panic!("`{other}` is neither `compare` nor `stop`"),
    };
    Rule {
        reason: reason.join(" "),
        action: field("action "),
        original: field("original "),
        ours: field("ours "),
        goes_on,
    }
}

/// Whether a text is one of a pattern, in which `*` is any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().any(|at| matches(rest, text.get(at..).unwrap_or_default()))
        }),
    }
}

#[test]
fn patterns_match() {
    for (pattern, text, fine) in [
        ("a*c", "abbc", true),
        ("a*c", "ac", true),
        ("a*c", "acd", false),
        ("*", "", true),
        ("c.*_msg()", "c.wait_msg()", true),
        ("a", "ab", false),
    ] {
        assert_eq!(matches(pattern, text), fine, "{pattern} {text}");
    }
}

#[test]
fn each_rule_has_a_reason() {
    for rule in rules() {
        assert!(rule.reason.len() > 20, "{rule:?}");
    }
}
