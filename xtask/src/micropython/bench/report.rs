//! The tables, on the terminal and in the docs.

use std::fmt::Write as _;

use super::exchange::{Exchange, Exchanges, HEAP, KINDS};
use super::figures::{EVENTS, Figures, OTHERS, busy_events};
use super::side::Side;
use crate::shell::Result;

const HEAD: &str = "\
# What umqtt costs on MicroPython: the original and ours

Written by `cargo xtask bench micropython`, which compares our modules with `umqtt.simple2` and `umqtt.robust2` 2.2.0
from PyPI on MicroPython 1.25.0. Unless noted otherwise, both are compiled with `mpy-cross -O3`. The message has 64
bytes, its topic 14. The counts on the Cortex-M3 are the same in every run and on every machine with the same
compilers; messages per second and CPU times are from one machine with two shared cores.

![Instructions for each event](micropython-figures.svg)
";

const INSTRUCTIONS: &str = "
## Instructions for an event, Cortex-M3

`time.ticks_cpu()` counts them, in QEMU with `-icount`. The socket and the pollers are stubs in Python that are always
ready. A stub notes what the client calls; these calls are then counted alone, with the same arguments and without a
caller's bytecode, and subtracted. The call of an empty callback is subtracted too. The clock is the port's own
`time.ticks_ms`, and is not subtracted: CLOCK instructions for each call. The heap is compacted before each count, and no
garbage collection falls into a count. Where an event makes objects, their place in memory changes the figure by a few
per cent from one version of the programs to the next.

| event | original | ours | ratio | to reach |
|---|---:|---:|---:|---:|
";

const PARTS: &str = "
This table shows what was subtracted, and the same work with a socket and pollers in C, as on a board: there a stream in
memory replaces the socket and a look-up in a `dict` replaces `poll`, and only the empty callback is subtracted.

| event | side | calls on stubs | gross | stubs | callback | net | with a socket in C |
|---|---|---|---:|---:|---:|---:|---:|
";

const READ_ONLY: &str = "
With a socket that has `read`, but no `readinto`:

| event | original | ours | ratio | calls on stubs, ours |
|---|---:|---:|---:|---|
";

const GARBAGE: &str = "
## Heap garbage and socket writes for an event, Cortex-M3

The figures are bytes that the next collection frees, with a socket in C, and with pollers that, unlike a real `poll`,
make no list. They include the topic and the message that a callback gets, 128 bytes. CONNECT has a will, a user name
and a password.

| event | garbage, original | ours | to reach | writes, original | ours | to reach |
|---|---:|---:|---:|---:|---:|---:|
";

const HEAP_TAKEN: &str = "
## Heap taken, Cortex-M3, bytes

The figures are taken after a collection. MicroPython's table of names grows by doubling, so the step whose name finds
the table full pays for all later names. Therefore each figure counts every name by itself; the figure in brackets is
that of `gc.mem_alloc()` on this board. Ours loads with the first client what is needed only to connect.

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

The programs run on loopback, with `-X heapsize={HEAP}`, original and ours in turn; each figure is the median of five.
Mosquitto sends without delay (`set_tcp_nodelay`), so that only the client is subject to Nagle's algorithm: the original
writes a packet in pieces and waits for the other side's delayed acknowledgement of the first piece. One write for each
packet cures that in any language, so the first figures for QoS 1 are no merit of Rust; those with `TCP_NODELAY` compare
the rest. Where the original exchanges only a few dozen messages, its CPU time is a rough figure.

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
