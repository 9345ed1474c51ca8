//! Where short strings of the old bytes lie: every few positions, by a hash of the bytes there.

use std::ops::Range;

use super::buckets::{Batch, Buckets, Lookups};
use super::compare::word;
use crate::error::Result;

/// Numbers with one hash that are kept.
const WAYS: usize = 8;

/// Positions of the old bytes by the hash of `key_len` bytes there.
#[derive(Debug)]
pub(crate) struct Index {
    table: Buckets<WAYS>,
    /// Positions that were to be indexed.
    entries: usize,
    stride: usize,
    key_len: usize,
}

impl Index {
    /// Makes an empty index. A key has 8 to 16 bytes.
    pub(crate) fn new(stride: usize, key_len: usize) -> Self {
        debug_assert!((8..=16).contains(&key_len));
        Index { table: Buckets::new(), entries: 0, stride, key_len }
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
        self.entries = entries;
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

    /// Returns true if nothing is indexed.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Returns the old positions that are found for the key at `at`; there may be others among them.
    pub(crate) fn positions(
        &self,
        bytes: &[u8],
        at: usize,
        lookups: &mut Lookups,
    ) -> impl Iterator<Item = usize> {
        if lookups.at(at).is_none() {
            let end = (bytes.len() + 1).saturating_sub(self.key_len);
            self.table.look_up(at, end, |at| self.hash(bytes, at), lookups);
        }
        let slots = lookups.at(at).unwrap_or_default();
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
