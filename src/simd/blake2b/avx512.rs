//! BLAKE2b-256 of 8 blocks with AVX-512 F, one block in each lane of 64 bits.

use std::arch::x86_64::*;

use super::super::x86::{load_512, store_512};
use super::{CHUNK, INITIAL, IV, SIGMA};
use crate::strong::StrongSum;

const LANES: usize = 8;

/// Word by word the state of each lane.
type State = [[u64; LANES]; 8];

/// Returns the sums of blocks, all of one length.
#[target_feature(enable = "avx512f")]
pub(super) fn sum(blocks: &[&[u8]; LANES]) -> [StrongSum; LANES] {
    let block_len = blocks[0].len();
    let mut state = INITIAL.map(|word| [word; LANES]);

    // The last chunk, whole or not, and even that of an empty block, is compressed otherwise.
    let last = block_len.saturating_sub(1) / CHUNK * CHUNK;
    let mut tails = [[0; CHUNK]; LANES];
    for (tail, block) in tails.iter_mut().zip(blocks) {
        tail[..block_len - last].copy_from_slice(&block[last..]);
    }
    let chunks = blocks.map(|block| block[..last].as_chunks().0);
    let tails = tails.each_ref().map(std::slice::from_ref);
    compress(&mut state, &chunks, CHUNK as u64, 0);
    compress(&mut state, &tails, block_len as u64, u64::MAX);

    std::array::from_fn(|lane| {
        let mut sum = StrongSum::default();
        for (bytes, word) in sum.as_chunks_mut().0.iter_mut().zip(&state) {
            *bytes = word[lane].to_le_bytes();
        }
        sum
    })
}

/// Compresses chunks; `counter` counts the bytes up to the end of the first, `flag` marks the last.
#[target_feature(enable = "avx512f")]
fn compress(state: &mut State, chunks: &[&[[u8; CHUNK]]; LANES], mut counter: u64, flag: u64) {
    let mut sums = [_mm512_setzero_si512(); 8];
    for (sum, word) in sums.iter_mut().zip(&*state) {
        *sum = load_512(word);
    }
    for position in 0..chunks[0].len() {
        let words = transpose(chunks, position);
        let iv = |i: usize, xor: u64| _mm512_set1_epi64((IV[i] ^ xor) as i64);
        let [h0, h1, h2, h3, h4, h5, h6, h7] = sums;
        let mut rows = [
            [h0, h1, h2, h3],
            [h4, h5, h6, h7],
            [iv(0, 0), iv(1, 0), iv(2, 0), iv(3, 0)],
            [iv(4, counter), iv(5, 0), iv(6, flag), iv(7, 0)],
        ];
        macro_rules! rounds {
            ($($round:literal)*) => {$(
                let word = |i: usize| words[SIGMA[$round][i]];
                mix::<0, 32, 24>(&mut rows, [word(0), word(2), word(4), word(6)]);
                mix::<0, 16, 63>(&mut rows, [word(1), word(3), word(5), word(7)]);
                mix::<1, 32, 24>(&mut rows, [word(8), word(10), word(12), word(14)]);
                mix::<1, 16, 63>(&mut rows, [word(9), word(11), word(13), word(15)]);
            )*};
        }
        rounds!(0 1 2 3 4 5 6 7 8 9 0 1);
        let [a, b, c, d] = rows;
        for i in 0..4 {
            sums[i] = _mm512_ternarylogic_epi64::<0x96>(sums[i], a[i], c[i]);
            sums[4 + i] = _mm512_ternarylogic_epi64::<0x96>(sums[4 + i], b[i], d[i]);
        }
        counter += CHUNK as u64;
    }
    for (word, sum) in state.iter_mut().zip(sums) {
        store_512(word, sum);
    }
}

/// Half of the function G (RFC 7693, section 3.1) on the four columns, or on the four diagonals.
#[target_feature(enable = "avx512f")]
#[inline]
fn mix<const DIAGONAL: usize, const FIRST: i32, const SECOND: i32>(
    rows: &mut [[__m512i; 4]; 4],
    words: [__m512i; 4],
) {
    let [a, b, c, d] = rows;
    for i in 0..4 {
        let [j, k, l] = [i + DIAGONAL, i + 2 * DIAGONAL, i + 3 * DIAGONAL].map(|n| n % 4);
        // The sum without `b`, which is known last.
        a[i] = _mm512_add_epi64(_mm512_add_epi64(a[i], words[i]), b[j]);
        d[l] = _mm512_ror_epi64::<FIRST>(_mm512_xor_si512(d[l], a[i]));
        c[k] = _mm512_add_epi64(c[k], d[l]);
        b[j] = _mm512_ror_epi64::<SECOND>(_mm512_xor_si512(b[j], c[k]));
    }
}

/// Returns the 16 words of a chunk of each lane: word by word, not lane by lane.
#[target_feature(enable = "avx512f")]
#[inline]
fn transpose(chunks: &[&[[u8; CHUNK]]; LANES], position: usize) -> [__m512i; 2 * LANES] {
    let mut words = [_mm512_setzero_si512(); 2 * LANES];
    for (half, words) in words.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        let mut rows = [_mm512_setzero_si512(); LANES];
        for (row, chunks) in rows.iter_mut().zip(chunks) {
            *row = load_512(&chunks[position].as_chunks::<64>().0[half]);
        }
        let mut pairs = rows;
        for i in (0..LANES).step_by(2) {
            pairs[i] = _mm512_unpacklo_epi64(rows[i], rows[i + 1]);
            pairs[i + 1] = _mm512_unpackhi_epi64(rows[i], rows[i + 1]);
        }
        // Vector 2 r + w: in its quarter q word 2 q + w of rows 2 r and 2 r + 1. The quarters are a
        // matrix of 4 by 4 for each w.
        for w in 0..2 {
            let low_even = _mm512_shuffle_i64x2::<0x88>(pairs[w], pairs[2 + w]);
            let low_odd = _mm512_shuffle_i64x2::<0xdd>(pairs[w], pairs[2 + w]);
            let high_even = _mm512_shuffle_i64x2::<0x88>(pairs[4 + w], pairs[6 + w]);
            let high_odd = _mm512_shuffle_i64x2::<0xdd>(pairs[4 + w], pairs[6 + w]);
            words[w] = _mm512_shuffle_i64x2::<0x88>(low_even, high_even);
            words[2 + w] = _mm512_shuffle_i64x2::<0x88>(low_odd, high_odd);
            words[4 + w] = _mm512_shuffle_i64x2::<0xdd>(low_even, high_even);
            words[6 + w] = _mm512_shuffle_i64x2::<0xdd>(low_odd, high_odd);
        }
    }
    words
}
