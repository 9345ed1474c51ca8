//! What a group of the new file shares with the old file.
//!
//! A survey finds the long equal stretches by samples. Between them lie gaps; what belongs there is
//! most likely around the equal stretches next to the gap, or around shorter equal strings in it.
//! These parts of the old file are indexed densely, and the binary diff does the rest.

use std::ops::Range;

use super::old::{OldFile, ReadAt};
use super::samples::Samples;
use super::view::Parts;
use crate::bindiff::{Batch, Equal, Index, Matcher, Stretch};
use crate::error::{Result, reserve};

/// Most bytes of the new file that are planned together.
pub(crate) const GROUP_LEN: usize = 32 << 20;

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

/// Memory that one thread uses for one group after another.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    index: Option<Index>,
    batch: Batch,
    view: Vec<u8>,
    equals: Vec<Equal>,
    stretches: Vec<Stretch>,
}

/// The old file is chosen from in bins of so many bytes.
const BIN_LEN: u64 = 16 << 10;
/// Old bytes around the edges of a gap that are searched in any case.
const MARGIN: u64 = 16 << 10;
/// Shorter gaps need no index: the search goes on where it is.
const MIN_GAP: usize = 16;
/// What a bin next to a gap counts, and one with an equal string. Bins of equal stretches count the
/// bytes of these.
const NEAR_WEIGHT: u64 = 256;
const HIT_WEIGHT: u64 = 512;

impl<R: ReadAt> OldFile<R> {
    /// Returns the pieces that make up a group of the new file, which begins at `start` there.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io), [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub(crate) fn pieces(
        &self,
        new: &[u8],
        start: u64,
        scratch: &mut Scratch,
    ) -> Result<Vec<Piece>> {
        debug_assert!(new.len() <= GROUP_LEN);
        let survey = self.survey(new, start)?;
        let mut bins = Bins::default();
        survey.want_gaps(new.len(), self.len(), &mut bins)?;
        let mut shared = None;
        let effort = self.effort();
        let Scratch { index, batch, view, equals, stretches } = scratch;
        let local = index.get_or_insert_with(|| Index::new(effort.stride, effort.key_len));
        let (old, parts) = match self.bytes() {
            Some(bytes) => {
                let parts = Parts::whole(bytes.len());
                let ranges = bins.ranges(self.len())?;
                if is_most(&ranges, self.len()) {
                    shared = Some(self.index(bytes, batch)?);
                } else {
                    local.build(bytes, &in_view(&parts, &ranges)?, batch)?;
                }
                (bytes, parts)
            }
            None => {
                let gaps = bins.ranges(self.len())?;
                survey.want_equals(&mut bins)?;
                bins.want(start, start + new.len() as u64, NEAR_WEIGHT)?;
                bins.keep_best(effort.max_view as u64 / BIN_LEN);
                let parts = Parts::of(&bins.ranges(self.len())?)?;
                parts.read(self, view)?;
                local.build(view, &in_view(&parts, &gaps)?, batch)?;
                (view.as_slice(), parts)
            }
        };
        equals.clear();
        for equal in &survey.equals {
            if let Some(found) = parts.find(equal.old) {
                let len = equal.len.min(found.len());
                reserve(equals, 1)?;
                equals.push(Equal { old: found.start, new: equal.new, len });
            }
        }
        stretches.clear();
        let index = shared.as_deref().unwrap_or(local);
        let start = parts.find(start).map_or(0, |found| found.start);
        Matcher { old, new, index, equals, start, glance: effort.glance }.run(stretches)?;
        let mut pieces = Vec::new();
        for stretch in &*stretches {
            parts.push(stretch, &mut pieces)?;
        }
        Ok(pieces)
    }

    /// Finds the long equal stretches, and shorter equal strings where there are none.
    fn survey(&self, new: &[u8], start: u64) -> Result<Survey> {
        let mut reader = self.reader();
        let samples = self.samples();
        let min_len = (4 * samples.stride()).max(1 << 10);
        // A stretch of the shortest length holds a whole window in which each position is looked up.
        let period = min_len - samples.stride() - Samples::LEN;
        let mut survey = Survey::default();
        let mut covered = 0;
        let mut shift = start as i64;
        let mut at = 0;
        while at + Samples::LEN <= new.len() {
            let lost = at - covered;
            if lost > min_len && lost % period >= samples.stride() {
                at += period - lost % period;
                continue;
            }
            let mut best = Found { old: 0, new: 0, len: 0, end: 0 };
            let mut better = |old: u64| -> Result<()> {
                let end = at + reader.common_prefix(old, &new[at..])?;
                let back = reader.common_suffix(old, &new[covered..at])?;
                let len = end - at + back;
                let expected = |found: &Found| found.old as i64 - found.new as i64 == shift;
                let found = Found { old: old - back as u64, new: at - back, len, end };
                if len > best.len || len == best.len && expected(&found) {
                    best = found;
                }
                Ok(())
            };
            let mut hits = samples.positions(&new[at..at + Samples::LEN]).peekable();
            if at == 0 || hits.peek().is_some() {
                // Most likely it goes on as before.
                let expected =
                    u64::try_from(at as i64 + shift).ok().filter(|&old| old < self.len());
                expected.map_or(Ok(()), &mut better)?;
                hits.filter(|&hit| Some(hit) != expected).try_for_each(&mut better)?;
            }
            if best.len >= min_len {
                reserve(&mut survey.equals, 1)?;
                survey.equals.push(EqualAt { old: best.old, new: best.new, len: best.len });
                shift = best.old as i64 - best.new as i64;
                covered = best.end;
                at = best.end;
            } else if best.len >= Samples::LEN {
                reserve(&mut survey.hits, 1)?;
                survey.hits.push(best.old);
                at = best.end.max(at + 1);
            } else {
                at += 1;
            }
        }
        Ok(survey)
    }
}

