//! From rustc's assembly for Xtensa to an object that MicroPython's linker links right.

use std::path::Path;

use super::architecture::Assembler;
use crate::shell::Result;

/// Mends the assembly in `source` and writes the object.
pub(crate) fn assemble(assembler: Assembler, source: &Path, object: &Path) -> Result {
    Err(format!("{assembler:?}: {} to {}", source.display(), object.display()).into())
}
