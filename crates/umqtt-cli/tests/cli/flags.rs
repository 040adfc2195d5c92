//! Help, version and completions.

use crate::process::{run, umqtt};

fn text(args: &[&str]) -> String {
    String::from_utf8(run(&mut umqtt(args)).good()).unwrap()
}

#[test]
fn each_help_teaches_with_examples() {
    for command in ["pub", "sub", "demo", "completions"] {
        let help = text(&[command, "--help"]);
        assert!(help.contains("Examples:\n  umqtt "), "{command}");
        assert_eq!(help, text(&["help", command]), "{command}");
        assert_eq!(command != "completions", help.contains("Exit codes:\n    0  done"), "{command}");
    }
    let help = text(&["--help"]);
    assert!(help.contains("Examples:\n  umqtt demo") && help.contains("Exit codes:\n    0  done"));
}

#[test]
fn the_host_is_h_as_in_mosquitto() {
    assert!(text(&["pub", "--help"]).contains("-h, --host <HOST>"));
    run(&mut umqtt(&["pub", "-h"])).bad(2, "a value is required for '--host <HOST>'");
}

#[test]
fn the_version_is_told() {
    assert_eq!(text(&["--version"]), concat!("umqtt ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn completions_know_the_flags() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = text(&["completions", shell]);
        assert!(script.contains("retained-only") && script.contains("umqtt"), "{shell}");
    }
}
