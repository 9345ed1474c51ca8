//! A hash table of numbers that forgets: buckets of fixed size, and who comes late is left out.

use crate::error::{Result, reserve_exact};

/// Numbers by their hash. A bucket lies in one cache line.
#[derive(Debug)]
pub(crate) struct Buckets<const WAYS: usize> {
    buckets: Vec<[u32; WAYS]>,
    /// A slot holds one more than the number in its low bits, and bits of the hash above. 0 is empty.
    number_bits: u32,
}

impl<const WAYS: usize> Buckets<WAYS> {
    /// Slots for each number that is expected, in eighths: more of them, fewer that are left out.
    const ROOM: usize = 13;

    pub(crate) fn new() -> Self {
        Buckets { buckets: Vec::new(), number_bits: 0 }
    }

    /// Makes an empty table for so many numbers below `bound`, in the memory of the old one.
    pub(crate) fn reset(&mut self, expected: usize, bound: usize) -> Result<()> {
        let len = (expected * Self::ROOM / 8 / WAYS + 1).min(u32::MAX as usize);
        self.number_bits = usize::BITS - bound.leading_zeros();
        self.buckets.clear();
        reserve_exact(&mut self.buckets, len)?;
        self.buckets.resize(len, [0; WAYS]);
        Ok(())
    }

    pub(crate) fn insert(&mut self, hash: u64, number: u32) {
        let slot = self.tag(hash) | (number + 1);
        let bucket = self.bucket_of(hash);
        let bucket = &mut self.buckets[bucket];
        let used = bucket.iter().map(|&slot| u8::from(slot != 0)).sum::<u8>();
        if let Some(free) = bucket.get_mut(usize::from(used)) {
            *free = slot;
        }
    }

    /// Returns the numbers of a hash, in the order in which they came. There may be others among them.
    pub(crate) fn numbers(&self, hash: u64) -> impl Iterator<Item = u32> {
        let Buckets { number_bits, .. } = *self;
        let tag = self.tag(hash);
        let mask = (1u32 << number_bits) - 1;
        let bucket = self.buckets.get(self.bucket_of(hash)).unwrap_or(&[0; WAYS]);
        bucket
            .iter()
            .filter(move |&&slot| slot != 0 && slot & !mask == tag)
            .map(move |slot| (slot & mask) - 1)
    }

    fn bucket_of(&self, hash: u64) -> usize {
        ((hash >> 32) * self.buckets.len() as u64 >> 32) as usize
    }

    fn tag(&self, hash: u64) -> u32 {
        (hash as u32) >> self.number_bits << self.number_bits
    }
}
