//! The blocks of a basis that are equal to others, and how a chain of windows is covered by the
//! fewest copies of them.

use std::ops::Range;

use crate::error::{Result, reserve, reserve_exact, try_vec};
use crate::index::Index;
use crate::suffix::sort_suffixes;

/// Which blocks equal each other, and what follows them.
pub(super) struct EqualBlocks {
    block_len: u64,
    /// For each block the first that equals it, which stands for all of them.
    first: Vec<u32>,
    /// The blocks that are not alone, in the order of the first ones of themselves and of the blocks
    /// behind them, as far as those are not alone either. So places where the same windows match
    /// stand together.
    sorted: Vec<u32>,
    /// Where among the sorted blocks those of each group of equal ones start, and where they end.
    groups: Vec<u32>,
}

/// Where in the basis a copy may start.
enum Places {
    One(u32),
    /// A range of the sorted blocks.
    Many(Range<usize>),
}

/// A copy whose place is not settled yet.
pub(super) struct Piece {
    places: Places,
    /// The first block that equals the first window.
    first: u32,
    /// The copy may start there.
    first_will_do: bool,
    /// Windows so far.
    windows: u32,
    /// Bytes so far.
    len: u64,
}

impl EqualBlocks {
    /// Returns the equal blocks of an index, in time and memory proportional to the blocks.
    pub(super) fn new(index: &Index) -> Result<Self> {
        let blocks = index.signature().blocks();
        let mut first = Vec::new();
        reserve_exact(&mut first, blocks)?;
        first.extend(0..blocks as u32);
        let mut is_alone = try_vec(true, blocks)?;
        for (earliest, block) in index.repeated() {
            first[block as usize] = earliest;
            is_alone[block as usize] = false;
            is_alone[earliest as usize] = false;
        }
        // A block that is alone tells apart what comes before it, and nothing need come behind it.
        let matters = |&block: &u32| {
            let block = block as usize;
            !is_alone[block] || block > 0 && !is_alone[block - 1]
        };
        let count = (0..blocks as u32).filter(matters).count();
        let (mut numbers, mut text) = (Vec::new(), Vec::new());
        reserve_exact(&mut numbers, count)?;
        reserve_exact(&mut text, count)?;
        numbers.extend((0..blocks as u32).filter(matters));
        text.extend(numbers.iter().map(|&block| first[block as usize]));
        let mut sorted = sort_suffixes(&text, blocks)?;
        for suffix in &mut sorted {
            *suffix = numbers[*suffix as usize];
        }
        sorted.retain(|&block| !is_alone[block as usize]);
        let first_of = |place: usize| first[sorted[place] as usize];
        let starts_group = |&place: &u32| {
            let place = place as usize;
            place == 0 || place == sorted.len() || first_of(place - 1) != first_of(place)
        };
        let places = 0..=sorted.len() as u32;
        let mut groups = Vec::new();
        reserve_exact(&mut groups, places.clone().filter(starts_group).count())?;
        groups.extend(places.filter(starts_group));
        Ok(EqualBlocks { block_len: index.params().block_len().into(), first, sorted, groups })
    }

    /// Returns an upper bound on the bytes of memory that the equal blocks of an index take while
    /// they are found.
    pub(super) fn memory_bytes(index: &Index) -> u64 {
        let blocks = index.signature().blocks() as u64;
        // In the text are all that are not alone, and as many that are behind them at most.
        let text = blocks.min(4 * index.repeated().count() as u64);
        // First ones, flags and buckets of 13 bytes; numbers, text and the sorting: 17 bytes, and as
        // much again as its first half takes for all texts of names together.
        13 * blocks + 36 * text
    }

    /// Finds the fewest copies that give the same bytes as `copies`, which follow each other in the
    /// new file and are of the first of equal blocks. Returns the last one, and before it puts the
    /// others into `fewest`. The first one goes on from `end` in the basis if it can.
    ///
    /// Each goes as far as any can from where the one before it ended, so fewer would not do.
    pub(super) fn cover(
        &self,
        copies: &[Range<u64>],
        end: Option<u64>,
        fewest: &mut Vec<Range<u64>>,
    ) -> Result<Piece> {
        fewest.clear();
        let end = end.filter(|end| end.is_multiple_of(self.block_len));
        let next = end.map_or(self.first.len() as u64, |end| end / self.block_len);
        let mut piece = Piece::at(next as u32);
        for copy in copies {
            let mut position = copy.start;
            while position < copy.end {
                let block = (position / self.block_len) as u32;
                if !self.extend(&mut piece, block) {
                    if piece.len > 0 {
                        reserve(fewest, 1)?;
                        fewest.push(self.range(&piece));
                    }
                    piece = self.piece(block);
                }
                let len = match piece.places {
                    // The piece goes the way of the copy.
                    Places::One(start) if start + piece.windows == block + 1 => copy.end,
                    _ => copy.end.min(position + self.block_len),
                } - position;
                piece.windows += (len.div_ceil(self.block_len) - 1) as u32;
                piece.len += len;
                position += len;
            }
        }
        Ok(piece)
    }

