//! Whole files: the three verbs by path, with outputs that appear complete or not at all.
//!
//! Large files are done by several threads, as [`Threads::auto`] says.
//! For progress, limits on signatures or streams, combine [`OutputFile`] with [`crate::io`] or [`crate::parallel`].

mod direct;
#[cfg(all(feature = "layered", unix))]
mod layered;
mod output;

use std::fs::{File, Metadata};
use std::path::Path;
use std::sync::Arc;

#[cfg(all(feature = "layered", unix))]
pub use layered::{apply_patch, apply_patch_to, flatten_to, make_patch, make_patch_to};
pub use output::{Existing, OutputFile};

use crate::delta::DeltaOptions;
use crate::error::{Error, IoAction, Result};
use crate::format::Trailer;
use crate::index::Index;
use crate::io::{Basis, BufferSizes, load_signature, patch_with};
use crate::monitor::Monitor;
use crate::options::SignatureOptions;
use crate::parallel::{self, Threads};
use crate::patch::PatchOptions;
use crate::signature::LoadOptions;
use crate::stats::{DeltaStats, PatchStats, SignatureStats};
use direct::Direct;

/// What goes into a pipe is soon copied again, so it should still be in the cache by then.
const PIPE_BUFFER: usize = 32 << 10;

/// Writes the signature of a file to another, which is replaced if it exists.
///
/// # Errors
/// [`Error::File`] around those of [`crate::io::signature`]; those of [`SignatureOptions::params`].
pub fn signature(
    basis: &Path,
    output: &Path,
    options: &SignatureOptions,
) -> Result<SignatureStats> {
    let names = Names { input: basis, basis, output };
    let basis_file = open(basis)?;
    let mut output_file = OutputFile::create(output, Existing::Replace, &[&basis_file])?;
    let basis_len = regular_len(&basis_file);
    let params = options.params(basis_len)?;
    let threads = Threads::auto().for_len(basis_len);
    let stats = parallel::signature(&basis_file, &mut output_file, params, threads, &mut ())
        .map_err(|error| names.blame(error))?;
    output_file.commit()?;
    Ok(stats)
}

/// Writes the delta of a new file against a signature file; the output is replaced if it exists.
///
/// # Errors
/// [`Error::File`] around those of [`crate::io::load_signature`] and [`crate::io::delta`].
pub fn delta(
    signature: &Path,
    new: &Path,
    output: &Path,
    options: DeltaOptions,
) -> Result<DeltaStats> {
    let signature_file = open(signature)?;
    let new_file = open(new)?;
    let inputs = [&signature_file, &new_file];
    let output_file = OutputFile::create(output, Existing::Replace, &inputs)?;
    let load = LoadOptions::new().expected_bytes(regular_len(&signature_file));
    let (loaded, _) = load_signature(&signature_file, load, BufferSizes::default())
        .map_err(|error| error.in_file(signature))?;
    delta_to_file(Index::new(loaded)?, (new, new_file), output_file, options)
}

/// Writes the delta between two files; the output is replaced if it exists.
///
/// # Errors
/// [`Error::File`] around those of [`crate::io::index`] and [`crate::io::delta`]; those of
/// [`SignatureOptions::params`].
pub fn diff(
    basis: &Path,
    new: &Path,
    output: &Path,
    signature_options: &SignatureOptions,
    delta_options: DeltaOptions,
) -> Result<DeltaStats> {
    let basis_file = open(basis)?;
    let new_file = open(new)?;
    let output_file = OutputFile::create(output, Existing::Replace, &[&basis_file, &new_file])?;
    let basis_len = regular_len(&basis_file);
    let params = signature_options.params(basis_len)?;
    let threads = Threads::auto().for_len(basis_len);
    let index = parallel::index(&basis_file, params, threads, &mut ())
        .map_err(|error| error.in_file(basis))?;
    delta_to_file(index, (new, new_file), output_file, delta_options)
}

fn delta_to_file(
    index: Index,
    (new, new_file): (&Path, File),
    mut output_file: OutputFile,
    options: DeltaOptions,
) -> Result<DeltaStats> {
    let output = output_file.path().to_owned();
    let names = Names { input: new, basis: new, output: &output };
    let threads = Threads::auto().for_len(regular_len(&new_file));
    let index = Arc::new(index);
    let stats = parallel::delta(index, &new_file, &mut output_file, options, threads, &mut ())
        .map_err(|error| names.blame(error))?;
    output_file.commit()?;
    Ok(stats)
}

