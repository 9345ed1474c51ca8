//! The old file: read at any place by several threads, held in memory where that is of use.

use std::borrow::Cow;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::samples::{Sampler, Samples};
use crate::bindiff::{self, Patience};
use crate::error::{Error, IoAction, Result, try_vec};
use crate::read_at::ReadAt;
use crate::root::LEAF_LEN;
use crate::simd::pages::reserve_large;

/// How hard the search tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effort {
    /// Every so many old positions are indexed.
    pub(crate) stride: usize,
    pub(crate) patience: Patience,
    /// Equal bytes by which a place is found.
    pub(crate) key_len: usize,
    /// Old files up to this length may be held in memory.
    pub(crate) max_resident: u64,
    /// Most old bytes that one group is compared with if the old file is not in memory.
    pub(crate) max_view: usize,
}

impl Effort {
    /// For speed.
    pub(crate) const FAST: Effort = Effort {
        stride: 8,
        patience: Patience { tolerance: 8, gain: 8, rows_reach: Some(512) },
        key_len: 16,
        max_resident: 64 << 20,
        max_view: 40 << 20,
    };
    /// For small patches.
    pub(crate) const THOROUGH: Effort = Effort {
        stride: 4,
        patience: Patience { tolerance: 4, gain: 8, rows_reach: Some(1 << 10) },
        max_resident: 128 << 20,
        max_view: 64 << 20,
        ..Self::FAST
    };
    /// For formats in which bytes that differ cost much.
    pub(crate) const EXACT: Effort = Effort {
        stride: 1,
        patience: Patience { tolerance: 0, gain: 2, rows_reach: None },
        key_len: 12,
        ..Self::THOROUGH
    };
}

/// An old file and what is known of it.
#[derive(Debug)]
pub(crate) struct OldFile<R> {
    source: R,
    len: u64,
    /// The whole file, once it is held. The source may hold it itself.
    resident: OnceLock<Vec<u8>>,
    /// Taken by the thread that reads it.
    reading: Mutex<()>,
    samples: Samples,
    effort: Effort,
}

impl<R: ReadAt> OldFile<R> {
    /// Bytes read at once.
    const BLOCK: usize = 16 * LEAF_LEN;

    /// Reads the file, whose length is `len`, once; `see` gets all of its bytes in order.
    ///
    /// # Errors
    /// [`Error::Io`], also if the file is shorter; [`Error::OutOfMemory`]; those of `see`.
    pub(crate) fn new(
        source: R,
        len: u64,
        effort: Effort,
        mut see: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<Self> {
        let mut sampler = Sampler::new(len)?;
        if let Some(bytes) = source.as_slice() {
            if bytes.len() as u64 != len {
                return Err(ended());
            }
            for block in bytes.chunks(Self::BLOCK) {
                sampler.push(block);
                see(block)?;
            }
        } else {
            let mut block = try_vec(0, Self::BLOCK)?;
            let mut position = 0;
            while position < len {
                let wanted = (len - position).min(Self::BLOCK as u64) as usize;
                read_exact_at(&source, position, &mut block[..wanted])?;
                sampler.push(&block[..wanted]);
                see(&block[..wanted])?;
                position += wanted as u64;
            }
        }
        Ok(OldFile {
            source,
            len,
            resident: OnceLock::new(),
            reading: Mutex::new(()),
            samples: sampler.finish(),
            effort,
        })
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn effort(&self) -> Effort {
        self.effort
    }

    pub(super) fn samples(&self) -> &Samples {
        &self.samples
    }

    pub(super) fn source(&self) -> &R {
        &self.source
    }

    /// Returns all bytes, if they are in memory.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        self.source.as_slice().or(self.resident.get().map(Vec::as_slice))
    }

    /// Returns all bytes, if the file is not too long to be held in memory. What is found must not
    /// depend on where the file is.
    pub(super) fn resident(&self) -> Result<Option<&[u8]>> {
        if self.len > self.effort.max_resident {
            return Ok(None);
        }
        if self.bytes().is_none() {
            // A thread that panicked has set nothing.
            let _turn = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
            if self.resident.get().is_none() {
                let bytes = self.read_all()?;
                let _ = self.resident.set(bytes);
            }
        }
        Ok(self.bytes())
    }

    fn read_all(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        reserve_large(&mut bytes, self.len as usize)?;
        while (bytes.len() as u64) < self.len {
            // Filled while it is in the cache.
            let start = bytes.len();
            bytes.resize(start + Self::BLOCK.min(self.len as usize - start), 0);
            read_exact_at(&self.source, start as u64, &mut bytes[start..])?;
        }
        Ok(bytes)
    }

    /// Returns a reader for comparisons.
    pub(super) fn reader(&self) -> Reader<'_, R> {
        let held = self.bytes().map_or(Cow::Owned(Vec::new()), Cow::Borrowed);
        Reader { file: self, held, start: 0 }
    }
}

