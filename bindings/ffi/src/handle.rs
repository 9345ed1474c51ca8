//! Handles: values that C holds by pointer. Making one never aborts for want of memory.

use std::alloc::{Layout, alloc};
use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Moves a value to the heap and returns its address, None if there is no memory.
fn try_allocate<T>(value: T) -> Option<NonNull<T>> {
    const { assert!(size_of::<T>() > 0) };
    // SAFETY: the layout has a size.
    let address = NonNull::new(unsafe { alloc(Layout::new::<T>()) })?.cast::<T>();
    // SAFETY: just allocated for a T, and ours alone.
    unsafe { address.write(value) };
    Some(address)
}

/// Gives a value away by pointer; null if there is no memory.
pub fn give<T>(value: T) -> *mut T {
    try_allocate(value).map_or(std::ptr::null_mut(), NonNull::as_ptr)
}

/// Takes back and drops what [`give`] gave; null is nothing.
///
/// # Safety
/// `handle` is null or came from [`give`] and is not used again.
pub unsafe fn free<T>(handle: *mut T) {
    if !handle.is_null() {
        // SAFETY: a box has the layout and allocator that `try_allocate` used.
        drop(unsafe { Box::from_raw(handle) });
    }
}

/// A value with several owners, of whom C may be one: `Arc`, but for the want of memory.
pub struct Shared<T>(NonNull<Counted<T>>);

struct Counted<T> {
    owners: AtomicUsize,
    value: T,
}

// SAFETY: as for Arc: owners in several threads have shared access, and any of them may drop.
unsafe impl<T: Send + Sync> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// Makes a value with one owner, None if there is no memory.
    pub fn new(value: T) -> Option<Self> {
        try_allocate(Counted { owners: AtomicUsize::new(1), value }).map(Shared)
    }

    /// Gives this ownership to C.
    pub fn into_raw<Handle>(self) -> *mut Handle {
        let address = self.0.as_ptr().cast();
        std::mem::forget(self);
        address
    }

    /// Takes an ownership back from C; None for null.
    ///
    /// # Safety
    /// `handle` is null or came from [`Shared::into_raw`] of this type, and this ownership is not
    /// taken again.
    pub unsafe fn from_raw<Handle>(handle: *mut Handle) -> Option<Self> {
        NonNull::new(handle.cast()).map(Shared)
    }

    /// Shares what C owns; None for null.
    ///
    /// # Safety
    /// `handle` is null or came from [`Shared::into_raw`] of this type and was not taken back.
    pub unsafe fn share<Handle>(handle: *const Handle) -> Option<Self> {
        let owned = Shared(NonNull::new(handle.cast_mut().cast::<Counted<T>>())?);
        let shared = owned.clone();
        std::mem::forget(owned);
        Some(shared)
    }

    fn counted(&self) -> &Counted<T> {
        // SAFETY: alive as long as there is an owner, which self is.
        unsafe { self.0.as_ref() }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.counted().value
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        self.counted().owners.fetch_add(1, Ordering::Relaxed);
        Shared(self.0)
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // As in Arc: what the other owners did comes before the drop.
        if self.counted().owners.fetch_sub(1, Ordering::Release) == 1 {
            self.counted().owners.load(Ordering::Acquire);
            // SAFETY: the last owner; allocated as a box would have been.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shared").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn the_last_owner_drops() {
        let inside = Arc::new(());
        let first = Shared::new(inside.clone()).unwrap();
        let handle: *mut u8 = first.into_raw();
        // SAFETY: the handle is of this type and not taken back yet.
        let second = unsafe { Shared::<Arc<()>>::share(handle) }.unwrap();
        let third = second.clone();
        std::thread::spawn(move || drop(third)).join().unwrap();
        // SAFETY: taken back once.
        drop(unsafe { Shared::<Arc<()>>::from_raw(handle) });
        assert_eq!(Arc::strong_count(&inside), 2);
        drop(second);
        assert_eq!(Arc::strong_count(&inside), 1);
    }

    #[test]
    fn a_given_value_is_dropped_when_it_comes_back() {
        let inside = Arc::new(());
        let handle = give(inside.clone());
        // SAFETY: given above, freed once; null is nothing.
        unsafe {
            free(handle);
            free(std::ptr::null_mut::<Arc<()>>());
        }
        assert_eq!(Arc::strong_count(&inside), 1);
    }
}
