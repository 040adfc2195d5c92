//! Which crate may depend on which: arrows go down only.

use crate::shell::{Result, cargo, read};

/// A crate of ours, the crates of ours it may need, and those its tests may need besides.
struct Room {
    name: &'static str,
    needs: &'static [&'static str],
    tests_need: &'static [&'static str],
}

const ROOMS: [Room; 6] = [
    Room { name: "umqtt-proto", needs: &[], tests_need: &[] },
    Room { name: "umqtt-testkit", needs: &["umqtt-proto"], tests_need: &[] },
    Room { name: "umqtt", needs: &["umqtt-proto"], tests_need: &["umqtt-testkit"] },
    Room { name: "umqtt-cli", needs: &["umqtt-proto", "umqtt", "umqtt-testkit"], tests_need: &[] },
    Room { name: "umqtt-micropython-tests", needs: &["umqtt-testkit"], tests_need: &["umqtt"] },
    Room { name: "xtask", needs: &["umqtt-proto", "umqtt-testkit"], tests_need: &[] },
];

/// The arrows that lead where they may not.
pub(super) fn check() -> Result<Vec<String>> {
    let mut broken = Vec::new();
    for (from, to) in edges(&["--workspace", "--all-features", "-e", "normal,build"])? {
        broken.extend(verdict(&from, &to, false));
    }
    for (from, to) in edges(&["--workspace", "--all-features", "-e", "dev"])? {
        broken.extend(verdict(&from, &to, true));
    }
    for (_, to) in edges(&["-p", "umqtt-proto", "--no-default-features", "-e", "normal,build"])? {
        broken.push(format!("umqtt-proto must need no crate, but needs {to} without any feature"));
    }
    Ok(broken)
}

/// The pairs of a package and one that it depends on.
fn edges(arguments: &[&str]) -> Result<Vec<(String, String)>> {
    let mut tree =
        cargo(&["tree", "--depth", "1", "--target", "all", "--prefix", "depth", "--format", "{p}"]);
    let listing = read(tree.args(arguments))?;
    let mut from = String::new();
    let mut edges = Vec::new();
    for line in listing.lines() {
        let name = line.get(1..).unwrap_or_default().split(' ').next().unwrap_or_default().to_owned();
        match line.get(..1) {
            Some("0") => from = name,
            Some("1") => edges.push((from.clone(), name)),
            _ => {}
        }
    }
    Ok(edges)
}

/// What is wrong with an arrow, if anything.
fn verdict(from: &str, to: &str, in_tests: bool) -> Option<String> {
    let ours = |name: &str| name == "xtask" || name.starts_with("umqtt");
    if !ours(to) {
        return None;
    }
    let Some(room) = ROOMS.iter().find(|room| room.name == from) else {
        return Some(format!(
            "{from} needs {to}, but has no place among the rooms of xtask/src/tidy/arrows.rs"
        ));
    };
    let may = room.needs.contains(&to) || (in_tests && room.tests_need.contains(&to));
    (!may).then(|| format!("{from} must not need {to}{}", if in_tests { " in its tests" } else { "" }))
}

#[cfg(test)]
mod tests {
    use super::verdict;

    #[test]
    fn arrows_go_down_only() {
        for (from, to, in_tests, fine) in [
            ("umqtt", "umqtt-proto", false, true),
            ("umqtt", "umqtt-testkit", true, true),
            ("umqtt", "umqtt-testkit", false, false),
            ("umqtt-proto", "umqtt", false, false),
            ("umqtt-proto", "umqtt-testkit", true, false),
            ("umqtt-proto", "log", false, true),
            ("umqtt-testkit", "umqtt", false, false),
            ("umqtt-cli", "umqtt-testkit", false, true),
            ("umqtt-new", "umqtt", false, false),
        ] {
            assert_eq!(verdict(from, to, in_tests).is_none(), fine, "{from} -> {to}");
        }
    }
}
