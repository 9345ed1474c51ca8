//! Rollsum over 8 windows at once with AVX2.

use std::arch::x86_64::*;

use super::Groups;
use super::x86::{Filter256, last_256, prefix_sums_256, store_256, widen_256};
use crate::weak::rollsum::OFFSET;
use crate::weak::{SPREAD_FACTOR, SPREAD_SHIFT};

/// Rolls on from the two halves of a sum, and returns the last ones.
#[target_feature(enable = "avx2")]
pub(super) fn roll([s1, s2]: [u32; 2], len: u32, groups: Groups<'_>) -> [u32; 2] {
    // The first half grows by in[k] - out[k], the second one by the new first half less n times the
    // byte that leaves, of which the low 16 bits will do.
    let low_half = _mm256_set1_epi32(0xffff);
    let len_factor = _mm256_set1_epi32((len & 0xffff) as i32);
    let offsets = _mm256_set1_epi32(len.wrapping_mul(OFFSET) as i32);
    let filter = Filter256::new(groups.filter);
    let mut carry1 = _mm256_set1_epi32(s1 as i32);
    let mut carry2 = _mm256_set1_epi32(s2 as i32);
    for (leaving, entering, sums, passing) in groups.each() {
        let mut masks = [0; 2];
        let bytes = leaving.as_chunks().0.iter().zip(entering.as_chunks().0);
        let results = sums.as_chunks_mut().0.iter_mut().zip(&mut masks);
        for ((leaving, entering), (sums, mask)) in bytes.zip(results) {
            let leaving = widen_256(leaving);
            let changes = prefix_sums_256(_mm256_sub_epi32(widen_256(entering), leaving));
            let s1 = _mm256_add_epi32(carry1, changes);
            let leaving = _mm256_add_epi32(_mm256_mullo_epi16(leaving, len_factor), offsets);
            let s2 = _mm256_add_epi32(carry2, prefix_sums_256(_mm256_sub_epi32(s1, leaving)));
            carry1 = last_256(s1);
            carry2 = last_256(s2);
            let low = _mm256_and_si256(s1, low_half);
            let digests = _mm256_or_si256(_mm256_slli_epi32::<16>(s2), low);
            store_256(sums, digests);
            *mask = filter.may_contain(spread(digests));
        }
        *passing = u16::from_le_bytes(masks);
    }
    [carry1, carry2].map(|carry| _mm256_cvtsi256_si32(carry) as u32)
}

/// [`WeakHash::spread`](crate::WeakHash) of rollsums.
#[target_feature(enable = "avx2")]
#[inline]
fn spread(sums: __m256i) -> __m256i {
    let products = _mm256_mullo_epi32(sums, _mm256_set1_epi32(SPREAD_FACTOR as i32));
    _mm256_xor_si256(products, _mm256_srli_epi32::<{ SPREAD_SHIFT as i32 }>(products))
}
