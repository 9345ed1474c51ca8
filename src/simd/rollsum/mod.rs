//! The two sums behind a rollsum, of many bytes.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use super::Simd;

/// Sums modulo 2^32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sums {
    /// The bytes.
    pub plain: u32,
    /// The first byte as often as there are bytes, the next once less, and so on to the last.
    pub weighted: u32,
}

impl Sums {
    /// Returns the sums of bytes of which these are the sums followed by `next`, of length `len`.
    fn followed_by(self, next: Sums, len: usize) -> Sums {
        Sums {
            plain: self.plain.wrapping_add(next.plain),
            weighted: self
                .weighted
                .wrapping_add(self.plain.wrapping_mul(len as u32))
                .wrapping_add(next.weighted),
        }
    }
}

/// Returns the sums of bytes.
pub(crate) fn sums(simd: Simd, bytes: &[u8]) -> Sums {
    match simd.level {
        // SAFETY: a `Simd` of this level exists only where AVX-512 F, BW and VNNI do.
        #[cfg(target_arch = "x86_64")]
        super::Level::Avx512 => unsafe { avx512::sums(bytes) },
        // SAFETY: a `Simd` of this level exists only where AVX2 does.
        #[cfg(target_arch = "x86_64")]
        super::Level::Avx2 => unsafe { avx2::sums(bytes) },
        _ => portable::sums(bytes),
    }
}
