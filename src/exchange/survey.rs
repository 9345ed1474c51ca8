//! What a new file shares with a basis of which only a signature is known.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use super::fine::{FineBlocks, Gap};
use super::patch;
use super::segments::{Summing, WholeSum};
use super::sign::ChunkSignature;
use crate::chunk::Chunker;
use crate::error::{Error, IoAction, Result, reserve, try_vec};
use crate::format::Message;
use crate::format::chunks::Chunks;
use crate::format::fine::{self, Request};
use crate::layered::{MakeOptions, MakeStats, of_new_file, shrank};
use crate::monitor::Monitor;
use crate::read_at::ReadAt;

/// How a new file is surveyed.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct SurveyOptions {
    threads: usize,
    block_len: Option<u32>,
    sum_len: Option<u8>,
}

impl SurveyOptions {
    /// Returns the defaults: one thread, fine blocks and sums as the files want them.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the number of threads. What is found does not depend on it.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// Sets the length of fine blocks in bytes, 64 to 32768; others are moved there.
    pub fn block_len(mut self, block_len: impl Into<Option<u32>>) -> Self {
        self.block_len = block_len.into();
        self
    }

    /// Sets the bytes of a fine sum, 2 to 7; others are moved there. More than the default are of use
    /// after an exchange that failed.
    pub fn sum_len(mut self, sum_len: impl Into<Option<u8>>) -> Self {
        self.sum_len = sum_len.into();
        self
    }
}

/// Old bytes without a place in the new file that are so many times more than new ones without a
/// place in the old were mostly removed.
const MUCH_MORE: u64 = 8;
/// Most copies of a patch. A signature of few bytes can make many, where a file is the same all over.
const MAX_COPIES: usize = 8 << 20;
/// Bytes of a short request, and of an answer beside its sums.
const MESSAGES_LEN: u64 = 60;

/// A stretch of the new file that equals one of the basis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Copied {
    pub(super) new: u64,
    pub(super) old: u64,
    pub(super) len: u64,
}

/// What a new file shares with the basis of a signature.
pub struct Survey {
    basis: Chunks,
    new: Arc<dyn ReadAt>,
    new_len: u64,
    /// In the order of the new file; none goes on where the one before ends.
    copies: Vec<Copied>,
    request: Option<Request>,
}

impl Survey {
    /// Reads the new file once and finds the chunks of the basis in it.
    ///
    /// # Errors
    /// [`Error::Io`] (also if the file is shorter than `new_len`), [`Error::OutOfMemory`],
    /// [`Error::Cancelled`].
    pub fn new(
        signature: ChunkSignature,
        new: Arc<dyn ReadAt>,
        new_len: u64,
        options: SurveyOptions,
        monitor: &mut dyn Monitor,
    ) -> Result<Self> {
        let basis = signature.0;
        let summing = Summing {
            chunker: Chunker::new(basis.params),
            salt: basis.salt,
            wants_leaves: false,
            threads: options.threads,
        };
        let mut matcher = Matcher::new(&basis)?;
        let shrank = || shrank(IoAction::Read);
        let summed = summing.sum(&*new, new_len, shrank, monitor, |summed| {
            summed.chunks.iter().try_for_each(|(len, sum)| matcher.take(*len, sum))
        });
        summed.map_err(of_new_file)?;
        let Matcher { copies, is_used, .. } = matcher;
        let mut survey = Survey { basis, new, new_len, copies, request: None };
        survey.request = survey.plan_request(&is_used, &options)?;
        Ok(survey)
    }

    /// Returns the request for fine sums, to be answered by [`answer`](super::answer()); None if they
    /// would cost more than they could save.
    pub fn request(&self) -> Option<Vec<u8>> {
        self.request.as_ref().map(Request::encode)
    }

