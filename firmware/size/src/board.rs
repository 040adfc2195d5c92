//! The board: a link, a clock, settings and an output behind volatile registers. They lie where QEMU's `mps2-an386`
//! has memory, so that `cargo xtask size` can play the hardware.

use core::panic::PanicInfo;

const LINK: *mut u32 = 0x2100_0000 as *mut u32;
const LINK_COUNT: *const u32 = 0x2100_0004 as *const u32;
const CLOCK: *const u32 = 0x2100_0008 as *const u32;
const SETTING: *const u32 = 0x2100_000c as *const u32;
const OUTPUT: *mut u32 = 0x2100_0010 as *mut u32;
const LINK_ROOM: *const u32 = 0x2100_0014 as *const u32;
const LINK_OPEN: *mut u32 = 0x2100_0018 as *mut u32;

/// The milliseconds of a free-running counter.
pub fn millis() -> u32 {
    // SAFETY: a register of the board; reading it has no effect on memory.
    unsafe { CLOCK.read_volatile() }
}

/// Opens the link anew.
pub fn open() {
    // SAFETY: a register of the board; writing it has no effect on memory.
    unsafe { LINK_OPEN.write_volatile(1) };
}

/// Whether the link has bytes.
pub fn readable() -> bool {
    // SAFETY: a register of the board; reading it has no effect on memory.
    unsafe { LINK_COUNT.read_volatile() != 0 }
}

/// Whether the link takes bytes without waiting.
pub fn writable() -> bool {
    // SAFETY: a register of the board; reading it has no effect on memory.
    unsafe { LINK_ROOM.read_volatile() != 0 }
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

/// Memory that is there from the start, as a device has it.
pub struct Buffers {
    pub input: [u8; 256],
    pub output: [u8; 256],
    pub scratch: [u8; 128],
    pub store: [u8; 512],
}

/// Lends the memory; to be called once.
pub fn memory() -> &'static mut Buffers {
    static mut BUFFERS: Buffers =
        Buffers { input: [0; 256], output: [0; 256], scratch: [0; 128], store: [0; 512] };
    let buffers = &raw mut BUFFERS;
    // SAFETY: each program calls this once, and has neither threads nor interrupts.
    unsafe { &mut *buffers }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
