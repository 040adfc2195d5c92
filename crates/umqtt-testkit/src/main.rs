//! The test broker and the scripted broker as a program, for test suites in any language.

#![forbid(unsafe_code)]

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use umqtt_testkit::script::{Script, ScriptError, ScriptedBroker};
use umqtt_testkit::{Broker, TcpBroker};

const USAGE: &str = "\
Usage: umqtt-testkit broker [--port N]
       umqtt-testkit script FILE [--port N] [--timeout SECONDS]

The first line of the output is the port, on 127.0.0.1; without --port it is a free one.

broker   serves MQTT 3.1.1 until it is killed
script   plays the script in FILE (- for standard input) once

Exit codes: 0 done, 1 the client did something else than the script expects, 2 wrong usage or script,
3 the port or a file failed, 4 the time was over (60 seconds, or --timeout)
";

/// An exit code, and the sentence that goes to standard error.
struct Failure(u8, String);

impl Failure {
    fn usage(reason: impl Into<String>) -> Self {
        Self(2, reason.into())
    }

    fn io(error: &io::Error) -> Self {
        Self(3, error.to_string())
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(code, reason)) => {
            eprintln!("umqtt-testkit: {reason}");
            ExitCode::from(code)
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Failure> {
    let mut words = Vec::new();
    let (mut port, mut timeout) = (0, 60);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "-h" | "--help" => return print(USAGE),
            "--port" => port = number(argument, rest.next())?,
            "--timeout" => timeout = number(argument, rest.next())?,
            option if option.starts_with("--") => {
                return Err(Failure::usage(format!("no such option: {option}")));
            }
            word => words.push(word),
        }
    }
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match words.as_slice() {
        ["broker"] => serve(address),
        ["script", file] => play(address, file, Duration::from_secs(timeout)),
        _ => Err(Failure::usage(format!("`broker` or `script` is needed\n\n{USAGE}"))),
    }
}

fn number<N: std::str::FromStr>(option: &str, value: Option<&String>) -> Result<N, Failure> {
    let number = value.and_then(|value| value.parse().ok());
    number.ok_or_else(|| Failure::usage(format!("{option} needs a number")))
}

fn serve(address: SocketAddr) -> Result<(), Failure> {
    let broker = TcpBroker::bind(address, Broker::default()).map_err(|error| Failure::io(&error))?;
    print(&format!("{}\n", broker.local_addr().port()))?;
    loop {
        std::thread::park();
    }
}

fn play(address: SocketAddr, file: &str, timeout: Duration) -> Result<(), Failure> {
    let read = match file {
        "-" => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map(|_| text)
        }
        file => std::fs::read_to_string(file),
    };
    let text = read.map_err(|error| Failure(3, format!("{file}: {error}")))?;
    let script: Script = text.parse().map_err(|error| Failure::usage(format!("{file}: {error}")))?;
    let broker = ScriptedBroker::bind(address, script).map_err(|error| Failure::io(&error))?;
    print(&format!("{}\n", broker.local_addr().port()))?;
    broker.finish(timeout).map_err(|error| {
        let code = match error {
            ScriptError::Mismatch(_) => 1,
            ScriptError::Io(_) => 3,
            ScriptError::TimedOut(_) => 4,
        };
        Failure(code, format!("{file}: {error}"))
    })
}

/// Prints at once, also where the output is a pipe.
fn print(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout();
    output.write_all(text.as_bytes()).and_then(|()| output.flush()).map_err(|error| Failure::io(&error))
}
