//! Rollsum, the sum of classic rsync signatures: Adler-like, with offset 31 and no prime modulus.

use super::{RollingSum, WeakHash};
use crate::simd::Simd;
use crate::simd::scan::Groups;

pub(crate) const OFFSET: u32 = 31;

/// Bytes that [`Rollsum::update`] takes at once.
const LANES: usize = 16;

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

    fn update(&mut self, bytes: &[u8]) {
        let (mut s1, mut s2) = (self.s1, self.s2);
        let (chunks, rest) = bytes.as_chunks::<LANES>();
        for chunk in chunks {
            // s2 takes s1 once per byte; byte i of the chunk is in s1 for the last 16 - i of them.
            let (mut sum, mut weighted) = (0u32, 0u32);
            for (i, &byte) in chunk.iter().enumerate() {
                sum += u32::from(byte);
                weighted += (LANES - i) as u32 * u32::from(byte);
            }
            let n = LANES as u32;
            s2 = s2
                .wrapping_add(n.wrapping_mul(s1))
                .wrapping_add(weighted + OFFSET * (n * (n + 1) / 2));
            s1 = s1.wrapping_add(sum + n * OFFSET);
        }
        for &byte in rest {
            s1 = s1.wrapping_add(u32::from(byte) + OFFSET);
            s2 = s2.wrapping_add(s1);
        }
        self.s1 = s1;
        self.s2 = s2;
        // Only the low 16 bits of the length ever count.
        self.len = self.len.wrapping_add(bytes.len() as u32);
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
