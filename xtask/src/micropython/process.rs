//! Another program, read and written to until a moment and no longer.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::shell::Result;

/// A running program with pipes; dropping it ends it.
pub(crate) struct Process {
    child: Child,
    input: Sender<Vec<u8>>,
    output: Receiver<Vec<u8>>,
    errors: Receiver<Vec<u8>>,
    /// What came and was not yet taken.
    received: Vec<u8>,
    deadline: Instant,
}

/// Why waiting for output came to nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The time was over.
    Late,
    /// The program closed its output.
    Ended,
}

impl Process {
    /// Starts a program that may run for `limit`.
    pub(crate) fn start(command: &mut Command, limit: Duration) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command.spawn().map_err(|error| format!("{program}: {error}"))?;
        let missing = "a pipe is missing";
        let mut stdin = child.stdin.take().ok_or(missing)?;
        let output = read_on(child.stdout.take().ok_or(missing)?);
        let errors = read_on(child.stderr.take().ok_or(missing)?);
        let (input, words) = channel::<Vec<u8>>();
        // A pipe can be full; whoever waits for output must not wait for that.
        thread::spawn(move || words.iter().all(|bytes| stdin.write_all(&bytes).is_ok()));
        Ok(Self { child, input, output, errors, received: Vec::new(), deadline: Instant::now() + limit })
    }

    /// Writes, in the background.
    pub(crate) fn write(&self, bytes: &[u8]) {
        // Who does not read any more is noticed by its output.
        let _ = self.input.send(bytes.to_vec());
    }

    /// Takes what comes before `mark`, and `mark`, which is left out.
    pub(crate) fn read_until(&mut self, mark: &[u8]) -> std::result::Result<Vec<u8>, Stopped> {
        let mut searched = 0;
        loop {
            let unsearched = self.received.get(searched..).unwrap_or_default();
            if let Some(at) = unsearched.windows(mark.len()).position(|window| window == mark) {
                let after = self.received.split_off(searched + at + mark.len());
                let mut before = std::mem::replace(&mut self.received, after);
                before.truncate(searched + at);
                return Ok(before);
            }
            searched = self.received.len().saturating_sub(mark.len() - 1);
            let received = next(&self.output, self.deadline)?;
            self.received.extend(received);
        }
    }

    /// Takes all that came and was not taken.
    pub(super) fn received(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.received)
    }

    /// Waits for the program to end, or ends it when its time is over.
    pub(super) fn finish(mut self) -> Result<Finished> {
        while let Ok(bytes) = next(&self.output, self.deadline) {
            self.received.extend(bytes);
        }
        let mut status = self.child.try_wait()?;
        while status.is_none() && Instant::now() < self.deadline {
            thread::sleep(Duration::from_millis(1));
            status = self.child.try_wait()?;
        }
        if status.is_none() {
            self.child.kill()?;
        }
        let mut errors = Vec::new();
        while let Ok(bytes) = self.errors.recv() {
            errors.extend(bytes);
        }
        Ok(Finished { output: self.received(), errors, status })
    }
}

/// What a program left behind.
pub(super) struct Finished {
    pub(super) output: Vec<u8>,
    pub(super) errors: Vec<u8>,
    /// `None` if its time was over.
    pub(super) status: Option<ExitStatus>,
}

/// Reads in the background; the end of the channel is the end of the file.
fn read_on(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (bytes, received) = channel();
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            let read = buffer.get(..count).unwrap_or_default();
            if bytes.send(read.to_vec()).is_err() {
                break;
            }
        }
    });
    received
}

fn next(pipe: &Receiver<Vec<u8>>, deadline: Instant) -> std::result::Result<Vec<u8>, Stopped> {
    match pipe.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(bytes) => Ok(bytes),
        Err(RecvTimeoutError::Timeout) => Err(Stopped::Late),
        Err(RecvTimeoutError::Disconnected) => Err(Stopped::Ended),
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(100);

    fn shell(script: &str, limit: Duration) -> Process {
        Process::start(Command::new("sh").args(["-c", script]), limit).unwrap()
    }

    #[test]
    fn output_is_taken_mark_by_mark() {
        let mut process = shell("read line; echo \"a$line--b--\" ; echo rest; echo error >&2; exit 3", LONG);
        process.write(b"x\n");
        assert_eq!(process.read_until(b"--"), Ok(b"ax".to_vec()));
        assert_eq!(process.read_until(b"--"), Ok(b"b".to_vec()));
        assert_eq!(process.read_until(b"--"), Err(Stopped::Ended));
        assert_eq!(process.received(), b"\nrest\n");
        let finished = process.finish().unwrap();
        assert_eq!((&finished.output[..], &finished.errors[..]), (&b""[..], &b"error\n"[..]));
        assert_eq!(finished.status.unwrap().code(), Some(3));
    }

    #[test]
    fn time_is_bounded() {
        assert_eq!(shell("exec sleep 60", SHORT).read_until(b"-"), Err(Stopped::Late));
        let finished = shell("echo early; exec sleep 60", SHORT).finish().unwrap();
        assert_eq!(finished.output, b"early\n");
        assert!(finished.status.is_none());
        assert!(shell("exec >&- 2>&-; exec sleep 60", SHORT).finish().unwrap().status.is_none());
    }

    #[test]
    fn a_program_that_reads_nothing_does_not_hold_us() {
        let process = shell("exec sleep 60", SHORT);
        process.write(&vec![0; 1 << 20]);
        assert!(process.finish().unwrap().status.is_none());
    }
}
