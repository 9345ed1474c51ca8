//! Whole streams of C: signature, loading, delta and patch in one call.
//!
//! Each drives a job, as a program would, so that streams are used outside of the guards of the engines.

use std::ffi::c_void;
use std::fmt;
use std::sync::atomic::{AtomicI32, Ordering};

use libc::{FILE, size_t};
use sigdelta::AfterEnd;
use sigdelta::io::{BufferSizes, signature_buffers};
use sigdelta_ffi::{Shared, guard, slice_mut};

use crate::args::{Wanted, resolve_aloud};
use crate::job::{rs_job, rs_job_free, rs_job_iter};
use crate::stdio::{Errno, Stream, StreamBasis};
use crate::sumset::Sumset;
use crate::threads;
use crate::trace::log_cause;
use crate::types::{
    rs_buffers_s, rs_inbuflen, rs_long_t, rs_magic_number, rs_outbuflen, rs_result, rs_signature,
    rs_stats,
};

const DEFAULT_BUFFER: usize = 256 << 10;
/// Buffers larger than this gain nothing.
const MAX_BUFFER: i32 = 64 << 20;
/// What librsync reads of a delta at once, so that a stream that goes on behind the delta is left at
/// the same place.
const DELTA_BUFFER: usize = 64 << 10;

/// Returns what the program asked for in rs_inbuflen and rs_outbuflen.
pub fn wanted_buffers() -> BufferSizes {
    let size = |wanted: &AtomicI32| match wanted.load(Ordering::Relaxed) {
        ..=0 => None,
        wanted => Some(wanted.min(MAX_BUFFER) as usize),
    };
    BufferSizes { input: size(&rs_inbuflen), output: size(&rs_outbuflen) }
}

/// A job between two streams.
struct Driver {
    job: *mut rs_job,
    input: Stream,
    output: Option<Stream>,
    in_bytes: u64,
    out_bytes: u64,
}

impl Driver {
    /// Takes a job over; null if there was no memory for it.
    fn new(job: *mut rs_job, input: Stream, output: Option<Stream>) -> Self {
        Driver { job, input, output, in_bytes: 0, out_bytes: 0 }
    }

    /// Runs the job to its end.
    ///
    /// Runs code of the program, so never inside a guard.
    ///
    /// # Safety
    /// `stats` is null or valid.
    unsafe fn run(mut self, buffers: BufferSizes, stats: *mut rs_stats) -> rs_result {
        if self.job.is_null() {
            return rs_result::MEM_ERROR;
        }
        let result = self.drive(buffers);
        // SAFETY: not null, and ours.
        let done = unsafe { &mut (*self.job).stats };
        done.set_bytes(self.in_bytes, self.out_bytes);
        done.finish();
        if !stats.is_null() {
            // SAFETY: not null and by contract valid.
            unsafe { stats.write(*done) };
        }
        result
    }

