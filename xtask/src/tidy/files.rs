//! What a file may be: its length, its words, and which papers there must be.

use std::path::{Path, PathBuf};

use crate::shell::{Result, root};
use crate::source::{files, parse, rust_files, test_modules, text};

/// The most lines of a file of Rust, without its tests.
const MOST_LINES: usize = 500;

const PAPERS: [&str; 7] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
];

/// What is wrong with the files.
pub(super) fn check() -> Result<Vec<String>> {
    let mut broken = Vec::new();
    for path in rust_files()? {
        let text = text(&path)?;
        let file = parse(&path, &text)?;
        let tests = if is_test(&path) { vec![(1, text.lines().count())] } else { test_modules(&file) };
        broken.extend(too_long(&path, &text, &test_modules(&file)));
        broken.extend(sleeps(&path, &text, &tests));
        broken.extend(allows_unsafe(&path, &text));
    }
    for path in files()? {
        // What is not text has no words.
        if let Ok(text) = text(&path) {
            broken.extend(machine_paths(&path, &text));
        }
    }
    for paper in PAPERS {
        if !root().join(paper).is_file() {
            broken.push(format!("{paper} is missing"));
        }
    }
    let changes = text(Path::new("CHANGELOG.md")).unwrap_or_default();
    if !changes.lines().any(|line| line.starts_with("## ") && line.contains("Unreleased")) {
        broken.push("CHANGELOG.md has no head `## [Unreleased]`".into());
    }
    Ok(broken)
}

fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests")
}

fn too_long(path: &Path, text: &str, test_modules: &[(usize, usize)]) -> Option<String> {
    let tests: usize = test_modules.iter().map(|(first, last)| last - first + 1).sum();
    let lines = text.lines().count() - tests;
    (lines > MOST_LINES)
        .then(|| format!("{} has {lines} lines without its tests, more than {MOST_LINES}", path.display()))
}

fn sleeps(path: &Path, text: &str, tests: &[(usize, usize)]) -> Vec<String> {
    let needle = concat!("thread::", "sleep");
    let in_tests = |line: usize| tests.iter().any(|(first, last)| (*first..=*last).contains(&line));
    let found = (1..).zip(text.lines()).filter(|(number, line)| in_tests(*number) && line.contains(needle));
    found
        .map(|(number, _)| format!("{}:{number} sleeps in a test; wait for a condition", path.display()))
        .collect()
}

/// The root of a crate must forbid `unsafe`; the places that talk to bare metal are not among them.
fn allows_unsafe(path: &Path, text: &str) -> Option<String> {
    let ours = ["crates", "xtask/src"].iter().any(|folder| path.starts_with(folder));
    let is_root = ["src/lib.rs", "src/main.rs"].iter().any(|end| path.ends_with(end));
    let forbids = text.lines().any(|line| line == "#![forbid(unsafe_code)]");
    (ours && is_root && !forbids).then(|| format!("{} has no `#![forbid(unsafe_code)]`", path.display()))
}

/// Paths that only one machine has.
fn machine_paths(path: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for needle in [concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/ro", "ot/")] {
            // "network/work/" is a path of somebody, but not one from the root of a machine.
            let from_root = line.match_indices(needle).any(|(at, _)| {
                !line.get(..at).unwrap_or_default().ends_with(|end: char| end.is_alphanumeric() || end == '.')
            });
            if from_root {
                found.push(format!("{}:{number} names {needle}, a path of one machine", path.display()));
            }
        }
    }
    found
}

/// The roots of the library crates, relative to the root of the project.
pub(super) fn libraries() -> Result<Vec<PathBuf>> {
    let mut files = rust_files()?;
    files.retain(|path| path.starts_with("crates") && path.ends_with("src/lib.rs"));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_one_machine_is_found() {
        let found = |line: &str| machine_paths(Path::new("a"), line).len();
        assert_eq!(found(concat!("see /wo", "rk/main")), 1);
        assert_eq!(found(concat!("\"/ho", "me/x\" and /ro", "ot/y")), 2);
        assert_eq!(found(concat!("crates/wo", "rk/main, ho", "me/kitchen, ../ho", "me/")), 0);
    }

    #[test]
    fn the_lines_of_tests_do_not_count() {
        let code = "fn a() {}\n".repeat(MOST_LINES);
        let tests = "#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n";
        let path = Path::new("a.rs");
        let both = format!("{code}{tests}");
        let modules = test_modules(&parse(path, &both).unwrap());
        assert_eq!(modules, [(501, 504)]);
        assert_eq!(too_long(path, &both, &modules), None);
        assert!(too_long(path, &format!("{code}fn c() {{}}\n"), &[]).is_some());
    }

    #[test]
    fn a_test_that_sleeps_is_found() {
        let text = concat!("std::thread::", "sleep(x);\n\nstd::thread::", "sleep(y);\n");
        assert_eq!(sleeps(Path::new("a.rs"), text, &[(2, 3)]).len(), 1);
        assert_eq!(sleeps(Path::new("a.rs"), text, &[]).len(), 0);
    }
}
