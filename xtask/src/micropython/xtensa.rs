//! From rustc's assembly for Xtensa to an object that MicroPython's linker links right.
//!
//! LLVM 22 places literals wrongly and its objects hold what `mpy_ld.py` does not expect, so the assembly is
//! mended before it is assembled, and one kind of instruction after.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use object::{Object, ObjectSection, RelocationFlags, elf};

use super::architecture::Assembler;
use super::narrow::narrow;
use crate::shell::{Result, command, read};
use crate::source::text;

/// Mends the assembly in `source` and writes the object.
///
/// # Errors
/// An assembler that is missing or refuses the assembly, and what cannot be mended.
pub(crate) fn assemble(assembler: Assembler, source: &Path, object: &Path) -> Result {
    let mended = mend(&text(source)?, assembler)?;
    match assembler {
        Assembler::Gnu => {
            let input = object.with_extension("mended.s");
            fs::write(&input, mended)?;
            read(command("xtensa-lx106-elf-as", &["-o"]).args([object, &input]))?;
        }
        Assembler::Llvm(processor) => {
            let input = object.with_extension("mended.ll");
            fs::write(&input, as_module(&mended))?;
            let mut llc =
                command(&llvm("llc")?.to_string_lossy(), &["-mtriple=xtensa-none-elf", "-filetype=obj"]);
            read(llc.arg(format!("-mcpu={processor}")).arg("-o").args([object, &input]))?;
            let mut bytes = fs::read(object)?;
            clear_literal_loads(&mut bytes)?;
            fs::write(object, bytes)?;
        }
    }
    Ok(())
}

/// A program of LLVM, which comes with rustup's `llvm-tools`.
pub(super) fn llvm(name: &str) -> Result<PathBuf> {
    let libraries = read(&mut command("rustc", &["--print", "target-libdir"]))?;
    let program = Path::new(libraries.trim()).with_file_name("bin").join(name);
    if program.is_file() {
        return Ok(program);
    }
    Err(format!("{} is not there: `rustup component add llvm-tools` brings it", program.display()).into())
}

/// Assembly wrapped for `llc`, which stands in for an assembler.
fn as_module(assembly: &str) -> String {
    assembly.lines().fold(String::from("target triple = \"xtensa-none-elf\"\n"), |mut module, line| {
        let _ = writeln!(module, "module asm \"{}\"", line.replace('\\', "\\5C").replace('"', "\\22"));
        module
    })
}

fn mend(assembly: &str, assembler: Assembler) -> Result<String> {
    let lines = hold_literals(assembly);
    let addressing = sections_with_addresses(&lines);
    let is_llvm = assembler != Assembler::Gnu;
    let labels: BTreeSet<&str> = lines.iter().filter_map(|line| label(line)).collect();
    let mut referred = BTreeSet::new();
    let mut mended = Vec::new();
    for line in lines {
        let mut line = Cow::Borrowed(line);
        if let Some(section) = section(&line) {
            line = Cow::Owned(rename(&line, section, &addressing));
        } else if let Some((before, symbol)) = reference(&line)?
            && is_llvm
            && let Some(label) = labels.get(symbol)
        {
            referred.insert(*label);
            line = Cow::Owned(format!("{before}{}", alias(symbol)));
        } else if is_llvm && let Cow::Borrowed(whole) = line {
            line = narrow(whole);
        }
        mended.push(line);
    }
    let mut text = String::new();
    for line in mended {
        // mpy_ld.py wants a symbol without an addend; LLVM makes section and addend of what is not global.
        if let Some(alias) = label(&line).filter(|label| referred.contains(label)).map(alias) {
            let _ = writeln!(text, "\t.global\t{alias}\n{alias}:");
        }
        let _ = writeln!(text, "{line}");
    }
    Ok(text)
}

/// Moves literals to the function that they belong to: LLVM writes them while the section of the one before
/// is current, which after a table of jumps is not even a section of code.
fn hold_literals(assembly: &str) -> Vec<&str> {
    let (mut lines, mut held) = (Vec::new(), Vec::new());
    for line in assembly.lines().map(str::trim_end) {
        match directive(line) {
            Some((".literal" | ".literal_position", _)) => {
                held.push(line);
                continue;
            }
            Some((".file" | ".ident" | ".addrsig" | ".addrsig_sym", _)) => continue,
            Some((".type", rest)) if rest.ends_with("@function") => lines.append(&mut held),
            _ => {}
        }
        lines.push(line);
    }
    lines
}

