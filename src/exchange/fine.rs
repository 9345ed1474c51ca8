//! The search for fine blocks of the basis in what of the new file no chunk equals.
//!
//! Sums are so short that one that fits says little by itself. A run of blocks that follow each other
//! in both files is believed if all its sums together are too many bits for chance, given how many
//! places are tried. There are few to try where a run goes on from equal bytes, or where basis and
//! new file keep their distance, so that one sum is enough; anywhere else it takes two or so. Equal
//! sums count once: where bytes repeat themselves, one sum that fits by chance comes again and again.

use std::collections::HashMap;
use std::ops::Range;

use super::rolling::FineHash;
use super::survey::Copied;
use crate::error::{Error, IoAction, Result, reserve, try_vec};
use crate::filter::Filter;
use crate::format::fine::Request;
use crate::layered::{Nearby, of_new_file, shrank};
use crate::read_at::ReadAt;

/// Windows that are summed before they are looked up.
const STRETCH_LEN: u64 = 256 << 10;
/// A wrong run is believed once in 2^12 exchanges.
const SAFETY_BITS: u32 = 12;
/// A run in the midst of a gap must be believed by its first blocks: so many times those that it
/// takes. Else bytes that repeat themselves for long, and are not believed, would be compared from
/// each of them to their end.
const PATIENCE: u64 = 4;

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
    blocks: u64,
}

/// A part of the new file that nothing equals yet.
pub(super) struct Gap {
    pub(super) range: Range<u64>,
    /// Where in the basis its ends lie, if they lie where the equal bytes on either side go on.
    pub(super) old_start: u64,
    pub(super) old_end: u64,
}

