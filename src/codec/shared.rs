//! The layout of shared bytes, for groups in which aligned bytes do not differ: who made the patch
//! knew the old file by sums alone. What both sides know are the aligned bytes themselves, and the
//! literals are coded with those around them before the eyes.
//!
//! ```text
//! layout    1 byte   4
//! reach     1 byte   base-2 logarithm
//! head               of the column of literals (`column`)
//! stream             the numbers of all pieces, as in the mixed layouts
//! contents           of the column
//! ```
//!
//! The *context* is those aligned bytes that are no farther from a literal than the reach, in the
//! order of the new file. zstd takes it for what comes before the column.

use std::fmt;
use std::ops::Range;

use super::column::{Coded, Head};
use super::mixed::numbers::Numbers;
use super::mixed::range;
use super::{Fault, Group, Piece};
use crate::simd::pages::Pages;

/// First byte of bodies.
pub(crate) const LAYOUT: u8 = 4;

/// Most pieces, literal bytes and bytes of the context: all of them are in memory together.
const MAX_PIECES: usize = 128 << 10;
const MAX_LITERALS: usize = 16 << 20;
const MAX_CONTEXT: u64 = 4 << 20;
/// The farthest reach that is of use, and the farthest that is read.
const BEST_REACH_LOG: u8 = 16;
const MAX_REACH_LOG: u8 = 25;
const MAX_WINDOW_LOG: u32 = 24;

/// Returns the body of a group whose aligned bytes are those of the old file; None if it has too many
/// pieces or literals for this layout.
pub(crate) fn encode(
    zstd_level: i32,
    group: Group,
    pieces: &[Piece],
    bytes: &[u8],
) -> Result<Option<Vec<u8>>, Fault> {
    let literal_len = literal_len(pieces);
    let fits = |&log: &u8| context_len(pieces, log) <= MAX_CONTEXT;
    let reach_log = (0..=BEST_REACH_LOG).rev().find(fits);
    let Some(reach_log) = reach_log.filter(|_| literal_len <= MAX_LITERALS) else {
        return Ok(None);
    };
    if pieces.len() > MAX_PIECES {
        return Ok(None);
    }
    let mut context = with_room(context_len(pieces, reach_log) as usize)?;
    for_each_context(pieces, reach_log, |new, _, len| {
        context.extend_from_slice(&bytes[new as usize..][..len as usize]);
    });
    let mut literals = with_room(literal_len)?;
    let mut numbers = numbers(group)?;
    let mut stream = range::Encoder::new(Vec::new());
    let mut rest = bytes;
    for piece in pieces {
        numbers.code(&mut stream, *piece);
        let (literal, behind) =
            rest[piece.aligned_len as usize..].split_at(piece.literal_len as usize);
        literals.extend_from_slice(literal);
        rest = behind;
    }
    let column = Coded::with_prefix(&literals, &context, zstd_level, MAX_WINDOW_LOG)?;
    let mut body = vec![LAYOUT, reach_log];
    column.push_head(&mut body);
    body.extend_from_slice(&stream.finish());
    body.extend_from_slice(&column.contents);
    Ok(Some(body))
}

/// Gives out the parts of the context: position in the group, position in the old file, length.
fn for_each_context(pieces: &[Piece], reach_log: u8, mut take: impl FnMut(u64, u64, u64)) {
    let reach = 1u64 << reach_log;
    let mut position = 0;
    let mut is_behind_literal = false;
    for piece in pieces {
        let len = u64::from(piece.aligned_len);
        let front = if is_behind_literal { reach.min(len) } else { 0 };
        let back = if piece.literal_len > 0 { reach.min(len - front) } else { 0 };
        match len - front - back {
            0 if len > 0 => take(position, piece.old, len),
            _ => {
                if front > 0 {
                    take(position, piece.old, front);
                }
                if back > 0 {
                    take(position + len - back, piece.old + len - back, back);
                }
            }
        }
        is_behind_literal = piece.literal_len > 0;
        position += len + u64::from(piece.literal_len);
    }
}

