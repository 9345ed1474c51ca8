//! A hash table of numbers that forgets: buckets of fixed size, and who comes late is left out.

use crate::error::{Result, reserve_exact};

/// Numbers by their hash. A bucket lies in one cache line.
#[derive(Debug)]
pub(crate) struct Buckets<const WAYS: usize> {
    buckets: Vec<[u32; WAYS]>,
    /// A slot holds one more than the number in its low bits, and bits of the hash above. 0 is empty.
    number_bits: u32,
}

/// Slots of one bucket.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slots {
    bucket: u32,
    /// A bit for each, the first slot's the lowest.
    found: u8,
}

impl Slots {
    pub(crate) fn is_empty(self) -> bool {
        self.found == 0
    }
}

impl<const WAYS: usize> Buckets<WAYS> {
    /// Slots for each number that is expected, in eighths: more of them, fewer that are left out.
    const ROOM: usize = 13;

    pub(crate) fn new() -> Self {
        Buckets { buckets: vec![[0; WAYS]], number_bits: 0 }
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

    /// Finds the slots of a hash. There may be others among them.
    ///
    /// No branch depends on what is found, so that the processor looks up several at once.
    pub(crate) fn slots(&self, hash: u64) -> Slots {
        let bucket = self.bucket_of(hash);
        let tag = self.tag(hash);
        let mask = (1 << self.number_bits) - 1;
        let mut found = 0;
        for (way, &slot) in self.buckets[bucket].iter().enumerate() {
            found |= u8::from((slot ^ tag) & !mask == 0 && slot != 0) << way;
        }
        Slots { bucket: bucket as u32, found }
    }

    /// Returns the numbers in slots, in the order in which they came.
    pub(crate) fn numbers(&self, slots: Slots) -> impl Iterator<Item = u32> {
        let mask = (1 << self.number_bits) - 1;
        let bucket = &self.buckets[slots.bucket as usize];
        let found = bucket.iter().enumerate().filter(move |(way, _)| slots.found >> way & 1 == 1);
        found.map(move |(_, slot)| (slot & mask) - 1)
    }

    fn bucket_of(&self, hash: u64) -> usize {
        ((hash >> 32) * self.buckets.len() as u64 >> 32) as usize
    }

    fn tag(&self, hash: u64) -> u32 {
        (hash as u32) >> self.number_bits << self.number_bits
    }
}
