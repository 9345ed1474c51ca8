//! Memory of the caller as slices.

/// Returns `len` bytes at `address`: none for a length of 0, whatever the address. None if the
/// address is null or no object can be so long.
///
/// # Safety
/// Unless null, `address` has `len` readable bytes that nobody changes while the slice lives.
pub unsafe fn slice<'a, T>(address: *const T, len: usize) -> Option<&'a [u8]> {
    match len {
        0 => Some(&[]),
        _ if address.is_null() || isize::try_from(len).is_err() => None,
        // SAFETY: not null; the rest is the caller's promise.
        _ => Some(unsafe { std::slice::from_raw_parts(address.cast(), len) }),
    }
}

/// As [`slice()`], for bytes to write.
///
/// # Safety
/// Unless null, `address` has `len` writable bytes that nobody else uses while the slice lives. That C
/// may have given them no value yet is tolerated: they are only written to.
pub unsafe fn slice_mut<'a, T>(address: *mut T, len: usize) -> Option<&'a mut [u8]> {
    match len {
        0 => Some(&mut []),
        _ if address.is_null() || isize::try_from(len).is_err() => None,
        // SAFETY: not null; the rest is the caller's promise.
        _ => Some(unsafe { std::slice::from_raw_parts_mut(address.cast(), len) }),
    }
}