fn context_len(pieces: &[Piece], reach_log: u8) -> u64 {
    let mut all = 0;
    for_each_context(pieces, reach_log, |_, _, len| all += len);
    all
}

fn literal_len(pieces: &[Piece]) -> usize {
    pieces.iter().map(|piece| piece.literal_len as usize).sum()
}

fn numbers(group: Group) -> Result<Numbers, Fault> {
    Numbers::new(group.start, Pages::Small).map_err(|_| Fault::OutOfMemory)
}

fn with_room<T>(len: usize) -> Result<Vec<T>, Fault> {
    let mut vec = Vec::new();
    vec.try_reserve_exact(len).map_err(|_| Fault::OutOfMemory)?;
    Ok(vec)
}

pub(crate) struct Decoder {
    pieces: std::vec::IntoIter<Piece>,
    context: Vec<Range<u64>>,
    literals: Literals,
}

enum Literals {
    /// A column that waits for the context.
    Coded { head: Head, contents: Vec<u8> },
    /// What came out of it, and how much was taken.
    Plain { bytes: Vec<u8>, taken: usize },
}

impl Decoder {
    pub(crate) fn new(mut body: Vec<u8>, group: Group) -> Result<Self, Fault> {
        let &reach_log = body.get(1).ok_or(Fault::Ended)?;
        if reach_log > MAX_REACH_LOG {
            return Err(Fault::Number);
        }
        let (head, head_len) = Head::parse(&body[2..], MAX_LITERALS)?;
        let start = 2 + head_len;
        let end = body.len().checked_sub(head.coded_len()).filter(|&end| end >= start);
        let contents = body.split_off(end.ok_or(Fault::Ended)?);
        let mut stream = range::Decoder::new(body, start);
        let pieces = read_pieces(&mut stream, group)?;
        stream.finish()?;
        if literal_len(&pieces) != head.raw_len() || context_len(&pieces, reach_log) > MAX_CONTEXT {
            return Err(Fault::Number);
        }
        let mut context = with_room(2 * pieces.len())?;
        for_each_context(&pieces, reach_log, |_, old, len| context.push(old..old + len));
        let literals = Literals::Coded { head, contents };
        Ok(Decoder { pieces: pieces.into_iter(), context, literals })
    }

    /// Returns the ranges of the old file whose bytes [`Decoder::learn`] wants before the first piece.
    pub(crate) fn context(&self) -> &[Range<u64>] {
        &self.context
    }

    pub(crate) fn learn(&mut self, context: &[u8]) -> Result<(), Fault> {
        if let Literals::Coded { head, contents } = &self.literals {
            let bytes = head.decode(contents, context, MAX_WINDOW_LOG)?;
            self.literals = Literals::Plain { bytes, taken: 0 };
            self.context = Vec::new();
        }
        Ok(())
    }

    pub(crate) fn piece(&mut self) -> Result<Piece, Fault> {
        self.pieces.next().ok_or(Fault::Ended)
    }

    pub(crate) fn literals(&mut self, out: &mut [u8]) -> Result<(), Fault> {
        let Literals::Plain { bytes, taken } = &mut self.literals else {
            panic!("the context was not learnt");
        };
        // There are as many as the pieces say.
        out.copy_from_slice(&bytes[*taken..][..out.len()]);
        *taken += out.len();
        Ok(())
    }
}

/// Reads the pieces that make up a group.
fn read_pieces(stream: &mut range::Decoder, group: Group) -> Result<Vec<Piece>, Fault> {
    let mut numbers = numbers(group)?;
    let mut pieces = Vec::new();
    let mut left = group.len;
    while left > 0 {
        if pieces.len() == MAX_PIECES {
            return Err(Fault::Number);
        }
        let piece = numbers.code(stream, Piece { old: 0, aligned_len: 0, literal_len: 0 });
        stream.check()?;
        left -= group.check(&piece, left)?;
        pieces.try_reserve(1).map_err(|_| Fault::OutOfMemory)?;
        pieces.push(piece);
    }
    Ok(pieces)
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}
