//! A group of the result, rebuilt from its body and the basis.

use std::ops::Range;

use super::damaged;
use crate::codec::{CONTEXT_LEN, Decoder, Fault, Group, OldBytes};
use crate::error::{Error, Result, try_vec};
use crate::layered::nearby::{MAX_STRETCH, Nearby};
use crate::read_at::ReadAt;

/// Aligned bytes that are taken at once.
const MAX_ALIGNED: usize = MAX_STRETCH - 2 * CONTEXT_LEN;

/// Gives the bytes of a group in order.
pub(crate) struct Rebuild<'a, B: ?Sized> {
    basis: Nearby<'a, B>,
    basis_len: u64,
    decoder: Decoder,
    /// What is left of the piece under way.
    old: u64,
    aligned_left: usize,
    literal_left: usize,
    /// Where the body is in the patch, for errors.
    offset: u64,
}

/// Bytes that were put out.
pub(crate) struct Rebuilt {
    pub(crate) len: usize,
    /// Where in the basis those lie that they are aligned with; None for literal bytes.
    pub(crate) old: Option<u64>,
}

impl<'a, B: ReadAt + ?Sized> Rebuild<'a, B> {
    /// `offset` is where the body is in the patch.
    pub(crate) fn new(basis: &'a B, body: Vec<u8>, group: Group, offset: u64) -> Result<Self> {
        let damaged = |fault| damaged(fault, offset);
        let mut decoder = Decoder::new(body, group).map_err(damaged)?;
        let context = read_all(basis, decoder.context())?;
        decoder.learn(&context).map_err(damaged)?;
        Ok(Rebuild {
            basis: Nearby::new(basis),
            basis_len: group.old_len,
            decoder,
            old: 0,
            aligned_left: 0,
            literal_left: 0,
            offset,
        })
    }

    /// Fills `out` with the next bytes, of which there must be as many.
    ///
    /// # Errors
    /// [`Error::PatchDamaged`](crate::Error::PatchDamaged), those of reading the basis,
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub(crate) fn fill(&mut self, mut out: &mut [u8]) -> Result<()> {
        while !out.is_empty() {
            let taken = self.step(out)?.len;
            out = &mut out[taken..];
        }
        Ok(())
    }

    /// Puts bytes of one kind at the front of `out`, which is not empty, and says which.
    ///
    /// # Errors
    /// Those of [`Rebuild::fill`].
    pub(crate) fn step(&mut self, out: &mut [u8]) -> Result<Rebuilt> {
        if self.aligned_left == 0 && self.literal_left == 0 {
            self.next_piece()?;
        }
        match self.aligned_left {
            0 => self.literals(out).map(|len| Rebuilt { len, old: None }),
            _ => {
                let old = Some(self.old);
                self.aligned(out).map(|len| Rebuilt { len, old })
            }
        }
    }

    /// Checks that the body ends with the group.
    pub(crate) fn finish(self) -> Result<()> {
        let offset = self.offset;
        if self.aligned_left > 0 || self.literal_left > 0 {
            return Err(damaged(Fault::Stray, offset));
        }
        self.decoder.finish().map_err(|fault| damaged(fault, offset))
    }

    fn next_piece(&mut self) -> Result<()> {
        let piece = self.decoder.piece().map_err(|fault| damaged(fault, self.offset))?;
        let piece = piece.ok_or_else(|| damaged(Fault::Ended, self.offset))?;
        self.old = piece.old;
        self.aligned_left = piece.aligned_len as usize;
        self.literal_left = piece.literal_len as usize;
        Ok(())
    }

    fn aligned(&mut self, out: &mut [u8]) -> Result<usize> {
        let len = out.len().min(self.aligned_left).min(MAX_ALIGNED);
        let before = self.old.min(CONTEXT_LEN as u64);
        let end = (self.old + (len + CONTEXT_LEN) as u64).min(self.basis_len);
        let bytes = self.basis.stretch(self.old - before..end)?;
        let old = OldBytes::new(bytes, before as usize, len);
        self.decoder.aligned(old, &mut out[..len]).map_err(|fault| damaged(fault, self.offset))?;
        self.old += len as u64;
        self.aligned_left -= len;
        Ok(len)
    }

    fn literals(&mut self, out: &mut [u8]) -> Result<usize> {
        let len = out.len().min(self.literal_left);
        self.decoder.literals(&mut out[..len]).map_err(|fault| damaged(fault, self.offset))?;
        self.literal_left -= len;
        Ok(len)
    }
}

/// Reads ranges of the basis, one behind the other.
fn read_all(basis: &(impl ReadAt + ?Sized), ranges: &[Range<u64>]) -> Result<Vec<u8>> {
    let len: u64 = ranges.iter().map(|range| range.end - range.start).sum();
    let mut bytes = try_vec(0, len as usize)?;
    let mut filled = 0;
    for range in ranges {
        let len = (range.end - range.start) as usize;
        let read = basis.fill_at(range.start, &mut bytes[filled..filled + len])?;
        if read < len {
            let (position, ended_at) = (range.start, range.start + read as u64);
            return Err(Error::BasisEnded { position, len: len as u64, ended_at });
        }
        filled += len;
    }
    Ok(bytes)
}
