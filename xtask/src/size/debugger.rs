//! A Cortex-M4 in QEMU, held by its debugger's interface: memory, and stops where a register is touched.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::micropython::process::Process;
use crate::shell::Result;

/// The program is a small one; a run that takes longer than this does not end.
const LIMIT: Duration = Duration::from_secs(120);

/// The longest piece of memory in one packet, in bytes; QEMU takes twice as many.
const PIECE: usize = 1024;

/// A program that stands still between two stops.
pub(super) struct Debugger(Process);

/// How a program is about to touch a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Touch {
    /// It will read the word at this address.
    Read(u32),
    /// It will write the word at this address.
    Write(u32),
}

impl Debugger {
    /// Loads a program; it stands at its first instruction.
    pub(super) fn start(program: &Path) -> Result<Self> {
        let mut qemu = Command::new("qemu-system-arm");
        qemu.args(["-machine", "mps2-an386", "-nodefaults", "-display", "none", "-S", "-gdb", "stdio"]);
        Ok(Self(Process::start(qemu.arg("-kernel").arg(program), LIMIT)?))
    }

    /// Stops the program whenever it is about to read or write the word at `address`.
    pub(super) fn watch(&mut self, address: u32) -> Result {
        self.must(&format!("Z3,{address:x},4"))?;
        self.must(&format!("Z2,{address:x},4"))
    }

    /// Lets the program do what it is about to do; without that it would stop at the same place for ever.
    pub(super) fn step_over(&mut self, touch: Touch) -> Result {
        let watch = match touch {
            Touch::Read(address) => format!("3,{address:x},4"),
            Touch::Write(address) => format!("2,{address:x},4"),
        };
        self.must(&format!("z{watch}"))?;
        self.ask("s")?;
        self.must(&format!("Z{watch}"))
    }

    /// Writes memory.
    pub(super) fn write(&mut self, mut address: u32, bytes: &[u8]) -> Result {
        for piece in bytes.chunks(PIECE) {
            let digits: String = piece.iter().map(|byte| format!("{byte:02x}")).collect();
            self.must(&format!("M{address:x},{:x}:{digits}", piece.len()))?;
            address += u32::try_from(piece.len())?;
        }
        Ok(())
    }

    /// Reads memory.
    pub(super) fn read(&mut self, mut address: u32, length: usize) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while bytes.len() < length {
            let count = PIECE.min(length - bytes.len());
            let digits = self.ask(&format!("m{address:x},{count:x}"))?;
            let read = (0..digits.len()).step_by(2);
            let read = read.map(|at| u8::from_str_radix(digits.get(at..at + 2).unwrap_or_default(), 16));
            let read = read.collect::<std::result::Result<Vec<_>, _>>();
            let read = read.map_err(|_| format!("QEMU gives no memory at {address:#x}: {digits}"))?;
            address += u32::try_from(read.len())?;
            bytes.extend(read);
        }
        Ok(bytes)
    }

    /// Lets the program run until it is about to touch a word that is watched.
    pub(super) fn run(&mut self) -> Result<Touch> {
        let stop = self.ask("c")?;
        let reason = stop.split([':', ';']).collect::<Vec<_>>();
        let reason = reason.windows(2).find_map(|pair| match pair {
            ["rwatch", address] => Some((Touch::Read as fn(u32) -> Touch, *address)),
            ["watch", address] => Some((Touch::Write as fn(u32) -> Touch, *address)),
            _ => None,
        });
        match reason.map(|(touch, address)| (touch, u32::from_str_radix(address, 16))) {
            Some((touch, Ok(address))) => Ok(touch(address)),
            _ => Err(format!("the program stopped for another reason: {stop}").into()),
        }
    }

    fn must(&mut self, command: &str) -> Result {
        match self.ask(command)?.as_str() {
            "OK" => Ok(()),
            answer => Err(format!("QEMU answers `{answer}` to `{command:.40}`").into()),
        }
    }

    /// A packet and its answer. The next packet stands for the acknowledgement.
    fn ask(&mut self, command: &str) -> Result<String> {
        let sum = command.bytes().fold(0u8, u8::wrapping_add);
        self.0.write(format!("${command}#{sum:02x}").as_bytes());
        let answer = self.0.read_until(b"$").and_then(|_| self.0.read_until(b"#"));
        match answer {
            Ok(answer) => Ok(String::from_utf8_lossy(&answer).into_owned()),
            Err(stopped) => Err(format!("QEMU does not answer `{command:.40}`: {stopped:?}").into()),
        }
    }
}
