//! Rabin-Karp sum: a polynomial in the bytes of the window, modulo 2^32.

use super::{RollingSum, WeakHash};
use crate::simd::Simd;
use crate::simd::rabin_karp::{self, MULT};

const SEED: u32 = 1;
/// Inverse of `MULT` modulo 2^32.
const INVERSE: u32 = 0x98f0_09ad;
/// What the seed adds to a byte that leaves the window.
const ADJUST: u32 = MULT.wrapping_sub(1).wrapping_mul(SEED);

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
        self.hash = self.hash.wrapping_mul(MULT).wrapping_add(u32::from(new)).wrapping_sub(leaving);
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
}
