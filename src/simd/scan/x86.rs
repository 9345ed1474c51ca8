//! What the kernels of one instruction set share: bytes as numbers, prefix sums, the filter.

use std::arch::x86_64::*;

use super::GROUP;
use crate::filter::{Filter, LookUp};

/// The filter, for 8 keys at a time.
pub(super) struct Filter256<'a> {
    words: &'a [u32],
    word_shift: __m128i,
}

impl<'a> Filter256<'a> {
    #[target_feature(enable = "avx2")]
    #[inline]
    pub(super) fn new(filter: &'a Filter) -> Self {
        let LookUp { words, word_shift } = checked(filter);
        Filter256 { words, word_shift: _mm_cvtsi32_si128(word_shift as i32) }
    }

    /// Returns a bit for each key, set if it may be in the filter.
    #[target_feature(enable = "avx2")]
    #[inline]
    pub(super) fn may_contain(&self, keys: __m256i) -> u8 {
        let indices = _mm256_srl_epi32(keys, self.word_shift);
        // SAFETY: `checked` found a word for every key that was shifted so. The indices are
        // below 2^31 since the shift is at least 1.
        let words = unsafe { _mm256_i32gather_epi32::<4>(self.words.as_ptr().cast(), indices) };
        let last_5_bits = _mm256_set1_epi32(31);
        let bit = |keys| _mm256_sllv_epi32(words, _mm256_andnot_si256(keys, last_5_bits));
        let first_two = _mm256_and_si256(bit(keys), bit(_mm256_srli_epi32::<5>(keys)));
        let all = _mm256_and_si256(first_two, bit(_mm256_srli_epi32::<10>(keys)));
        _mm256_movemask_ps(_mm256_castsi256_ps(all)) as u8
    }
}

/// The filter, for 16 keys at a time.
pub(super) struct Filter512<'a> {
    words: &'a [u32],
    word_shift: __m128i,
}

impl<'a> Filter512<'a> {
    #[target_feature(enable = "avx512f,avx512dq")]
    #[inline]
    pub(super) fn new(filter: &'a Filter) -> Self {
        let LookUp { words, word_shift } = checked(filter);
        Filter512 { words, word_shift: _mm_cvtsi32_si128(word_shift as i32) }
    }

    /// Returns a bit for each key, set if it may be in the filter.
    #[target_feature(enable = "avx512f,avx512dq")]
    #[inline]
    pub(super) fn may_contain(&self, keys: __m512i) -> u16 {
        let indices = _mm512_srl_epi32(keys, self.word_shift);
        // SAFETY: `checked` found a word for every key that was shifted so. The indices are
        // below 2^31 since the shift is at least 1.
        let words = unsafe { _mm512_i32gather_epi32::<4>(indices, self.words.as_ptr().cast()) };
        // A rotation counts modulo 32.
        let bit = |keys| _mm512_rorv_epi32(words, keys);
        let first_two = _mm512_and_si512(bit(keys), bit(_mm512_srli_epi32::<5>(keys)));
        let last = _mm512_and_si512(bit(_mm512_srli_epi32::<10>(keys)), _mm512_set1_epi32(1));
        _mm512_test_epi32_mask(first_two, last)
    }
}

/// Returns the parts of a filter after a check that there is a word for every key.
#[inline]
fn checked(filter: &Filter) -> LookUp<'_> {
    let LookUp { words, word_shift } = filter.look_up();
    assert!((1..32).contains(&word_shift) && words.len() > (u32::MAX >> word_shift) as usize);
    LookUp { words, word_shift }
}

/// Loads 8 bytes as 32-bit numbers.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn widen_256(bytes: &[u8; 8]) -> __m256i {
    // SAFETY: 8 bytes are read and there are 8; any address will do.
    _mm256_cvtepu8_epi32(unsafe { _mm_loadl_epi64(bytes.as_ptr().cast()) })
}

/// Loads 16 bytes as 32-bit numbers.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn widen_512(bytes: &[u8; GROUP]) -> __m512i {
    // SAFETY: 16 bytes are read and there are 16; any address will do.
    _mm512_cvtepu8_epi32(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
}

#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn load_256(numbers: &[u32; 8]) -> __m256i {
    // SAFETY: 32 bytes are read and there are 32; any address will do.
    unsafe { _mm256_loadu_si256(numbers.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn load_512(numbers: &[u32; GROUP]) -> __m512i {
    // SAFETY: 64 bytes are read and there are 64; any address will do.
    unsafe { _mm512_loadu_si512(numbers.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn store_256(numbers: &mut [u32; 8], vector: __m256i) {
    // SAFETY: 32 bytes are written and there are 32; any address will do.
    unsafe { _mm256_storeu_si256(numbers.as_mut_ptr().cast(), vector) }
}

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn store_512(numbers: &mut [u32; GROUP], vector: __m512i) {
    // SAFETY: 64 bytes are written and there are 64; any address will do.
    unsafe { _mm512_storeu_si512(numbers.as_mut_ptr().cast(), vector) }
}

/// Adds to each number all that come before it.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn prefix_sums_256(mut v: __m256i) -> __m256i {
    v = _mm256_add_epi32(v, _mm256_slli_si256::<4>(v));
    v = _mm256_add_epi32(v, _mm256_slli_si256::<8>(v));
    // The halves are apart: the upper one lacks the last sum of the lower one.
    let lower = _mm256_permutevar8x32_epi32(v, _mm256_set1_epi32(3));
    _mm256_add_epi32(v, _mm256_blend_epi32::<0xf0>(_mm256_setzero_si256(), lower))
}

/// Adds to each number all that come before it.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn prefix_sums_512(mut v: __m512i) -> __m512i {
    let zero = _mm512_setzero_si512();
    v = _mm512_add_epi32(v, _mm512_alignr_epi32::<15>(v, zero));
    v = _mm512_add_epi32(v, _mm512_alignr_epi32::<14>(v, zero));
    v = _mm512_add_epi32(v, _mm512_alignr_epi32::<12>(v, zero));
    _mm512_add_epi32(v, _mm512_alignr_epi32::<8>(v, zero))
}

/// Returns the last number in every place.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn last_256(v: __m256i) -> __m256i {
    _mm256_permutevar8x32_epi32(v, _mm256_set1_epi32(7))
}

/// Returns the last number in every place.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn last_512(v: __m512i) -> __m512i {
    _mm512_permutexvar_epi32(_mm512_set1_epi32(15), v)
}
