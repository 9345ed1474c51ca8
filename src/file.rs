//! Whole files: the three verbs by path, with outputs that appear complete or not at all.
//!
//! For progress, limits on signatures or streams, combine [`OutputFile`] with [`crate::io`].

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::delta::DeltaOptions;
use crate::error::{Error, IoAction, Result};
use crate::format::Trailer;
use crate::index::Index;
use crate::io::{BufferSizes, delta as delta_stream, index as index_stream, load_signature};
use crate::io::{patch as patch_stream, signature as signature_stream};
use crate::options::SignatureOptions;
use crate::patch::PatchOptions;
use crate::signature::LoadOptions;
use crate::stats::{DeltaStats, PatchStats, SignatureStats};

/// Writes the signature of a file to another, which is replaced if it exists.
///
/// # Errors
/// [`Error::File`] around those of [`crate::io::signature`].
pub fn signature(
    basis: &Path,
    output: &Path,
    options: &SignatureOptions,
) -> Result<SignatureStats> {
    let names = Names { input: basis, basis, output };
    let basis_file = open(basis)?;
    let mut output_file = OutputFile::create(output, Existing::Replace, &[&basis_file])?;
    let params = options.params(regular_len(&basis_file))?;
    let stats =
        signature_stream(&basis_file, &mut output_file, params, BufferSizes::default(), &mut ())
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
    let (loaded, _) =
        load_signature(&signature_file, LoadOptions::default(), BufferSizes::default())
            .map_err(|error| error.in_file(signature))?;
    delta_to_file(&Index::new(loaded), (new, new_file), output_file, options)
}

/// Writes the delta between two files; the output is replaced if it exists.
///
/// # Errors
/// [`Error::File`] around those of [`crate::io::index`] and [`crate::io::delta`].
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
    let params = signature_options.params(regular_len(&basis_file))?;
    let index = index_stream(&basis_file, params, BufferSizes::default(), &mut ())
        .map_err(|error| error.in_file(basis))?;
    delta_to_file(&index, (new, new_file), output_file, delta_options)
}

fn delta_to_file(
    index: &Index,
    (new, new_file): (&Path, File),
    mut output_file: OutputFile,
    options: DeltaOptions,
) -> Result<DeltaStats> {
    let output = output_file.path.clone();
    let names = Names { input: new, basis: new, output: &output };
    let buffers = BufferSizes::default();
    let stats = delta_stream(index, &new_file, &mut output_file, options, buffers, &mut ())
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
    let options = options.expect_trailer(may_have_trailer(&delta_file));
    #[cfg(unix)]
    let basis = &basis_file;
    #[cfg(not(unix))]
    let basis = crate::io::SeekBasis::new(&basis_file);
    let buffers = BufferSizes::default();
    let stats = patch_stream(basis, &delta_file, &mut output_file, options, buffers, &mut ())
        .map_err(|error| names.blame(error))?;
    output_file.commit()?;
    Ok(stats)
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
            | Error::BasisEnded { .. } => self.basis,
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

/// Returns false if a delta is a regular file that does not end with a trailer, so that there is
/// no use in [`PatchOptions::expect_trailer`]. Does not move the file's position.
pub fn may_have_trailer(delta: &File) -> bool {
    #[cfg(unix)]
    if let Some(len) = regular_len(delta) {
        use std::os::unix::fs::FileExt;
        let mut last_bytes = [0; Trailer::LEN];
        return len >= Trailer::LEN as u64
            && delta.read_exact_at(&mut last_bytes, len - Trailer::LEN as u64).is_ok()
            && Trailer::may_be(&last_bytes);
    }
    true
}

/// What becomes of a file that exists where an output shall go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is an error, also if the file appears while the output is written.
    Refuse,
    /// The file is replaced when the output is complete.
    Replace,
}

/// A file in the making: nothing is at its path before [`OutputFile::commit`], and nothing remains
/// if it is dropped without.
///
/// The bytes go to a temporary file in the same directory, which is renamed. Symbolic links are
/// followed; a file that is replaced passes its permissions and, where that is allowed, its owner
/// on. Devices and pipes cannot be replaced and are written directly.
#[derive(Debug)]
pub struct OutputFile {
    /// As the caller named it.
    path: PathBuf,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    Temporary { file: NamedTempFile, target: PathBuf, existing: Existing },
    Direct(File),
}

