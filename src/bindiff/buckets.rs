//! A hash table of numbers that forgets: buckets of fixed size, and who comes late is left out.
//!
//! The table is larger than any cache, so time is what waiting for memory takes. Each operation
//! comes in two steps, of which the first does little but fetch the bucket: many first steps on end
//! wait together.

use crate::error::{Result, reserve_exact};
use crate::simd::pages::reserve_large;

/// Numbers by their hash.
#[derive(Debug)]
pub(crate) struct Buckets<const WAYS: usize> {
    /// Never empty.
    buckets: Vec<Bucket<WAYS>>,
    /// A slot holds one more than the number in its low bits, and bits of the hash above. 0 is empty.
    number_bits: u32,
}

/// Aligned so that it lies in one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(16))]
struct Bucket<const WAYS: usize>([u32; WAYS]);

/// A bucket that was fetched for a hash.
#[derive(Clone, Copy, Debug, Default)]
struct Fetched {
    bucket: u32,
    tag: u32,
    is_empty: bool,
}

/// What was found for the hashes of neighbouring positions.
#[derive(Debug, Default)]
pub(crate) struct Lookups {
    start: usize,
    len: usize,
    slots: [Slots; Lookups::MAX],
}

impl Lookups {
    pub(crate) const MAX: usize = 16;
    /// Positions that are looked up after others where nothing was looked up.
    const FIRST: usize = 4;

    /// Returns what was found for a position, if that was looked up.
    pub(crate) fn at(&self, position: usize) -> Option<Slots> {
        let behind = position.wrapping_sub(self.start);
        (behind < self.len).then(|| self.slots[behind])
    }

    /// Returns the first position from this one on where something was found, or the end of those
    /// looked up, or this position if it was not looked up.
    pub(crate) fn next_found(&self, position: usize) -> usize {
        let behind = position.wrapping_sub(self.start);
        let rest = self.slots[..self.len].get(behind..).unwrap_or(&[]);
        position + rest.iter().take_while(|slots| slots.found == 0).count()
    }
}

/// What is to be written into a bucket.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    bucket: u32,
    slot: u32,
}

/// Numbers on their way into a table.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    entries: Vec<Entry>,
    sorted: Vec<Entry>,
}

impl Batch {
    const REGIONS: usize = 256;
    pub(crate) const MAX: usize = 64 << 10;

    /// Makes an empty batch for up to so many numbers.
    pub(crate) fn reset(&mut self, expected: usize) -> Result<()> {
        let len = expected.min(Self::MAX);
        self.entries.clear();
        reserve_exact(&mut self.entries, len)?;
        self.sorted.clear();
        reserve_exact(&mut self.sorted, len)?;
        self.sorted.resize(len, Entry::default());
        Ok(())
    }

    pub(crate) fn is_full(&self) -> bool {
        self.entries.len() == self.sorted.len()
    }
}

/// Slots of one bucket.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slots {
    bucket: u32,
    /// A bit for each, the first slot's the lowest.
    found: u8,
}

impl<const WAYS: usize> Buckets<WAYS> {
    /// Slots for each number that is expected, in eighths: the more, the fewer are left out.
    const ROOM: usize = 13;

    pub(crate) fn new() -> Self {
        const { assert!(WAYS <= u8::BITS as usize, "a bit for each slot") }
        Buckets { buckets: vec![Bucket([0; WAYS])], number_bits: 0 }
    }

    /// Makes an empty table for so many numbers below `bound`, in the memory of the old one.
    pub(crate) fn reset(&mut self, expected: usize, bound: usize) -> Result<()> {
        let len = (expected * Self::ROOM / 8 / WAYS + 1).min(u32::MAX as usize);
        self.number_bits = usize::BITS - bound.leading_zeros();
        self.buckets.clear();
        reserve_large(&mut self.buckets, len)?;
        self.buckets.resize(len, Bucket([0; WAYS]));
        Ok(())
    }

    /// Fetches the bucket of a hash.
    #[inline]
    fn fetch(&self, hash: u64) -> Fetched {
        let bucket = self.bucket_of(hash);
        let tag = self.tag(hash);
        Fetched { bucket, tag, is_empty: self.buckets[bucket as usize].0[0] == 0 }
    }

