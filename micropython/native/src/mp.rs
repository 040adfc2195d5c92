//! MicroPython as native code sees it; all unsafe code is here.
//!
//! A native module gets one table of functions (`mp_fun_table`, ABI 6.3: MicroPython 1.23 and later) and its own
//! context. Three rules make the rest of the crate sound:
//!
//! - An exception leaves by a long jump over our frames, so no frame holds anything with a destructor.
//! - Any call into MicroPython may collect garbage or run the program, which may call us again. So no reference
//!   into the [`State`] or a buffer is held across one: they are borrowed for a closure that makes no such call.
//! - Whatever we point into is held by an object that is reachable: the state by an attribute of the client, its
//!   buffers by the state, which the collector scans like every block of its heap.

use umqtt_proto::PacketId;

use crate::qstrs::q;
use crate::state::State;

/// A Python object.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Obj(usize);

/// An interned string: its index in the module's own table.
pub type Q = usize;

impl Obj {
    /// No object: an argument that was left out, the end of an iteration, or a value to delete.
    pub const NULL: Self = Self(0);

    /// A small integer; the top bit is lost.
    pub const fn int(number: isize) -> Self {
        Self((number as usize) << 1 | 1)
    }

    /// A packet id.
    pub const fn from_id(id: PacketId) -> Self {
        Self::int(id.as_u16() as isize)
    }

    /// The value of a small integer.
    pub const fn as_int(self) -> Option<isize> {
        if self.0 & 1 == 1 { Some(self.0 as isize >> 1) } else { None }
    }
}

/// `mp_module_context_t`.
#[repr(C)]
struct Context {
    module_type: usize,
    globals: Obj,
    qstrs: *const u16,
    objects: *const Obj,
}

/// `mp_obj_fun_bc_t`: the function object that every call hands over.
#[repr(C)]
pub struct Function {
    object_type: usize,
    context: *const Context,
    children: usize,
    code: Native,
}

/// A function of this module: itself, the number of positional and of keyword arguments, and all of them.
pub type Native = extern "C" fn(&'static Function, usize, usize, *const Obj) -> Obj;

/// The head of `mp_raw_code_t`, as `make_function` reads it.
#[repr(C)]
struct RawCode {
    indicator: [u8; 2],
    kind: u8,
    is_generator: bool,
    code: Native,
    rest: [usize; 2],
}

/// `MP_CODE_NATIVE_VIPER`
const NATIVE_VIPER: u8 = 4;

/// `mp_arg_t`
#[repr(C)]
struct ArgumentSpec {
    name: u16,
    flags: u16,
    default: Obj,
}

/// `MP_ARG_OBJ`, and `MP_ARG_REQUIRED`
const ARGUMENT: u16 = 3;
const REQUIRED: u16 = 0x100;

/// `mp_buffer_info_t`
#[repr(C)]
struct BufferInfo {
    start: *mut u8,
    length: usize,
    typecode: i32,
}

/// `MP_BUFFER_READ | MP_BUFFER_RAISE_IF_UNSUPPORTED`
const READ_OR_RAISE: usize = 1 | 4;

/// `mp_obj_array_t` of a `bytearray`.
#[repr(C)]
struct ByteArray {
    object_type: usize,
    typecode_and_free: usize,
    length: usize,
    items: *mut u8,
}

/// `MP_NATIVE_TYPE_INT`, `MP_NATIVE_TYPE_QSTR`, `MP_BINARY_OP_IN`, `MP_BINARY_OP_MULTIPLY`
const TYPE_INT: usize = 2;
const TYPE_QSTR: usize = 8;
const OPERATOR_IN: usize = 6;
const OPERATOR_MULTIPLY: usize = 29;

/// `mp_fun_table_t`, as far as it is used.
#[repr(C)]
struct Table {
    none: Obj,
    false_: Obj,
    true_: Obj,
    from_object: extern "C" fn(Obj, usize) -> usize,
    to_object: extern "C" fn(usize, usize) -> Obj,
    swap_globals: extern "C" fn(Obj) -> Obj,
    _load_name: usize,
    load_global: extern "C" fn(usize) -> Obj,
    _load_build_class: usize,
    load_attr: extern "C" fn(Obj, usize) -> Obj,
    load_method: extern "C" fn(Obj, usize, *mut Obj),
    _load_super_method: [usize; 2],
    store_global: extern "C" fn(usize, Obj),
    store_attr: extern "C" fn(Obj, usize, Obj),
    subscript: extern "C" fn(Obj, Obj, Obj) -> Obj,
    is_true: extern "C" fn(Obj) -> bool,
    _unary_op: usize,
    binary_op: extern "C" fn(usize, Obj, Obj) -> Obj,
    new_tuple: extern "C" fn(usize, *const Obj) -> Obj,
    _new_list: [usize; 5],
    _dict_store: usize,
    make_function: extern "C" fn(*const RawCode, *const Context, *const Obj) -> Obj,
    call: extern "C" fn(Obj, usize, *const Obj) -> Obj,
    call_method: extern "C" fn(usize, usize, *const Obj) -> Obj,
    _call_method_var: usize,
    iterate: extern "C" fn(Obj, *mut Iteration) -> Obj,
    next: extern "C" fn(*mut Iteration) -> Obj,
    _nlr: [usize; 2],
    raise: extern "C" fn(Obj) -> !,
    _import: [usize; 15],
    memset: extern "C" fn(*mut u8, i32, usize) -> *mut u8,
    memmove: extern "C" fn(*mut u8, *const u8, usize) -> *mut u8,
    reallocate: extern "C" fn(*mut u8, usize, bool) -> *mut u8,
    _print: [usize; 3],
    _type_of: usize,
    _new_str: usize,
    new_bytes: extern "C" fn(*const u8, usize) -> Obj,
    new_bytearray: extern "C" fn(usize, *mut u8) -> Obj,
    _floats: [usize; 4],
    load_method_maybe: extern "C" fn(Obj, usize, *mut Obj),
    buffer: extern "C" fn(Obj, *mut BufferInfo, usize) -> bool,
    _stream: [usize; 2],
    parse_arguments: extern "C" fn(usize, usize, *const Obj, usize, *const ArgumentSpec, *mut Obj),
}

const _: () = {
    const WORD: usize = size_of::<usize>();
    macro_rules! at {
        ($($field:ident $index:literal),*) => {
            $(assert!(core::mem::offset_of!(Table, $field) == $index * WORD);)*
        };
    }
    at!(load_global 7, load_method 10, subscript 15, new_tuple 19, make_function 26, next 31, raise 34);
    at!(memset 50, new_bytes 58, new_bytearray 59, load_method_maybe 64, buffer 65, parse_arguments 68);
};

#[cfg(not(target_arch = "arm"))]
fn table() -> &'static Table {
    unsafe extern "C" {
        static mp_fun_table: Table;
    }
    // SAFETY: the linker puts the table of the MicroPython that loads us here; it is never changed.
    unsafe { &mp_fun_table }
}

