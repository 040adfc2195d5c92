//! `cargo xtask size`: what a device must hold for umqtt, in flash and in RAM.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use object::{Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};

use crate::arguments::Arguments;
use crate::setup::TARGETS;
use crate::shell::{Result, cargo, read, root};

pub(crate) const HELP: &str = "
Usage: cargo xtask size [--check | --update] [--symbols]

Builds the programs in firmware/size with opt-level z and fat LTO, and tells what they take:
flash is .text, .rodata and .data of `client`, which connects, subscribes, publishes with QoS 1,
receives and keeps alive over a mock link, less those of `empty`, which uses the same board and
nothing of MQTT. The core library is the one that comes with the toolchain.

  --check     fail where a figure is above its budget (firmware/size/budget.txt)
  --update    write the figures, with 1 % to spare, as the new budget, and docs/sizes.md
  --symbols   list the largest functions of `client`
";

const FOLDER: &str = "firmware/size";
const BUDGET: &str = "firmware/size/budget.txt";
const REPORT: &str = "docs/sizes.md";

/// What the project wants to reach, and where the best others stand (see goals in docs/sizes.md).
const GOAL_FLASH: u64 = 4096;
const GOAL_FLASH_QOS2: u64 = 5347;
const GOAL_SESSION: u64 = 96;
const GOAL_SLOT: u64 = 8;

pub(crate) fn run(mut arguments: Arguments) -> Result {
    let (checks, updates) = (arguments.flag("--check"), arguments.flag("--update"));
    let symbols = arguments.flag("--symbols");
    arguments.finish()?;
    let builds = builds()?;
    print!("{}", table(&builds));
    if symbols {
        for build in &builds {
            println!("\n{}: largest functions\n{}", build.name(), build.symbols(40));
        }
    }
    if updates {
        update(&builds)?;
    }
    if checks { check(&builds) } else { Ok(()) }
}

/// Fails where a figure is above its budget.
pub(crate) fn within_budget() -> Result {
    let builds = builds()?;
    print!("{}", table(&builds));
    check(&builds)
}

fn builds() -> Result<Vec<Build>> {
    let mut builds = Vec::new();
    for target in TARGETS {
        for qos2 in [false, true] {
            builds.push(Build::new(target, qos2)?);
        }
    }
    Ok(builds)
}

/// One target, with or without QoS 2.
struct Build {
    target: &'static str,
    qos2: bool,
    empty: Program,
    client: Program,
    footprint: Program,
}

impl Build {
    fn new(target: &'static str, qos2: bool) -> Result<Self> {
        let mut build = cargo(&["build", "--quiet", "--release", "--target", target]);
        build.current_dir(root().join(FOLDER));
        if qos2 {
            build.args(["--features", "qos2"]);
        }
        read(&mut build)?;
        let program = |name| Program::load(target, name);
        Ok(Self {
            target,
            qos2,
            empty: program("empty")?,
            client: program("client")?,
            footprint: program("footprint")?,
        })
    }

    fn name(&self) -> String {
        format!("{} {}", self.target, if self.qos2 { "qos2" } else { "qos1" })
    }

    fn flash(&self) -> u64 {
        self.client.flash().saturating_sub(self.empty.flash())
    }

    /// The part of the flash that is the compiler's own `memcpy` and the like, which most firmware has anyway.
    fn runtime(&self) -> u64 {
        let is_runtime = |name: &str| name.starts_with("compiler_builtins::") || name.starts_with("__aeabi_");
        self.client.functions.iter().filter(|(name, _)| is_runtime(name)).map(|(_, size)| size).sum()
    }

    /// What is measured, by name, with the figure to reach.
    fn figures(&self) -> [(&'static str, u64, u64); 5] {
        let goal = if self.qos2 { GOAL_FLASH_QOS2 } else { GOAL_FLASH };
        [
            ("flash", self.flash(), goal),
            ("static-ram", self.client.ram().saturating_sub(self.empty.ram()), 0),
            ("session", self.footprint.word("SIZE_OF_SESSION"), GOAL_SESSION),
            ("receiver", self.footprint.word("SIZE_OF_RECEIVER"), 0),
            ("slot", self.footprint.word("SIZE_OF_SLOT"), GOAL_SLOT),
        ]
    }

    fn symbols(&self, count: usize) -> String {
        let mut functions: Vec<(&String, &u64)> = self.client.functions.iter().collect();
        functions.sort_by(|one, other| other.1.cmp(one.1).then(one.0.cmp(other.0)));
        functions.iter().take(count).fold(String::new(), |mut list, (name, size)| {
            let _ = writeln!(list, "{size:6} {name}");
            list
        })
    }
}

/// A linked program.
struct Program {
    sections: Vec<(SectionKind, u64)>,
    functions: BTreeMap<String, u64>,
    words: BTreeMap<String, u64>,
}

impl Program {
    fn load(target: &str, name: &str) -> Result<Self> {
        let folder = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root().join("firmware/target"), |folder| root().join(PathBuf::from(folder)));
        let path = folder.join(target).join("release").join(name);
        let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let file = object::File::parse(&*bytes)?;
        let sections = file.sections().map(|section| (section.kind(), section.size())).collect();
        let (mut functions, mut words) = (BTreeMap::new(), BTreeMap::new());
        for symbol in file.symbols() {
            let name = format!("{:#}", rustc_demangle::demangle(symbol.name()?));
            match symbol.kind() {
                SymbolKind::Text => *functions.entry(name).or_default() += symbol.size(),
                SymbolKind::Data => {
                    let section = symbol.section_index().map(|index| file.section_by_index(index));
                    let Some(section) = section.transpose()? else { continue };
                    if let Ok(Some(&[a, b, c, d])) = section.data_range(symbol.address(), 4) {
                        words.insert(name, u64::from(u32::from_le_bytes([a, b, c, d])));
                    }
                }
                _ => {}
            }
        }
        Ok(Self { sections, functions, words })
    }

