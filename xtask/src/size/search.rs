//! `cargo xtask size --search`: what the inline attribute of each function costs.

use std::fs;
use std::path::{Path, PathBuf};

use super::program::Program;
use crate::shell::{Result, cargo, read, root};
use crate::source::files;

/// The functions that are tried, by file: those that are called from several places, or from one that is large.
const FUNCTIONS: [(&str, &str); 11] = [
    (
        "crates/umqtt-proto/src/engine.rs",
        "new connect begin handle_closed did_read did_write step choose left time_out next_notice due",
    ),
    ("crates/umqtt-proto/src/engine/deadlines.rs", "for_writing remaining at_most in_millis"),
    (
        "crates/umqtt-proto/src/session/mod.rs",
        "new pending handle_closed enter has_pending backlog first_in_time can_receive want_ping sent",
    ),
    (
        "crates/umqtt-proto/src/session/receive.rs",
        "handle handle_publish is_fresh owe settle handle_conn_ack handle_ack unknown",
    ),
    ("crates/umqtt-proto/src/session/request.rs", "publish publish_start subscribe disconnect request"),
    ("crates/umqtt-proto/src/session/resume.rs", "begin_to_resume resume send_again tell_lost"),
    (
        "crates/umqtt-proto/src/session/in_flight.rs",
        "get push find remove unused_id stamp first_in_time pass",
    ),
    ("crates/umqtt-proto/src/session/transmitter.rs", "pending sent free room any_room commit push push_ack"),
    ("crates/umqtt-proto/src/framer.rs", "clear unfilled has_room is_waiting poll frame body waiting take"),
    ("crates/umqtt-proto/src/receiver.rs", "with_large clear unfilled inbox lend has_room"),
    (
        "crates/umqtt/src/blocking/sender.rs",
        "publish enqueue subscribe_many offer request drive begin run steps fail",
    ),
];

/// The attributes that are tried; nothing at all is one of them.
const CHOICES: [Option<&str>; 4] =
    [None, Some("#[inline]"), Some("#[inline(always)]"), Some("#[inline(never)]")];

const PROGRAMS: [&str; 2] = ["proto", "client"];
const TARGET: &str = "thumbv7em-none-eabi";

/// Tries each attribute at each of the functions whose file or name contains `only`, one after the other, in a copy of
/// the sources, and keeps what makes the sum of all programs smallest.
pub(super) fn search(only: &str) -> Result {
    let copy = root().join("target/size-search");
    for file in files()? {
        let to = copy.join(&file);
        fs::create_dir_all(to.parent().unwrap_or(&copy))?;
        fs::copy(root().join(&file), to)?;
    }
    let mut best = measure(&copy)?;
    println!("{} without and with QoS 2: {best:?}", PROGRAMS.join(", "));
    for (file, names) in FUNCTIONS {
        let names: Vec<&str> =
            names.split(' ').filter(|name| format!("{file} {name}").contains(only)).collect();
        search_file(&copy, Path::new(file), &names, &mut best)?;
    }
    println!("the sources with what was kept are in {}", copy.display());
    Ok(())
}

/// Tries each attribute at the functions of these names in one file.
fn search_file(copy: &Path, source: &Path, names: &[&str], best: &mut Vec<u64>) -> Result {
    let file = copy.join(source);
    let mut kept = fs::read_to_string(&file)?;
    for (index, name) in functions(&kept.clone()).into_iter().enumerate() {
        if !names.contains(&name) {
            continue;
        }
        let code = kept.clone();
        for choice in CHOICES {
            let tried = with_attribute(&code, index, choice);
            if tried == code {
                continue;
            }
            fs::write(&file, &tried)?;
            // One that must not be there, such as on a function without a body, is no choice.
            let Ok(figures) = measure(copy) else { continue };
            if sum(&figures) < sum(best) {
                println!("{} {name}: {}: {figures:?}", source.display(), choice.unwrap_or("none"));
                (*best, kept) = (figures, tried);
            }
        }
        fs::write(&file, &kept)?;
    }
    Ok(())
}

fn sum(figures: &[u64]) -> u64 {
    figures.iter().sum()
}

/// The flash of each program without and with QoS 2, in the sources in `copy`.
fn measure(copy: &Path) -> Result<Vec<u64>> {
    let mut figures = Vec::new();
    for features in ["", "qos2"] {
        let mut build = cargo(&["build", "--quiet", "--release", "--target", TARGET, "--features", features]);
        build.current_dir(copy.join("firmware/size")).env("CARGO_PROFILE_RELEASE_DEBUG", "false");
        build.args(["--bin", "empty"]).env_remove("CARGO_TARGET_DIR");
        for program in PROGRAMS {
            build.args(["--bin", program]);
        }
        read(&mut build)?;
        let folder: PathBuf = copy.join("firmware/target").join(TARGET).join("release");
        let empty = Program::read(&folder.join("empty"))?;
        for program in PROGRAMS {
            figures.push(Program::read(&folder.join(program))?.flash - empty.flash);
        }
    }
    Ok(figures)
}

/// The names of the functions that are not for tests, from top to bottom.
fn functions(code: &str) -> Vec<&str> {
    let lines = code.lines().take_while(|line| *line != "#[cfg(test)]");
    lines.filter_map(name).collect()
}

/// The name, if a function begins in this line.
fn name(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("fn ")?;
    let is_function =
        before.split_whitespace().all(|word| word == "const" || word == "pub" || word.starts_with("pub("));
    let end = rest.find(|end: char| !(end.is_alphanumeric() || end == '_'))?;
    if is_function { rest.get(..end) } else { None }
}

/// The code with another inline attribute, or none, at the function of this number.
fn with_attribute(code: &str, index: usize, attribute: Option<&str>) -> String {
    let mut lines: Vec<&str> = code.lines().collect();
    let mut begins = (0..lines.len()).filter(|at| lines.get(*at).copied().and_then(name).is_some());
    let Some(at) = begins.nth(index) else { return code.to_owned() };
    let attributes = |lines: &[&str]| {
        let above = lines.iter().take(at).rev();
        above.take_while(|line| line.trim_start().starts_with("#[")).count()
    };
    let first = at - attributes(&lines);
    let old = (first..at).find(|line| lines.get(*line).is_some_and(|line| line.contains("inline")));
    if let Some(old) = old {
        lines.remove(old);
    }
    if let Some(attribute) = attribute {
        lines.insert(first, attribute);
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_put_in_the_place_of_another() {
        let code = "impl A {\n    #[must_use]\n    #[cfg_attr(x, inline(never))]\n    pub const fn a() {}\n\n    fn b() {}\n}\n\
                    #[cfg(test)]\nmod tests {\n    fn c() {}\n}\n";
        assert_eq!(functions(code), ["a", "b"]);
        let plain = code.replace("    #[cfg_attr(x, inline(never))]\n", "");
        assert_eq!(with_attribute(code, 0, None), plain);
        assert_eq!(
            with_attribute(code, 0, Some("#[inline]")),
            plain.replace("    #[must", "#[inline]\n    #[must")
        );
        assert_eq!(
            with_attribute(code, 1, Some("#[inline]")),
            code.replace("    fn b", "#[inline]\n    fn b")
        );
    }
}
