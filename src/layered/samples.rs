//! Samples of the old file: short strings at regular positions, by which equal stretches are found.
//!
//! The longer the file, the farther apart the samples, so their number is bounded. Every position of
//! the new file may be looked up, so a stretch is found if it holds one sample wherever it lies.

use crate::bindiff::{Buckets, mix};
use crate::error::Result;

/// Samples with one hash that are kept.
const WAYS: usize = 4;

/// The samples of a file.
#[derive(Debug)]
pub(super) struct Samples {
    table: Buckets<WAYS>,
    stride: u64,
    /// Hash of the last sample.
    last: Option<u64>,
}

impl Samples {
    /// Bytes of a sample.
    pub(super) const LEN: usize = 32;
    const MAX: u64 = 8 << 20;

    /// Makes room for the samples of a file of so many bytes.
    pub(super) fn new(len: u64) -> Result<Self> {
        let stride = len.div_ceil(Self::MAX).next_power_of_two().max(Self::LEN as u64);
        let number = (len / stride) as usize;
        let mut table = Buckets::new();
        table.reset(number, number)?;
        Ok(Samples { table, stride, last: None })
    }

    /// Returns how far samples lie apart.
    pub(super) fn stride(&self) -> usize {
        self.stride as usize
    }

    /// Takes the samples of the next bytes, which begin at a multiple of the stride and end at one,
    /// or with the file.
    pub(super) fn add(&mut self, position: u64, bytes: &[u8]) {
        for (number, cell) in bytes.chunks(self.stride as usize).enumerate() {
            if cell.len() < Self::LEN {
                break;
            }
            let hash = hash(&cell[..Self::LEN]);
            // The first sample of a run of equal bytes finds the longest match.
            if self.last != Some(hash) {
                self.table.insert(hash, (position / self.stride) as u32 + number as u32);
            }
            self.last = Some(hash);
        }
    }

    /// Returns the positions of samples that perhaps equal the bytes, [`Samples::LEN`] of them.
    pub(super) fn positions(&self, bytes: &[u8]) -> impl Iterator<Item = u64> {
        self.table
            .numbers(self.table.slots(self.table.fetch(hash(bytes))))
            .map(|number| u64::from(number) * self.stride)
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    mix(mix(word(0), word(8)) ^ word(16), word(24))
}
