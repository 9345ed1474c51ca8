//! Layered patches and flat deltas in memory.

use std::cell::Cell;
use std::ffi::c_void;
use std::sync::Arc;

use sigdelta::layered::{apply, flatten, make};
use sigdelta::{Error, ReadAt};

use super::{Counted, Watch};
use crate::bytes::{Growing, input, produce, sigdelta_bytes};
use crate::error::Failure;
use crate::options::{Options, sigdelta_options};
use crate::progress::Phase;
use crate::stats::sigdelta_stats;
use crate::status::sigdelta_status;

/// Makes the layered patch that turns a basis into a new file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_layered_diff_bytes(
    basis: *const c_void,
    basis_len: usize,
    new_file: *const c_void,
    new_len: usize,
    options: *const sigdelta_options,
    patch: *mut sigdelta_bytes,
    stats: *mut sigdelta_stats,
) -> sigdelta_status {
    let write = |options: &Options, output: &mut Growing| {
        // SAFETY: the contract; the library's threads end before this does.
        let basis = unsafe { whole(basis, basis_len, "basis") }?;
        // SAFETY: as above.
        let new = unsafe { whole(new_file, new_len, "new_file") }?;
        let len = Some(new.1);
        let mut watch = Watch::new(options.monitor(Phase::Delta, len));
        let made = make(basis, new, output, options.make(options.threads(len)), &mut watch)?;
        Ok(watch.end(made)?)
    };
    // SAFETY: the contract.
    unsafe { produce(options, (patch, "patch"), stats, write) }
}

/// Makes the result of a layered patch on a basis. It is always verified.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_layered_patch_bytes(
    basis: *const c_void,
    basis_len: usize,
    patch: *const c_void,
    patch_len: usize,
    options: *const sigdelta_options,
    result: *mut sigdelta_bytes,
    stats: *mut sigdelta_stats,
) -> sigdelta_status {
    let write = |options: &Options, output: &mut Growing| {
        // SAFETY: the contract.
        let basis = unsafe { input(basis, basis_len, "basis") }?;
        // SAFETY: the contract.
        let patch = unsafe { input(patch, patch_len, "patch") }?;
        Ok(apply_bytes(basis, patch, options, output)?)
    };
    // SAFETY: the contract.
    unsafe { produce(options, (result, "result"), stats, write) }
}

/// Makes the delta that turns a basis into a new file, in librsync's format, but from both files: much
/// smaller than sigdelta_diff_bytes makes it. Every librsync applies it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_flat_diff_bytes(
    basis: *const c_void,
    basis_len: usize,
    new_file: *const c_void,
    new_len: usize,
    options: *const sigdelta_options,
    delta: *mut sigdelta_bytes,
    stats: *mut sigdelta_stats,
) -> sigdelta_status {
    let write = |options: &Options, output: &mut Growing| {
        // SAFETY: the contract; the library's threads end before this does.
        let basis = unsafe { whole(basis, basis_len, "basis") }?;
        // SAFETY: as above.
        let new = unsafe { whole(new_file, new_len, "new_file") }?;
        let len = Some(new.1);
        let mut watch = Watch::new(options.monitor(Phase::Delta, len));
        let make_options = options.make(options.threads(len));
        let made = flatten(basis, new, output, make_options, options.delta(), &mut watch)?;
        Ok(watch.end(made)?)
    };
    // SAFETY: the contract.
    unsafe { produce(options, (delta, "delta"), stats, write) }
}

/// Makes the result of a layered patch in memory.
pub fn apply_bytes(
    basis: &[u8],
    patch: &[u8],
    options: &Options,
    output: &mut Growing,
) -> Result<sigdelta_stats, Error> {
    let read_bytes = Cell::new(0);
    let callback = options.monitor(Phase::Patch, Some(patch.len() as u64));
    let mut watch = Watch::new(callback).counted(&read_bytes);
    let patch = Counted { reader: patch, read_bytes: &read_bytes };
    let applied = apply(basis, patch, output, options.apply(), &mut watch)?;
    watch.end(applied)
}

/// Returns the bytes of an argument for threads, and how many they are.
///
/// # Safety
/// That of [`input`]; the result is dropped before the call ends.
unsafe fn whole(
    address: *const c_void,
    len: usize,
    argument: &'static str,
) -> Result<(Arc<dyn ReadAt>, u64), Failure> {
    // SAFETY: as above.
    let bytes: &'static [u8] = unsafe { input(address, len, argument) }?;
    Ok((Arc::new(bytes), len as u64))
}
