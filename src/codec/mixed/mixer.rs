//! Logistic mixing: the probabilities that several contexts give for a bit become one.
//!
//! Each context has a counter that has learnt how often the bit was set. A probability p is
//! stretched to ln(p / (1 - p)), in which evidence adds up; a weighted sum of all is squashed to a
//! probability again, and the weights move towards the contexts that were right (Mahoney, *Adaptive
//! weighing of context models for lossless data compression*, 2005). All of it in integers, so that
//! every machine agrees on every bit.

use super::range::BitCoder;
use crate::error::Result;
use crate::simd::pages::{Pages, try_zeros};

/// Stretched probabilities are multiples of 1/256 below 11 in magnitude.
const STRETCHED_BITS: u32 = 8;
const STRETCHED_END: i32 = 11 << STRETCHED_BITS;

/// `SQUASH[x + STRETCHED_END]` is 65536 / (1 + e^(-x/256)).
static SQUASH: [u16; 2 * STRETCHED_END as usize] = squash_table();

/// `STRETCH[p]` is the smallest x that is squashed to at least (p + 0.5) / 4096.
static STRETCH: [i16; 4096] = stretch_table();

/// `RATE[n]` is 65536 / (n + 1.6): how far a counter goes that has seen n bits.
static RATE: [u16; 256] = rate_table();

/// e^(-1/256) and the powers of it, in 62 bits behind the point.
const fn squash_table() -> [u16; 2 * STRETCHED_END as usize] {
    const ONE: u128 = 1 << 62;
    // 1 - x + x^2/2 - x^3/6 ... for x = 1/256; the ninth term is below 2^-62.
    let (mut base, mut term, mut n) = (0, ONE, 0);
    while n < 10 {
        if n % 2 == 0 {
            base += term
        } else {
            base -= term
        }
        n += 1;
        term /= 256 * n;
    }
    let mut table = [0; 2 * STRETCHED_END as usize];
    let (mut power, mut x) = (ONE, 0);
    while x < STRETCHED_END as usize {
        // For x >= 0: 1 / (1 + e^-x); and one minus that for -x.
        let squashed = ((ONE << 17) / (ONE + power)).div_ceil(2); // rounds a half up
        let squashed = if squashed > 65535 { 65535 } else { squashed };
        table[STRETCHED_END as usize + x] = squashed as u16;
        table[STRETCHED_END as usize - x] = (65536 - squashed) as u16;
        power = power * base / ONE;
        x += 1;
    }
    table[0] = table[1];
    table
}

const fn stretch_table() -> [i16; 4096] {
    let squash = squash_table();
    let mut table = [0; 4096];
    let (mut p, mut i) = (0, 0);
    while p < 4096 {
        while i + 1 < squash.len() && (squash[i] as usize) < p * 16 + 8 {
            i += 1;
        }
        table[p] = (i as i32 - STRETCHED_END) as i16;
        p += 1;
    }
    table
}

const fn rate_table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        table[n] = (655_360 / (10 * n + 16)) as u16;
        n += 1;
    }
    table
}

/// A probability in 22 bits and how many bits it has seen in 10, so that zero is a new counter.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counter(u32);

/// A probability of one half.
const HALF: u32 = 1 << 31;
const COUNT_MASK: u32 = 0x3ff;

impl Counter {
    /// Returns the probability in 12 bits.
    #[inline(always)]
    fn p12(self) -> usize {
        ((self.0 ^ HALF) >> 20) as usize
    }

    #[inline(always)]
    fn count(self) -> u32 {
        self.0 & COUNT_MASK
    }

    /// Learns a bit; `limit` says how many bits the counter remembers.
    #[inline(always)]
    fn update(&mut self, bit: bool, limit: u32) {
        let state = self.0 ^ HALF;
        let (p, count) = (state >> 10, state & COUNT_MASK);
        let target = if bit { (1 << 22) - 1 } else { 0 };
        let step = (i64::from(target - p as i32) * i64::from(RATE[count as usize])) >> 16;
        let p = (p as i32 + step as i32) as u32;
        self.0 = (p << 10 | if count < limit { count + 1 } else { count }) ^ HALF;
    }
}

/// Contexts that are mixed into one probability.
pub(crate) struct Mixer<const N: usize> {
    /// States of [`Counter`]s.
    counters: Vec<u32>,
    /// Sets of N; each less the weight that all begin with, so that zero is a new one.
    weights: Vec<u32>,
    options: MixerOptions,
}

/// Size and speed of a [`Mixer`].
#[derive(Clone, Copy)]
pub(crate) struct MixerOptions {
    /// Base 2 logarithm of the counters of one context.
    pub(crate) table_log: u32,
    /// Sets of weights to choose from.
    pub(crate) weight_sets: usize,
    /// Bits that a counter remembers, at most 255.
    pub(crate) memory: u32,
    /// How fast weights move; 16 is slow, 128 fast.
    pub(crate) rate: i32,
}

