//! Whole streams of C: signature, loading, delta and patch in one call.

use std::ffi::CStr;
use std::sync::atomic::{AtomicI32, Ordering};

use libc::{FILE, size_t};
use sigdelta::io::{self, BufferSizes};
use sigdelta::librsync::{Cause, is_of_job};
use sigdelta::{
    AfterEnd, DeltaEncoder, DeltaOptions, Engine, Error, ErrorKind, PatchOptions, Patcher,
    SignatureEncoder,
};
use sigdelta_ffi::{Shared, guard};

use crate::args::{Wanted, resolve_aloud};
use crate::stdio::{Stream, StreamBasis};
use crate::sumset::{Built, Sumset};
use crate::trace::{log_cause, log_failure};
use crate::types::{
    rs_inbuflen, rs_long_t, rs_magic_number, rs_outbuflen, rs_result, rs_signature, rs_stats,
};

/// Buffers larger than this gain nothing.
const MAX_BUFFER: i32 = 64 << 20;
/// What librsync reads of a delta at once, so that a stream that goes on behind the delta is left at
/// the same place.
const DELTA_BUFFER: usize = 64 << 10;

/// Returns what the program asked for in rs_inbuflen and rs_outbuflen.
fn buffers() -> BufferSizes {
    let size = |wanted: &AtomicI32| match wanted.load(Ordering::Relaxed) {
        ..=0 => None,
        wanted => Some(wanted.min(MAX_BUFFER) as usize),
    };
    BufferSizes { input: size(&rs_inbuflen), output: size(&rs_outbuflen) }
}

/// Runs our part of a job, then reports what came of it to log and program.
///
/// Runs code of the program, so never inside a guard.
///
/// # Safety
/// `stats` is null or valid.
unsafe fn run(
    op: &'static CStr,
    stats: *mut rs_stats,
    basis_fd: i32,
    job: impl FnOnce(&mut rs_stats) -> Result<(), Error>,
) -> rs_result {
    let mut done = rs_stats::new(op);
    let result = guard(None, || Some(job(&mut done)));
    done.finish();
    let (result, of_job) = match &result {
        Some(Ok(())) => (rs_result::DONE, false),
        Some(Err(error)) => {
            log_cause(Cause { error, basis_fd });
            (rs_result(error.kind().code()), is_of_job(error))
        }
        None => (rs_result(ErrorKind::Internal.code()), true),
    };
    if of_job {
        log_failure(op.to_str().unwrap_or_default(), result);
    }
    if !stats.is_null() {
        // SAFETY: not null and by contract valid.
        unsafe { stats.write(done) };
    }
    result
}

/// Writes the signature of a stream, from where it stands to its end.
///
/// Lengths and kind are as for rs_sig_args, with the length of the file if it is a regular one.
/// `stats` may be NULL.
#[cfg(not(rsync_no_stdio_interface))]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn rs_sig_file(
    old_file: *mut FILE,
    sig_file: *mut FILE,
    block_len: size_t,
    strong_len: size_t,
    sig_magic: rs_magic_number,
    stats: *mut rs_stats,
) -> rs_result {
    // SAFETY: null or open, by contract.
    let streams = unsafe { Stream::new(old_file).zip(Stream::new(sig_file)) };
    let Some((basis, output)) = streams else { return rs_result::PARAM_ERROR };
    let basis_len = basis.regular_len().map_or(-1, |len| len as rs_long_t);
    let wanted = Wanted { magic: sig_magic, block_len, strong_len };
    let params = match resolve_aloud(basis_len, wanted) {
        Ok(params) => params,
        Err(result) => return result,
    };
    let job = |done: &mut rs_stats| {
        let mut encoder = SignatureEncoder::new(params);
        let result = io::drive_signature(&mut encoder, basis, output, buffers(), &mut ());
        let stats = encoder.stats();
        done.set_signature(&stats);
        done.set_bytes(stats.in_bytes, stats.out_bytes);
        result
    };
    // SAFETY: null or valid, by contract.
    unsafe { run(c"signature", stats, -1, job) }
}

