//! Whole deltas, with every instruction set and against a search that compares bytes.

use super::*;
use crate::io::{BufferSizes, drive};
use crate::options::{SignatureKind, SignatureOptions, StrongLen};
use crate::signature::Signature;
use crate::simd::Level;

fn noise(mut state: u32, len: usize) -> Vec<u8> {
    let next = |_| {
        state = state.wrapping_mul(0x915f_77f5).wrapping_add(0x3c6e_f373);
        (state >> 24) as u8
    };
    (0..len).map(next).collect()
}

fn index(old: &[u8], kind: SignatureKind, block_len: u32, strong_len: u32) -> Index {
    let strong_len = StrongLen::Bytes(strong_len);
    let options = SignatureOptions::new().kind(kind).block_len(block_len).strong_len(strong_len);
    let signature = crate::slice::signature(old, &options).unwrap();
    Index::new(Signature::from_slice(&signature).unwrap()).unwrap()
}

/// Makes a delta with every level and returns it, the same for all of them to its statistics.
fn delta(index: &Index, new: &[u8]) -> (Vec<u8>, DeltaStats) {
    let mut results = Level::available().map(|level| {
        let simd = Simd::up_to(level);
        let mut encoder = DeltaEncoder::with_simd(index, DeltaOptions::new(), simd);
        let mut delta = Vec::new();
        drive(&mut encoder, new, &mut delta, BufferSizes::default(), &mut ()).unwrap();
        (delta, encoder.stats())
    });
    let portable = results.next().unwrap();
    assert!(results.all(|result| result == portable));
    portable
}

/// Returns how many windows equal a block, and their bytes.
fn matches(old: &[u8], new: &[u8], block_len: usize) -> (u64, u64) {
    let (mut pos, mut matches, mut bytes) = (0, 0, 0);
    while pos < new.len() {
        let window = &new[pos..new.len().min(pos + block_len)];
        if old.chunks(block_len).any(|block| block == window) {
            matches += 1;
            bytes += window.len() as u64;
            pos += window.len();
        } else {
            pos += 1;
        }
    }
    (matches, bytes)
}

fn check(old: &[u8], new: &[u8], kind: SignatureKind, block_len: u32) -> DeltaStats {
    let index = index(old, kind, block_len, 16);
    let (delta, stats) = delta(&index, new);
    let found = (stats.search.matches, stats.commands.copy_bytes);
    assert_eq!(found, matches(old, new, block_len as usize), "{kind:?}, block length {block_len}");
    assert!(crate::slice::patch(old, &delta).unwrap() == new);
    stats
}

#[test]
fn deltas_do_not_depend_on_the_level() {
    for kind in SignatureKind::ALL {
        for block_len in [1, 7, 16, 63, 256, 700] {
            let old = noise(block_len, 40 * block_len as usize + 5);
            // Matches at distances around every group and stretch.
            let mut new = noise(77, 3 * block_len as usize);
            for distance in (0..40).chain([255, 256, 257, 767, 768, 769, 1800]) {
                let from = distance % 38 * block_len as usize;
                new.extend_from_slice(&old[from..][..block_len as usize]);
                new.extend(noise(distance as u32, distance));
            }
            new.extend_from_slice(&old[old.len() - 5..]);
            check(&old, &new, kind, block_len);
        }
    }
}

#[test]
fn literals_are_cut_at_the_same_places_by_every_level() {
    let old = noise(1, 5000);
    for kind in SignatureKind::ALL {
        for behind in 65533 - 3..65533 + 3 {
            let mut new = noise(2, behind);
            new.extend_from_slice(&old[..512]);
            new.extend(noise(3, 140_000));
            check(&old, &new, kind, 512);
        }
    }
}

/// Blocks that are not all `0x80` but have the rollsum of that.
fn colliding_blocks(block_len: usize, blocks: usize) -> Vec<u8> {
    let mut old = Vec::new();
    for i in 0..blocks {
        let mut block = vec![0x80; block_len];
        let (place, by) = (i % (block_len - 3), 1 + (i / (block_len - 3)) as u8);
        block[place] += by;
        block[place + 1] -= by;
        block[place + 2] -= by;
        block[place + 3] += by;
        old.extend(block);
    }
    old
}

#[test]
fn windows_that_repeat_are_hashed_once() {
    const BLOCK_LEN: usize = 64;
    let mut old = colliding_blocks(BLOCK_LEN, 300);
    let kind = SignatureKind { weak: WeakHash::Rollsum, ..SignatureKind::default() };
    let new = vec![0x80; 300_000];
    let stats = check(&old, &new, kind, BLOCK_LEN as u32);
    assert!(stats.search.strong_sums < 20, "{stats:?}");

    // A period of 40 windows, half of which have that sum.
    let period: Vec<u8> = [&[0x80; BLOCK_LEN + 20][..], &noise(5, 20)].concat();
    let new = period.repeat(2000);
    let stats = check(&old, &new, kind, BLOCK_LEN as u32);
    assert!(stats.search.strong_sums < 200, "{stats:?}");

    // Matches in between, at any distance.
    old.extend_from_slice(&[0x80; BLOCK_LEN - 1]);
    let mut new = Vec::new();
    for distance in (0..300).chain([1000, 70_000]) {
        new.extend(std::iter::repeat_n(0x80, distance));
        new.extend_from_slice(&old[distance % 300 * BLOCK_LEN..][..BLOCK_LEN]);
    }
    new.extend_from_slice(&[0x80; 500]);
    check(&old, &new, kind, BLOCK_LEN as u32);
}
