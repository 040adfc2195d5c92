//! Faults that are planted into a copy of the core, to see that exploring finds them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::shell::{Result, root};
use crate::source;

const LIST: &str = "explore/planted.txt";

/// Where the copies are, one for each of the faults that are explored at the same time.
const PLACE: &str = "target/planted";

/// What of the project a copy has, besides the `Cargo.toml` of its workspace.
const COPIED: [&str; 2] = ["crates/umqtt-proto", "explore"];

/// A fault to plant.
#[derive(Debug, Default, PartialEq, Eq)]
struct Fault {
    name: String,
    /// The configuration that finds it.
    config: String,
    /// Words of what is found.
    finds: String,
    /// The file, under the sources of the core.
    file: String,
    old: String,
    new: String,
}

/// How many are built and explored at the same time.
const JOBS: usize = 2;

/// Plants the faults with these names, or all; shows their traces if it is told to.
pub(super) fn run(names: &[String], shows_traces: bool) -> Result {
    let mut faults = parse(&source::text(Path::new(LIST))?)?;
    if let Some(name) = names.iter().find(|name| faults.iter().all(|fault| fault.name != **name)) {
        return Err(format!("no fault of {LIST} is called {name}").into());
    }
    faults.retain(|fault| names.is_empty() || names.contains(&fault.name));
    let next = AtomicUsize::new(0);
    let lines = Mutex::new(vec![String::new(); faults.len()]);
    let missed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for job in 0..JOBS {
            let (faults, next, lines, missed) = (&faults, &next, &lines, &missed);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(fault) = faults.get(index) else { return };
                    let (line, is_found) = plant(fault, job, shows_traces);
                    if !is_found {
                        missed.lock().unwrap_or_else(PoisonError::into_inner).push(fault.name.as_str());
                    }
                    if let Some(place) = lines.lock().unwrap_or_else(PoisonError::into_inner).get_mut(index) {
                        *place = line;
                    }
                }
            });
        }
    });
    println!("\n{}", lines.into_inner().unwrap_or_else(PoisonError::into_inner).join("\n"));
    match missed.into_inner().unwrap_or_else(PoisonError::into_inner).as_slice() {
        [] => Ok(()),
        missed => Err(format!("not found as expected: {}", missed.join(", ")).into()),
    }
}

/// Plants a fault and explores; gives a line of the table, and whether the fault was found. A fault that is not
/// found as expected shows its trace in any case.
fn plant(fault: &Fault, job: usize, shows_trace: bool) -> (String, bool) {
    let start = Instant::now();
    let said = match fault.explore(job) {
        Ok(said) => said,
        Err(error) => return (format!("{:<40}{error}", fault.name), false),
    };
    let found = said.lines().find(|line| line.starts_with("fault of "));
    let time = start.elapsed().as_secs_f64();
    let is_found = found.is_some_and(|found| found.contains(&fault.finds));
    if shows_trace || !is_found {
        println!("\n=== {} ===\n{}", fault.name, trace(&said));
    }
    (format!("{:<40}{time:>6.1} s  {}", fault.name, found.unwrap_or("nothing was found")), is_found)
}

