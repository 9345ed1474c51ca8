//! MD4 (RFC 1320) of several blocks of equal length at once, one block in each lane of a vector.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use super::{Queue, Simd};
use crate::strong::{MAX_STRONG_LEN, StrongSum};

/// Bytes of one step of MD4.
const CHUNK: usize = 64;
const INITIAL: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
/// What is added in each step of the three rounds.
const CONSTANTS: [u32; 3] = [0, 0x5a82_7999, 0x6ed9_eba1];

/// The four words of each lane.
type State<const LANES: usize, const GROUPS: usize> = [[[u32; LANES]; GROUPS]; 4];
/// Of each lane as many chunks.
type Chunks<'a, const LANES: usize, const GROUPS: usize> = [[&'a [[u8; CHUNK]]; LANES]; GROUPS];

/// Takes the sums of all blocks in a queue; `single` hashes one.
pub(crate) fn sum_many(simd: Simd, queue: &mut Queue, single: impl Fn(&[u8]) -> StrongSum) {
    // The numbers of blocks from which on a group is faster than smaller ones were measured.
    match simd.level {
        #[cfg(target_arch = "x86_64")]
        super::Level::Avx512 => {
            queue.take_groups(17, |blocks| {
                // SAFETY: a `Simd` of this level exists only where AVX-512 F does.
                sum::<16, 2>(blocks, |s, c| unsafe { avx512::compress(s, c) })
            });
            queue.take_groups(2, |blocks| {
                // SAFETY: a `Simd` of this level exists only where AVX-512 F does.
                sum::<16, 1>(blocks, |s, c| unsafe { avx512::compress(s, c) })
            });
        }
        #[cfg(target_arch = "x86_64")]
        super::Level::Avx2 => {
            queue.take_groups(9, |blocks| {
                // SAFETY: a `Simd` of this level exists only where AVX2 does.
                sum::<8, 2>(blocks, |s, c| unsafe { avx2::compress(s, c) })
            });
            queue.take_groups(2, |blocks| {
                // SAFETY: a `Simd` of this level exists only where AVX2 does.
                sum::<8, 1>(blocks, |s, c| unsafe { avx2::compress(s, c) })
            });
        }
        _ => queue.take_groups(5, |blocks| sum::<8, 1>(blocks, portable::compress)),
    }
    queue.take_rest(|blocks| [single(blocks[0])]);
}

/// Returns the sums of blocks, all of one length.
fn sum<const LANES: usize, const GROUPS: usize>(
    blocks: &[[&[u8]; LANES]; GROUPS],
    compress: impl Fn(&mut State<LANES, GROUPS>, &Chunks<LANES, GROUPS>),
) -> [[StrongSum; LANES]; GROUPS] {
    let block_len = blocks[0][0].len();
    let mut state = INITIAL.map(|word| [[word; LANES]; GROUPS]);
    compress(&mut state, &blocks.map(|group| group.map(|block| block.as_chunks().0)));

    // Padding: 0x80, zeros, the length in bits as 64-bit little-endian number.
    let rest = block_len % CHUNK;
    let mut tails = [[[[0; CHUNK]; 2]; LANES]; GROUPS];
    let tail_chunks = if rest < CHUNK - 8 { 1 } else { 2 };
    for (tail, block) in tails.as_flattened_mut().iter_mut().zip(blocks.as_flattened()) {
        let tail = tail[..tail_chunks].as_flattened_mut();
        tail[..rest].copy_from_slice(&block[block_len - rest..]);
        tail[rest] = 0x80;
        let (_, length) = tail.split_at_mut(tail_chunks * CHUNK - 8);
        length.copy_from_slice(&(8 * block_len as u64).to_le_bytes());
    }
    compress(&mut state, &tails.each_ref().map(|g| g.each_ref().map(|tail| &tail[..tail_chunks])));

    let mut sums = [[[0; MAX_STRONG_LEN]; LANES]; GROUPS];
    for (word, lanes) in state.iter().enumerate() {
        for (sum, lane) in sums.as_flattened_mut().iter_mut().zip(lanes.as_flattened()) {
            sum[4 * word..][..4].copy_from_slice(&lane.to_le_bytes());
        }
    }
    sums
}

/// The 48 steps of RFC 1320, section 3.4, each `step::<ROUND, SHIFT, _>(a, b, c, d, word)`.
macro_rules! rounds {
    ($step:ident, $state:expr, $words:expr) => {{
        let words = $words;
        let [mut a, mut b, mut c, mut d] = $state;
        rounds!(@ $step 0, 3 7 11 19, a b c d words, [0 1 2 3] [4 5 6 7] [8 9 10 11] [12 13 14 15]);
        rounds!(@ $step 1, 3 5 9 13, a b c d words, [0 4 8 12] [1 5 9 13] [2 6 10 14] [3 7 11 15]);
        rounds!(@ $step 2, 3 9 11 15, a b c d words, [0 8 4 12] [2 10 6 14] [1 9 5 13] [3 11 7 15]);
        [a, b, c, d]
    }};
    // One round: its number, the shifts, and for each four steps the words they take.
    (@ $step:ident $round:literal, $p:literal $q:literal $r:literal $s:literal,
        $a:ident $b:ident $c:ident $d:ident $words:ident,
        $([$i:literal $j:literal $k:literal $l:literal])*) => {$(
        $a = $step::<$round, $p, _>($a, $b, $c, $d, $words[$i]);
        $d = $step::<$round, $q, _>($d, $a, $b, $c, $words[$j]);
        $c = $step::<$round, $r, _>($c, $d, $a, $b, $words[$k]);
        $b = $step::<$round, $s, _>($b, $c, $d, $a, $words[$l]);
    )*};
}
use rounds;
