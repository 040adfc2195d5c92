//! `cargo xtask user-module`: umqtt as a part of a firmware, with its code in flash.

mod check;

use std::fs;
use std::path::{Path, PathBuf};

use object::{Object, ObjectSection, SectionKind};

use super::architecture::{Architecture, Assembler, chosen};
use super::build::{self, PARTS};
use super::{guard, place, qstrs, xtensa};
use crate::arguments::Arguments;
use crate::shell::{Result, command, read, root};
use crate::source::text;
pub(crate) use check::check;

pub(crate) const HELP: &str = "
Usage: cargo xtask user-module [--arch all|NAME[,NAME]] [--check]

Builds what a firmware needs to have umqtt built in, for MicroPython 1.23 and newer, and writes a
folder for each architecture, which can be copied anywhere:
  dist/micropython/user_module/NAME/umqtt/       for USER_C_MODULES
  dist/micropython/user_module/NAME/manifest.py  for FROZEN_MANIFEST

Names are those of `cargo xtask mpy`. See micropython/user_module/README.md for how to build a
firmware with it.

  --check   build MicroPython with it for this machine, a Cortex-M3 and the ESP8266's CPU, run the
            tests of the modules on them, and compare sizes
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
    let mut objcopy = command(&xtensa::llvm("llvm-objcopy")?.to_string_lossy(), &["--wildcard"]);
    // What tells how to unwind its frames, which nobody does, and not every linker script has a place for.
    objcopy.arg("--remove-section=.ARM.exidx*");
    if architecture.assembler == Some(Assembler::Gnu) {
        // The linker script of the ESP8266 puts into RAM what is not called so.
        for section in ["text", "literal"] {
            objcopy.arg(format!("--rename-section=.{section}=.irom0.{section}"));
        }
    }
    read(objcopy.args([&object, &native]))?;
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