/// The constants that hold addresses; in `.rodata`, `mpy_ld.py` would write something else in their place.
fn sections_with_addresses<'a>(lines: &[&'a str]) -> BTreeSet<&'a str> {
    let (mut current, mut found) = ("", BTreeSet::new());
    for line in lines {
        match directive(line) {
            Some((".text" | ".data" | ".bss", _)) => current = "",
            Some((".long", value)) if value.starts_with(starts_symbol) && !current.is_empty() => {
                found.insert(current);
            }
            _ => current = section(line).unwrap_or(current),
        }
    }
    found
}

/// One section of code, as `mpy_ld.py` knows literals by the place in their file; and addresses apart.
fn rename(line: &str, section: &str, addressing: &BTreeSet<&str>) -> String {
    if section.starts_with(".text") {
        return "\t.text".to_owned();
    }
    match section.strip_prefix(".rodata").filter(|_| addressing.contains(section)) {
        Some(rest) => format!("\t.section\t.data.rel.ro{rest},\"a\",@progbits"),
        None => line.to_owned(),
    }
}

/// The symbol that a literal or a word of data is, with what stands before it.
fn reference(line: &str) -> Result<Option<(&str, &str)>> {
    let value = match directive(line) {
        Some((".literal", rest)) => rest.split_once(',').map_or("", |(_, value)| value.trim_start()),
        Some((".long", value)) => value,
        _ => "",
    };
    if !value.starts_with(starts_symbol) {
        return Ok(None);
    }
    if value.contains(|c: char| !(starts_symbol(c) || c.is_ascii_digit())) {
        return Err(format!("mpy_ld.py cannot link a symbol with something added: `{}`", line.trim()).into());
    }
    Ok(line.strip_suffix(value).map(|before| (before, value)))
}

fn starts_symbol(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '_' | '.' | '$')
}

fn alias(symbol: &str) -> String {
    format!("__global_{}", symbol.replace('.', "_"))
}

/// A line such as `\t.literal a, b`, in two.
fn directive(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    if !line.starts_with('.') || line.ends_with(':') {
        return None;
    }
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    Some((name, rest.trim_start()))
}

fn section(line: &str) -> Option<&str> {
    let (_, rest) = directive(line).filter(|(name, _)| *name == ".section")?;
    rest.split(',').next().map(|name| name.trim_matches('"'))
}

fn label(line: &str) -> Option<&str> {
    line.strip_suffix(':').filter(|label| label.starts_with(starts_symbol))
}

