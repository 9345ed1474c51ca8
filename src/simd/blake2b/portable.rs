//! BLAKE2b-256 of one block, without special instructions.

use super::{CHUNK, INITIAL, IV, SIGMA};
use crate::strong::StrongSum;

pub(super) fn sum(block: &[u8]) -> StrongSum {
    // The last chunk, whole or not, and even that of an empty block, is compressed otherwise.
    let last = block.len().saturating_sub(1) / CHUNK * CHUNK;
    let mut state = INITIAL;
    let mut counter = 0;
    for chunk in block[..last].as_chunks().0 {
        counter += CHUNK as u64;
        compress(&mut state, chunk, counter, 0);
    }
    let mut tail = [0; CHUNK];
    tail[..block.len() - last].copy_from_slice(&block[last..]);
    compress(&mut state, &tail, block.len() as u64, u64::MAX);

    let mut sum = StrongSum::default();
    for (bytes, word) in sum.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_le_bytes();
    }
    sum
}

/// Compresses a chunk; `counter` counts the bytes up to its end, `flag` marks the last.
fn compress(state: &mut [u64; 8], chunk: &[u8; CHUNK], counter: u64, flag: u64) {
    let words: [u64; 16] = std::array::from_fn(|i| u64::from_le_bytes(chunk.as_chunks().0[i]));
    let [h0, h1, h2, h3, h4, h5, h6, h7] = *state;
    let [i0, i1, i2, i3, i4, i5, i6, i7] = IV;
    let (i4, i6) = (i4 ^ counter, i6 ^ flag);
    let mut v = [h0, h1, h2, h3, h4, h5, h6, h7, i0, i1, i2, i3, i4, i5, i6, i7];
    macro_rules! rounds {
        ($($round:literal)*) => {$(
            let word = |i: usize| words[SIGMA[$round][i]];
            mix::<0, 4, 8, 12>(&mut v, word(0), word(1));
            mix::<1, 5, 9, 13>(&mut v, word(2), word(3));
            mix::<2, 6, 10, 14>(&mut v, word(4), word(5));
            mix::<3, 7, 11, 15>(&mut v, word(6), word(7));
            mix::<0, 5, 10, 15>(&mut v, word(8), word(9));
            mix::<1, 6, 11, 12>(&mut v, word(10), word(11));
            mix::<2, 7, 8, 13>(&mut v, word(12), word(13));
            mix::<3, 4, 9, 14>(&mut v, word(14), word(15));
        )*};
    }
    rounds!(0 1 2 3 4 5 6 7 8 9 0 1);
    for (i, word) in state.iter_mut().enumerate() {
        *word ^= v[i] ^ v[8 + i];
    }
}

/// The function G of RFC 7693, section 3.1.
#[inline(always)]
fn mix<const A: usize, const B: usize, const C: usize, const D: usize>(
    v: &mut [u64; 16],
    x: u64,
    y: u64,
) {
    // The sum without `b`, which is known last.
    v[A] = v[A].wrapping_add(x).wrapping_add(v[B]);
    v[D] = (v[D] ^ v[A]).rotate_right(32);
    v[C] = v[C].wrapping_add(v[D]);
    v[B] = (v[B] ^ v[C]).rotate_right(24);
    v[A] = v[A].wrapping_add(y).wrapping_add(v[B]);
    v[D] = (v[D] ^ v[A]).rotate_right(16);
    v[C] = v[C].wrapping_add(v[D]);
    v[B] = (v[B] ^ v[C]).rotate_right(63);
}
