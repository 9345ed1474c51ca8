//! The search for fine blocks of the basis in what of the new file no chunk equals.
//!
//! Sums are so short that one that fits says little by itself. A run of blocks that follow each other
//! in both files is believed if all its sums together are too many bits for chance, given how many
//! places are tried. There are few to try where a run goes on from equal bytes, or where basis and
//! new file keep their distance, so that one sum is enough; anywhere else it takes two or so.

use std::collections::HashMap;
use std::ops::Range;

use super::rolling::FineHash;
use super::survey::Copied;
use crate::error::{Result, reserve, try_vec};
use crate::filter::Filter;
use crate::format::fine::Request;
use crate::layered::{Nearby, of_new_file, shrank};
use crate::read_at::ReadAt;

/// Windows that are summed before they are looked up.
const STRETCH_LEN: usize = 256 << 10;
/// A wrong run is believed once in 2^16 exchanges.
const SAFETY_BITS: u32 = 16;

/// Sums of fine blocks, ready for look-up.
pub(super) struct FineBlocks<'a> {
    request: &'a Request,
    hash: FineHash,
    /// One behind the other.
    sums: &'a [u8],
    /// The number of the first block of each range.
    firsts: Vec<u64>,
    filter: Filter,
    /// The first whole block with each sum.
    places: HashMap<u64, u64>,
    /// Blocks that must fit for a run, where it could lie anywhere and where it is expected.
    needed: usize,
    needed_where_expected: usize,
}

/// A part of the new file that nothing equals yet.
pub(super) struct Gap {
    pub(super) range: Range<u64>,
    /// Where in the basis its ends lie, if they lie where the equal bytes on either side go on.
    pub(super) old_start: u64,
    pub(super) old_end: u64,
}

impl<'a> FineBlocks<'a> {
    /// `unmatched` is how many bytes will be searched.
    pub(super) fn new(request: &'a Request, sums: &'a [u8], unmatched: u64) -> Result<Self> {
        let mut firsts = Vec::new();
        reserve(&mut firsts, request.ranges.len())?;
        let mut blocks = 0;
        for range in &request.ranges {
            firsts.push(blocks);
            blocks += (range.end - range.start).div_ceil(request.block_len.into());
        }
        let bits = 8 * u32::from(request.sum_len);
        let needed = |tries_bits: u32| (tries_bits + SAFETY_BITS).div_ceil(bits) as usize;
        let block_bits = log(blocks);
        let mut all = FineBlocks {
            request,
            hash: FineHash::new(&request.salt, request.sum_len),
            sums,
            firsts,
            filter: Filter::new(blocks as usize)?,
            places: HashMap::new(),
            needed: needed(block_bits + log(unmatched)),
            needed_where_expected: needed(block_bits),
        };
        for number in 0..blocks {
            if all.range_of(number).1 == u64::from(request.block_len) {
                let sum = all.sum(number);
                all.filter.insert(key(sum));
                all.places.entry(sum).or_insert(number);
            }
        }
        Ok(all)
    }

    /// Finds what of a gap the blocks equal, and appends it in order.
    pub(super) fn search(
        &self,
        new: &dyn ReadAt,
        gap: &Gap,
        found: &mut Vec<Copied>,
    ) -> Result<()> {
        let mut search = Search { blocks: self, new, nearby: Nearby::new(new), found, gap };
        search.run().map_err(of_new_file)
    }

    fn block_len(&self) -> u64 {
        self.request.block_len.into()
    }

    fn sum(&self, number: u64) -> u64 {
        let len = usize::from(self.request.sum_len);
        let bytes = &self.sums[number as usize * len..][..len];
        bytes.iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
    }

    /// Returns where a block starts in the basis, and its length.
    fn range_of(&self, number: u64) -> (u64, u64) {
        let place = self.firsts.partition_point(|&first| first <= number) - 1;
        let range = &self.request.ranges[place];
        let start = range.start + (number - self.firsts[place]) * self.block_len();
        (start, self.block_len().min(range.end - start))
    }

