//! The processors for which MicroPython loads native code.

use std::ops::RangeInclusive;

use crate::shell::Result;

/// One architecture, as `.mpy` files tell them apart.
#[derive(Debug)]
pub(crate) struct Architecture {
    /// MicroPython's own name of it.
    pub(crate) name: &'static str,
    /// Its number in the header of a `.mpy` file.
    pub(crate) number: u8,
    /// The target of rustc, or the name of a file in `micropython/targets`.
    pub(crate) target: &'static str,
    /// How assembly becomes an object, where rustc's own objects cannot be linked.
    pub(crate) assembler: Option<Assembler>,
    /// Boards that have it.
    pub(crate) boards: &'static str,
}

/// What turns the assembly for Xtensa into an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assembler {
    /// GNU as for the lx106, the processor of the ESP8266.
    Gnu,
    /// LLVM's code generator, for this processor.
    Llvm(&'static str),
}

impl Architecture {
    const fn new(name: &'static str, number: u8, target: &'static str, boards: &'static str) -> Self {
        Self { name, number, target, assembler: None, boards }
    }

    /// The numbers of the architectures that run it: an ARM runs what was built for a lesser one.
    pub(crate) fn runs_on(&self) -> RangeInclusive<u8> {
        let arm = 4..=8;
        self.number..=if arm.contains(&self.number) { *arm.end() } else { self.number }
    }

    const fn assembled_by(mut self, assembler: Assembler) -> Self {
        self.assembler = Some(assembler);
        self
    }
}

/// Every architecture that umqtt is built for.
pub(crate) const ARCHITECTURES: [Architecture; 8] = [
    Architecture::new("x64", 2, "x86_64-unknown-none", "the Unix port on x86-64"),
    Architecture::new("armv6m", 4, "thumbv6m-none-eabi", "Cortex-M0: RP2040, Pico W"),
    Architecture::new("armv7m", 5, "thumbv7m-none-eabi", "Cortex-M3"),
    Architecture::new("armv7emsp", 7, "thumbv7em-none-eabihf", "Cortex-M4F, M33: STM32F4, RP2350"),
    Architecture::new("armv7emdp", 8, "thumbv7em-none-eabihf", "Cortex-M7: STM32F7, STM32H7"),
    Architecture::new("rv32imc", 11, "riscv32imc-unknown-none-elf", "ESP32-C3, ESP32-C6"),
    Architecture::new("xtensa", 9, "xtensa", "ESP8266").assembled_by(Assembler::Gnu),
    Architecture::new("xtensawin", 10, "xtensawin", "ESP32, ESP32-S2, ESP32-S3")
        .assembled_by(Assembler::Llvm("esp32")),
];

/// The architectures of `all`, or of names between commas.
///
/// # Errors
/// An unknown name, with the names that there are.
pub(crate) fn chosen(names: &str) -> Result<Vec<&'static Architecture>> {
    if names == "all" {
        return Ok(ARCHITECTURES.iter().collect());
    }
    names.split(',').map(named).collect()
}

/// The architecture of this name.
///
/// # Errors
/// An unknown name, with the names that there are.
pub(crate) fn named(name: &str) -> Result<&'static Architecture> {
    ARCHITECTURES.iter().find(|architecture| architecture.name == name).ok_or_else(|| {
        let names: Vec<&str> = ARCHITECTURES.iter().map(|architecture| architecture.name).collect();
        format!("no architecture is called `{name}`; there are {}", names.join(", ")).into()
    })
}

#[cfg(test)]
mod tests {
    use super::{Architecture, chosen, named};

    #[test]
    fn architectures_are_known_by_name_and_run_on_their_like() {
        let names = |list: &str| chosen(list).map(|all| all.iter().map(|one| one.name).collect::<Vec<_>>());
        assert_eq!(names("armv7m,x64").ok(), Some(vec!["armv7m", "x64"]));
        assert_eq!(names("all").map(|all| all.len()).ok(), Some(8));
        let runs_on = |name| named(name).map(Architecture::runs_on).ok();
        assert_eq!(runs_on("armv7m"), Some(5..=8));
        assert_eq!(runs_on("xtensa"), Some(9..=9));
        let error = named("avr").err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.starts_with("no architecture is called `avr`; there are x64, armv6m"), "{error}");
    }
}
