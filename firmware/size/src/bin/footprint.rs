//! The sizes that the compiler gives to the types on this target, for `cargo xtask size` to read.
#![no_std]
#![no_main]

use size::blocking::BoardClient;
use umqtt::Memory;
use umqtt_proto::{Engine, NoStore, Parts, Receiver, Slot, Whole};

/// An engine whose buffers and slots are the caller's.
type EngineFor<const INCOMING: usize> =
    Engine<&'static mut [u8], &'static mut [Slot], NoStore, [u16; INCOMING]>;
type MemoryInSlices = Memory<&'static mut [u8], &'static mut [u8], &'static mut [Slot], [u16; 0]>;

macro_rules! sizes {
    ($($name:ident = $size:expr;)+) => {
        $(
            // SAFETY: the only symbol of this name.
            #[unsafe(no_mangle)]
            static $name: usize = $size;
        )+

        /// Keeps them from being dropped.
        // SAFETY: the only symbol of this name; the linker script asks for it.
        #[unsafe(no_mangle)]
        extern "C" fn reset() -> ! {
            loop {
                for size in [$(&raw const $name),+] {
                    // SAFETY: a static is readable.
                    size::show(unsafe { size.read_volatile() } as u8);
                }
            }
        }
    };
}

sizes! {
    SIZE_OF_ENGINE = size_of::<EngineFor<0>>();
    SIZE_OF_RECEIVER = size_of::<Receiver<&'static mut [u8], Whole>>();
    SIZE_OF_RECEIVER_FOR_PARTS = size_of::<Receiver<&'static mut [u8], Parts>>();
    SIZE_OF_SLOT = size_of::<Slot>();
    SIZE_OF_INCOMING_ID = (size_of::<EngineFor<64>>() - size_of::<EngineFor<0>>()) / 64;
    SIZE_OF_CLIENT = size_of::<BoardClient<MemoryInSlices>>();
}
