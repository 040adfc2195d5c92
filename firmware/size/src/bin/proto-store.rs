//! The core, with a store in RAM.
#![no_std]
#![no_main]

use umqtt_proto::{RamStore, Receiver};

// SAFETY: the only symbol of this name; the linker script asks for it.
#[unsafe(no_mangle)]
extern "C" fn reset() -> ! {
    let size::Buffers { input, output, scratch, store } = size::memory();
    size::core_loop::run::<false, _, _>(
        Receiver::whole(&mut input[..]),
        output,
        RamStore::new(&mut store[..]),
        scratch,
    )
}
