//! MicroPython as native code sees it; all unsafe code is in this folder.
//!
//! A native module gets one table of functions (`mp_fun_table`, ABI 6.3: MicroPython 1.23 and later) and its own
//! context. Four rules make the rest of the crate sound:
//!
//! - An exception leaves by a long jump over our frames, so no frame holds anything with a destructor.
//! - Any call into MicroPython may collect garbage or run the program, which may call us again. Such a call takes
//!   `&mut Py`, and whatever is lent from the heap borrows `Py`: so the compiler ensures that no slice lives across
//!   such a call. There is one `Py` for each call of ours, and the fields of the [`Client`] are cells.
//! - Whatever we point into is kept by an object that is reachable: the client's state by the attribute `_m`,
//!   and the buffers by the state, which the collector scans like every block of its heap.
//! - Nothing that a program can replace is trusted to be what it should be: see [`Client::of`].

mod function;
mod memory;
mod table;

use umqtt_proto::PacketId;

use crate::client::Client;
use crate::qstrs::q;
#[cfg(any(not(feature = "link"), feature = "user-module"))]
pub use function::Methods;
pub use function::{Call, Function, Native};
pub use memory::{Lent, Memory};
#[cfg(feature = "link")]
use table::{Array, READ};
use table::{
    BufferInfo, Context, GET, IOCTL, NATIVE_VIPER, OPERATOR_IN, POLL, READ_OR_RAISE, RawCode, TYPE_INT,
    TYPE_QSTR, Table, table,
};

/// `MP_STREAM_POLL_RD`, and `MP_STREAM_POLL_ERR | MP_STREAM_POLL_HUP`
pub const READABLE: usize = 1;
pub const BROKEN: usize = 0x18;

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

/// The right to call into MicroPython, which is not possible while something in its heap is lent. It has no size.
pub struct Py(());

/// The MicroPython that loaded the module: a pointer for each thing that is needed often.
#[derive(Clone, Copy)]
pub struct Vm {
    table: &'static Table,
    context: &'static Context,
}

impl Vm {
    /// The MicroPython that called this function; call it once in each function that MicroPython calls.
    #[inline(always)]
    pub fn of(function: &'static Function) -> (Self, Py) {
        (Self::at(function), Py(()))
    }

    #[inline(never)]
    fn at(function: &'static Function) -> Self {
        Self { table: table(), context: function.context }
    }

    #[inline(always)]
    fn qstr(&self, name: Q) -> usize {
        // SAFETY: only `qstrs!` makes names, and the module's table has them all.
        usize::from(unsafe { *self.context.qstrs.add(name) })
    }

    pub const fn none(&self) -> Obj {
        self.table.none
    }

    pub const fn bool(&self, value: bool) -> Obj {
        if value { self.table.true_ } else { self.table.false_ }
    }

    /// A name as a string.
    pub fn name(&self, name: Q) -> Obj {
        (self.table.to_object)(self.qstr(name), TYPE_QSTR)
    }

    /// A global of the module; raises `AttributeError`.
    #[inline(never)]
    pub fn global(&self, py: &mut Py, name: Q) -> Obj {
        self.attr(py, Obj(core::ptr::from_ref(self.context) as usize), name)
    }

    /// A builtin, which must exist: an exception here would leave the caller with our globals.
    #[inline(never)]
    pub fn builtin(&self, _: &mut Py, name: Q) -> Obj {
        let before = (self.table.swap_globals)(self.context.globals);
        let value = (self.table.load_global)(self.qstr(name));
        (self.table.swap_globals)(before);
        value
    }

    /// Sets a global. Only allowed while the module is being imported: its globals are the current ones then.
    pub fn store_global(&self, _py: &mut Py, name: Q, value: Obj) {
        (self.table.store_global)(self.qstr(name), value);
    }

    /// A function of this module as an object that binds `self`.
    #[inline(never)]
    pub fn function(&self, _: &mut Py, code: Native) -> Obj {
        let (kind, indicator) = (NATIVE_VIPER, [0; 2]);
        let raw = RawCode { indicator, kind, is_generator: false, code, rest: [0; 2] };
        (self.table.make_function)(&raw, self.context, core::ptr::null())
    }

