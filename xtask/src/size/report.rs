//! The figures as people read them.

use std::fmt::Write as _;
use std::path::Path;

use super::figures::Figures;
use super::peers;
use crate::shell::Result;
use crate::source::{made, text};

const REPORT: &str = "docs/sizes.md";
const README: &str = "README.md";
const REMAKE: &str = "cargo xtask size --update";

/// The lines of the README between which the figures stand.
const BEGIN: &str = "<!-- begin: cargo xtask size -->\n";
const END: &str = "<!-- end: cargo xtask size -->\n";

const MAIN: &str = "thumbv7em-none-eabi";

/// A program, what a person calls it, and the flash to reach on thumbv7em without and with QoS 2.
const ROWS: [(&str, &str, [Option<u64>; 2]); 6] = [
    ("proto", "core", [Some(4096), Some(4600)]),
    ("client", "client", [Some(5600), Some(6000)]),
    ("proto-parts", "core, large messages in parts", [Some(4600), None]),
    ("client-parts", "client, large messages in parts", [Some(6000), None]),
    ("proto-store", "core, store in RAM", [Some(4700), None]),
    ("client-store", "client, store in RAM", [Some(6200), None]),
];
const STACK_TO_REACH: u64 = 400;
const ENGINE_TO_REACH: u64 = 128;

const BUILDS: [&str; 4] = [
    "thumbv7em-none-eabi qos1",
    "thumbv7em-none-eabi qos2",
    "thumbv6m-none-eabi qos1",
    "thumbv6m-none-eabi qos2",
];

/// All that was measured.
pub(super) fn tables(figures: &Figures) -> Result<String> {
    Ok(format!("{}\n{}\n{}", flash(figures)?, memory(figures)?, stack(figures)?))
}

fn flash(figures: &Figures) -> Result<String> {
    let mut table = String::from(
        "| flash | thumbv7em | to reach | with QoS 2 | to reach | thumbv6m | with QoS 2 |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for (program, title, goals) in ROWS {
        let [qos1, qos2, m0_qos1, m0_qos2] = BUILDS.map(|build| flash_of(figures, build, program));
        let [goal, goal_qos2] = goals.map(|goal| goal.map(|goal| goal.to_string()).unwrap_or_default());
        let _ = writeln!(
            table,
            "| {title} | {} | {goal} | {} | {goal_qos2} | {} | {} |",
            qos1?, qos2?, m0_qos1?, m0_qos2?
        );
    }
    Ok(table)
}

/// The bytes, and those of the compiler's `memcpy` among them.
fn flash_of(figures: &Figures, build: &str, program: &str) -> Result<String> {
    let flash = figures.get(&format!("{build} {program} flash"))?;
    Ok(match figures.get(&format!("{build} {program} memcpy"))? {
        0 => flash.to_string(),
        runtime => format!("{flash} ({runtime})"),
    })
}

fn memory(figures: &Figures) -> Result<String> {
    let size = |name: &str| figures.get(&format!("{MAIN} qos2 {name}"));
    let (engine, receiver, parts) = (size("engine")?, size("receiver")?, size("receiver-parts")?);
    Ok(format!(
        "| RAM besides the caller's buffers | | to reach |\n|---|---|---|\n\
         | core: engine and receiver | {engine} + {receiver} | {ENGINE_TO_REACH} |\n\
         | core, large messages in parts | {engine} + {parts} | |\n\
         | client over a link without data | {} | |\n\
         | each packet in flight | {} | 8 |\n\
         | each QoS 2 message of the broker in flight | {} | |\n",
        size("client")?,
        size("slot")?,
        size("incoming-id")?,
    ))
}

