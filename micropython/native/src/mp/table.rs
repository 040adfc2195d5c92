//! Declarations from MicroPython's headers: its table of functions, and the objects that we look into.

use super::{Iteration, Native, Obj};

/// `mp_module_context_t`
#[repr(C)]
pub(super) struct Context {
    pub(super) module_type: usize,
    pub(super) globals: Obj,
    pub(super) qstrs: *const u16,
    pub(super) objects: *const Obj,
}

/// The head of `mp_raw_code_t`, as `make_function` reads it.
#[repr(C)]
pub(super) struct RawCode {
    pub(super) indicator: [u8; 2],
    pub(super) kind: u8,
    pub(super) is_generator: bool,
    pub(super) code: Native,
    pub(super) rest: [usize; 2],
}

/// `MP_CODE_NATIVE_VIPER`
pub(super) const NATIVE_VIPER: u8 = 4;

/// `mp_buffer_info_t`
#[repr(C)]
pub(super) struct BufferInfo {
    pub(super) start: *mut u8,
    pub(super) length: usize,
    pub(super) typecode: i32,
}

/// `MP_BUFFER_READ | MP_BUFFER_RAISE_IF_UNSUPPORTED`
pub(super) const READ_OR_RAISE: usize = 1 | 4;

/// `MP_BUFFER_READ`
pub(super) const READ: usize = 1;

/// `mp_obj_array_t` of a `memoryview`
#[repr(C)]
pub(super) struct Array {
    pub(super) object_type: usize,
    /// The type in the lowest byte, and above that the offset from `items`.
    pub(super) typecode_and_offset: usize,
    pub(super) length: usize,
    pub(super) items: *mut u8,
}

/// `mp_stream_p_t`
#[repr(C)]
pub(super) struct Stream {
    pub(super) _read: usize,
    pub(super) _write: usize,
    pub(super) ioctl: extern "C" fn(Obj, usize, usize, &mut i32) -> usize,
}

/// `MP_STREAM_OP_IOCTL`, `MP_STREAM_POLL`
pub(super) const IOCTL: usize = 4;
pub(super) const POLL: usize = 3;

/// `MP_NATIVE_TYPE_INT`, `MP_NATIVE_TYPE_QSTR`, `MP_BINARY_OP_IN`, `MP_OBJ_SENTINEL`
pub(super) const TYPE_INT: usize = 2;
pub(super) const TYPE_QSTR: usize = 8;
pub(super) const OPERATOR_IN: usize = 6;
pub(super) const GET: Obj = Obj(4);

/// `mp_fun_table_t`, as far as it is used
#[repr(C)]
pub(super) struct Table {
    pub(super) none: Obj,
    pub(super) false_: Obj,
    pub(super) true_: Obj,
    pub(super) from_object: extern "C" fn(Obj, usize) -> usize,
    pub(super) to_object: extern "C" fn(usize, usize) -> Obj,
    pub(super) swap_globals: extern "C" fn(Obj) -> Obj,
    pub(super) _load_name: usize,
    pub(super) load_global: extern "C" fn(usize) -> Obj,
    pub(super) _load_build_class: usize,
    pub(super) load_attr: extern "C" fn(Obj, usize) -> Obj,
    pub(super) load_method: extern "C" fn(Obj, usize, *mut Obj),
    pub(super) _load_super_method: [usize; 2],
    pub(super) store_global: extern "C" fn(usize, Obj),
    pub(super) store_attr: extern "C" fn(Obj, usize, Obj),
    pub(super) subscript: extern "C" fn(Obj, Obj, Obj) -> Obj,
    pub(super) is_true: extern "C" fn(Obj) -> bool,
    pub(super) _unary_op: usize,
    pub(super) binary_op: extern "C" fn(usize, Obj, Obj) -> Obj,
    pub(super) new_tuple: extern "C" fn(usize, *const Obj) -> Obj,
    pub(super) _new: [usize; 6],
    pub(super) make_function: extern "C" fn(&RawCode, &Context, *const Obj) -> Obj,
    pub(super) call: extern "C" fn(Obj, usize, *const Obj) -> Obj,
    pub(super) call_method: extern "C" fn(usize, usize, *const Obj) -> Obj,
    pub(super) _call_method_var: usize,
    pub(super) iterate: extern "C" fn(Obj, *mut Iteration) -> Obj,
    pub(super) next: extern "C" fn(*mut Iteration) -> Obj,
    pub(super) _nlr: [usize; 2],
    pub(super) raise: extern "C" fn(Obj) -> !,
    pub(super) _import: [usize; 15],
    pub(super) memset: extern "C" fn(*mut u8, i32, usize) -> *mut u8,
    pub(super) memmove: extern "C" fn(*mut u8, *const u8, usize) -> *mut u8,
    pub(super) reallocate: extern "C" fn(*mut u8, usize, bool) -> *mut u8,
    pub(super) _print: [usize; 5],
    pub(super) new_bytes: extern "C" fn(*const u8, usize) -> Obj,
    pub(super) new_bytearray: extern "C" fn(usize, *mut u8) -> Obj,
    pub(super) _floats: [usize; 4],
    pub(super) load_method_maybe: extern "C" fn(Obj, usize, *mut Obj),
    pub(super) buffer: extern "C" fn(Obj, &mut BufferInfo, usize) -> bool,
    pub(super) stream: extern "C" fn(Obj, usize) -> &'static Stream,
}

