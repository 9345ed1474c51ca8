//! RabinKarp over 8 windows at once with AVX2.

use std::arch::x86_64::*;

use super::Groups;
use super::x86::{Filter256, last_256, load_256, prefix_sums_256, store_256, widen_256};
use crate::weak::rabinkarp::{FIRST_INVERSE_POWERS, FIRST_POWERS};

/// Rolls on from a hash without seed, and returns the last one. `power` is M^n.
#[target_feature(enable = "avx2")]
pub(super) fn roll(hash: u32, power: u32, groups: Groups<'_>) -> u32 {
    // As with AVX-512, 8 at a time.
    let powers = load_256(&FIRST_POWERS.as_chunks().0[0]);
    let entering_factors = load_256(&FIRST_INVERSE_POWERS.as_chunks().0[0]);
    let seed = _mm256_set1_epi32(power as i32);
    let leaving_factors = _mm256_mullo_epi32(entering_factors, seed);
    let filter = Filter256::new(groups.filter);
    let mut carry = _mm256_set1_epi32(hash as i32);
    for (leaving, entering, sums, passing) in groups.each() {
        let mut masks = [0; 2];
        let bytes = leaving.as_chunks().0.iter().zip(entering.as_chunks().0);
        let results = sums.as_chunks_mut().0.iter_mut().zip(&mut masks);
        for ((leaving, entering), (sums, mask)) in bytes.zip(results) {
            let entering = _mm256_mullo_epi32(widen_256(entering), entering_factors);
            let leaving = _mm256_mullo_epi32(widen_256(leaving), leaving_factors);
            let changes = prefix_sums_256(_mm256_sub_epi32(entering, leaving));
            let hashes = _mm256_mullo_epi32(_mm256_add_epi32(changes, carry), powers);
            carry = last_256(hashes);
            let hashes = _mm256_add_epi32(hashes, seed);
            store_256(sums, hashes);
            *mask = filter.may_contain(hashes);
        }
        *passing = u16::from_le_bytes(masks);
    }
    _mm256_cvtsi256_si32(carry) as u32
}
