//! MicroPython as native code sees it; all unsafe code is here and in the files beside it.
//!
//! A native module gets one table of functions (`mp_fun_table`, ABI 6.3: MicroPython 1.23 and later) and its own
//! context. Three rules make the rest of the crate sound:
//!
//! - An exception leaves by a long jump over our frames, so no frame holds anything with a destructor.
//! - Any call into MicroPython may collect garbage or run the program, which may call us again. So no reference
//!   into a buffer of the [`Client`] is held across one, and its fields are cells.
//! - Whatever we point into is held by an object that is reachable: the client's state by the attribute `_m`,
//!   and the buffers by the state, which the collector scans like every block of its heap.

mod memory;
mod table;

use umqtt_proto::PacketId;

use crate::client::Client;
use crate::qstrs::q;
pub use memory::{Lent, Memory};
use table::{
    BufferInfo, ByteArray, Context, GET, NATIVE_VIPER, OPERATOR_IN, READ_OR_RAISE, RawCode, TYPE_INT,
    TYPE_QSTR, Table, table,
};
pub use table::{Function, Native};

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

    /// A small integer that is a packet id.
    pub fn as_id(self) -> Option<PacketId> {
        self.as_int().and_then(|id| u16::try_from(id).ok()).and_then(PacketId::new)
    }
}

/// MicroPython, as the module was loaded into it: a pointer for each thing that is needed often.
#[derive(Clone, Copy)]
pub struct Vm {
    table: &'static Table,
    context: &'static Context,
}

impl Vm {
    /// The one that called this function.
    #[inline(never)]
    pub fn of(function: &'static Function) -> Self {
        Self { table: table(), context: function.context }
    }

    #[inline(always)]
    fn qstr(&self, name: Q) -> usize {
        // SAFETY: names are made by `qstrs!` alone, and the module's table has them all.
        usize::from(unsafe { *self.context.qstrs.add(name) })
    }

    pub const fn none(&self) -> Obj {
        self.table.none
    }

    pub const fn bool(&self, value: bool) -> Obj {
        if value { self.table.true_ } else { self.table.false_ }
    }

    /// A global of the module, or a builtin; raises `NameError`.
    #[inline(never)]
    pub fn global(&self, name: Q) -> Obj {
        let before = (self.table.swap_globals)(self.context.globals);
        let value = (self.table.load_global)(self.qstr(name));
        (self.table.swap_globals)(before);
        value
    }

    /// Only while the module is being imported: its globals are the current ones.
    pub fn store_global(&self, name: Q, value: Obj) {
        (self.table.store_global)(self.qstr(name), value);
    }

    /// A function of this module as an object that binds `self`.
    #[inline(never)]
    pub fn function(&self, code: Native) -> Obj {
        let (kind, indicator) = (NATIVE_VIPER, [0; 2]);
        let raw = RawCode { indicator, kind, is_generator: false, code, rest: [0; 2] };
        (self.table.make_function)(&raw, self.context, core::ptr::null())
    }

    #[inline(never)]
    pub fn attr(&self, object: Obj, name: Q) -> Obj {
        (self.table.load_attr)(object, self.qstr(name))
    }

    #[inline(never)]
    pub fn store(&self, object: Obj, name: Q, value: Obj) {
        (self.table.store_attr)(object, self.qstr(name), value);
    }

    /// A method, ready to be called; raises `AttributeError`.
    #[inline(never)]
    pub fn method(&self, object: Obj, name: Q, call: &mut Method) {
        (self.table.load_method)(object, self.qstr(name), call.0.as_mut_ptr());
    }

    /// A method, if the object has it.
    #[inline(never)]
    pub fn has_method(&self, object: Obj, name: Q, call: &mut Method) -> bool {
        call.0[0] = Obj::NULL;
        (self.table.load_method_maybe)(object, self.qstr(name), call.0.as_mut_ptr());
        call.0[0] != Obj::NULL
    }

    /// Calls a method with the first `count` arguments that stand in `call`.
    #[inline(never)]
    pub fn call_method(&self, call: &Method, count: usize) -> Obj {
        (self.table.call_method)(count, 0, call.0.as_ptr())
    }

    /// Calls a function.
    #[inline(never)]
    pub fn call(&self, function: Obj, arguments: &[Obj]) -> Obj {
        (self.table.call)(function, arguments.len(), arguments.as_ptr())
    }

