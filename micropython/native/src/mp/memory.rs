//! Memory of MicroPython's heap, and the objects that show it to programs.

use super::Obj;
use super::table::ByteArray;

/// Memory from MicroPython's heap. It is there as long as something reachable points to its start.
#[derive(Clone, Copy)]
pub struct Memory {
    pub(super) start: *mut u8,
    pub(super) size: usize,
}

impl Memory {
    pub const NONE: Self = Self { start: core::ptr::null_mut(), size: 0 };

    pub const fn size(&self) -> usize {
        self.size
    }

    /// The bytes. As any reference, not to be held across a call into MicroPython, nor beside another.
    pub const fn bytes<'a>(self) -> &'a mut [u8] {
        if self.size == 0 {
            return &mut [];
        }
        // SAFETY: MicroPython gave so much memory, and it is ours alone; by the rule it is borrowed once, and only
        // as long as the client holds it.
        unsafe { core::slice::from_raw_parts_mut(self.start, self.size) }
    }
}

impl Memory {
    /// The bytes from `start` to `end`, as far as they are there; as [`bytes`](Self::bytes).
    #[inline(never)]
    pub fn part<'a>(self, start: usize, end: usize) -> &'a mut [u8] {
        self.bytes().get_mut(start..end).unwrap_or_default()
    }
}

/// A `bytearray` that shows memory of a client; it is used again for each call.
#[derive(Clone, Copy)]
pub struct Lent(pub(super) Obj);

impl Lent {
    /// Shows these bytes, until the next call; the client must hold them as long as the program may look at them.
    pub fn show(self, bytes: &[u8]) -> Obj {
        // SAFETY: `Vm::lent` has looked at the object's layout.
        let array = unsafe { &mut *(self.0.0 as *mut ByteArray) };
        array.length = bytes.len();
        array.items = bytes.as_ptr().cast_mut();
        self.0
    }
}
