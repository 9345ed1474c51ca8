//! What a group of the new file shares with the old file.
//!
//! A survey finds the long equal stretches by samples. Between them lie gaps; what belongs there is
//! most likely around the equal stretches next to the gap, or around shorter equal strings in it.
//! These parts of the old file are indexed densely, and the binary diff does the rest.

use std::ops::Range;

use super::old::OldFile;
use super::samples::Samples;
use super::view::{Parts, push};
use crate::bindiff::{Batch, Equal, Index, Lookups, Matcher, Stretch};
use crate::codec::{MAX_GROUP_LEN, Piece};
use crate::error::{Result, reserve};
use crate::read_at::ReadAt;

/// Memory that one thread uses for one group after another.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    index: Option<Index>,
    batch: Batch,
    view: Vec<u8>,
    equals: Vec<Equal>,
    stretches: Vec<Stretch>,
}

/// How a group of the new file lies along the old one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Lie {
    pub(crate) pieces: Vec<Piece>,
    /// Ranges of the group, in order, that are known to equal the old bytes along which they lie, as
    /// the bytes before and behind them do, [`EDGE`] of them.
    pub(crate) equals: Vec<Range<usize>>,
}

/// The old file is chosen from in bins of so many bytes.
const BIN_LEN: u64 = 4 << 10;
/// Old bytes beyond the edges of a gap that are searched: as many as the gap has, within these bounds.
const MIN_MARGIN: u64 = 256;
const MAX_MARGIN: u64 = 8 << 10;
/// Old bytes before and behind an equal string that are searched, at least.
const MIN_HIT_MARGIN: u64 = 6 << 10;
/// Shorter gaps need no index: the search goes on where it is.
const MIN_GAP: usize = 16;
/// Bytes of gaps that are searched with one index.
const SEGMENT_GAPS: usize = 1 << 20;
/// A gap counts as so many bytes at least.
const MIN_GAP_COST: usize = 1 << 10;
/// Most old bytes that are indexed for them.
const MAX_INDEXED: u64 = 8 << 20;
/// What a bin next to a gap counts, and one with an equal string. Bins of equal stretches count the
/// bytes of these.
const NEAR_WEIGHT: u64 = 256;
const HIT_WEIGHT: u64 = 512;

/// Equal stretches are long from so many bytes on: only their edges take part in the search.
const LONG: usize = 4 * EDGE;
const EDGE: usize = 16 << 10;
/// Where gaps are more than this share of a group, and not few, the old file is held in memory:
/// many short stretches are compared there sooner than they are read.
const RESIDENT_SHARE: usize = 32;
const MIN_RESIDENT: usize = 256 << 10;

