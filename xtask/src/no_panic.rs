//! `cargo xtask no-panic`: a link check that no panic of the core can be reached.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::arguments::Arguments;
use crate::setup::TARGETS;
use crate::shell::{Result, cargo, root};
use crate::source::text;
use crate::tidy::public_api;

pub(crate) const HELP: &str = "
Usage: cargo xtask no-panic

Builds xtask/fixtures/no-panic, a program that calls every public function of umqtt-proto with
values that the optimizer knows nothing about, and whose panic handler calls a function that
exists nowhere. It links only if the optimizer has proved every panic away: for thumbv6m and
thumbv7em, with opt-level z and 3, without and with QoS 2.

Before that, each public function must stand in the program as `Type::function(`; and the program
with one indexing more (feature `self-test`) must not link, which shows that the check can fail.
When a panic is left, the functions on the way to it are listed.
";

const FIXTURE: &str = "xtask/fixtures/no-panic";
const UNDEFINED: &str = "a_panic_is_reachable";

pub(crate) fn run(arguments: Arguments) -> Result {
    arguments.finish()?;
    check()
}

pub(crate) fn check() -> Result {
    every_function_is_called()?;
    let mut failures = 0;
    for target in TARGETS {
        for level in ["z", "3"] {
            for features in ["", "qos2"] {
                let build = Build { target, level, features };
                match build.link()? {
                    None => println!("no-panic: {build}: no panic can be reached"),
                    Some(way) => {
                        failures += 1;
                        println!(
                            "no-panic: {build}: A PANIC CAN BE REACHED, from the bottom to the top:\n{way}"
                        );
                    }
                }
            }
        }
        let broken = Build { target, level: "3", features: "self-test" };
        match broken.link()? {
            Some(_) => println!("no-panic: {broken}: the panic that was put in is found"),
            None => return Err(format!("{broken}: the panic that was put in was not found").into()),
        }
    }
    if failures == 0 { Ok(()) } else { Err(format!("a panic can be reached in {failures} builds").into()) }
}

/// Holds the program against the list of what is public.
fn every_function_is_called() -> Result {
    let mut source = String::new();
    for file in fs::read_dir(root().join(FIXTURE).join("src"))? {
        source.push_str(&text(&file?.path())?);
    }
    let words: String = source.split("::<30>").collect();
    let mut functions = public_api::functions(Path::new("crates/umqtt-proto/src/lib.rs"))?;
    // There is no heap on bare metal.
    functions.retain(|function| !function.starts_with("HeapStore::") && !function.ends_with("::on_heap"));
    let is_called = |function: &&String| !words.contains(&format!("{function}("));
    let missing: Vec<&String> = functions.iter().filter(is_called).collect();
    if !missing.is_empty() {
        let missing: Vec<&str> = missing.iter().map(|name| name.as_str()).collect();
        return Err(format!("{FIXTURE} does not call {}", missing.join(", ")).into());
    }
    println!("no-panic: the program calls all {} public functions of umqtt-proto", functions.len());
    Ok(())
}

/// One way to build the program.
struct Build {
    target: &'static str,
    level: &'static str,
    features: &'static str,
}

impl std::fmt::Display for Build {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let features = if self.features.is_empty() { "no features" } else { self.features };
        write!(f, "{}, opt-level {}, {features}", self.target, self.level)
    }
}

impl Build {
    /// Links the program; `None` when that went well, and the way to the panic when one is left.
    fn link(&self) -> Result<Option<String>> {
        let output = self.cargo("link", &[]).output()?;
        if output.status.success() {
            return Ok(None);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        if !said.contains(&format!("undefined symbol: {UNDEFINED}")) {
            return Err(format!("{self} does not build:\n{said}").into());
        }
        Ok(Some(self.way_to_the_panic()?))
    }

    fn cargo(&self, folder: &str, flags: &[&str]) -> std::process::Command {
        let mut cargo = cargo(&["rustc", "--release", "--bin", "no-panic"]);
        cargo
            .current_dir(root().join(FIXTURE))
            .args(["--target", self.target, "--features", self.features])
            .arg("--target-dir")
            .arg(target_folder(folder))
            .arg("--")
            .args(flags)
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", self.level);
        cargo
    }

    /// Reads the callers out of the assembly of the whole program.
    fn way_to_the_panic(&self) -> Result<String> {
        let name = format!("way-{}-{}-{}", self.target, self.level, self.features);
        let assembly = target_folder(&name).with_extension("s");
        let emit = format!("--emit=asm={}", assembly.display());
        // It does not link, but the assembly is written before.
        self.cargo("link", &[&emit]).output()?;
        let assembly = fs::read_to_string(&assembly)?;
        Ok(callers(&assembly))
    }
}

fn target_folder(name: &str) -> std::path::PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), std::path::PathBuf::from);
    root().join(target).join("no-panic").join(name)
}

/// The functions from which the undefined one is reached, each indented below the one that it calls.
fn callers(assembly: &str) -> String {
    let mut calls: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut function = "";
    for line in assembly.lines() {
        if let Some((label, _)) = line.split_once(':')
            && !label.starts_with(['.', '\t', ' ', '@'])
        {
            function = label;
        }
        let mut words = line.split_whitespace();
        if let (Some(operation), Some(callee), None) = (words.next(), words.next(), words.next())
            && (operation.starts_with('b') || operation == ".long")
        {
            let callers = calls.entry(callee).or_default();
            if !callers.contains(&function) {
                callers.push(function);
            }
        }
    }
    let mut tree = String::new();
    let mut seen = Vec::new();
    grow(&calls, UNDEFINED, 1, &mut seen, &mut tree);
    tree
}

fn grow<'a>(
    calls: &BTreeMap<&'a str, Vec<&'a str>>,
    function: &'a str,
    depth: usize,
    seen: &mut Vec<&'a str>,
    tree: &mut String,
) {
    tree.push_str(&format!("{}{function}\n", "  ".repeat(depth)));
    if seen.contains(&function) || depth > 8 {
        return;
    }
    seen.push(function);
    for caller in calls.get(function).into_iter().flatten() {
        grow(calls, caller, depth + 1, seen, tree);
    }
}

#[cfg(test)]
mod tests {
    use super::callers;

    #[test]
    fn the_way_to_a_panic_is_found() {
        let assembly = "handler:\n\tbl\ta_panic_is_reachable\nindex:\n\tb\thandler\n.Lx:\nuser:\n\tbl\tindex\nother:\n\tbl\tuser2\n";
        assert_eq!(callers(assembly), "  a_panic_is_reachable\n    handler\n      index\n        user\n");
    }
}
