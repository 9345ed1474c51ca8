//! The sums of a basis, ready for look-up: a filter, a directory and the blocks in key order.
//!
//! Blocks are sorted by (look-up key, strong sum, block number). A directory over the leading bits
//! of the key names the few that can match; inside it both the weak and the strong sum are found
//! by bisection, so that a signature full of equal weak sums costs a logarithm and not a scan. Of
//! equal blocks only the first is kept, which is the one librsync takes.

use crate::error::{Result, try_vec};
use crate::filter::Filter;
use crate::options::SignatureParams;
use crate::signature::Signature;
use crate::stats::SearchStats;
use crate::strong::StrongSum;

/// A signature prepared for finding its blocks in a new file.
///
/// Takes 11 to 14 bytes per block beside the signature itself.
#[derive(Debug)]
pub struct Index {
    signature: Signature,
    filter: Filter,
    /// Where in `entries` those of each bucket start; one more than buckets.
    directory: Vec<u32>,
    /// Sorted, without repeated blocks; behind those the repeated ones in any order.
    entries: Vec<Entry>,
    /// How many are sorted.
    distinct: usize,
    bucket_shift: u32,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Of a repeated block: the first one that is equal.
    key: u32,
    block: u32,
}

impl Index {
    /// Sorts the blocks of a signature, in O(n log n) whatever it holds.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub fn new(signature: Signature) -> Result<Self> {
        let blocks = signature.blocks();
        let weak = signature.params().kind().weak;
        let keys = || signature.weak_sums().iter().map(|&sum| weak.key(sum));

        let bucket_bits = (blocks / 8).max(2).next_power_of_two().ilog2();
        let bucket_shift = 32 - bucket_bits;
        let mut filter = Filter::new(blocks)?;
        // Counting sort by bucket: entry b + 1 counts, then names the next free place of bucket b.
        let mut directory = try_vec(0u32, (1 << bucket_bits) + 2)?;
        for key in keys() {
            filter.insert(key);
            directory[(key >> bucket_shift) as usize + 2] += 1;
        }
        for bucket in 2..directory.len() {
            directory[bucket] += directory[bucket - 1];
        }
        let mut entries = try_vec(Entry { key: 0, block: 0 }, blocks)?;
        for (block, key) in (0..).zip(keys()) {
            let next = &mut directory[(key >> bucket_shift) as usize + 1];
            entries[*next as usize] = Entry { key, block };
            *next += 1;
        }
        directory.pop();

        // Sort each bucket and keep the first of equal blocks in it. Sorts are unstable, with the
        // number as last key: a stable sort allocates.
        let strong = |entry: &Entry| signature.strong_sum(entry.block as usize);
        let (mut start, mut kept) = (0, 0);
        for bucket_end in &mut directory[1..] {
            let end = *bucket_end as usize;
            let bucket = &mut entries[start..end];
            bucket
                .sort_unstable_by_key(|entry| u64::from(entry.key) << 32 | u64::from(entry.block));
            for equal_keys in bucket.chunk_by_mut(|a, b| a.key == b.key) {
                if equal_keys.len() > 1 {
                    equal_keys.sort_unstable_by(|a, b| {
                        strong(a).cmp(strong(b)).then(a.block.cmp(&b.block))
                    });
                }
            }
            for position in start..end {
                entries.swap(kept, position);
                let entry = entries[kept];
                match entries[..kept].last() {
                    Some(last) if last.key == entry.key && strong(last) == strong(&entry) => {
                        entries[kept].key = last.block;
                    }
                    _ => kept += 1,
                }
            }
            *bucket_end = kept as u32;
            start = end;
        }
        Ok(Index { signature, filter, directory, entries, distinct: kept, bucket_shift })
    }

    /// Returns the signature.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Returns the parameters of the signature.
    pub fn params(&self) -> &SignatureParams {
        self.signature.params()
    }

    /// Returns the bytes of memory that the index takes, its signature included.
    pub fn memory_bytes(&self) -> u64 {
        let words = self.filter.look_up().words.len() + self.directory.len();
        let index = 4 * words + size_of::<Entry>() * self.entries.capacity();
        self.signature.memory_bytes() + index as u64
    }

    /// Returns the blocks that equal an earlier one, each behind the first that is equal.
    pub(crate) fn repeated(&self) -> impl ExactSizeIterator<Item = (u32, u32)> {
        self.entries[self.distinct..].iter().map(|entry| (entry.key, entry.block))
    }

    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Returns false if no block has this look-up key, true if one may have it.
    #[inline(always)]
    pub(crate) fn may_contain(&self, key: u32) -> bool {
        self.filter.look_up().may_contain(key)
    }

    /// Returns the first block with this look-up key and strong sum. The strong sum is asked for if
    /// there is a block with this key, and is None if it is known to be that of no such block.
    pub(crate) fn find(
        &self,
        key: u32,
        strong_sum: impl FnOnce() -> Option<StrongSum>,
        stats: &mut SearchStats,
    ) -> Option<u32> {
        let bucket = (key >> self.bucket_shift) as usize;
        let bucket = self.directory[bucket] as usize..self.directory[bucket + 1] as usize;
        let entries = &self.entries[bucket];
        let first = entries.partition_point(|entry| {
            stats.weak_compares += 1;
            entry.key < key
        });
        let entries = &entries[first..];
        if entries.first()?.key != key {
            return None;
        }

        let strong_sum = strong_sum()?;
        stats.strong_sums += 1;
        let wanted = &strong_sum[..self.params().strong_len().into()];
        let strong_of = |entry: &Entry| self.signature.strong_sum(entry.block as usize);
        let first = entries.partition_point(|entry| {
            stats.strong_compares += 1;
            entry.key == key && strong_of(entry) < wanted
        });
        let found = entries.get(first)?;
        (found.key == key && strong_of(found) == wanted).then_some(found.block)
    }
}