    #[inline(never)]
    pub fn attr(&self, _: &mut Py, object: Obj, name: Q) -> Obj {
        (self.table.load_attr)(object, self.qstr(name))
    }

    #[inline(never)]
    pub fn store(&self, _: &mut Py, object: Obj, name: Q, value: Obj) {
        (self.table.store_attr)(object, self.qstr(name), value);
    }

    /// A method, ready to be called; raises `AttributeError`.
    #[inline(never)]
    pub fn method(&self, _: &mut Py, object: Obj, name: Q, call: &mut Method) {
        (self.table.load_method)(object, self.qstr(name), call.0.as_mut_ptr());
    }

    /// A method or another attribute, if the object has it.
    #[inline(never)]
    pub fn has_method(&self, _: &mut Py, object: Obj, name: Q, call: &mut Method) -> bool {
        call.0[0] = Obj::NULL;
        (self.table.load_method_maybe)(object, self.qstr(name), call.0.as_mut_ptr());
        call.0[0] != Obj::NULL
    }

    /// Calls a method with the first `count` arguments in `call`.
    #[inline(never)]
    pub fn call_method(&self, _: &mut Py, call: &Method, count: usize) -> Obj {
        (self.table.call_method)(count, 0, call.0.as_ptr())
    }

    /// Calls a function.
    #[inline(never)]
    pub fn call(&self, _: &mut Py, function: Obj, arguments: &[Obj]) -> Obj {
        (self.table.call)(function, arguments.len(), arguments.as_ptr())
    }

    /// Calls a function with the arguments of a call of ours.
    pub fn pass_on(&self, _: &mut Py, function: Obj, call: &Call) -> Obj {
        (self.table.call)(function, call.counts(), call.arguments())
    }

    #[inline(never)]
    pub fn raise(&self, _: &mut Py, exception: Obj) -> ! {
        (self.table.raise)(exception)
    }

    /// Raises `MQTTException(code)`.
    #[inline(never)]
    pub fn raise_code(&self, py: &mut Py, code: isize) -> ! {
        let exception = self.global(py, q::MQTTException);
        let exception = self.call(py, exception, &[Obj::int(code)]);
        self.raise(py, exception)
    }

    /// Raises `AssertionError` for an argument that MQTT does not allow; the text is the argument's name.
    #[inline(never)]
    pub fn refuse(&self, py: &mut Py, name: Q) -> ! {
        let name = self.name(name);
        self.raise_builtin(py, q::AssertionError, &[name])
    }

    /// Raises a builtin exception.
    #[inline(never)]
    pub fn raise_builtin(&self, py: &mut Py, name: Q, arguments: &[Obj]) -> ! {
        let exception = self.builtin(py, name);
        let exception = self.call(py, exception, arguments);
        self.raise(py, exception)
    }

    #[inline(never)]
    pub fn is_true(&self, _: &mut Py, object: Obj) -> bool {
        (self.table.is_true)(object)
    }

    /// The value of an integer or a bool; raises `TypeError` for others.
    #[inline(never)]
    pub fn int(&self, _: &mut Py, object: Obj) -> isize {
        (self.table.from_object)(object, TYPE_INT) as isize
    }

    /// Whether a container has a value.
    #[inline(never)]
    pub fn contains(&self, _: &mut Py, container: Obj, value: Obj) -> bool {
        (self.table.binary_op)(OPERATOR_IN, value, container) == self.table.true_
    }

    pub fn item(&self, py: &mut Py, container: Obj, key: Obj) -> Obj {
        self.set_item(py, container, key, GET)
    }

    /// Sets an item, or deletes it if the value is [`Obj::NULL`].
    #[inline(never)]
    pub fn set_item(&self, _: &mut Py, container: Obj, key: Obj, value: Obj) -> Obj {
        (self.table.subscript)(container, key, value)
    }

    #[cfg(feature = "link")]
    pub fn tuple(&self, _: &mut Py, items: &[Obj]) -> Obj {
        (self.table.new_tuple)(items.len(), items.as_ptr())
    }

