//! What an object must not hold if native code is to be made of it.

use object::{Object, ObjectSection, ObjectSymbol};

use super::architecture::{Architecture, Assembler};
use crate::shell::Result;

/// Refuses panics and variables, and for the ESP8266 also constants in memory.
///
/// Panics show where the processor has no instruction that ends a program, as on Xtensa: the compiler calls
/// `abort` then.
///
/// # Errors
/// A sentence that names the section and what stands in it.
pub(crate) fn check(architecture: &Architecture, object: &[u8]) -> Result {
    let file = object::File::parse(object)?;
    if file.symbols().any(|symbol| symbol.is_undefined() && symbol.name() == Ok("abort")) {
        let name = architecture.name;
        return Err(format!("{name}: a panic can be reached: the object calls `abort`").into());
    }
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

#[cfg(test)]
mod tests {
    use object::write::{Object, StandardSection, Symbol, SymbolSection};
    use object::{BinaryFormat, Endianness, SymbolFlags, SymbolKind, SymbolScope};

    use super::super::architecture::named;
    use super::check;

    /// An object with a function, and eight bytes under a name in another section.
    fn object(section: StandardSection, name: &str) -> Vec<u8> {
        let mut object = Object::new(BinaryFormat::Elf, object::Architecture::Xtensa, Endianness::Little);
        let text = object.section_id(StandardSection::Text);
        object.append_section_data(text, &[0; 16], 4);
        let section = object.section_id(section);
        if section == object.section_id(StandardSection::UninitializedData) {
            object.append_section_bss(section, 8, 4);
        } else if section != text {
            object.append_section_data(section, b"\0MQTT\0\0\0", 4);
        }
        object.add_symbol(symbol(name, SymbolSection::Section(section)));
        object.write().unwrap()
    }

    fn symbol(name: &str, section: SymbolSection) -> Symbol {
        Symbol {
            name: name.into(),
            value: 0,
            size: 8,
            kind: SymbolKind::Data,
            scope: SymbolScope::Linkage,
            weak: false,
            section,
            flags: SymbolFlags::None,
        }
    }

    #[track_caller]
    fn refused(architecture: &str, object: &[u8]) -> String {
        check(named(architecture).unwrap(), object)
            .map_err(|error| error.to_string())
            .err()
            .unwrap_or_default()
    }

    #[test]
    fn constants_in_memory_are_refused_for_the_esp8266_and_only_there() {
        for (section, name) in [
            (StandardSection::ReadOnlyData, ".rodata"),
            (StandardSection::ReadOnlyDataWithRel, ".data.rel.ro"),
        ] {
            let table = object(section, "CODES");
            assert_eq!(
                refused("xtensa", &table),
                format!(
                    "xtensa: the object has 8 bytes in {name} (CODES); \
                     the ESP8266 reads what stands beside its code by words only, and nothing proves that this is"
                )
            );
            assert_eq!(refused("xtensawin", &table), "");
        }
        assert_eq!(refused("xtensa", &object(StandardSection::Text, "mpy_init")), "");
    }

    #[test]
    fn a_panic_is_refused() {
        let mut object = Object::new(BinaryFormat::Elf, object::Architecture::Xtensa, Endianness::Little);
        for name in ["abort", "memcpy"] {
            object.add_symbol(symbol(name, SymbolSection::Undefined));
        }
        assert_eq!(
            refused("xtensawin", &object.write().unwrap()),
            "xtensawin: a panic can be reached: the object calls `abort`"
        );
    }

    #[test]
    fn variables_are_refused_everywhere() {
        for architecture in ["x64", "armv7m", "xtensa", "xtensawin"] {
            for (section, name) in
                [(StandardSection::Data, ".data"), (StandardSection::UninitializedData, ".bss")]
            {
                let said = refused(architecture, &object(section, "COUNTER"));
                let start =
                    format!("{architecture}: the object has 8 bytes in {name} (COUNTER); native code");
                assert!(said.starts_with(&start), "{said}");
            }
        }
    }
}