/// Returns true if it is better to index the whole old file, once for all groups.
fn is_most(ranges: &[Range<u64>], old_len: u64) -> bool {
    let wanted: u64 = ranges.iter().map(|range| range.end - range.start).sum();
    wanted > old_len.min(GROUP_LEN as u64) / 2
}

/// Returns where ranges of the old file are in the view; what is not there is left out.
fn in_view(parts: &Parts, ranges: &[Range<u64>]) -> Result<Vec<Range<usize>>> {
    let mut found = Vec::new();
    for range in ranges {
        let mut position = range.start;
        while position < range.end {
            let Some(place) = parts.find(position) else {
                position += BIN_LEN;
                continue;
            };
            let len = place.len().min((range.end - position) as usize);
            reserve(&mut found, 1)?;
            found.push(place.start..place.start + len);
            position += len as u64;
        }
    }
    Ok(found)
}

struct Found {
    old: u64,
    new: usize,
    len: usize,
    end: usize,
}

/// A long equal stretch.
#[derive(Debug)]
struct EqualAt {
    old: u64,
    new: usize,
    len: usize,
}

#[derive(Debug, Default)]
struct Survey {
    /// In order of `new`, not overlapping there.
    equals: Vec<EqualAt>,
    /// Old positions of shorter strings that the group has in gaps.
    hits: Vec<u64>,
}

impl Survey {
    /// Takes the parts of the old file that may belong in the gaps.
    fn want_gaps(&self, new_len: usize, old_len: u64, bins: &mut Bins) -> Result<()> {
        let mut before = (0, None);
        for equal in &self.equals {
            want_gap(equal.new - before.0, before.1, Some(equal.old), bins)?;
            before = (equal.new + equal.len, Some(equal.old + equal.len as u64));
        }
        want_gap(new_len - before.0, before.1, None, bins)?;
        for &hit in &self.hits {
            bins.want(hit.saturating_sub(BIN_LEN / 2), hit + BIN_LEN / 2, HIT_WEIGHT)?;
        }
        _ = old_len;
        Ok(())
    }

    fn want_equals(&self, bins: &mut Bins) -> Result<()> {
        for equal in &self.equals {
            bins.want(equal.old, equal.old + equal.len as u64, BIN_LEN)?;
        }
        Ok(())
    }
}

/// Takes what lies beyond the old edges of a gap in the new file.
fn want_gap(len: usize, left: Option<u64>, right: Option<u64>, bins: &mut Bins) -> Result<()> {
    if len < MIN_GAP {
        return Ok(());
    }
    let reach = MARGIN + len as u64 + len as u64 / 2;
    if let Some(left) = left {
        bins.want(left.saturating_sub(MARGIN), left + reach, NEAR_WEIGHT)?;
    }
    if let Some(right) = right {
        bins.want(right.saturating_sub(reach), right + MARGIN, NEAR_WEIGHT)?;
    }
    Ok(())
}

/// Bins of the old file and what speaks for them.
#[derive(Debug, Default)]
struct Bins {
    /// Number and weight; a number may come more than once.
    weights: Vec<(u64, u64)>,
}

impl Bins {
    fn want(&mut self, from: u64, to: u64, weight: u64) -> Result<()> {
        let (first, last) = (from / BIN_LEN, to.div_ceil(BIN_LEN));
        reserve(&mut self.weights, (last - first) as usize)?;
        self.weights.extend((first..last).map(|bin| (bin, weight)));
        Ok(())
    }

    /// Leaves the heaviest bins only.
    fn keep_best(&mut self, number: u64) {
        self.sum_up();
        if self.weights.len() as u64 > number {
            self.weights.sort_unstable_by_key(|&(bin, weight)| (std::cmp::Reverse(weight), bin));
            self.weights.truncate(number as usize);
            self.weights.sort_unstable();
        }
    }

    /// Returns the ranges that the bins make up, in order, which do not touch.
    fn ranges(&mut self, old_len: u64) -> Result<Vec<Range<u64>>> {
        self.sum_up();
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for &(bin, _) in &self.weights {
            let start = bin * BIN_LEN;
            let end = (start + BIN_LEN).min(old_len);
            match ranges.last_mut() {
                _ if start >= old_len => break,
                Some(last) if last.end == start => last.end = end,
                _ => {
                    reserve(&mut ranges, 1)?;
                    ranges.push(start..end);
                }
            }
        }
        Ok(ranges)
    }

    /// Sorts the bins and leaves each once.
    fn sum_up(&mut self) {
        self.weights.sort_unstable();
        self.weights.dedup_by(|next, bin| {
            let same = next.0 == bin.0;
            bin.1 += if same { next.1 } else { 0 };
            same
        });
    }
}