impl<R: ReadAt> OldFile<R> {
    /// Returns how a group of the new file, which begins at `start` there, lies along this one.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io), [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub(crate) fn lay(&self, new: &[u8], start: u64, scratch: &mut Scratch) -> Result<Lie> {
        debug_assert!(new.len() <= MAX_GROUP_LEN as usize);
        let survey = self.survey(new, start)?;
        let effort = self.effort();
        let Scratch { index, batch, view, equals, stretches } = scratch;
        let index = index.get_or_insert_with(|| Index::new(effort.stride, effort.key_len));
        let segments = survey.segments(new.len())?;
        let resident = if survey.has_many_gaps(new.len()) { self.resident()? } else { None };
        let (old, parts) = match resident {
            Some(bytes) => (bytes, Parts::whole(bytes.len())),
            None => {
                let mut bins = Bins::default();
                for segment in &segments {
                    survey.want_gaps(segment, &mut bins)?;
                }
                survey.want_equals(&mut bins)?;
                survey.want_same_place(start, new.len(), &mut bins)?;
                bins.keep_best(effort.max_view as u64 / BIN_LEN);
                let parts = Parts::of(&bins.ranges(self.len())?)?;
                parts.read(self, view)?;
                (view.as_slice(), parts)
            }
        };
        let mut spans = survey.spans(start, new.len(), &parts, equals)?.into_iter();
        let search = |span: Span| {
            let start = parts.find(span.old).map_or(0, |found| found.start);
            let known = &equals[span.equals.clone()];
            let matcher = Matcher::new(old, &new[..span.new.end], known, effort.patience);
            let matcher = matcher.at(start, span.new.start);
            (span, matcher)
        };
        let mut lie = Lie::default();
        let mut current = spans.next().map(search);
        for segment in &segments {
            let mut bins = Bins::default();
            survey.want_gaps(segment, &mut bins)?;
            bins.keep_best(MAX_INDEXED / BIN_LEN);
            index.build(old, &in_view(&parts, &bins.ranges(self.len())?)?, batch)?;
            while let Some((span, matcher)) = &mut current {
                stretches.clear();
                matcher.run(index, span.new.end.min(segment.new.end), stretches)?;
                for stretch in &*stretches {
                    parts.push(stretch, &mut lie.pieces)?;
                }
                if segment.new.end < span.new.end {
                    break;
                }
                let equal_len = (span.equal.end - span.equal.start) as usize;
                if equal_len > 0 {
                    push(&mut lie.pieces, span.equal.start, equal_len)?;
                    reserve(&mut lie.equals, 1)?;
                    lie.equals.push(span.new.end..span.new.end + equal_len);
                }
                current = spans.next().map(search);
            }
        }
        Ok(lie)
    }

    /// Finds the long equal stretches, and shorter equal strings where there are none.
    fn survey(&self, new: &[u8], start: u64) -> Result<Survey> {
        let mut reader = self.reader();
        let samples = self.samples();
        let min_len = 32 * samples.stride();
        // A stretch of the shortest length holds a whole window in which each position is looked up.
        let period = min_len - samples.stride() - Samples::LEN;
        let hit_margin = MIN_HIT_MARGIN.max(min_len as u64);
        let mut survey = Survey { hit_margin, ..Survey::default() };
        let mut lookups = Lookups::default();
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
            let mut hits = samples.positions(new, at, &mut lookups).peekable();
            if at == 0 || hits.peek().is_some() {
                // Most likely it goes on as before.
                let expected =
                    u64::try_from(at as i64 + shift).ok().filter(|&old| old < self.len());
                expected.map_or(Ok(()), &mut better)?;
                hits.filter(|&hit| Some(hit) != expected).try_for_each(&mut better)?;
            }
            if best.len >= min_len {
                survey.gaps += best.new - covered;
                if survey.has_many_gaps(new.len()) {
                    reader.hold()?;
                }
                reserve(&mut survey.equals, 1)?;
                survey.equals.push(EqualAt { old: best.old, new: best.new, len: best.len });
                shift = best.old as i64 - best.new as i64;
                covered = best.end;
                at = best.end;
            } else if best.len >= Samples::LEN {
                reserve(&mut survey.hits, 1)?;
                survey.hits.push(Hit { old: best.old, new: at });
                at = best.end.max(at + 1);
            } else {
                at += 1;
            }
        }
        survey.gaps += new.len() - covered;
        Ok(survey)
    }
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

/// An equal stretch.
#[derive(Clone, Copy, Debug)]
struct EqualAt {
    old: u64,
    new: usize,
    len: usize,
}

impl EqualAt {
    fn is_long(&self) -> bool {
        self.len >= LONG
    }
}

#[derive(Debug, Default)]
struct Survey {
    /// In order of `new`, not overlapping there.
    equals: Vec<EqualAt>,
    /// Shorter equal strings in gaps, in order of `new`.
    hits: Vec<Hit>,
    /// Old bytes before and behind a hit that may belong in the gap.
    hit_margin: u64,
    /// Bytes between equal stretches.
    gaps: usize,
}

/// An equal string.
#[derive(Debug)]
struct Hit {
    old: u64,
    new: usize,
}

/// A part of the group between the middles of long equal stretches.
#[derive(Debug)]
struct Span {
    new: Range<usize>,
    /// Where in the old file its first byte most likely is.
    old: u64,
    /// Which equal stretches are in it.
    equals: Range<usize>,
    /// The old bytes in the middle of the stretch behind it.
    equal: Range<u64>,
}

/// A part of the group that is searched with one index.
#[derive(Debug)]
struct Segment {
    new: Range<usize>,
    /// The equal stretches that end in it.
    equals: Range<usize>,
}

impl Survey {
    /// Cuts the group so that the gaps in each segment are [`SEGMENT_GAPS`] long in sum, or little
    /// more.
    fn segments(&self, new_len: usize) -> Result<Vec<Segment>> {
        let mut segments = Vec::new();
        let mut gaps = 0;
        let (mut start, mut first) = (0, 0);
        let mut covered = 0;
        for number in 0..=self.equals.len() {
            let (gap_end, end) = match self.equals.get(number) {
                Some(equal) => (equal.new, equal.new + equal.len),
                None => (new_len, new_len),
            };
            let mut from = covered;
            while gaps + (gap_end - from) > SEGMENT_GAPS {
                from += SEGMENT_GAPS.saturating_sub(gaps);
                reserve(&mut segments, 1)?;
                segments.push(Segment { new: start..from, equals: first..number });
                (start, first, gaps) = (from, number, 0);
            }
            if gap_end - from >= MIN_GAP {
                gaps += (gap_end - from).max(MIN_GAP_COST);
            }
            covered = end;
        }
        reserve(&mut segments, 1)?;
        segments.push(Segment { new: start..new_len, equals: first..self.equals.len() });
        Ok(segments)
    }

