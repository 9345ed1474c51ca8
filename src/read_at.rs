//! Bytes that can be read anywhere, by several threads at once.

use std::io::{Read, Seek, SeekFrom};
use std::sync::{Mutex, PoisonError};

use crate::engine::copy_front;
use crate::error::{Error, IoAction, Result};
use crate::io::retry;

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

/// Any stream that can seek; threads take turns at it. Its first byte is at position 0.
impl<R: Read + Seek + Send> ReadAt for Mutex<R> {
    fn read_at(&self, position: u64, buf: &mut [u8]) -> Result<usize> {
        // Whoever panicked left the stream somewhere, and it is put elsewhere now.
        let mut stream = self.lock().unwrap_or_else(PoisonError::into_inner);
        stream.seek(SeekFrom::Start(position)).map_err(Error::io(IoAction::SeekBasis))?;
        retry(|| stream.read(buf)).map_err(Error::io(IoAction::ReadBasis))
    }
}

/// A file is read with one system call and keeps its position.
#[cfg(unix)]
impl ReadAt for std::fs::File {
    fn read_at(&self, position: u64, buf: &mut [u8]) -> Result<usize> {
        use std::os::unix::fs::FileExt;
        retry(|| FileExt::read_at(self, buf, position)).map_err(Error::io(IoAction::ReadBasis))
    }
}
