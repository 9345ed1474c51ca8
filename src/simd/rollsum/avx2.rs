//! The sums behind a rollsum with AVX2, which multiplies bytes by signed bytes.

use std::arch::x86_64::*;

use super::super::x86::{load_256, store_256};
use super::{Sums, portable};

/// Bytes that are taken at once.
const STEP: usize = 32;
/// How often each byte of a step counts. Two products together fit into 15 bits.
const WEIGHTS: [u8; STEP] = {
    let mut weights = [0; STEP];
    let mut i = 0;
    while i < STEP {
        weights[i] = (STEP - i) as u8;
        i += 1;
    }
    weights
};

#[target_feature(enable = "avx2")]
pub(super) fn sums(bytes: &[u8]) -> Sums {
    let (zero, ones) = (_mm256_setzero_si256(), _mm256_set1_epi16(1));
    let weights = load_256(&WEIGHTS);
    // The bytes of the steps before, once for each step behind them.
    let (mut plain, mut before, mut weighted) = (zero, zero, zero);
    let (steps, rest) = bytes.as_chunks::<STEP>();
    for step in steps {
        let step = load_256(step);
        before = _mm256_add_epi32(before, plain);
        plain = _mm256_add_epi32(plain, _mm256_sad_epu8(step, zero));
        let pairs = _mm256_maddubs_epi16(step, weights);
        weighted = _mm256_add_epi32(weighted, _mm256_madd_epi16(pairs, ones));
    }
    let front = Sums {
        plain: sum(plain),
        weighted: sum(before).wrapping_mul(STEP as u32).wrapping_add(sum(weighted)),
    };
    front.followed_by(portable::sums(rest), rest.len())
}

#[target_feature(enable = "avx2")]
#[inline]
fn sum(lanes: __m256i) -> u32 {
    let mut each = [0u32; 8];
    store_256(&mut each, lanes);
    each.into_iter().fold(0, u32::wrapping_add)
}
