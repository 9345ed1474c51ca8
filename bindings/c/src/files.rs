//! The verbs on files by path.

use std::ffi::c_char;
use std::fs::File;
use std::path::Path;

use sigdelta::file::{Existing, Names, OutputFile, open, patch_to, regular_len};
#[cfg(not(unix))]
use sigdelta::io::SeekBasis;
use sigdelta::io::{BufferSizes, patch as patch_stream};
use sigdelta::{DeltaStats, Error, PatchStats};

use crate::error::{Failure, call};
use crate::index::SharedIndex;
use crate::layered::{Peeked, apply_file};
use crate::load::{from_basis, load};
use crate::options::{Options, sigdelta_options};
use crate::path::path;
use crate::progress::Phase;
use crate::stats::{StatsTarget, sigdelta_stats};
use crate::status::sigdelta_status;
use crate::threads;

/// Runs a verb and says what it did.
///
/// # Safety
/// The contract: the options and statistics are null or valid.
pub unsafe fn run<Stats: Into<sigdelta_stats>>(
    options: *const sigdelta_options,
    stats: *mut sigdelta_stats,
    verb: impl FnOnce(&Options) -> Result<Stats, Failure>,
) -> sigdelta_status {
    call(|| {
        // SAFETY: as above.
        let (target, options) = unsafe { (StatsTarget::new(stats)?, Options::read(options)?) };
        target.put(verb(&options)?);
        Ok(sigdelta_status::OK)
    })
}

/// Starts an output, which replaces what is there when it is complete.
pub fn create(path: &Path, inputs: &[&File]) -> Result<OutputFile, Error> {
    OutputFile::create(path, Existing::Replace, inputs)
}

/// Writes a delta and puts it in its place.
pub fn write_delta(
    index: &SharedIndex,
    (new, new_file): (&Path, &File),
    mut output: OutputFile,
    options: &Options,
) -> Result<DeltaStats, Error> {
    let made = threads::delta(index, (new_file, regular_len(new_file)), &mut output, options);
    let names = Names { input: new, basis: new, output: output.path() };
    let stats = made.map_err(|error| names.blame(error))?;
    output.commit()?;
    Ok(stats)
}

/// Writes the signature of a basis.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_signature_file(
    basis: *const c_char,
    signature: *const c_char,
    options: *const sigdelta_options,
    stats: *mut sigdelta_stats,
) -> sigdelta_status {
    let verb = |options: &Options| {
        // SAFETY: the contract.
        let (basis, output) = unsafe { (path(basis, "basis")?, path(signature, "signature")?) };
        let basis_file = open(basis)?;
        let len = regular_len(&basis_file);
        let params = options.params(len)?;
        let mut output_file = create(output, &[&basis_file])?;
        let stats = threads::signature((&basis_file, len), &mut output_file, params, options)
            .map_err(|error| Names { input: basis, basis, output }.blame(error))?;
        output_file.commit()?;
        Ok(stats)
    };
    // SAFETY: the contract.
    unsafe { run(options, stats, verb) }
}

/// Writes the delta that turns the basis of a signature into a new file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_delta_file(
    signature: *const c_char,
    new_file: *const c_char,
    delta: *const c_char,
    options: *const sigdelta_options,
    stats: *mut sigdelta_stats,
) -> sigdelta_status {
    let verb = |options: &Options| {
        // SAFETY: the contract.
        let signature = unsafe { path(signature, "signature") }?;
        // SAFETY: the contract.
        let (new, output) = unsafe { (path(new_file, "new_file")?, path(delta, "delta")?) };
        let (signature_file, new_file) = (open(signature)?, open(new)?);
        let output = create(output, &[&signature_file, &new_file])?;
        let index = load(&signature_file, regular_len(&signature_file), options)
            .map_err(|error| error.in_file(signature))?;
        Ok(write_delta(&SharedIndex::new(index)?, (new, &new_file), output, options)?)
    };
    // SAFETY: the contract.
    unsafe { run(options, stats, verb) }
}

/// Writes the delta that turns a basis into a new file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_diff_file(
    basis: *const c_char,
    new_file: *const c_char,
    delta: *const c_char,
    options: *const sigdelta_options,
    stats: *mut sigdelta_stats,
) -> sigdelta_status {
    let verb = |options: &Options| {
        // SAFETY: the contract.
        let basis = unsafe { path(basis, "basis") }?;
        // SAFETY: the contract.
        let (new, output) = unsafe { (path(new_file, "new_file")?, path(delta, "delta")?) };
        let (basis_file, new_file) = (open(basis)?, open(new)?);
        let len = regular_len(&basis_file);
        let params = options.params(len)?;
        let output = create(output, &[&basis_file, &new_file])?;
        let index =
            from_basis(&basis_file, len, params, options).map_err(|error| error.in_file(basis))?;
        Ok(write_delta(&SharedIndex::new(index)?, (new, &new_file), output, options)?)
    };
    // SAFETY: the contract.
    unsafe { run(options, stats, verb) }
}

/// Writes the result of a delta or layered patch, which shows by its first bytes, on a basis; never one
/// that is incomplete or does not fit its trailer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_patch_file(
    basis: *const c_char,
    delta: *const c_char,
    result: *const c_char,
    options: *const sigdelta_options,
    stats: *mut sigdelta_stats,
) -> sigdelta_status {
    let verb = |options: &Options| {
        // SAFETY: the contract.
        let basis = unsafe { path(basis, "basis") }?;
        // SAFETY: the contract.
        let (delta, output) = unsafe { (path(delta, "delta")?, path(result, "result")?) };
        let (basis_file, delta_file) = (open(basis)?, open(delta)?);
        let output_file = create(output, &[&basis_file, &delta_file])?;
        let names = Names { input: delta, basis, output };
        let len = regular_len(&delta_file);
        let delta = Peeked::new(delta_file).map_err(|error| names.blame(error))?;
        Ok(if delta.is_layered() {
            let delta = (delta.into_reader(), len);
            apply_file(basis_file, delta, output_file, options, names)?
        } else {
            write_result(&basis_file, (delta, len), output_file, options, names)?.into()
        })
    };
    // SAFETY: the contract.
    unsafe { run(options, stats, verb) }
}

/// Writes the result of a delta, whose length may be known, and puts it in its place.
fn write_result(
    basis: &File,
    (delta, len): (Peeked, Option<u64>),
    mut output: OutputFile,
    options: &Options,
    names: Names<'_>,
) -> Result<PatchStats, Error> {
    #[cfg(not(unix))]
    let basis = SeekBasis::new(basis);
    let buffers = BufferSizes::default();
    let monitor = &mut options.monitor(Phase::Patch, len);
    let written = match delta.as_file() {
        Some(file) => patch_to(basis, file, &mut output, options.patch(), buffers, monitor),
        None => {
            let delta = delta.into_reader();
            patch_stream(basis, delta, &mut output, options.patch(), buffers, monitor)
        }
    };
    let stats = written.map_err(|error| names.blame(error))?;
    output.commit()?;
    Ok(stats)
}
