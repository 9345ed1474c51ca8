//! Rabin-Karp sum: a polynomial in the bytes of the window, modulo 2^32.

use super::{RollingSum, WeakHash};
use crate::simd::Simd;
use crate::simd::rabin_karp::{self, MULT};
use crate::simd::scan::{GROUP, Groups};

const SEED: u32 = 1;
/// Inverse of `MULT` modulo 2^32.
const INVERSE: u32 = 0x98f0_09ad;
/// What the seed adds to a byte that leaves the window.
const ADJUST: u32 = MULT.wrapping_sub(1).wrapping_mul(SEED);

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

    fn update(&mut self, simd: Simd, bytes: &[u8]) {
        self.hash = rabin_karp::update(simd, self.hash, bytes);
        self.power = self.power.wrapping_mul(rabin_karp::power(bytes.len()));
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

const fn first_powers(base: u32) -> [u32; GROUP] {
    let mut powers = [base; GROUP];
    let mut i = 1;
    while i < GROUP {
        powers[i] = powers[i - 1].wrapping_mul(base);
        i += 1;
    }
    powers
}
