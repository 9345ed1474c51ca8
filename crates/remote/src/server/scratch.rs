//! The server's own folder: drafts and bodies on their way.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::storage::Draft;

/// Bytes of a body that are held in memory; longer ones go to a file.
const IN_MEMORY: usize = 256 << 10;

/// The folder of temporary files.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: PathBuf,
}

impl Scratch {
    /// Opens the folder and clears what is in it.
    pub(super) fn open(own: &Path) -> io::Result<Self> {
        let folder = own.join("tmp");
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir(&folder)? {
            fs::remove_file(entry?.path())?;
        }
        Ok(Scratch { folder })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn draft(&self) -> io::Result<Draft> {
        Draft::create(&self.folder)
    }

    pub(super) fn spool(&self) -> Spool {
        Spool { folder: self.folder.clone(), memory: Vec::new(), file: None }
    }
}

/// Bytes on their way, in memory if they are few, else in a file that has no name.
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
    memory: Vec<u8>,
    file: Option<File>,
}

impl Spool {
    /// Returns a reader that starts at the first byte. There is one at a time.
    pub(super) fn reader(&mut self) -> io::Result<Box<dyn Read + Send + '_>> {
        match &mut self.file {
            Some(file) => {
                file.rewind()?;
                Ok(Box::new(file))
            }
            None => Ok(Box::new(&self.memory[..])),
        }
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(file) = &mut self.file {
            return file.write(bytes);
        }
        if self.memory.len() + bytes.len() <= IN_MEMORY {
            self.memory.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        let mut file = tempfile::tempfile_in(&self.folder)?;
        file.write_all(&self.memory)?;
        self.memory = Vec::new();
        self.file.insert(file).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