// MicroPython's linker does not know the relocation with which rustc reaches a static on ARM.
#[cfg(target_arch = "arm")]
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

#[cfg(target_arch = "arm")]
fn table() -> &'static Table {
    unsafe extern "C" {
        fn umqtt_table() -> &'static Table;
    }
    // SAFETY: as above.
    unsafe { umqtt_table() }
}

/// MicroPython, as the module was loaded into it.
#[derive(Clone, Copy)]
pub struct Vm(&'static Function);

impl Vm {
    /// The one that called this function.
    pub const fn of(function: &'static Function) -> Self {
        Self(function)
    }

    const fn context(self) -> &'static Context {
        // SAFETY: MicroPython made the function with the module's context, which lives as long as it.
        unsafe { &*self.0.context }
    }

    fn qstr(self, name: Q) -> usize {
        // SAFETY: names are made by `qstrs!` alone, and the module's table has them all.
        usize::from(unsafe { *self.context().qstrs.add(name) })
    }

    pub fn none(self) -> Obj {
        table().none
    }

    pub fn bool(self, value: bool) -> Obj {
        if value { table().true_ } else { table().false_ }
    }

    /// The string of a name.
    pub fn name(self, name: Q) -> Obj {
        (table().to_object)(self.qstr(name), TYPE_QSTR)
    }

    /// A global of the module, or a builtin; raises NameError.
    #[inline(never)]
    pub fn global(self, name: Q) -> Obj {
        let table = table();
        let before = (table.swap_globals)(self.context().globals);
        let value = (table.load_global)(self.qstr(name));
        (table.swap_globals)(before);
        value
    }

    pub fn store_global(self, name: Q, value: Obj) {
        let table = table();
        let before = (table.swap_globals)(self.context().globals);
        (table.store_global)(self.qstr(name), value);
        (table.swap_globals)(before);
    }

    /// A function of this module as an object that binds `self`.
    #[inline(never)]
    pub fn function(self, code: Native) -> Obj {
        let raw = RawCode { indicator: [0; 2], kind: NATIVE_VIPER, is_generator: false, code, rest: [0; 2] };
        // SAFETY (of the pointers): all outlive the call, and the context outlives the function.
        (table().make_function)(&raw, self.context(), core::ptr::null())
    }

    /// The arguments of a call by position and by name, the first `required` of which must be there; the others
    /// are [`Obj::NULL`] when left out. Raises TypeError.
    #[inline(never)]
    pub fn arguments<const N: usize>(self, call: &Call, required: usize, names: [Q; N]) -> [Obj; N] {
        let mut values = [Obj::NULL; N];
        if call.keywords == 0 && call.positional >= required && call.positional <= N {
            for (value, argument) in values.iter_mut().zip(call.all()) {
                *value = *argument;
            }
            return values;
        }
        let mut index = 0;
        let specs = names.map(|name| {
            let flags = if index < required { ARGUMENT | REQUIRED } else { ARGUMENT };
            index += 1;
            #[allow(clippy::cast_possible_truncation)]
            ArgumentSpec { name: self.qstr(name) as u16, flags, default: Obj::NULL }
        });
        // SAFETY (of the pointers): as many specs and values as are told.
        (table().parse_arguments)(
            call.positional,
            call.keywords,
            call.arguments,
            N,
            specs.as_ptr(),
            values.as_mut_ptr(),
        );
        values
    }

    #[inline(never)]
    pub fn attr(self, object: Obj, name: Q) -> Obj {
        (table().load_attr)(object, self.qstr(name))
    }

    #[inline(never)]
    pub fn store(self, object: Obj, name: Q, value: Obj) {
        (table().store_attr)(object, self.qstr(name), value);
    }

    /// A method, ready to be called; raises AttributeError.
    #[inline(never)]
    pub fn method(self, object: Obj, name: Q) -> Method {
        let mut method = Method([Obj::NULL; 4]);
        (table().load_method)(object, self.qstr(name), method.0.as_mut_ptr());
        method
    }

    /// A method, if the object has it.
    #[inline(never)]
    pub fn method_maybe(self, object: Obj, name: Q) -> Option<Method> {
        let mut method = Method([Obj::NULL; 4]);
        (table().load_method_maybe)(object, self.qstr(name), method.0.as_mut_ptr());
        if method.0[0] == Obj::NULL { None } else { Some(method) }
    }

    #[inline(never)]
    pub fn call(self, function: Obj, arguments: &[Obj]) -> Obj {
        (table().call)(function, arguments.len(), arguments.as_ptr())
    }

    /// Whether a method is this module's own `code`, so that the call can be made without MicroPython.
    pub fn is_own(self, method: &Method, code: Native) -> bool {
        let [function, ..] = method.0;
        // SAFETY: an object that is no tagged word points to its type; every function of the type that MicroPython
        // gave our own functions is a `Function`.
        unsafe {
            function.0 & 3 == 0 && {
                let function = function.0 as *const Function;
                (*function).object_type == self.0.object_type && (*function).code as usize == code as usize
            }
        }
    }

    #[inline(never)]
    pub fn raise(self, exception: Obj) -> ! {
        (table().raise)(exception)
    }

    pub fn is_true(self, object: Obj) -> bool {
        (table().is_true)(object)
    }

    /// The value of an integer or a bool; raises TypeError for others.
    #[inline(never)]
    pub fn int(self, object: Obj) -> isize {
        (table().from_object)(object, TYPE_INT) as isize
    }

    /// A time in seconds, an integer or a float, in milliseconds; raises TypeError.
    #[inline(never)]
    pub fn milliseconds(self, seconds: Obj) -> isize {
        if let Some(seconds) = seconds.as_int() {
            return seconds.wrapping_mul(1000);
        }
        let product = (table().binary_op)(OPERATOR_MULTIPLY, seconds, Obj::int(1000));
        self.int(self.call(self.global(q::int), &[product]))
    }

    /// Whether a container has a value.
    #[inline(never)]
    pub fn contains(self, container: Obj, value: Obj) -> bool {
        (table().binary_op)(OPERATOR_IN, value, container) == table().true_
    }

    #[inline(never)]
    pub fn item(self, container: Obj, key: Obj) -> Obj {
        // `MP_OBJ_SENTINEL`: get, neither set nor delete.
        (table().subscript)(container, key, Obj(4))
    }

    /// Sets an item, or deletes it ([`Obj::NULL`]).
    #[inline(never)]
    pub fn set_item(self, container: Obj, key: Obj, value: Obj) {
        (table().subscript)(container, key, value);
    }

    pub fn bytes(self, bytes: &[u8]) -> Obj {
        (table().new_bytes)(bytes.as_ptr(), bytes.len())
    }

    pub fn tuple(self, items: &[Obj]) -> Obj {
        (table().new_tuple)(items.len(), items.as_ptr())
    }

    /// The bytes of a `str` or a bytes-like object; raises TypeError.
    ///
    /// They live as long as the object is held, and must not be kept across a call that may change it.
    #[inline(never)]
    pub fn buffer<'a>(self, object: Obj) -> &'a [u8] {
        let mut info = BufferInfo { start: core::ptr::null_mut(), length: 0, typecode: 0 };
        (table().buffer)(object, &mut info, READ_OR_RAISE);
        if info.length == 0 {
            return &[];
        }
        // SAFETY: MicroPython gave the place; the caller holds the object.
        unsafe { core::slice::from_raw_parts(info.start, info.length) }
    }

    /// Begins to walk over an iterable; raises TypeError.
    #[inline(never)]
    pub fn iterate(self, iterable: Obj) -> Iteration {
        let mut iteration = Iteration([Obj::NULL; 4]);
        (table().iterate)(iterable, &mut iteration);
        iteration
    }

    /// As [`reallocate`](Self::reallocate), but raises MemoryError.
    #[inline(never)]
    pub fn memory(self, old: &Memory, size: usize) -> Memory {
        match self.reallocate(old, size) {
            Some(memory) => memory,
            None => self.raise(self.global(q::MemoryError)),
        }
    }

    /// Memory from MicroPython's heap, with what `old` held so far, or `None` when there is not enough.
    ///
    /// What `old` pointed to must not be used any more when memory was given.
    pub fn reallocate(self, old: &Memory, size: usize) -> Option<Memory> {
        let start = (table().reallocate)(old.start, size, true);
        if start.is_null() { None } else { Some(Memory { start, size }) }
    }

    /// A new `bytearray` that shows bytes which are held elsewhere.
    pub fn view(self, bytes: &[u8]) -> Obj {
        (table().new_bytearray)(bytes.len(), bytes.as_ptr().cast_mut())
    }

    /// A `bytearray` that lends memory; raises RuntimeError if MicroPython's objects look otherwise than here.
    pub fn lend(self, memory: &Memory) -> Lent {
        let object = (table().new_bytearray)(memory.size, memory.start);
        // SAFETY: it is an object, of four words at least in every version so far.
        let array = unsafe { &*(object.0 as *const ByteArray) };
        if array.length != memory.size || array.items != memory.start {
            self.raise(self.global(q::RuntimeError));
        }
        Lent(object)
    }
}

