//! Bytes that can be read anywhere, by several threads at once.

use crate::engine::copy_front;
use crate::error::{Error, IoAction, Result};

/// Bytes that can be read anywhere, by several threads at once.
pub trait ReadAt: Send + Sync {
    /// Reads bytes from a position and returns how many; 0 says that they end there.
    ///
    /// # Errors
    /// [`Error::Io`].
    fn read_at(&self, position: u64, buf: &mut [u8]) -> Result<usize>;

    /// Fills a buffer from a position, as far as there are bytes, and returns how many.
    ///
    /// # Errors
    /// [`Error::Io`].
    fn fill_at(&self, position: u64, buf: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < buf.len() {
            match self.read_at(position.saturating_add(filled as u64), &mut buf[filled..])? {
                0 => break,
                len => filled += len,
            }
        }
        Ok(filled)
    }

    /// Returns all of the bytes if they are in memory.
    fn as_slice(&self) -> Option<&[u8]> {
        None
    }
}

impl<R: ReadAt + ?Sized> ReadAt for &R {
    fn read_at(&self, position: u64, buf: &mut [u8]) -> Result<usize> {
        (**self).read_at(position, buf)
    }

    fn as_slice(&self) -> Option<&[u8]> {
        (**self).as_slice()
    }
}

impl<R: ReadAt + ?Sized> ReadAt for std::sync::Arc<R> {
    fn read_at(&self, position: u64, buf: &mut [u8]) -> Result<usize> {
        (**self).read_at(position, buf)
    }

    fn as_slice(&self) -> Option<&[u8]> {
        (**self).as_slice()
    }
}

impl ReadAt for [u8] {
    fn read_at(&self, position: u64, buf: &mut [u8]) -> Result<usize> {
        let start = usize::try_from(position).unwrap_or(usize::MAX).min(self.len());
        Ok(copy_front(&self[start..], buf))
    }

    fn as_slice(&self) -> Option<&[u8]> {
        Some(self)
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, position: u64, buf: &mut [u8]) -> Result<usize> {
        self[..].read_at(position, buf)
    }

    fn as_slice(&self) -> Option<&[u8]> {
        Some(self)
    }
}

/// A file is read with one system call and keeps its position.
#[cfg(unix)]
impl ReadAt for std::fs::File {
    fn read_at(&self, position: u64, buf: &mut [u8]) -> Result<usize> {
        use std::os::unix::fs::FileExt;
        loop {
            match FileExt::read_at(self, buf, position) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                result => return result.map_err(Error::io(IoAction::ReadBasis)),
            }
        }
    }
}
