//! Indexes: signatures that were loaded, shared between C and the jobs.

use std::borrow::Borrow;
use std::ffi::{c_char, c_void};

use sigdelta::file::{open, regular_len};
use sigdelta::{Error, Index};
use sigdelta_ffi::{Shared, guard};

use crate::bytes::{self, input, produce, sigdelta_bytes};
use crate::error::{Failure, call};
use crate::files::{self, create, run};
use crate::load::load;
use crate::options::{Options, sigdelta_options};
use crate::out::{put, put_handle};
use crate::path::path;
use crate::stats::sigdelta_stats;
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
        let signature = unsafe { input(signature, len, "signature") }?;
        let loaded = load(signature, Some(len as u64), &options)?;
        Ok(SharedIndex::new(loaded)?.into_handle())
    };
    // SAFETY: the contract.
    unsafe { put_handle(index, "index is NULL", make) }
}

/// Loads the signature in a file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_index_from_file(
    signature: *const c_char,
    options: *const sigdelta_options,
    index: *mut *mut sigdelta_index,
) -> sigdelta_status {
    let make = || {
        // SAFETY: the contract.
        let (options, signature) =
            unsafe { (Options::read(options)?, path(signature, "signature")?) };
        let file = open(signature)?;
        let loaded =
            load(&file, regular_len(&file), &options).map_err(|error| error.in_file(signature))?;
        Ok(SharedIndex::new(loaded)?.into_handle())
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

/// Makes the delta that turns the basis of an index into a new file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_index_delta_bytes(
    index: *mut sigdelta_index,
    new_file: *const c_void,
    new_len: usize,
    options: *const sigdelta_options,
    delta: *mut sigdelta_bytes,
    stats: *mut sigdelta_stats,
) -> sigdelta_status {
    let write = |options: &Options, output: &mut bytes::Growing| {
        // SAFETY: the contract.
        let (index, new) =
            unsafe { (SharedIndex::of_handle(index)?, input(new_file, new_len, "new_file")?) };
        options.memory().check(index.as_index())?;
        Ok(bytes::write_delta(&index, new, options, output)?)
    };
    // SAFETY: the contract.
    unsafe { produce(options, (delta, "delta"), stats, write) }
}

/// Writes the delta that turns the basis of an index into a new file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_index_delta_file(
    index: *mut sigdelta_index,
    new_file: *const c_char,
    delta: *const c_char,
    options: *const sigdelta_options,
    stats: *mut sigdelta_stats,
) -> sigdelta_status {
    let verb = |options: &Options| {
        // SAFETY: the contract.
        let index = unsafe { SharedIndex::of_handle(index) }?;
        // SAFETY: the contract.
        let (new, output) = unsafe { (path(new_file, "new_file")?, path(delta, "delta")?) };
        options.memory().check(index.as_index())?;
        let new_file = open(new)?;
        let output = create(output, &[&new_file])?;
        Ok(files::write_delta(&index, (new, &new_file), output, options)?)
    };
    // SAFETY: the contract.
    unsafe { run(options, stats, verb) }
}

/// Gives an index back; jobs that use it go on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_index_free(index: *mut sigdelta_index) {
    // SAFETY: the contract: null, or a handle that is not used again.
    guard((), || drop(unsafe { Shared::<Index>::from_raw(index) }));
}
