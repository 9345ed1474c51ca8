//! Rows of tables. What points to things that moved together differs by the same number everywhere,
//! so the old row of a new one is told by differences that recur: of equal bytes other rows have
//! as many.

use std::ops::Range;

use super::compare::work;
use crate::simd::Simd;
use crate::simd::words::{CONTEXT_LEN, GROUP_LEN, WORD, count_new_halves, count_surprises};

/// Bytes and words that are judged at once.
const BLOCK_LEN: usize = 4 * GROUP_LEN;
const BLOCK: usize = BLOCK_LEN / WORD;

/// A block with no more surprises goes on where it is, and with no more than the fewer of them
/// no other place is looked for.
const MAX_HERE: usize = BLOCK / 6;
const FEW_HERE: usize = BLOCK / 16;
/// A block with no more surprises, and half as many as where it is at most, goes on elsewhere.
const MAX_ELSEWHERE: usize = BLOCK / 3;

/// Numbers of a table are near each other: a block with more new upper halves is of none.
const MAX_HALVES: usize = BLOCK * 3 / 8;

/// Places are parted elsewhere than equal bytes say for more surprises less.
const MIN_SPLIT_GAIN: i64 = BLOCK as i64 / 8;

/// How long a shift must have held to be returned to.
const HOME_LEN: usize = 4 << 10;
/// Bytes for which no block is judged after one that is no table.
const PAUSE: usize = 256;
/// Bytes for which no other place is looked for after that was in vain: twice as many each time.
const MIN_SEARCH_PAUSE: usize = 64;
const MAX_SEARCH_PAUSE: usize = 2 << 10;
/// Bytes that must be passed for each search, and searches at the start: there is data in which each
/// block moved.
const SEARCH_COST: usize = 1 << 10;
const FIRST_SEARCHES: usize = 64;

/// Follows rows along the new bytes.
#[derive(Debug)]
pub(super) struct Rows {
    simd: Simd,
    /// How far from where they are expected rows are looked for.
    reach: usize,
    /// New positions before which no block is judged, and no other place looked for.
    judge_from: usize,
    search_from: usize,
    search_pause: usize,
    /// Bytes passed that were not used for searches, and where they end.
    credit: usize,
    passed: usize,
    /// The shift of the last block, and for how many bytes it has held.
    shift: isize,
    held: usize,
    /// The last shift that held for long.
    home: Option<isize>,
}

/// New bytes that belong to a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Old position minus new one.
    pub(super) shift: isize,
    pub(super) len: usize,
}

impl Rows {
    /// Begins at a new position.
    pub(super) fn new(reach: usize, start: usize) -> Self {
        Rows {
            simd: Simd::best(),
            reach,
            judge_from: 0,
            search_from: 0,
            search_pause: 0,
            credit: FIRST_SEARCHES * SEARCH_COST,
            passed: start,
            shift: 0,
            held: 0,
            home: None,
        }
    }

    /// Returns the block at `at` if it belongs to a table, which most likely goes on with the same
    /// shift.
    pub(super) fn block(
        &mut self,
        old: &[u8],
        new: &[u8],
        at: usize,
        shift: isize,
    ) -> Option<Block> {
        if at < self.judge_from {
            return None;
        }
        let start = at - at % WORD;
        let new_block = block_at(new, start)?;
        self.credit += at - self.passed;
        self.passed = at;
        let searches = at >= self.search_from && self.credit >= SEARCH_COST;
        let most = if searches { BLOCK } else { MAX_HERE };
        let here = self.surprises(new_block, old, start, shift, most).unwrap_or(BLOCK);
        let goes_on = here <= MAX_HERE;
        let mut moved = None;
        if searches && here > FEW_HERE && (goes_on || count_new_halves(new_block) <= MAX_HALVES) {
            self.credit -= SEARCH_COST;
            moved = self.search(new_block, old, start, shift, MAX_ELSEWHERE.min(here / 2));
            self.search_pause = match moved {
                Some(_) => 0,
                None => (2 * self.search_pause).clamp(MIN_SEARCH_PAUSE, MAX_SEARCH_PAUSE),
            };
            self.search_from = at + self.search_pause;
        }
        let Some(shift) = moved.or(goes_on.then_some(shift)) else {
            self.judge_from = at + PAUSE;
            return None;
        };
        let len = start + BLOCK_LEN - at;
        self.held = if shift == self.shift { self.held + len } else { len };
        self.shift = shift;
        if self.held >= HOME_LEN {
            self.home = Some(shift);
        }
        Some(Block { shift, len })
    }

    /// Returns the shift near the one that is expected, or near home, with the fewest surprises;
    /// None if none has as few as `most`.
    fn search(
        &self,
        new_block: &[u8],
        old: &[u8],
        start: usize,
        expected: isize,
        mut most: usize,
    ) -> Option<isize> {
        let mut best = None;
        for center in self.home.into_iter().chain([expected]) {
            for distance in (0..=self.reach as isize).step_by(WORD) {
                for shift in [center - distance, center + distance] {
                    match self.surprises(new_block, old, start, shift, most) {
                        Some(0) => return Some(shift),
                        Some(found) if found <= most => {
                            most = found - 1;
                            best = Some(shift);
                        }
                        _ => {}
                    }
                }
            }
        }
        best
    }

    fn surprises(
        &self,
        new_block: &[u8],
        old: &[u8],
        start: usize,
        shift: isize,
        most: usize,
    ) -> Option<usize> {
        let old_block = block_at(old, start.checked_add_signed(shift)?)?;
        // A kernel takes it at once.
        work::add(1);
        Some(count_surprises(new_block, old_block, most, self.simd))
    }

    /// Returns a range of the bytes, which begin at `start` of the new ones, in which it is better to
    /// leave one place for the other than at `split`, where equal bytes say so; None if it is not.
    pub(super) fn better_split(
        &self,
        start: usize,
        bytes: &[u8],
        before: &[u8],
        behind: &[u8],
        split: usize,
    ) -> Option<Range<usize>> {
        let mut at = start.wrapping_neg() % WORD + CONTEXT_LEN;
        let mut best = 0..at + GROUP_LEN;
        let (mut score, mut best_score, mut split_score) = (0, 0, 0);
        while at + GROUP_LEN <= bytes.len() {
            let group = at - CONTEXT_LEN..at + GROUP_LEN;
            let surprises = |place: &[u8]| {
                let (new, old) = (&bytes[group.clone()], &place[group.clone()]);
                work::add(1);
                count_surprises(new, old, BLOCK, self.simd) as i64
            };
            score += surprises(behind) - surprises(before);
            if score > best_score {
                best_score = score;
                best = at..(at + 2 * GROUP_LEN).min(bytes.len());
            }
            at += GROUP_LEN;
            if at <= split {
                split_score = score;
            }
        }
        (best_score > split_score + MIN_SPLIT_GAIN).then_some(best)
    }
}

/// Returns a block and its context.
fn block_at(bytes: &[u8], start: usize) -> Option<&[u8]> {
    bytes.get(start.checked_sub(CONTEXT_LEN)?..start.checked_add(BLOCK_LEN)?)
}
