//! The verbs on bytes in memory.

use std::ffi::c_void;
use std::io::{self, Write};
use std::ptr;

use sigdelta::format::LAYERED_MAGIC;
use sigdelta::io::{self as streams, BufferSizes};
use sigdelta::{DeltaStats, Error};
use sigdelta_ffi::{guard, slice};

use crate::error::{Failure, call};
use crate::index::SharedIndex;
use crate::layered::apply_bytes;
use crate::load::{from_basis, load};
use crate::options::{Options, sigdelta_options};
use crate::out::put;
use crate::progress::Phase;
use crate::stats::{StatsTarget, sigdelta_stats};
use crate::status::sigdelta_status;
use crate::threads;

/// Bytes that the library allocated; sigdelta_bytes_free gives them back.
#[repr(C)]
#[derive(Debug)]
pub struct sigdelta_bytes {
    /// Never NULL after success, not even for no bytes.
    pub data: *mut u8,
    /// How many.
    pub len: usize,
}

const NO_BYTES: sigdelta_bytes = sigdelta_bytes { data: ptr::null_mut(), len: 0 };

/// Bytes that grow in memory of C, which is freed without knowing how much it is.
pub struct Growing {
    data: *mut u8,
    len: usize,
    capacity: usize,
    error: Option<Error>,
}

impl Growing {
    fn new() -> Self {
        Growing { data: ptr::null_mut(), len: 0, capacity: 0, error: None }
    }

    /// Makes room for more bytes; the capacity doubles at least, if there is memory for that.
    fn reserve(&mut self, additional: usize) -> Result<(), Error> {
        let needed = self.len.saturating_add(additional);
        let doubled = self.capacity.saturating_mul(2).max(needed);
        let done = needed <= self.capacity || self.resize(doubled) || self.resize(needed);
        let wanted_bytes = additional as u64;
        if done { Ok(()) } else { Err(Error::OutOfMemory { wanted_bytes }) }
    }

    /// Changes the capacity, which is not below the length; false if there is no memory.
    fn resize(&mut self, capacity: usize) -> bool {
        if capacity == 0 || isize::try_from(capacity).is_err() {
            return false;
        }
        // SAFETY: null, or allocated here before.
        let data = unsafe { libc::realloc(self.data.cast(), capacity) };
        if !data.is_null() {
            (self.data, self.capacity) = (data.cast(), capacity);
        }
        !data.is_null()
    }

    fn as_slice(&self) -> &[u8] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: so many bytes were written.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }

    /// Gives the bytes away.
    fn into_bytes(mut self) -> Result<sigdelta_bytes, Error> {
        if self.data.is_null() {
            self.reserve(1)?;
        } else if self.len > 0 {
            // What is too much may stay if it cannot be given back.
            self.resize(self.len);
        }
        let bytes = sigdelta_bytes { data: self.data, len: self.len };
        self.data = ptr::null_mut();
        Ok(bytes)
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        // SAFETY: null, or allocated here.
        unsafe { libc::free(self.data.cast()) };
    }
}

/// Fails only for want of memory, and then has the error.
impl Write for Growing {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if let Err(error) = self.reserve(buf.len()) {
            self.error = Some(error);
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        if !buf.is_empty() {
            // SAFETY: there is room behind the length, and no other bytes are ours.
            unsafe {
                ptr::copy_nonoverlapping(buf.as_ptr(), self.data.add(self.len), buf.len());
            }
        }
        self.len += buf.len();
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Fills the caller's struct with what `write` writes; with no bytes if it fails. The name is that of
/// the argument.
///
/// # Safety
/// The contract: `target` is null or ours to write, options and statistics are null or valid.
pub unsafe fn produce<Stats: Into<sigdelta_stats>>(
    options: *const sigdelta_options,
    (target, name): (*mut sigdelta_bytes, &'static str),
    stats: *mut sigdelta_stats,
    write: impl FnOnce(&Options, &mut Growing) -> Result<Stats, Failure>,
) -> sigdelta_status {
    call(|| {
        // SAFETY: as above.
        unsafe { put(target, NO_BYTES) };
        // SAFETY: as above.
        let stats = unsafe { StatsTarget::new(stats) }?;
        if target.is_null() {
            return Err(Failure::Named(name, "is NULL"));
        }
        // SAFETY: as above.
        let options = unsafe { Options::read(options) }?;
        let mut output = Growing::new();
        let written = write(&options, &mut output);
        let done = match output.error.take() {
            Some(error) => return Err(error.into()),
            None => written?,
        };
        // SAFETY: not null, and ours to write.
        unsafe { target.write(output.into_bytes()?) };
        stats.put(done);
        Ok(sigdelta_status::OK)
    })
}

/// Returns the bytes of an argument.
///
/// # Safety
/// The contract: `len` bytes that nobody changes while the call lasts.
pub unsafe fn input<'a>(
    address: *const c_void,
    len: usize,
    argument: &'static str,
) -> Result<&'a [u8], Failure> {
    // SAFETY: as above.
    unsafe { slice(address, len) }.ok_or(Failure::Named(argument, "is NULL or too long"))
}

/// Makes a delta in memory.
pub fn write_delta(
    index: &SharedIndex,
    new: &[u8],
    options: &Options,
    output: &mut Growing,
) -> Result<DeltaStats, Error> {
    threads::delta(index, (new, Some(new.len() as u64)), output, options)
}

/// Makes the signature of a basis.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_signature_bytes(
    basis: *const c_void,
    basis_len: usize,
    options: *const sigdelta_options,
    signature: *mut sigdelta_bytes,
    stats: *mut sigdelta_stats,
) -> sigdelta_status {
    let write = |options: &Options, output: &mut Growing| {
        // SAFETY: the contract.
        let basis = unsafe { input(basis, basis_len, "basis") }?;
        let len = basis.len() as u64;
        let params = options.params(Some(len))?;
        output.reserve(usize::try_from(params.signature_len(len)).unwrap_or(usize::MAX))?;
        Ok(threads::signature((basis, Some(len)), output, params, options)?)
    };
    // SAFETY: the contract.
    unsafe { produce(options, (signature, "signature"), stats, write) }
}

