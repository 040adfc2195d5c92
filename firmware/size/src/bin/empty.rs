//! What a program takes that does nothing with MQTT: the part that is subtracted.
#![no_std]
#![no_main]

/// Uses all of the board, so that only the client is the difference.
// SAFETY: the only symbol of this name; the linker script asks for it.
#[unsafe(no_mangle)]
extern "C" fn reset() -> ! {
    let memory = size::memory();
    size::open();
    loop {
        let count = if size::readable() { size::read(&mut memory.input) } else { 0 };
        if size::writable() {
            size::write(memory.input.get(..count).unwrap_or_default());
        }
        let shown = size::setting(&mut memory.scratch).first().copied().unwrap_or_default();
        size::show(shown ^ size::millis() as u8);
    }
}
