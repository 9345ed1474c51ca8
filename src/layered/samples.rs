//! Samples of the old file: short strings at regular positions, by which equal stretches are found.
//!
//! The longer the file, the farther apart the samples, so their number is bounded. Every position of
//! the new file may be looked up, so a stretch is found if it holds one sample wherever it lies.

use crate::bindiff::{Batch, Buckets, Lookups, mix};
use crate::error::Result;

/// Samples with one hash that are kept.
const WAYS: usize = 4;

/// The samples of a file.
#[derive(Debug)]
pub(super) struct Samples {
    table: Buckets<WAYS>,
    stride: u64,
}

impl Samples {
    /// Bytes of a sample.
    pub(super) const LEN: usize = 32;
    const MIN_STRIDE: u64 = 32;
    /// As many bytes as are read at once. What lies behind 4 TiB has no samples.
    const MAX_STRIDE: u64 = 1 << 20;
    const MAX_NUMBER: u64 = 4 << 20;

    /// Returns how far samples lie apart.
    pub(super) fn stride(&self) -> usize {
        self.stride as usize
    }

    /// Returns where samples perhaps equal the bytes at `at`, of which there must be
    /// [`Samples::LEN`].
    pub(super) fn positions(
        &self,
        bytes: &[u8],
        at: usize,
        lookups: &mut Lookups,
    ) -> impl Iterator<Item = u64> {
        if lookups.at(at).is_none() {
            let end = (bytes.len() + 1).saturating_sub(Self::LEN);
            self.table.look_up(at, end, |at| hash(&bytes[at..at + Self::LEN]), lookups);
        }
        let slots = lookups.at(at).unwrap_or_default();
        self.table.numbers(slots).map(|number| u64::from(number) * self.stride)
    }
}

/// Samples of a file that is being read.
pub(super) struct Sampler {
    samples: Samples,
    batch: Batch,
    /// Number of the next sample.
    next: u32,
    /// Hash of the last sample.
    last: Option<u64>,
}

impl Sampler {
    /// Makes room for the samples of a file of so many bytes.
    pub(super) fn new(len: u64) -> Result<Self> {
        let stride = len.div_ceil(Samples::MAX_NUMBER).next_power_of_two();
        let stride = stride.clamp(Samples::MIN_STRIDE, Samples::MAX_STRIDE);
        let number = (len / stride).min(Samples::MAX_NUMBER) as usize + 1;
        let mut table = Buckets::new();
        table.reset(number, number)?;
        let mut batch = Batch::default();
        batch.reset(number)?;
        Ok(Sampler { samples: Samples { table, stride }, batch, next: 0, last: None })
    }

    /// Takes the samples of the next bytes, as many as a multiple of the stride but at the end.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let Sampler { samples: Samples { table, stride }, batch, next, last } = self;
        for cell in bytes.chunks(*stride as usize) {
            if cell.len() < Samples::LEN || u64::from(*next) > Samples::MAX_NUMBER {
                break;
            }
            let hash = hash(&cell[..Samples::LEN]);
            // The first sample of a run of equal bytes finds the longest match.
            if *last != Some(hash) {
                table.prepare(hash, *next, batch);
                if batch.is_full() {
                    table.insert_all(batch);
                }
            }
            *last = Some(hash);
            *next += 1;
        }
    }

    pub(super) fn finish(mut self) -> Samples {
        self.samples.table.insert_all(&mut self.batch);
        self.samples
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    mix(mix(word(0), word(8)) ^ word(16), word(24))
}
