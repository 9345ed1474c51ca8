//! Weak sums: 32-bit sums of a block that roll from one byte offset to the next.

pub(crate) mod rabinkarp;
pub(crate) mod rollsum;

pub(crate) use rabinkarp::RabinKarp;
pub(crate) use rollsum::Rollsum;

use crate::simd::Simd;
use crate::simd::scan::Groups;

/// The rolling sum of a signature. `docs/formats.md` defines both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum WeakHash {
    /// The sum of classic rsync signatures, two 16-bit halves with offset 31 (Tridgell, *Efficient
    /// Algorithms for Sorting and Synchronization*, 1999, chapter 3).
    Rollsum,
    /// A polynomial modulo 2^32: fewer accidental matches (Karp and Rabin, *Efficient randomized
    /// pattern-matching algorithms*, 1987). librsync's default since 2.2.0.
    #[default]
    RabinKarp,
}

impl WeakHash {
    /// Returns the weak sum of a block as it is stored in a signature.
    pub fn sum(self, block: &[u8]) -> u32 {
        self.sum_with(Simd::best(), block)
    }

    /// As [`WeakHash::sum`], with kernels of one level.
    pub(crate) fn sum_with(self, simd: Simd, block: &[u8]) -> u32 {
        match self {
            WeakHash::Rollsum => block_sum::<Rollsum>(simd, block),
            WeakHash::RabinKarp => block_sum::<RabinKarp>(simd, block),
        }
    }

    /// Returns the name that `rdiff --rollsum` uses.
    pub fn name(self) -> &'static str {
        match self {
            WeakHash::Rollsum => "rollsum",
            WeakHash::RabinKarp => "rabinkarp",
        }
    }

    /// Returns librsync's look-up key of a weak sum.
    ///
    /// librsync mixes rollsums, which are badly spread, and reserves key 0. Two sums with one key
    /// match each other, so deltas depend on this.
    pub fn key(self, weak: u32) -> u32 {
        let mixed = match self {
            WeakHash::Rollsum => mix32(weak),
            WeakHash::RabinKarp => weak,
        };
        match mixed {
            0 => u32::MAX,
            key => key,
        }
    }

    /// Returns the key of a weak sum in an index: the same for two sums if librsync's is.
    pub(crate) fn index_key(self, weak: u32) -> u32 {
        match (self, weak) {
            (WeakHash::Rollsum, 0) => self.spread(SUM_OF_LAST_KEY),
            (WeakHash::RabinKarp, 0) => u32::MAX,
            _ => self.spread(weak),
        }
    }

    /// Returns [`WeakHash::index_key`], but another one for sum 0: no two sums have the same.
    #[inline(always)]
    pub(crate) fn spread(self, weak: u32) -> u32 {
        match self {
            WeakHash::Rollsum => {
                let product = weak.wrapping_mul(SPREAD_FACTOR);
                product ^ product >> SPREAD_SHIFT
            }
            WeakHash::RabinKarp => weak,
        }
    }
}

/// What rollsums are multiplied by to depend on all bits in the leading ones (Knuth, *The Art of
/// Computer Programming*, volume 3, section 6.4), and how far these are shifted to count in the last.
pub(crate) const SPREAD_FACTOR: u32 = 0x9e37_79b1;
pub(crate) const SPREAD_SHIFT: u32 = 15;

/// The rollsum that librsync mixes to `u32::MAX`.
const SUM_OF_LAST_KEY: u32 = 0x331d_a083;

/// A window that slides over bytes and knows its weak sum.
pub(crate) trait RollingSum: Clone {
    /// The algorithm, for [`WeakHash::index_key`].
    const HASH: WeakHash;
    /// Returns the sum of the empty window.
    fn new() -> Self;
    /// Appends bytes to the window.
    fn update(&mut self, simd: Simd, bytes: &[u8]);
    /// Removes the window's first byte and appends one.
    fn rotate(&mut self, out: u8, new: u8);
    /// Removes the window's first byte.
    fn roll_out(&mut self, out: u8);
    /// Returns the sum as it is stored in a signature.
    fn digest(&self) -> u32;
    /// Rolls on over groups of windows.
    fn roll_groups(&mut self, groups: Groups<'_>, simd: Simd);
}

/// A weak sum in the making, of either algorithm.
pub(crate) enum WeakState {
    Rollsum(Rollsum),
    RabinKarp(RabinKarp),
}

impl WeakState {
    pub(crate) fn new(hash: WeakHash) -> Self {
        match hash {
            WeakHash::Rollsum => WeakState::Rollsum(Rollsum::new()),
            WeakHash::RabinKarp => WeakState::RabinKarp(RabinKarp::new()),
        }
    }