    /// Takes the answer to the request and finds the blocks in it. The request is done with then.
    ///
    /// # Errors
    /// [`Error::MessageMagic`], [`Error::MessageVersion`], [`Error::MessageDamaged`] if it is not the
    /// answer to this survey's request; [`Error::Io`], [`Error::OutOfMemory`].
    pub fn take_sums(&mut self, sums: &[u8]) -> Result<()> {
        let Some(request) = &self.request else {
            return Err(Error::MessageDamaged { message: Message::Sums, offset: 0 });
        };
        let sums = fine::sums(request, &request.encode(), sums)?;
        let found = FineBlocks::new(request, sums)?.find(&*self.new, &self.gaps())?;
        let mut all = std::mem::take(&mut self.copies);
        reserve(&mut all, found.len())?;
        all.extend(found);
        all.sort_unstable_by_key(|copied| copied.new);
        all.into_iter().try_for_each(|copied| push(&mut self.copies, copied))?;
        self.request = None;
        Ok(())
    }

    /// Returns about how many bytes the patch would have now, given how many the new file has when it
    /// is compressed alone.
    pub fn estimated_len(&self, compressed_len: u64) -> u64 {
        let copied: u64 = self.copies.iter().map(|copied| copied.len).sum();
        let literal = u128::from(self.new_len - copied) * u128::from(compressed_len);
        let literal = literal / u128::from(self.new_len.max(1));
        (100 + 6 * self.copies.len() as u64)
            .saturating_add(u64::try_from(literal).unwrap_or(u64::MAX))
    }

    /// Writes the patch from the basis to the new file, which
    /// [`layered::apply`](crate::layered::apply()) applies. The new file must not have changed.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::OutOfMemory`], [`Error::Cancelled`].
    pub fn patch(
        self,
        output: impl Write,
        options: MakeOptions,
        monitor: &mut dyn Monitor,
    ) -> Result<MakeStats> {
        let source = patch::Source {
            basis_len: self.basis.basis_len(),
            basis_root: self.basis.basis_root,
            new: self.new,
            new_len: self.new_len,
            copies: self.copies,
        };
        patch::write(source, output, options, monitor)
    }

    /// Returns what of the new file nothing equals.
    fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let (mut end, mut old_end) = (0, 0);
        let last = Copied { new: self.new_len, old: self.basis.basis_len(), len: 0 };
        for copied in self.copies.iter().chain([&last]) {
            if copied.new > end {
                gaps.push(Gap { range: end..copied.new, old_start: old_end, old_end: copied.old });
            }
            end = copied.new + copied.len;
            old_end = copied.old + copied.len;
        }
        gaps
    }

    /// Says which fine sums to ask for; `is_used` tells the chunks that the new file has.
    fn plan_request(&self, is_used: &[bool], options: &SurveyOptions) -> Result<Option<Request>> {
        let gaps = self.gaps();
        let unmatched: u64 = gaps.iter().map(|gap| gap.range.end - gap.range.start).sum();
        let mut ranges = self.unused(is_used)?;
        if bytes_of(&ranges) > MUCH_MORE * unmatched {
            // Most of it was removed. What lies at a gap may have been changed.
            let starts: HashSet<u64> = gaps.iter().map(|gap| gap.old_start).collect();
            let ends: HashSet<u64> = gaps.iter().map(|gap| gap.old_end).collect();
            ranges.retain(|range| starts.contains(&range.start) || ends.contains(&range.end));
        }
        let fine = FineParams::new(self.basis.params.average_len(), &ranges);
        let block_len = options.block_len.unwrap_or(fine.block_len);
        let sum_len = options.sum_len.unwrap_or(fine.sum_len);
        let request = Request {
            sum_len: sum_len.clamp(*fine::SUM_LENS.start(), *fine::SUM_LENS.end()),
            salt: self.basis.salt,
            block_len: block_len.clamp(*fine::BLOCK_LENS.start(), *fine::BLOCK_LENS.end()),
            basis_len: self.basis.basis_len(),
            ranges,
        };
        let sums_len = request.blocks() * u64::from(request.sum_len);
        // What is literal becomes a third at least, and a request and its answer have ends.
        let is_worth_it = !request.ranges.is_empty() && sums_len + MESSAGES_LEN < unmatched / 3;
        Ok(is_worth_it.then_some(request))
    }

    /// Returns the ranges of the basis whose chunks the new file does not have.
    fn unused(&self, is_used: &[bool]) -> Result<Vec<Range<u64>>> {
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for number in (0..self.basis.len()).filter(|&number| !is_used[number]) {
            let chunk = self.basis.starts[number]..self.basis.starts[number + 1];
            match ranges.last_mut() {
                Some(last) if last.end == chunk.start => last.end = chunk.end,
                _ => {
                    reserve(&mut ranges, 1)?;
                    ranges.push(chunk);
                }
            }
        }
        Ok(ranges)
    }
}

