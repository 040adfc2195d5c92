//! The board of the size programs: a link, a clock and settings behind volatile registers, so that the compiler
//! can know nothing of what comes from them.
#![no_std]

use core::panic::PanicInfo;

const LINK: *mut u32 = 0x4000_0000 as *mut u32;
const LINK_COUNT: *const u32 = 0x4000_0004 as *const u32;
const CLOCK: *const u32 = 0x4000_0008 as *const u32;
const SETTING: *const u32 = 0x4000_000c as *const u32;
const OUTPUT: *mut u32 = 0x4000_0010 as *mut u32;

/// The milliseconds of a free-running counter.
pub fn millis() -> u32 {
    // SAFETY: a register of the board; reading it has no effect on memory.
    unsafe { CLOCK.read_volatile() }
}

/// Fills `buffer` with what the link has and tells how much that was.
pub fn read(buffer: &mut [u8]) -> usize {
    // SAFETY: a register of the board; reading it has no effect on memory.
    let count = buffer.len().min(unsafe { LINK_COUNT.read_volatile() } as usize);
    for byte in buffer.iter_mut().take(count) {
        // SAFETY: as above.
        *byte = unsafe { LINK.read_volatile() } as u8;
    }
    count
}

/// Sends all of `bytes`.
pub fn write(bytes: &[u8]) {
    for &byte in bytes {
        // SAFETY: a register of the board; writing it has no effect on memory.
        unsafe { LINK.write_volatile(u32::from(byte)) };
    }
}

/// Shows a byte to the world.
pub fn show(byte: u8) {
    // SAFETY: a register of the board; writing it has no effect on memory.
    unsafe { OUTPUT.write_volatile(u32::from(byte)) };
}

/// Fills `buffer` with a setting: a topic, a payload, a name.
pub fn setting(buffer: &mut [u8]) -> &[u8] {
    for byte in buffer.iter_mut() {
        // SAFETY: a register of the board; reading it has no effect on memory.
        *byte = unsafe { SETTING.read_volatile() } as u8;
    }
    buffer
}

/// Memory that is there from the start, as a device has it; to be taken once.
pub struct Memory {
    pub input: [u8; 256],
    pub output: [u8; 256],
    pub scratch: [u8; 128],
}

/// Lends the memory.
pub fn memory() -> &'static mut Memory {
    static mut MEMORY: Memory = Memory { input: [0; 256], output: [0; 256], scratch: [0; 128] };
    let memory = &raw mut MEMORY;
    // SAFETY: each program calls this once, and has neither threads nor interrupts.
    unsafe { &mut *memory }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
