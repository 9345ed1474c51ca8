//! BLAKE2b-256 (RFC 7693) of several blocks of equal length at once.

#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use blake2b_simd::many::{HashManyJob, degree, hash_many};

use super::{Queue, Simd};
use crate::strong::{MAX_STRONG_LEN, StrongSum, blake2b_256, blake2b_sum};

/// Bytes of one step of BLAKE2b.
const CHUNK: usize = 128;

const IV: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];
/// The state before the first chunk, with the parameters in its first word: no key, fan-out 1, depth 1,
/// this digest length.
const INITIAL: [u64; 8] = {
    let mut state = IV;
    state[0] ^= 0x0101_0000 | MAX_STRONG_LEN as u64;
    state
};

/// The words that the rounds take (RFC 7693, section 2.7).
const SIGMA: [[usize; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

/// Blocks that are handed to `blake2b_simd` together: a multiple of what it hashes at once.
const JOBS: usize = 16;

/// Takes the sum of one block.
pub(crate) fn sum(simd: Simd, block: &[u8]) -> StrongSum {
    match simd.level {
        super::Level::Portable => portable::sum(block),
        _ => blake2b_sum(&blake2b_256().hash(block)),
    }
}

/// Takes the sums of all blocks in a queue.
pub(crate) fn sum_many(simd: Simd, queue: &mut Queue) {
    match simd.level {
        // From how many blocks on this is faster was measured.
        #[cfg(target_arch = "x86_64")]
        super::Level::Avx512 => queue.take_groups(3, |[blocks]| {
            // SAFETY: a `Simd` of this level exists only where AVX-512 F does.
            [unsafe { avx512::sum(blocks) }]
        }),
        super::Level::Portable => queue.take_rest(|blocks| [portable::sum(blocks[0])]),
        _ => {}
    }
    // `blake2b_simd` chooses between SSE4.1 and AVX2 by itself.
    let params = blake2b_256();
    queue.take_rest(|blocks| {
        let job = |n: usize| HashManyJob::new(&params, blocks[n.min(blocks.len() - 1)]);
        let mut jobs: [_; JOBS] = std::array::from_fn(job);
        // A lane without a block costs less than the last three one by one.
        let spare = usize::from(degree() == 4 && blocks.len() % 4 == 3);
        hash_many(&mut jobs[..blocks.len() + spare]);
        let mut sums = [StrongSum::default(); JOBS];
        for (sum, job) in sums.iter_mut().zip(&jobs[..blocks.len()]) {
            *sum = blake2b_sum(&job.to_hash());
        }
        sums
    });
}