/// The part of an output that is the trace.
fn trace(said: &str) -> String {
    let lines = said.lines().skip_while(|line| !line.starts_with("fault of "));
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

impl Fault {
    fn source(&self) -> PathBuf {
        Path::new("crates/umqtt-proto/src").join(&self.file)
    }

    /// A text with the fault in it.
    fn patched(&self, text: &str) -> Result<String> {
        match text.matches(&self.old).count() {
            1 => Ok(text.replacen(&self.old, &self.new, 1)),
            count => Err(format!(
                "{LIST}: the text of `{}` is {count} times in {}, and must be there once",
                self.name,
                self.source().display()
            )
            .into()),
        }
    }

    /// Puts the fault into this copy, in place of the one before, and explores it; gives what that printed.
    fn explore(&self, copy: usize) -> Result<String> {
        let place = root().join(PLACE).join(copy.to_string());
        let workspace = source::text(Path::new("Cargo.toml"))?;
        write(&place.join("Cargo.toml"), workspace_of_core(&workspace).as_bytes())?;
        for file in source::files()? {
            if COPIED.iter().any(|folder| file.starts_with(folder)) {
                let mut bytes = fs::read(root().join(&file))?;
                if file == self.source() {
                    bytes = self.patched(&source::text(&file)?)?.into_bytes();
                }
                write(&place.join(&file), &bytes)?;
            }
        }
        let manifest = place.join("explore/Cargo.toml");
        let mut explore = super::program(&manifest.to_string_lossy(), &["run"]);
        // A fault is found soon: what counts is the time to compile, and each fault changes a line or two.
        for setting in ["opt-level=0", "incremental=true"] {
            explore.args(["--config", &format!("profile.release.{setting}")]);
        }
        explore.args(["--", "--most", "3000000", &self.config]);
        let Output { status, stdout, stderr } =
            explore.stdin(Stdio::null()).output().map_err(|error| format!("cargo: {error}"))?;
        let said = String::from_utf8_lossy(&stdout).into_owned();
        // 0 and 1 are exploring's own, nothing or a fault was found; but cargo's errors have other codes.
        match status.code() {
            Some(0 | 1) if said.contains("configuration") => Ok(said),
            _ => {
                Err(format!("`{}` cannot be explored:\n{}", self.name, String::from_utf8_lossy(&stderr))
                    .into())
            }
        }
    }
}

/// Writes a file unless it is so already, so that cargo builds no more than it must.
fn write(path: &Path, bytes: &[u8]) -> Result {
    if fs::read(path).is_ok_and(|before| before == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// The workspace's `Cargo.toml` with the core as its only member.
fn workspace_of_core(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once('=') {
        Some((key, _)) if key.trim() == "members" => "members = [\"crates/umqtt-proto\"]",
        Some((key, _)) if key.trim() == "default-members" => "",
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

fn parse(text: &str) -> Result<Vec<Fault>> {
    let mut faults: Vec<Fault> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = || format!("{LIST}:{number}: `{line}` is not understood");
        if let Some(name) = line.strip_prefix("fault ") {
            faults.push(Fault { name: name.into(), ..Fault::default() });
            continue;
        }
        let fault = faults.last_mut().ok_or_else(wrong)?;
        if let Some(line) = line.strip_prefix('-') {
            add_line(&mut fault.old, line);
        } else if let Some(line) = line.strip_prefix('+') {
            add_line(&mut fault.new, line);
        } else {
            match line.split_once(' ').ok_or_else(wrong)? {
                ("in", config) => fault.config = config.into(),
                ("finds", words) => fault.finds = words.into(),
                ("file", file) => fault.file = file.into(),
                _ => return Err(wrong().into()),
            }
        }
    }
    match faults.iter().find(|fault| {
        [&fault.config, &fault.finds, &fault.file, &fault.old].iter().any(|field| field.is_empty())
    }) {
        Some(fault) => Err(format!("{LIST}: `{}` is not all there", fault.name).into()),
        None => Ok(faults),
    }
}

/// A text of one line may be a part of a line; of several, they are whole but for the last end.
fn add_line(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# words\n\nfault a\nin x\nfinds too late\nfile b.rs\n-one\n-two\n+three\n";

    #[test]
    fn a_fault_is_read() {
        let expected = Fault {
            name: "a".into(),
            config: "x".into(),
            finds: "too late".into(),
            file: "b.rs".into(),
            old: "one\ntwo".into(),
            new: "three".into(),
        };
        assert_eq!(parse(TEXT).unwrap(), [expected]);
        assert!(parse("fault a\nin x\n").is_err());
        assert!(parse("in x\n").is_err());
        assert!(parse("fault a\nnonsense\n").is_err());
    }

    #[test]
    fn text_that_is_not_there_once_is_refused() {
        let fault = &parse(TEXT).unwrap()[0];
        assert_eq!(fault.patched("zero\none\ntwo\n").unwrap(), "zero\nthree\n");
        assert!(fault.patched("one\n").is_err());
        assert!(fault.patched("one\ntwo\none\ntwo\n").is_err());
    }

    #[test]
    fn a_copy_has_one_member() {
        let text = "[workspace]\nmembers = [\"a\", \"b\"]\ndefault-members = [\"a\"]\n[profile]\n";
        assert_eq!(workspace_of_core(text), "[workspace]\nmembers = [\"crates/umqtt-proto\"]\n\n[profile]\n");
    }
}
