//! The tables, on the terminal and in the docs.

use std::fmt::Write as _;

use super::exchange::{Exchange, Exchanges, HEAP, KINDS};
use super::figures::{EVENTS, Figures, OTHERS, busy_events};
use super::side::Side;
use crate::shell::Result;

const HEAD: &str = "\
# What umqtt costs a MicroPython: the original and ours

Written by `cargo xtask bench micropython`, which runs `umqtt.simple2` and `umqtt.robust2` 2.2.0 from PyPI and ours side by
side on MicroPython 1.25.0. Ours are compiled with `mpy-cross -O3` and so are the originals, where nothing else is said.
The message has 64 bytes, its topic 14. What is counted on the Cortex-M3 is the same in every run and on every machine
with the same compilers; messages a second and CPU are those of one machine with two shared cores.

![Instructions for each event](micropython-figures.svg)
";

const INSTRUCTIONS: &str = "
## Instructions for an event, Cortex-M3

In QEMU with `-icount`, `time.ticks_cpu()` counts them. The socket and the pollers are stubs in Python, which are always
ready; the stub notes what the client calls, then these calls are counted by themselves, with the same arguments and
without the bytecode of a caller, and subtracted. So is the call of an empty callback. The clock is the port's own
`time.ticks_ms`, and is not subtracted: CLOCK instructions a call. Before each count the heap is made dense; a collection of
garbage does not fall into any. Where an event makes objects, the place where they lie changes its figure by a few in a
hundred from one version of the programs to the next.

| event | original | ours | ratio | to reach |
|---|---:|---:|---:|---:|
";

const PARTS: &str = "
What was subtracted, and the same work with a socket and pollers in C, as on a board: a stream in memory in place of the
socket, a look into a `dict` in place of `poll`; nothing is subtracted there but the empty callback.

| event | side | calls on stubs | gross | stubs | callback | net | with a socket in C |
|---|---|---|---:|---:|---:|---:|---:|
";

const READ_ONLY: &str = "
The same with a socket that has `read`, but no `readinto`:

| event | original | ours | ratio | calls on stubs, ours |
|---|---:|---:|---:|---|
";

const GARBAGE: &str = "
## Heap garbage and socket writes for an event, Cortex-M3

Bytes that the next collection takes back: with a socket in C, and with pollers that, unlike a real `poll`, make no list.
The topic and the message that a callback is handed are part of it: 128 bytes. CONNECT has a will, a user and a password.

| event | garbage, original | ours | to reach | writes, original | ours | to reach |
|---|---:|---:|---:|---:|---:|---:|
";

const HEAP_TAKEN: &str = "
## Heap taken, Cortex-M3, bytes

After a collection. MicroPython's table of names grows by doubling, and whoever brings the name that finds it full pays
for all that come later; therefore each figure stands there with every name paid by itself, and in brackets as
`gc.mem_alloc()` has it on this board. Ours loads what only connecting needs with the first client.

| step | original | ours | ratio | to reach |
|---|---:|---:|---:|---|
";

const SIZES: &str = "
## Files, bytes

| file | original, `mpy-cross` | original, `mpy-cross -O3` | ours, armv7m | ours, x64 |
|---|---:|---:|---:|---:|
";

/// The parts of the report so far.
#[derive(Default)]
pub(super) struct Report(String);

impl Report {
    /// What the terminal shows.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// What the docs have.
    pub(super) fn document(&self) -> String {
        format!("{HEAD}{}", self.0)
    }

    /// Adds what was counted on the Cortex-M3.
    pub(super) fn board(&mut self, board: &[Figures; 2]) -> Result {
        let [original, ours] = board;
        self.0 += &INSTRUCTIONS.replace("CLOCK", ours.word("clock", "net")?);
        let compared = |event: &str| -> Result<String> {
            let (theirs, net) = (original.number(event, "net")?, ours.number(event, "net")?);
            Ok(format!("{theirs} | {net} | {}", ratio(net, theirs)))
        };
        for (event, name) in EVENTS {
            let goal = if event == "idle" { "" } else { "0.100" };
            let _ = writeln!(self.0, "| {name} | {} | {goal} |", compared(event)?);
        }
        self.0 += PARTS;
        for (event, name) in EVENTS {
            for (figures, side) in board.iter().zip(["original", "ours"]) {
                let part = |part| figures.word(event, part);
                let streamed = part("streamed").unwrap_or("");
                let _ = writeln!(
                    self.0,
                    "| {name} | {side} | {} | {} | {} | {} | {} | {streamed} |",
                    part("calls")?.replace('+', ", ").replace('*', " "),
                    part("gross")?,
                    part("stubs")?,
                    part("callback")?,
                    part("net")?,
                );
            }
        }
        self.0 += READ_ONLY;
        for (event, name) in EVENTS.iter().filter(|(event, _)| event.starts_with("receive")) {
            let event = format!("{event}-read-only");
            let calls = ours.word(&event, "calls")?.replace('+', ", ").replace('*', " ");
            let _ = writeln!(self.0, "| {name} | {} | {calls} |", compared(&event)?);
        }
        self.garbage(board)?;
        self.heap(board)
    }

