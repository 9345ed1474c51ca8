//! Rollsum over 16 windows at once with AVX-512.

use std::arch::x86_64::*;

use super::Groups;
use super::x86::{Filter512, last_512, prefix_sums_512, store_512, widen_512};
use crate::weak::rollsum::OFFSET;
use crate::weak::{SPREAD_FACTOR, SPREAD_SHIFT};

/// Rolls on from the two halves of a sum, and returns the last ones.
#[target_feature(enable = "avx512f,avx512bw,avx512dq")]
pub(super) fn roll([s1, s2]: [u32; 2], len: u32, groups: Groups<'_>) -> [u32; 2] {
    // The first half grows by in[k] - out[k], the second one by the new first half less n times the
    // byte that leaves, of which the low 16 bits will do.
    let low_half = _mm512_set1_epi32(0xffff);
    let len_factor = _mm512_set1_epi32((len & 0xffff) as i32);
    let offsets = _mm512_set1_epi32(len.wrapping_mul(OFFSET) as i32);
    let filter = Filter512::new(groups.filter);
    let mut carry1 = _mm512_set1_epi32(s1 as i32);
    let mut carry2 = _mm512_set1_epi32(s2 as i32);
    for (leaving, entering, sums, passing) in groups.each() {
        let leaving = widen_512(leaving);
        let changes = prefix_sums_512(_mm512_sub_epi32(widen_512(entering), leaving));
        let s1 = _mm512_add_epi32(carry1, changes);
        let leaving = _mm512_add_epi32(_mm512_mullo_epi16(leaving, len_factor), offsets);
        let s2 = _mm512_add_epi32(carry2, prefix_sums_512(_mm512_sub_epi32(s1, leaving)));
        carry1 = last_512(s1);
        carry2 = last_512(s2);
        let low = _mm512_and_si512(s1, low_half);
        let digests = _mm512_or_si512(_mm512_slli_epi32::<16>(s2), low);
        store_512(sums, digests);
        *passing = filter.may_contain(spread(digests));
    }
    [carry1, carry2].map(|carry| _mm512_cvtsi512_si32(carry) as u32)
}

/// [`WeakHash::spread`](crate::WeakHash) of rollsums.
#[target_feature(enable = "avx512f")]
#[inline]
fn spread(sums: __m512i) -> __m512i {
    let products = _mm512_mullo_epi32(sums, _mm512_set1_epi32(SPREAD_FACTOR as i32));
    _mm512_xor_si512(products, _mm512_srli_epi32::<SPREAD_SHIFT>(products))
}
