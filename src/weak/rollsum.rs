//! Rollsum, the sum of classic rsync signatures: Adler-like, with offset 31 and no prime modulus.

use super::{RollingSum, WeakHash};
use crate::simd::scan::Groups;
use crate::simd::{Simd, rollsum};

pub(crate) const OFFSET: u32 = 31;

/// Both sums are kept in 32 bits and cut to 16 when the digest is taken.
#[derive(Clone)]
pub(crate) struct Rollsum {
    len: u32,
    s1: u32,
    s2: u32,
}

impl RollingSum for Rollsum {
    const HASH: WeakHash = WeakHash::Rollsum;

    fn new() -> Self {
        Rollsum { len: 0, s1: 0, s2: 0 }
    }

    fn update(&mut self, simd: Simd, bytes: &[u8]) {
        let sums = rollsum::sums(simd, bytes);
        // In the end only the low 16 bits count, so halving a product modulo 2^32 does no harm.
        let len = bytes.len() as u32;
        let offsets = OFFSET.wrapping_mul(len.wrapping_mul(len.wrapping_add(1)) / 2);
        let sum = sums.weighted.wrapping_add(offsets);
        self.s2 = self.s2.wrapping_add(len.wrapping_mul(self.s1)).wrapping_add(sum);
        self.s1 = self.s1.wrapping_add(sums.plain).wrapping_add(len.wrapping_mul(OFFSET));
        self.len = self.len.wrapping_add(len);
    }

    #[inline(always)]
    fn rotate(&mut self, out: u8, new: u8) {
        self.s1 = self.s1.wrapping_add(u32::from(new)).wrapping_sub(u32::from(out));
        self.s2 = self
            .s2
            .wrapping_add(self.s1)
            .wrapping_sub(self.len.wrapping_mul(u32::from(out) + OFFSET));
    }

    fn roll_out(&mut self, out: u8) {
        let leaving = u32::from(out) + OFFSET;
        self.s1 = self.s1.wrapping_sub(leaving);
        self.s2 = self.s2.wrapping_sub(self.len.wrapping_mul(leaving));
        self.len = self.len.wrapping_sub(1);
    }

    #[inline(always)]
    fn digest(&self) -> u32 {
        (self.s2 << 16) | (self.s1 & 0xffff)
    }

    fn roll_groups(&mut self, groups: Groups<'_>, simd: Simd) {
        match groups.roll_rollsum([self.s1, self.s2], self.len, simd) {
            Ok([s1, s2]) => (self.s1, self.s2) = (s1, s2),
            Err(groups) => groups.roll_each(self),
        }
    }
}
