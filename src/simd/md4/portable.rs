//! MD4 of several blocks, written so that the compiler turns the loops over lanes into vectors.

use super::{CHUNK, CONSTANTS, Chunks, State, rounds};

pub(super) fn compress<const LANES: usize>(
    state: &mut State<LANES, 1>,
    chunks: &Chunks<'_, LANES, 1>,
) {
    for position in 0..chunks[0][0].len() {
        let mut words = [[0u32; LANES]; CHUNK / 4];
        for (lane, chunks) in chunks[0].iter().enumerate() {
            for (word, bytes) in words.iter_mut().zip(chunks[position].as_chunks().0) {
                word[lane] = u32::from_le_bytes(*bytes);
            }
        }
        let new = rounds!(step, state.map(|[word]| word), &words);
        for ([old], new) in state.iter_mut().zip(new) {
            for (old, new) in old.iter_mut().zip(new) {
                *old = old.wrapping_add(new);
            }
        }
    }
}

#[inline(always)]
fn step<const ROUND: usize, const SHIFT: u32, const LANES: usize>(
    a: [u32; LANES],
    b: [u32; LANES],
    c: [u32; LANES],
    d: [u32; LANES],
    word: [u32; LANES],
) -> [u32; LANES] {
    std::array::from_fn(|lane| {
        let (b, c, d) = (b[lane], c[lane], d[lane]);
        let mixed = match ROUND {
            0 => (b & c) | (!b & d),
            1 => (b & c) | (b & d) | (c & d),
            _ => b ^ c ^ d,
        };
        let sum = a[lane].wrapping_add(mixed).wrapping_add(word[lane]);
        sum.wrapping_add(CONSTANTS[ROUND]).rotate_left(SHIFT)
    })
}
