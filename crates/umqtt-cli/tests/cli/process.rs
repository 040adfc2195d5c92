//! Running programs, and waiting for what they say without ever sleeping.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// No program of these tests may need longer.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// The command under test.
pub(crate) fn umqtt(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_umqtt"));
    command.args(args).env_remove("UMQTT_PASSWORD").env("LC_ALL", "C");
    command
}

/// A program that runs; dropping it kills it.
pub(crate) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Arc<Output>,
    stderr: Arc<Output>,
    started: Instant,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// `None` when a signal killed it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Process {
    /// Starts a program with pipes.
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::start_with(command.stdin(Stdio::piped()))
    }

    /// Starts a program whose standard input is chosen already.
    pub(crate) fn start_with(command: &mut Command) -> Self {
        let started = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Self {
            stdin: child.stdin.take(),
            stdout: Output::collect(child.stdout.take().unwrap()),
            stderr: Output::collect(child.stderr.take().unwrap()),
            child,
            started,
        }
    }

    /// Writes to standard input, and leaves it open.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }

    pub(crate) fn wait_for_stdout(&self, text: &[u8]) {
        let found = |bytes: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        assert!(
            self.stdout.wait(found),
            "no {:?} in {:?}",
            String::from_utf8_lossy(text),
            self.stdout.text()
        );
    }

    pub(crate) fn wait_for_stderr(&self, text: &str) {
        assert!(self.says(text), "no {text:?} in {:?}", self.stderr.text());
    }

    /// Whether this comes on standard error before the program ends.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.stderr.wait(|bytes| String::from_utf8_lossy(bytes).contains(text))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }

    /// Closes standard input and waits for the end.
    pub(crate) fn finish(mut self) -> Finished {
        drop(self.stdin.take());
        self.ended()
    }

    /// Waits for the end with standard input open.
    pub(crate) fn ended(mut self) -> Finished {
        // A program closes its pipes when it ends.
        for output in [&self.stdout, &self.stderr] {
            assert!(output.wait_for_end(), "it hangs; it said {:?}", self.stderr.text());
        }
        let code = self.child.wait().unwrap().code();
        let took = self.started.elapsed();
        Finished { code, stdout: self.stdout.take(), stderr: self.stderr.text(), took }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program from its start to its end.
pub(crate) fn run(command: &mut Command) -> Finished {
    Process::start(command).finish()
}

/// Runs a program with this standard input.
pub(crate) fn run_with(command: &mut Command, input: &[u8]) -> Finished {
    let mut process = Process::start(command);
    let mut stdin = process.stdin.take().unwrap();
    thread::scope(|scope| {
        // The program may end without reading all.
        scope.spawn(move || {
            let _ = stdin.write_all(input);
        });
        process.ended()
    })
}

impl Finished {
    /// It did what it should and had nothing to say.
    #[track_caller]
    pub(crate) fn good(self) -> Vec<u8> {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""));
        self.stdout
    }

    /// It ended with this code, and with one sentence that says this.
    #[track_caller]
    pub(crate) fn bad(&self, code: i32, said: &str) {
        assert_eq!(self.code, Some(code), "{}", self.stderr);
        assert!(self.stderr.contains(said), "no {said:?} in {:?}", self.stderr);
        assert!(self.stderr.starts_with("umqtt: ") && self.stderr.ends_with('\n'), "{:?}", self.stderr);
        assert_eq!(self.stderr.lines().count(), 1, "{:?}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }
}

/// What a program has said so far.
#[derive(Default)]
struct Output {
    state: Mutex<(Vec<u8>, bool)>,
    changed: Condvar,
}

impl Output {
    fn collect(mut pipe: impl Read + Send + 'static) -> Arc<Self> {
        let output = Arc::new(Self::default());
        let collected = Arc::clone(&output);
        thread::spawn(move || {
            let mut bytes = vec![0; 64 * 1024];
            loop {
                let count = pipe.read(&mut bytes).unwrap_or(0);
                let mut state = collected.state.lock().unwrap();
                state.0.extend_from_slice(&bytes[..count]);
                state.1 = count == 0;
                collected.changed.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        output
    }

    /// Whether `condition` holds within the limit, and before the program ends.
    fn wait(&self, condition: impl Fn(&[u8]) -> bool) -> bool {
        let state = self.state.lock().unwrap();
        let (state, _) = self
            .changed
            .wait_timeout_while(state, LIMIT, |(bytes, ended)| !condition(bytes) && !*ended)
            .unwrap();
        condition(&state.0)
    }

    fn wait_for_end(&self) -> bool {
        let state = self.state.lock().unwrap();
        let (state, _) = self.changed.wait_timeout_while(state, LIMIT, |(_, ended)| !*ended).unwrap();
        state.1
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.state.lock().unwrap().0).into_owned()
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.state.lock().unwrap().0)
    }
}
