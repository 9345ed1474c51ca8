//! The search: goes along the new bytes, stays with a place of the old bytes as long as that does,
//! and decides where one place is left for another.

use super::buckets::Lookups;
use super::compare::{Alike, alike_suffix, common_prefix, differ_by_more};
use super::index::Index;
use super::rows::Rows;
use crate::error::{Result, reserve};

/// A stretch of new bytes and the old bytes it lies along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) old: usize,
    pub(crate) new: usize,
    /// Bytes of both that are alike.
    pub(crate) aligned_len: usize,
    /// New bytes behind them that are like nothing.
    pub(crate) literal_len: usize,
}

/// A stretch of new bytes that is known to equal old bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Equal {
    pub(crate) old: usize,
    pub(crate) new: usize,
    pub(crate) len: usize,
}

/// So many equal bytes are reason enough to look for no other place.
const STAY: usize = 8;
/// Bytes in which few may differ for that to be reason enough, too.
const NEAR: usize = 32;
/// So many equal bytes are a better place than the row of a table.
const ROW_OR_EQUAL: usize = 64;
/// Where so many more bytes differ than are equal, they are no difference but new, even if the
/// old bytes go on behind them: with so many equal ones.
const MAX_LOST: i64 = 32;
const RESUME: usize = 32;
/// Bytes before a place that may be looked at, in sum: so many for each that was passed, and some
/// more at the start.
const MAX_LOOK_BACK: usize = 4;
const FIRST_LOOK_BACK: usize = 64 << 10;
/// Bytes that are passed at once where nothing is indexed.
const LOST: usize = 64;

/// When the search leaves a place for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// No other place is looked for where no more than so many of the next 32 bytes differ.
    pub(crate) tolerance: usize,
    /// More equal bytes than so many must be at the other place.
    pub(crate) gain: usize,
    /// How far the rows of tables are followed, of which few bytes may be equal.
    pub(crate) rows_reach: Option<usize>,
}

/// The search in a part of the new file.
pub(crate) struct Matcher<'a> {
    old: &'a [u8],
    new: &'a [u8],
    /// In order, not overlapping; those that end before `scan.at` are dropped.
    equals: &'a [Equal],
    patience: Patience,
    rows: Option<Rows>,
    /// Where the stretch that is not finished begins in both.
    old_start: usize,
    new_start: usize,
    scan: Scan,
}

/// A place of the old bytes that equals the new ones for a while, or is as good.
#[derive(Clone, Copy)]
struct Place {
    old: usize,
    len: usize,
}

/// Where the search stands.
#[derive(Default)]
struct Scan {
    /// The first new byte.
    start: usize,
    /// The next one.
    at: usize,
    /// Old position of the place that it stays with, minus the new one.
    shift: isize,
    lookups: Lookups,
    /// How far the bytes from the last place on are alike.
    alike: Alike,
    /// Bytes before places that were found alike, of all places.
    looked_back: usize,
}

impl Scan {
    /// Returns where the place that it stays with goes on.
    fn expected(&self) -> usize {
        self.at.wrapping_add_signed(self.shift)
    }

    /// Goes on by bytes that equal the old ones, or are as good.
    fn pass_equal(&mut self, len: usize) {
        self.alike.push_equal(len);
        self.at += len;
    }

    /// Goes on by bytes that perhaps do not equal the old ones `there`.
    fn pass(&mut self, bytes: &[u8], there: &[u8]) {
        self.alike.push(bytes, there);
        self.at += bytes.len();
    }
}

impl<'a> Matcher<'a> {
    /// Begins at the first of the new bytes and of the old ones.
    pub(crate) fn new(
        old: &'a [u8],
        new: &'a [u8],
        equals: &'a [Equal],
        patience: Patience,
    ) -> Self {
        let scan = Scan::default();
        let rows = patience.rows_reach.map(|reach| Rows::new(reach, 0));
        Matcher { old, new, equals, patience, rows, old_start: 0, new_start: 0, scan }
    }

    /// Begins elsewhere: with the new bytes from `new_start` on, which perhaps lie along the old ones
    /// from `old_start` on.
    pub(crate) fn at(mut self, old_start: usize, new_start: usize) -> Self {
        self.old_start = old_start.min(self.old.len());
        self.new_start = new_start;
        self.rows = self.patience.rows_reach.map(|reach| Rows::new(reach, new_start));
        self.scan.start = new_start;
        self.scan.at = new_start;
        self.scan.shift = self.old_start as isize - new_start as isize;
        self
    }

    /// Searches as far as `until`, or beyond if a match goes on there, with the help of an index.
    /// Appends the stretches that are finished; at the end of the new bytes all are.
    pub(crate) fn run(
        &mut self,
        index: &Index,
        until: usize,
        stretches: &mut Vec<Stretch>,
    ) -> Result<()> {
        self.scan.lookups = Lookups::default();
        while let Some(place) = self.next_place(index, until) {
            self.finish_stretch(Some(place), stretches)?;
        }
        if until == self.new.len() {
            self.finish_stretch(None, stretches)?;
        }
        Ok(())
    }