    /// Puts the numbers of a batch into the buckets of their hashes, and empties the batch.
    ///
    /// They are first sorted into regions of the table: what lies near each other is written with
    /// fewer waits, for memory and for the addresses of its pages.
    pub(crate) fn insert_all(&mut self, batch: &mut Batch) {
        let Batch { entries, sorted } = batch;
        let shift = (self.buckets.len() / Batch::REGIONS).checked_ilog2().map_or(0, |log| log + 1);
        let mut ends = [0; Batch::REGIONS];
        for entry in &*entries {
            ends[(entry.bucket >> shift) as usize] += 1;
        }
        let mut start = 0;
        for end in &mut ends {
            (*end, start) = (start, start + *end);
        }
        for &entry in &*entries {
            let end = &mut ends[(entry.bucket >> shift) as usize];
            sorted[*end] = entry;
            *end += 1;
        }
        for &entry in &sorted[..entries.len()] {
            self.insert_entry(entry);
        }
        entries.clear();
    }

    /// Adds a number to a batch. If that is full now, it must be inserted.
    #[inline]
    pub(crate) fn prepare(&self, hash: u64, number: u32, batch: &mut Batch) {
        batch.entries.push(self.entry(hash, number));
    }

    fn insert_entry(&mut self, entry: Entry) {
        let Bucket(slots) = &mut self.buckets[entry.bucket as usize];
        let used = slots.iter().map(|&slot| u8::from(slot != 0)).sum::<u8>();
        if let Some(free) = slots.get_mut(usize::from(used)) {
            *free = entry.slot;
        }
    }

    fn entry(&self, hash: u64, number: u32) -> Entry {
        Entry { bucket: self.bucket_of(hash), slot: self.tag(hash) | (number + 1) }
    }

    fn bucket_of(&self, hash: u64) -> u32 {
        (((hash >> 32) * self.buckets.len() as u64) >> 32) as u32
    }

    fn tag(&self, hash: u64) -> u32 {
        hash as u32 >> self.number_bits << self.number_bits
    }

    /// Finds the slots of the hash that a bucket was fetched for. There may be others among them.
    #[inline]
    fn slots(&self, fetched: Fetched) -> Slots {
        let mut found = 0;
        if !fetched.is_empty {
            let Bucket(slots) = &self.buckets[fetched.bucket as usize];
            for (way, &slot) in slots.iter().enumerate() {
                let is_tag = (slot ^ fetched.tag) >> self.number_bits == 0;
                found |= (u8::from(is_tag) & u8::from(slot != 0)) << way;
            }
        }
        Slots { bucket: fetched.bucket, found }
    }

    /// Looks up the hashes at `position` and behind, before `end`: more of them if it is the next
    /// behind those looked up last, since it may go on so.
    pub(crate) fn look_up(
        &self,
        position: usize,
        end: usize,
        hash: impl Fn(usize) -> u64,
        lookups: &mut Lookups,
    ) {
        let goes_on = position == lookups.start + lookups.len;
        let most = if goes_on { Lookups::MAX } else { Lookups::FIRST };
        lookups.start = position;
        lookups.len = end.saturating_sub(position).min(most);
        let mut fetched = [Fetched::default(); Lookups::MAX];
        let fetched = &mut fetched[..lookups.len];
        for (behind, fetched) in fetched.iter_mut().enumerate() {
            *fetched = self.fetch(hash(position + behind));
        }
        for (slots, &fetched) in lookups.slots.iter_mut().zip(&*fetched) {
            *slots = self.slots(fetched);
        }
    }

    /// Returns the numbers in slots, in the order in which they came.
    pub(crate) fn numbers(&self, slots: Slots) -> impl Iterator<Item = u32> {
        let mask = (1 << self.number_bits) - 1;
        let Bucket(bucket) = &self.buckets[slots.bucket as usize];
        let found = bucket.iter().enumerate().filter(move |(way, _)| slots.found >> way & 1 == 1);
        found.map(move |(_, slot)| (slot & mask) - 1)
    }
}
