//! Rabin-Karp sums of many bytes, taken further by Horner's rule.
//!
//! One byte at a time would wait for each multiplication; sums of independent products do not.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use super::Simd;

/// The multiplier of the sum (`docs/formats.md`, "Weak sums").
pub(crate) const MULT: u32 = 0x0810_4225;

/// Returns `hash` times [`MULT`] plus the next byte, for each byte in turn, modulo 2^32.
pub(crate) fn update(simd: Simd, hash: u32, bytes: &[u8]) -> u32 {
    match simd.level {
        // SAFETY: a `Simd` of this level exists only where AVX-512 F and VNNI do.
        #[cfg(target_arch = "x86_64")]
        super::Level::Avx512 => unsafe { avx512::update(hash, bytes) },
        // SAFETY: a `Simd` of this level exists only where AVX2 does.
        #[cfg(target_arch = "x86_64")]
        super::Level::Avx2 => unsafe { avx2::update(hash, bytes) },
        _ => portable::update(hash, bytes),
    }
}

/// Returns [`MULT`] to the power of `exponent`.
pub(crate) const fn power(mut exponent: usize) -> u32 {
    let (mut result, mut square) = (1u32, MULT);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result.wrapping_mul(square);
        }
        square = square.wrapping_mul(square);
        exponent >>= 1;
    }
    result
}