    /// Returns the number of the block that starts at a place of the basis.
    fn starting_at(&self, old: u64) -> Option<u64> {
        let place = self.request.ranges.partition_point(|range| range.start <= old);
        let place = place.checked_sub(1)?;
        let range = &self.request.ranges[place];
        let inside = old - range.start;
        (old < range.end && inside.is_multiple_of(self.block_len()))
            .then(|| self.firsts[place] + inside / self.block_len())
    }

    /// Returns the number of the block that ends at a place of the basis.
    fn ending_at(&self, old: u64) -> Option<u64> {
        let place = self.request.ranges.partition_point(|range| range.start < old);
        let range = &self.request.ranges[place.checked_sub(1)?];
        let inside = old.checked_sub(range.start).filter(|_| old <= range.end)?;
        let ends_here = old == range.end || inside.is_multiple_of(self.block_len());
        ends_here.then(|| self.firsts[place - 1] + inside.div_ceil(self.block_len()) - 1)
    }
}

/// The search of one gap.
struct Search<'a, 'b> {
    blocks: &'a FineBlocks<'a>,
    new: &'a dyn ReadAt,
    nearby: Nearby<'a, dyn ReadAt + 'a>,
    found: &'b mut Vec<Copied>,
    gap: &'a Gap,
}

impl Search<'_, '_> {
    fn run(&mut self) -> Result<()> {
        let Range { start, end } = self.gap.range;
        let front = self.run_from(start, self.gap.old_start, end)?;
        let front = if self.is_expected_run(front) { front } else { 0 };
        self.push(start, self.gap.old_start, front)?;
        let back = self.run_back(start + front)?;
        self.middle(start + front..end - back)?;
        self.push(end - back, self.gap.old_end - back, back)
    }

    /// Returns true if so many bytes of blocks are enough where they are expected.
    fn is_expected_run(&self, len: u64) -> bool {
        len.div_ceil(self.blocks.block_len()) as usize >= self.blocks.needed_where_expected
    }

    /// Returns how many bytes of whole and last blocks lie along the basis from there on.
    fn run_from(&mut self, start: u64, mut old: u64, end: u64) -> Result<u64> {
        let mut position = start;
        while let Some(number) = self.blocks.starting_at(old) {
            let (_, len) = self.blocks.range_of(number);
            if len > end - position || !self.fits(number, position, len)? {
                break;
            }
            position += len;
            old += len;
        }
        Ok(position - start)
    }

    /// Returns how many bytes of blocks lie along the basis up to the end of the gap.
    fn run_back(&mut self, start: u64) -> Result<u64> {
        let Gap { range, old_end, .. } = self.gap;
        let (mut position, mut old, mut blocks) = (range.end, *old_end, 0);
        while let Some(number) = self.blocks.ending_at(old) {
            let (old_start, len) = self.blocks.range_of(number);
            if len > position - start || !self.fits(number, position - len, len)? {
                break;
            }
            position -= len;
            old = old_start;
            blocks += 1;
        }
        Ok(if blocks >= self.blocks.needed_where_expected { range.end - position } else { 0 })
    }

    fn fits(&mut self, number: u64, position: u64, len: u64) -> Result<bool> {
        let bytes = self.nearby.stretch(position..position + len)?;
        Ok(self.blocks.hash.sum(bytes) == self.blocks.sum(number))
    }