/// Makes the delta that turns the basis of a signature into a new file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_delta_bytes(
    signature: *const c_void,
    signature_len: usize,
    new_file: *const c_void,
    new_len: usize,
    options: *const sigdelta_options,
    delta: *mut sigdelta_bytes,
    stats: *mut sigdelta_stats,
) -> sigdelta_status {
    let write = |options: &Options, output: &mut Growing| {
        // SAFETY: the contract.
        let signature = unsafe { input(signature, signature_len, "signature") }?;
        // SAFETY: the contract.
        let new = unsafe { input(new_file, new_len, "new_file") }?;
        let index = load(signature, Some(signature.len() as u64), options)?;
        Ok(write_delta(&SharedIndex::new(index)?, new, options, output)?)
    };
    // SAFETY: the contract.
    unsafe { produce(options, (delta, "delta"), stats, write) }
}

/// Makes the delta that turns a basis into a new file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_diff_bytes(
    basis: *const c_void,
    basis_len: usize,
    new_file: *const c_void,
    new_len: usize,
    options: *const sigdelta_options,
    delta: *mut sigdelta_bytes,
    stats: *mut sigdelta_stats,
) -> sigdelta_status {
    let write = |options: &Options, output: &mut Growing| {
        // SAFETY: the contract.
        let basis = unsafe { input(basis, basis_len, "basis") }?;
        // SAFETY: the contract.
        let new = unsafe { input(new_file, new_len, "new_file") }?;
        let len = Some(basis.len() as u64);
        let index = from_basis(basis, len, options.params(len)?, options)?;
        Ok(write_delta(&SharedIndex::new(index)?, new, options, output)?)
    };
    // SAFETY: the contract.
    unsafe { produce(options, (delta, "delta"), stats, write) }
}

/// Makes the result of a delta or layered patch, which shows by its first bytes, on a basis. Set
/// max_output_bytes for one from a stranger.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_patch_bytes(
    basis: *const c_void,
    basis_len: usize,
    delta: *const c_void,
    delta_len: usize,
    options: *const sigdelta_options,
    result: *mut sigdelta_bytes,
    stats: *mut sigdelta_stats,
) -> sigdelta_status {
    let write = |options: &Options, output: &mut Growing| {
        // SAFETY: the contract.
        let basis = unsafe { input(basis, basis_len, "basis") }?;
        // SAFETY: the contract.
        let delta = unsafe { input(delta, delta_len, "delta") }?;
        if delta.starts_with(&LAYERED_MAGIC) {
            return Ok(apply_bytes(basis, delta, options, output)?);
        }
        // What is in memory is hashed only if a trailer has come.
        let patch_options = options.patch().verify(false);
        let buffers = BufferSizes::default();
        let monitor = &mut options.monitor(Phase::Patch, Some(delta.len() as u64));
        let mut stats =
            streams::patch(basis, delta, &mut *output, patch_options, buffers, monitor)?;
        if let Some(trailer) = stats.trailer
            && !stats.verified
        {
            streams::check_result(&trailer, output.as_slice())?;
            stats.verified = true;
        }
        Ok(stats.into())
    };
    // SAFETY: the contract.
    unsafe { produce(options, (result, "result"), stats, write) }
}

/// Gives bytes back and makes the struct {NULL, 0}.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_bytes_free(bytes: *mut sigdelta_bytes) {
    guard((), || {
        // SAFETY: the contract: null, or bytes that nobody else uses any more.
        if let Some(bytes) = unsafe { bytes.as_mut() } {
            let given = std::mem::replace(bytes, NO_BYTES);
            // SAFETY: null, or from `Growing`.
            unsafe { libc::free(given.data.cast()) };
        }
    });
}
