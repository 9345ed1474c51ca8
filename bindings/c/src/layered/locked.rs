//! Layered patches of open files where these are not read at positions: a lock is around seek and read.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use sigdelta::file::{OutputFile, regular_len};
use sigdelta::layered::{ApplyOptions, ApplyStats, MakeOptions, MakeStats, apply, flatten, make};
use sigdelta::{DeltaOptions, DeltaStats, Error, IoAction, Monitor, ReadAt};

/// Writes the layered patch between two open files.
pub fn make_patch_to(
    basis: File,
    new: File,
    output: &mut OutputFile,
    options: MakeOptions,
    monitor: &mut dyn Monitor,
) -> Result<MakeStats, Error> {
    let (basis, new) = (whole(basis, IoAction::ReadBasis)?, whole(new, IoAction::Read)?);
    make(basis, new, BufWriter::new(output), options, monitor)
}

/// Writes the delta between two open files in librsync's format.
pub fn flatten_to(
    basis: File,
    new: File,
    output: &mut OutputFile,
    options: MakeOptions,
    delta_options: DeltaOptions,
    monitor: &mut dyn Monitor,
) -> Result<DeltaStats, Error> {
    let (basis, new) = (whole(basis, IoAction::ReadBasis)?, whole(new, IoAction::Read)?);
    flatten(basis, new, BufWriter::new(output), options, delta_options, monitor)
}

/// Writes the result of a layered patch, by this thread whatever the number.
pub fn apply_patch_to(
    basis: File,
    patch: impl Read,
    output: &mut OutputFile,
    options: ApplyOptions,
    _threads: usize,
    monitor: &mut dyn Monitor,
) -> Result<ApplyStats, Error> {
    apply(
        &Locked { file: Mutex::new(basis), action: IoAction::ReadBasis },
        patch,
        output,
        options,
        monitor,
    )
}

fn whole(file: File, action: IoAction) -> Result<(Arc<dyn ReadAt>, u64), Error> {
    let len = regular_len(&file).ok_or_else(|| {
        let cause = std::io::Error::other("it is not a regular file, and must be read anywhere");
        Error::Io { action, cause }
    })?;
    Ok((Arc::new(Locked { file: Mutex::new(file), action }), len))
}

/// A file for one thread at a time.
struct Locked {
    file: Mutex<File>,
    /// What fails if reading does.
    action: IoAction,
}

impl ReadAt for Locked {
    fn read_at(&self, position: u64, buf: &mut [u8]) -> Result<usize, Error> {
        // Each use starts with a seek, so a panic left nothing that matters.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match file.seek(SeekFrom::Start(position)).and_then(|_| file.read(buf)) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                result => return result.map_err(|cause| Error::Io { action: self.action, cause }),
            }
        }
    }
}
