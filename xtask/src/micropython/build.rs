//! `cargo xtask mpy`: native modules for MicroPython, from Rust to `.mpy`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::architecture::{Architecture, Assembler, chosen};
use super::{dist, guard, place, qstrs, user_module, xtensa};
use crate::arguments::Arguments;
use crate::shell::{Result, cargo, read, root};
use crate::source::text;

pub(crate) const HELP: &str = "
Usage: cargo xtask mpy [--arch all|NAME[,NAME]]

Builds umqtt.simple2, umqtt.robust2, umqtt.errno and what they load when it is needed, for
MicroPython 1.23 and newer, and writes a folder for each architecture, with a package.json for mip:
  dist/micropython/NAME/umqtt/*.mpy

Names are MicroPython's own: x64 (Unix port), armv6m (RP2040), armv7m, armv7emsp and armv7emdp
(STM32, RP2350), rv32imc (ESP32-C3, C6), xtensa (ESP8266), xtensawin (ESP32, S2, S3). A board
tells its own: `import sys; sys.implementation._mpy >> 10 & 31` is the number in the table.

The way: the stable rustc compiles micropython/native and core for the architecture into one
object; MicroPython's mpy_ld.py makes native code in a .mpy of it; mpy-cross compiles
micropython/python, without line numbers; mpy-tool.py joins native code and bytecode of a module in one file. For Xtensa, the
compiler's assembly is mended and assembled by GNU as (ESP8266) or llc of llvm-tools (ESP32).

An object with variables (.data, .bss) is refused, as native code in a .mpy has no state; for the
ESP8266 an object with constants in memory (.rodata) too, as that can only be read by words there.

To copy it to a board:
  mpremote mip install dist/micropython/NAME/package.json
";

/// A module with a native part, and the feature of micropython/native that makes this part.
pub(super) struct Part {
    pub(super) module: &'static str,
    feature: Option<&'static str>,
}

pub(super) const PARTS: [Part; 2] =
    [Part { module: "simple2", feature: None }, Part { module: "_link", feature: Some("link") }];

/// Without numbers of lines, which take an eighth of the memory of bytecode; a traceback still names the
/// module and the method. There is no `assert` that could be lost.
pub(super) const OPTIMIZATION: &str = "-O3";

pub(crate) fn run(mut arguments: Arguments) -> Result {
    let names = arguments.value("--arch")?.unwrap_or_else(|| "all".to_owned());
    arguments.finish()?;
    let built = chosen(&names)?.into_iter().map(build).collect::<Result<Vec<_>>>()?;
    print!("{}", dist::table(&built));
    for one in &built {
        println!("wrote {}", one.folder.display());
    }
    Ok(())
}

/// What was built for one architecture.
pub(crate) struct Built {
    pub(crate) architecture: &'static Architecture,
    /// The folder that holds `umqtt/` and `package.json`.
    pub(crate) folder: PathBuf,
    pub(crate) files: Vec<Module>,
}

/// A `.mpy` file.
pub(crate) struct Module {
    pub(crate) path: PathBuf,
    /// The whole file, in bytes.
    pub(crate) size: u64,
    /// Bytes of machine code in it, and of constants beside that.
    pub(crate) native: Option<(u64, u64)>,
}

impl Module {
    pub(crate) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// Builds the modules for one architecture and puts them into `dist`.
///
/// # Errors
/// What a compiler or linker refuses, and what the guard finds.
pub(crate) fn build(architecture: &'static Architecture) -> Result<Built> {
    let work = target_folder().join("mpy").join(architecture.name);
    fs::create_dir_all(&work)?;
    let mut files = bytecode(architecture, &work)?;
    for part in &PARTS {
        let object = object(architecture, part.feature)?;
        guard::check(architecture, &fs::read(&object)?)?;
        let native = link(architecture, part, &object, &work)?;
        let file = files.get_mut(part.module).ok_or_else(|| format!("there is no {}.py", part.module))?;
        let merged = merge(architecture, part, &work)?;
        *file = Module { size: fs::metadata(&merged)?.len(), path: merged, native: Some(native) };
    }
    dist::write(architecture, files)
}

/// Compiles a native part and mends it where it must be mended; gives the object.
pub(super) fn object(architecture: &Architecture, feature: Option<&str>) -> Result<PathBuf> {
    let emitted = compile(architecture, &root().join("micropython/native"), feature)?;
    let Some(assembler) = architecture.assembler else { return Ok(emitted) };
    let mended = emitted.with_extension("o");
    xtensa::assemble(assembler, &emitted, &mended)?;
    Ok(mended)
}

/// Has rustc make an object of a package, or assembly where that must be mended; gives the file.
pub(super) fn compile(architecture: &Architecture, package: &Path, feature: Option<&str>) -> Result<PathBuf> {
    let kind = if architecture.assembler.is_some() { "asm" } else { "obj" };
    let folder = target_folder();
    let name = package.file_name().unwrap_or_default().to_string_lossy();
    let name = format!("{name}-{}.{kind}", feature.unwrap_or("default"));
    let emitted = folder.join(architecture.target).join("release").join(name);
    let mut rustc = cargo(&["rustc", "--quiet", "--release", "--lib", "--crate-type", "staticlib"]);
    rustc.arg("-Zbuild-std=core").arg("--target-dir").arg(&folder);
    rustc.arg("--manifest-path").arg(package.join("Cargo.toml"));
    rustc.args(feature.iter().flat_map(|feature| ["--features", feature]));
    let mut flags = String::from("-Cpanic=immediate-abort -Zunstable-options");
    if architecture.assembler.is_some() {
        let target = root().join("micropython/targets").join(format!("{}.json", architecture.target));
        rustc.arg("--target").arg(target).arg("-Zjson-target-spec");
    } else {
        rustc.args(["--target", architecture.target]);
        // A board's firmware is linked to where it stands.
        let is_fixed = feature == Some(user_module::FEATURE) && architecture.name != "x64";
        flags.push_str(if is_fixed { " -Crelocation-model=static" } else { " -Crelocation-model=pic" });
    }
    if architecture.assembler == Some(Assembler::Gnu) {
        // Tables in memory would have to be read by words.
        flags.push_str(" -Cjump-tables=no");
    }
    rustc.arg("--").arg(format!("--emit={kind}={}", emitted.display()));
    rustc.env("RUSTC_BOOTSTRAP", "1").env_remove("CARGO_ENCODED_RUSTFLAGS").env("RUSTFLAGS", flags);
    read(&mut rustc)?;
    Ok(emitted)
}

/// Makes a `.mpy` of the object alone; gives the bytes of code and of constants.
fn link(architecture: &Architecture, part: &Part, object: &Path, work: &Path) -> Result<(u64, u64)> {
    let names = root().join("micropython/native/src/qstrs.rs");
    fs::write(work.join("qstrs.h"), qstrs::header(&names, part.feature)?)?;
    // The linker keeps the name of its output in the file. MicroPython holds the name of the module anyway, so
    // it takes no memory.
    let module = format!("umqtt.{}", part.module);
    let mut linker = tool("mpy_ld.py")?;
    linker.args(["--arch", architecture.name, "--qstrs", "qstrs.h", "-o", &module]).arg(object);
    let said = run_tool(linker.current_dir(work))?;
    fs::rename(work.join(module), work.join("native.mpy"))?;
    let size = |of: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(of));
        line.and_then(|size| size.trim().parse().ok())
    };
    let code = size("text size:").ok_or_else(|| format!("mpy_ld.py told no size of the code:\n{said}"))?;
    Ok((code, size("rodata size:").unwrap_or(0)))
}

/// Compiles every module written in Python; gives the files by name.
fn bytecode(architecture: &Architecture, work: &Path) -> Result<BTreeMap<String, Module>> {
    let mut compiled = BTreeMap::new();
    // The package that looks at its architecture takes the place of the plain one.
    for folder in ["umqtt", "native"] {
        for entry in fs::read_dir(root().join("micropython/python").join(folder))? {
            let source = entry?.path();
            let Some(stem) = source.file_stem().and_then(|stem| stem.to_str()) else { continue };
            if source.extension().is_none_or(|extension| extension != "py") {
                continue;
            }
            let mut program = String::new();
            if folder == "native" {
                let numbers = architecture.runs_on();
                let (first, last, name) = (numbers.start(), numbers.end(), architecture.name);
                program =
                    format!("_FIRST = const({first})\n_LAST = const({last})\n_NAME = const(\"{name}\")\n");
            }
            program.push_str(&text(&source)?);
            let (input, output) =
                (work.join(stem).with_extension("py"), work.join(stem).with_extension("mpy"));
            fs::write(&input, program)?;
            let module = if stem == "__init__" { "umqtt".to_owned() } else { format!("umqtt.{stem}") };
            let mut cross = Command::new(place::mpy_cross()?);
            read(cross.args([OPTIMIZATION, "-s", &module, "-o"]).args([&output, &input]))?;
            let module = Module { size: fs::metadata(&output)?.len(), path: output, native: None };
            compiled.insert(stem.to_owned(), module);
        }
    }
    Ok(compiled)
}

/// Joins a native part and the bytecode of its module in one file, which runs one after the other.
fn merge(architecture: &Architecture, part: &Part, work: &Path) -> Result<PathBuf> {
    let merged = work.join("merged").join(part.module).with_extension("mpy");
    fs::create_dir_all(work.join("merged"))?;
    let bytecode = work.join(part.module).with_extension("mpy");
    let mut tool = tool("mpy-tool.py")?;
    run_tool(tool.args(["--merge", "-o"]).args([&merged, &work.join("native.mpy"), &bytecode]))?;
    let header = fs::read(&merged)?;
    let Some(&[b'M', 6, features, _]) = header.get(..4) else {
        return Err("mpy-tool.py wrote no .mpy file of version 6".into());
    };
    if features >> 2 == architecture.number {
        return Ok(merged);
    }
    let (name, number) = (architecture.name, architecture.number);
    Err(format!("the joined file is for architecture {}, not for {number} ({name})", features >> 2).into())
}

/// One of MicroPython's tools.
pub(super) fn tool(name: &str) -> Result<Command> {
    let mut tool = Command::new(place::python()?);
    tool.arg(place::tools()?.join(name));
    Ok(tool)
}

/// Runs a tool that writes its errors to either stream; gives its output.
pub(super) fn run_tool(tool: &mut Command) -> Result<String> {
    let output = tool.output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let program = tool.get_args().next().map(Path::new).and_then(Path::file_name);
    Err(format!("{} failed:\n{said}{errors}", program.unwrap_or_default().display()).into())
}

/// Where everything is built.
pub(super) fn target_folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    root().join(target).join("micropython")
}
