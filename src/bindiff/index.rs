//! Where short strings of the old bytes lie: every few positions, by a hash of the bytes there.

use std::ops::Range;

use super::buckets::{Batch, Buckets, Fetched, Slots};
use super::compare::word;
use crate::error::Result;

/// Numbers with one hash that are kept.
const WAYS: usize = 8;

/// What was found for the keys at some neighbouring positions.
#[derive(Debug, Default)]
pub(crate) struct Lookups {
    start: usize,
    len: usize,
    slots: [Slots; Lookups::MAX],
}

impl Lookups {
    pub(crate) const MAX: usize = 16;

    /// Returns what was found for the key at a position, if that was looked up.
    pub(crate) fn at(&self, position: usize) -> Option<Slots> {
        let behind = position.checked_sub(self.start).filter(|&behind| behind < self.len)?;
        Some(self.slots[behind])
    }

    /// Returns true if `position` is the next behind these.
    pub(crate) fn end_at(&self, position: usize) -> bool {
        self.len > 0 && position == self.start + self.len
    }
}

/// Positions of the old bytes by the hash of `key_len` bytes there.
#[derive(Debug)]
pub(crate) struct Index {
    table: Buckets<WAYS>,
    stride: usize,
    key_len: usize,
}

impl Index {
    /// Makes an empty index. A key has 8 to 16 bytes.
    pub(crate) fn new(stride: usize, key_len: usize) -> Self {
        debug_assert!((8..=16).contains(&key_len));
        Index { table: Buckets::new(), stride, key_len }
    }

    /// Indexes these ranges of the old bytes in place of what was indexed before.
    pub(crate) fn build(
        &mut self,
        old: &[u8],
        ranges: &[Range<usize>],
        batch: &mut Batch,
    ) -> Result<()> {
        let Index { stride, key_len, .. } = *self;
        let entries = ranges.iter().map(|range| range.len() / stride + 1).sum();
        self.table.reset(entries, old.len() / stride + 2)?;
        batch.reset(entries)?;
        for range in ranges {
            let mut last = None;
            let end = range.end.min((old.len() + 1).saturating_sub(key_len));
            for position in (range.start.next_multiple_of(stride)..end).step_by(stride) {
                let hash = self.hash(old, position);
                // Of a run of equal bytes only the first position is of use: the match there is
                // the longest.
                if last == Some(hash) {
                    continue;
                }
                last = Some(hash);
                self.table.prepare(hash, (position / stride) as u32, batch);
                if batch.is_full() {
                    self.table.insert_all(batch);
                }
            }
        }
        self.table.insert_all(batch);
        Ok(())
    }

    /// Looks up the keys at `at` and behind, at least as many as there are before `until`.
    pub(crate) fn look_up(&self, bytes: &[u8], at: usize, len: usize, lookups: &mut Lookups) {
        let whole = (bytes.len() + 1).saturating_sub(at + self.key_len);
        lookups.start = at;
        lookups.len = len.min(whole).min(Lookups::MAX);
        let mut fetched = [Fetched::default(); Lookups::MAX];
        let fetched = &mut fetched[..lookups.len];
        for (behind, fetched) in fetched.iter_mut().enumerate() {
            *fetched = self.table.fetch(self.hash(bytes, at + behind));
        }
        for (slots, &fetched) in lookups.slots.iter_mut().zip(&*fetched) {
            *slots = self.table.slots(fetched);
        }
    }

    /// Returns the old positions that were found for a key.
    pub(crate) fn positions(&self, slots: Slots) -> impl Iterator<Item = usize> {
        self.table.numbers(slots).map(|number| number as usize * self.stride)
    }

    pub(crate) fn key_len(&self) -> usize {
        self.key_len
    }

    fn hash(&self, bytes: &[u8], at: usize) -> u64 {
        mix(word(bytes, at), word(bytes, at + self.key_len - 8))
    }
}

/// Returns a hash of 16 bytes with good upper and lower halves.
pub(crate) fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ 0x9E37_79B9_7F4A_7C15) * u128::from(b ^ 0xC2B2_AE3D_27D4_EB4F);
    let folded = (product >> 64) as u64 ^ product as u64;
    folded.wrapping_mul(0xD6E8_FEB8_6659_FD93)
}
