//! A content in the making: a temporary file that knows its digests.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use sha2::Sha256;
use sigdelta::RootHasher;
use tempfile::TempPath;

use super::Facts;
use crate::protocol::Digest;

/// Bytes that are gathered before they are written and hashed.
const GATHERED: usize = 1 << 20;

/// A content in the making, which is written from start to end. The file is gone when it is dropped.
#[derive(Debug)]
pub struct Draft {
    file: File,
    path: TempPath,
    pending: Vec<u8>,
    digest: Sha256,
    root: RootHasher,
    len: u64,
}

impl Draft {
    /// Starts a draft in a folder.
    ///
    /// # Errors
    /// Those of the system.
    pub fn create(folder: &Path) -> io::Result<Self> {
        use std::os::unix::fs::PermissionsExt;
        let permissions = std::fs::Permissions::from_mode(0o666); // less the umask
        let file = tempfile::Builder::new()
            .prefix("draft-")
            .permissions(permissions)
            .tempfile_in(folder)?;
        let (file, path) = file.into_parts();
        Ok(Draft {
            file,
            path,
            pending: Vec::new(),
            digest: Sha256::default(),
            root: RootHasher::new(),
            len: 0,
        })
    }

    /// Writes and hashes what is pending, and returns file and facts.
    ///
    /// # Errors
    /// Those of the system.
    pub fn finish(mut self) -> io::Result<Finished> {
        self.write_pending()?;
        let digest = Digest(sha2::Digest::finalize(self.digest).into());
        let facts = Facts { len: self.len, digest, root: self.root.finish() };
        Ok(Finished { file: self.file, path: self.path, facts })
    }

    fn write_pending(&mut self) -> io::Result<()> {
        let pending = std::mem::take(&mut self.pending);
        let written = self.put(&pending);
        self.pending = pending;
        self.pending.clear();
        written
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        sha2::Digest::update(&mut self.digest, bytes);
        self.root.update(bytes);
        self.len += bytes.len() as u64;
        Ok(())
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(GATHERED - self.pending.len());
        self.pending.extend_from_slice(&bytes[..taken]);
        if self.pending.len() == GATHERED {
            self.write_pending()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_pending()
    }
}

/// A draft to which nothing more is written.
#[derive(Debug)]
pub struct Finished {
    pub(super) file: File,
    pub(super) path: TempPath,
    /// What is known of it.
    pub facts: Facts,
}