    /// Takes the parts of the old file that may belong in the gaps of a segment.
    fn want_gaps(&self, segment: &Segment, bins: &mut Bins) -> Result<()> {
        let Segment { new, equals } = segment;
        let before = equals.start.checked_sub(1).map(|number| &self.equals[number]);
        let mut left = before.map(|equal| (equal.new + equal.len, equal.old + equal.len as u64));
        let mut start = new.start;
        // The gap at the end of the segment may end behind it.
        for number in equals.start..=equals.end {
            let right = self.equals.get(number);
            let end = right.map_or(new.end, |equal| equal.new.min(new.end));
            if end >= start + MIN_GAP {
                let len = (end - start) as u64;
                let margin = len.clamp(MIN_MARGIN, MAX_MARGIN);
                let reach = len + len / 2 + margin;
                if let Some((new, old)) = left {
                    let old = old + (start - new) as u64;
                    bins.want(old.saturating_sub(margin), old + reach, NEAR_WEIGHT)?;
                }
                if let Some(equal) = right {
                    let old = equal.old.saturating_sub((equal.new - end) as u64);
                    bins.want(old.saturating_sub(reach), old + margin, NEAR_WEIGHT)?;
                }
            }
            left = right.map(|equal| (equal.new + equal.len, equal.old + equal.len as u64));
            start = right.map_or(end, |equal| equal.new + equal.len);
        }
        let first = self.hits.partition_point(|hit| hit.new < new.start);
        for hit in self.hits[first..].iter().take_while(|hit| hit.new < new.end) {
            let margin = self.hit_margin;
            bins.want(hit.old.saturating_sub(margin), hit.old + margin, HIT_WEIGHT)?;
        }
        Ok(())
    }

    /// Takes the equal stretches, of long ones the edges.
    fn want_equals(&self, bins: &mut Bins) -> Result<()> {
        for equal in &self.equals {
            let end = equal.old + equal.len as u64;
            if equal.is_long() {
                bins.want(equal.old, equal.old + EDGE as u64, BIN_LEN)?;
                bins.want(end - EDGE as u64, end, BIN_LEN)?;
            } else {
                bins.want(equal.old, end, BIN_LEN)?;
            }
        }
        Ok(())
    }

    /// Takes the old bytes at the places that gaps have in the new file, where the group begins at
    /// `start`.
    fn want_same_place(&self, start: u64, new_len: usize, bins: &mut Bins) -> Result<()> {
        let mut covered = 0;
        let ends = self.equals.iter().map(|equal| (equal.new, equal.new + equal.len));
        for (gap_end, end) in ends.chain([(new_len, new_len)]) {
            if gap_end >= covered + MIN_GAP {
                bins.want(start + covered as u64, start + gap_end as u64, NEAR_WEIGHT)?;
            }
            covered = end;
        }
        Ok(())
    }

    /// Cuts the group in the middle of long equal stretches. Puts what is equal and in the view into
    /// `equals`.
    fn spans(
        &self,
        start: u64,
        new_len: usize,
        parts: &Parts,
        equals: &mut Vec<Equal>,
    ) -> Result<Vec<Span>> {
        equals.clear();
        let mut push = |old: u64, new: usize, len: usize| -> Result<usize> {
            if let Some(found) = parts.find(old) {
                reserve(equals, 1)?;
                equals.push(Equal { old: found.start, new, len: len.min(found.len()) });
            }
            Ok(equals.len())
        };
        let mut spans = Vec::new();
        let mut span = Span { new: 0..new_len, old: start, equals: 0..0, equal: 0..0 };
        for equal in &self.equals {
            let EqualAt { old, new, len } = *equal;
            if !equal.is_long() {
                span.equals.end = push(old, new, len)?;
                continue;
            }
            span.equals.end = push(old, new, EDGE)?;
            span.new.end = new + EDGE;
            let end = old + (len - EDGE) as u64;
            span.equal = old + EDGE as u64..end;
            let behind = new + len - EDGE;
            let equals = span.equals.end..span.equals.end;
            let next = Span { new: behind..new_len, old: end, equals, equal: 0..0 };
            reserve(&mut spans, 1)?;
            spans.push(std::mem::replace(&mut span, next));
            span.equals.end = push(end, behind, EDGE)?;
        }
        reserve(&mut spans, 1)?;
        spans.push(span);
        Ok(spans)
    }

    fn has_many_gaps(&self, new_len: usize) -> bool {
        self.gaps > MIN_RESIDENT.max(new_len / RESIDENT_SHARE)
    }
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
