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
use super::repeats::Repeats;
use crate::index::Index;
use crate::simd::Simd;
use crate::simd::scan::Stretch;
use crate::stats::SearchStats;
use crate::strong::StrongSum;
use crate::weak::RollingSum;

/// Longest literal: what librsync (2.3.3 and later) fits into 64 KiB with its command.
pub(crate) const MAX_LITERAL: usize = 65533;
/// Windows that are rolled over at once before it shows that no match is near.
const FIRST_STRETCH: usize = 256;

/// The state between two commands. Positions are offsets in the buffer of the encoder.
pub(super) struct Scanner<W> {
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
    repeats: Repeats,
    stretch: Stretch,
    simd: Simd,
}

impl<W: RollingSum> Scanner<W> {
    /// Starts a search with the window at `pos`.
    pub(super) fn at(simd: Simd, pos: usize) -> Self {
        Scanner {
            window: None,
            pos,
            literal_start: pos,
            copy: None,
            expects_match: false,
            ahead: Ahead::new(),
            repeats: Repeats::new(),
            stretch: Stretch::new(),
            simd,
        }
    }

    /// Returns where the next window is.
    pub(super) fn pos(&self) -> usize {
        self.pos
    }

    pub(super) fn needed_from(&self) -> usize {
        self.literal_start
    }

    pub(super) fn rebase(&mut self, dropped: usize) {
        self.pos -= dropped;
        self.literal_start -= dropped;
        self.repeats.rebase(dropped);
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
                Some((weak, strong)) => {
                    stats.searches += 1;
                    (None, find(W::HASH.index_key(weak), || Some(strong), index, stats))
                }
                None => {
                    let mut sum = self.window.take().unwrap_or_else(|| self.sum(buf, block_len));
                    let found = self.search(&mut sum, index, buf, stats);
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

    /// Looks the window at `pos` up, and then those that follow until one matches or the next miss
    /// needs attention; this is where data without a match spends its time.
    fn search(
        &mut self,
        sum: &mut W,
        index: &Index,
        buf: &[u8],
        stats: &mut SearchStats,
    ) -> Option<u32> {
        let block_len = index.params().block_len() as usize;
        stats.searches += 1;
        let simd = self.simd;
        if let found @ Some(_) =
            look_up::<W>(self.pos, sum.digest(), &mut self.repeats, index, buf, simd, stats)
        {
            return found;
        }
        let stop = match &self.copy {
            // A literal is written once it is full, and behind the last whole window but one the
            // window gets shorter.
            None => (self.literal_start + MAX_LITERAL).min(buf.len().saturating_sub(block_len + 1)),
            // A miss ends the copy.
            Some(_) => self.pos,
        };
        let mut len = FIRST_STRETCH;
        while self.pos < stop {
            len = len.min(stop - self.pos);
            let leaving = &buf[self.pos..][..len];
            let entering = &buf[self.pos + block_len..][..len];
            self.stretch.roll(sum, leaving, entering, index.filter(), simd);
            for (passed, weak) in self.stretch.candidates() {
                let pos = self.pos + passed + 1;
                let found = look_up::<W>(pos, weak, &mut self.repeats, index, buf, simd, stats);
                if found.is_some() {
                    stats.searches += passed as u64 + 1;
                    self.pos = pos;
                    return found;
                }
            }
            stats.searches += len as u64;
            self.pos += len;
            let last_known = self.repeats.known_until().min(stop + 1).saturating_sub(1);
            if last_known > self.pos {
                stats.searches += (last_known - self.pos) as u64;
                self.pos = last_known;
                *sum = self.sum(buf, block_len);
            }
            len = (2 * len).min(Stretch::MAX_LEN);
        }
        None
    }

    /// Extends the pending copy by the window at `pos`, or starts one, and moves on behind it.
    fn take_match(&mut self, block: u32, index: &Index, buf: &[u8]) -> Option<Run> {
        let block_len = index.params().block_len();
        let window_len = self.window(buf, block_len as usize).len();
        let position = u64::from(block) * u64::from(block_len);
        self.expects_match = self.copy.is_some();
        self.repeats.matched();
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

    /// Returns the pending copy or literal, if there is one.
    pub(super) fn flush(&mut self) -> Option<Run> {
        let literal = self.literal_start..self.pos;
        self.literal_start = self.pos;
        match self.copy.take() {
            Some(copy) => Some(Run::Copy(copy)),
            None if literal.is_empty() => None,
            None => Some(Run::Literal(literal)),
        }
    }
}

/// Returns the first block that equals the window at `pos`.
fn look_up<W: RollingSum>(
    pos: usize,
    weak: u32,
    repeats: &mut Repeats,
    index: &Index,
    buf: &[u8],
    simd: Simd,
    stats: &mut SearchStats,
) -> Option<u32> {
    let block_len = index.params().block_len() as usize;
    let mut in_vain = false;
    let strong = || {
        in_vain = !repeats.is_known(pos, weak, buf, block_len);
        let window = &buf[pos..buf.len().min(pos + block_len)];
        in_vain.then(|| index.params().kind().strong.sum_with(simd, window))
    };
    let found = find(W::HASH.index_key(weak), strong, index, stats);
    if in_vain && found.is_none() {
        repeats.missed(pos, weak);
    }
    found
}

fn find(
    key: u32,
    strong: impl FnOnce() -> Option<StrongSum>,
    index: &Index,
    stats: &mut SearchStats,
) -> Option<u32> {
    if !index.may_contain(key) {
        return None;
    }
    let found = index.find(key, strong, stats);
    stats.matches += u64::from(found.is_some());
    found
}
