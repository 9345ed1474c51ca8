//! The sum of a fine block: a polynomial in its bytes, modulo the prime 2^61 - 1, at a point that the
//! salt names (Karp and Rabin, *Efficient randomized pattern-matching algorithms*, 1987).
//!
//! The polynomial of a window follows from the one before, and different blocks of n bytes have the
//! same for at most n of 2^61 points: so it is weak and strong sum in one, of which any number of
//! bytes can be kept. It is mixed before that, since polynomials of blocks that differ in the same
//! way differ by the same number: where tables of addresses are moved, one wrong match would be many.

use crate::format::chunks::SALT_LEN;

/// The modulus.
const PRIME: u64 = (1 << 61) - 1;
/// What the salt is hashed for.
const PERSONAL: &[u8; 16] = b"sigdelta fine\0\0\0";

/// Sums of blocks with one salt.
#[derive(Clone, Debug)]
pub(super) struct FineHash {
    point: u64,
    /// Powers of the point from the seventh down to the zeroth.
    powers: [u64; 8],
    /// The eighth.
    eighth: u64,
    /// The bits of a sum that are kept.
    mask: u64,
}

impl FineHash {
    /// `sum_len` is in bytes, at most 7.
    pub(super) fn new(salt: &[u8; SALT_LEN], sum_len: u8) -> Self {
        let mut params = blake2b_simd::Params::new();
        let hash = params.hash_length(8).key(salt).personal(PERSONAL).hash(&[]);
        let number = hash.as_bytes().iter().rev().fold(0, |all, &byte| all << 8 | u64::from(byte));
        // Not 0 or 1, at which a sum says little.
        let point = number % (PRIME - 2) + 2;
        let mut powers = [1; 8];
        for n in (0..7).rev() {
            powers[n] = product(powers[n + 1], point);
        }
        let mask = (1 << (8 * u32::from(sum_len))) - 1;
        FineHash { point, powers, eighth: product(powers[0], point), mask }
    }

    /// Returns the sum of a block.
    pub(super) fn sum(&self, block: &[u8]) -> u64 {
        mixed(self.state(block)) & self.mask
    }

    /// Starts with the window of these bytes.
    pub(super) fn window(&self, bytes: &[u8]) -> Window<'_> {
        let leaving = (0..bytes.len()).fold(1, |power, _| product(power, self.point));
        let leaving = std::array::from_fn(|byte| {
            let left = product(leaving, term(byte as u8));
            if left == 0 { 0 } else { PRIME - left }
        });
        Window { hash: self, leaving, state: self.state(bytes) }
    }

    fn state(&self, bytes: &[u8]) -> u64 {
        let (groups, rest) = bytes.as_chunks::<8>();
        let mut state = 0;
        for group in groups {
            let terms = group.iter().zip(&self.powers);
            let sum: u128 = terms.map(|(&byte, &power)| wide(term(byte), power)).sum();
            // One product below 2^122 and eight that are much smaller.
            state = reduced(sum + wide(state, self.eighth));
        }
        for &byte in rest {
            state = reduced(wide(state, self.point) + u128::from(term(byte)));
        }
        state
    }
}

/// A window that slides over bytes.
#[derive(Clone, Debug)]
pub(super) struct Window<'a> {
    hash: &'a FineHash,
    /// For each byte what is added when it leaves.
    leaving: [u64; 256],
    state: u64,
}

impl Window<'_> {
    /// Returns the sum.
    #[inline(always)]
    pub(super) fn sum(&self) -> u64 {
        mixed(self.state) & self.hash.mask
    }

    /// Takes a byte in and lets the first one go.
    #[inline(always)]
    pub(super) fn roll(&mut self, out: u8, new: u8) {
        let change = self.leaving[usize::from(out)] + term(new);
        self.state = reduced(wide(self.state, self.hash.point) + u128::from(change));
    }
}

/// A bijection of 64 bits, all of which depend on all (the finaliser of SplitMix64: Steele, Lea and
/// Flood, *Fast splittable pseudorandom number generators*, 2014, with constants of Stafford's).
#[inline(always)]
fn mixed(state: u64) -> u64 {
    let state = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ state >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ state >> 31
}

/// A byte as a number that is not 0, so that leading zeros count.
#[inline(always)]
fn term(byte: u8) -> u64 {
    u64::from(byte) + 1
}

#[inline(always)]
fn wide(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}

fn product(a: u64, b: u64) -> u64 {
    reduced(wide(a, b))
}

/// Returns a number below 2^126 modulo the prime: 2^61 is 1.
#[inline(always)]
fn reduced(number: u128) -> u64 {
    let folded = (number as u64 & PRIME) + ((number >> 61) as u64 & PRIME) + (number >> 122) as u64;
    let folded = (folded & PRIME) + (folded >> 61);
    if folded >= PRIME { folded - PRIME } else { folded }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, byte by byte with a division each.
    fn naive(hash: &FineHash, bytes: &[u8]) -> u64 {
        let step = |state: u128, &byte: &u8| {
            (state * u128::from(hash.point) + u128::from(byte) + 1) % u128::from(PRIME)
        };
        mixed(bytes.iter().fold(0, step) as u64) & hash.mask
    }

    fn bytes() -> Vec<u8> {
        (0..3000u32).map(|n| ((n * n) >> 5) as u8).collect()
    }

    #[test]
    fn a_sum_is_the_polynomial() {
        let bytes = bytes();
        for sum_len in 2..=7 {
            let hash = FineHash::new(&[sum_len; SALT_LEN], sum_len);
            for len in [0, 1, 7, 8, 9, 64, 511, 512, 3000] {
                assert_eq!(hash.sum(&bytes[..len]), naive(&hash, &bytes[..len]), "{len}");
                assert_eq!(hash.sum(&vec![255; len]), naive(&hash, &vec![255; len]), "{len}");
            }
        }
    }

    #[test]
    fn rolling_gives_the_sum_of_every_window() {
        let bytes = bytes();
        let hash = FineHash::new(b"a salt of 16 byt", 7);
        for len in [64, 100, 1024] {
            let mut window = hash.window(&bytes[..len]);
            for start in 0..bytes.len() - len {
                assert_eq!(window.sum(), hash.sum(&bytes[start..start + len]));
                window.roll(bytes[start], bytes[start + len]);
            }
        }
    }

    #[test]
    fn numbers_are_reduced_to_the_rest_of_a_division() {
        let ends = [0, 1, PRIME - 1, PRIME, PRIME + 1, 1 << 62, u64::MAX];
        for (a, b) in ends.into_iter().flat_map(|a| ends.map(|b| (a, b))) {
            let number = wide(a, b) >> 2;
            assert_eq!(u128::from(reduced(number)), number % u128::from(PRIME), "{a} * {b} / 4");
        }
    }
}
