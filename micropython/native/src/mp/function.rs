//! The functions of this module as objects, and what they are called with.

use super::table::Context;
use super::{Obj, Py, Q, Vm, q};

/// The function object that every call passes: `mp_obj_fun_bc_t`, or one of [`Methods`].
#[repr(C)]
pub struct Function {
    kind: *const Kind,
    pub(super) context: &'static Context,
    /// The value of `__name__`; only one of [`Methods`] has it.
    name: Q,
    code: Native,
}

/// A function of this module: itself, the number of positional and of keyword arguments, and all of them.
pub type Native = extern "C" fn(&'static Function, usize, usize, *const Obj) -> Obj;

/// `mp_obj_type_t` of a function that has a name.
#[repr(C)]
struct Kind {
    kind: usize,
    flags_and_name: u32,
    /// Where in `slots` the functions are, counted from 1; the third entry is for `call` and the sixth for `attr`.
    places: [u8; 12],
    slots: [usize; 2],
}

/// Makes methods: functions that bind `self` and have a `__name__`, which MicroPython's own native functions lack.
#[cfg(any(not(feature = "link"), feature = "user-module"))]
pub struct Methods(*const Kind);

#[cfg(any(not(feature = "link"), feature = "user-module"))]
impl Methods {
    /// Makes the type of the methods from the type of this function.
    pub fn like(vm: &Vm, py: &mut Py, function: &Function) -> Self {
        let kind = vm.memory_or_raise(py, size_of::<Kind>()).start.cast::<Kind>();
        // SAFETY: the type of a function that MicroPython called is one of its own, and these begin like this; the new
        // block is large enough, and aligned to two words.
        unsafe {
            let known = &*function.kind;
            kind.write(Kind {
                kind: known.kind,
                flags_and_name: known.flags_and_name,
                places: [0, 0, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0],
                slots: [call as *const () as usize, attr as *const () as usize],
            });
        }
        Self(kind)
    }

    #[inline(never)]
    pub fn make(&self, vm: &Vm, py: &mut Py, name: Q, code: Native) -> Obj {
        let function = vm.memory_or_raise(py, size_of::<Function>()).start;
        // SAFETY: as above.
        unsafe {
            function.cast::<Function>().write(Function { kind: self.0, context: vm.context, name, code })
        };
        Obj(function as usize)
    }
}

#[cfg(any(not(feature = "link"), feature = "user-module"))]
impl Function {
    /// The name of a method.
    pub const fn name(&self) -> Q {
        self.name
    }
}

/// The slot `call` of [`Kind`].
#[cfg(any(not(feature = "link"), feature = "user-module"))]
extern "C" fn call(function: &'static Function, n: usize, kw: usize, arguments: *const Obj) -> Obj {
    (function.code)(function, n, kw, arguments)
}

/// The slot `attr` of [`Kind`]: loads `__name__`.
#[cfg(any(not(feature = "link"), feature = "user-module"))]
extern "C" fn attr(function: &'static Function, name: usize, value: &mut Obj) {
    let (vm, _) = Vm::of(function);
    if *value == Obj::NULL && name == vm.qstr(q::__name__) {
        *value = vm.name(function.name);
    }
}

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

    /// The numbers of arguments, as MicroPython packs them.
    pub(super) const fn counts(&self) -> usize {
        self.positional | self.keywords << 8
    }

    pub(super) const fn arguments(&self) -> *const Obj {
        self.arguments
    }

    pub const fn all(&self) -> &[Obj] {
        // SAFETY: MicroPython passes the number of positional arguments at this place.
        unsafe { core::slice::from_raw_parts(self.arguments, self.positional) }
    }

    /// Exactly `N` arguments, all of them by position; raises `TypeError`.
    #[inline(always)]
    pub fn exactly<const N: usize>(&self, vm: &Vm, py: &mut Py) -> [Obj; N] {
        match self.all().try_into() {
            Ok(arguments) if self.keywords == 0 => arguments,
            _ => vm.raise_builtin(py, q::TypeError, &[]),
        }
    }

    /// Whether all arguments came by position, and their number is in this range.
    pub const fn is_by_position(&self, least: usize, most: usize) -> bool {
        self.keywords == 0 && least <= self.positional && self.positional <= most
    }

    /// An argument by its position, or [`Obj::NULL`] if it was left out.
    #[inline(never)]
    pub fn argument(&self, index: usize) -> Obj {
        self.all().get(index).copied().unwrap_or(Obj::NULL)
    }
}
