//! The blocking client, with a store in RAM.
#![no_std]
#![no_main]

use umqtt::{Memory, RamStore, Slot};

// SAFETY: the only symbol of this name; the linker script asks for it.
#[unsafe(no_mangle)]
extern "C" fn reset() -> ! {
    let size::Buffers { input, output, scratch, store } = size::memory();
    let mut slots = [Slot::EMPTY; 4];
    let mut incoming = [0; umqtt::INCOMING];
    let memory = Memory::of(&mut input[..], &mut output[..], &mut slots[..])
        .with_incoming(&mut incoming)
        .with_store(RamStore::new(&mut store[..]));
    size::blocking::run::<false, _>(&mut size::blocking::client(memory), scratch)
}
