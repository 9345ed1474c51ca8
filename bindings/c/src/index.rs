//! Indexes: signatures that were loaded, shared between C and the jobs.

use std::borrow::Borrow;
use std::ffi::c_void;
use std::io::{self, Read, Write};

use sigdelta::io::{BufferSizes, drive_load, drive_signature};
use sigdelta::{
    Error, Index, Monitor, Progress, SignatureDecoder, SignatureEncoder, SignatureParams,
};
use sigdelta_ffi::{Shared, guard, slice};

use crate::error::{Failure, call};
use crate::options::{MemoryLimit, Options, sigdelta_options};
use crate::out::{put, put_handle};
use crate::status::sigdelta_status;

/// A loaded signature, ready for look-up. Never changes, so it may be used in many threads.
pub struct sigdelta_index {
    _private: [u8; 0],
}

/// An index with several owners: C and delta jobs.
#[derive(Clone, Debug)]
pub struct SharedIndex(Shared<Index>);

const _: () = {
    const fn sent_and_shared<T: Send + Sync>() {}
    sent_and_shared::<SharedIndex>();
};

impl Borrow<Index> for SharedIndex {
    fn borrow(&self) -> &Index {
        &self.0
    }
}

impl SharedIndex {
    /// Moves an index to the heap.
    pub fn new(index: Index) -> Result<Self, Error> {
        let wanted_bytes = size_of::<Index>() as u64;
        Shared::new(index).map(SharedIndex).ok_or(Error::OutOfMemory { wanted_bytes })
    }

    /// Returns what is shared.
    pub fn as_index(&self) -> &Index {
        &self.0
    }

    /// Gives this ownership to C.
    pub fn into_handle(self) -> *mut sigdelta_index {
        self.0.into_raw()
    }

    /// Shares the index of a handle.
    ///
    /// # Safety
    /// The contract: null or a handle that was not freed.
    pub unsafe fn of_handle(handle: *const sigdelta_index) -> Result<Self, Failure> {
        // SAFETY: handles come from `into_handle`.
        let shared = unsafe { Shared::share(handle) };
        shared.map(SharedIndex).ok_or(Failure::Argument("index is NULL"))
    }
}

/// Returns the index of a signature that a reader gives.
pub fn load(input: impl Read, options: &Options) -> Result<Index, Error> {
    let mut decoder = SignatureDecoder::new(options.load());
    let mut input =
        Watched { inner: input, monitor: options.monitor(), in_bytes: 0, cancelled: false };
    drive_load(&mut decoder, &mut input, BufferSizes::default())
        .map_err(|error| if input.cancelled { Error::Cancelled } else { error })?;
    finish(decoder, options.memory())
}

/// Returns the index of a basis, of which no signature is written.
pub fn from_basis(
    basis: impl Read,
    params: SignatureParams,
    options: &Options,
) -> Result<Index, Error> {
    let decoder = SignatureDecoder::new(options.memory().load());
    let mut output = Loader { decoder, error: None };
    let mut engine = SignatureEncoder::new(params);
    let buffers = BufferSizes::default();
    let driven = drive_signature(&mut engine, basis, &mut output, buffers, &mut options.monitor());
    driven.map_err(|error| output.error.unwrap_or(error))?;
    finish(output.decoder, options.memory())
}

/// Makes the index of what was loaded.
pub fn finish(decoder: SignatureDecoder, limit: MemoryLimit) -> Result<Index, Error> {
    let index = Index::new(decoder.finish()?)?;
    limit.check(&index)?;
    Ok(index)
}

/// A reader that reports what it reads.
struct Watched<R, M> {
    inner: R,
    monitor: M,
    in_bytes: u64,
    cancelled: bool,
}

impl<R: Read, M: Monitor> Read for Watched<R, M> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.inner.read(buf)?;
        self.in_bytes += len as u64;
        let mut done = Progress::default();
        done.in_bytes = self.in_bytes;
        if self.monitor.progress(done).is_break() {
            self.cancelled = true;
            return Err(io::ErrorKind::Other.into());
        }
        Ok(len)
    }
}

/// A writer that loads a signature.
struct Loader {
    decoder: SignatureDecoder,
    error: Option<Error>,
}

impl Write for Loader {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self.decoder.push(buf) {
            Ok(()) => Ok(buf.len()),
            Err(error) => {
                self.error = Some(error);
                Err(io::ErrorKind::Other.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Loads a signature of len bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_index_from_bytes(
    signature: *const c_void,
    len: usize,
    options: *const sigdelta_options,
    index: *mut *mut sigdelta_index,
) -> sigdelta_status {
    let make = || {
        // SAFETY: the contract.
        let options = unsafe { Options::read(options) }?;
        // SAFETY: the contract: nobody changes the bytes meanwhile.
        let signature = unsafe { slice(signature, len) }
            .ok_or(Failure::Argument("signature is NULL or too long"))?;
        Ok(SharedIndex::new(load(signature, &options)?)?.into_handle())
    };
    // SAFETY: the contract.
    unsafe { put_handle(index, "index is NULL", make) }
}

/// Says what an index has. Any of the four pointers may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_index_info(
    index: *const sigdelta_index,
    kind: *mut u32,
    block_len: *mut u32,
    strong_len: *mut u32,
    blocks: *mut u64,
) -> sigdelta_status {
    call(|| {
        // SAFETY: the contract.
        let index = unsafe { SharedIndex::of_handle(index) }?;
        let params = index.as_index().params();
        // SAFETY: the contract: null or ours to write.
        unsafe {
            put(kind, params.kind().magic());
            put(block_len, params.block_len());
            put(strong_len, params.strong_len().into());
            put(blocks, index.as_index().signature().blocks() as u64);
        }
        Ok(sigdelta_status::OK)
    })
}

/// Gives an index back; jobs that use it go on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_index_free(index: *mut sigdelta_index) {
    // SAFETY: the contract: null, or a handle that is not used again.
    guard((), || drop(unsafe { Shared::<Index>::from_raw(index) }));
}
