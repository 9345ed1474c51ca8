//! RabinKarp over 16 windows at once with AVX-512.

use std::arch::x86_64::*;

use super::Groups;
use super::x86::{Filter512, last_512, load_512, prefix_sums_512, store_512, widen_512};
use crate::weak::rabinkarp::{FIRST_INVERSE_POWERS, FIRST_POWERS};

/// Rolls on from a hash without seed, and returns the last one. `power` is M^n.
#[target_feature(enable = "avx512f,avx512dq")]
pub(super) fn roll(hash: u32, power: u32, groups: Groups<'_>) -> u32 {
    // With hashes h without seed, h[k + 1] = h[k] * M + in[k] - out[k] * M^n. Divided by M^(k + 1)
    // that is a sum: h[k + 1] / M^(k + 1) = h[0] + sum of (in[i] - out[i] * M^n) / M^(i + 1).
    let powers = load_512(&FIRST_POWERS);
    let entering_factors = load_512(&FIRST_INVERSE_POWERS);
    let seed = _mm512_set1_epi32(power as i32);
    let leaving_factors = _mm512_mullo_epi32(entering_factors, seed);
    let filter = Filter512::new(groups.filter);
    let mut carry = _mm512_set1_epi32(hash as i32);
    for (leaving, entering, sums, passing) in groups.each() {
        let entering = _mm512_mullo_epi32(widen_512(entering), entering_factors);
        let leaving = _mm512_mullo_epi32(widen_512(leaving), leaving_factors);
        let changes = prefix_sums_512(_mm512_sub_epi32(entering, leaving));
        let hashes = _mm512_mullo_epi32(_mm512_add_epi32(changes, carry), powers);
        carry = last_512(hashes);
        let hashes = _mm512_add_epi32(hashes, seed);
        store_512(sums, hashes);
        *passing = filter.may_contain(hashes);
    }
    _mm512_cvtsi512_si32(carry) as u32
}
