//! Rabin-Karp sums with AVX2, which multiplies signed numbers of 16 bits.
//!
//! So each power of the multiplier is written as two digits of base 65536, the lower one signed.

use std::arch::x86_64::*;

use super::super::x86::{Aligned, load_256, store_256, widen_256};
use super::{portable, power};

const VECTOR: usize = 16;
/// Vectors that are taken at once.
const VECTORS: usize = 8;
const STEP: usize = VECTORS * VECTOR;

/// `DIGITS[d][v]` has the digits of weight 65536^d of what the bytes of vector v are multiplied by.
static DIGITS: Aligned<[[[i16; VECTOR]; VECTORS]; 2]> = {
    let mut digits = [[[0; VECTOR]; VECTORS]; 2];
    let mut i = 0;
    while i < STEP {
        let power = power(STEP - 1 - i);
        let low = power as i16;
        digits[0][i / VECTOR][i % VECTOR] = low;
        digits[1][i / VECTOR][i % VECTOR] = (power.wrapping_sub(low as u32) >> 16) as i16;
        i += 1;
    }
    Aligned(digits)
};

#[target_feature(enable = "avx2")]
pub(super) fn update(hash: u32, bytes: &[u8]) -> u32 {
    let (steps, rest) = bytes.as_chunks::<STEP>();
    if steps.is_empty() {
        return portable::update(hash, bytes);
    }
    let step_power = _mm256_set1_epi32(const { power(STEP) } as i32);
    // The sum of the lanes is the hash, so it may start in any of them.
    let mut lanes = _mm256_zextsi128_si256(_mm_cvtsi32_si128(hash as i32));
    for step in steps {
        let mut sums = [_mm256_setzero_si256(); 2];
        for (vector, bytes) in step.as_chunks::<VECTOR>().0.iter().enumerate() {
            let bytes = widen_256(bytes);
            for (sum, digits) in sums.iter_mut().zip(&DIGITS.0) {
                let products = _mm256_madd_epi16(bytes, load_256(&digits[vector]));
                *sum = _mm256_add_epi32(*sum, products);
            }
        }
        let sum = _mm256_add_epi32(sums[0], _mm256_slli_epi32::<16>(sums[1]));
        lanes = _mm256_add_epi32(_mm256_mullo_epi32(lanes, step_power), sum);
    }
    let mut each = [0u32; 8];
    store_256(&mut each, lanes);
    portable::update(each.into_iter().fold(0, u32::wrapping_add), rest)
}
