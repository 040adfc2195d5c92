//! `cargo xtask bench`: what messages cost, measured.

use crate::arguments::Arguments;
use crate::host;
use crate::micropython;
use crate::shell::Result;

pub(crate) const HELP: &str = "
Usage: cargo xtask bench host
       cargo xtask bench micropython [--check | --update]

host counts the instructions that a message costs the blocking client on this machine, under
valgrind, over a link in memory (bench/): publishing and receiving with QoS 0, 1 and 2, and
publishing with QoS 1 in windows from 20 to 20,000. It writes docs/host-figures.md.

micropython runs the original umqtt.simple2 and umqtt.robust2 and ours on the same work, and prints
what both take, side by side:
  on a Cortex-M3 in QEMU: instructions, garbage and socket writes for each event, and the heap
  that the modules and a client take
  on MicroPython's Unix port with Mosquitto: messages a second, and CPU for a message
  the sizes of the files
and writes that to docs/micropython-figures.md, with a chart. The programs that are run are in
micropython/bench. It takes a minute or two, besides building.

  --check   only what is counted on the Cortex-M3, which is the same in every run; fail where it
            is above its budget (micropython/bench/budget.txt); write nothing
  --update  write what is measured as the new budget, too
";

pub(crate) fn run(arguments: Arguments) -> Result {
    match arguments.subject() {
        Some("host") => host::bench(),
        Some("micropython") => micropython::bench::run(arguments),
        _ => Err("say what to measure: host or micropython; see --help".into()),
    }
}
