//! A run of MicroPython's Unix port.

use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Which modules a program imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// `umqtt.simple2` and `umqtt.robust2` as they were released.
    Original,
    /// Ours.
    Ours,
}

/// MicroPython and the modules on this machine.
#[derive(Clone, Debug)]
pub struct Port {
    binary: PathBuf,
    original: PathBuf,
    ours: PathBuf,
}

/// What a program printed and how it ended.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its standard output; what is no UTF-8 is replaced.
    pub printed: String,
    /// Its standard error.
    pub complaint: String,
    /// How it ended, in words: `None` for exit code 0.
    pub failure: Option<String>,
}

impl Port {
    /// The port of the environment: `MICROPYTHON` (the binary), `UMQTT_MPY` and `UMQTT_ORIGINAL` (folders with a folder
    /// `umqtt`). `None`, and a word on standard output, unless `UMQTT_MICROPYTHON_TESTS` is 1.
    ///
    /// # Panics
    /// Of a variable that is missing.
    #[must_use]
    pub fn from_environment() -> Option<Self> {
        if std::env::var_os("UMQTT_MICROPYTHON_TESTS").is_none_or(|value| value != "1") {
            println!("skipped: UMQTT_MICROPYTHON_TESTS is not 1; `cargo xtask test` sets it");
            return None;
        }
        let place = |name: &str| {
            let value = std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set"));
            fs::canonicalize(&value).unwrap_or_else(|error| panic!("{name}={value:?}: {error}"))
        };
        Some(Self {
            binary: place("MICROPYTHON"),
            original: place("UMQTT_ORIGINAL"),
            ours: place("UMQTT_MPY"),
        })
    }

    /// MicroPython, which imports from the folders `before`, then the modules of this side, then `after`.
    #[must_use]
    pub fn command(&self, side: Side, before: &[&Path], after: &[&Path]) -> Command {
        let modules: &Path = match side {
            Side::Original => &self.original,
            Side::Ours => &self.ours,
        };
        let mut path = OsString::new();
        for folder in before.iter().chain(&[modules]).chain(after) {
            path.push(folder);
            path.push(":");
        }
        path.push(".frozen");
        let mut command = Command::new(&self.binary);
        command.env("MICROPYPATH", path);
        command
    }

    /// The folder that has `asyncio`, which this binary does not have frozen.
    ///
    /// # Panics
    /// When the binary is not where MicroPython's makefile puts it.
    #[must_use]
    pub fn extmod(&self) -> PathBuf {
        self.binary.ancestors().nth(4).expect("a binary in MicroPython's source tree").join("extmod")
    }

    /// Runs a program of `python/` to its end, or kills it when `limit` is over.
    ///
    /// # Panics
    /// When MicroPython does not start.
    #[must_use]
    pub fn run(
        &self,
        side: Side,
        options: &[String],
        program: &str,
        arguments: &[String],
        limit: Duration,
    ) -> Run {
        self.run_with(side, options, program, arguments, b"", limit)
    }

    /// As [`Port::run`], with this text on the program's standard input.
    ///
    /// # Panics
    /// When MicroPython does not start.
    #[must_use]
    pub fn run_with(
        &self,
        side: Side,
        options: &[String],
        program: &str,
        arguments: &[String],
        input: &[u8],
        limit: Duration,
    ) -> Run {
        let python = python_folder();
        let mut child = self
            .command(side, &[], &[&python, &self.extmod()])
            .args(options)
            .arg(python.join(program))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.binary.display()));
        let (mut stdin, stdout, stderr) =
            (child.stdin.take().unwrap(), child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let input = input.to_vec();
        // A program that ends early reads no more: its output tells.
        let writer = thread::spawn(move || drop(stdin.write_all(&input)));
        let complaint = thread::spawn(move || read(stderr));
        let (ended, end) = mpsc::channel();
        let printed = thread::spawn(move || {
            let text = read(stdout);
            let _ = ended.send(());
            text
        });
        let late = end.recv_timeout(limit).is_err();
        if late {
            let _ = child.kill();
        }
        let status = child.wait().unwrap();
        writer.join().unwrap();
        let failure = match (late, status.success()) {
            (true, _) => Some(format!("killed after {} s", limit.as_secs())),
            (false, true) => None,
            (false, false) => Some(status.to_string()),
        };
        Run { printed: printed.join().unwrap(), complaint: complaint.join().unwrap(), failure }
    }
}

/// Where the Python programs are.
pub(crate) fn python_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python")
}

fn read(mut stream: impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