/// Clears the distance in `l32r` instructions that have a relocation: LLVM leaves one there, and `mpy_ld.py`
/// adds its own to it.
fn clear_literal_loads(object: &mut [u8]) -> Result {
    let mut loads = Vec::new();
    let file = object::File::parse(&*object)?;
    for section in file.sections() {
        let Some((start, _)) = section.file_range() else { continue };
        for (offset, relocation) in section.relocations() {
            if relocation.flags() == (RelocationFlags::Elf { r_type: elf::R_XTENSA_SLOT0_OP }) {
                loads.push(usize::try_from(start + offset)?);
            }
        }
    }
    for at in loads {
        if let Some([operation, low, high]) = object.get_mut(at..at + 3)
            && *operation & 15 == 1
        {
            (*low, *high) = (0, 0);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Assembler, as_module, clear_literal_loads, mend};
    use object::write::{Object, Relocation, Symbol, SymbolSection};
    use object::{RelocationFlags, SectionKind, SymbolFlags, SymbolKind, SymbolScope, elf};

    const WINDOWED: Assembler = Assembler::Llvm("esp32");

    #[track_caller]
    fn check(assembler: Assembler, before: &str, after: &str) {
        assert_eq!(mend(before, assembler).unwrap(), after);
    }

    #[test]
    fn literals_are_held_back_until_their_function() {
        let before = "\t.file\t\"a\"\n\t.section\t.rodata.f,\"a\",@progbits\n.LJTI0_0:\n\t.long\t7\n\t.literal_position\n\
                      \t.literal .LCPI1_0, 3767\n\t.section\t.text.g,\"ax\",@progbits\n\t.type\tg,@function\ng:\n\tret\n";
        let after = "\t.section\t.rodata.f,\"a\",@progbits\n.LJTI0_0:\n\t.long\t7\n\t.text\n\t.literal_position\n\
                     \t.literal .LCPI1_0, 3767\n\t.type\tg,@function\ng:\n\tret\n";
        check(Assembler::Gnu, before, after);
    }

    #[test]
    fn all_code_stands_in_one_section() {
        let before = "\t.section\t.text.f,\"ax\",@progbits\nf:\n\tret\n\t.section\t.text.unlikely.g,\"ax\",@progbits\ng:\n";
        check(Assembler::Gnu, before, "\t.text\nf:\n\tret\n\t.text\ng:\n");
    }

    #[test]
    fn constants_with_addresses_stand_apart() {
        let before = "\t.section\t.rodata.a,\"a\",@progbits\na:\n\t.long\tf\n\t.section\t.rodata.b,\"a\",@progbits\nb:\n\t.long\t5\n";
        let after = "\t.section\t.data.rel.ro.a,\"a\",@progbits\na:\n\t.long\tf\n\t.section\t.rodata.b,\"a\",@progbits\nb:\n\t.long\t5\n";
        check(Assembler::Gnu, before, after);
        check(WINDOWED, before, after);
    }

    #[test]
    fn llvm_refers_to_symbols_of_its_own_by_global_names() {
        let before =
            "\t.literal .LCPI0_0, .Lf\n\t.literal .LCPI0_1, memcpy\n\t.type\t.Lf,@function\n.Lf:\n\tret\n";
        let after = "\t.literal .LCPI0_0, __global__Lf\n\t.literal .LCPI0_1, memcpy\n\t.type\t.Lf,@function\n\
                     \t.global\t__global__Lf\n__global__Lf:\n.Lf:\n\tret\n";
        check(WINDOWED, before, after);
        check(Assembler::Gnu, before, before);
    }

    #[test]
    fn a_symbol_with_something_added_is_refused() {
        for line in ["\t.literal .LCPI0_0, table+4\n\t.type\tf,@function\n", "\t.long\t.Lf-.Lg\n"] {
            let error = mend(line, WINDOWED).unwrap_err().to_string();
            assert!(error.starts_with("mpy_ld.py cannot link a symbol with something added: `."), "{error}");
        }
    }

    #[test]
    fn quotes_and_backslashes_survive_the_module() {
        let module = as_module("\t.ascii\t\"a\\n\"\n");
        assert_eq!(module, "target triple = \"xtensa-none-elf\"\nmodule asm \"\t.ascii\t\\22a\\5Cn\\22\"\n");
    }

    #[test]
    fn only_literal_loads_with_a_relocation_are_cleared() {
        let mut object =
            Object::new(object::BinaryFormat::Elf, object::Architecture::Xtensa, object::Endianness::Little);
        let text = object.add_section(Vec::new(), b".text".to_vec(), SectionKind::Text);
        // l32r a8; call0; l32r a9, of which the first two have a relocation.
        let code = [0x81, 0xfe, 0xff, 0x05, 0x34, 0x12, 0x91, 0xfd, 0xff];
        object.section_mut(text).set_data(code.to_vec(), 4);
        let symbol = object.add_symbol(Symbol {
            name: b"literal".to_vec(),
            value: 0,
            size: 0,
            kind: SymbolKind::Text,
            scope: SymbolScope::Linkage,
            weak: false,
            section: SymbolSection::Undefined,
            flags: SymbolFlags::None,
        });
        for offset in [0, 3] {
            let flags = RelocationFlags::Elf { r_type: elf::R_XTENSA_SLOT0_OP };
            object.add_relocation(text, Relocation { offset, symbol, addend: 0, flags }).unwrap();
        }
        let mut bytes = object.write().unwrap();
        clear_literal_loads(&mut bytes).unwrap();
        let at = bytes.windows(3).position(|bytes| bytes == [0x05, 0x34, 0x12]).unwrap();
        assert_eq!(bytes[at - 3..at + 6], [0x81, 0, 0, 0x05, 0x34, 0x12, 0x91, 0xfd, 0xff]);
    }
}