impl<'a> FineBlocks<'a> {
    /// Arranges the sums that answer a request.
    pub(super) fn new(request: &'a Request, sums: &'a [u8]) -> Result<Self> {
        let mut firsts = Vec::new();
        reserve(&mut firsts, request.ranges.len())?;
        let mut blocks = 0;
        for range in &request.ranges {
            firsts.push(blocks);
            blocks += (range.end - range.start).div_ceil(request.block_len.into());
        }
        let mut places = HashMap::new();
        places.try_reserve(blocks as usize).map_err(|_| Error::OutOfMemory { wanted_bytes: 0 })?;
        let mut all = FineBlocks {
            request,
            hash: FineHash::new(&request.salt, request.sum_len),
            sums,
            firsts,
            filter: Filter::new(blocks as usize)?,
            places,
            blocks,
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

    /// Finds what of the gaps of a new file the blocks equal, in the order of the file.
    pub(super) fn find(&self, new: &dyn ReadAt, gaps: &[Gap]) -> Result<Vec<Copied>> {
        let mut search = Search { blocks: self, new, nearby: Nearby::new(new), found: Vec::new() };
        search.all(gaps).map_err(of_new_file)?;
        Ok(search.found)
    }

    /// Returns how many blocks must fit for a run to be believed, if so many are tried.
    fn needed(&self, tries_bits: u32) -> u64 {
        (tries_bits + SAFETY_BITS).div_ceil(8 * u32::from(self.request.sum_len)).into()
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

    /// Returns how many whole blocks lie one behind the other from this one on.
    fn whole_from(&self, number: u64) -> u64 {
        let place = self.firsts.partition_point(|&first| first <= number) - 1;
        let range = &self.request.ranges[place];
        (range.end - range.start) / self.block_len() - (number - self.firsts[place])
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

/// The search of a new file.
struct Search<'a> {
    blocks: &'a FineBlocks<'a>,
    new: &'a dyn ReadAt,
    nearby: Nearby<'a, dyn ReadAt + 'a>,
    found: Vec<Copied>,
}

/// Blocks that must fit for a run in the midst of a gap.
#[derive(Clone, Copy)]
struct Needed {
    where_expected: u64,
    anywhere: u64,
}

impl Search<'_> {
    fn all(&mut self, gaps: &[Gap]) -> Result<()> {
        // First the ends of the gaps, where there are two places to try in each.
        let needed = self.blocks.needed(log(2 * gaps.len() as u64));
        let mut ends = Vec::new();
        reserve(&mut ends, gaps.len())?;
        let mut left = 0;
        for gap in gaps {
            let Range { start, end } = gap.range;
            let front = self.run_from(start, gap.old_start, end, needed)?;
            let back = self.run_back(gap, start + front, needed)?;
            left += end - start - front - back;
            ends.push((front, back));
        }
        // Then what is left between them, in which each block length has two expected places.
        let where_expected = self.blocks.needed(log(2 * left / self.blocks.block_len()));
        let anywhere = self.blocks.needed(log(left) + log(self.blocks.blocks));
        for (gap, (front, back)) in gaps.iter().zip(ends) {
            let Range { start, end } = gap.range;
            self.push(start, gap.old_start, front)?;
            self.middle(gap, start + front..end - back, Needed { where_expected, anywhere })?;
            self.push(end - back, gap.old_end.wrapping_sub(back), back)?;
        }
        Ok(())
    }

    /// Returns how many bytes of blocks lie along the basis from there on; 0 if less blocks than needed.
    fn run_from(&mut self, start: u64, mut old: u64, end: u64, needed: u64) -> Result<u64> {
        let (mut position, mut evidence) = (start, Evidence::new(needed));
        while let Some(number) = self.blocks.starting_at(old) {
            let (_, len) = self.blocks.range_of(number);
            if len > end - position || !self.fits(number, position, len)? {
                break;
            }
            position += len;
            old += len;
            evidence.add(self.blocks.sum(number));
        }
        Ok(if evidence.is_enough() { position - start } else { 0 })
    }

    /// As [`Search::run_from`], back from the end of a gap.
    fn run_back(&mut self, gap: &Gap, start: u64, needed: u64) -> Result<u64> {
        let (mut position, mut old) = (gap.range.end, gap.old_end);
        let mut evidence = Evidence::new(needed);
        while let Some(number) = self.blocks.ending_at(old) {
            let (old_start, len) = self.blocks.range_of(number);
            if len > position - start || !self.fits(number, position - len, len)? {
                break;
            }
            position -= len;
            old = old_start;
            evidence.add(self.blocks.sum(number));
        }
        Ok(if evidence.is_enough() { gap.range.end - position } else { 0 })
    }

    fn fits(&mut self, number: u64, position: u64, len: u64) -> Result<bool> {
        let bytes = self.nearby.stretch(position..position + len)?;
        Ok(self.blocks.hash.sum(bytes) == self.blocks.sum(number))
    }

    /// Looks for whole blocks at every byte of a part of a gap.
    fn middle(&mut self, gap: &Gap, range: Range<u64>, needed: Needed) -> Result<()> {
        let block_len = self.blocks.block_len();
        let ahead = PATIENCE * needed.anywhere * block_len;
        let mut stretch = Stretch::default();
        let mut position = range.start;
        while range.end - position >= block_len {
            let end = range.end.min(position + STRETCH_LEN.max(ahead) + ahead);
            stretch.read(self.new, position..end, self.blocks)?;
            // Too close to the end of the stretch there is too little to judge by.
            let judged = if end == range.end { end - block_len + 1 } else { end - ahead };
            while position < judged {
                match self.find(gap, &stretch, position, range.end, needed)? {
                    None => position += 1,
                    Some(copied) => {
                        position += copied.len;
                        self.push(copied.new, copied.old, copied.len)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns the run of blocks that starts at a position, if there is one to be believed.
    fn find(
        &mut self,
        gap: &Gap,
        stretch: &Stretch,
        position: u64,
        end: u64,
        needed: Needed,
    ) -> Result<Option<Copied>> {
        let blocks = self.blocks;
        let sum = stretch.sum(position).expect("a window of the stretch");
        if !blocks.filter.look_up().may_contain(key(sum)) {
            return Ok(None);
        }
        let Some(&first) = blocks.places.get(&sum) else { return Ok(None) };
        let expected = self.expected(gap, position).into_iter().flatten();
        let candidates = expected.map(|number| (number, needed.where_expected));
        for (number, needed) in candidates.chain([(first, needed.anywhere)]) {
            if stretch.speaks_for(number, position, blocks, needed) {
                let (old, _) = blocks.range_of(number);
                let len = self.run_from(position, old, end, needed)?;
                return Ok((len > 0).then_some(Copied { new: position, old, len }));
            }
        }
        Ok(None)
    }

    /// Returns the blocks that lie where equal bytes before or behind would go on.
    fn expected(&self, gap: &Gap, position: u64) -> [Option<u64>; 2] {
        let before = match self.found.last() {
            Some(last) if last.new >= gap.range.start => (last.new, last.old),
            _ => (gap.range.start, gap.old_start),
        };
        let after = gap.old_end.checked_sub(gap.range.end - position);
        [Some(before.1 + (position - before.0)), after]
            .map(|old| old.and_then(|old| self.blocks.starting_at(old)))
    }

    fn push(&mut self, new: u64, old: u64, len: u64) -> Result<()> {
        if len > 0 {
            reserve(&mut self.found, 1)?;
            self.found.push(Copied { new, old, len });
        }
        Ok(())
    }
}

/// What speaks for a run.
struct Evidence {
    /// Different sums that fit.
    sums: Vec<u64>,
    needed: u64,
}

impl Evidence {
    fn new(needed: u64) -> Self {
        Evidence { sums: Vec::new(), needed }
    }

    fn is_enough(&self) -> bool {
        self.sums.len() as u64 >= self.needed
    }

    fn add(&mut self, sum: u64) {
        if !self.is_enough() && !self.sums.contains(&sum) {
            self.sums.push(sum);
        }
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
            return Err(shrank(IoAction::Read));
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

    /// Returns true if the windows from a position on are enough for a run of whole blocks.
    fn speaks_for(&self, number: u64, position: u64, blocks: &FineBlocks<'_>, needed: u64) -> bool {
        let mut evidence = Evidence::new(needed);
        for n in 0..blocks.whole_from(number).min(PATIENCE * needed) {
            let sum = blocks.sum(number + n);
            if self.sum(position + n * blocks.block_len()) != Some(sum) {
                break;
            }
            evidence.add(sum);
        }
        evidence.is_enough()
    }
}

/// Returns the key of a sum in the filter.
fn key(sum: u64) -> u32 {
    (sum.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

/// Returns how many bits it takes to name one of so many.
fn log(count: u64) -> u32 {
    u64::BITS - count.leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::chunks::SALT_LEN;

    const SALT: [u8; SALT_LEN] = [5; SALT_LEN];

    /// Blocks of 100 bytes: three of them and eight, the last of each shorter.
    fn request() -> Request {
        let ranges = vec![10..260, 265..1000];
        Request { sum_len: 3, salt: SALT, block_len: 100, basis_len: 1000, ranges }
    }

    #[test]
    fn blocks_are_found_by_where_they_start_and_end() {
        let (request, sums) = (request(), [0; 33]);
        let blocks = FineBlocks::new(&request, &sums).unwrap();
        let all: Vec<(u64, u64)> = (0..11).map(|number| blocks.range_of(number)).collect();
        let long = [265, 365, 465, 565, 665, 765, 865].map(|start| (start, 100));
        assert_eq!(all, [&[(10, 100), (110, 100), (210, 50)], &long[..], &[(965, 35)]].concat());
        for old in 0..1100 {
            let at = |place: fn(&(u64, u64)) -> u64| {
                all.iter().position(|block| place(block) == old).map(|number| number as u64)
            };
            assert_eq!(blocks.starting_at(old), at(|&(start, _)| start), "{old}");
            assert_eq!(blocks.ending_at(old), at(|&(start, len)| start + len), "{old}");
        }
        let whole: Vec<u64> = (0..11).map(|number| blocks.whole_from(number)).collect();
        assert_eq!(whole, [2, 1, 0, 7, 6, 5, 4, 3, 2, 1, 0]);
    }

    #[test]
    fn a_run_is_found_as_far_as_its_blocks_go() {
        let basis: Vec<u8> = (0..1000u32).map(|n| (n * n / 3) as u8).collect();
        let request = request();
        let hash = FineHash::new(&SALT, 3);
        let blocks = request.ranges.iter().flat_map(|range| {
            basis[range.start as usize..range.end as usize].chunks(100).map(|block| hash.sum(block))
        });
        let sums: Vec<u8> = blocks.flat_map(|sum| sum.to_le_bytes().into_iter().take(3)).collect();
        let blocks = FineBlocks::new(&request, &sums).unwrap();
        let gap = |len: usize, old_start, old_end| Gap { range: 0..len as u64, old_start, old_end };
        let found = |new: &[u8], gap| blocks.find(&new.to_vec(), &[gap]).unwrap();
        // Where the bytes before and behind go on, ends of ranges count.
        let fits = [&basis[10..260], &[0; 77], &basis[265..1000]].concat();
        let ends = [Copied { new: 0, old: 10, len: 250 }, Copied { new: 327, old: 265, len: 735 }];
        assert_eq!(found(&fits, gap(fits.len(), 10, 1000)), ends);
        // Anywhere else whole blocks alone start a run. With 2^9 places or more and 2^4 blocks, 12 more
        // bits are more than a sum has: two must fit.
        let moved = [&[0; 33], &basis[300..800], &[0; 50]].concat();
        let run = [Copied { new: 98, old: 365, len: 400 }];
        assert_eq!(found(&moved, gap(moved.len(), 5000, 5000)), run);
        let one = [&[0; 400][..], &basis[365..465], &[0; 50]].concat();
        assert_eq!(found(&one, gap(one.len(), 5000, 5000)), []);
    }
}
