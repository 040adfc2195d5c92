//! Small programs on every port: what the tests of our modules stand on.

use std::process::Command;
use std::time::Duration;

use super::program::{Ended, Program};
use super::{Port, place};
use crate::shell::{Result, read};

const LIMIT: Duration = Duration::from_secs(60);

/// Runs small programs on every port, and sees that errors and endless loops are told.
pub(crate) fn check_ports() -> Result {
    let modules = modules()?;
    for port in Port::ALL {
        let checked = imports(port, &modules)
            .and_then(|()| failures(port))
            .and_then(|()| clock(port))
            .and_then(|()| instructions(port));
        checked.map_err(|error| format!("{}: {error}", port.name()))?;
        println!("{}: imports, exceptions, clock{}", port.name(), if_counted(port));
    }
    is_stopped(Port::Unix)?;
    is_stopped(Port::CortexM3)
}

const fn if_counted(port: Port) -> &'static str {
    if turn(port).is_some() { ", instructions" } else { "" }
}

fn run(port: Port, files: &[(String, Vec<u8>)], text: &str) -> Result<Ended> {
    Program { port, files: files.to_vec(), text: text.to_owned(), counted: false, limit: LIMIT }.run()
}

fn expect(ended: Ended, output: &str) -> Result {
    let expected = Ended { output: output.to_owned(), error: None };
    if ended == expected { Ok(()) } else { Err(format!("expected {expected:?}, not {ended:?}").into()) }
}

/// A package with a module in Python, and one compiled.
fn modules() -> Result<Vec<(String, Vec<u8>)>> {
    let folder = std::env::temp_dir().join(format!("umqtt-modules-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let source = folder.join("compiled.py");
    let target = folder.join("compiled.mpy");
    std::fs::write(&source, "def say():\n    return 'from a compiled file'\n")?;
    let compiled = read(Command::new(place::mpy_cross()?).arg(&source).arg("-o").arg(&target))
        .and_then(|_| Ok(std::fs::read(&target)?));
    place::remove(&folder)?;
    // Longer than what goes to a board at once.
    let text = format!("# {}\ndef say():\n    return 'from a file'\n", "-".repeat(1000));
    Ok(vec![
        ("package/text.py".to_owned(), text.into_bytes()),
        ("package/compiled.mpy".to_owned(), compiled?),
    ])
}

fn imports(port: Port, modules: &[(String, Vec<u8>)]) -> Result {
    let text = "
import package.text, select, time
from package import compiled
print(package.text.say(), compiled.say())
with open('package/text.py') as file:
    print(len(file.read()))
try:
    import package.missing
except ImportError as error:
    print(error)
";
    let output = "from a file from a compiled file\n1039\nno module named 'package.missing'\n";
    expect(run(port, modules, text)?, output)
}

fn failures(port: Port) -> Result {
    let ended = run(port, &[], "print('before')\nraise ValueError('on purpose')\n")?;
    let told = ended.error.as_ref().is_some_and(|error| error.contains("ValueError: on purpose"));
    if ended.output != "before\n" || !told {
        return Err(format!("an exception was not told: {ended:?}").into());
    }
    let ended = run(port, &[], "import sys\nsys.exit(1)\n")?;
    if ended.error.is_none() { Err("sys.exit(1) was taken for a good end".into()) } else { Ok(()) }
}

fn clock(port: Port) -> Result {
    let text = "
import time
# Each clock is read before and after the other: so a pause between two readings decides nothing.
outer_us, begin_ms, begin_us = time.ticks_us(), time.ticks_ms(), time.ticks_us()
time.sleep_ms(100)
us = time.ticks_diff(time.ticks_us(), begin_us)
ms = time.ticks_diff(time.ticks_ms(), begin_ms)
outer_us = time.ticks_diff(time.ticks_us(), outer_us)
print('as long as asked' if ms >= 99 and us >= 99000 else (ms, us))
print('the same' if us // 1000 - 50 < ms < outer_us // 1000 + 5 else (us, ms, outer_us))
";
    expect(run(port, &[], text)?, "as long as asked\nthe same\n")
}

/// A function of two instructions for each turn that it is asked for, where there is an inline assembler.
const fn turn(port: Port) -> Option<&'static str> {
    match port {
        Port::CortexM3 | Port::CortexM4 => {
            Some("@micropython.asm_thumb\ndef turn(r0):\n label(top)\n sub(r0, r0, 1)\n bne(top)\n")
        }
        Port::RiscV => Some(
            "@micropython.asm_rv32\ndef turn(a0):\n label(top)\n addi(a0, a0, -1)\n bne(a0, zero, top)\n",
        ),
        Port::Esp8266 => {
            Some("@micropython.asm_xtensa\ndef turn(a2):\n label(top)\n addi(a2, a2, -1)\n bnez(a2, top)\n")
        }
        Port::Unix | Port::CortexM0 | Port::CortexM7 => None,
    }
}

fn instructions(port: Port) -> Result {
    let Some(turn) = turn(port) else { return Ok(()) };
    let count = "
import time
def cost(turns):
    begin = time.ticks_cpu()
    turn(turns)
    return time.ticks_diff(time.ticks_cpu(), begin)
cost(1)
print(cost(20000) - cost(10000), cost(2) - cost(1))
";
    let text = format!("{turn}{count}");
    let program = Program { port, files: Vec::new(), text, counted: true, limit: LIMIT };
    expect(program.run()?, "20000 2\n")
}

fn is_stopped(port: Port) -> Result {
    let text = "print('begun')\nwhile True:\n    pass\n".to_owned();
    let limit = Duration::from_secs(2);
    let ended = Program { port, files: Vec::new(), text, counted: false, limit }.run()?;
    if ended.output == "begun\n" && ended.error.is_some() {
        Ok(())
    } else {
        Err(format!("{}: an endless loop was not told: {ended:?}", port.name()).into())
    }
}
