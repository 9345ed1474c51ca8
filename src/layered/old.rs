//! The old file: read at any place by several threads, held in memory if it is small enough.

use std::borrow::Cow;

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
    /// Old files up to this length are held in memory.
    pub(crate) max_resident: u64,
    /// Most old bytes that one group is compared with if the old file is not in memory.
    pub(crate) max_view: usize,
}

impl Effort {
    /// For speed.
    pub(crate) const FAST: Effort = Effort {
        stride: 8,
        patience: Patience { tolerance: 8, gain: 8 },
        key_len: 16,
        max_resident: 64 << 20,
        max_view: 40 << 20,
    };
    /// For small patches.
    pub(crate) const THOROUGH: Effort = Effort {
        stride: 4,
        patience: Patience { tolerance: 4, gain: 8 },
        max_resident: 128 << 20,
        max_view: 64 << 20,
        ..Self::FAST
    };
    /// For formats in which bytes that differ cost much.
    pub(crate) const EXACT: Effort = Effort {
        stride: 1,
        patience: Patience { tolerance: 0, gain: 2 },
        key_len: 12,
        ..Self::THOROUGH
    };
}

/// An old file and what is known of it.
#[derive(Debug)]
pub(crate) struct OldFile<R> {
    source: R,
    len: u64,
    /// The whole file, if it is held and the source does not hold it itself.
    resident: Option<Vec<u8>>,
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
        let is_resident = len <= effort.max_resident;
        let shown = source.as_slice().is_some();
        let mut sampler = Sampler::new(len)?;
        let mut held = Vec::new();
        if let Some(bytes) = source.as_slice() {
            if bytes.len() as u64 != len {
                return Err(ended());
            }
            for block in bytes.chunks(Self::BLOCK) {
                sampler.push(block);
                see(block)?;
            }
        } else if is_resident {
            reserve_large(&mut held, len as usize)?;
            while (held.len() as u64) < len {
                let start = held.len();
                held.resize(start + Self::BLOCK.min(len as usize - start), 0);
                read_exact_at(&source, start as u64, &mut held[start..])?;
                sampler.push(&held[start..]);
                see(&held[start..])?;
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
        let resident = (is_resident && !shown).then_some(held);
        Ok(OldFile { source, len, resident, samples: sampler.finish(), effort })
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
        let shown = self.source.as_slice();
        // What is found must not depend on where the file is.
        let shown = shown.filter(|_| self.len <= self.effort.max_resident);
        self.resident.as_deref().or(shown)
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
        if self.file.bytes().is_some() {
            // Nothing lies beyond what is held.
            return Ok(());
        }
        let held = self.held.to_mut();
        held.clear();
        crate::error::reserve(held, len as usize)?;
        held.resize(len as usize, 0);
        self.start = position;
        read_exact_at(&self.file.source, position, held)
    }
}