/// A method and the object that it is bound to; arguments are put behind.
pub struct Method([Obj; 4]);

impl Method {
    /// Calls it with one argument, and a second unless that is [`Obj::NULL`].
    #[inline(never)]
    pub fn call(mut self, first: Obj, second: Obj) -> Obj {
        self.0[2] = first;
        self.0[3] = second;
        let count = if second == Obj::NULL { 1 } else { 2 };
        (table().call_method)(count, 0, self.0.as_ptr())
    }

    /// Whether there is something to call, and not None.
    pub fn is_callable(&self, vm: Vm) -> bool {
        self.0[0] != vm.none()
    }

    /// Calls it without arguments.
    pub fn call_plain(self) -> Obj {
        (table().call_method)(0, 0, self.0.as_ptr())
    }

    /// Calls it with four arguments.
    pub fn call_with(self, arguments: [Obj; 4]) -> Obj {
        let [function, bound, ..] = self.0;
        let [a, b, c, d] = arguments;
        (table().call_method)(4, 0, [function, bound, a, b, c, d].as_ptr())
    }
}

/// `mp_obj_iter_buf_t`: how far a walk over an iterable has come.
#[repr(C)]
pub struct Iteration([Obj; 4]);

impl Iteration {
    /// The next item; what the iterable raises passes through.
    #[inline(never)]
    pub fn next(&mut self) -> Option<Obj> {
        let item = (table().next)(self);
        if item == Obj::NULL { None } else { Some(item) }
    }
}