/// Fills the buffer from a position on.
pub(super) fn read_exact_at(source: &impl ReadAt, position: u64, buf: &mut [u8]) -> Result<()> {
    let mut filled = 0;
    while filled < buf.len() {
        match source.read_at(position + filled as u64, &mut buf[filled..])? {
            0 => return Err(ended()),
            read => filled += read,
        }
    }
    Ok(())
}

fn ended() -> Error {
    Error::io(IoAction::ReadBasis)(std::io::ErrorKind::UnexpectedEof.into())
}

/// Compares old bytes with new ones, wherever the old ones are.
pub(super) struct Reader<'a, R> {
    file: &'a OldFile<R>,
    /// All of the file, or the part that was read last.
    held: Cow<'a, [u8]>,
    /// Where that lies.
    start: u64,
}

impl<R: ReadAt> Reader<'_, R> {
    /// Bytes read at a new place; more where it goes on.
    const FIRST: usize = 4 << 10;
    const MOST: usize = 256 << 10;

    /// Holds the file in memory, if it is not too long: many short reads take longer.
    pub(super) fn hold(&mut self) -> Result<()> {
        if matches!(self.held, Cow::Owned(_))
            && let Some(bytes) = self.file.resident()?
        {
            self.held = Cow::Borrowed(bytes);
            self.start = 0;
        }
        Ok(())
    }

    /// Returns how many bytes from `position` on equal those at the front of `new`.
    pub(super) fn common_prefix(&mut self, position: u64, new: &[u8]) -> Result<usize> {
        let mut same = 0;
        loop {
            let there = self.bytes_from(position + same as u64)?;
            let equal = bindiff::common_prefix(there, &new[same..]);
            same += equal;
            if equal < there.len() || there.is_empty() || same == new.len() {
                return Ok(same);
            }
        }
    }

    /// Returns how many bytes before `position` equal those at the back of `new`.
    pub(super) fn common_suffix(&mut self, position: u64, new: &[u8]) -> Result<usize> {
        let mut same = 0;
        loop {
            let there = self.bytes_before(position - same as u64)?;
            let equal = bindiff::common_suffix(there, &new[..new.len() - same]);
            same += equal;
            if equal < there.len() || there.is_empty() || same == new.len() {
                return Ok(same);
            }
        }
    }

    /// Some bytes that begin at a position; none at the end.
    fn bytes_from(&mut self, position: u64) -> Result<&[u8]> {
        if position < self.start || position >= self.end() {
            let goes_on = position == self.end();
            let len = self.next_len(goes_on).min(self.file.len.saturating_sub(position));
            self.read(position.min(self.file.len), len)?;
        }
        Ok(&self.held[(position - self.start) as usize..])
    }

    /// Some bytes that end at a position; none at the start of the file.
    fn bytes_before(&mut self, position: u64) -> Result<&[u8]> {
        if position <= self.start || position > self.end() {
            let goes_on = position == self.start;
            let len = self.next_len(goes_on).min(position);
            self.read(position - len, len)?;
        }
        Ok(&self.held[..(position - self.start) as usize])
    }

    fn end(&self) -> u64 {
        self.start + self.held.len() as u64
    }

    fn next_len(&self, goes_on: bool) -> u64 {
        let len = if goes_on { (2 * self.held.len()).min(Self::MOST) } else { Self::FIRST };
        len.max(Self::FIRST) as u64
    }

    fn read(&mut self, position: u64, len: u64) -> Result<()> {
        // Nothing lies beyond what is held, if that is all.
        if let Cow::Owned(held) = &mut self.held {
            held.clear();
            crate::error::reserve(held, len as usize)?;
            held.resize(len as usize, 0);
            self.start = position;
            read_exact_at(&self.file.source, position, held)?;
        }
        Ok(())
    }
}
