//! Rabin-Karp sums with AVX-512 VNNI, which multiplies bytes by signed bytes.
//!
//! So each power of the multiplier is written as four digits of base 256 from -128 to 127.

use std::arch::x86_64::*;

use super::super::x86::{Aligned, load_512};
use super::{avx2, power};

const VECTOR: usize = 64;
/// Vectors that are taken at once.
const VECTORS: usize = 4;
const STEP: usize = VECTORS * VECTOR;

/// `DIGITS[d][v]` has the digits of weight 256^d of what the bytes of vector v are multiplied by.
static DIGITS: Aligned<[[[i8; VECTOR]; VECTORS]; 4]> = {
    let mut digits = [[[0; VECTOR]; VECTORS]; 4];
    let mut i = 0;
    while i < STEP {
        let mut rest = power(STEP - 1 - i);
        let mut digit = 0;
        while digit < 4 {
            let value = rest as i8;
            digits[digit][i / VECTOR][i % VECTOR] = value;
            rest = rest.wrapping_sub(value as u32) >> 8;
            digit += 1;
        }
        i += 1;
    }
    Aligned(digits)
};

#[target_feature(enable = "avx512f,avx512vnni")]
pub(super) fn update(hash: u32, bytes: &[u8]) -> u32 {
    let (steps, rest) = bytes.as_chunks::<STEP>();
    if steps.is_empty() {
        return avx2::update(hash, bytes);
    }
    let step_power = _mm512_set1_epi32(const { power(STEP) } as i32);
    // The sum of the lanes is the hash, so it may start in any of them.
    let mut lanes = _mm512_zextsi128_si512(_mm_cvtsi32_si128(hash as i32));
    for step in steps {
        let mut sums = [_mm512_setzero_si512(); 4];
        for (vector, bytes) in step.as_chunks::<VECTOR>().0.iter().enumerate() {
            let bytes = load_512(bytes);
            for (sum, digits) in sums.iter_mut().zip(&DIGITS.0) {
                *sum = _mm512_dpbusd_epi32(*sum, bytes, load_512(&digits[vector]));
            }
        }
        let low = _mm512_add_epi32(sums[0], _mm512_slli_epi32::<8>(sums[1]));
        let high = _mm512_add_epi32(sums[2], _mm512_slli_epi32::<8>(sums[3]));
        let sum = _mm512_add_epi32(low, _mm512_slli_epi32::<16>(high));
        lanes = _mm512_add_epi32(_mm512_mullo_epi32(lanes, step_power), sum);
    }
    avx2::update(_mm512_reduce_add_epi32(lanes) as u32, rest)
}