    /// Calls a function with the arguments that one of ours was called with.
    pub fn pass_on(&self, function: Obj, call: &Call) -> Obj {
        (self.table.call)(function, call.positional | call.keywords << 8, call.arguments)
    }

    #[inline(never)]
    pub fn raise(&self, exception: Obj) -> ! {
        (self.table.raise)(exception)
    }

    /// Raises `MQTTException(code)`.
    #[inline(never)]
    pub fn raise_code(&self, code: isize) -> ! {
        self.raise(self.call(self.global(q::MQTTException), &[Obj::int(code)]))
    }

    /// Raises `AssertionError` for an argument that MQTT does not allow; its text is the argument's name.
    #[inline(never)]
    pub fn refuse(&self, name: Q) -> ! {
        let name = (self.table.to_object)(self.qstr(name), TYPE_QSTR);
        self.raise(self.call(self.global(q::AssertionError), &[name]))
    }

    #[inline(never)]
    fn raise_type_error(&self) -> ! {
        self.raise(self.call(self.global(q::TypeError), &[]))
    }

    /// A field that was checked, or `AssertionError`.
    #[inline(always)]
    pub fn checked<T, E>(&self, name: Q, field: Result<T, E>) -> T {
        match field {
            Ok(field) => field,
            Err(_) => self.refuse(name),
        }
    }

    #[inline(never)]
    pub fn is_true(&self, object: Obj) -> bool {
        (self.table.is_true)(object)
    }

    /// The value of an integer or a bool; raises `TypeError` for others.
    #[inline(never)]
    pub fn int(&self, object: Obj) -> isize {
        (self.table.from_object)(object, TYPE_INT) as isize
    }

    /// Whether a container has a value.
    #[inline(never)]
    pub fn contains(&self, container: Obj, value: Obj) -> bool {
        (self.table.binary_op)(OPERATOR_IN, value, container) == self.table.true_
    }

    pub fn item(&self, container: Obj, key: Obj) -> Obj {
        self.set_item(container, key, GET)
    }

    /// Sets an item, or deletes it ([`Obj::NULL`]).
    #[inline(never)]
    pub fn set_item(&self, container: Obj, key: Obj, value: Obj) -> Obj {
        (self.table.subscript)(container, key, value)
    }

    #[cfg(feature = "link")]
    pub fn tuple(&self, items: &[Obj]) -> Obj {
        (self.table.new_tuple)(items.len(), items.as_ptr())
    }

    #[inline(never)]
    pub fn bytes(&self, bytes: &[u8]) -> Obj {
        (self.table.new_bytes)(bytes.as_ptr(), bytes.len())
    }

    /// The bytes of a `str` or a bytes-like object; raises `TypeError`.
    ///
    /// They live as long as the object is held, and must not be kept across a call that may change it.
    #[inline(never)]
    pub fn buffer<'a>(&self, object: Obj) -> &'a [u8] {
        let mut info = BufferInfo { start: core::ptr::null_mut(), length: 0, typecode: 0 };
        (self.table.buffer)(object, &mut info, READ_OR_RAISE);
        if info.length == 0 {
            return &[];
        }
        // SAFETY: MicroPython gave the place; the caller holds the object.
        unsafe { core::slice::from_raw_parts(info.start, info.length) }
    }

    /// Begins to walk over an iterable; raises `TypeError`.
    #[inline(never)]
    pub fn iterate(&self, iterable: Obj) -> Iteration {
        let mut iteration = Iteration([Obj::NULL; 4]);
        (self.table.iterate)(iterable, &mut iteration);
        iteration
    }

    /// The next item; what the iterable raises passes through.
    #[inline(never)]
    pub fn next(&self, iteration: &mut Iteration) -> Option<Obj> {
        let item = (self.table.next)(iteration);
        if item == Obj::NULL { None } else { Some(item) }
    }

    /// Memory from MicroPython's heap, with what `old` held, which must not be used any more; `None` when there is
    /// not enough, and `old` stays.
    #[inline(never)]
    pub fn memory(&self, old: Memory, size: usize) -> Option<Memory> {
        let start = (self.table.reallocate)(old.start, size, true);
        if start.is_null() { None } else { Some(Memory { start, size }) }
    }

    /// As [`memory`](Self::memory), but raises `MemoryError`.
    #[inline(never)]
    pub fn memory_or_raise(&self, size: usize) -> Memory {
        match self.memory(Memory::NONE, size) {
            Some(memory) => memory,
            None => self.raise(self.call(self.global(q::MemoryError), &[])),
        }
    }

