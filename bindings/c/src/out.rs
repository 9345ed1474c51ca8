//! What goes back through pointers of the caller.

use std::ptr;

use sigdelta::Error;
use sigdelta_ffi::give;

use crate::error::{Failure, call};
use crate::status::sigdelta_status;

/// Writes a value, unless it is not wanted.
///
/// # Safety
/// The contract: `target` is null or ours to write.
pub unsafe fn put<T>(target: *mut T, value: T) {
    if !target.is_null() {
        // SAFETY: as above.
        unsafe { target.write(value) };
    }
}

/// Runs the body of a function that gives a handle, which is null unless that succeeds.
///
/// # Safety
/// The contract: `target` is null or ours to write.
pub unsafe fn put_handle<T>(
    target: *mut *mut T,
    missing: &'static str,
    make: impl FnOnce() -> Result<*mut T, Failure>,
) -> sigdelta_status {
    call(|| {
        // SAFETY: as above.
        unsafe { put(target, ptr::null_mut()) };
        if target.is_null() {
            return Err(Failure::Argument(missing));
        }
        let handle = make()?;
        // SAFETY: as above.
        unsafe { put(target, handle) };
        Ok(sigdelta_status::OK)
    })
}

/// Moves a value to the heap for C.
pub fn handle_of<T>(value: T) -> Result<*mut T, Failure> {
    let handle = give(value);
    if handle.is_null() {
        return Err(Error::OutOfMemory { wanted_bytes: size_of::<T>() as u64 }.into());
    }
    Ok(handle)
}
