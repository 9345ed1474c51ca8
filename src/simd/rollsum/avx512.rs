//! The sums behind a rollsum with AVX-512 VNNI, which multiplies bytes by signed bytes.

use std::arch::x86_64::*;

use super::super::x86::load_512;
use super::{Sums, avx2};

/// Bytes that are taken at once.
const STEP: usize = 64;
/// How often each byte of a step counts.
const WEIGHTS: [u8; STEP] = {
    let mut weights = [0; STEP];
    let mut i = 0;
    while i < STEP {
        weights[i] = (STEP - i) as u8;
        i += 1;
    }
    weights
};

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn sums(bytes: &[u8]) -> Sums {
    let zero = _mm512_setzero_si512();
    let weights = load_512(&WEIGHTS);
    // The bytes of the steps before, once for each step behind them.
    let (mut plain, mut before, mut weighted) = (zero, zero, zero);
    let (steps, rest) = bytes.as_chunks::<STEP>();
    for step in steps {
        let step = load_512(step);
        before = _mm512_add_epi32(before, plain);
        plain = _mm512_add_epi32(plain, _mm512_sad_epu8(step, zero));
        weighted = _mm512_add_epi32(weighted, _mm512_dpbusd_epi32(zero, step, weights));
    }
    let sum = |lanes| _mm512_reduce_add_epi32(lanes) as u32;
    let front = Sums {
        plain: sum(plain),
        weighted: sum(before).wrapping_mul(STEP as u32).wrapping_add(sum(weighted)),
    };
    front.followed_by(avx2::sums(rest), rest.len())
}
