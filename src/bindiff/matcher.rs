//! The search: goes along the new bytes, stays with a place of the old bytes as long as that does,
//! and decides where one place is left for another.

use super::compare::{Alike, alike_suffix, common_prefix, differ_by_more};
use super::index::{Index, Lookups};
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

/// So many more bytes must be equal at another place before this one is left for it: what it
/// costs to tell where that is.
const SWITCH_GAIN: usize = 8;
/// So many equal bytes are reason enough to look for no other place.
const STAY: usize = 8;

/// Keys that are looked up together at first.
const FIRST_LOOKUPS: usize = 4;
const GLANCE: usize = 32;

/// The search in one part of the new file.
#[derive(Debug)]
pub(crate) struct Matcher<'a> {
    pub(crate) old: &'a [u8],
    pub(crate) new: &'a [u8],
    pub(crate) index: &'a Index,
    /// In order, not overlapping.
    pub(crate) equals: &'a [Equal],
    /// Where in the old bytes the new ones perhaps begin.
    pub(crate) start: usize,
    pub(crate) glance: usize,
}

/// A place of the old bytes that equals the new ones for a while.
#[derive(Clone, Copy)]
struct Place {
    old: usize,
    len: usize,
}

/// Where the search stands.
#[derive(Default)]
struct Scan {
    /// The next new byte.
    at: usize,
    /// Old position of the place that it stays with, minus the new one.
    shift: isize,
    /// The first of the equal stretches that does not end before `at`.
    equal: usize,
    lookups: Lookups,
    /// How far the bytes from the last place on are alike.
    alike: Alike,
}

impl Scan {
    /// Goes on by bytes that equal the old ones.
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

impl Matcher<'_> {
    /// Appends the stretches that make up the new bytes, without gaps.
    pub(crate) fn run(&self, stretches: &mut Vec<Stretch>) -> Result<()> {
        let mut scan = Scan { shift: self.start as isize, ..Scan::default() };
        let (mut old_start, mut new_start) = (self.start.min(self.old.len()), 0);
        loop {
            let found = self.next_place(&mut scan);
            let behind = &self.new[new_start..scan.at];
            let mut front = scan.alike.len;
            let mut back = found.map_or(0, |place| alike_suffix(behind, &self.old[..place.old]));
            if let Some(place) = found
                && front + back > behind.len()
            {
                let overlap = front + back - behind.len();
                let left = front - overlap;
                let split = best_split(
                    &behind[left..front],
                    &self.old[old_start + left..old_start + front],
                    &self.old[place.old - back..place.old - back + overlap],
                );
                front = left + split;
                back -= split;
            }
            let literal_len = behind.len() - front - back;
            if front + literal_len > 0 {
                reserve(stretches, 1)?;
                stretches.push(Stretch {
                    old: old_start,
                    new: new_start,
                    aligned_len: front,
                    literal_len,
                });
            }
            let Some(place) = found else {
                return Ok(());
            };
            new_start = scan.at - back;
            old_start = place.old - back;
            scan.shift = place.old as isize - scan.at as isize;
            scan.alike = Alike::default();
            scan.alike.push(&self.new[new_start..scan.at], &self.old[old_start..]);
            scan.pass_equal(place.len);
        }
    }

    /// Goes on to where another place is better than the one it stays with.
    fn next_place(&self, scan: &mut Scan) -> Option<Place> {
        while scan.at < self.new.len() {
            let here = &self.new[scan.at..];
            let there = self.old_at(scan.at as isize + scan.shift);
            let equal = self.equal_at(scan);
            if let Some(place) = equal
                && place.old as isize == scan.at as isize + scan.shift
            {
                scan.pass_equal(place.len);
                continue;
            }
            let same = common_prefix(here, there);
            if same >= STAY {
                scan.pass_equal(same);
                continue;
            }
            let glance = GLANCE.min(here.len());
            if !differ_by_more(&here[..glance], there, self.glance) {
                scan.pass(&here[..glance], there);
                continue;
            }
            match equal.or_else(|| self.best_place(scan)) {
                Some(place) if differ_by_more(&here[..place.len], there, SWITCH_GAIN) => {
                    return Some(place);
                }
                Some(place) => scan.pass(&here[..place.len], there),
                None => scan.pass(&here[..1], there),
            }
        }
        None
    }

    /// Returns the place that is known to be equal.
    fn equal_at(&self, scan: &mut Scan) -> Option<Place> {
        let passed = self.equals[scan.equal..].iter();
        scan.equal += passed.take_while(|equal| equal.new + equal.len <= scan.at).count();
        let equal = self.equals.get(scan.equal).filter(|equal| equal.new <= scan.at)?;
        let inside = scan.at - equal.new;
        Some(Place { old: equal.old + inside, len: equal.len - inside })
    }

    fn best_place(&self, scan: &mut Scan) -> Option<Place> {
        let slots = match scan.lookups.at(scan.at) {
            Some(slots) => slots,
            None => {
                // Where nothing was found it may go on so.
                let len = if scan.lookups.end_at(scan.at) { Lookups::MAX } else { FIRST_LOOKUPS };
                self.index.look_up(self.new, scan.at, len, &mut scan.lookups);
                scan.lookups.at(scan.at)?
            }
        };
        if slots.is_empty() {
            return None;
        }
        let here = &self.new[scan.at..];
        let expected = scan.at as isize + scan.shift;
        let mut best: Option<Place> = None;
        for old in self.index.positions(slots) {
            let len = common_prefix(here, &self.old[old..]);
            let distance = |old: usize| (old as isize - expected).unsigned_abs();
            if best.is_none_or(|best| (len, distance(best.old)) > (best.len, distance(old))) {
                best = Some(Place { old, len });
            }
        }
        best.filter(|best| best.len >= self.index.key_len())
    }

    /// The old bytes from a position that perhaps does not exist.
    fn old_at(&self, position: isize) -> &[u8] {
        usize::try_from(position).ok().and_then(|position| self.old.get(position..)).unwrap_or(&[])
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
