//! What the body of a group of a layered patch is coded with: pieces, differences and literals to
//! bytes and back, without files.
//!
//! A group is a stretch of the new file that stands alone. [`Encoder`] takes its pieces in target
//! order, each followed by its aligned bytes and then its literals; [`Decoder`] gives them back in
//! the same order, in whatever lengths are asked for. The body starts with its layout:
//!
//! * [`columns`]: one column for each kind of number and for the literals, compressed with zstd. Fast.
//! * [`mixed`]: arithmetic-coded streams, predicted from the old bytes by mixing contexts. Small,
//!   above all where there is little to say.
//! * [`shared`]: for patches against an old file that is known by sums alone. Aligned bytes do not
//!   differ, and literals are coded with those around them in view.

mod column;
mod columns;
mod describe;
mod mixed;
pub(crate) mod shared;
mod sparse;
#[cfg(test)]
mod tests;
mod zstd;

use std::ops::Range;

pub(crate) use describe::describe;
pub use describe::{BodyFacts, ColumnFacts};

/// Bytes of the old file on either side of aligned bytes that their coder may look at.
pub(crate) const CONTEXT_LEN: usize = 8;

/// Longest group, in bytes of the new file.
pub(crate) const MAX_GROUP_LEN: u32 = 32 << 20;

/// A stretch of the new file that is aligned with the old one, and the literal bytes behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Where the aligned bytes lie in the old file; without meaning if `aligned_len` is 0.
    pub(crate) old: u64,
    /// Bytes of the new file that are those of the old at `old`, or those plus a difference.
    pub(crate) aligned_len: u32,
    /// Bytes behind them that come literally.
    pub(crate) literal_len: u32,
}

/// What encoder and decoder know of a group before its first byte.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    /// Position of its first byte in the new file.
    pub(crate) start: u64,
    /// Bytes of the new file it describes, at most [`MAX_GROUP_LEN`].
    pub(crate) len: u32,
    /// Length of the old file, below 2^63.
    pub(crate) old_len: u64,
}

impl Group {
    /// Checks a piece, given how many bytes no piece before describes, and returns how many it does.
    fn check(&self, piece: &Piece, left: u32) -> Result<u32, Fault> {
        let len = u64::from(piece.aligned_len) + u64::from(piece.literal_len);
        if len == 0 || len > left.into() {
            return Err(Fault::PieceLen { found: len, left });
        }
        let old_end = piece.old.checked_add(piece.aligned_len.into());
        if piece.aligned_len > 0 && old_end.is_none_or(|end| end > self.old_len) {
            return Err(Fault::OldRange { position: piece.old, len: piece.aligned_len });
        }
        Ok(len as u32)
    }
}

/// Old bytes that new ones are aligned with, and those around them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OldBytes<'a> {
    bytes: &'a [u8],
    before: usize,
    len: usize,
}

impl<'a> OldBytes<'a> {
    /// The aligned bytes are the `len` from `before` on. Around them there must be as many of the
    /// old file as it has, up to [`CONTEXT_LEN`] on each side; more do no harm.
    pub(crate) fn new(bytes: &'a [u8], before: usize, len: usize) -> Self {
        assert!(before <= bytes.len() && len <= bytes.len() - before);
        OldBytes { bytes, before, len }
    }

    /// Takes aligned bytes from an old file that is in memory.
    pub(crate) fn of(old: &'a [u8], start: usize, len: usize) -> Self {
        let first = start.saturating_sub(CONTEXT_LEN);
        let end = (start + len + CONTEXT_LEN).min(old.len());
        OldBytes::new(&old[first..end], start - first, len)
    }

    /// Returns the aligned bytes alone.
    pub(crate) fn aligned(&self) -> &'a [u8] {
        &self.bytes[self.before..][..self.len]
    }
}

/// How to code a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Columns, compressed by zstd at this level.
    Columns {
        /// 1 to 22.
        zstd_level: i32,
    },
    /// Streams of mixed contexts.
    Mixed {
        /// About as many bytes will come of it.
        coded_len: usize,
    },
}

/// Encoder of one group.
#[derive(Debug)]
pub(crate) enum Encoder {
    Columns(columns::Encoder),
    Mixed(Box<mixed::Encoder>),
}

impl Encoder {
    pub(crate) fn new(layout: Layout, group: Group) -> Result<Self, Fault> {
        match layout {
            Layout::Columns { zstd_level } => {
                Ok(Encoder::Columns(columns::Encoder::new(zstd_level, group)))
            }
            Layout::Mixed { coded_len } => {
                Ok(Encoder::Mixed(Box::new(mixed::Encoder::new(group, coded_len)?)))
            }
        }
    }

    /// Begins the next piece, which must not be empty.
    pub(crate) fn piece(&mut self, piece: &Piece) {
        debug_assert!(piece.aligned_len > 0 || piece.literal_len > 0);
        match self {
            Encoder::Columns(encoder) => encoder.piece(piece),
            Encoder::Mixed(encoder) => encoder.piece(piece),
        }
    }

    /// Codes the next aligned bytes of the piece begun and returns how many: all of them at its end,
    /// elsewhere perhaps some KiB fewer, which must come again with more behind them.
    pub(crate) fn aligned(&mut self, old: OldBytes<'_>, new: &[u8]) -> usize {
        debug_assert_eq!(old.len, new.len());
        match self {
            Encoder::Columns(encoder) => {
                encoder.aligned(old.aligned(), new);
                new.len()
            }
            Encoder::Mixed(encoder) => encoder.aligned(old, new),
        }
    }