    /// Looks for blocks at every byte.
    fn middle(&mut self, range: Range<u64>) -> Result<()> {
        let block_len = self.blocks.block_len();
        let most = STRETCH_LEN as u64 + (self.blocks.needed as u64 + 1) * block_len;
        let mut stretch = Stretch::default();
        let mut position = range.start;
        while range.end - position >= block_len {
            let end = range.end.min(position + most);
            stretch.read(self.new, position..end, self.blocks)?;
            // In the last block lengths there is too little to judge by, unless the range ends.
            let judged =
                if end == range.end { end - block_len + 1 } else { position + STRETCH_LEN as u64 };
            while position < judged {
                match self.find(&stretch, position, range.end)? {
                    None => position += 1,
                    Some(copied) => {
                        position += copied.len;
                        self.push(copied.new, copied.old, copied.len)?;
                    }
                }
            }
            position = position.min(range.end);
        }
        Ok(())
    }

    /// Returns the run of blocks that starts at a position, if there is one to be believed.
    fn find(&mut self, stretch: &Stretch, position: u64, end: u64) -> Result<Option<Copied>> {
        let sum = stretch.sum(position).expect("in the stretch");
        if !self.blocks.filter.look_up().may_contain(key(sum)) {
            return Ok(None);
        }
        let Some(&first) = self.blocks.places.get(&sum) else { return Ok(None) };
        let blocks = self.blocks;
        let expected = self.expected(position).into_iter().flatten().find(|&number| {
            blocks.range_of(number).1 == blocks.block_len() && blocks.sum(number) == sum
        });
        let (number, needed) = match expected {
            Some(number) => (number, blocks.needed_where_expected),
            None => (first, blocks.needed),
        };
        let (old, _) = blocks.range_of(number);
        for n in 1..needed as u64 {
            let ahead = n * blocks.block_len();
            let next = blocks.starting_at(old + ahead);
            let next = next.filter(|&next| blocks.range_of(next).1 == blocks.block_len());
            let (Some(next), Some(sum)) = (next, stretch.sum(position + ahead)) else {
                return Ok(None);
            };
            if blocks.sum(next) != sum {
                return Ok(None);
            }
        }
        let len = self.run_from(position, old, end)?;
        Ok(Some(Copied { new: position, old, len }))
    }

    /// Returns the blocks that lie where equal bytes before or behind would go on.
    fn expected(&self, position: u64) -> [Option<u64>; 2] {
        let Gap { range, old_start, old_end } = self.gap;
        let before =
            self.found.last().map_or((range.start, *old_start), |last| (last.new, last.old));
        let after = old_end.checked_sub(range.end - position);
        [Some(before.1 + (position - before.0)), after]
            .map(|old| old.and_then(|old| self.blocks.starting_at(old)))
    }

    fn push(&mut self, new: u64, old: u64, len: u64) -> Result<()> {
        if len > 0 {
            reserve(self.found, 1)?;
            self.found.push(Copied { new, old, len });
        }
        Ok(())
    }
}

/// The sums of all windows of a stretch of the new file.
#[derive(Default)]
struct Stretch {
    start: u64,
    sums: Vec<u64>,
}

impl Stretch {
    fn read(&mut self, new: &dyn ReadAt, range: Range<u64>, blocks: &FineBlocks<'_>) -> Result<()> {
        let mut bytes = try_vec(0, (range.end - range.start) as usize)?;
        if new.fill_at(range.start, &mut bytes)? < bytes.len() {
            return Err(shrank(crate::IoAction::Read));
        }
        let block_len = blocks.block_len() as usize;
        self.start = range.start;
        self.sums.clear();
        reserve(&mut self.sums, bytes.len() - block_len + 1)?;
        let mut window = blocks.hash.window(&bytes[..block_len]);
        self.sums.push(window.sum());
        for (&out, &new) in bytes.iter().zip(&bytes[block_len..]) {
            window.roll(out, new);
            self.sums.push(window.sum());
        }
        Ok(())
    }

    fn sum(&self, position: u64) -> Option<u64> {
        self.sums.get((position - self.start) as usize).copied()
    }
}

/// Returns the key of a sum in the filter.
fn key(sum: u64) -> u32 {
    (sum.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

/// Returns how many bits it takes to name one of so many.
pub(super) fn log(count: u64) -> u32 {
    u64::BITS - count.leading_zeros()
}
