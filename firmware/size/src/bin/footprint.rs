//! The sizes that the compiler gives to a session's types on this target, for `cargo xtask size` to read.
#![no_std]
#![no_main]

use umqtt_proto::{NoStore, Receiver, Session, Slot};

/// A session whose buffers are the caller's.
// SAFETY: the only symbol of this name.
#[unsafe(no_mangle)]
static SIZE_OF_SESSION: usize = size_of::<Session<&mut [u8], &mut [Slot], NoStore>>();

/// A receiver whose buffer is the caller's.
// SAFETY: the only symbol of this name.
#[unsafe(no_mangle)]
static SIZE_OF_RECEIVER: usize = size_of::<Receiver<&mut [u8]>>();

/// A packet in flight.
// SAFETY: the only symbol of this name.
#[unsafe(no_mangle)]
static SIZE_OF_SLOT: usize = size_of::<Slot>();

/// Keeps them from being dropped.
// SAFETY: the only symbol of this name; the linker script asks for it.
#[unsafe(no_mangle)]
extern "C" fn reset() -> ! {
    loop {
        for size in [&raw const SIZE_OF_SESSION, &raw const SIZE_OF_RECEIVER, &raw const SIZE_OF_SLOT] {
            // SAFETY: a static is readable.
            size::show(unsafe { size.read_volatile() } as u8);
        }
    }
}
