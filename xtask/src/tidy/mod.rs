//! `cargo xtask tidy`: rules of the house that no compiler holds.

mod arrows;
mod files;
pub(crate) mod public_api;

use crate::arguments::Arguments;
use crate::shell::Result;

pub(crate) const HELP: &str = "
Usage: cargo xtask tidy [--update]

Checks that
  - each crate depends on those below it alone, and the core needs no crate at all;
  - no file of Rust has more than 500 lines, without its `#[cfg(test)] mod tests`;
  - each crate says `#![forbid(unsafe_code)]`;
  - the public items are those of docs/public-api/;
  - no file names a path of one machine, no test sleeps, and the papers are there.

  --update   write docs/public-api/ anew
";

pub(crate) fn run(mut arguments: Arguments) -> Result {
    let update = arguments.flag("--update");
    arguments.finish()?;
    if update { public_api::make(false) } else { check() }
}

/// Every rule; tells all that is broken, not the first alone.
pub(crate) fn check() -> Result {
    let mut broken = arrows::check()?;
    broken.extend(files::check()?);
    broken.extend(public_api::make(true).err().map(|error| error.to_string()));
    for complaint in &broken {
        println!("tidy: {complaint}");
    }
    match broken.len() {
        0 => Ok(()),
        1 => Err("1 rule of the house broken".into()),
        count => Err(format!("{count} rules of the house broken").into()),
    }
}
