//! Layered patches by path.

use std::fs::File;
use std::io::{BufWriter, Read};
use std::path::Path;
use std::sync::Arc;

use super::{Existing, Names, OutputFile, open, regular_len};
use crate::delta::DeltaOptions;
use crate::error::{Error, IoAction, Result};
use crate::layered::{
    ApplyOptions, ApplyStats, MakeOptions, MakeStats, apply, apply_to_file, flatten, make,
};
use crate::monitor::Monitor;
use crate::parallel::Threads;
use crate::stats::DeltaStats;

/// Writes the layered patch between two files; the output is replaced if it exists.
///
/// # Errors
/// [`Error::File`] around those of [`crate::layered::make`]; old and new must be regular files.
pub fn make_patch(
    basis: &Path,
    new: &Path,
    output: &Path,
    options: MakeOptions,
) -> Result<MakeStats> {
    let (basis_file, new_file) = (open(basis)?, open(new)?);
    let mut output_file = OutputFile::create(output, Existing::Replace, &[&basis_file, &new_file])?;
    let names = Names { input: new, basis, output };
    let stats = make_patch_to(basis_file, new_file, &mut output_file, options, &mut ())
        .map_err(|error| names.blame(error))?;
    output_file.commit()?;
    Ok(stats)
}

/// Writes the result of a layered patch; the output is replaced if it exists, and only by the
/// file that the patch was made for.
///
/// # Errors
/// [`Error::File`] around those of [`crate::layered::apply`].
pub fn apply_patch(
    basis: &Path,
    patch: &Path,
    output: &Path,
    options: ApplyOptions,
) -> Result<ApplyStats> {
    let (basis_file, patch_file) = (open(basis)?, open(patch)?);
    let mut output_file =
        OutputFile::create(output, Existing::Replace, &[&basis_file, &patch_file])?;
    let names = Names { input: patch, basis, output };
    let threads = Threads::auto().for_len(regular_len(&basis_file));
    let stats =
        apply_patch_to(basis_file, &patch_file, &mut output_file, options, threads, &mut ())
            .map_err(|error| names.blame(error))?;
    output_file.commit()?;
    Ok(stats)
}

/// Writes the layered patch between two open files, both of which can be read anywhere.
///
/// # Errors
/// Those of [`crate::layered::make`].
pub fn make_patch_to(
    basis: File,
    new: File,
    output: &mut OutputFile,
    options: MakeOptions,
    monitor: &mut dyn Monitor,
) -> Result<MakeStats> {
    let (basis_len, new_len) =
        (len_of(&basis, IoAction::ReadBasis)?, len_of(&new, IoAction::Read)?);
    let output = BufWriter::new(output);
    make((Arc::new(basis), basis_len), (Arc::new(new), new_len), output, options, monitor)
}

/// Writes the delta between two open files in librsync's format, both of which can be read anywhere.
///
/// # Errors
/// Those of [`crate::layered::flatten`].
pub fn flatten_to(
    basis: File,
    new: File,
    output: &mut OutputFile,
    options: MakeOptions,
    delta_options: DeltaOptions,
    monitor: &mut dyn Monitor,
) -> Result<DeltaStats> {
    let (basis_len, new_len) =
        (len_of(&basis, IoAction::ReadBasis)?, len_of(&new, IoAction::Read)?);
    let (basis, new): (Arc<File>, Arc<File>) = (Arc::new(basis), Arc::new(new));
    let output = BufWriter::new(output);
    flatten((basis, basis_len), (new, new_len), output, options, delta_options, monitor)
}

/// Writes the result of a layered patch; by several threads if the output is a regular file.
///
/// # Errors
/// Those of [`crate::layered::apply`].
pub fn apply_patch_to(
    basis: File,
    patch: impl Read,
    output: &mut OutputFile,
    options: ApplyOptions,
    threads: usize,
    monitor: &mut dyn Monitor,
) -> Result<ApplyStats> {
    match output.whole_file()? {
        Some(file) => {
            apply_to_file(Arc::new(basis), patch, &Arc::new(file), options, threads, monitor)
        }
        None => apply(&basis, patch, output, options, monitor),
    }
}

fn len_of(file: &File, action: IoAction) -> Result<u64> {
    regular_len(file).ok_or_else(|| {
        let cause = std::io::Error::other("it is not a regular file, and must be read anywhere");
        Error::io(action)(cause)
    })
}
