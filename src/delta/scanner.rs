//! The search: slides a window over the new file and finds the blocks of the basis in it.
//!
//! The rules are librsync's, so that the commands are, too:
//! - While more than one block length is left the window is one block long; in the last block
//!   length it is everything that is left, so the short last block can match only as a suffix.
//! - A match extends the pending copy if it continues it, else the pending copy or literal is
//!   written. A miss writes the pending copy, or the pending literal once it is full.

use std::ops::Range;

use super::Run;
use super::ahead::Ahead;
use crate::index::Index;
use crate::stats::SearchStats;
use crate::strong::StrongSum;
use crate::weak::RollingSum;

/// Longest literal: what librsync (2.3.3 and later) fits into 64 KiB with its command.
pub(super) const MAX_LITERAL: usize = 65533;

/// The state between two commands. Positions are offsets in the buffer of the encoder.
pub(super) struct Scanner<W> {
    /// Sum of the window at `pos`, if it is known.
    window: Option<W>,
    pos: usize,
    /// Start of the pending literal, which ends at `pos`.
    literal_start: usize,
    /// The pending copy; then the pending literal is empty.
    copy: Option<Range<u64>>,
    ahead: Ahead,
}

impl<W: RollingSum> Scanner<W> {
    pub(super) fn new() -> Self {
        Scanner { window: None, pos: 0, literal_start: 0, copy: None, ahead: Ahead::default() }
    }

    pub(super) fn needed_from(&self) -> usize {
        self.literal_start
    }

    pub(super) fn rebase(&mut self, dropped: usize) {
        self.pos -= dropped;
        self.literal_start -= dropped;
    }

    /// Returns the next thing to write. None asks for more bytes, or says that all is written if
    /// `end` says that the buffer holds the end of the file.
    pub(super) fn next_run(
        &mut self,
        index: &Index,
        buf: &[u8],
        end: bool,
        stats: &mut SearchStats,
    ) -> Option<Run> {
        let block_len = index.params().block_len() as usize;
        loop {
            let left = buf.len() - self.pos;
            if left == 0 && end {
                return self.flush();
            }
            if left <= block_len && !end {
                return None;
            }
            let window = &buf[self.pos..self.pos + left.min(block_len)];
            if let Some((weak, strong)) = self.ahead.next()
                && let Some(block) = self.look_up(weak, || strong, index, stats)
            {
                match self.take_match(block, window.len(), index, buf) {
                    Some(run) => return Some(run),
                    None => continue,
                }
            }
            let mut sum = self.window.take().unwrap_or_else(|| {
                let mut sum = W::new();
                sum.update(window);
                sum
            });
            if left > block_len && self.copy.is_none() {
                self.skip_misses(&mut sum, index, buf, block_len, stats);
            }
            if let Some(run) = self.examine(sum, index, buf, block_len, stats) {
                return Some(run);
            }
        }
    }

    /// Moves on to the next window that the filter lets pass or that needs attention for another
    /// reason; this is where data without a match spends its time.
    #[inline(always)]
    fn skip_misses(
        &mut self,
        sum: &mut W,
        index: &Index,
        buf: &[u8],
        block_len: usize,
        stats: &mut SearchStats,
    ) {
        // The last window stays for `examine`, as does the one at which the literal is full.
        let stop = (buf.len() - block_len - 1).min(self.literal_start + MAX_LITERAL);
        let leaving = &buf[self.pos..stop];
        let entering = &buf[self.pos + block_len..stop + block_len];
        let mut rolling = sum.clone();
        let mut skipped = leaving.len();
        for (i, (&out, &new)) in leaving.iter().zip(entering).enumerate() {
            if index.may_contain(W::HASH.key(rolling.digest())) {
                skipped = i;
                break;
            }
            rolling.rotate(out, new);
        }
        *sum = rolling;
        self.pos += skipped;
        stats.searches += skipped as u64;
    }

    /// Looks the window at `pos` up and moves on: behind the match, or by one byte.
    fn examine(
        &mut self,
        mut sum: W,
        index: &Index,
        buf: &[u8],
        block_len: usize,
        stats: &mut SearchStats,
    ) -> Option<Run> {
        let left = buf.len() - self.pos;
        let window = &buf[self.pos..self.pos + left.min(block_len)];
        let strong = index.params().kind().strong;
        if let Some(block) = self.look_up(sum.digest(), || strong.sum(window), index, stats) {
            return self.take_match(block, window.len(), index, buf);
        }

        let run = if self.copy.is_some() || self.pos - self.literal_start >= MAX_LITERAL {
            self.flush()
        } else {
            None
        };
        if left > block_len {
            sum.rotate(buf[self.pos], buf[self.pos + block_len]);
            self.window = Some(sum);
        } else if left > 1 {
            sum.roll_out(buf[self.pos]);
            self.window = Some(sum);
        }
        self.pos += 1;
        run
    }

    fn look_up(
        &self,
        weak: u32,
        strong: impl FnOnce() -> StrongSum,
        index: &Index,
        stats: &mut SearchStats,
    ) -> Option<u32> {
        stats.searches += 1;
        let key = W::HASH.key(weak);
        if !index.may_contain(key) {
            return None;
        }
        let found = index.find(key, strong, stats);
        stats.matches += u64::from(found.is_some());
        found
    }

    /// Extends the pending copy by the window at `pos`, or starts one, and moves on behind it.
    fn take_match(
        &mut self,
        block: u32,
        window_len: usize,
        index: &Index,
        buf: &[u8],
    ) -> Option<Run> {
        let position = u64::from(block) * u64::from(index.params().block_len());
        let goes_on = matches!(&self.copy, Some(copy) if copy.end == position);
        let run = if goes_on { None } else { self.flush() };
        self.copy.get_or_insert(position..position).end = position + window_len as u64;
        self.pos += window_len;
        self.literal_start = self.pos;
        if goes_on && self.ahead.is_empty() {
            self.ahead.look(index, &buf[self.pos..], block as usize + 1);
        }
        run
    }

    fn flush(&mut self) -> Option<Run> {
        let literal = self.literal_start..self.pos;
        self.literal_start = self.pos;
        match self.copy.take() {
            Some(copy) => Some(Run::Copy(copy)),
            None if literal.is_empty() => None,
            None => Some(Run::Literal(literal)),
        }
    }
}