    fn drive(&mut self, sizes: BufferSizes) -> rs_result {
        let output_len =
            if self.output.is_some() { sizes.output.unwrap_or(DEFAULT_BUFFER) } else { 0 };
        let input = try_buffer(sizes.input.unwrap_or(DEFAULT_BUFFER));
        let (Some(mut input), Some(mut output)) = (input, try_buffer(output_len)) else {
            return rs_result::MEM_ERROR;
        };
        let mut buffers = rs_buffers_s {
            next_in: input.as_mut_ptr().cast(),
            avail_in: 0,
            eof_in: 0,
            next_out: output.as_mut_ptr().cast(),
            avail_out: output.len(),
        };
        loop {
            // SAFETY: the job is ours, and the buffers have what they say.
            let result = unsafe { rs_job_iter(self.job, &mut buffers) };
            let produced = output.len() - buffers.avail_out;
            if let (Some(stream), 1..) = (self.output, produced) {
                if let Err(errno) = stream.write(&output[..produced]) {
                    return cannot_write(errno);
                }
                self.out_bytes += produced as u64;
            }
            if result != rs_result::BLOCKED {
                return result;
            }
            buffers.next_out = output.as_mut_ptr().cast();
            buffers.avail_out = output.len();
            if buffers.avail_in == 0 && buffers.eof_in == 0 {
                match self.input.read(&mut input) {
                    Ok(read) => {
                        self.in_bytes += read as u64;
                        buffers.next_in = input.as_mut_ptr().cast();
                        buffers.avail_in = read;
                        buffers.eof_in = (read == 0).into();
                    }
                    Err(errno) => return cannot_read(errno),
                }
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // SAFETY: null, or ours and not freed yet.
        unsafe { rs_job_free(self.job) };
    }
}

fn try_buffer(len: usize) -> Option<Vec<u8>> {
    let mut buf = Vec::new();
    buf.try_reserve_exact(len).ok()?;
    buf.resize(len, 0);
    Some(buf)
}

/// Says why an input cannot be read.
pub fn cannot_read(errno: Errno) -> rs_result {
    log_cause(Failed("(rs_infilebuf_fill) error filling buf from file", errno));
    rs_result::IO_ERROR
}

/// Says why an output cannot be written.
pub fn cannot_write(errno: Errno) -> rs_result {
    log_cause(Failed("(rs_outfilebuf_drain) error draining buf to file", errno));
    rs_result::IO_ERROR
}

/// What failed, and how.
struct Failed(&'static str, Errno);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0, self.1.text().as_c_str().to_string_lossy())
    }
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
    if let Some(pipeline) = threads::signature(params, basis) {
        // SAFETY: null or valid, by contract.
        return unsafe { threads::run_signature(pipeline, (basis, output), stats) };
    }
    let job = guard(std::ptr::null_mut(), || rs_job::signature(params));
    let buffers = signature_buffers(&params, wanted_buffers());
    // SAFETY: null or valid, by contract.
    unsafe { Driver::new(job, basis, Some(output)).run(buffers, stats) }
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
    let job = guard(std::ptr::null_mut(), || rs_job::load(shared.clone()));
    // SAFETY: not null and by contract valid.
    unsafe { *sumset = shared.into_raw() };
    // SAFETY: null or valid, by contract.
    unsafe { Driver::new(job, input, None).run(wanted_buffers(), stats) }
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
    if let Some(pipeline) = threads::delta(&sumset, new) {
        // SAFETY: null or valid, by contract.
        return unsafe { threads::run_delta(pipeline, &sumset, (new, output), stats) };
    }
    let job = guard(std::ptr::null_mut(), || rs_job::delta(Some(sumset)));
    // SAFETY: null or valid, by contract.
    unsafe { Driver::new(job, new, Some(output)).run(wanted_buffers(), stats) }
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
    let after_end = if delta.may_have_trailer() { AfterEnd::Tolerate } else { AfterEnd::Stop };
    let mut basis = StreamBasis::new(basis);
    let copy_arg = (&raw mut basis).cast();
    let job =
        guard(std::ptr::null_mut(), || rs_job::patch(after_end, Some(copy_of_basis), copy_arg));
    let BufferSizes { input, output: output_len } = wanted_buffers();
    let buffers = BufferSizes { input: input.or(Some(DELTA_BUFFER)), output: output_len };
    // SAFETY: null or valid, by contract.
    unsafe { Driver::new(job, delta, Some(output)).run(buffers, stats) }
}

/// The copy callback of [`rs_patch_file`], whose argument is a [`StreamBasis`].
unsafe extern "C-unwind" fn copy_of_basis(
    basis: *mut c_void,
    position: rs_long_t,
    len: *mut size_t,
    buf: *mut *mut c_void,
) -> rs_result {
    // SAFETY: our own argument, which nobody else uses, and the room that our own job has.
    let (basis, len, space) =
        unsafe { (&mut *basis.cast::<StreamBasis>(), &mut *len, slice_mut(*buf, *len)) };
    let Some(space) = space else { return rs_result::INTERNAL_ERROR };
    match basis.read_at(position as u64, space) {
        Ok(read) => {
            *len = read;
            rs_result::DONE
        }
        Err(result) => result,
    }
}
