//! Strong sums: MD4 (RFC 1320) or BLAKE2b-256 (RFC 7693), of which a signature keeps a prefix.

mod md4_many;

use blake2b_simd::many::{HashManyJob, hash_many};
use md4::{Digest, Md4};

/// Length of the longest strong sum in bytes.
pub const MAX_STRONG_LEN: usize = 32;

/// Blocks that are handed to BLAKE2b together: a multiple of what it hashes at once.
const BLAKE2B_JOBS: usize = 16;

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
        match self {
            StrongHash::Md4 => md4_sum(&Md4::digest(block).into()),
            StrongHash::Blake2b => blake2b_sum(&blake2b_256().hash(block)),
        }
    }

    /// Takes the strong sums of the consecutive blocks in `data`, one for each entry of `sums`: the
    /// entry that kernels sit behind.
    pub(crate) fn sum_many(self, data: &[u8], block_len: usize, sums: &mut [StrongSum]) {
        let block = |number: usize| &data[number * block_len..][..block_len];
        match self {
            StrongHash::Md4 => {
                for (group, sums) in sums.chunks_mut(md4_many::LANES).enumerate() {
                    let block = |lane| block(group * md4_many::LANES + lane);
                    if sums.len() < md4_many::WORTHWHILE {
                        sums.iter_mut().enumerate().for_each(|(n, sum)| *sum = self.sum(block(n)));
                        continue;
                    }
                    // Lanes without a block repeat the last one.
                    let blocks = std::array::from_fn(|lane| block(lane.min(sums.len() - 1)));
                    for (sum, digest) in sums.iter_mut().zip(md4_many::sum(blocks)) {
                        *sum = md4_sum(&digest);
                    }
                }
            }
            StrongHash::Blake2b => {
                let params = blake2b_256();
                for (group, sums) in sums.chunks_mut(BLAKE2B_JOBS).enumerate() {
                    let mut jobs: [_; BLAKE2B_JOBS] = std::array::from_fn(|lane| {
                        let lane = lane.min(sums.len() - 1);
                        HashManyJob::new(&params, block(group * BLAKE2B_JOBS + lane))
                    });
                    hash_many(&mut jobs[..sums.len()]);
                    for (sum, job) in sums.iter_mut().zip(&jobs) {
                        *sum = blake2b_sum(&job.to_hash());
                    }
                }
            }
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

fn blake2b_256() -> blake2b_simd::Params {
    let mut params = blake2b_simd::Params::new();
    params.hash_length(MAX_STRONG_LEN);
    params
}

fn md4_sum(digest: &[u8; 16]) -> StrongSum {
    let mut sum = [0; MAX_STRONG_LEN];
    sum[..16].copy_from_slice(digest);
    sum
}

fn blake2b_sum(hash: &blake2b_simd::Hash) -> StrongSum {
    let mut sum = [0; MAX_STRONG_LEN];
    sum.copy_from_slice(hash.as_bytes());
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_sums_are_the_sums_of_each() {
        let data: Vec<u8> = (0..20_000u32).map(|i| (i * i + i / 7) as u8).collect();
        for hash in [StrongHash::Md4, StrongHash::Blake2b] {
            for block_len in [1, 2, 55, 56, 57, 63, 64, 65, 119, 120, 128, 700, 1024] {
                for blocks in [0, 1, 4, 5, 7, 8, 9, 13, 17] {
                    let data = &data[..blocks * block_len];
                    let mut sums = vec![[0; MAX_STRONG_LEN]; blocks];
                    hash.sum_many(data, block_len, &mut sums);
                    let each: Vec<_> =
                        data.chunks_exact(block_len).map(|block| hash.sum(block)).collect();
                    assert_eq!(sums, each, "{hash:?} {blocks} blocks of {block_len}");
                }
            }
        }
    }
}