/// What a weight begins with: 0.3, of which 1 << 16 is one.
const FIRST_WEIGHT: i32 = (1 << 16) * 3 / 10;

/// Counters that lie side by side, so that looking up one brings all into the cache.
const ROW_LEN: u32 = 16;

impl<const N: usize> Mixer<N> {
    pub(crate) fn new(options: MixerOptions, pages: Pages) -> Result<Self> {
        Ok(Mixer {
            counters: try_zeros(N << options.table_log, pages)?,
            weights: try_zeros(N * options.weight_sets, pages)?,
            options,
        })
    }

    /// Returns the counter of a hashed context.
    #[inline(always)]
    pub(crate) fn place(&self, context: usize, hash: u32) -> u32 {
        self.row(context, hash) | hash & (ROW_LEN - 1)
    }

    /// Returns the first of the [`ROW_LEN`] counters of a hashed context.
    #[inline(always)]
    pub(crate) fn row(&self, context: usize, hash: u32) -> u32 {
        let log = self.options.table_log;
        (context as u32) << log | (hash >> (32 - log)) & !(ROW_LEN - 1)
    }

    /// Codes a bit, given a counter for each context.
    #[inline(always)]
    pub(crate) fn code<C: BitCoder>(
        &mut self,
        coder: &mut C,
        places: &[u32; N],
        set: usize,
        bit: bool,
    ) -> bool {
        let weights: &mut [u32; N] =
            self.weights[set * N..].first_chunk_mut().expect("a set of weights");
        let weight = |stored: u32| (stored as i32).wrapping_add(FIRST_WEIGHT);
        let mut inputs = [0; N];
        let mut sum = 0;
        for i in 0..N {
            let counter = Counter(self.counters[places[i] as usize]);
            let stretched = i32::from(STRETCH[counter.p12()]);
            inputs[i] = if counter.count() == 0 { 0 } else { stretched };
            sum += i64::from(weight(weights[i])) * i64::from(inputs[i]);
        }
        let end = i64::from(STRETCHED_END);
        let sum = (sum >> 16).clamp(1 - end, end - 1) + end;
        let probability = SQUASH[sum as usize];
        let bit = coder.code(bit, probability);
        let error = (i32::from(bit) << 16) - i32::from(probability);
        for i in 0..N {
            let step = i64::from(inputs[i]) * i64::from(error) * i64::from(self.options.rate);
            let moved = weight(weights[i]).saturating_add(((step + (1 << 19)) >> 20) as i32);
            weights[i] = moved.wrapping_sub(FIRST_WEIGHT) as u32;
            let state = &mut self.counters[places[i] as usize];
            let mut counter = Counter(*state);
            counter.update(bit, self.options.memory);
            *state = counter.0;
        }
        bit
    }
}

/// Hashes the parts of a context; the leading bits of the result are good.
#[inline(always)]
pub(crate) fn hash(a: u32, b: u32) -> u32 {
    let mixed = (a.wrapping_mul(0x2f0b_4c47) ^ b).wrapping_mul(0x7feb_352d) ^ a >> 13;
    (mixed ^ mixed >> 15).wrapping_mul(0x9e37_79b1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The logistic function of x/256, in 65536ths.
    fn squashed(x: i32) -> f64 {
        65536.0 / (1.0 + (-f64::from(x) / 256.0).exp())
    }

    #[test]
    fn squash_is_the_logistic_function() {
        for x in 1 - STRETCHED_END..STRETCHED_END {
            let entry = f64::from(SQUASH[(x + STRETCHED_END) as usize]);
            assert!((entry - squashed(x)).abs() <= 0.5001, "{x}: {entry}");
        }
        assert!(SQUASH.iter().all(|&probability| probability > 0));
    }

    #[test]
    fn stretch_is_its_inverse() {
        for (p, &entry) in STRETCH.iter().enumerate() {
            // The first entry whose rounded squash is not below.
            let (p, entry) = (p as f64 * 16.0 + 8.0, i32::from(entry));
            assert!(squashed(entry) >= p - 0.5001, "{p}: {entry}");
            assert!(squashed(entry - 1) <= p + 0.5001, "{p}: {entry}");
        }
    }

    #[test]
    fn a_counter_moves_towards_the_bits_it_sees() {
        let mut counter = Counter::default();
        assert_eq!((counter.p12(), counter.count()), (2048, 0));
        counter.update(true, 255);
        // From 1/2 by 1/1.6 of the way to 1.
        assert_eq!((counter.p12(), counter.count()), (3327, 1));
        for _ in 0..10_000 {
            counter.update(true, 255);
        }
        assert_eq!((counter.p12(), counter.count()), (4095, 255));
        for _ in 0..10_000 {
            counter.update(false, 20);
        }
        assert_eq!(counter.p12(), 0);
    }
}