impl OutputFile {
    /// Starts a file. `inputs` are the files it is made from: it must be none of them.
    ///
    /// # Errors
    /// [`Error::File`] around [`Error::Io`]: the file exists and must not, is one of the inputs
    /// or a directory, or its directory takes no new file.
    pub fn create(path: &Path, existing: Existing, inputs: &[&File]) -> Result<Self> {
        let sink = Self::create_sink(path, existing, inputs)
            .map_err(Error::io(IoAction::Create))
            .map_err(|error| error.in_file(path))?;
        Ok(OutputFile { path: path.to_owned(), sink })
    }

    /// Writes to an open file directly, called `path` in errors: for standard output.
    ///
    /// # Errors
    /// [`Error::File`] around [`Error::Io`] if the file is one of the inputs.
    pub fn from_file(path: &Path, file: File, inputs: &[&File]) -> Result<Self> {
        file.metadata()
            .and_then(|metadata| refuse_inputs(&metadata, inputs))
            .map_err(Error::io(IoAction::Create))
            .map_err(|error| error.in_file(path))?;
        Ok(OutputFile { path: path.to_owned(), sink: Sink::Direct(file) })
    }

    fn create_sink(path: &Path, existing: Existing, inputs: &[&File]) -> io::Result<Sink> {
        let target = follow_links(path)?;
        let replaced = match fs::metadata(&target) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if let Some(metadata) = &replaced {
            if existing == Existing::Refuse {
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the file exists"));
            }
            refuse_inputs(metadata, inputs)?;
            // Whoever may not write the file may not replace it either; directories fail here.
            let writable = File::options().write(true).open(&target)?;
            if !metadata.is_file() {
                return Ok(Sink::Direct(writable));
            }
        }
        let directory = match target.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let file = create_temporary(directory)?;
        if let Some(metadata) = &replaced {
            pass_on_attributes(metadata, file.as_file())?;
        }
        Ok(Sink::Temporary { file, target, existing })
    }

    /// Returns the path as the caller named it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of the temporary file, for those who must remove it when a signal ends
    /// the process.
    pub fn temporary_path(&self) -> Option<&Path> {
        match &self.sink {
            Sink::Temporary { file, .. } => Some(file.path()),
            Sink::Direct(_) => None,
        }
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// [`Error::File`] around [`Error::Io`] if closing or renaming fails; the destination is then
    /// as before.
    pub fn commit(self) -> Result<()> {
        let path = self.path;
        let result = match self.sink {
            Sink::Direct(file) => close(file),
            Sink::Temporary { file, target, existing } => {
                let (file, temporary) = file.into_parts();
                close(file).and_then(|()| {
                    match existing {
                        Existing::Refuse => temporary.persist_noclobber(target),
                        Existing::Replace => temporary.persist(target),
                    }
                    .map_err(|error| error.error)
                })
            }
        };
        result.map_err(Error::io(IoAction::Replace)).map_err(|error| error.in_file(path))
    }
}

impl Write for OutputFile {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match &mut self.sink {
            Sink::Temporary { file, .. } => file.as_file_mut().write(buf),
            Sink::Direct(file) => file.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn refuse_inputs(output: &Metadata, inputs: &[&File]) -> io::Result<()> {
    for input in inputs {
        if is_same_file(output, &input.metadata()?) {
            let message = "the output is the same file as an input";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
    }
    Ok(())
}

/// Closes a file and says whether that went well, which dropping it does not: some file systems
/// report a full disk only now.
pub fn close(file: File) -> io::Result<()> {
    #[cfg(unix)]
    nix::unistd::close(file)?;
    #[cfg(not(unix))]
    drop(file);
    Ok(())
}

/// Returns true if both are one file under two names.
pub fn is_same_file(a: &Metadata, b: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        // Two uses of one device or pipe do not disturb each other.
        a.is_file() && (a.dev(), a.ino()) == (b.dev(), b.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = (a, b);
        false
    }
}

/// Returns the path that symbolic links lead to, also if nothing is there yet.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..40 {
        let Ok(link) = fs::read_link(&path) else {
            return Ok(path);
        };
        path = match path.parent() {
            Some(parent) => parent.join(link),
            None => link,
        };
    }
    Err(io::Error::other("too many levels of symbolic links"))
}

fn create_temporary(directory: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".sigdelta-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The umask applies, as to any new file.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory)
}

fn pass_on_attributes(from: &Metadata, to: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let now = to.metadata()?;
        if (from.uid(), from.gid()) != (now.uid(), now.gid()) {
            // Only root may give files away; for others the new file is their own.
            let _ = fchown(to, Some(from.uid()), Some(from.gid()));
        }
    }
    to.set_permissions(from.permissions())
}
