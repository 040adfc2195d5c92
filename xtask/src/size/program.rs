//! A linked program: what of it a device must hold.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use object::elf::{SHF_ALLOC, SHF_WRITE};
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, SymbolKind};

use crate::shell::{Result, root};

/// The end of the board's memory, as `firmware/size/link.x` has it; the stack begins there.
const END_OF_MEMORY: u32 = 0x2001_0000;

pub(super) struct Program {
    pub(super) path: PathBuf,
    /// Bytes in flash: all that is loaded, whatever the linker calls it.
    pub(super) flash: u64,
    /// Bytes of memory that are taken from the start.
    pub(super) memory: u64,
    /// Where the stack can grow.
    pub(super) stack: Range<u32>,
    functions: BTreeMap<String, u64>,
    words: BTreeMap<String, u64>,
}

impl Program {
    /// Reads a program of `firmware/size` that was built for this target.
    pub(super) fn load(target: &str, name: &str) -> Result<Self> {
        let folder = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root().join("firmware/target"), |folder| root().join(folder));
        Self::read(&folder.join(target).join("release").join(name))
    }

    pub(super) fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(path, &bytes)
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let file = object::File::parse(bytes)?;
        let (mut flash, mut memory, mut top) = (0, 0, 0x2000_0000);
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags, .. } = section.flags() else { continue };
            if !sh_flags.contains(SHF_ALLOC) {
                continue;
            }
            if section.kind() != SectionKind::UninitializedData {
                flash += section.size();
            }
            if sh_flags.contains(SHF_WRITE) {
                memory += section.size();
                top = top.max(section.address() + section.size());
            }
        }
        let stack = u32::try_from(top)?..END_OF_MEMORY;
        let (mut functions, mut words) = (BTreeMap::new(), BTreeMap::new());
        for symbol in file.symbols() {
            let name = format!("{:#}", rustc_demangle::demangle(symbol.name()?));
            match symbol.kind() {
                SymbolKind::Text => *functions.entry(name).or_default() += symbol.size(),
                SymbolKind::Data => {
                    let section = symbol.section_index().map(|index| file.section_by_index(index));
                    let Some(section) = section.transpose()? else { continue };
                    if let Ok(Some(&[a, b, c, d])) = section.data_range(symbol.address(), 4) {
                        words.insert(name, u64::from(u32::from_le_bytes([a, b, c, d])));
                    }
                }
                _ => {}
            }
        }
        Ok(Self { path: path.to_owned(), flash, memory, stack, functions, words })
    }

    /// The part of the flash that is the compiler's own `memcpy` and the like, which most firmware has anyway.
    pub(super) fn runtime(&self) -> u64 {
        let is_runtime = |name: &str| name.starts_with("compiler_builtins::") || name.starts_with("__aeabi_");
        self.functions.iter().filter(|(name, _)| is_runtime(name)).map(|(_, size)| size).sum()
    }

    /// The value of a static.
    pub(super) fn word(&self, name: &str) -> Result<u64> {
        let value = self.words.get(name).copied();
        value.ok_or_else(|| format!("{} has no static {name}", self.path.display()).into())
    }

    /// The largest functions, one a line.
    pub(super) fn largest(&self, count: usize) -> String {
        let mut functions: Vec<(&String, &u64)> = self.functions.iter().collect();
        functions.sort_by(|one, other| other.1.cmp(one.1).then(one.0.cmp(other.0)));
        functions.iter().take(count).fold(String::new(), |mut list, (name, size)| {
            let _ = writeln!(list, "{size:6} {name}");
            list
        })
    }
}

#[cfg(test)]
mod tests {
    use object::write::Object;
    use object::{Architecture, BinaryFormat, Endianness};

    use super::*;

    #[test]
    fn every_byte_that_is_loaded_counts_and_no_other() {
        let mut file = Object::new(BinaryFormat::Elf, Architecture::Arm, Endianness::Little);
        for (name, kind, length) in [
            (".text", SectionKind::Text, 1),
            (".rodata", SectionKind::ReadOnlyData, 10),
            // So a linker marks `.rodata` that holds nothing but text.
            (".rodata.str1.1", SectionKind::ReadOnlyString, 100),
            (".data", SectionKind::Data, 1_000),
            (".debug_info", SectionKind::Debug, 10_000),
        ] {
            let section = file.add_section(Vec::new(), name.into(), kind);
            file.append_section_data(section, &vec![1; length], 1);
        }
        let bss = file.add_section(Vec::new(), ".bss".into(), SectionKind::UninitializedData);
        file.append_section_bss(bss, 100_000, 1);
        let program = Program::parse(Path::new("a"), &file.write().unwrap()).unwrap();
        assert_eq!((program.flash, program.memory), (1_111, 101_000));
    }
}
