//! The sums of a basis, ready for look-up: a filter, a directory and the blocks by bucket.
//!
//! A directory over the leading bits of the look-up key names the few blocks that can match. They lie
//! in the order of the basis and are tried in turn, so that of equal blocks the first is found, which
//! is the one librsync takes. Where one bucket has many, since blocks repeat or the signature was made
//! to collide, it is sorted by (key, strong sum, number) and keeps the first of equal blocks; then both
//! sums are found by bisection, so that a signature full of equal weak sums costs a logarithm and not
//! a scan.

use crate::error::Result;
use crate::filter::Filter;
use crate::options::SignatureParams;
use crate::signature::Signature;
use crate::simd::pages::try_large_vec;
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
    /// The buckets one behind the other; behind them what was folded away, in any order.
    entries: Vec<Entry>,
    /// How many entries are in buckets.
    in_buckets: usize,
    bucket_shift: u32,
}

/// Buckets with more blocks are sorted.
const CROWDED: usize = 32;

#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Of what was folded away: the first block that is equal.
    key: u32,
    block: u32,
}

impl Index {
    /// Arranges the blocks of a signature, in O(n) unless many weak sums are alike, else in
    /// O(n log n).
    ///
    /// # Errors
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub fn new(signature: Signature) -> Result<Self> {
        let blocks = signature.blocks();
        let weak = signature.params().kind().weak;
        let keys = || signature.weak_sums().iter().map(|&sum| weak.index_key(sum));

        let bucket_bits = (blocks / 8).max(2).next_power_of_two().ilog2();
        let bucket_shift = 32 - bucket_bits;
        // Counting sort by bucket: entry b + 1 counts, then names the next free place of bucket b.
        let mut directory = try_large_vec(0u32, (1 << bucket_bits) + 2)?;
        for key in keys() {
            directory[(key >> bucket_shift) as usize + 2] += 1;
        }
        for bucket in 2..directory.len() {
            directory[bucket] += directory[bucket - 1];
        }
        let mut entries = try_large_vec(Entry { key: 0, block: 0 }, blocks)?;
        for (block, key) in (0..).zip(keys()) {
            let next = &mut directory[(key >> bucket_shift) as usize + 1];
            entries[*next as usize] = Entry { key, block };
            *next += 1;
        }
        directory.pop();
        // In the order of buckets the filter is walked through from front to end.
        let mut filter = Filter::new(blocks)?;
        entries.iter().for_each(|entry| filter.insert(entry.key));
        if filter.look_up().may_contain(weak.index_key(0)) {
            filter.insert(weak.spread(0));
        }

        // Crowded buckets get shorter, and those behind them move up.
        let (mut start, mut kept) = (0, 0);
        for bucket_end in &mut directory[1..] {
            let end = *bucket_end as usize;
            let mut bucket = start..end;
            if bucket.len() > CROWDED {
                bucket.end -= fold(&mut entries[bucket.clone()], &signature);
            }
            if kept < start {
                (0..bucket.len()).for_each(|n| entries.swap(kept + n, start + n));
            }
            kept += bucket.len();
            *bucket_end = kept as u32;
            start = end;
        }
        Ok(Index { signature, filter, directory, entries, in_buckets: kept, bucket_shift })
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
    pub(crate) fn repeated(&self) -> impl Iterator<Item = (u32, u32)> {
        let folded = self.entries[self.in_buckets..].iter().map(|entry| (entry.key, entry.block));
        let strong = |entry: &Entry| self.signature.strong_sum(entry.block as usize);
        let in_bucket = move |bucket: &[u32]| {
            let bucket = &self.entries[bucket[0] as usize..bucket[1] as usize];
            // In crowded ones none is left.
            let bucket = if bucket.len() > CROWDED { &[] } else { bucket };
            bucket.iter().enumerate().filter_map(move |(place, entry)| {
                let equals =
                    |earlier: &&Entry| earlier.key == entry.key && strong(earlier) == strong(entry);
                bucket[..place].iter().find(equals).map(|first| (first.block, entry.block))
            })
        };
        folded.chain(self.directory.windows(2).flat_map(in_bucket))
    }

    pub(crate) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Returns false if no block has this look-up key, true if one may have it.
    #[inline(always)]
    pub(crate) fn may_contain(&self, key: u32) -> bool {
        self.filter.look_up().may_contain(key)
    }

    /// Brings what is needed to look some keys up into the cache, all at the same time.
    pub(crate) fn prepare(&self, keys: impl Iterator<Item = u32>) {
        let first = |key: u32| self.directory[(key >> self.bucket_shift) as usize] as usize;
        let touched = keys.map(|key| self.entries.get(first(key)).map_or(0, |entry| entry.key));
        std::hint::black_box(touched.fold(0, |all, key| all ^ key));
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
        let bucket = &self.entries[bucket];
        let is_sorted = bucket.len() > CROWDED;
        let first = if is_sorted {
            bucket.partition_point(|entry| {
                stats.weak_compares += 1;
                entry.key < key
            })
        } else {
            let first = bucket.iter().take_while(|entry| entry.key != key).count();
            stats.weak_compares += bucket.len().min(first + 1) as u64;
            first
        };
        let entries = &bucket[first..];
        if entries.first()?.key != key {
            return None;
        }

        let strong_sum = strong_sum()?;
        stats.strong_sums += 1;
        let wanted = &strong_sum[..self.params().strong_len().into()];
        let strong_of = |entry: &Entry| self.signature.strong_sum(entry.block as usize);
        let found = if is_sorted {
            let first = entries.partition_point(|entry| {
                stats.strong_compares += 1;
                entry.key == key && strong_of(entry) < wanted
            });
            entries.get(first).filter(|found| found.key == key && strong_of(found) == wanted)
        } else {
            entries.iter().find(|entry| {
                entry.key == key && {
                    stats.strong_compares += 1;
                    strong_of(entry) == wanted
                }
            })
        };
        found.map(|entry| entry.block)
    }
}

/// Sorts the entries of a bucket with the first of equal blocks at the front, and returns how many
/// others are behind them.
fn fold(bucket: &mut [Entry], signature: &Signature) -> usize {
    let strong = |entry: &Entry| signature.strong_sum(entry.block as usize);
    // Sorts are unstable, with the number as last key: a stable sort allocates.
    bucket.sort_unstable_by_key(|entry| u64::from(entry.key) << 32 | u64::from(entry.block));
    for equal_keys in bucket.chunk_by_mut(|a, b| a.key == b.key) {
        if equal_keys.len() > 1 {
            equal_keys
                .sort_unstable_by(|a, b| strong(a).cmp(strong(b)).then(a.block.cmp(&b.block)));
        }
    }
    let mut kept = 0;
    for position in 0..bucket.len() {
        bucket.swap(kept, position);
        let entry = bucket[kept];
        match bucket[..kept].last() {
            Some(first) if first.key == entry.key && strong(first) == strong(&entry) => {
                bucket[kept].key = first.block;
            }
            _ => kept += 1,
        }
    }
    bucket.len() - kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::SignatureKind;

    /// The index of blocks with these weak sums and first bytes of strong sums.
    fn index_of(blocks: impl Iterator<Item = (u32, u8)>) -> Index {
        let header = [SignatureKind::default().magic(), 16, 4].map(u32::to_be_bytes);
        let mut bytes = header.concat();
        for (weak, strong) in blocks {
            bytes.extend(weak.to_be_bytes());
            bytes.extend([strong, 0, 0, 0]);
        }
        Index::new(Signature::from_slice(&bytes).unwrap()).unwrap()
    }

    fn find(index: &Index, key: u32, strong: u8) -> Option<u32> {
        let mut sum = StrongSum::default();
        sum[0] = strong;
        index.find(key, || Some(sum), &mut SearchStats::default())
    }

    #[test]
    fn the_first_of_equal_blocks_is_found_however_crowded_its_bucket_is() {
        const SPREAD: u32 = 0x0404_0404;
        for crowd in (0..3 * CROWDED as u32).chain([1000]) {
            // One bucket with two keys in turn and seven strong sums; others with a block each.
            let crowded = |n: u32| (SPREAD + n % 2, (n % 7) as u8);
            let alone = |n: u32| (n.wrapping_mul(SPREAD), 9);
            let index = index_of((0..crowd).map(crowded).chain((2..60).map(alone)));
            for n in 0..crowd {
                let (weak, strong) = crowded(n);
                assert_eq!(find(&index, weak, strong), Some(n % 14), "block {n} of {crowd}");
                assert_eq!(find(&index, weak, 8), None);
            }
            for n in 2..60 {
                assert_eq!(find(&index, alone(n).0, 9), Some(crowd + n - 2), "behind {crowd}");
                assert_eq!(find(&index, alone(n).0 + 1, 9), None);
            }
            let mut repeated: Vec<_> = index.repeated().collect();
            repeated.sort_unstable_by_key(|&(_, block)| block);
            assert!(repeated.into_iter().eq((14..crowd).map(|n| (n % 14, n))), "{crowd}");
        }
    }
}
