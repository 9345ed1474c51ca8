//! MD4 of 8 or 16 blocks with AVX2: 8 lanes, and two groups that hide each other's latency.

use std::arch::x86_64::*;

use super::super::x86::{load_256, store_256};
use super::{CHUNK, CONSTANTS, Chunks, State, rounds};

const LANES: usize = 8;

#[target_feature(enable = "avx2")]
pub(super) fn compress<const GROUPS: usize>(
    state: &mut State<LANES, GROUPS>,
    chunks: &Chunks<'_, LANES, GROUPS>,
) {
    let mut sums = [[_mm256_setzero_si256(); GROUPS]; 4];
    for (sum, word) in sums.as_flattened_mut().iter_mut().zip(state.as_flattened()) {
        *sum = load_256(word);
    }
    for position in 0..chunks[0][0].len() {
        let mut words = [[_mm256_setzero_si256(); GROUPS]; CHUNK / 4];
        for (group, chunks) in chunks.iter().enumerate() {
            for half in 0..2 {
                let transposed = transpose(chunks, position, half);
                for (word, vector) in words[8 * half..].iter_mut().zip(transposed) {
                    word[group] = vector;
                }
            }
        }
        let new = rounds!(step, sums, &words);
        for (old, &new) in sums.as_flattened_mut().iter_mut().zip(new.as_flattened()) {
            *old = _mm256_add_epi32(*old, new);
        }
    }
    for (word, &sum) in state.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
        store_256(word, sum);
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn step<const ROUND: usize, const SHIFT: i32, const GROUPS: usize>(
    mut a: [__m256i; GROUPS],
    b: [__m256i; GROUPS],
    c: [__m256i; GROUPS],
    d: [__m256i; GROUPS],
    word: [__m256i; GROUPS],
) -> [__m256i; GROUPS] {
    let constant = _mm256_set1_epi32(CONSTANTS[ROUND] as i32);
    for i in 0..GROUPS {
        let mut sum = _mm256_add_epi32(a[i], _mm256_add_epi32(word[i], constant));
        // What `b` is part of comes last, since `b` is known last.
        let either = _mm256_xor_si256(c[i], d[i]);
        let mixed = match ROUND {
            0 => _mm256_xor_si256(d[i], _mm256_and_si256(b[i], either)),
            1 => {
                sum = _mm256_add_epi32(sum, _mm256_and_si256(c[i], d[i]));
                _mm256_and_si256(b[i], either)
            }
            _ => _mm256_xor_si256(b[i], either),
        };
        sum = _mm256_add_epi32(sum, mixed);
        let shifted_out = _mm256_srl_epi32(sum, _mm_cvtsi32_si128(32 - SHIFT));
        a[i] = _mm256_or_si256(_mm256_slli_epi32::<SHIFT>(sum), shifted_out);
    }
    a
}

/// Returns 8 words of a chunk of each lane, the first or the second half: word by word, not lane by
/// lane.
#[target_feature(enable = "avx2")]
#[inline]
fn transpose(chunks: &[&[[u8; CHUNK]]; LANES], position: usize, half: usize) -> [__m256i; LANES] {
    let mut rows = [_mm256_setzero_si256(); LANES];
    for (row, chunks) in rows.iter_mut().zip(chunks) {
        *row = load_256(&chunks[position].as_chunks::<32>().0[half]);
    }
    let mut pairs = rows;
    for i in (0..LANES).step_by(2) {
        pairs[i] = _mm256_unpacklo_epi32(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_epi32(rows[i], rows[i + 1]);
    }
    // Vector 4 q + w: in its half p word 4 p + w of rows 4 q to 4 q + 3.
    let mut fours = pairs;
    for i in (0..LANES).step_by(4) {
        fours[i] = _mm256_unpacklo_epi64(pairs[i], pairs[i + 2]);
        fours[i + 1] = _mm256_unpackhi_epi64(pairs[i], pairs[i + 2]);
        fours[i + 2] = _mm256_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
        fours[i + 3] = _mm256_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
    }
    let mut words = fours;
    for w in 0..4 {
        words[w] = _mm256_permute2x128_si256::<0x20>(fours[w], fours[4 + w]);
        words[4 + w] = _mm256_permute2x128_si256::<0x31>(fours[w], fours[4 + w]);
    }
    words
}
