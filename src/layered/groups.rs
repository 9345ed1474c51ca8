//! The groups of a new file, each read and laid along the basis.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::nearby::{MAX_STRETCH, Nearby};
use super::old::{Effort, OldFile};
use super::plan::{Lie, Scratch};
use crate::codec::{CONTEXT_LEN, Group, MAX_GROUP_LEN, OldBytes, Piece};
use crate::error::{Error, IoAction, Result, reserve};
use crate::read_at::ReadAt;
use crate::root::LEAF_LEN;
use crate::simd::pages::reserve_large;

/// Bytes of a new file in each group but the last.
pub(crate) const GROUP_LEN: u32 = MAX_GROUP_LEN;

/// Bytes of either file that are read or given out at once.
const BLOCK: usize = 8 * LEAF_LEN;

/// Old bytes that are known to equal new ones need not be read, if there are so many.
const MIN_EQUAL: usize = 16 << 10;

/// A basis and a new file, for any number of threads.
pub(crate) struct Groups {
    basis: OldFile<Arc<dyn ReadAt>>,
    new: Arc<dyn ReadAt>,
    new_len: u64,
    /// Memory of threads that are not at work, and of groups that are done with.
    scratch: Mutex<Vec<Scratch>>,
    spare: Mutex<Vec<Vec<u8>>>,
}

/// A group of the new file, and how it lies along the basis.
pub(crate) struct Laid {
    pub(crate) group: Group,
    pub(crate) bytes: Vec<u8>,
    pub(crate) lie: Lie,
}

/// What a piece is made of.
pub(crate) enum PieceBytes<'a> {
    /// The piece itself, before its bytes.
    Begin(&'a Piece),
    /// Old bytes, and as many new ones that lie along them.
    Aligned(OldBytes<'a>, &'a [u8]),
    Literal(&'a [u8]),
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
        let (scratch, spare) = (Mutex::default(), Mutex::default());
        Ok(Groups { basis, new, new_len, scratch, spare })
    }

    /// Returns the numbers of the groups.
    pub(crate) fn numbers(&self) -> std::ops::Range<u64> {
        0..self.new_len.div_ceil(GROUP_LEN.into())
    }

    /// Reads a group and lays it along the basis. `see` gets its bytes in order, whole leaves but at
    /// the end.
    pub(crate) fn lay(
        &self,
        number: u64,
        mut see: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<Laid> {
        let start = number * u64::from(GROUP_LEN);
        let len = (self.new_len - start).min(GROUP_LEN.into()) as u32;
        let mut bytes = lock(&self.spare).pop().unwrap_or_default();
        bytes.clear();
        reserve_large(&mut bytes, len as usize)?;
        while bytes.len() < len as usize {
            // Filled and seen while it is in the cache.
            let done = bytes.len();
            bytes.resize(done + BLOCK.min(len as usize - done), 0);
            let block = &mut bytes[done..];
            if self.new.fill_at(start + done as u64, block).map_err(of_new_file)? < block.len() {
                return Err(shrank(IoAction::Read));
            }
            see(block)?;
        }
        let mut scratch = lock(&self.scratch).pop().unwrap_or_default();
        let lie = self.basis.lay(&bytes, start, &mut scratch)?;
        lock(&self.scratch).push(scratch);
        Ok(Laid { group: Group { start, len, old_len: self.basis.len() }, bytes, lie })
    }

    /// Takes back the memory of a group.
    pub(crate) fn reuse(&self, laid: Laid) {
        lock(&self.spare).push(laid.bytes);
    }

    /// Gives out pieces of a group with the bytes of both files: the aligned ones in blocks, of which
    /// `take` may leave the end, to get it again with more behind it; then the literal ones.
    pub(crate) fn for_each_piece(
        &self,
        laid: &Laid,
        pieces: &[Piece],
        mut take: impl FnMut(PieceBytes<'_>) -> usize,
    ) -> Result<()> {
        let mut nearby = Nearby::new(self.basis.source());
        let mut block = Vec::new();
        let mut rest = laid.bytes.as_slice();
        let end = rest.len();
        let mut equals = laid.lie.equals.as_slice();
        for piece in pieces {
            let (aligned, behind) = rest.split_at(piece.aligned_len as usize);
            let (literal, behind) = behind.split_at(piece.literal_len as usize);
            rest = behind;
            take(PieceBytes::Begin(piece));
            let mut at = 0;
            while at < aligned.len() {
                let mut len = BLOCK.min(aligned.len() - at);
                let new = end - rest.len() - literal.len() - aligned.len() + at;
                let passed = equals.iter().take_while(|equal| equal.end < new + MIN_EQUAL).count();
                equals = &equals[passed..];
                let old = match (self.basis.bytes(), equals.first()) {
                    (Some(bytes), _) => OldBytes::of(bytes, piece.old as usize + at, len),
                    (None, Some(equal)) if equal.start <= new => {
                        len = len.min(equal.end - new);
                        OldBytes::of(&laid.bytes, new, len)
                    }
                    (None, equal) => {
                        // Beyond the start, since the end may be left.
                        len = equal.map_or(len, |equal| len.min(equal.start + MIN_EQUAL - new));
                        self.read_old(piece.old + at as u64, len, &mut nearby, &mut block)?
                    }
                };
                at += take(PieceBytes::Aligned(old, &aligned[at..at + len]));
            }
            take(PieceBytes::Literal(literal));
        }
        Ok(())
    }

    /// Returns old bytes, from a place that was read before or read for it alone.
    fn read_old<'a>(
        &self,
        old: u64,
        len: usize,
        nearby: &'a mut Nearby<'_, Arc<dyn ReadAt>>,
        block: &'a mut Vec<u8>,
    ) -> Result<OldBytes<'a>> {
        let before = old.min(CONTEXT_LEN as u64);
        let end = (old + (len + CONTEXT_LEN) as u64).min(self.basis.len());
        let range = old - before..end;
        let whole = (range.end - range.start) as usize;
        let bytes = if whole <= MAX_STRETCH {
            nearby.stretch(range)?
        } else {
            block.clear();
            reserve(block, whole)?;
            block.resize(whole, 0);
            if self.basis.source().fill_at(range.start, block)? < whole {
                return Err(shrank(IoAction::ReadBasis));
            }
            block
        };
        Ok(OldBytes::new(bytes, before as usize, len))
    }
}

/// Locks what a thread that panicked left whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