/// Writes the result of a delta; the output is replaced if it exists, and only by a result that
/// is complete and, if the delta has a trailer, right.
///
/// # Errors
/// [`Error::File`] around those of [`crate::io::patch`].
pub fn patch(
    basis: &Path,
    delta: &Path,
    output: &Path,
    options: PatchOptions,
) -> Result<PatchStats> {
    let names = Names { input: delta, basis, output };
    let basis_file = open(basis)?;
    let delta_file = open(delta)?;
    let mut output_file =
        OutputFile::create(output, Existing::Replace, &[&basis_file, &delta_file])?;
    #[cfg(unix)]
    let basis = &basis_file;
    #[cfg(not(unix))]
    let basis = crate::io::SeekBasis::new(&basis_file);
    let buffers = BufferSizes::default();
    let stats = patch_to(basis, &delta_file, &mut output_file, options, buffers, &mut ())
        .map_err(|error| names.blame(error))?;
    output_file.commit()?;
    Ok(stats)
}

/// Writes the result of a delta as [`crate::io::patch`] does, and checks it against the trailer if
/// there is one, in the way that costs least; not at all if [`PatchOptions::verify`] is off.
///
/// Long copies between files are made by the system, which may share their blocks.
///
/// # Errors
/// Those of [`crate::io::patch`].
pub fn patch_to(
    basis: impl Basis,
    delta: &File,
    output: &mut OutputFile,
    options: PatchOptions,
    buffers: BufferSizes,
    monitor: &mut dyn Monitor,
) -> Result<PatchStats> {
    // What can be read again is hashed only if a trailer has come.
    let direct = output.temporary_path().is_none();
    let verify = options.verifies();
    let while_patching = verify && direct && may_have_trailer(delta);
    let options = options.verify(while_patching);
    let output_size = if direct { Some(PIPE_BUFFER) } else { None };
    let buffers = BufferSizes { output: buffers.output.or(output_size), ..buffers };
    let file = output.file();
    let shortcut = Direct::new(file);
    let mut stats = patch_with(basis, delta, file, shortcut, options, buffers, monitor)?;
    if let Some(trailer) = stats.trailer
        && verify
        && !stats.verified
    {
        output.check(&trailer)?;
        stats.verified = true;
    }
    Ok(stats)
}

/// Returns false if a delta is a regular file that does not end with a trailer. Does not move the
/// file's position.
fn may_have_trailer(delta: &File) -> bool {
    #[cfg(unix)]
    if let Some(len) = regular_len(delta) {
        use std::os::unix::fs::FileExt;
        let mut last_bytes = [0; Trailer::LEN];
        return len >= Trailer::LEN as u64
            && delta.read_exact_at(&mut last_bytes, len - Trailer::LEN as u64).is_ok()
            && last_bytes.starts_with(&Trailer::MAGIC);
    }
    true
}

/// The files of an operation, for errors that must name one.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The stream that is read from start to end: basis, new file or delta.
    pub input: &'a Path,
    /// The file that a patch copies from.
    pub basis: &'a Path,
    /// The file that is written.
    pub output: &'a Path,
}

impl Names<'_> {
    /// Wraps an error with the file it speaks of.
    pub fn blame(&self, error: Error) -> Error {
        let path = match error {
            Error::Io { action: IoAction::ReadBasis | IoAction::SeekBasis, .. }
            | Error::BasisEnded { .. }
            | Error::WrongBasis { .. } => self.basis,
            Error::Io {
                action: IoAction::Create | IoAction::Replace | IoAction::Write, ..
            } => self.output,
            _ => self.input,
        };
        error.in_file(path)
    }
}

/// Opens a file for reading.
///
/// # Errors
/// [`Error::File`].
pub fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(Error::io(IoAction::Open)).map_err(|error| error.in_file(path))
}

/// Returns the length of a regular file, None for pipes, devices and directories.
pub fn regular_len(file: &File) -> Option<u64> {
    file.metadata().ok().filter(Metadata::is_file).map(|metadata| metadata.len())
}
