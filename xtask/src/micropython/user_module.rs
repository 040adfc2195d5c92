//! `cargo xtask user-module`: umqtt as a part of a firmware, with its code in flash.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::{Object, ObjectSection, SectionKind};

use super::architecture::{Architecture, Assembler, chosen, named};
use super::build::{self, PARTS};
use super::tests::originals;
use super::{guard, place, ports, qstrs};
use crate::arguments::Arguments;
use crate::shell::{Result, cargo, command, execute, read, root};
use crate::source::text;

pub(crate) const HELP: &str = "
Usage: cargo xtask user-module [--arch all|NAME[,NAME]] [--check]

Builds what a firmware needs to have umqtt built in, for MicroPython 1.23 and newer, and writes a
folder for each architecture, which can be copied anywhere:
  dist/micropython/user_module/NAME/umqtt/       for USER_C_MODULES
  dist/micropython/user_module/NAME/manifest.py  for FROZEN_MANIFEST

Names are those of `cargo xtask mpy`. See micropython/user_module/README.md for how to build a
firmware with it.

  --check   build MicroPython's Unix port with it, run the tests of the modules on that, and
            compare sizes
";

/// The feature of micropython/native that makes both of its parts one object.
pub(super) const FEATURE: &str = "user-module";

pub(crate) fn run(mut arguments: Arguments) -> Result {
    let checked = arguments.flag("--check");
    let names = arguments.value("--arch")?;
    arguments.finish()?;
    if checked && names.is_none() {
        return check();
    }
    for architecture in chosen(&names.unwrap_or_else(|| "all".to_owned()))? {
        let (folder, code) = build(architecture)?;
        println!("{:<10}{code:>6} bytes of native code: {}", architecture.name, folder.display());
    }
    if checked { check() } else { Ok(()) }
}

/// Builds the Unix port with the user module, runs the tests of the modules on it, and compares sizes.
///
/// # Errors
/// What cannot be built, a test that fails, and an import that takes as much memory as from `.mpy` files.
pub(crate) fn check() -> Result {
    let x64 = named("x64")?;
    let (folder, _) = build(x64)?;
    let firmware = unix(&folder)?;
    let nothing = build::target_folder().join("user_module/nothing");
    fs::create_dir_all(&nothing)?;
    test(&firmware, &nothing, &["defects", "robust2", "robust2_loop", "alike"], "")?;
    test(&firmware, &nothing, &["real_broker"], "messages_of_all_kinds")?;

    let (plain, with) = (flash(&place::unix()?)?, flash(&firmware)?);
    println!("flash of the Unix port: {plain} bytes, with umqtt {with}: {} more", with.saturating_sub(plain));
    let files = build::build(x64)?.folder;
    let (loaded, built_in) = (heap(&place::unix()?, &files)?, heap(&firmware, &nothing)?);
    println!("memory of the import and of a client: {loaded} bytes from .mpy files, {built_in} built in");
    if 2 * built_in < loaded { Ok(()) } else { Err("what is built in takes more than half of that".into()) }
}

/// Writes the folder for one architecture; gives it, and how many bytes of native code are in it.
fn build(architecture: &'static Architecture) -> Result<(PathBuf, u64)> {
    let ours = root().join("micropython");
    let folder = root().join("dist/micropython/user_module").join(architecture.name);
    let module = folder.join("umqtt");
    let package = folder.join("python/umqtt");
    for folder in [&module, &package] {
        place::remove(folder)?;
        fs::create_dir_all(folder)?;
    }
    // Each file is new for `make`, also when it is as before: so that it sees to what the file depends on.
    for name in ["micropython.mk", "micropython.cmake", "umqtt.c"] {
        fs::write(module.join(name), text(&ours.join("user_module/umqtt").join(name))?)?;
    }
    fs::write(module.join("names.h"), qstrs::list(&ours.join("native/src/qstrs.rs"))?)?;
    fs::write(folder.join("manifest.py"), text(&ours.join("user_module/manifest.py"))?)?;
    for entry in fs::read_dir(ours.join("python/umqtt"))? {
        let source = entry?.path();
        let name = source.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let program = bytecode(name.trim_end_matches(".py"), &text(&source)?);
        fs::write(package.join(name), program)?;
    }
    let object = build::object(architecture, Some(FEATURE))?;
    guard::check(architecture, &fs::read(&object)?)?;
    let native = module.join("native.o");
    if architecture.assembler == Some(Assembler::Gnu) {
        // What is not said to be for flash, the linker script of the ESP8266 puts into RAM.
        let mut objcopy = command("xtensa-lx106-elf-objcopy", &[]);
        for section in ["text", "literal"] {
            objcopy.arg("--rename-section").arg(format!(".{section}=.irom0.{section}"));
        }
        read(objcopy.args([&object, &native]))?;
    } else {
        fs::copy(&object, &native)?;
    }
    Ok((folder, code(&native)?))
}

