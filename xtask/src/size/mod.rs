//! `cargo xtask size`: what a device must hold for umqtt, in flash, in RAM and on its stack.

mod board;
mod conversation;
mod debugger;
mod figures;
mod peers;
mod program;
mod report;
mod search;

use crate::arguments::Arguments;
use crate::setup::TARGETS;
use crate::shell::{Result, cargo, command, read, root, which};
use conversation::Work;
use figures::{Figures, RECORD};
use program::Program;

pub(crate) const HELP: &str = "
Usage: cargo xtask size [--check | --update | --symbols PROGRAM | --search PLACE]

Builds the programs in firmware/size with opt-level z and fat LTO, without and with QoS 2, and tells
what they take:
  flash   all that is loaded, less what `empty` takes, which uses the same board and nothing of MQTT
  RAM     the sizes that the compiler gives to the types
  stack   the deepest byte written while the program, which is the one that was measured, runs in
          QEMU against a scripted broker; the script holds the program to its work
The core library is the one that comes with the toolchain.

  --check            fail where a figure is not the recorded one (firmware/size/figures.txt; another
                     compiler may differ by 1 % of the flash), and where docs/sizes.md and README.md
                     are not what the record says
  --update           write the record, docs/sizes.md and the figures in README.md
  --symbols PROGRAM  list the largest functions of a program, such as `client`
  --search PLACE     try each inline attribute at some functions whose file or name contains PLACE, in a
                     copy of the sources, and tell which make core and client smaller; half an hour
                     for all (`crates`)
";

/// What is measured, by the name of the program, and what it does besides the work of all.
const PROGRAMS: [(&str, Work); 6] = {
    let plain = Work { qos2: false, parts: false, store: false };
    let (parts, store) = (Work { parts: true, ..plain }, Work { store: true, ..plain });
    [
        ("proto", plain),
        ("client", plain),
        ("proto-parts", parts),
        ("client-parts", parts),
        ("proto-store", store),
        ("client-store", store),
    ]
};

/// The sizes of types, by the names of statics in `footprint`.
const TYPES: [(&str, &str); 6] = [
    ("engine", "SIZE_OF_ENGINE"),
    ("receiver", "SIZE_OF_RECEIVER"),
    ("receiver-parts", "SIZE_OF_RECEIVER_FOR_PARTS"),
    ("slot", "SIZE_OF_SLOT"),
    ("incoming-id", "SIZE_OF_INCOMING_ID"),
    ("client", "SIZE_OF_CLIENT"),
];

pub(crate) fn run(mut arguments: Arguments) -> Result {
    let (checks, updates) = (arguments.flag("--check"), arguments.flag("--update"));
    let symbols = arguments.value("--symbols")?;
    let place = arguments.value("--search")?;
    arguments.finish()?;
    if let Some(place) = place {
        return search::search(&place);
    }
    if let Some(program) = symbols {
        return list_symbols(&program);
    }
    if checks {
        return check();
    }
    let measured = measure()?;
    print!("{}", report::tables(&measured)?);
    if updates {
        measured.record()?;
        report::write(&measured, false)?;
    }
    Ok(())
}

/// Fails where a figure is not the recorded one, or where a paper does not tell it.
pub(crate) fn check() -> Result {
    let recorded = Figures::recorded()?;
    report::write(&recorded, true)?;
    let measured = measure()?;
    print!("{}", report::tables(&measured)?);
    let differences = recorded.differences(&measured);
    if differences.is_empty() {
        println!("size: every figure is the recorded one");
        return Ok(());
    }
    let differences = differences.join("\n");
    Err(format!("{RECORD} is not up to date; `cargo xtask size --update` makes it anew\n{differences}")
        .into())
}

fn measure() -> Result<Figures> {
    if which("qemu-system-arm").is_none() {
        return Err(
            "the stack is measured in QEMU, and there is no qemu-system-arm; see `cargo xtask setup`".into(),
        );
    }
    let compiler = read(&mut command("rustc", &["--version"]))?;
    let mut figures = Figures::new(compiler.trim().to_owned());
    for target in TARGETS {
        for qos2 in [false, true] {
            measure_build(target, qos2, &mut figures)?;
        }
    }
    Ok(figures)
}

fn measure_build(target: &str, qos2: bool, figures: &mut Figures) -> Result {
    build(target, qos2)?;
    let prefix = format!("{target} {}", if qos2 { "qos2" } else { "qos1" });
    let empty = Program::load(target, "empty")?;
    for (name, work) in PROGRAMS {
        let program = Program::load(target, name)?;
        let stack = board::deepest_stack(&program, Work { qos2, ..work });
        let stack = stack.map_err(|error| format!("{prefix} {name}: {error}"))?;
        figures.add(format!("{prefix} {name} flash"), program.flash.saturating_sub(empty.flash));
        figures.add(format!("{prefix} {name} memcpy"), program.runtime());
        figures.add(format!("{prefix} {name} static"), program.memory.saturating_sub(empty.memory));
        figures.add(format!("{prefix} {name} stack"), stack);
    }
    let footprint = Program::load(target, "footprint")?;
    for (name, word) in TYPES {
        figures.add(format!("{prefix} {name}"), footprint.word(word)?);
    }
    Ok(())
}

fn build(target: &str, qos2: bool) -> Result {
    let mut build = cargo(&["build", "--quiet", "--release", "--target", target]);
    build.current_dir(root().join("firmware/size"));
    if qos2 {
        build.args(["--features", "qos2"]);
    }
    read(&mut build).map(drop)
}

fn list_symbols(name: &str) -> Result {
    for target in TARGETS {
        for qos2 in [false, true] {
            build(target, qos2)?;
            let program = Program::load(target, name)?;
            println!("{target}{}:\n{}", if qos2 { " with QoS 2" } else { "" }, program.largest(60));
        }
    }
    Ok(())
}
