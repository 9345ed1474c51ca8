//! BLAKE2b-256 (RFC 7693) of several blocks of equal length at once.

#[cfg(target_arch = "x86_64")]
mod avx512;

use blake2b_simd::many::{HashManyJob, degree, hash_many};

use super::{Queue, Simd};
use crate::strong::{StrongSum, blake2b_256, blake2b_sum};

/// Blocks that are handed to `blake2b_simd` together: a multiple of what it hashes at once.
const JOBS: usize = 16;

/// Takes the sums of all blocks in a queue.
pub(crate) fn sum_many(simd: Simd, queue: &mut Queue) {
    match simd.level {
        // From how many blocks on this is faster was measured.
        #[cfg(target_arch = "x86_64")]
        super::Level::Avx512 => queue.take_groups(3, |[blocks]| {
            // SAFETY: a `Simd` of this level exists only where AVX-512 F does.
            [unsafe { avx512::sum(blocks) }]
        }),
        _ => {}
    }
    // `blake2b_simd` chooses among its portable code, SSE4.1 and AVX2 by itself.
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