    pub(crate) fn update(&mut self, simd: Simd, bytes: &[u8]) {
        match self {
            WeakState::Rollsum(sum) => sum.update(simd, bytes),
            WeakState::RabinKarp(sum) => sum.update(simd, bytes),
        }
    }

    pub(crate) fn digest(&self) -> u32 {
        match self {
            WeakState::Rollsum(sum) => sum.digest(),
            WeakState::RabinKarp(sum) => sum.digest(),
        }
    }
}

fn block_sum<W: RollingSum>(simd: Simd, block: &[u8]) -> u32 {
    let mut sum = W::new();
    sum.update(simd, block);
    sum.digest()
}

/// The 32-bit finaliser of MurmurHash3, a bijection.
fn mix32(mut h: u32) -> u32 {
    h ^= h >> 16;
    h = h.wrapping_mul(0x85eb_ca6b);
    h ^= h >> 13;
    h = h.wrapping_mul(0xc2b2_ae35);
    h ^ (h >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_rolling<W: RollingSum>() {
        let simd = Simd::best();
        let data: Vec<u8> = (0..3000u32).map(|i| (i * i + i / 7) as u8).collect();
        for window in [1, 2, 15, 16, 17, 64, 700] {
            let mut rolling = W::new();
            rolling.update(simd, &data[..window]);
            let mut pos = 0;
            while pos + window < data.len() {
                rolling.rotate(data[pos], data[pos + window]);
                pos += 1;
                assert_eq!(rolling.digest(), block_sum::<W>(simd, &data[pos..pos + window]));
            }
            while pos < data.len() {
                rolling.roll_out(data[pos]);
                pos += 1;
                assert_eq!(rolling.digest(), block_sum::<W>(simd, &data[pos..]));
            }
        }
    }

    #[test]
    fn rolling_gives_the_sum_of_every_window() {
        check_rolling::<Rollsum>();
        check_rolling::<RabinKarp>();
    }

    #[test]
    fn update_may_be_cut_anywhere() {
        let simd = Simd::best();
        let data: Vec<u8> = (0..1000u32).map(|i| (i * i + i / 7) as u8).collect();
        for cut in 0..data.len() {
            let mut rollsum = Rollsum::new();
            rollsum.update(simd, &data[..cut]);
            rollsum.update(simd, &data[cut..]);
            assert_eq!(rollsum.digest(), WeakHash::Rollsum.sum(&data));
            let mut rabin_karp = RabinKarp::new();
            rabin_karp.update(simd, &data[..cut]);
            rabin_karp.update(simd, &data[cut..]);
            assert_eq!(rabin_karp.digest(), WeakHash::RabinKarp.sum(&data));
        }
    }

    #[test]
    fn key_0_is_reserved() {
        assert_eq!(WeakHash::RabinKarp.key(0), u32::MAX);
        assert_eq!(WeakHash::RabinKarp.key(7), 7);
        assert_eq!(WeakHash::Rollsum.key(0), u32::MAX);
        assert_eq!(WeakHash::Rollsum.key(1), 0x514e_28b7);
    }

    #[test]
    fn sums_share_an_index_key_if_they_share_librsyncs() {
        assert_eq!(mix32(SUM_OF_LAST_KEY), u32::MAX);
        for (hash, twin_of_0) in
            [(WeakHash::RabinKarp, u32::MAX), (WeakHash::Rollsum, SUM_OF_LAST_KEY)]
        {
            let sums = [0, 1, 7, 0x1234_5678, SUM_OF_LAST_KEY, u32::MAX];
            for (a, b) in sums.into_iter().flat_map(|a| sums.map(|b| (a, b))) {
                let equal = a == b || [a, b] == [0, twin_of_0] || [b, a] == [0, twin_of_0];
                assert_eq!(hash.key(a) == hash.key(b), equal, "{hash:?}, {a:#x}, {b:#x}");
                assert_eq!(hash.index_key(a) == hash.index_key(b), equal);
                assert_eq!(hash.spread(a) == hash.spread(b), a == b);
            }
        }
    }

    #[test]
    fn mix32_gives_the_values_librsync_gives() {
        assert_eq!(mix32(0), 0);
        assert_eq!(mix32(1), 0x514e_28b7);
        assert_eq!(mix32(0x1234_5678), 0xe37c_d1bc);
        assert_eq!(mix32(0xffff_ffff), 0x81f1_6f39);
    }
}
