//! MD4 (RFC 1320) of several blocks of equal length at once, one block in each lane of an array.
//!
//! Written so that the compiler turns the loops over lanes into vector instructions.

/// Blocks that are hashed together.
pub(super) const LANES: usize = 8;
/// So many are faster together, with lanes to spare, than one by one.
pub(super) const WORTHWHILE: usize = 5;

type Lanes = [u32; LANES];

/// Bytes of one step of MD4.
const CHUNK: usize = 64;

/// Returns the digests of blocks, all of one length.
pub(super) fn sum(blocks: [&[u8]; LANES]) -> [[u8; 16]; LANES] {
    let block_len = blocks[0].len();
    let mut state =
        [[0x6745_2301; LANES], [0xefcd_ab89; LANES], [0x98ba_dcfe; LANES], [0x1032_5476; LANES]];
    let whole = block_len / CHUNK * CHUNK;
    for start in (0..whole).step_by(CHUNK) {
        compress(&mut state, blocks.map(|block| &block[start..start + CHUNK]));
    }

    // Padding: 0x80, zeros, the length in bits as 64-bit little-endian number.
    let rest = block_len - whole;
    let mut tails = [[0; 2 * CHUNK]; LANES];
    let tail_len = if rest < CHUNK - 8 { CHUNK } else { 2 * CHUNK };
    for (tail, block) in tails.iter_mut().zip(blocks) {
        tail[..rest].copy_from_slice(&block[whole..]);
        tail[rest] = 0x80;
        tail[tail_len - 8..tail_len].copy_from_slice(&(8 * block_len as u64).to_le_bytes());
    }
    for start in (0..tail_len).step_by(CHUNK) {
        compress(&mut state, std::array::from_fn(|lane| &tails[lane][start..start + CHUNK]));
    }

    std::array::from_fn(|lane| {
        let mut digest = [0; 16];
        for (bytes, word) in digest.chunks_exact_mut(4).zip(&state) {
            bytes.copy_from_slice(&word[lane].to_le_bytes());
        }
        digest
    })
}

fn compress(state: &mut [Lanes; 4], chunks: [&[u8]; LANES]) {
    let mut words = [[0u32; LANES]; CHUNK / 4];
    for (lane, chunk) in chunks.into_iter().enumerate() {
        for (word, bytes) in words.iter_mut().zip(chunk.as_chunks::<4>().0) {
            word[lane] = u32::from_le_bytes(*bytes);
        }
    }

    let [mut a, mut b, mut c, mut d] = *state;
    // Each line is four steps of RFC 1320, section 3.4: the words they take, the shifts.
    macro_rules! round {
        ($function:expr, $constant:expr, $shifts:expr, $($words:expr),*) => {$(
            let [i, j, k, l]: [usize; 4] = $words;
            a = step(a, $function, b, c, d, &words[i], $constant, $shifts[0]);
            d = step(d, $function, a, b, c, &words[j], $constant, $shifts[1]);
            c = step(c, $function, d, a, b, &words[k], $constant, $shifts[2]);
            b = step(b, $function, c, d, a, &words[l], $constant, $shifts[3]);
        )*};
    }
    let select = |x: u32, y: u32, z: u32| (x & y) | (!x & z);
    let majority = |x: u32, y: u32, z: u32| (x & y) | (x & z) | (y & z);
    let parity = |x: u32, y: u32, z: u32| x ^ y ^ z;
    round!(select, 0, [3, 7, 11, 19], [0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15]);
    round!(
        majority,
        0x5a82_7999,
        [3, 5, 9, 13],
        [0, 4, 8, 12],
        [1, 5, 9, 13],
        [2, 6, 10, 14],
        [3, 7, 11, 15]
    );
    round!(
        parity,
        0x6ed9_eba1,
        [3, 9, 11, 15],
        [0, 8, 4, 12],
        [2, 10, 6, 14],
        [1, 9, 5, 13],
        [3, 11, 7, 15]
    );
    for (old, new) in state.iter_mut().zip([a, b, c, d]) {
        for (old, new) in old.iter_mut().zip(new) {
            *old = old.wrapping_add(new);
        }
    }
}

#[allow(clippy::too_many_arguments)] // as RFC 1320 writes it
#[inline(always)]
fn step(
    a: Lanes,
    function: impl Fn(u32, u32, u32) -> u32,
    b: Lanes,
    c: Lanes,
    d: Lanes,
    word: &Lanes,
    constant: u32,
    shift: u32,
) -> Lanes {
    std::array::from_fn(|lane| {
        a[lane]
            .wrapping_add(function(b[lane], c[lane], d[lane]))
            .wrapping_add(word[lane])
            .wrapping_add(constant)
            .rotate_left(shift)
    })
}
