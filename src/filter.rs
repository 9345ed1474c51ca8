//! A blocked Bloom filter over look-up keys: three bits in one 32-bit word per key (Putze, Sanders
//! and Singler, *Cache-, hash- and space-efficient Bloom filters*, 2009).
//!
//! Keys are hashes, so their bits are used as they are: the leading ones choose the word, the last
//! 15 the bits in it.

use crate::error::Result;
use crate::simd::pages::try_large_vec;

#[derive(Debug)]
pub(crate) struct Filter {
    /// As many as there are values of the bits that choose one.
    words: Vec<u32>,
    /// 32 less the number of those bits.
    word_shift: u32,
}

impl Filter {
    /// 20 to 40 bits per key: one to eight of a thousand foreign keys pass.
    pub(crate) fn new(keys: usize) -> Result<Self> {
        let words = (keys / 8 * 5).clamp(2, 1 << 31).next_power_of_two();
        Ok(Filter { words: try_large_vec(0, words)?, word_shift: 32 - words.ilog2() })
    }

    pub(crate) fn insert(&mut self, key: u32) {
        self.words[(key >> self.word_shift) as usize] |= bits_of(key);
    }

    #[inline(always)]
    pub(crate) fn look_up(&self) -> LookUp<'_> {
        LookUp { words: &self.words, word_shift: self.word_shift }
    }
}

/// The parts of a filter, so that a loop can keep them in registers.
#[derive(Clone, Copy)]
pub(crate) struct LookUp<'a> {
    pub(crate) words: &'a [u32],
    /// How far a key is shifted to the right to become the number of its word.
    pub(crate) word_shift: u32,
}

impl LookUp<'_> {
    /// Returns false if the key was not inserted, true if it may have been.
    #[inline(always)]
    pub(crate) fn may_contain(self, key: u32) -> bool {
        let word = self.words[(key >> self.word_shift) as usize];
        !word & bits_of(key) == 0
    }
}

/// Returns the bits of a key in its word.
#[inline(always)]
fn bits_of(key: u32) -> u32 {
    let bit = |number: u32| 1 << (number & 31);
    bit(key) | bit(key >> 5) | bit(key >> 10)
}
