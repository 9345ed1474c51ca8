//! The server's own folder: drafts and bodies on their way, and its secret.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::protocol::Digest;
use crate::storage::Draft;

/// Bytes of a body that are held in memory; longer ones go to a file.
const IN_MEMORY: usize = 256 << 10;

/// The folder of temporary files, and the secret beside it.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: PathBuf,
    secret: [u8; 32],
}

impl Scratch {
    /// Opens the folder and clears what is in it.
    pub(super) fn open(own: &Path) -> io::Result<Self> {
        let folder = own.join("tmp");
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir(&folder)? {
            fs::remove_file(entry?.path())?;
        }
        let secret = secret(own)?;
        Ok(Scratch { folder, secret })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts a content.
    pub(super) fn draft(&self) -> io::Result<Draft> {
        Draft::create(&self.folder)
    }

    /// Returns an empty file without a name.
    pub(super) fn file(&self) -> io::Result<File> {
        tempfile::tempfile_in(&self.folder)
    }

    pub(super) fn spool(&self) -> Spool {
        Spool { folder: self.folder.clone(), memory: Vec::new(), file: None }
    }

    /// Returns the salt of a content's signatures: always the same, and known to nobody before.
    pub(super) fn salt(&self, content: &Digest) -> [u8; 16] {
        let hashed = Digest::of(&[&self.secret[..], &content.0].concat());
        *hashed.0.first_chunk().expect("a digest is longer")
    }
}

/// Reads the secret, or makes one.
fn secret(own: &Path) -> io::Result<[u8; 32]> {
    let path = own.join("secret");
    if let Some(secret) = fs::read(&path).ok().and_then(|bytes| bytes.try_into().ok()) {
        return Ok(secret);
    }
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    // Nobody else may read it.
    let mut file = NamedTempFile::new_in(own)?;
    file.write_all(&secret)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|refused| refused.error)?;
    Ok(secret)
}

/// Bytes on their way, in memory if they are few, else in a file.
#[derive(Debug)]
pub(super) struct Spool {
    folder: PathBuf,
    memory: Vec<u8>,
    file: Option<File>,
}

impl Spool {
    /// Returns a file as what has come.
    pub(super) fn of_file(file: File) -> Self {
        Spool { folder: PathBuf::new(), memory: Vec::new(), file: Some(file) }
    }

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

    /// Returns the number of bytes.
    pub(super) fn len(&self) -> io::Result<u64> {
        match &self.file {
            Some(file) => Ok(file.metadata()?.len()),
            None => Ok(self.memory.len() as u64),
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