const _: () = {
    const WORD: usize = size_of::<usize>();
    macro_rules! at {
        ($($field:ident $index:literal),*) => {
            $(assert!(core::mem::offset_of!(Table, $field) == $index * WORD);)*
        };
    }
    at!(load_global 7, load_method 10, subscript 15, binary_op 18, make_function 26, next 31, raise 34);
    at!(memset 50, new_bytes 58, new_bytearray 59, load_method_maybe 64, buffer 65, stream 66);
};

#[cfg(any(not(target_arch = "arm"), feature = "user-module"))]
pub(super) fn table() -> &'static Table {
    unsafe extern "C" {
        #[cfg_attr(feature = "user-module", link_name = "umqtt_table")]
        static mp_fun_table: Table;
    }
    // SAFETY: the linker puts the table of the MicroPython that loads us here; it never changes.
    unsafe { &mp_fun_table }
}

// MicroPython's linker does not know the relocation with which rustc reaches a static on ARM.
#[cfg(all(target_arch = "arm", not(feature = "user-module")))]
core::arch::global_asm!(
    ".text",
    ".thumb",
    ".global umqtt_table",
    ".type umqtt_table, %function",
    ".thumb_func",
    ".balign 4",
    "umqtt_table:",
    "ldr r0, 2f",
    "1: add r0, pc",
    "ldr r1, 3f",
    "ldr r0, [r0, r1]",
    "bx lr",
    ".balign 4",
    "2: .long _GLOBAL_OFFSET_TABLE_-(1b+4)",
    "3: .long mp_fun_table(GOT)",
);

#[cfg(all(target_arch = "arm", not(feature = "user-module")))]
pub(super) fn table() -> &'static Table {
    unsafe extern "C" {
        fn umqtt_table() -> &'static Table;
    }
    // SAFETY: as above.
    unsafe { umqtt_table() }
}

// The compiler calls these for copies; a firmware already has them.

#[cfg(not(any(target_arch = "arm", feature = "user-module")))]
#[unsafe(no_mangle)]
extern "C" fn memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    (table().memmove)(to, from, count)
}

#[cfg(not(any(target_arch = "arm", feature = "user-module")))]
#[unsafe(no_mangle)]
extern "C" fn memset(to: *mut u8, byte: i32, count: usize) -> *mut u8 {
    (table().memset)(to, byte, count)
}

// One function has all the names, because nothing removes functions that are not used.
#[cfg(all(target_arch = "arm", not(feature = "user-module")))]
core::arch::global_asm!(
    ".text",
    ".thumb",
    ".macro umqtt_function names:vararg",
    ".irp name, \\names",
    ".global \\name",
    ".type \\name, %function",
    ".thumb_func",
    "\\name:",
    ".endr",
    ".endm",
    "umqtt_function __aeabi_memclr, __aeabi_memclr4, __aeabi_memclr8",
    "mov r2, r1",
    "movs r1, #0",
    "umqtt_function memset",
    "movs r3, #{memset}",
    "b 1f",
    "umqtt_function memcpy, memmove, __aeabi_memcpy, __aeabi_memcpy4",
    "movs r3, #{memmove}",
    "1: push {{r0, r1, r2, r3, r4, lr}}",
    "bl umqtt_table",
    "mov r4, r0",
    "pop {{r0, r1, r2, r3}}",
    "ldr r3, [r4, r3]",
    "blx r3",
    "pop {{r4, pc}}",
    memset = const core::mem::offset_of!(Table, memset),
    memmove = const core::mem::offset_of!(Table, memmove),
);

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
