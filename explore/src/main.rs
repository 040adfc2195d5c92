//! Explores every reachable state of the engine of `umqtt-proto`, against a model of a broker.
#![forbid(unsafe_code)]

mod action;
mod apply;
mod broker;
mod config;
mod configs;
mod durable;
mod graph;
mod key;
mod link;
mod list;
mod log;
mod memory;
mod packet;
mod report;
mod rules;
mod search;
mod shelf;
mod stage;
mod witness;
mod world;

use std::process::ExitCode;

use config::Config;
use report::Options;

const HELP: &str = "\
Usage: explore [--states N] [--most N] [--jobs N] [--list] [NAME]...

Explores the configurations of the gate, or those named.

  --states N   go on with larger ones until so many states were found in all
  --most N     leave a configuration when it has so many states
  --jobs N     explore so many configurations at the same time (2 unless told)
  --list       list the configurations";

fn main() -> ExitCode {
    match options(std::env::args().skip(1)) {
        Ok(Some(options)) => {
            // A panic of the engine is a fault, and its trace says more than its message.
            std::panic::set_hook(Box::new(|_| {}));
            if report::run(&options) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Ok(None) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}\n\n{HELP}");
            ExitCode::from(2)
        }
    }
}

fn options(mut arguments: impl Iterator<Item = String>) -> Result<Option<Options>, String> {
    let mut options = Options { configs: Vec::new(), states: 0, most: usize::MAX, jobs: 2 };
    let number = |name: &str, value: Option<String>| {
        value.and_then(|value| value.parse().ok()).ok_or_else(|| format!("{name} needs a number"))
    };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--states" => options.states = number("--states", arguments.next())?,
            "--most" => options.most = number("--most", arguments.next())?,
            "--jobs" => options.jobs = number("--jobs", arguments.next())?.max(1),
            "--list" => {
                for Config { name, about, .. } in configs::GATE.iter().chain(configs::LONG) {
                    println!("{name:<14}{about}");
                }
                return Ok(None);
            }
            "--help" => {
                println!("{HELP}");
                return Ok(None);
            }
            name => {
                let mut all = configs::GATE.iter().chain(configs::LONG);
                let config = all.find(|config| config.name == name);
                options.configs.push(*config.ok_or_else(|| format!("nothing is called {name}"))?);
            }
        }
    }
    if options.configs.is_empty() {
        options.configs = configs::GATE.to_vec();
        if options.states > 0 {
            options.configs.extend(configs::LONG);
        }
    }
    Ok(Some(options))
}