/// What a function of this module was called with.
pub struct Call {
    pub vm: Vm,
    positional: usize,
    keywords: usize,
    arguments: *const Obj,
}

impl Call {
    pub const fn new(
        function: &'static Function,
        positional: usize,
        keywords: usize,
        arguments: *const Obj,
    ) -> Self {
        Self { vm: Vm::of(function), positional, keywords, arguments }
    }

    const fn all(&self) -> &[Obj] {
        // SAFETY: MicroPython tells the number of positional arguments at this place.
        unsafe { core::slice::from_raw_parts(self.arguments, self.positional) }
    }
}

/// Memory from MicroPython's heap. It is there as long as something reachable points to its start.
pub struct Memory {
    start: *mut u8,
    size: usize,
}

impl Memory {
    pub const NONE: Self = Self { start: core::ptr::null_mut(), size: 0 };
}

impl AsRef<[u8]> for Memory {
    fn as_ref(&self) -> &[u8] {
        if self.size == 0 {
            return &[];
        }
        // SAFETY: MicroPython gave so much memory, and it is ours alone.
        unsafe { core::slice::from_raw_parts(self.start, self.size) }
    }
}

impl AsMut<[u8]> for Memory {
    fn as_mut(&mut self) -> &mut [u8] {
        if self.size == 0 {
            return &mut [];
        }
        // SAFETY: as above.
        unsafe { core::slice::from_raw_parts_mut(self.start, self.size) }
    }
}

