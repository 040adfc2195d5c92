//! The command `umqtt`: publish, subscribe and a demonstration.

#![forbid(unsafe_code)]

mod connect;
mod demo;
mod exit;
mod flags;
mod format;
mod interrupt;
mod lines;
mod publish;
mod secret;
mod subscribe;
mod url;
mod wake;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use exit::{Failure, say};
use flags::{Cli, Command};

fn main() -> ExitCode {
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        Err(error) => return explain(&error),
    };
    let (result, quiet) = match command {
        Command::Pub(args) => (publish::run(&args), args.connection.quiet),
        Command::Sub(args) => (subscribe::run(&args), args.connection.quiet),
        Command::Demo(args) => (demo::run(&args), false),
        Command::Completions { shell } => (completions(shell), false),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.end(quiet),
    }
}

/// Help and version go to standard output; an error in the flags is reported in one line.
fn explain(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Whoever reads the help may close the pipe.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return ExitCode::from(exit::Code::Usage.number());
    }
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let paragraphs: Vec<String> = text
        .split("\n\n")
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|paragraph| {
            !paragraph.starts_with("Usage:") && !paragraph.starts_with("For more information")
        })
        .filter(|paragraph| !paragraph.is_empty())
        .collect();
    say(format_args!("{}; see --help", paragraphs.join("; ")));
    ExitCode::from(exit::Code::Usage.number())
}

fn completions(shell: clap_complete::Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "umqtt", &mut script);
    exit::output(io::stdout().lock().write_all(&script))
}
