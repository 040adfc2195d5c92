//! The core, with messages that are larger than the receive buffer.
#![no_std]
#![no_main]

use umqtt_proto::{NoStore, Receiver};

// SAFETY: the only symbol of this name; the linker script asks for it.
#[unsafe(no_mangle)]
extern "C" fn reset() -> ! {
    let size::Buffers { input, output, scratch, .. } = size::memory();
    size::core_loop::run::<true, _, _>(Receiver::new(&mut input[..]), output, NoStore, scratch)
}
