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
use crate::simd::Simd;
use crate::stats::SearchStats;
use crate::strong::StrongSum;
use crate::weak::RollingSum;

/// Longest literal: what librsync (2.3.3 and later) fits into 64 KiB with its command.
pub(super) const MAX_LITERAL: usize = 65533;

/// The state between two commands. Positions are offsets in the buffer of the encoder.
pub(super) struct Scanner<W> {
    simd: Simd,
    /// Sum of the window at `pos`, if it is known.
    window: Option<W>,
    pos: usize,
    /// Start of the pending literal, which ends at `pos`.
    literal_start: usize,
    /// The pending copy; then the pending literal is empty.
    copy: Option<Range<u64>>,
    /// The last two windows matched, so the next ones may.
    expects_match: bool,
    ahead: Ahead,
}

impl<W: RollingSum> Scanner<W> {
    pub(super) fn new(simd: Simd) -> Self {
        Scanner {
            simd,
            window: None,
            pos: 0,
            literal_start: 0,
            copy: None,
            expects_match: false,
            ahead: Ahead::new(),
        }
    }

    pub(super) fn needed_from(&self) -> usize {
        self.literal_start
    }

    /// Returns how many bytes are in the buffer from the next window on.
    pub(super) fn unsearched(&self, buf: &[u8]) -> usize {
        buf.len() - self.pos
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
            if self.expects_match && self.ahead.is_empty() {
                self.ahead.look(self.simd, index, &buf[self.pos..]);
            }
            self.expects_match = false;
            let known = self.ahead.next();
            let (sum, found) = match known {
                Some((weak, strong)) => (None, self.look_up(weak, || strong, index, stats)),
                None => {
                    let mut sum = self.window.take().unwrap_or_else(|| self.sum(buf, block_len));
                    if left > block_len && self.copy.is_none() {
                        self.skip_misses(&mut sum, index, buf, block_len, stats);
                    }
                    let window = self.window(buf, block_len);
                    let strong = || index.params().kind().strong.sum(window);
                    let found = self.look_up(sum.digest(), strong, index, stats);
                    (Some(sum), found)
                }
            };
            let run = match found {
                Some(block) => self.take_match(block, index, buf),
                None => {
                    let sum = sum.unwrap_or_else(|| {
                        self.ahead.missed();
                        self.sum(buf, block_len)
                    });
                    self.take_miss(sum, buf, block_len)
                }
            };
            if run.is_some() {
                return run;
            }
        }
    }

    /// Returns the window at `pos`: a block length, or all that is left.
    fn window<'a>(&self, buf: &'a [u8], block_len: usize) -> &'a [u8] {
        &buf[self.pos..buf.len().min(self.pos + block_len)]
    }

    fn sum(&self, buf: &[u8], block_len: usize) -> W {
        let mut sum = W::new();
        sum.update(self.simd, self.window(buf, block_len));
        sum
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
        // The last window stays for the look-up, as does the one at which the literal is full.
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
    fn take_match(&mut self, block: u32, index: &Index, buf: &[u8]) -> Option<Run> {
        let block_len = index.params().block_len();
        let window_len = self.window(buf, block_len as usize).len();
        let position = u64::from(block) * u64::from(block_len);
        self.expects_match = self.copy.is_some();
        let run = match &self.copy {
            Some(copy) if copy.end == position => None,
            _ => self.flush(),
        };
        self.copy.get_or_insert(position..position).end = position + window_len as u64;
        self.pos += window_len;
        self.literal_start = self.pos;
        run
    }

    /// Adds the byte at `pos` to the pending literal and moves on by one.
    fn take_miss(&mut self, mut sum: W, buf: &[u8], block_len: usize) -> Option<Run> {
        let is_full = self.pos - self.literal_start >= MAX_LITERAL;
        let run = if self.copy.is_some() || is_full { self.flush() } else { None };
        let left = buf.len() - self.pos;
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
