//! Running a Python program on one of the ports.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::process::Process;
use super::{Port, place, qemu};
use crate::shell::Result;

/// A program, and what it runs on and with.
pub(crate) struct Program {
    pub(crate) port: Port,
    /// The files that it can import or open, by path: `umqtt/simple2.mpy`.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// On a board in QEMU neither the program nor what it prints can have the characters 1 to 5, which
    /// its console takes for itself.
    pub(crate) text: String,
    /// Whether `time.ticks_cpu()` counts instructions; not on [`Port::Unix`].
    pub(crate) counted: bool,
    /// How long it may take, the start of the port and the making of the files included.
    pub(crate) limit: Duration,
}

/// How a program ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// What it printed.
    pub(crate) output: String,
    /// What went wrong, such as the exception that ended it; `None` if it ran to its end.
    pub(crate) error: Option<String>,
}

impl Program {
    /// Runs it.
    ///
    /// # Errors
    ///
    /// If the port could not be started. What the program itself does wrong is in [`Ended::error`].
    pub(crate) fn run(&self) -> Result<Ended> {
        self.run_on(&place::firmware(self.port)?)
    }

    /// Runs it on this firmware of the port.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub(super) fn run_on(&self, firmware: &Path) -> Result<Ended> {
        match self.port {
            Port::Unix => {
                let folder = Folder::with(self)?;
                let mut micropython = Command::new(firmware);
                let path = format!("{}:.frozen", folder.0.display());
                micropython.arg("main.py").env("MICROPYPATH", path);
                self.run_in(&folder.0, &mut micropython)
            }
            Port::Esp8266 => {
                let folder = Folder::with(self)?;
                let mut qemu = qemu::qemu(self, firmware)?;
                self.run_in(&folder.0, qemu.args(["-serial", "none"]))
            }
            _ => qemu::run(self, firmware),
        }
    }

    fn run_in(&self, folder: &Path, command: &mut Command) -> Result<Ended> {
        let finished = Process::start(command.current_dir(folder), self.limit)?.finish()?;
        let errors = String::from_utf8_lossy(&finished.errors).into_owned();
        let error = match finished.status {
            None => Some(format!("{errors}was not done after {:?}", self.limit)),
            Some(status) if status.success() => None,
            Some(status) => Some(format!("{errors}{status}")),
        };
        Ok(Ended { output: String::from_utf8_lossy(&finished.output).into_owned(), error })
    }
}

/// A folder with the files of a program and `main.py`, as long as it runs.
struct Folder(PathBuf);

impl Folder {
    fn with(program: &Program) -> Result<Self> {
        let folder = Self(fresh()?);
        for (name, content) in &program.files {
            let path = folder.0.join(name);
            fs::create_dir_all(path.parent().unwrap_or(&folder.0))?;
            fs::write(path, content)?;
        }
        fs::write(folder.0.join("main.py"), &program.text)?;
        Ok(folder)
    }
}

/// A new folder for temporary files.
fn fresh() -> Result<PathBuf> {
    let place = std::env::temp_dir();
    for number in 0.. {
        let folder = place.join(format!("umqtt-{}-{number}", std::process::id()));
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            made => return Ok(made.map(|()| folder)?),
        }
    }
    Err("every name for a temporary folder is taken".into())
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left of it is the system's to tidy up.
        let _ = fs::remove_dir_all(&self.0);
    }
}