    /// A `bytearray` of this memory.
    #[inline(never)]
    pub fn bytearray(&self, memory: &Memory) -> Obj {
        (self.table.new_bytearray)(memory.size, memory.start)
    }

    /// A `bytearray` that will show memory; raises `RuntimeError` if MicroPython's objects look otherwise than here.
    #[cfg(feature = "link")]
    pub fn lent(&self) -> Lent {
        let memory = Memory { start: self.context.globals.0 as *mut u8, size: 1 };
        let object = self.bytearray(&memory);
        // SAFETY: it is an object, of four words at least in every version so far.
        let array = unsafe { &*(object.0 as *const ByteArray) };
        if array.length != memory.size || array.items != memory.start {
            self.raise(self.call(self.global(q::RuntimeError), &[]));
        }
        Lent(object)
    }
}

/// A method, the object that it is bound to, and room for arguments.
pub struct Method(pub [Obj; 6]);

impl Method {
    pub const fn new() -> Self {
        Self([Obj::NULL; 6])
    }

    /// Sets the arguments from the first on.
    #[inline(always)]
    pub const fn set(&mut self, arguments: [Obj; 4]) {
        let [function, bound, ..] = self.0;
        let [a, b, c, d] = arguments;
        self.0 = [function, bound, a, b, c, d];
    }
}

/// `mp_obj_iter_buf_t`: how far a walk over an iterable has come.
#[repr(C)]
pub struct Iteration([Obj; 4]);

/// What a function of this module was called with.
#[repr(C)]
pub struct Call {
    positional: usize,
    keywords: usize,
    arguments: *const Obj,
}

impl Call {
    pub const fn new(positional: usize, keywords: usize, arguments: *const Obj) -> Self {
        Self { positional, keywords, arguments }
    }

    pub const fn all(&self) -> &[Obj] {
        // SAFETY: MicroPython tells the number of positional arguments at this place.
        unsafe { core::slice::from_raw_parts(self.arguments, self.positional) }
    }

    /// So many arguments, all of them by position; raises `TypeError`.
    #[inline(always)]
    pub fn exactly<const N: usize>(&self, vm: &Vm) -> [Obj; N] {
        match self.all().try_into() {
            Ok(arguments) => arguments,
            Err(_) => vm.raise_type_error(),
        }
    }

    /// Whether all arguments came by position, and so many of them.
    pub const fn is_by_position(&self, least: usize, most: usize) -> bool {
        self.keywords == 0 && least <= self.positional && self.positional <= most
    }

    /// An argument by its position, or [`Obj::NULL`] when it was left out.
    #[inline(never)]
    pub fn argument(&self, index: usize) -> Obj {
        self.all().get(index).copied().unwrap_or(Obj::NULL)
    }
}

impl Client {
    /// The client that an object is, by its attribute `_m`; raises `AttributeError` or `TypeError` when it was not
    /// initialised.
    #[inline(never)]
    pub fn of(function: &'static Function, object: Obj) -> &'static Self {
        let vm = Vm::of(function);
        let bytes = vm.buffer(vm.attr(object, q::_m));
        if bytes.len() != size_of::<Self>() {
            vm.refuse(q::_m);
        }
        // SAFETY: `initialise` made it; the object, which our caller holds, holds it. Its fields are cells.
        let client = unsafe { &*bytes.as_ptr().cast::<Self>() };
        client.object.set(object);
        client
    }

    /// Gives an object its state, in the name of the module that `method` is of; raises `MemoryError`.
    #[cfg(feature = "link")]
    pub fn initialise(vm: Vm, object: Obj, method: Obj) {
        let memory = vm.memory_or_raise(size_of::<Self>());
        memory.bytes().fill(0);
        let start = memory.start.cast::<Self>();
        // SAFETY: the heap's blocks are aligned to two words at least, this one is large enough, and a client of
        // zeros is one, once its `vm` is there: all else are numbers, options of numbers and objects. `method` is a
        // function of ours, as only `_link.py` calls this.
        let client = unsafe {
            let context = (*(method.0 as *const Function)).context;
            (&raw mut (*start).vm).write(Vm { table: vm.table, context });
            &mut *start
        };
        client.fill(object);
        vm.store(object, q::_m, vm.bytearray(&memory));
    }
}
