//! A blocked Bloom filter over look-up keys: three bits in one 32-bit word per key (Putze, Sanders
//! and Singler, *Cache-, hash- and space-efficient Bloom filters*, 2009).
//!
//! Keys are hashes, so their bits are used as they are: the leading ones choose the word, the last
//! 15 the bits in it.

use crate::error::{Result, try_vec};

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
        Ok(Filter { words: try_vec(0, words)?, word_shift: 32 - words.ilog2() })
    }

    pub(crate) fn insert(&mut self, key: u32) {
        let mut set = |key: u32| {
            let [a, b, c] = bits_of(key);
            self.words[(key >> self.word_shift) as usize] |= FIRST >> a | FIRST >> b | FIRST >> c;
        };
        set(key);
        if key == u32::MAX {
            set(0);
        }
    }

    /// Returns false if the key was not inserted, true if it may have been. Key 0 passes for
    /// `u32::MAX`, so [`WeakHash::mix`](crate::WeakHash) will do for a look-up.
    #[inline(always)]
    pub(crate) fn may_contain(&self, key: u32) -> bool {
        let [a, b, c] = bits_of(key);
        let word = self.words[(key >> self.word_shift) as usize];
        (word << a & word << b & word << c) & FIRST != 0
    }

    pub(crate) fn words(&self) -> &[u32] {
        &self.words
    }

    /// Returns how far a key is shifted to the right to become the number of its word.
    pub(crate) fn word_shift(&self) -> u32 {
        self.word_shift
    }
}

/// Bit 0 of a word.
const FIRST: u32 = 1 << 31;

/// The bits of a key in its word, counted from the most significant one.
#[inline(always)]
fn bits_of(key: u32) -> [u32; 3] {
    [key & 31, key >> 5 & 31, key >> 10 & 31]
}
