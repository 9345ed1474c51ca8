//! Inputs and outputs of a command line, where `-` or nothing means a standard stream.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use sigdelta::file::{self, Existing, Names, OutputFile};
use sigdelta::{Error, IoAction, Result};

use crate::interrupt;

/// An input: a file, or standard input as one.
#[derive(Debug)]
pub struct Input {
    /// What to call it in messages.
    pub name: PathBuf,
    /// The open file.
    pub file: File,
}

impl Input {
    /// Opens a file; `-` and None are standard input.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn open(name: Option<&OsStr>) -> Result<Self> {
        match file_name(name) {
            Some(path) => Ok(Input { name: path.to_owned(), file: file::open(path)? }),
            None => {
                let name = PathBuf::from("standard input");
                let file = standard_file(&io::stdin())
                    .map_err(|cause| Error::Io { action: IoAction::Open, cause })
                    .map_err(|error| error.in_file(&name))?;
                Ok(Input { name, file })
            }
        }
    }

    /// Returns the file once more; both have one position.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn duplicate(&self) -> Result<File> {
        let failed = |cause| Error::Io { action: IoAction::Open, cause }.in_file(&self.name);
        self.file.try_clone().map_err(failed)
    }

    /// Makes sure that the input can be read anywhere: a pipe is copied to a temporary file.
    ///
    /// # Errors
    /// [`Error::File`], of the input or of the directory for temporary files.
    pub fn into_seekable(mut self) -> Result<Self> {
        if self.file.stream_position().is_ok() {
            return Ok(self);
        }
        self.spool()
    }

    /// Makes sure that the input is a regular file, whose length is known: anything else is copied to
    /// a temporary file.
    ///
    /// # Errors
    /// [`Error::File`], of the input or of the directory for temporary files.
    pub fn into_regular(self) -> Result<Self> {
        match file::regular_len(&self.file) {
            Some(_) => Ok(self),
            None => self.spool(),
        }
    }

    fn spool(mut self) -> Result<Self> {
        let directory = std::env::temp_dir();
        let failed = |action| {
            let directory = directory.clone();
            move |cause| Error::Io { action, cause }.in_file(directory)
        };
        let mut spooled = tempfile::tempfile().map_err(failed(IoAction::Create))?;
        let mut buf = vec![0; 256 << 10];
        loop {
            match self.file.read(&mut buf) {
                Ok(0) => return Ok(Input { name: self.name, file: spooled }),
                Ok(len) => spooled.write_all(&buf[..len]).map_err(failed(IoAction::Write))?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => {
                    return Err(Error::Io { action: IoAction::ReadBasis, cause }.in_file(self.name));
                }
            }
        }
    }
}

/// Starts an output; `-` and None are standard output. `inputs` are what it is made from.
///
/// # Errors
/// Those of [`OutputFile::create`].
pub fn create_output(
    name: Option<&OsStr>,
    existing: Existing,
    inputs: &[&Input],
) -> Result<OutputFile> {
    let inputs: Vec<&File> = inputs.iter().map(|input| &input.file).collect();
    let output = match file_name(name) {
        Some(path) => OutputFile::create(path, existing, &inputs)?,
        None => {
            let name = Path::new("standard output");
            let file = standard_file(&io::stdout())
                .map_err(|cause| Error::Io { action: IoAction::Create, cause })
                .map_err(|error| error.in_file(name))?;
            OutputFile::from_file(name, file, &inputs)?
        }
    };
    interrupt::remove_if_interrupted(&output);
    Ok(output)
}

/// Does the work that makes an output and puts it in place; errors name the file they speak of.
///
/// # Errors
/// Those of `work` and of [`OutputFile::commit`].
pub fn produce<S>(
    mut output: OutputFile,
    input: &Input,
    basis: &Input,
    work: impl FnOnce(&mut OutputFile) -> Result<S>,
) -> Result<S> {
    let result = work(&mut output);
    let names = Names { input: &input.name, basis: &basis.name, output: output.path() };
    let stats = result.map_err(|error| names.blame(error))?;
    interrupt::without_interruption(|| output.commit())?;
    Ok(stats)
}

/// Returns true if the error is a write to a pipe that nobody reads any more.
pub fn is_broken_pipe(error: &Error) -> bool {
    matches!(error.without_file(),
        Error::Io { action: IoAction::Write, cause } if cause.kind() == io::ErrorKind::BrokenPipe)
}

/// Returns the path of an argument, None if it means a standard stream.
pub fn file_name(name: Option<&OsStr>) -> Option<&Path> {
    name.filter(|&name| name != "-").map(Path::new)
}

/// Returns a standard stream as a file of its own, without a buffer in between.
fn standard_file(stream: &impl std::os::fd::AsFd) -> io::Result<File> {
    stream.as_fd().try_clone_to_owned().map(File::from)
}
