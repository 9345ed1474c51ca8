//! Strong sums: MD4 (RFC 1320) or BLAKE2b-256 (RFC 7693), of which a signature keeps a prefix.

use md4::{Digest, Md4};

use crate::simd::{self, Queue, Simd};

/// Length of the longest strong sum in bytes.
pub const MAX_STRONG_LEN: usize = 32;

/// A whole strong sum; MD4 fills the first 16 bytes.
pub type StrongSum = [u8; MAX_STRONG_LEN];

/// The strong hash of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum StrongHash {
    /// MD4 (RFC 1320), 16 bytes. Broken as a cryptographic hash; for exchange with old tools.
    Md4,
    /// BLAKE2b (RFC 7693) with a digest length of 32 bytes. librsync's default since 1.0.0.
    #[default]
    Blake2b,
}

impl StrongHash {
    /// Returns the length of the whole sum in bytes: 16 or 32.
    pub fn max_len(self) -> u8 {
        match self {
            StrongHash::Md4 => 16,
            StrongHash::Blake2b => 32,
        }
    }

    /// Returns the name that `rdiff --hash` uses.
    pub fn name(self) -> &'static str {
        match self {
            StrongHash::Md4 => "md4",
            StrongHash::Blake2b => "blake2",
        }
    }

    /// Returns the strong sum of one block.
    pub fn sum(self, block: &[u8]) -> StrongSum {
        self.sum_with(Simd::best(), block)
    }

    /// As [`StrongHash::sum`], with kernels of one level.
    pub(crate) fn sum_with(self, simd: Simd, block: &[u8]) -> StrongSum {
        match self {
            StrongHash::Md4 => md4_sum(&Md4::digest(block).into()),
            StrongHash::Blake2b => simd::blake2b::sum(simd, block),
        }
    }

    /// Takes the strong sums of the consecutive blocks at the front of `data`, one for each entry of
    /// `sums`.
    pub(crate) fn sum_many(
        self,
        simd: Simd,
        data: &[u8],
        block_len: usize,
        sums: &mut [StrongSum],
    ) {
        let mut queue = Queue::new(data, block_len, sums);
        match self {
            StrongHash::Md4 => {
                simd::md4::sum_many(simd, &mut queue, |block| self.sum_with(simd, block))
            }
            StrongHash::Blake2b => simd::blake2b::sum_many(simd, &mut queue),
        }
    }
}

/// A strong sum in the making. On no heap, so that none is needed while a job runs.
#[derive(Clone)]
#[allow(clippy::large_enum_variant)]
pub(crate) enum StrongState {
    Md4(Md4),
    Blake2b(blake2b_simd::State),
}

impl StrongState {
    pub(crate) fn new(hash: StrongHash) -> Self {
        match hash {
            StrongHash::Md4 => StrongState::Md4(Md4::new()),
            StrongHash::Blake2b => StrongState::Blake2b(blake2b_256().to_state()),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            StrongState::Md4(state) => Digest::update(state, bytes),
            StrongState::Blake2b(state) => {
                state.update(bytes);
            }
        }
    }

    pub(crate) fn finish(&self) -> StrongSum {
        match self {
            StrongState::Md4(state) => md4_sum(&state.clone().finalize().into()),
            StrongState::Blake2b(state) => blake2b_sum(&state.finalize()),
        }
    }
}

pub(crate) fn blake2b_256() -> blake2b_simd::Params {
    let mut params = blake2b_simd::Params::new();
    params.hash_length(MAX_STRONG_LEN);
    params
}

pub(crate) fn md4_sum(digest: &[u8; 16]) -> StrongSum {
    let mut sum = [0; MAX_STRONG_LEN];
    sum[..16].copy_from_slice(digest);
    sum
}

pub(crate) fn blake2b_sum(hash: &blake2b_simd::Hash) -> StrongSum {
    let mut sum = [0; MAX_STRONG_LEN];
    sum.copy_from_slice(hash.as_bytes());
    sum
}
