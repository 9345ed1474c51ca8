//! Layered patches and flat deltas by path.

use std::cell::Cell;
use std::ffi::c_char;
use std::fs::File;
use std::io::{Chain, Cursor, Read, Seek};

use sigdelta::file::{Names, OutputFile, open, regular_len};
#[cfg(unix)]
use sigdelta::file::{apply_patch_to, flatten_to, make_patch_to};
use sigdelta::format::LAYERED_MAGIC;
use sigdelta::layered::MakeOptions;
use sigdelta::{Error, IoAction};

#[cfg(not(unix))]
use super::locked::{apply_patch_to, flatten_to, make_patch_to};
use super::{Counted, Watch};
use crate::error::Failure;
use crate::files::{create, run};
use crate::options::{Options, sigdelta_options};
use crate::path::path;
use crate::progress::Phase;
use crate::stats::sigdelta_stats;
use crate::status::sigdelta_status;

/// Writes the layered patch that turns a basis into a new file. Both must be regular files.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_layered_diff_file(
    basis: *const c_char,
    new_file: *const c_char,
    patch: *const c_char,
    options: *const sigdelta_options,
    stats: *mut sigdelta_stats,
) -> sigdelta_status {
    let write = |files: Files, output: &mut OutputFile, options: MakeOptions, watch: &mut Watch| {
        make_patch_to(files.basis, files.new, output, options, watch)
    };
    // SAFETY: the contract.
    let verb =
        |options: &Options| unsafe { diff((basis, new_file), (patch, "patch"), options, write) };
    // SAFETY: the contract.
    unsafe { run(options, stats, verb) }
}

/// Writes the result of a layered patch on a basis; never one that is not the right one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_layered_patch_file(
    basis: *const c_char,
    patch: *const c_char,
    result: *const c_char,
    options: *const sigdelta_options,
    stats: *mut sigdelta_stats,
) -> sigdelta_status {
    let verb = |options: &Options| {
        // SAFETY: the contract.
        let (basis, patch) = unsafe { (path(basis, "basis")?, path(patch, "patch")?) };
        // SAFETY: the contract.
        let output = unsafe { path(result, "result") }?;
        let (basis_file, patch_file) = (open(basis)?, open(patch)?);
        let output_file = create(output, &[&basis_file, &patch_file])?;
        let patch_len = regular_len(&patch_file);
        let names = Names { input: patch, basis, output };
        Ok(apply_file(basis_file, (patch_file, patch_len), output_file, options, names)?)
    };
    // SAFETY: the contract.
    unsafe { run(options, stats, verb) }
}

/// Writes the delta that turns a basis into a new file, in librsync's format, but from both files: much
/// smaller than sigdelta_diff_file makes it. Every librsync applies it. Both must be regular files.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_flat_diff_file(
    basis: *const c_char,
    new_file: *const c_char,
    delta: *const c_char,
    options: *const sigdelta_options,
    stats: *mut sigdelta_stats,
) -> sigdelta_status {
    let verb = |options: &Options| {
        let delta_options = options.delta();
        let write =
            |files: Files, output: &mut OutputFile, options: MakeOptions, watch: &mut Watch| {
                flatten_to(files.basis, files.new, output, options, delta_options, watch)
            };
        // SAFETY: the contract.
        unsafe { diff((basis, new_file), (delta, "delta"), options, write) }
    };
    // SAFETY: the contract.
    unsafe { run(options, stats, verb) }
}

/// Two open files.
struct Files {
    basis: File,
    new: File,
}

/// Writes what is made of two files, and puts it in its place. The name is that of the argument.
///
/// # Safety
/// The contract: all three are null or names of files.
unsafe fn diff<Made: Into<sigdelta_stats>>(
    (basis, new_file): (*const c_char, *const c_char),
    (output, name): (*const c_char, &'static str),
    options: &Options,
    write: impl FnOnce(Files, &mut OutputFile, MakeOptions, &mut Watch<'_>) -> Result<Made, Error>,
) -> Result<sigdelta_stats, Failure> {
    // SAFETY: as above.
    let (basis, new) = unsafe { (path(basis, "basis")?, path(new_file, "new_file")?) };
    // SAFETY: as above.
    let output = unsafe { path(output, name) }?;
    let files = Files { basis: open(basis)?, new: open(new)? };
    let mut output_file = create(output, &[&files.basis, &files.new])?;
    let len = regular_len(&files.new);
    let make_options = options.make(options.threads(len));
    let mut watch = Watch::new(options.monitor(Phase::Delta, len));
    let made = write(files, &mut output_file, make_options, &mut watch)
        .map_err(|error| Names { input: new, basis, output }.blame(error))?;
    let stats = watch.end(made)?;
    output_file.commit()?;
    Ok(stats)
}

/// Writes the result of a layered patch, whose length may be known, and puts it in its place.
pub fn apply_file(
    basis: File,
    (patch, patch_len): (impl Read, Option<u64>),
    mut output: OutputFile,
    options: &Options,
    names: Names<'_>,
) -> Result<sigdelta_stats, Error> {
    let threads = options.threads(regular_len(&basis));
    let read_bytes = Cell::new(0);
    let mut watch = Watch::new(options.monitor(Phase::Patch, patch_len)).counted(&read_bytes);
    let patch = Counted { reader: patch, read_bytes: &read_bytes };
    let applied = apply_patch_to(basis, patch, &mut output, options.apply(), threads, &mut watch)
        .map_err(|error| names.blame(error))?;
    let stats = watch.end(applied)?;
    output.commit()?;
    Ok(stats)
}

/// A delta or layered patch: which of them shows by its first bytes. It may be a pipe.
#[derive(Debug)]
pub struct Peeked {
    file: File,
    /// The first bytes, if they cannot be read again.
    start: Vec<u8>,
    is_layered: bool,
}

impl Peeked {
    /// Reads the first bytes, and goes back if that is possible.
    pub fn new(mut file: File) -> Result<Self, Error> {
        let mut start = Vec::new();
        (&mut file)
            .take(LAYERED_MAGIC.len() as u64)
            .read_to_end(&mut start)
            .map_err(|cause| Error::Io { action: IoAction::Read, cause })?;
        let is_layered = start == LAYERED_MAGIC;
        if file.seek_relative(-(start.len() as i64)).is_ok() {
            start.clear();
        }
        Ok(Peeked { file, start, is_layered })
    }

    /// Returns true if it is a layered patch.
    pub fn is_layered(&self) -> bool {
        self.is_layered
    }

    /// Returns the file, if it is still at its start.
    pub fn as_file(&self) -> Option<&File> {
        self.start.is_empty().then_some(&self.file)
    }

    /// Returns all of the bytes.
    pub fn into_reader(self) -> Chain<Cursor<Vec<u8>>, File> {
        Cursor::new(self.start).chain(self.file)
    }
}