    /// A copy of some bytes of a block as `bytes`.
    #[inline(never)]
    pub fn bytes(&self, _: &mut Py, memory: Memory, start: usize, end: usize) -> Obj {
        let (start, length) = if start <= end && end <= memory.size { (start, end - start) } else { (0, 0) };
        (self.table.new_bytes)(memory.start.wrapping_add(start), length)
    }

    /// The bytes of a `str` or a bytes-like object, until the next call into MicroPython; raises `TypeError`.
    #[inline(never)]
    pub fn buffer<'a>(&self, py: &'a Py, object: Obj) -> &'a [u8] {
        self.buffer_if(py, object, READ_OR_RAISE)
    }

    #[inline(always)]
    fn buffer_if<'a>(&self, _: &'a Py, object: Obj, flags: usize) -> &'a [u8] {
        let mut info = BufferInfo { start: core::ptr::null_mut(), length: 0, typecode: 0 };
        if !(self.table.buffer)(object, &mut info, flags) || info.length == 0 {
            return &[];
        }
        // SAFETY: MicroPython gave this address; the caller holds the object, and the program, which could change it,
        // does not run while `Py` is borrowed.
        unsafe { core::slice::from_raw_parts(info.start, info.length) }
    }

    /// Whether these bytes are outside the memory, so that it can be filled from them.
    #[inline(never)]
    pub fn is_apart(&self, bytes: &[u8], memory: Memory) -> bool {
        let (first, start) = (bytes.as_ptr() as usize, memory.start as usize);
        first + bytes.len() <= start || start + memory.size <= first
    }

    /// Begins to iterate over an object; raises `TypeError`.
    #[inline(never)]
    pub fn iterate(&self, _: &mut Py, iterable: Obj) -> Iteration {
        let mut iteration = Iteration([Obj::NULL; 4]);
        (self.table.iterate)(iterable, &mut iteration);
        iteration
    }

    /// The next item; what the iterable raises passes through.
    #[inline(never)]
    pub fn next(&self, _: &mut Py, iteration: &mut Iteration) -> Option<Obj> {
        let item = (self.table.next)(iteration);
        if item == Obj::NULL { None } else { Some(item) }
    }

    /// New memory from MicroPython's heap; `None` when there is not enough.
    #[inline(never)]
    pub fn memory(&self, _: &mut Py, size: usize) -> Option<Memory> {
        let start = (self.table.reallocate)(core::ptr::null_mut(), size, true);
        if start.is_null() { None } else { Some(Memory { start, size }) }
    }

    /// Frees a block that nothing else has seen.
    #[inline(never)]
    pub fn release(&self, _: &mut Py, memory: Memory) {
        (self.table.reallocate)(memory.start, 0, true);
    }

    /// As [`memory`](Self::memory), but raises `MemoryError`.
    #[inline(never)]
    pub fn memory_or_raise(&self, py: &mut Py, size: usize) -> Memory {
        match self.memory(py, size) {
            Some(memory) => memory,
            None => self.raise_builtin(py, q::MemoryError, &[]),
        }
    }

    /// A `bytearray` of this memory.
    #[inline(never)]
    pub fn bytearray(&self, _: &mut Py, memory: &Memory) -> Obj {
        (self.table.new_bytearray)(memory.size, memory.start)
    }

    /// The events [`READABLE`] and [`BROKEN`] of a stream by its `ioctl`; `None` if it does not report them. An object
    /// that is not a stream raises `OSError`.
    #[inline(never)]
    pub fn poll(&self, _: &mut Py, stream: Obj) -> Option<usize> {
        let protocol = (self.table.stream)(stream, IOCTL);
        let mut error = 0;
        let events = (protocol.ioctl)(stream, POLL, READABLE | BROKEN, &mut error);
        if events == usize::MAX { None } else { Some(events) }
    }

    /// A `memoryview` that will show memory; raises `RuntimeError` if MicroPython's objects have another layout.
    #[cfg(feature = "link")]
    pub fn lent(&self, py: &mut Py) -> Lent {
        let any = Memory { start: self.context.globals.0 as *mut u8, size: 1 };
        let array = self.bytearray(py, &any);
        let view = self.builtin(py, q::memoryview);
        let object = self.call(py, view, &[array]);
        // SAFETY: it is an object, which has at least four words in every version so far.
        let array = unsafe { &mut *(object.0 as *mut Array) };
        if array.length != any.size || array.items != any.start || array.typecode_and_offset >> 8 != 0 {
            self.raise_builtin(py, q::RuntimeError, &[]);
        }
        array.length = 0;
        Lent(object)
    }
}

