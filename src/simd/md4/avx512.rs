//! MD4 of 16 or 32 blocks with AVX-512 F: 16 lanes, and two groups that hide each other's latency.

use std::arch::x86_64::*;

use super::super::x86::{load_512, store_512};
use super::{CHUNK, CONSTANTS, Chunks, State, rounds};

const LANES: usize = 16;

#[target_feature(enable = "avx512f")]
pub(super) fn compress<const GROUPS: usize>(
    state: &mut State<LANES, GROUPS>,
    chunks: &Chunks<'_, LANES, GROUPS>,
) {
    let mut sums = [[_mm512_setzero_si512(); GROUPS]; 4];
    for (sum, word) in sums.as_flattened_mut().iter_mut().zip(state.as_flattened()) {
        *sum = load_512(word);
    }
    for position in 0..chunks[0][0].len() {
        let mut words = [[_mm512_setzero_si512(); GROUPS]; CHUNK / 4];
        for (group, chunks) in chunks.iter().enumerate() {
            let transposed = transpose(chunks, position);
            for (word, vector) in words.iter_mut().zip(transposed) {
                word[group] = vector;
            }
        }
        let new = rounds!(step, sums, &words);
        for (old, &new) in sums.as_flattened_mut().iter_mut().zip(new.as_flattened()) {
            *old = _mm512_add_epi32(*old, new);
        }
    }
    for (word, &sum) in state.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
        store_512(word, sum);
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn step<const ROUND: usize, const SHIFT: i32, const GROUPS: usize>(
    mut a: [__m512i; GROUPS],
    b: [__m512i; GROUPS],
    c: [__m512i; GROUPS],
    d: [__m512i; GROUPS],
    word: [__m512i; GROUPS],
) -> [__m512i; GROUPS] {
    let constant = _mm512_set1_epi32(CONSTANTS[ROUND] as i32);
    for i in 0..GROUPS {
        // The truth tables of "b selects c or d", majority and parity.
        let mixed = match ROUND {
            0 => _mm512_ternarylogic_epi32::<0xca>(b[i], c[i], d[i]),
            1 => _mm512_ternarylogic_epi32::<0xe8>(b[i], c[i], d[i]),
            _ => _mm512_ternarylogic_epi32::<0x96>(b[i], c[i], d[i]),
        };
        // `mixed` is known last.
        let sum = _mm512_add_epi32(a[i], _mm512_add_epi32(word[i], constant));
        a[i] = _mm512_rol_epi32::<SHIFT>(_mm512_add_epi32(sum, mixed));
    }
    a
}

/// Returns the 16 words of a chunk of each lane: word by word, not lane by lane.
#[target_feature(enable = "avx512f")]
#[inline]
fn transpose(chunks: &[&[[u8; CHUNK]]; LANES], position: usize) -> [__m512i; LANES] {
    let mut rows = [_mm512_setzero_si512(); LANES];
    for (row, chunks) in rows.iter_mut().zip(chunks) {
        *row = load_512(&chunks[position]);
    }
    let mut pairs = rows;
    for i in (0..LANES).step_by(2) {
        pairs[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
    }
    // Vector 4 q + w: in its quarter p word 4 p + w of rows 4 q to 4 q + 3.
    let mut fours = pairs;
    for i in (0..LANES).step_by(4) {
        fours[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);
        fours[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);
        fours[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
        fours[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
    }
    // The quarters are a matrix of 4 by 4 for each w.
    let mut words = fours;
    for w in 0..4 {
        let low_even = _mm512_shuffle_i32x4::<0x88>(fours[w], fours[4 + w]);
        let low_odd = _mm512_shuffle_i32x4::<0xdd>(fours[w], fours[4 + w]);
        let high_even = _mm512_shuffle_i32x4::<0x88>(fours[8 + w], fours[12 + w]);
        let high_odd = _mm512_shuffle_i32x4::<0xdd>(fours[8 + w], fours[12 + w]);
        words[w] = _mm512_shuffle_i32x4::<0x88>(low_even, high_even);
        words[4 + w] = _mm512_shuffle_i32x4::<0x88>(low_odd, high_odd);
        words[8 + w] = _mm512_shuffle_i32x4::<0xdd>(low_even, high_even);
        words[12 + w] = _mm512_shuffle_i32x4::<0xdd>(low_odd, high_odd);
    }
    words
}
