//! MD4, in state of the caller.

use std::ffi::{c_uchar, c_void};

use libc::size_t;
use md4::{Digest, Md4};
use sigdelta_ffi::{guard, slice};

/// State of an MD4 sum: 96 bytes, as in librsync, whose users may know that.
#[derive(Debug)]
pub struct rs_mdfour {
    _private: u8,
}

const STATE_LEN: usize = 96;
const _: () = assert!(size_of::<Md4>() <= STATE_LEN);

/// Starts a sum.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_mdfour_begin(md: *mut rs_mdfour) {
    if !md.is_null() {
        // SAFETY: by contract 96 bytes, of any alignment.
        unsafe { md.cast::<Md4>().write_unaligned(Md4::new()) };
    }
}

/// Adds `n` bytes to a sum.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_mdfour_update(md: *mut rs_mdfour, in_void: *const c_void, n: size_t) {
    // SAFETY: by contract n readable bytes.
    let Some(bytes) = (unsafe { slice(in_void, n) }) else { return };
    if md.is_null() {
        return;
    }
    guard((), || {
        // SAFETY: by contract a state that rs_mdfour_begin filled; it holds no memory.
        let mut state = unsafe { md.cast::<Md4>().read_unaligned() };
        state.update(bytes);
        // SAFETY: as above.
        unsafe { md.cast::<Md4>().write_unaligned(state) };
    });
}

/// Writes the 16 bytes of the sum.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_mdfour_result(md: *mut rs_mdfour, out: *mut c_uchar) {
    if md.is_null() || out.is_null() {
        return;
    }
    guard((), || {
        // SAFETY: by contract a state that rs_mdfour_begin filled, and 16 bytes.
        unsafe {
            let sum: [u8; 16] = md.cast::<Md4>().read_unaligned().finalize().into();
            out.copy_from_nonoverlapping(sum.as_ptr(), sum.len());
        }
    });
}

/// Writes the 16 bytes of the MD4 sum of `n` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_mdfour(out: *mut c_uchar, in_: *const c_void, n: size_t) {
    if out.is_null() {
        return;
    }
    guard((), || {
        // SAFETY: by contract n readable bytes, and 16 bytes to write.
        unsafe {
            let Some(bytes) = slice(in_, n) else { return };
            let sum: [u8; 16] = Md4::digest(bytes).into();
            out.copy_from_nonoverlapping(sum.as_ptr(), sum.len());
        }
    });
}
