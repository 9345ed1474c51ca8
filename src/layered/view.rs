//! The part of the old file that a group is compared with: all of it, or chosen parts put together.

use std::ops::Range;

use super::old::{OldFile, read_exact_at};
use crate::bindiff::Stretch;
use crate::codec::Piece;
use crate::error::{Result, reserve, reserve_exact};
use crate::read_at::ReadAt;

/// Where the bytes of a view come from.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// In order of both.
    parts: Vec<Part>,
    len: usize,
}

#[derive(Clone, Copy, Debug)]
struct Part {
    view: usize,
    old: u64,
    len: usize,
}

impl Parts {
    /// Returns the view that is the file itself.
    pub(super) fn whole(len: usize) -> Self {
        Parts { parts: vec![Part { view: 0, old: 0, len }], len }
    }

    /// Returns the view of these ranges, which are in order and do not touch.
    pub(super) fn of(ranges: &[Range<u64>]) -> Result<Self> {
        let mut parts = Vec::new();
        reserve_exact(&mut parts, ranges.len())?;
        let mut view = 0;
        for range in ranges {
            let len = (range.end - range.start) as usize;
            parts.push(Part { view, old: range.start, len });
            view += len;
        }
        Ok(Parts { parts, len: view })
    }

    /// Reads the bytes.
    pub(super) fn read<R: ReadAt>(&self, old: &OldFile<R>, bytes: &mut Vec<u8>) -> Result<()> {
        bytes.clear();
        reserve_exact(bytes, self.len)?;
        bytes.resize(self.len, 0);
        for part in &self.parts {
            let place = &mut bytes[part.view..part.view + part.len];
            read_exact_at(old.source(), part.old, place)?;
        }
        Ok(())
    }

    /// Returns where an old position is in the view, and how many bytes follow there.
    pub(super) fn find(&self, old: u64) -> Option<Range<usize>> {
        let after = self.parts.partition_point(|part| part.old <= old);
        let part = self.parts.get(after.checked_sub(1)?)?;
        let inside = usize::try_from(old - part.old).ok().filter(|&inside| inside < part.len)?;
        Some(part.view + inside..part.view + part.len)
    }

    /// Appends a stretch that was found in the view; it may run from one part into the next.
    pub(super) fn push(&self, stretch: &Stretch, pieces: &mut Vec<Piece>) -> Result<()> {
        let mut view = stretch.old;
        let mut left = stretch.aligned_len;
        let mut number = self.parts.partition_point(|part| part.view + part.len <= view);
        while left > 0 {
            let part = self.parts[number];
            let inside = view - part.view;
            let len = left.min(part.len - inside);
            push(pieces, part.old + inside as u64, len)?;
            view += len;
            left -= len;
            number += 1;
        }
        if stretch.literal_len > 0 {
            if pieces.is_empty() {
                reserve(pieces, 1)?;
                pieces.push(Piece { old: 0, aligned_len: 0, literal_len: 0 });
            }
            let last = pieces.last_mut().expect("just made");
            last.literal_len += stretch.literal_len as u32;
        }
        Ok(())
    }
}

/// Appends aligned bytes, to the last piece if they go on where it ends.
pub(super) fn push(pieces: &mut Vec<Piece>, old: u64, len: usize) -> Result<()> {
    if let Some(last) = pieces.last_mut()
        && last.literal_len == 0
        && last.old + u64::from(last.aligned_len) == old
    {
        last.aligned_len += len as u32;
        return Ok(());
    }
    reserve(pieces, 1)?;
    pieces.push(Piece { old, aligned_len: len as u32, literal_len: 0 });
    Ok(())
}