impl fmt::Debug for Survey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Survey")
            .field("new_len", &self.new_len)
            .field("copies", &self.copies.len())
            .finish_non_exhaustive()
    }
}

fn bytes_of(ranges: &[Range<u64>]) -> u64 {
    ranges.iter().map(|range| range.end - range.start).sum()
}

/// Lengths of fine blocks and their sums.
struct FineParams {
    block_len: u32,
    sum_len: u8,
}

impl FineParams {
    /// What is best was measured on pairs of releases, with sums and literals as they are coded.
    fn new(average_len: u32, ranges: &[Range<u64>]) -> Self {
        let is_long = |range: &&Range<u64>| range.end - range.start >= 16 * u64::from(average_len);
        let long: u64 = ranges.iter().filter(is_long).map(|range| range.end - range.start).sum();
        if 2 * long > bytes_of(ranges) {
            // Little is equal for long, as in programs that were built again: many short runs.
            return FineParams { block_len: 192, sum_len: 4 };
        }
        // An edit here and there: each costs the sums of one or two chunks and a block.
        let block_len = 4 * average_len.isqrt();
        // Three bytes tell a thousand runs and their ends.
        let few = bytes_of(ranges) / u64::from(average_len) < 1000;
        FineParams { block_len, sum_len: if few { 3 } else { 4 } }
    }
}

/// Appends a copy, to the last one if it goes on there. What would be one too many is literal.
fn push(copies: &mut Vec<Copied>, copied: Copied) -> Result<()> {
    if let Some(last) = copies.last_mut()
        && last.new + last.len == copied.new
        && last.old + last.len == copied.old
    {
        last.len += copied.len;
        return Ok(());
    }
    if copies.len() == MAX_COPIES {
        return Ok(());
    }
    reserve(copies, 1)?;
    copies.push(copied);
    Ok(())
}

/// Looks chunks of the new file up in the signature.
struct Matcher<'a> {
    basis: &'a Chunks,
    /// The first chunk with each length and start of the sum.
    places: HashMap<(u32, u64), usize>,
    is_used: Vec<bool>,
    copies: Vec<Copied>,
    /// Where the next chunk of the new file starts.
    position: u64,
    /// The chunk behind the one that the last chunk equals.
    next: usize,
}

impl<'a> Matcher<'a> {
    fn new(basis: &'a Chunks) -> Result<Self> {
        let mut places = HashMap::new();
        places.try_reserve(basis.len()).map_err(|_| Error::OutOfMemory { wanted_bytes: 0 })?;
        for number in 0..basis.len() {
            let key = (basis.len_of(number), start_of(basis.sum(number)));
            places.entry(key).or_insert(number);
        }
        let is_used = try_vec(false, basis.len())?;
        Ok(Matcher { basis, places, is_used, copies: Vec::new(), position: 0, next: usize::MAX })
    }

    /// Takes the next chunk of the new file. Of equal chunks that one is taken that goes on from the
    /// last, or else the first.
    fn take(&mut self, len: u32, sum: &WholeSum) -> Result<()> {
        let sum = &sum[..usize::from(self.basis.sum_len)];
        let equals = |&number: &usize| {
            number < self.basis.len()
                && self.basis.len_of(number) == len
                && self.basis.sum(number) == sum
        };
        let first = || self.places.get(&(len, start_of(sum))).copied().filter(equals);
        let found = Some(self.next).filter(equals).or_else(first);
        if let Some(number) = found {
            self.is_used[number] = true;
            let old = self.basis.starts[number];
            push(&mut self.copies, Copied { new: self.position, old, len: len.into() })?;
        }
        self.next = found.map_or(usize::MAX, |number| number + 1);
        self.position += u64::from(len);
        Ok(())
    }
}

/// Returns the first bytes of a sum as a number.
fn start_of(sum: &[u8]) -> u64 {
    sum.iter().take(8).fold(0, |start, &byte| start << 8 | u64::from(byte))
}