/// The program of a module; one with a native part gets that first.
fn bytecode(module: &str, program: &str) -> String {
    if PARTS.iter().any(|part| part.module == module) {
        format!("from _umqtt import {module} as _install\n\n_install()\n{program}")
    } else {
        program.to_owned()
    }
}

/// How many bytes of code an object has.
fn code(object: &Path) -> Result<u64> {
    let bytes = fs::read(object)?;
    let file = object::File::parse(&*bytes)?;
    let code = file.sections().filter(|section| section.kind() == SectionKind::Text);
    Ok(code.map(|section| section.size()).sum())
}

/// Builds the Unix port with the module; gives the program.
fn unix(folder: &Path) -> Result<PathBuf> {
    let build = place::cache()?.join("user_module/unix");
    let _alone = place::lock()?;
    let arguments = [
        format!("BUILD={}", build.display()),
        format!("USER_C_MODULES={}", folder.display()),
        format!("FROZEN_MANIFEST={}", folder.join("manifest.py").display()),
    ];
    ports::make_unix(&build, &arguments)?;
    Ok(build.join("micropython"))
}

/// Runs tests of the modules on this MicroPython, with the modules of this folder.
fn test(micropython: &Path, modules: &Path, files: &[&str], filter: &str) -> Result {
    let mut test = cargo(&["test", "--quiet", "-p", "umqtt-micropython-tests", "--no-fail-fast"]);
    for name in files {
        test.args(["--test", name]);
    }
    test.args(Some(filter).filter(|filter| !filter.is_empty()));
    test.env("UMQTT_MICROPYTHON_TESTS", "1").env("MICROPYTHON", micropython);
    execute(test.env("UMQTT_MPY", modules).env("UMQTT_ORIGINAL", originals()?))
}

/// What of a program would stand in flash: its code, constants, and first values of variables.
fn flash(program: &Path) -> Result<u64> {
    let said = read(command("size", &[]).arg(program))?;
    let mut sizes = said.lines().nth(1).unwrap_or_default().split_whitespace().map(str::parse::<u64>);
    match (sizes.next(), sizes.next()) {
        (Some(Ok(text)), Some(Ok(data))) => Ok(text + data),
        _ => Err(format!("`size` said:\n{said}").into()),
    }
}

/// How much of the heap the modules and a client take, with the modules of this folder.
fn heap(micropython: &Path, modules: &Path) -> Result<u64> {
    let program = "
import gc
gc.collect()
before = gc.mem_alloc()
import umqtt.robust2
client = umqtt.robust2.MQTTClient('client', 'broker')
gc.collect()
print(gc.mem_alloc() - before)
";
    let mut micropython = Command::new(micropython);
    let path = format!("{}:.frozen", modules.display());
    Ok(read(micropython.args(["-c", program]).env("MICROPYPATH", path))?.trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::bytecode;

    #[test]
    fn a_module_with_a_native_part_gets_it_first() {
        let begin = "from _umqtt import _link as _install\n\n_install()\nx = 1\n";
        assert_eq!(bytecode("_link", "x = 1\n"), begin);
        assert_eq!(bytecode("errno", "x = 1\n"), "x = 1\n");
    }
}
