//! Every chore of the project: `cargo xtask COMMAND`.

#![forbid(unsafe_code)]

mod arguments;
mod bench;
mod diagram;
mod explore;
mod fuzz;
mod gate;
mod host;
mod micropython;
mod no_panic;
mod proof;
mod random;
mod setup;
mod shell;
mod size;
mod source;
mod statements;
mod tidy;

use std::process::ExitCode;

use arguments::Arguments;
use shell::Result;

/// One chore.
struct Chore {
    name: &'static str,
    summary: &'static str,
    /// What `--help` tells besides the summary.
    help: &'static str,
    run: fn(Arguments) -> Result,
}

const CHORES: &[Chore] = &[
    Chore {
        name: "setup",
        summary: "install once whatever the tests need",
        help: setup::HELP,
        run: setup::run,
    },
    Chore {
        name: "test",
        summary: "the gate: every check, one after the other",
        help: gate::HELP,
        run: gate::run,
    },
    Chore {
        name: "tidy",
        summary: "hold the rules of the house that no compiler holds",
        help: tidy::HELP,
        run: tidy::run,
    },
    Chore {
        name: "statements",
        summary: "list the statements of MQTT 3.1.1 with the tests that assert them",
        help: statements::HELP,
        run: statements::run,
    },
    Chore {
        name: "no-panic",
        summary: "link a program that has no panic left",
        help: no_panic::HELP,
        run: no_panic::run,
    },
    Chore {
        name: "size",
        summary: "measure flash, RAM and stack of small programs, and hold them to the record",
        help: size::HELP,
        run: size::run,
    },
    Chore { name: "bench", summary: "measure what messages cost", help: bench::HELP, run: bench::run },
    Chore {
        name: "mpy",
        summary: "build the native modules for MicroPython",
        help: micropython::build::HELP,
        run: micropython::build::run,
    },
    Chore {
        name: "user-module",
        summary: "build umqtt as a part of a MicroPython firmware",
        help: micropython::user_module::HELP,
        run: micropython::user_module::run,
    },
    Chore {
        name: "fuzz",
        summary: "run the fuzz targets from packets as seeds, and count",
        help: fuzz::HELP,
        run: fuzz::run,
    },
    Chore {
        name: "random",
        summary: "let the client live through random runs on virtual time",
        help: random::HELP,
        run: random::run,
    },
    Chore {
        name: "micropython",
        summary: "get and build MicroPython, and run programs on it",
        help: micropython::HELP,
        run: micropython::run,
    },
    Chore {
        name: "explore",
        summary: "explore every state that the engine can reach",
        help: explore::HELP,
        run: explore::run,
    },
    Chore {
        name: "miri",
        summary: "run the core's tests under Miri",
        help: proof::MIRI_HELP,
        run: proof::run_miri,
    },
    Chore {
        name: "mutants",
        summary: "change the core and see whether a test notices",
        help: proof::MUTANTS_HELP,
        run: proof::run_mutants,
    },
    Chore {
        name: "diagram",
        summary: "draw the phases of a session",
        help: diagram::HELP,
        run: diagram::run,
    },
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let wants_help = |argument: &String| argument == "--help" || argument == "-h";
    if matches!(name.as_str(), "" | "help" | "--help" | "-h") {
        match rest.first().and_then(|name| find(name)) {
            Some(chore) => print_help(chore),
            None => print_overview(),
        }
        return ExitCode::SUCCESS;
    }
    let Some(chore) = find(&name) else {
        eprintln!("xtask: no chore is called `{name}`\n");
        print_overview();
        return ExitCode::from(2);
    };
    if rest.iter().take_while(|argument| *argument != "--").any(wants_help) {
        print_help(chore);
        return ExitCode::SUCCESS;
    }
    match (chore.run)(Arguments::new(rest)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {name}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn find(name: &str) -> Option<&'static Chore> {
    CHORES.iter().find(|chore| chore.name == name)
}

fn print_overview() {
    println!("Usage: cargo xtask COMMAND [OPTIONS]\n\nCommands:");
    for chore in CHORES {
        println!("  {:<12}{}", chore.name, chore.summary);
    }
    println!("\n`cargo xtask COMMAND --help` tells more.");
}

fn print_help(chore: &Chore) {
    println!("cargo xtask {}: {}\n\n{}", chore.name, chore.summary, chore.help.trim());
}