    fn sum(&self, kinds: &[SectionKind]) -> u64 {
        self.sections.iter().filter(|(kind, _)| kinds.contains(kind)).map(|(_, size)| size).sum()
    }

    fn flash(&self) -> u64 {
        self.sum(&[SectionKind::Text, SectionKind::ReadOnlyData, SectionKind::Data])
    }

    fn ram(&self) -> u64 {
        self.sum(&[SectionKind::Data, SectionKind::UninitializedData])
    }

    fn word(&self, name: &str) -> u64 {
        self.words.get(name).copied().unwrap_or(u64::MAX)
    }
}

const HEAD: &str = "\
| target | QoS 2 | flash | of it memcpy etc. | to reach | static RAM | session | to reach | receiver | a packet in flight |
|---|---|---|---|---|---|---|---|---|---|
";

fn table(builds: &[Build]) -> String {
    builds.iter().fold(String::from(HEAD), |mut table, build| {
        let [flash, ram, session, receiver, slot] = build.figures();
        let qos2 = if build.qos2 { "yes" } else { "no" };
        let _ = writeln!(
            table,
            "| {} | {qos2} | {} | {} | {} | {} | {} | {} | {} | {} |",
            build.target,
            flash.1,
            build.runtime(),
            flash.2,
            ram.1,
            session.1,
            session.2,
            receiver.1,
            slot.1
        );
        table
    })
}

fn check(builds: &[Build]) -> Result {
    let budget = fs::read_to_string(root().join(BUDGET))?;
    let mut over = Vec::new();
    for build in builds {
        for (figure, measured, _) in build.figures() {
            let key = format!("{} {figure} ", build.name());
            let line = budget.lines().find_map(|line| line.strip_prefix(&key));
            let Some(allowed) = line.and_then(|allowed| allowed.trim().parse::<u64>().ok()) else {
                return Err(format!("{BUDGET} has no line `{key}`").into());
            };
            if measured > allowed {
                over.push(format!("{key}is {measured}, above its budget of {allowed}"));
            }
        }
    }
    if over.is_empty() {
        println!("size: every figure is within its budget");
        return Ok(());
    }
    Err(over.join("\n").into())
}

fn update(builds: &[Build]) -> Result {
    let mut budget =
        String::from("# Bytes that no build may exceed; `cargo xtask size --update` writes them.\n");
    for build in builds {
        for (figure, measured, _) in build.figures() {
            // Compilers of the same channel differ a little in code, and not at all in the size of types.
            let spare = if figure == "flash" { measured / 100 } else { 0 };
            let _ = writeln!(budget, "{} {figure} {}", build.name(), measured + spare);
        }
    }
    fs::write(root().join(BUDGET), budget)?;
    let compiler = read(&mut crate::shell::command("rustc", &["--version"]))?;
    let small = builds.iter().find(|build| build.target.contains("v7em") && !build.qos2);
    let symbols = small.map(|build| build.symbols(60)).unwrap_or_default();
    let report = format!(
        "# What a device must hold\n\n\
         Written by `cargo xtask size --update`; in bytes. The program connects, subscribes, publishes with QoS 1,\n\
         receives and keeps alive over a mock link (`firmware/size/src/bin/client.rs`): topic, payload and the\n\
         broker's bytes come from volatile registers, and only the public API of umqtt-proto is used. Flash is net\n\
         of a program that uses the same board and nothing of MQTT (`empty.rs`); \"memcpy etc.\" is the part of it\n\
         that comes with the compiler and that most firmware holds anyway. opt-level z, fat LTO, panic=abort, the\n\
         toolchain's own core library, {}.\n\
         RAM of a session: `size_of::<Session<&mut [u8], &mut [Slot], NoStore>>()` with the references to its\n\
         buffers, plus the caller's buffers, plus a slot for each packet in flight.\n\n{}\n\
         Others, for the same work on thumbv7em without QoS 2: MQTT-C 5347, coreMQTT 5465, minimq 19604,\n\
         mountain-mqtt 19692, rust-mqtt 35008 bytes of flash; RAM of a session: MQTT-C 104 + 32 a message,\n\
         coreMQTT 140.\n\n\
         ## The functions of the client on thumbv7em without QoS 2\n\n\
         Functions that are called once stand in their caller: `reset` holds most of the session.\n\n```text\n{}```\n",
        compiler.trim(),
        table(builds),
        symbols
    );
    fs::write(root().join(REPORT), report)?;
    println!("size: wrote {BUDGET} and {REPORT}");
    Ok(())
}