    /// Returns the range of a piece that goes on with the first `len` bytes of a block that equals
    /// `block`, if one comes behind it.
    pub(super) fn longer(&self, mut piece: Piece, block: u32, len: usize) -> Option<Range<u64>> {
        let extended = self.extend(&mut piece, block);
        piece.len += len as u64;
        extended.then(|| self.range(&piece))
    }

    /// Returns the range of the first `len` bytes of a block.
    pub(super) fn front(&self, block: u32, len: usize) -> Range<u64> {
        self.range(&Piece { len: len as u64, ..Piece::at(block) })
    }

    /// Returns the first block that equals the last one of a copy that was found.
    pub(super) fn last_block(&self, copy: &Range<u64>) -> u32 {
        ((copy.end - 1) / self.block_len) as u32
    }

    /// Returns the range of the basis that is copied for a piece.
    pub(super) fn range(&self, piece: &Piece) -> Range<u64> {
        let block = match &piece.places {
            Places::One(start) => *start,
            _ if piece.first_will_do => piece.first,
            // Any will do; lower positions may take fewer bytes.
            Places::Many(places) => self.sorted[places.start].min(self.sorted[places.end - 1]),
        };
        let position = u64::from(block) * self.block_len;
        position..position + piece.len
    }

    /// Returns true if a block equals others.
    pub(super) fn is_repeated(&self, block: u32) -> bool {
        matches!(self.piece(block).places, Places::Many(_))
    }

    /// Adds a window that equals `block`, the first such one, to a piece, but not its bytes. False if
    /// there is no place at which such a block comes next.
    fn extend(&self, piece: &mut Piece, block: u32) -> bool {
        let next = |start: u32| self.first.get((start + piece.windows) as usize).copied();
        piece.places = match &piece.places {
            Places::One(start) if next(*start) == Some(block) => Places::One(*start),
            Places::One(_) => return false,
            Places::Many(places) => {
                // None, for the end of the basis, comes first as it does in the order of suffixes.
                let next = |place: usize| next(self.sorted[place]);
                let start =
                    places.start + gallop(places.len(), |i| next(places.start + i) < Some(block));
                let places = start..places.end;
                let end =
                    places.end - gallop(places.len(), |i| next(places.end - 1 - i) > Some(block));
                match end - start {
                    0 => return false,
                    1 => Places::One(self.sorted[start]),
                    _ => Places::Many(start..end),
                }
            }
        };
        piece.first_will_do = piece.first_will_do && next(piece.first) == Some(block);
        piece.windows += 1;
        true
    }

    /// Returns the piece of a window that equals `block`, the first such one, without its bytes.
    fn piece(&self, block: u32) -> Piece {
        let mut piece = Piece { windows: 1, ..Piece::at(block) };
        let starts = &self.groups[..self.groups.len() - 1];
        let first = |start: u32| self.first[self.sorted[start as usize] as usize];
        let group = starts.partition_point(|&start| first(start) < block);
        if starts.get(group).is_some_and(|&start| first(start) == block) {
            let group = self.groups[group] as usize..self.groups[group + 1] as usize;
            piece.places = Places::Many(group);
        }
        piece
    }
}

impl Piece {
    /// Returns the piece without windows at a block.
    fn at(block: u32) -> Self {
        Piece { places: Places::One(block), first: block, first_will_do: true, windows: 0, len: 0 }
    }
}

/// Returns for how many of the numbers below `len`, from 0 on, something holds that does not hold
/// again behind the first for which it does not. Takes the logarithm of the result in steps.
fn gallop(len: usize, holds: impl Fn(usize) -> bool) -> usize {
    let mut reach = 1;
    while reach <= len && holds(reach - 1) {
        reach *= 2;
    }
    // It holds below reach / 2.
    let (mut known, mut end) = (reach / 2, len.min(reach - 1));
    while known < end {
        let middle = known + (end - known) / 2;
        if holds(middle) {
            known = middle + 1;
        } else {
            end = middle;
        }
    }
    known
}