    /// Codes literal bytes of the piece begun.
    pub(crate) fn literals(&mut self, new: &[u8]) {
        match self {
            Encoder::Columns(encoder) => encoder.literals(new),
            Encoder::Mixed(encoder) => encoder.literals(new),
        }
    }

    /// Returns the body of the group.
    pub(crate) fn finish(self) -> Result<Vec<u8>, Fault> {
        match self {
            Encoder::Columns(encoder) => encoder.finish(),
            Encoder::Mixed(encoder) => encoder.finish(),
        }
    }
}

/// Decoder of one group. After a fault it must not be used any more.
#[derive(Debug)]
pub(crate) struct Decoder {
    group: Group,
    /// Bytes of the group that no piece given out so far describes.
    left: u32,
    /// Bytes of the last piece that are still to be asked for.
    aligned_left: u32,
    literal_left: u32,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Columns(Box<columns::Decoder>),
    Mixed(Box<mixed::Decoder>),
    Shared(Box<shared::Decoder>),
}

impl Decoder {
    /// Takes the body of a group.
    pub(crate) fn new(body: Vec<u8>, group: Group) -> Result<Self, Fault> {
        assert!(group.len <= MAX_GROUP_LEN);
        let body = match body.first() {
            None => return Err(Fault::Ended),
            Some(&(columns::SPLIT | columns::PAIRED)) => {
                Body::Columns(Box::new(columns::Decoder::new(body, group)?))
            }
            Some(&(mixed::LAYOUT | mixed::ZSTD_LITERALS)) => {
                Body::Mixed(Box::new(mixed::Decoder::new(body, group)?))
            }
            Some(&shared::LAYOUT) => Body::Shared(Box::new(shared::Decoder::new(body, group)?)),
            Some(&found) => return Err(Fault::UnknownLayout { found }),
        };
        Ok(Decoder { group, left: group.len, aligned_left: 0, literal_left: 0, body })
    }

    /// Returns the ranges of the old file, inside of it, whose bytes [`Decoder::learn`] wants before
    /// the first piece.
    pub(crate) fn context(&self) -> &[Range<u64>] {
        match &self.body {
            Body::Shared(decoder) => decoder.context(),
            Body::Columns(_) | Body::Mixed(_) => &[],
        }
    }

    /// Takes the bytes of the [context](Decoder::context), one range behind the other.
    pub(crate) fn learn(&mut self, context: &[u8]) -> Result<(), Fault> {
        match &mut self.body {
            Body::Shared(decoder) => decoder.learn(context),
            Body::Columns(_) | Body::Mixed(_) => Ok(()),
        }
    }

    /// Returns the next piece, or `None` when all bytes of the group are described. The bytes of
    /// the piece before must have been taken.
    pub(crate) fn piece(&mut self) -> Result<Option<Piece>, Fault> {
        assert!(self.aligned_left == 0 && self.literal_left == 0, "bytes of a piece left behind");
        if self.left == 0 {
            return Ok(None);
        }
        let piece = match &mut self.body {
            Body::Columns(decoder) => decoder.piece()?,
            Body::Mixed(decoder) => decoder.piece()?,
            Body::Shared(decoder) => decoder.piece()?,
        };
        self.left -= self.group.check(&piece, self.left)?;
        self.aligned_left = piece.aligned_len;
        self.literal_left = piece.literal_len;
        Ok(Some(piece))
    }

    /// Fills `out` with the next aligned bytes of the piece, given the old ones.
    pub(crate) fn aligned(&mut self, old: OldBytes<'_>, out: &mut [u8]) -> Result<(), Fault> {
        assert!(old.len == out.len() && out.len() <= self.aligned_left as usize);
        self.aligned_left -= out.len() as u32;
        match &mut self.body {
            Body::Columns(decoder) => decoder.aligned(old.aligned(), out),
            Body::Mixed(decoder) => decoder.aligned(old, out),
            Body::Shared(_) => {
                out.copy_from_slice(old.aligned());
                Ok(())
            }
        }
    }

    /// Fills `out` with the next literal bytes of the piece.
    pub(crate) fn literals(&mut self, out: &mut [u8]) -> Result<(), Fault> {
        assert!(self.aligned_left == 0 && out.len() <= self.literal_left as usize);
        self.literal_left -= out.len() as u32;
        match &mut self.body {
            Body::Columns(decoder) => decoder.literals(out),
            Body::Mixed(decoder) => decoder.literals(out),
            Body::Shared(decoder) => decoder.literals(out),
        }
    }

    /// Checks that nothing is left of the body when all pieces have been taken.
    pub(crate) fn finish(self) -> Result<(), Fault> {
        assert!(self.left == 0 && self.aligned_left == 0 && self.literal_left == 0);
        match self.body {
            Body::Columns(decoder) => decoder.finish(),
            Body::Mixed(decoder) => decoder.finish(),
            // Pieces and literals were there before the first was taken.
            Body::Shared(_) => Ok(()),
        }
    }
}

/// What is wrong with the body of a group; the caller knows where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The body, or a column of it, ends before all of it is there.
    Ended,
    /// Bytes are left over when everything has been described.
    Stray,
    /// A layout that no version defines.
    UnknownLayout { found: u8 },
    /// A codec that no version defines.
    UnknownCodec { found: u8 },
    /// A number that its kind cannot have.
    Number,
    /// A piece of no bytes, or of more than are left of the group.
    PieceLen { found: u64, left: u32 },
    /// A piece aligned with bytes that the old file does not have.
    OldRange { position: u64, len: u32 },
    /// Not a zstd frame, or one that gives another length, or one that needs too large a window.
    Zstd,
    /// The system gives no more memory.
    OutOfMemory,
}
