//! A short list that is a plain value.

use std::hash::{Hash, Hasher};

/// Up to `N` values in order.
#[derive(Clone, Copy, Debug)]
pub struct List<T, const N: usize> {
    values: [T; N],
    length: u8,
}

impl<T: Copy + Default, const N: usize> List<T, N> {
    pub fn new() -> Self {
        Self { values: [T::default(); N], length: 0 }
    }

    pub fn as_slice(&self) -> &[T] {
        &self.values[..usize::from(self.length)]
    }

    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.values[..usize::from(self.length)]
    }

    pub fn has_room(&self) -> bool {
        usize::from(self.length) < N
    }

    /// Adds a value at the end.
    ///
    /// # Panics
    /// When the list is full: the model was made too small, which is no fault of the engine.
    pub fn push(&mut self, value: T) {
        assert!(self.has_room(), "a list of the model is too short");
        self.values[usize::from(self.length)] = value;
        self.length += 1;
    }

    pub fn extend(&mut self, values: &[T]) {
        values.iter().for_each(|&value| self.push(value));
    }

    /// Drops the first `count` values.
    pub fn drop_front(&mut self, count: usize) {
        self.values.copy_within(count..usize::from(self.length), 0);
        self.length -= u8::try_from(count).expect("lists are short");
    }

    pub fn remove(&mut self, index: usize) -> T {
        let value = self.as_slice()[index];
        self.values.copy_within(index + 1..usize::from(self.length), index);
        self.length -= 1;
        value
    }

    pub fn clear(&mut self) {
        self.length = 0;
    }
}

// What lies behind the end is no part of the value.
impl<T: Copy + Default + Hash, const N: usize> Hash for List<T, N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}
