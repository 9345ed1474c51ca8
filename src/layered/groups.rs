//! The groups of a new file, each read and laid along the basis.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::nearby::{MAX_STRETCH, Nearby};
use super::old::{Effort, OldFile};
use super::plan::Scratch;
use crate::codec::{CONTEXT_LEN, Group, MAX_GROUP_LEN, OldBytes, Piece};
use crate::error::{Error, IoAction, Result, reserve_exact};
use crate::read_at::ReadAt;
use crate::simd::pages::try_large_vec;

/// Bytes of a new file in each group but the last.
pub(crate) const GROUP_LEN: u32 = MAX_GROUP_LEN;

/// A basis and a new file, for any number of threads.
pub(crate) struct Groups {
    basis: OldFile<Arc<dyn ReadAt>>,
    new: Arc<dyn ReadAt>,
    new_len: u64,
    /// Memory of threads that are not at work.
    scratch: Mutex<Vec<Scratch>>,
}

/// A group of the new file, and how it lies along the basis.
pub(crate) struct Laid {
    pub(crate) group: Group,
    pub(crate) bytes: Vec<u8>,
    pub(crate) pieces: Vec<Piece>,
}

impl Groups {
    /// Reads the basis once; `see` gets all of its bytes in order.
    pub(crate) fn new(
        (basis, basis_len): (Arc<dyn ReadAt>, u64),
        (new, new_len): (Arc<dyn ReadAt>, u64),
        effort: Effort,
        see: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<Self> {
        let basis = OldFile::new(basis, basis_len, effort, see)?;
        Ok(Groups { basis, new, new_len, scratch: Mutex::default() })
    }

    /// Returns the numbers of the groups.
    pub(crate) fn numbers(&self) -> std::ops::Range<u64> {
        0..self.new_len.div_ceil(GROUP_LEN.into())
    }

    /// Reads a group and lays it along the basis.
    pub(crate) fn lay(&self, number: u64) -> Result<Laid> {
        let start = number * u64::from(GROUP_LEN);
        let len = (self.new_len - start).min(GROUP_LEN.into()) as u32;
        let mut bytes = try_large_vec(0, len as usize)?;
        if self.new.fill_at(start, &mut bytes).map_err(of_new_file)? < bytes.len() {
            return Err(shrank(IoAction::Read));
        }
        let mut scratch = self.scratch().pop().unwrap_or_default();
        let pieces = self.basis.pieces(&bytes, start, &mut scratch)?;
        self.scratch().push(scratch);
        Ok(Laid { group: Group { start, len, old_len: self.basis.len() }, bytes, pieces })
    }

    /// Gives out pieces of a group with the bytes of both files.
    pub(crate) fn for_each_piece(
        &self,
        laid: &Laid,
        pieces: &[Piece],
        mut take: impl FnMut(&Piece, OldBytes<'_>, &[u8], &[u8]),
    ) -> Result<()> {
        let mut nearby = Nearby::new(self.basis.source());
        let mut long = Vec::new();
        let mut rest = laid.bytes.as_slice();
        for piece in pieces {
            let (aligned, behind) = rest.split_at(piece.aligned_len as usize);
            let (literal, behind) = behind.split_at(piece.literal_len as usize);
            rest = behind;
            if aligned.is_empty() {
                take(piece, OldBytes::new(&[], 0, 0), aligned, literal);
                continue;
            }
            let old = match self.basis.bytes() {
                Some(bytes) => OldBytes::of(bytes, piece.old as usize, aligned.len()),
                None => self.read_old(piece, &mut nearby, &mut long)?,
            };
            take(piece, old, aligned, literal);
        }
        Ok(())
    }

    /// Returns the old bytes of a piece, from a place that was read before or read for it alone.
    fn read_old<'a>(
        &self,
        piece: &Piece,
        nearby: &'a mut Nearby<'_, Arc<dyn ReadAt>>,
        long: &'a mut Vec<u8>,
    ) -> Result<OldBytes<'a>> {
        let before = piece.old.min(CONTEXT_LEN as u64);
        let end = piece.old + u64::from(piece.aligned_len) + CONTEXT_LEN as u64;
        let range = piece.old - before..end.min(self.basis.len());
        let len = (range.end - range.start) as usize;
        let bytes = if len <= MAX_STRETCH {
            nearby.stretch(range)?
        } else {
            long.clear();
            reserve_exact(long, len)?;
            long.resize(len, 0);
            if self.basis.source().fill_at(range.start, long)? < len {
                return Err(shrank(IoAction::ReadBasis));
            }
            long
        };
        Ok(OldBytes::new(bytes, before as usize, piece.aligned_len as usize))
    }

    fn scratch(&self) -> MutexGuard<'_, Vec<Scratch>> {
        // A thread that panicked left nothing half done.
        self.scratch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that what went wrong with reading was not the basis.
pub(crate) fn of_new_file(error: Error) -> Error {
    match error {
        Error::BasisEnded { .. } => shrank(IoAction::Read),
        Error::Io { action: IoAction::ReadBasis | IoAction::SeekBasis, cause } => {
            Error::Io { action: IoAction::Read, cause }
        }
        error => error,
    }
}

pub(crate) fn shrank(action: IoAction) -> Error {
    let kind = std::io::ErrorKind::UnexpectedEof;
    Error::io(action)(std::io::Error::new(kind, "the file became shorter meanwhile"))
}
