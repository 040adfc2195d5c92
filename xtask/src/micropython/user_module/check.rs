//! `cargo xtask user-module --check`: firmware that has umqtt built in, run.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use object::{Object, ObjectSegment};

use super::super::architecture::named;
use super::super::modules::EXERCISE;
use super::super::program::{Ended, Program};
use super::super::tests::originals;
use super::super::{Port, build, place, ports};
use crate::shell::{Result, cargo, execute, root};

/// Builds firmware with the user module, runs the tests of the modules on this machine's and the exercise of all
/// boards on the others, and compares sizes.
///
/// # Errors
/// What cannot be built, a test that fails, and an import that takes half of the memory that it takes from `.mpy`
/// files, or more.
pub(crate) fn check() -> Result {
    for (port, architecture) in [(Port::Unix, "x64"), (Port::CortexM3, "armv7m"), (Port::Esp8266, "xtensa")] {
        let architecture = named(architecture)?;
        let (folder, _) = super::build(architecture)?;
        let (plain, firmware) = (place::firmware(port)?, firmware(port, &folder)?);
        if port == Port::Unix {
            test(&firmware)?;
        } else {
            let said = run(port, &firmware, &[], EXERCISE)?;
            if !said.starts_with("exercised ") {
                return Err(format!("{}: {said}", port.name()).into());
            }
        }
        let mut files = Vec::new();
        for file in build::build(architecture)?.files {
            files.push((format!("umqtt/{}", file.name()), fs::read(&file.path)?));
        }
        let memory = |firmware: &Path, files: &[_]| -> Result<u64> {
            Ok(run(port, firmware, files, MEMORY)?.trim().parse()?)
        };
        let (loaded, built_in) = (memory(&plain, &files)?, memory(&firmware, &[])?);
        println!(
            "{}: {} bytes of flash; {built_in} of memory for the import and a client, {loaded} from .mpy files",
            port.name(),
            flash(&firmware)?.saturating_sub(flash(&plain)?),
        );
        if 2 * built_in > loaded {
            return Err("what is built in takes more than half of the memory of what is loaded".into());
        }
    }
    Ok(())
}

/// What the modules and a client take of the heap; some boards have no sockets to import.
const MEMORY: &str = "
import gc, sys
sys.modules['socket'] = sys
gc.collect()
before = gc.mem_alloc()
import umqtt.robust2
client = umqtt.robust2.MQTTClient('client', 'broker')
gc.collect()
print(gc.mem_alloc() - before)
";

const LIMIT: Duration = Duration::from_secs(120);

fn run(port: Port, firmware: &Path, files: &[(String, Vec<u8>)], text: &str) -> Result<String> {
    let program =
        Program { port, files: files.to_vec(), text: text.to_owned(), counted: false, limit: LIMIT };
    match program.run_on(firmware)? {
        Ended { output, error: None } => Ok(output),
        Ended { output, error: Some(error) } => Err(format!("{}: {output}{error}", port.name()).into()),
    }
}

/// Builds a port with the user module of this folder.
fn firmware(port: Port, folder: &Path) -> Result<PathBuf> {
    let modules = build::target_folder().join("user_module").join(port.name());
    place::remove(&modules)?;
    fs::create_dir_all(&modules)?;
    symlink(folder.join("umqtt"), modules.join("umqtt"))?;
    if port == Port::CortexM3 {
        // What its plain firmware has besides.
        symlink(root().join(ports::MODULES), modules.join("modules"))?;
    }
    ports::build_with(port, &modules, &folder.join("manifest.py"))
}

/// Runs tests of the modules on this MicroPython, with nothing that it could load in the place of what it has.
fn test(micropython: &Path) -> Result {
    let nothing = build::target_folder().join("user_module/nothing");
    fs::create_dir_all(&nothing)?;
    let originals = originals()?;
    let run = |files: &[&str], filter: &[&str]| {
        let mut test = cargo(&["test", "--quiet", "-p", "umqtt-micropython-tests", "--no-fail-fast"]);
        test.args(files.iter().flat_map(|file| ["--test", file])).args(filter);
        test.env("UMQTT_MICROPYTHON_TESTS", "1").env("UMQTT_REAL", "1").env("MICROPYTHON", micropython);
        execute(test.env("UMQTT_MPY", &nothing).env("UMQTT_ORIGINAL", &originals))
    };
    run(&["defects", "robust2", "robust2_loop", "alike"], &[])?;
    run(&["real_broker"], &["messages_of_all_kinds"])
}

/// What of a firmware stands in flash: code, constants, and the first values of variables.
fn flash(firmware: &Path) -> Result<u64> {
    let bytes = fs::read(firmware)?;
    let file = object::File::parse(&*bytes)?;
    Ok(file.segments().map(|segment| segment.file_range().1).sum())
}
