//! Rabin-Karp sum: a polynomial in the bytes of the window, modulo 2^32.

use super::{RollingSum, WeakHash};
use crate::simd::Simd;
use crate::simd::scan::{GROUP, Groups};

const SEED: u32 = 1;
const MULT: u32 = 0x0810_4225;
/// Inverse of `MULT` modulo 2^32.
const INVERSE: u32 = 0x98f0_09ad;
/// What the seed adds to a byte that leaves the window.
const ADJUST: u32 = MULT.wrapping_sub(1).wrapping_mul(SEED);

/// Bytes that [`RabinKarp::update`] takes at once.
const LANES: usize = 16;
/// `POWERS[i]` is `MULT` to the power of `LANES - 1 - i`.
const POWERS: [u32; LANES] = {
    let mut powers = [1u32; LANES];
    let mut i = LANES - 1;
    while i > 0 {
        powers[i - 1] = powers[i].wrapping_mul(MULT);
        i -= 1;
    }
    powers
};
const MULT_LANES: u32 = POWERS[0].wrapping_mul(MULT);

/// The first powers of `MULT`, and those of its inverse.
pub(crate) const FIRST_POWERS: [u32; GROUP] = first_powers(MULT);
pub(crate) const FIRST_INVERSE_POWERS: [u32; GROUP] = first_powers(INVERSE);

#[derive(Clone)]
pub(crate) struct RabinKarp {
    hash: u32,
    /// `MULT` to the power of the window length.
    power: u32,
}

impl RollingSum for RabinKarp {
    const HASH: WeakHash = WeakHash::RabinKarp;

    fn new() -> Self {
        RabinKarp { hash: SEED, power: 1 }
    }

    fn update(&mut self, bytes: &[u8]) {
        // Horner's rule one byte at a time waits for each multiplication; a sum of independent
        // products does not.
        let mut hash = self.hash;
        let (chunks, rest) = bytes.as_chunks::<LANES>();
        for chunk in chunks {
            let mut sum = 0u32;
            for (&byte, power) in chunk.iter().zip(POWERS) {
                sum = sum.wrapping_add(power.wrapping_mul(u32::from(byte)));
            }
            hash = hash.wrapping_mul(MULT_LANES).wrapping_add(sum);
        }
        for &byte in rest {
            hash = hash.wrapping_mul(MULT).wrapping_add(u32::from(byte));
        }
        self.hash = hash;
        self.power = self.power.wrapping_mul(power_of_mult(bytes.len()));
    }

    #[inline(always)]
    fn rotate(&mut self, out: u8, new: u8) {
        let leaving = self.power.wrapping_mul(u32::from(out).wrapping_add(ADJUST));
        // What does not wait for the hash before comes first.
        let change = u32::from(new).wrapping_sub(leaving);
        self.hash = self.hash.wrapping_mul(MULT).wrapping_add(change);
    }

    fn roll_out(&mut self, out: u8) {
        self.power = self.power.wrapping_mul(INVERSE);
        let leaving = self.power.wrapping_mul(u32::from(out).wrapping_add(ADJUST));
        self.hash = self.hash.wrapping_sub(leaving);
    }

    #[inline(always)]
    fn digest(&self) -> u32 {
        self.hash
    }

    fn roll_groups(&mut self, groups: Groups<'_>, simd: Simd) {
        // The seed times the power of the length is what is in the hash for the seed.
        let seed = SEED.wrapping_mul(self.power);
        match groups.roll_rabin_karp(self.hash.wrapping_sub(seed), self.power, simd) {
            Ok(hash) => self.hash = hash.wrapping_add(seed),
            Err(groups) => groups.roll_each(self),
        }
    }
}

fn power_of_mult(mut exponent: usize) -> u32 {
    let (mut result, mut square) = (1u32, MULT);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result.wrapping_mul(square);
        }
        square = square.wrapping_mul(square);
        exponent >>= 1;
    }
    result
}

const fn first_powers(base: u32) -> [u32; GROUP] {
    let mut powers = [base; GROUP];
    let mut i = 1;
    while i < GROUP {
        powers[i] = powers[i - 1].wrapping_mul(base);
        i += 1;
    }
    powers
}