/// A method, the object that it is bound to, and room for arguments.
pub struct Method(pub [Obj; 6]);

impl Method {
    pub const fn new() -> Self {
        Self([Obj::NULL; 6])
    }

    /// Sets the arguments, beginning with the first.
    #[inline(always)]
    pub const fn set(&mut self, arguments: [Obj; 4]) {
        let [function, bound, ..] = self.0;
        let [a, b, c, d] = arguments;
        self.0 = [function, bound, a, b, c, d];
    }
}

/// `mp_obj_iter_buf_t`: the state of an iteration.
#[repr(C)]
pub struct Iteration([Obj; 4]);

impl Client {
    /// The client that an object is, by its attribute `_m`; raises `AttributeError`, `TypeError` or `AssertionError`
    /// if it was not initialised, or if the program has put something else there.
    #[inline(never)]
    pub fn of(vm: &Vm, py: &mut Py, object: Obj) -> &'static Self {
        let state = vm.attr(py, object, q::_m);
        let Some(client) = Self::behind(vm.buffer(py, state)) else { vm.refuse(py, q::_m) };
        client.object.set(object);
        client
    }

    /// The client whose state these bytes are. The block contains its own address, and a program cannot write to
    /// `bytes`, so it cannot forge one.
    fn behind(state: &[u8]) -> Option<&'static Self> {
        let start = state.as_ptr().cast::<Self>();
        if state.len() != size_of::<Self>() {
            return None;
        }
        // SAFETY: the block has this many bytes, and the read of the number needs no alignment.
        let address = unsafe { (&raw const (*start).address).read_unaligned() };
        // SAFETY: `initialise` made it, and the object, which our caller holds, keeps it. Its fields are cells.
        if address == start as usize { Some(unsafe { &*start }) } else { None }
    }

    /// Gives an object its state, or resets its old one, which a caller may still be using.
    #[cfg(feature = "link")]
    pub fn initialise(vm: &Vm, py: &mut Py, object: Obj, own_read: Obj, own_write: Obj) {
        let mut state = Method::new();
        let known = vm.has_method(py, object, q::_m, &mut state);
        if !known || Self::behind(vm.buffer_if(py, state.0[0], READ)).is_none() {
            let zeros = [0_usize; size_of::<Self>() / size_of::<usize>()];
            let zeros = Memory { start: zeros.as_ptr().cast_mut().cast(), size: size_of::<Self>() };
            state.0[0] = vm.bytes(py, zeros, 0, zeros.size);
        }
        let start = vm.buffer(py, state.0[0]).as_ptr().cast_mut().cast::<Self>();
        // SAFETY: the heap's blocks are aligned to two words at least, and this one is large enough: it is our own
        // `bytes` that no program has seen, or a client's state. A client of zeros is valid once its `vm` is set: all
        // else in it is numbers, options of numbers and objects.
        let client = unsafe {
            start.cast::<u8>().write_bytes(0, size_of::<Self>());
            (&raw mut (*start).vm).write(*vm);
            (&raw mut (*start).address).write(start as usize);
            &*start
        };
        client.object.set(object);
        client.own_read.set(own_read);
        client.own_write.set(own_write);
        client.ticks.set(vm.global(py, q::ticks_ms));
        client.ident.set(vm.global(py, q::get_ident));
        client.packet.set(vm.lent(py));
        client.room.set(vm.lent(py));
        vm.store(py, object, q::_m, state.0[0]);
    }
}
