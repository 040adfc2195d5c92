//! What an object must not hold if native code is to be made of it.

use object::{Object, ObjectSection, ObjectSymbol};

use super::architecture::{Architecture, Assembler};
use crate::shell::Result;

/// Refuses variables, and for the ESP8266 also constants in memory.
///
/// # Errors
/// A sentence that names the section and what stands in it.
pub(crate) fn check(architecture: &Architecture, object: &[u8]) -> Result {
    let file = object::File::parse(object)?;
    for section in file.sections().filter(|section| section.size() > 0) {
        let name = section.name()?;
        let is = |prefix: &str| name == prefix || name.starts_with(&format!("{prefix}."));
        let constant = is(".rodata") || is(".data.rel.ro");
        let why = if (is(".data") && !constant) || is(".bss") {
            "native code in a .mpy has no variables: it keeps its state in Python objects"
        } else if constant && architecture.assembler == Some(Assembler::Gnu) {
            "the ESP8266 reads what stands beside its code by words only, and nothing proves that this is"
        } else {
            continue;
        };
        let symbols: Vec<String> = file
            .symbols()
            .filter(|symbol| symbol.section_index() == Some(section.index()))
            .filter_map(|symbol| symbol.name().ok())
            .filter(|symbol| !symbol.is_empty() && *symbol != name)
            .map(|symbol| format!("{:#}", rustc_demangle::demangle(symbol)))
            .collect();
        let what = if symbols.is_empty() { "no symbol".to_owned() } else { symbols.join(", ") };
        return Err(format!(
            "{}: the object has {} bytes in {name} ({what}); {why}",
            architecture.name,
            section.size()
        )
        .into());
    }
    Ok(())
}
