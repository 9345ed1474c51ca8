//! Vectors of x86-64 from and to arrays.

use std::arch::x86_64::*;

/// Numbers of which every pattern of bits is one.
pub(super) trait Number: Copy {}

impl Number for i8 {}
impl Number for i16 {}
impl Number for u8 {}
impl Number for u32 {}
impl Number for u64 {}

/// A table of vectors, none of which lies across two cache lines.
#[repr(align(64))]
pub(super) struct Aligned<T>(pub T);

#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn load_256<T: Number, const N: usize>(array: &[T; N]) -> __m256i {
    const { assert!(size_of::<[T; N]>() == size_of::<__m256i>()) };
    // SAFETY: the array has as many bytes as are read, which was asserted; any address will do.
    unsafe { _mm256_loadu_si256(array.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn store_256<T: Number, const N: usize>(array: &mut [T; N], vector: __m256i) {
    const { assert!(size_of::<[T; N]>() == size_of::<__m256i>()) };
    // SAFETY: the array has as many bytes as are written, which was asserted; any address will do.
    unsafe { _mm256_storeu_si256(array.as_mut_ptr().cast(), vector) }
}

/// Loads 16 bytes as numbers of 16 bits.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn widen_256(bytes: &[u8; 16]) -> __m256i {
    // SAFETY: 16 bytes are read and there are 16; any address will do.
    _mm256_cvtepu8_epi16(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
}

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn load_512<T: Number, const N: usize>(array: &[T; N]) -> __m512i {
    const { assert!(size_of::<[T; N]>() == size_of::<__m512i>()) };
    // SAFETY: the array has as many bytes as are read, which was asserted; any address will do.
    unsafe { _mm512_loadu_si512(array.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn store_512<T: Number, const N: usize>(array: &mut [T; N], vector: __m512i) {
    const { assert!(size_of::<[T; N]>() == size_of::<__m512i>()) };
    // SAFETY: the array has as many bytes as are written, which was asserted; any address will do.
    unsafe { _mm512_storeu_si512(array.as_mut_ptr().cast(), vector) }
}
