//! Running Python on a board in QEMU, by way of MicroPython's raw REPL on the board's serial line.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::Port;
use super::process::{Process, Stopped};
use super::program::{Ended, Program};
use crate::shell::Result;

/// An instruction takes 2^10 ns, the unit of `time.ticks_cpu()` on these boards.
const COUNTED: [&str; 2] = ["-icount", "shift=10,sleep=off"];

/// QEMU with what a program runs on, without a console.
pub(super) fn qemu(program: &Program, firmware: &Path) -> Result<Command> {
    let (emulator, machine) = match program.port {
        Port::Unix => return Err("QEMU does not run the Unix port".into()),
        Port::CortexM3 => ("qemu-system-arm", "-machine mps2-an385"),
        Port::CortexM4 => ("qemu-system-arm", "-machine mps2-an386"),
        Port::CortexM7 => ("qemu-system-arm", "-machine mps2-an500"),
        Port::CortexM0 => (
            "qemu-system-arm",
            "-machine microbit -global nrf51-soc.flash-size=1048576 -global nrf51-soc.sram-size=262144",
        ),
        Port::RiscV => ("qemu-system-riscv32", "-machine virt -bios none"),
        Port::Esp8266 => ("qemu-system-xtensa", "-machine sim -cpu lx106"),
    };
    let mut qemu = Command::new(emulator);
    qemu.args(machine.split(' ')).args(["-display", "none", "-monitor", "none", "-semihosting"]);
    if program.counted {
        qemu.args(COUNTED);
    }
    qemu.arg("-kernel").arg(firmware);
    Ok(qemu)
}

/// The file system of a board, in Python.
const FILES: &str = include_str!("../../../micropython/qemu/files.py");

/// Makes the files there, and runs the program.
pub(super) fn run(program: &Program, firmware: &Path) -> Result<Ended> {
    let mut qemu = qemu(program, firmware)?;
    let mut board = Board::start(qemu.args(["-serial", "stdio"]), program.limit)?;
    board.must_execute(FILES)?;
    for (name, content) in &program.files {
        board.must_execute(&format!("_files.make({name:?}, {})", content.len()))?;
        for (index, part) in content.chunks(PART).enumerate() {
            let digits: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
            let offset = index * PART;
            board.must_execute(&format!("_files.write({name:?}, {offset}, \"{digits}\")"))?;
        }
    }
    board.must_execute("del _files\nimport gc\ngc.collect()\ndel gc")?;
    board.execute(&program.text)
}

/// How many bytes of a file go to a board at once: few enough to leave its heap in one piece.
const PART: usize = 256;

/// A board that waits for Python in raw mode.
struct Board {
    serial: Process,
    limit: Duration,
}

/// Ctrl-A: raw mode. Ctrl-D: the end of a text in raw mode, and of what its execution says.
const RAW: &[u8] = b"\x01";
const END: &[u8] = b"\x04";

impl Board {
    fn start(qemu: &mut Command, limit: Duration) -> Result<Self> {
        let mut serial = Process::start(qemu, limit)?;
        let begun = serial.read_until(b">>> ").and_then(|_banner| {
            serial.write(RAW);
            serial.read_until(b"raw REPL; CTRL-B to exit\r\n>")
        });
        match begun {
            Ok(_) => Ok(Self { serial, limit }),
            Err(_) => {
                let said = serial.finish()?.errors;
                let said = String::from_utf8_lossy(&said).trim().to_owned();
                Err(format!("MicroPython did not begin in QEMU within {limit:?}: {said}").into())
            }
        }
    }

    /// Executes what is ours and cannot fail.
    fn must_execute(&mut self, text: &str) -> Result {
        match self.execute(text)?.error {
            Some(error) => Err(format!("files could not be made on the board: {error}").into()),
            None => Ok(()),
        }
    }

    fn execute(&mut self, text: &str) -> Result<Ended> {
        if let Some(control) = text.bytes().find(|byte| (1..=5).contains(byte)) {
            return Err(format!("a program for a board cannot have the character {control}").into());
        }
        self.serial.write(text.as_bytes());
        self.serial.write(END);
        let mut output = Vec::new();
        let error = match self.answer(&mut output) {
            Ok(error) if error.is_empty() => None,
            Ok(error) => Some(plain(&error)),
            Err(Stopped::Late) => Some(format!("was not done after {:?}", self.limit)),
            Err(Stopped::Ended) => Some("QEMU ended".to_owned()),
        };
        Ok(Ended { output: plain(&output), error })
    }

    /// Takes the output; gives what the exception says, if there was one.
    fn answer(&mut self, output: &mut Vec<u8>) -> std::result::Result<Vec<u8>, Stopped> {
        self.serial.read_until(b"OK")?;
        match self.serial.read_until(END) {
            Ok(all) => *output = all,
            Err(stopped) => {
                *output = self.serial.received();
                return Err(stopped);
            }
        }
        let error = self.serial.read_until(END)?;
        let prompt = self.serial.read_until(b">")?;
        // `sys.exit()` starts the board again, and its argument is lost.
        Ok(if prompt.is_empty() { error } else { b"the program left by sys.exit()".to_vec() })
    }
}

/// Text as the program wrote it: a serial line has CR LF at the end of a line.
fn plain(text: &[u8]) -> String {
    String::from_utf8_lossy(text).replace("\r\n", "\n")
}
