//! Memory of MicroPython's heap, and the objects that show it to programs.

use core::cell::Cell;

use super::table::Array;
use super::{Obj, Py};

/// Memory from MicroPython's heap. It stays valid as long as something reachable points to its start.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    pub(super) start: *mut u8,
    pub(super) size: usize,
}

impl Memory {
    pub const NONE: Self = Self { start: core::ptr::null_mut(), size: 0 };

    /// A part of a client's state, which is in such memory and is never freed before the client.
    pub const fn of<const N: usize>(bytes: &Cell<[u8; N]>) -> Self {
        Self { start: bytes.as_ptr().cast(), size: N }
    }

    pub const fn size(&self) -> usize {
        self.size
    }

    /// The bytes from `start` to `end`, as far as they are there, until the next call into MicroPython.
    #[inline(never)]
    pub fn part(self, _: &Py, start: usize, end: usize) -> &[u8] {
        if start > end || end > self.size {
            return &[];
        }
        // SAFETY: MicroPython gave this much memory, and nothing frees or changes it while `Py` is borrowed: whatever
        // does that borrows `Py` mutably, or is `fill`.
        unsafe { core::slice::from_raw_parts(self.start.wrapping_add(start), end - start) }
    }

    /// Copies bytes from elsewhere to this place, as far as there is room.
    #[inline(never)]
    pub fn put(self, py: &Py, start: usize, bytes: &[u8]) {
        self.fill(py, |to| {
            for (to, from) in to.iter_mut().skip(start).zip(bytes) {
                *to = *from;
            }
        });
    }

    /// Lends all the bytes to a function that writes them. What that reads must be elsewhere, see `Vm::is_apart`.
    #[inline(always)]
    pub fn fill<T>(self, _: &Py, write: impl FnOnce(&mut [u8]) -> T) -> T {
        if self.size == 0 {
            return write(&mut []);
        }
        // SAFETY: as above; the slice ends with `write`, which can call nothing that changes the heap.
        write(unsafe { core::slice::from_raw_parts_mut(self.start, self.size) })
    }
}

/// A `memoryview` that shows memory of a client; it is used again for each call.
///
/// A program that keeps it, or a slice of it, sees later contents of this memory, but no other memory: the view cannot
/// be resized, and the memory is not freed as long as a view of it exists.
#[derive(Clone, Copy)]
pub struct Lent(pub(super) Obj);

/// What a [`Lent`] shows.
pub struct Shown(usize, usize, *mut u8);

impl Lent {
    /// Shows these bytes, until the next call. The memory must be a block that is never resized or freed by hand.
    #[inline(never)]
    pub fn show(self, memory: Memory, start: usize, end: usize) -> Obj {
        // SAFETY: `Vm::lent` has checked the object's layout.
        let array = unsafe { &mut *(self.0.0 as *mut Array) };
        array.typecode_and_offset = array.typecode_and_offset & 0xff | start << 8;
        (array.length, array.items) = (end - start, memory.start);
        self.0
    }

    /// What it shows now, for [`restore`](Self::restore).
    pub const fn shown(self) -> Shown {
        // SAFETY: as above.
        let array = unsafe { &*(self.0.0 as *const Array) };
        Shown(array.typecode_and_offset, array.length, array.items)
    }

    pub const fn restore(self, shown: &Shown) {
        // SAFETY: as above.
        let array = unsafe { &mut *(self.0.0 as *mut Array) };
        (array.typecode_and_offset, array.length, array.items) = (shown.0, shown.1, shown.2);
    }
}