/// A `bytearray` that shows bytes which belong to the state; it is used again for each call.
#[derive(Clone, Copy)]
pub struct Lent(Obj);

impl Lent {
    /// Shows these bytes, until the next call.
    ///
    /// They must be reachable through the state as long as the program may look at the object.
    pub fn show(self, bytes: &[u8]) -> Obj {
        // SAFETY: `Vm::lend` has looked at the object's layout.
        let array = unsafe { &mut *(self.0.0 as *mut ByteArray) };
        array.length = bytes.len();
        array.items = bytes.as_ptr().cast_mut();
        self.0
    }
}

/// A client as its methods see it: the Python object, and the state that its attribute `_m` holds.
#[derive(Clone, Copy)]
pub struct Client {
    pub vm: Vm,
    pub object: Obj,
    state: *mut State,
}

impl Client {
    /// The client that an object is; raises AttributeError or TypeError when it was not initialised.
    #[inline(never)]
    pub fn of(vm: Vm, object: Obj) -> Self {
        let bytes = vm.buffer(vm.attr(object, q::_m));
        if bytes.len() != size_of::<State>() {
            vm.raise(vm.global(q::TypeError));
        }
        Self { vm, object, state: bytes.as_ptr().cast_mut().cast() }
    }

    /// Gives a client its state; raises MemoryError.
    pub fn initialise(vm: Vm, object: Obj, state: State) {
        let memory = vm.memory(&Memory::NONE, size_of::<State>());
        // SAFETY: the heap's blocks are aligned to two words at least, and this one is large enough.
        unsafe { memory.start.cast::<State>().write(state) };
        vm.store(object, q::_m, vm.lend(&memory).0);
    }

    /// The state. No reference is to be held across a call into MicroPython.
    #[allow(clippy::mut_from_ref)]
    pub const fn state(&self) -> &mut State {
        // SAFETY: the attribute, and so the memory, is held by the client, which our caller holds. Only one
        // thread runs native code at a time, and by the rule of this file there is no other reference.
        unsafe { &mut *self.state }
    }
}

// What the compiler calls for copies and comparisons.

#[unsafe(no_mangle)]
extern "C" fn memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    (table().memmove)(to, from, count)
}

#[unsafe(no_mangle)]
extern "C" fn memmove(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    (table().memmove)(to, from, count)
}

#[unsafe(no_mangle)]
extern "C" fn memset(to: *mut u8, byte: i32, count: usize) -> *mut u8 {
    (table().memset)(to, byte, count)
}

#[cfg(target_arch = "arm")]
#[unsafe(no_mangle)]
extern "C" fn __aeabi_memcpy(to: *mut u8, from: *const u8, count: usize) {
    (table().memmove)(to, from, count);
}

#[cfg(target_arch = "arm")]
#[unsafe(no_mangle)]
extern "C" fn __aeabi_memcpy4(to: *mut u8, from: *const u8, count: usize) {
    (table().memmove)(to, from, count);
}

#[cfg(target_arch = "arm")]
#[unsafe(no_mangle)]
extern "C" fn __aeabi_memclr(to: *mut u8, count: usize) {
    (table().memset)(to, 0, count);
}

#[cfg(target_arch = "arm")]
#[unsafe(no_mangle)]
extern "C" fn __aeabi_memclr4(to: *mut u8, count: usize) {
    (table().memset)(to, 0, count);
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