    /// Finishes the stretch before `scan.at`, where the next lies along the old bytes at `next`.
    fn finish_stretch(&mut self, next: Option<Place>, stretches: &mut Vec<Stretch>) -> Result<()> {
        let Matcher { old, new, old_start, new_start, ref rows, ref mut scan, .. } = *self;
        let behind = &new[new_start..scan.at];
        let mut front = scan.alike.len;
        // Of data that repeats itself each place may be alike as far as one looks back.
        let allowed = MAX_LOOK_BACK * (scan.at - scan.start) + FIRST_LOOK_BACK;
        let reach = (allowed - scan.looked_back).min(behind.len());
        let near = &behind[behind.len() - reach..];
        let mut back = next.map_or(0, |place| alike_suffix(near, &old[..place.old]));
        scan.looked_back += back;
        if let Some(place) = next
            && front + back > behind.len()
        {
            let overlap = front + back - behind.len();
            let left = front - overlap;
            let bytes = &behind[left..front];
            let before = &old[old_start + left..][..overlap];
            let after = &old[place.old - back..][..overlap];
            let mut split = best_split(bytes, before, after);
            if let Some(rows) = rows
                && let Some(near) = rows.better_split(new_start + left, bytes, before, after, split)
            {
                let [bytes, before, after] = [bytes, before, after].map(|all| &all[near.clone()]);
                split = near.start + best_split(bytes, before, after);
            }
            front = left + split;
            back -= split;
        }
        let literal_len = behind.len() - front - back;
        if front + literal_len > 0 {
            reserve(stretches, 1)?;
            let (old, new) = (old_start, new_start);
            stretches.push(Stretch { old, new, aligned_len: front, literal_len });
        }
        if let Some(place) = next {
            self.new_start = scan.at - back;
            self.old_start = place.old - back;
            scan.shift = place.old as isize - scan.at as isize;
            scan.alike = Alike::default();
            scan.alike.push(&new[self.new_start..scan.at], &old[self.old_start..]);
            scan.pass_equal(place.len);
        }
        Ok(())
    }

    /// Goes on to where another place is better than the one it stays with.
    fn next_place(&mut self, index: &Index, until: usize) -> Option<Place> {
        let Matcher { old, new, patience, .. } = *self;
        while self.scan.at < until {
            let at = self.scan.at;
            let here = &new[at..];
            let expected = self.scan.expected();
            let there = old.get(expected..).unwrap_or(&[]);
            let equal = self.equal_place();
            let same = match equal {
                Some(place) if place.old == expected => place.len,
                _ => common_prefix(here, there),
            };
            if same >= RESUME && self.scan.alike.lost() > MAX_LOST {
                return Some(Place { old: expected, len: same });
            }
            if same >= STAY {
                self.scan.pass_equal(same);
                continue;
            }
            let near = &here[..NEAR.min(here.len())];
            if !differ_by_more(near, there, patience.tolerance) {
                self.scan.pass(near, there);
                continue;
            }
            if equal.is_none()
                && let Some(rows) = &mut self.rows
                && let Some(block) = rows.block(old, new, at, self.scan.shift)
            {
                if block.shift != self.scan.shift {
                    let place = at.wrapping_add_signed(block.shift);
                    let row = Place { old: place, len: block.len };
                    // So many equal bytes are better than rows that are alike.
                    let equal = self.best_place(index).filter(|equal| equal.len >= ROW_OR_EQUAL);
                    return Some(equal.unwrap_or(row));
                }
                self.scan.pass_equal(block.len);
                continue;
            }
            match equal.or_else(|| self.best_place(index)) {
                Some(place) if differ_by_more(&here[..place.len], there, patience.gain) => {
                    return Some(place);
                }
                Some(place) => self.scan.pass(&here[..place.len], there),
                None => {
                    let lost = self.lost_len(index, here, there).min(until - at);
                    self.scan.pass(&here[..lost], there);
                }
            }
        }
        None
    }

    /// Returns for how many bytes it is known that nothing is found, where that is so for the first.
    fn lost_len(&self, index: &Index, here: &[u8], there: &[u8]) -> usize {
        let at = self.scan.at;
        let known = if index.is_empty() { LOST } else { self.scan.lookups.next_found(at + 1) - at };
        let known = known.min(here.len());
        let known = self.equals.first().map_or(known, |equal| known.min(equal.new - at));
        let near = &here[1..here.len().min(known + STAY)];
        let mut words = near.windows(STAY).zip(there.get(1..).unwrap_or(&[]).windows(STAY));
        words.position(|(here, there)| here == there).map_or(known, |same| known.min(1 + same))
    }

    /// Returns the place that is known to be equal.
    fn equal_place(&mut self) -> Option<Place> {
        let at = self.scan.at;
        let passed = self.equals.iter().take_while(|equal| equal.new + equal.len <= at).count();
        self.equals = &self.equals[passed..];
        let equal = self.equals.first().filter(|equal| equal.new <= at)?;
        let inside = at - equal.new;
        Some(Place { old: equal.old + inside, len: equal.len - inside })
    }

    /// Returns the place where the index finds most equal bytes.
    fn best_place(&mut self, index: &Index) -> Option<Place> {
        if index.is_empty() {
            return None;
        }
        let Matcher { old, new, scan, .. } = self;
        let expected = scan.expected();
        let mut best: Option<Place> = None;
        for position in index.positions(new, scan.at, &mut scan.lookups) {
            let len = common_prefix(&new[scan.at..], &old[position..]);
            if best.is_none_or(|best| {
                (len, best.old.abs_diff(expected)) > (best.len, position.abs_diff(expected))
            }) {
                best = Some(Place { old: position, len });
            }
        }
        best.filter(|best| best.len >= index.key_len())
    }
}

/// Returns how many of the bytes are better laid along `before`, and the rest along `behind`.
fn best_split(bytes: &[u8], before: &[u8], behind: &[u8]) -> usize {
    let (mut score, mut best, mut best_len) = (0i64, 0, 0);
    for (at, byte) in bytes.iter().enumerate() {
        score += i64::from(*byte == before[at]) - i64::from(*byte == behind[at]);
        if score > best {
            best = score;
            best_len = at + 1;
        }
    }
    best_len
}
