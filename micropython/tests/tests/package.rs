//! The folder of the modules under other names, and files of it without the rest.

// The helpers of these tests are not `#[test]`s themselves.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// MicroPython, and a new folder with these files of our modules, each at its place.
fn run(test: &str, files: &[(&str, &str)], program: &str) -> Option<String> {
    if std::env::var_os("UMQTT_MICROPYTHON_TESTS").is_none_or(|value| value != "1") {
        println!("skipped: UMQTT_MICROPYTHON_TESTS is not 1; `cargo xtask test` sets it");
        return None;
    }
    let place = |name| PathBuf::from(std::env::var_os(name).unwrap());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&folder);
    for (from, to) in files {
        let to = folder.join(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(place("UMQTT_MPY").join("umqtt").join(from), to).unwrap();
    }
    let output = Command::new(place("MICROPYTHON"))
        .args(["-c", program])
        .env("MICROPYPATH", &folder)
        .current_dir(&folder)
        .output()
        .unwrap();
    Some(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn the_folder_works_under_any_name() {
    let names: Vec<String> = ["umqtt", "mqtt", "libs/umqtt", "a/b/c"]
        .iter()
        .flat_map(|folder| FILES.map(|file| format!("{folder}/{file}.mpy")))
        .collect();
    let files: Vec<(&str, &str)> =
        names.iter().map(|name| (name.rsplit('/').next().unwrap(), name.as_str())).collect();
    let program = "
import socket, sys
class Names:
    SOCK_STREAM = 1
    socket = socket.socket
    @staticmethod
    def getaddrinfo(*_):
        return []
sys.modules['socket'] = Names
for package in ('umqtt', 'mqtt', 'libs.umqtt', 'a.b.c'):
    for name in ('simple2', 'robust2'):
        module = __import__(package + '.' + name, None, None, ('',))
        c = module.MQTTClient('c', 'broker')
        # What is loaded when it is needed.
        for other in ('_large', '_qos2', '_tls', 'errno'):
            __import__(package + '.' + other)
        try:
            c.publish('t', 'x')
        except Exception as error:
            print(package, name, type(error).__name__, error.args)
        print(package, name, c.conn_issue if name == 'robust2' else c.sock)
";
    let Some(said) = run("any_name", &files, program) else { return };
    let expected: String = ["umqtt", "mqtt", "libs.umqtt", "a.b.c"]
        .iter()
        .map(|package| {
            format!(
                "{package} simple2 MQTTException (28,)\n{package} simple2 None\n\
                 {package} robust2 (MQTTException(28,), 2)\n"
            )
        })
        .collect();
    assert_eq!(said, expected);
}

/// The modules of the folder.
const FILES: [&str; 9] =
    ["__init__", "simple2", "robust2", "errno", "_link", "_tls", "_qos2", "_large", "platform"];

/// A file that was copied without what it needs tells at its import, or at the latest with the first client.
#[test]
fn a_missing_file_is_named() {
    let program = |name: &str| {
        format!(
            "
try:
    module = __import__('{name}', None, None, ('',))
    module.MQTTClient('c', 'broker')
except ImportError as error:
    print(error)
"
        )
    };
    for (test, files, name, missing) in [
        ("alone_simple2", &["simple2"][..], "simple2", "_link"),
        ("alone_robust2", &["robust2"], "robust2", "simple2"),
        ("both_alone", &["simple2", "robust2"], "robust2", "simple2"),
        ("flat", &["simple2", "_link", "errno"], "simple2", "_link"),
        ("folder_simple2", &["m/simple2"], "m.simple2", "_link"),
        ("folder_robust2", &["m/robust2"], "m.robust2", "simple2"),
        ("folder_both", &["m/robust2", "m/simple2"], "m.robust2", "_link"),
        ("folder_link", &["m/robust2", "m/_link"], "m.robust2", "simple2"),
    ] {
        let places: Vec<(String, String)> = files
            .iter()
            .map(|place| {
                let file = place.rsplit('/').next().unwrap();
                (format!("{file}.mpy"), format!("{place}.mpy"))
            })
            .collect();
        let places: Vec<(&str, &str)> =
            places.iter().map(|(file, place)| (file.as_str(), place.as_str())).collect();
        let Some(said) = run(test, &places, &program(name)) else { return };
        assert!(
            said.starts_with("no ") && said.contains(missing) && said.lines().count() == 1,
            "{test}: {said}"
        );
    }
}
