//! The search cut into segments that are searched apart and joined to what one search would find.
//!
//! Whether a window matches depends on its bytes alone, so two searches that come to the same
//! window go on alike. A search that starts at a segment may first run out of step with the one
//! that comes from before; from where both meet it is right.

use super::Run;
use super::scanner::Scanner;
use crate::error::{Result, reserve};
use crate::index::Index;
use crate::simd::Simd;
use crate::stats::SearchStats;
use crate::weak::{RabinKarp, RollingSum, Rollsum, WeakHash};

/// Block lengths after which two searches out of step are compared for the first time.
const FIRST_REACH: usize = 4;

/// A part of the new file with a signature that has blocks.
#[derive(Clone, Copy)]
pub(crate) struct Segment<'a> {
    pub(crate) index: &'a Index,
    /// The bytes of the segment and, but for the last, one block length of the next.
    pub(crate) bytes: &'a [u8],
    pub(crate) is_last: bool,
    pub(crate) simd: Simd,
}

/// What a search found.
#[derive(Debug)]
pub(crate) struct Found {
    /// Without gaps. Literals are ranges of the segment's bytes.
    pub(crate) runs: Vec<Run>,
    /// The window from which to go on, behind the last run.
    pub(crate) end: usize,
}

impl Segment<'_> {
    /// Searches from the first window.
    pub(crate) fn search(self, stats: &mut SearchStats) -> Result<Found> {
        match self.index.params().kind().weak {
            WeakHash::Rollsum => self.search_by::<Rollsum>(stats),
            WeakHash::RabinKarp => self.search_by::<RabinKarp>(stats),
        }
    }

    /// Returns what a search that comes to the window at `start` finds, given what one from the
    /// first window found.
    pub(crate) fn join(self, start: usize, found: Found, stats: &mut SearchStats) -> Result<Found> {
        match self.index.params().kind().weak {
            WeakHash::Rollsum => self.join_by::<Rollsum>(start, found, stats),
            WeakHash::RabinKarp => self.join_by::<RabinKarp>(start, found, stats),
        }
    }

    fn search_by<W: RollingSum>(self, stats: &mut SearchStats) -> Result<Found> {
        let mut search = Search::<W>::new(self, 0);
        search.run_to(self.bytes.len(), stats)?;
        search.finish()
    }

    fn join_by<W: RollingSum>(
        self,
        start: usize,
        mut found: Found,
        stats: &mut SearchStats,
    ) -> Result<Found> {
        let block_len = self.index.params().block_len() as usize;
        if found.drop_until(start, block_len) {
            return Ok(found);
        }
        let mut search = Search::<W>::new(self, start);
        let mut reach = FIRST_REACH * block_len;
        loop {
            let until = self.bytes.len().min(search.scanner.pos() + reach + block_len);
            search.run_to(until, stats)?;
            if until == self.bytes.len() {
                return search.finish();
            }
            if found.drop_until(search.scanner.pos(), block_len) {
                let mut joined = search.finish()?;
                reserve(&mut joined.runs, found.runs.len())?;
                joined.runs.append(&mut found.runs);
                return Ok(Found { end: found.end, ..joined });
            }
            reach *= 2;
        }
    }
}

impl Found {
    /// Drops what lies before the window at `pos`. False, and nothing is dropped, if the search did
    /// not come to this window.
    fn drop_until(&mut self, pos: usize, block_len: usize) -> bool {
        let len: u64 = self.runs.iter().map(Run::len).sum();
        let mut run_start = self.end - len as usize;
        for number in 0..self.runs.len() {
            let run = &mut self.runs[number];
            let run_end = run_start + run.len() as usize;
            if pos < run_end {
                match run {
                    _ if pos < run_start => return false,
                    Run::Copy(_) if !(pos - run_start).is_multiple_of(block_len) => return false,
                    Run::Copy(range) => range.start += (pos - run_start) as u64,
                    Run::Literal(range) => range.start += pos - run_start,
                }
                self.runs.drain(..number);
                return true;
            }
            run_start = run_end;
        }
        if pos == self.end {
            self.runs.clear();
        }
        pos == self.end
    }
}

/// A search under way.
struct Search<'a, W> {
    segment: Segment<'a>,
    scanner: Scanner<W>,
    runs: Vec<Run>,
}

impl<'a, W: RollingSum> Search<'a, W> {
    fn new(segment: Segment<'a>, start: usize) -> Self {
        let scanner = Scanner::at(segment.simd, start);
        Search { segment, scanner, runs: Vec::new() }
    }

    /// Searches as far as the bytes before `until` allow.
    fn run_to(&mut self, until: usize, stats: &mut SearchStats) -> Result<()> {
        let Segment { index, bytes, is_last, .. } = self.segment;
        let end = is_last && until == bytes.len();
        while let Some(run) = self.scanner.next_run(index, &bytes[..until], end, stats) {
            self.push(run)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Found> {
        if let Some(run) = self.scanner.flush() {
            self.push(run)?;
        }
        Ok(Found { runs: self.runs, end: self.scanner.pos() })
    }

    fn push(&mut self, run: Run) -> Result<()> {
        reserve(&mut self.runs, 1)?;
        self.runs.push(run);
        Ok(())
    }
}
