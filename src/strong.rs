//! Strong sums: MD4 (RFC 1320) or BLAKE2b-256 (RFC 7693), of which a signature keeps a prefix.

use blake2b_simd::many::{HashManyJob, hash_many};
use md4::{Digest, Md4};

/// Length of the longest strong sum in bytes.
pub const MAX_STRONG_LEN: usize = 32;

/// A whole strong sum; MD4 fills the first 16 bytes.
pub type StrongSum = [u8; MAX_STRONG_LEN];

/// The strong hash of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum StrongHash {
    /// MD4, 16 bytes. Broken as a cryptographic hash; for exchange with old tools.
    Md4,
    /// BLAKE2b with a digest length of 32 bytes. librsync's default since 1.0.0.
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
        let mut state = StrongState::new(self);
        state.update(block);
        state.finish()
    }

    /// Replaces `sums` by the strong sums of `blocks`: the entry that kernels sit behind.
    pub fn sum_many<'a>(
        self,
        blocks: impl ExactSizeIterator<Item = &'a [u8]>,
        sums: &mut Vec<StrongSum>,
    ) {
        sums.clear();
        match self {
            StrongHash::Md4 => sums.extend(blocks.map(|block| self.sum(block))),
            StrongHash::Blake2b => {
                let params = blake2b_256();
                let mut jobs: Vec<_> = blocks
                    .map(|block| HashManyJob::new(&params, block))
                    .collect();
                hash_many(jobs.iter_mut());
                sums.extend(jobs.iter().map(|job| blake2b_sum(&job.to_hash())));
            }
        }
    }
}

/// A strong sum in the making.
#[derive(Clone)]
pub(crate) enum StrongState {
    Md4(Md4),
    // Boxed: ten times the size of the other.
    Blake2b(Box<blake2b_simd::State>),
}

impl StrongState {
    pub(crate) fn new(hash: StrongHash) -> Self {
        match hash {
            StrongHash::Md4 => StrongState::Md4(Md4::new()),
            StrongHash::Blake2b => StrongState::Blake2b(Box::new(blake2b_256().to_state())),
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
            StrongState::Md4(state) => {
                let mut sum = [0; MAX_STRONG_LEN];
                sum[..16].copy_from_slice(&state.clone().finalize());
                sum
            }
            StrongState::Blake2b(state) => blake2b_sum(&state.finalize()),
        }
    }
}

fn blake2b_256() -> blake2b_simd::Params {
    let mut params = blake2b_simd::Params::new();
    params.hash_length(MAX_STRONG_LEN);
    params
}

fn blake2b_sum(hash: &blake2b_simd::Hash) -> StrongSum {
    let mut sum = [0; MAX_STRONG_LEN];
    sum.copy_from_slice(hash.as_bytes());
    sum
}