fn stack(figures: &Figures) -> Result<String> {
    let mut table = String::from(
        "| deepest stack | thumbv7em | with QoS 2 | thumbv6m | with QoS 2 | to reach |\n|---|---|---|---|---|---|\n",
    );
    for (program, title, _) in ROWS {
        let depths = BUILDS.map(|build| figures.get(&format!("{build} {program} stack")));
        let [qos1, qos2, m0_qos1, m0_qos2] = depths;
        let _ = writeln!(
            table,
            "| {title} | {} | {} | {} | {} | {STACK_TO_REACH} |",
            qos1?, qos2?, m0_qos1?, m0_qos2?
        );
    }
    Ok(table)
}

/// Writes the papers, or with `check` says whether they tell what the record says.
pub(super) fn write(figures: &Figures, check: bool) -> Result {
    made(REPORT, &document(figures)?, check, REMAKE)?;
    made(README, &readme(&text(Path::new(README))?, figures)?, check, REMAKE)
}

fn document(figures: &Figures) -> Result<String> {
    Ok(format!(
        "# What umqtt costs on a device\n\n\
         Written by `{REMAKE}`, in bytes.\n\n\
         The programs in `firmware/size` connect, subscribe, publish, receive and keep alive, over a mock link. They use\n\
         QoS 1 or, in the columns \"with QoS 2\", QoS 2. When a connection ends, they connect again with the same session.\n\
         The program drives the core with its own loop, and the client runs over `embedded-io`. Settings, clock and link are\n\
         volatile registers, so that the compiler cannot know their values. The compiler is\n\
         {} with its own core library, opt-level z, fat LTO and panic=abort.\n\n\
         Flash is everything that is loaded, including `.rodata`, minus what a program without MQTT takes on the same\n\
         board. The bytes in parentheses are those of the compiler's own `memcpy` and the like, where a program has them.\n\
         `cargo xtask size --symbols client` lists the largest functions.\n\n{}\n\
         RAM is the size that the compiler gives to the types, with the references to the caller's buffers. None of the\n\
         programs has static memory besides its buffers.\n\n{}\n\
         The stack is measured to the deepest byte that a program writes, from its first instruction on; it includes engine,\n\
         receiver and the table of four packets in flight. The program is the one whose flash is shown. It runs in QEMU, and its\n\
         broker is a script that refuses it, accepts it, sends messages of each QoS, lets messages and PINGREQ time out,\n\
         breaks the protocol, and goes on with a session.\n\n{}\n\
         ## Other clients\n\n{}\n\n\
         | | flash | RAM besides the caller's buffers | deepest stack |\n|---|---|---|---|\n{}",
        figures.compiler,
        flash(figures)?,
        memory(figures)?,
        stack(figures)?,
        peers::NOTE,
        peers(),
    ))
}

fn peers() -> String {
    peers::PEERS.iter().fold(String::new(), |mut rows, peer| {
        let _ = writeln!(rows, "| {} | {} | {} | {} |", peer.name, peer.flash, peer.memory, peer.stack);
        rows
    })
}

/// The README with these figures.
fn readme(readme: &str, figures: &Figures) -> Result<String> {
    let parts = readme.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) = parts.ok_or_else(|| format!("{README} has no place for figures: {BEGIN}{END}"))?;
    let mut table =
        String::from("| | flash | RAM besides the caller's buffers | deepest stack |\n|---|---|---|---|\n");
    for (program, title, _) in &ROWS[..2] {
        for (qos, words) in [("qos1", "QoS 0 and 1"), ("qos2", "with QoS 2")] {
            let of = |name: &str| figures.get(&format!("{MAIN} {qos} {name}"));
            let ram = if *program == "client" { of("client")? } else { of("engine")? + of("receiver")? };
            let mut ram = format!("{ram} + {} a packet in flight", of("slot")?);
            if qos == "qos2" {
                let _ = write!(ram, " + {} a QoS 2 message that arrives", of("incoming-id")?);
            }
            let (flash, stack) = (of(&format!("{program} flash"))?, of(&format!("{program} stack"))?);
            let _ = writeln!(table, "| umqtt: {title}, {words} | {flash} | {ram} | {stack} |");
        }
    }
    table.push_str(&peers());
    Ok(format!("{before}{BEGIN}{table}{END}{after}"))
}