    fn garbage(&mut self, [original, ours]: &[Figures; 2]) -> Result {
        self.0 += GARBAGE;
        for (event, name) in busy_events() {
            let garbage = if event == "publish-0" { "0" } else { "" };
            let writes = if event.starts_with("publish") || event == "receive-1" { "1" } else { "0" };
            let _ = writeln!(
                self.0,
                "| {name} | {} | {} | {garbage} | {} | {} | {writes} |",
                original.word(event, "garbage")?,
                ours.word(event, "garbage")?,
                original.word(event, "writes")?,
                ours.word(event, "writes")?,
            );
        }
        for call in OTHERS {
            let (theirs, its) = (original.word(call, "writes")?, ours.word(call, "writes")?);
            let _ = writeln!(self.0, "| {call} | | | | {theirs} | {its} | 1 |");
        }
        Ok(())
    }

    fn heap(&mut self, [original, ours]: &[Figures; 2]) -> Result {
        self.0 += HEAP_TAKEN;
        let goal = "not above the original";
        for (step, name, goal) in [
            ("simple2", "import of simple2", goal),
            ("robust2", "import of simple2 and robust2", goal),
            ("client", "after that, the first client", ""),
            ("connected", "after that, the first client, connected", ""),
            ("second", "another client, without its buffers", ""),
            ("used", "what a client keeps after messages of all these kinds (ours: its buffers)", ""),
        ] {
            let (theirs, its) = (original.number(step, "fair")?, ours.number(step, "fair")?);
            let (theirs_raw, its_raw) = (original.word(step, "heap")?, ours.word(step, "heap")?);
            let _ = writeln!(
                self.0,
                "| {name} | {theirs} ({theirs_raw}) | {its} ({its_raw}) | {} | {goal} |",
                ratio(its, theirs)
            );
        }
        Ok(())
    }

    /// Adds the sizes of the files.
    pub(super) fn sizes(&mut self, default: &Side, sides: &[&Side]) {
        self.0 += SIZES;
        let all: Vec<&Side> = [default].into_iter().chain(sides.iter().copied()).collect();
        let mut names: Vec<&str> =
            all.iter().flat_map(|side| side.files.iter().map(|(name, _)| name.as_str())).collect();
        names.sort_unstable();
        names.dedup();
        let mut sums = vec![0; all.len()];
        for name in names {
            let _ = write!(self.0, "| {name} |");
            for (side, sum) in all.iter().zip(&mut sums) {
                let size = side.size(name);
                *sum += size;
                let _ = if size > 0 { write!(self.0, " {size} |") } else { write!(self.0, " |") };
            }
            self.0.push('\n');
        }
        let sums: String = sums.iter().map(|sum| format!(" {sum} |")).collect();
        let _ = writeln!(self.0, "| all |{sums}");
    }

    /// Adds what was measured with a broker, if there was one.
    pub(super) fn exchanges(&mut self, exchanges: &Option<[Exchanges; 2]>) -> Result {
        let Some([original, ours]) = exchanges else { return Ok(()) };
        let _ = write!(
            self.0,
            "
## Messages a second, and CPU for a message, Unix port with Mosquitto

On loopback, with `-X heapsize={HEAP}`, original and ours in turn, the median of five. Mosquitto sends without delay
(`set_tcp_nodelay`), so that what is left of Nagle's algorithm is the client's own: the original writes a packet in
pieces and waits for the other side's delayed acknowledgement of the first. One write for a packet cures that in any
language, so the first figures for QoS 1 are no merit of Rust; those with `TCP_NODELAY` compare the rest. Where the
original exchanges a few dozen messages in all, its CPU is a rough figure.

| exchange | messages a second, original | ours | ratio | user us, original | ours | ratio | system us, original | ours |
|---|---:|---:|---:|---:|---:|---:|---:|---:|
"
        );
        for ((_, name), (theirs, its)) in KINDS.iter().zip(original.kinds.iter().zip(&ours.kinds)) {
            let _ = writeln!(self.0, "| {name} | {} |", exchange(theirs, its));
        }
        let _ = writeln!(
            self.0,
            "\nHeap garbage for a publish of QoS 0 with a real socket and 64 bits: original {} bytes, ours {}.",
            original.garbage, ours.garbage
        );
        Ok(())
    }
}

fn exchange(theirs: &Exchange, its: &Exchange) -> String {
    format!(
        "{:.0} | {:.0} | {:.1} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2}",
        theirs.rate,
        its.rate,
        its.rate / theirs.rate,
        theirs.user,
        its.user,
        its.user / theirs.user,
        theirs.system,
        its.system
    )
}

fn ratio(ours: i64, original: i64) -> String {
    let thousandths = ours * 1000 / original.max(1);
    format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
}