/// Loads the signature in a stream, from where it stands to its end.
///
/// `*sumset` is set in every case and is the caller's, who frees it with rs_free_sumset. `stats` may
/// be NULL.
#[cfg(not(rsync_no_stdio_interface))]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn rs_loadsig_file(
    sig_file: *mut FILE,
    sumset: *mut *mut rs_signature,
    stats: *mut rs_stats,
) -> rs_result {
    if sumset.is_null() {
        return rs_result::PARAM_ERROR;
    }
    // SAFETY: not null and by contract valid.
    unsafe { *sumset = std::ptr::null_mut() };
    // SAFETY: null or open, by contract.
    let Some(input) = (unsafe { Stream::new(sig_file) }) else { return rs_result::PARAM_ERROR };
    let Some(shared) = Shared::new(Sumset::new()) else { return rs_result::MEM_ERROR };
    let loading = shared.clone();
    // SAFETY: not null and by contract valid.
    unsafe { *sumset = shared.into_raw() };
    let job = |done: &mut rs_stats| {
        let loaded = loading.load(|decoder| io::drive_load(decoder, input, buffers()));
        let (stats, result) = match loaded {
            Ok(stats) => (stats, loading.finish()),
            Err((stats, error)) => (stats, Err(error)),
        };
        done.set_signature(&stats);
        done.set_bytes(stats.in_bytes, 0);
        result
    };
    // SAFETY: null or valid, by contract.
    unsafe { run(c"loadsig", stats, -1, job) }
}

/// Writes the delta of a new file against a signature. `stats` may be NULL.
#[cfg(not(rsync_no_stdio_interface))]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn rs_delta_file(
    sig: *mut rs_signature,
    new_file: *mut FILE,
    delta_file: *mut FILE,
    stats: *mut rs_stats,
) -> rs_result {
    // SAFETY: null, or by contract a signature of this library.
    let sumset = unsafe { Shared::<Sumset>::share(sig) };
    // SAFETY: null or open, by contract.
    let streams = unsafe { Stream::new(new_file).zip(Stream::new(delta_file)) };
    let (Some(sumset), Some((new, output))) = (sumset, streams) else {
        return rs_result::PARAM_ERROR;
    };
    let job = |done: &mut rs_stats| {
        let index = Built::new(Some(sumset))?;
        let mut encoder = DeltaEncoder::new(index.clone(), DeltaOptions::new());
        let result = io::drive(&mut encoder, new, output, buffers(), &mut ());
        let stats = encoder.stats();
        index.count(&stats.search);
        done.set_commands(&stats.commands);
        done.set_bytes(stats.in_bytes, stats.out_bytes);
        result
    };
    // SAFETY: null or valid, by contract.
    unsafe { run(c"delta", stats, -1, job) }
}

/// Writes the result of a delta on a basis, a stream that can seek. `stats` may be NULL.
///
/// RS_CORRUPT if the delta is a regular file with a trailer that names another result; librsync's own
/// deltas have none.
#[cfg(not(rsync_no_stdio_interface))]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn rs_patch_file(
    basis_file: *mut FILE,
    delta_file: *mut FILE,
    new_file: *mut FILE,
    stats: *mut rs_stats,
) -> rs_result {
    // SAFETY: null or open, by contract.
    let streams =
        unsafe { Stream::new(basis_file).zip(Stream::new(delta_file)).zip(Stream::new(new_file)) };
    let Some(((basis, delta), output)) = streams else { return rs_result::PARAM_ERROR };
    let job = |done: &mut rs_stats| {
        let after_end = if delta.may_have_trailer() { AfterEnd::Tolerate } else { AfterEnd::Stop };
        let mut patcher = Patcher::new(PatchOptions::new().after_end(after_end));
        let BufferSizes { input, output: output_size } = buffers();
        let buffers = BufferSizes { input: input.or(Some(DELTA_BUFFER)), output: output_size };
        let basis = StreamBasis::new(basis);
        let result = io::drive_patch(&mut patcher, basis, delta, output, buffers, &mut ());
        let stats = patcher.stats();
        done.set_commands(&stats.commands);
        done.set_bytes(stats.in_bytes, stats.out_bytes);
        result
    };
    // SAFETY: null or valid, by contract.
    unsafe { run(c"patch", stats, basis.fd(), job) }
}
