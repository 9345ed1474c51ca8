//! Output files that appear complete or not at all.

use std::fs::{self, File, Metadata};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use crate::error::{Error, IoAction, Result};
use crate::format::Trailer;
use crate::io::check_result;

/// What becomes of a file that exists where an output shall go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
/// followed; a file that is replaced passes its permissions and owner on. Where a rename is not
/// possible (a mount point, a directory that takes no new file) or would take the file from its
/// owner or from other hard links, the complete output is copied over the file instead. Devices,
/// pipes and names of open files such as `/dev/stdout` are written directly.
#[derive(Debug)]
pub struct OutputFile {
    /// As the caller named it.
    path: PathBuf,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    Direct(File),
    Temporary { file: NamedTempFile, target: PathBuf, publish: Publish },
}

/// How a complete temporary file gets to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Publish {
    /// By a rename to a name that was free, and must still be.
    AsNew,
    /// By a rename over the existing file; else as `Over`.
    Instead,
    /// By a copy into the existing file.
    Over,
}

impl OutputFile {
    /// Starts a file. `inputs` are the files it is made from: it must be none of them.
    ///
    /// # Errors
    /// [`Error::File`] around [`Error::Io`]: the file exists and must not, is one of the inputs
    /// or a directory, or its directory takes no new file.
    pub fn create(path: &Path, existing: Existing, inputs: &[&File]) -> Result<Self> {
        let sink = Sink::open(path, existing, inputs)
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

    /// Returns the path as the caller named it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of the temporary file, for those who must remove it when a signal ends
    /// the process; None if the output is written directly.
    pub fn temporary_path(&self) -> Option<&Path> {
        match &self.sink {
            Sink::Temporary { file, .. } => Some(file.path()),
            Sink::Direct(_) => None,
        }
    }

    /// Returns the file that is written.
    pub(super) fn file(&self) -> &File {
        match &self.sink {
            Sink::Temporary { file, .. } => file.as_file(),
            Sink::Direct(file) => file,
        }
    }

    /// Returns the temporary file for writing anywhere in it; None if the output is written directly.
    #[cfg(all(feature = "layered", unix))]
    pub(super) fn whole_file(&self) -> Result<Option<File>> {
        match &self.sink {
            Sink::Temporary { file, .. } => {
                file.as_file().try_clone().map(Some).map_err(Error::io(IoAction::Create))
            }
            Sink::Direct(_) => Ok(None),
        }
    }

    /// Checks what was written against the trailer of a delta, by reading it again.
    ///
    /// # Errors
    /// [`Error::ResultMismatch`]; [`Error::Io`], always if the output is written directly.
    pub fn check(&mut self, trailer: &Trailer) -> Result<()> {
        match &mut self.sink {
            Sink::Temporary { file, .. } => {
                file.as_file_mut().rewind().map_err(Error::io(IoAction::Read))?;
                check_result(trailer, file.as_file())
            }
            Sink::Direct(_) => Err(Error::io(IoAction::Read)(io::ErrorKind::Unsupported.into())),
        }
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// [`Error::File`] around [`Error::Io`] if closing or renaming fails; the destination is then
    /// as before. Only if a device fails while the output is copied over a file is that file
    /// changed; the error then names the complete output.
    pub fn commit(self) -> Result<()> {
        self.sink
            .publish()
            .map_err(Error::io(IoAction::Replace))
            .map_err(|error| error.in_file(self.path))
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

impl Sink {
    fn open(path: &Path, existing: Existing, inputs: &[&File]) -> io::Result<Self> {
        match fs::metadata(path) {
            Ok(_) if existing == Existing::Refuse => {
                Err(io::Error::new(io::ErrorKind::AlreadyExists, "the file exists"))
            }
            Ok(metadata) => Self::open_existing(path, &metadata, inputs),
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::open_new(path),
                _ => Err(error),
            },
        }
    }

    fn open_new(path: &Path) -> io::Result<Self> {
        let name = path.as_os_str().as_encoded_bytes();
        if name.is_empty() || name.ends_with(b"/") {
            // No name of a file; the system says so.
            File::create_new(path)?;
        }
        let target = follow_links(path)?;
        // The umask applies, as to any new file.
        let file = create_temporary(directory_of(&target), 0o666)?;
        Ok(Sink::Temporary { file, target, publish: Publish::AsNew })
    }

    fn open_existing(path: &Path, metadata: &Metadata, inputs: &[&File]) -> io::Result<Self> {
        refuse_inputs(metadata, inputs)?;
        // Whoever may not write the file may not replace it either; directories fail here.
        let writable = File::options().write(true).open(path)?;
        if !metadata.is_file() {
            return Ok(Sink::Direct(writable));
        }
        let target = follow_links(path)?;
        if !fs::metadata(&target).is_ok_and(|found| is_same_file(&found, metadata)) {
            // The link is not one of the file system but the name of an open file.
            writable.set_len(0)?;
            return Ok(Sink::Direct(writable));
        }
        // Private, until the permissions of the file are passed on.
        match create_temporary(directory_of(&target), 0o600) {
            Ok(file) => {
                let passed_on = pass_on_attributes(metadata, file.as_file())?;
                let publish = if passed_on { Publish::Instead } else { Publish::Over };
                Ok(Sink::Temporary { file, target, publish })
            }
            Err(_) => {
                let file = create_temporary(&std::env::temp_dir(), 0o600)?;
                Ok(Sink::Temporary { file, target, publish: Publish::Over })
            }
        }
    }

    fn publish(self) -> io::Result<()> {
        let (file, target, publish) = match self {
            Sink::Direct(file) => return close(file),
            Sink::Temporary { file, target, publish } => (file, target, publish),
        };
        let (file, temporary) = file.into_parts();
        close(file)?;
        match publish {
            Publish::AsNew => temporary.persist_noclobber(&target).or_else(|refused| {
                // Not every file system can refuse to replace.
                match refused.error.kind() {
                    io::ErrorKind::AlreadyExists => Err(refused.error),
                    _ if target.exists() => Err(refused.error),
                    _ => Ok(refused.path.persist(&target)?),
                }
            }),
            Publish::Instead => temporary.persist(&target).or_else(|refused| {
                match refused.error.kind() {
                    // A mount point, or a directory that lets only the owner rename.
                    io::ErrorKind::ResourceBusy
                    | io::ErrorKind::CrossesDevices
                    | io::ErrorKind::PermissionDenied => copy_over(refused.path, &target),
                    _ => Err(refused.error),
                }
            }),
            Publish::Over => copy_over(temporary, &target),
        }
    }
}

/// Copies a complete output into an existing file. What can fail is tried before the file is
/// touched; if it fails all the same, the output is kept and named.
fn copy_over(from: TempPath, to: &Path) -> io::Result<()> {
    let copy = || {
        let mut output = File::open(&from)?;
        let mut file = File::options().write(true).open(to)?;
        let len = output.metadata()?.len();
        reserve(&file, len)?;
        io::copy(&mut output, &mut file)?;
        if file.metadata()?.len() != len {
            file.set_len(len)?;
        }
        close(file)
    };
    copy().or_else(|error| {
        let kept = from.keep()?;
        let words = format!("{error}; the complete output is in {}", kept.display());
        Err(io::Error::new(error.kind(), words))
    })
}

/// Makes sure that there is space for a file to grow to `len` bytes, where the system can tell.
#[cfg(target_os = "linux")]
fn reserve(file: &File, len: u64) -> io::Result<()> {
    use nix::errno::Errno;
    use nix::fcntl::{FallocateFlags, fallocate};
    let now = file.metadata()?.len();
    let (Ok(start), Ok(more)) = (now.try_into(), len.saturating_sub(now).try_into()) else {
        return Ok(());
    };
    if more == 0 {
        return Ok(());
    }
    match fallocate(file, FallocateFlags::empty(), start, more) {
        Err(error @ (Errno::ENOSPC | Errno::EDQUOT | Errno::EFBIG)) => {
            file.set_len(now)?;
            Err(error.into())
        }
        // Not every file system has it.
        _ => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
fn reserve(_: &File, _: u64) -> io::Result<()> {
    Ok(())
}

/// Closes a file and says whether that went well, which dropping it does not: some file systems
/// report a full disk only now.
fn close(file: File) -> io::Result<()> {
    #[cfg(unix)]
    nix::unistd::close(file)?;
    #[cfg(not(unix))]
    drop(file);
    Ok(())
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

/// Returns true if both are one file or block device under two names. Two uses of one pipe or
/// terminal do not disturb each other.
#[cfg(unix)]
fn is_same_file(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let is_device = |file: &Metadata| file.file_type().is_block_device();
    a.is_file() && (a.dev(), a.ino()) == (b.dev(), b.ino())
        || is_device(a) && is_device(b) && a.rdev() == b.rdev()
}

#[cfg(not(unix))]
fn is_same_file(_: &Metadata, _: &Metadata) -> bool {
    false
}

/// Returns the path that symbolic links lead to, also if nothing is there yet.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    // The kernel follows 40.
    for _ in 0..=40 {
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

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn create_temporary(directory: &Path, mode: u32) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".sigdelta-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    builder.tempfile_in(directory).map_err(|error| {
        // The name of the temporary file, which the error has, means nothing to anyone; but the
        // error of the system behind it can only be had from its text.
        let text = error.to_string();
        let code = text.split_once("(os error ").and_then(|(_, rest)| rest.split_once(')'));
        let code = code.and_then(|(code, _)| code.parse().ok());
        code.map_or(error, io::Error::from_raw_os_error)
    })
}

/// Gives a new file the owner and permissions of the one it is to replace; false if it cannot take
/// its place in full: the owner may not be given, or other names would keep the old file.
#[cfg(unix)]
fn pass_on_attributes(from: &Metadata, to: &File) -> io::Result<bool> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let now = to.metadata()?;
    let is_owner = (from.uid(), from.gid()) == (now.uid(), now.gid());
    if from.nlink() > 1 || !is_owner && fchown(to, Some(from.uid()), Some(from.gid())).is_err() {
        return Ok(false);
    }
    to.set_permissions(from.permissions())?;
    Ok(true)
}

#[cfg(not(unix))]
fn pass_on_attributes(from: &Metadata, to: &File) -> io::Result<bool> {
    to.set_permissions(from.permissions())?;
    Ok(true)
}
