//! The modules have what the stubs for editors declare.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use umqtt_micropython_tests::{Port, Side};

/// The names, parameters and defaults of the stubs, a line each; the Python sources have the same.
fn promised() -> Vec<u8> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let micropython = tests.parent().unwrap();
    let output = Command::new("python3")
        .arg(tests.join("python/stubs/signatures.py"))
        .args([micropython.join("stubs/umqtt"), micropython.join("python/umqtt")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn stubs_are_like_the_python_sources() {
    let promised = String::from_utf8(promised()).unwrap();
    assert!(
        promised.contains("simple2 MQTTClient publish topic msg retain=False qos=0 dup=False pid=None\n")
    );
    assert!(promised.contains("errno - .ECONNOT\n"));
}

#[test]
fn stubs_are_like_the_modules() {
    let Some(port) = Port::from_environment() else { return };
    let promised = promised();
    let limit = Duration::from_secs(30);
    let run = port.run_with(Side::Ours, &[], "stubs/compare.py", &[], &promised, limit);
    assert_eq!(run.failure, None, "{}{}", run.printed, run.complaint);
    let count = promised.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(run.printed, format!("{count} things\n"));
}
