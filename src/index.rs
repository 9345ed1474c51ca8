//! The sums of a basis, ready for look-up: a filter, a directory and the blocks in key order.
//!
//! Blocks are sorted by (look-up key, strong sum, block number). A directory over the leading bits
//! of the key names the few that can match; inside it both the weak and the strong sum are found
//! by bisection, so that a signature full of equal weak sums costs a logarithm and not a scan. Of
//! equal blocks only the first is kept, which is the one librsync takes.

use crate::error::{Result, try_vec};
use crate::options::SignatureParams;
use crate::signature::Signature;
use crate::stats::SearchStats;
use crate::strong::StrongSum;

/// A signature prepared for finding its blocks in a new file.
///
/// Takes 7 to 13 bytes per block beside the signature itself.
#[derive(Debug)]
pub struct Index {
    signature: Signature,
    filter: Filter,
    /// Where in `order` the blocks of each bucket start; one more entry than buckets.
    directory: Vec<u32>,
    /// Block numbers, sorted, without those of repeated blocks.
    order: Vec<u32>,
    bucket_shift: u32,
}

impl Index {
    /// Sorts the blocks of a signature, in O(n log n) whatever it holds.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub fn new(signature: Signature) -> Result<Self> {
        let blocks = signature.blocks();
        let weak = signature.params().kind().weak;
        let key = |block: usize| weak.key(signature.weak_sum(block));

        let bucket_bits = (blocks / 4).max(2).next_power_of_two().ilog2();
        let bucket_shift = 32 - bucket_bits;
        let mut filter = Filter::new(blocks)?;
        // Counting sort by bucket: entry b + 1 counts, then names the next free place of bucket b.
        let mut directory = try_vec(0u32, (1 << bucket_bits) + 2)?;
        for block in 0..blocks {
            let key = key(block);
            filter.insert(key);
            directory[(key >> bucket_shift) as usize + 2] += 1;
        }
        for bucket in 2..directory.len() {
            directory[bucket] += directory[bucket - 1];
        }
        let mut order = try_vec(0u32, blocks)?;
        for block in 0..blocks {
            let next = &mut directory[(key(block) >> bucket_shift) as usize + 1];
            order[*next as usize] = block as u32;
            *next += 1;
        }
        directory.pop();

        // Sort each bucket and keep the first of equal blocks.
        let compare = |a: u32, b: u32| {
            let (a, b) = (a as usize, b as usize);
            let by_weak = key(a).cmp(&key(b));
            by_weak.then_with(|| signature.strong_sum(a).cmp(signature.strong_sum(b)))
        };
        let (mut start, mut kept) = (0, 0);
        for bucket_end in &mut directory[1..] {
            let end = *bucket_end as usize;
            // Unstable, with the number as last key: a stable sort allocates.
            order[start..end].sort_unstable_by(|&a, &b| compare(a, b).then(a.cmp(&b)));
            for position in start..end {
                let block = order[position];
                if kept == 0 || compare(order[kept - 1], block).is_ne() {
                    order[kept] = block;
                    kept += 1;
                }
            }
            *bucket_end = kept as u32;
            start = end;
        }
        order.truncate(kept);
        Ok(Index { signature, filter, directory, order, bucket_shift })
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
        let entries = self.directory.len() + self.order.capacity();
        let index = 8 * self.filter.words.len() + 4 * entries;
        self.signature.memory_bytes() + index as u64
    }

    /// Returns false if no block has this look-up key, true if one may have it.
    #[inline(always)]
    pub(crate) fn may_contain(&self, key: u32) -> bool {
        self.filter.may_contain(key)
    }

    /// Returns the first block with this look-up key and strong sum.
    pub(crate) fn find(
        &self,
        key: u32,
        strong_sum: impl FnOnce() -> StrongSum,
        stats: &mut SearchStats,
    ) -> Option<u32> {
        let weak = self.params().kind().weak;
        let key_of = |block: u32| weak.key(self.signature.weak_sum(block as usize));
        let bucket = (key >> self.bucket_shift) as usize;
        let blocks =
            &self.order[self.directory[bucket] as usize..self.directory[bucket + 1] as usize];
        let blocks = &blocks[blocks.partition_point(|&block| {
            stats.weak_compares += 1;
            key_of(block) < key
        })..];
        if key_of(*blocks.first()?) != key {
            return None;
        }

        stats.strong_sums += 1;
        let strong_sum = strong_sum();
        let wanted = &strong_sum[..self.params().strong_len().into()];
        let strong_of = |block: u32| self.signature.strong_sum(block as usize);
        let first = blocks.partition_point(|&block| {
            stats.strong_compares += 1;
            key_of(block) == key && strong_of(block) < wanted
        });
        let found = *blocks.get(first)?;
        (key_of(found) == key && strong_of(found) == wanted).then_some(found)
    }
}

/// A blocked Bloom filter over look-up keys, two bits in one 64-bit word per key (Putze, Sanders and
/// Singler, *Cache-, hash- and space-efficient Bloom filters*, 2009).
#[derive(Debug)]
struct Filter {
    words: Vec<u64>,
    word_shift: u32,
}

impl Filter {
    /// 12 to 24 bits per block: one or two of a hundred foreign keys pass.
    fn new(blocks: usize) -> Result<Self> {
        let words = (blocks / 16 * 3).max(2).next_power_of_two();
        Ok(Filter { words: try_vec(0, words)?, word_shift: 64 - words.ilog2() })
    }

    #[inline(always)]
    fn slot(&self, key: u32) -> (usize, u64) {
        let hash = u64::from(key).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let bits = 1 << (hash >> 32 & 63) | 1 << (hash >> 38 & 63);
        ((hash >> self.word_shift) as usize, bits)
    }

    fn insert(&mut self, key: u32) {
        let (word, bits) = self.slot(key);
        self.words[word] |= bits;
    }

    #[inline(always)]
    fn may_contain(&self, key: u32) -> bool {
        let (word, bits) = self.slot(key);
        self.words[word] & bits == bits
    }
}
