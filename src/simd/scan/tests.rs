//! Every kernel against rolling window by window.

use super::Stretch;
use crate::filter::Filter;
use crate::index::Index;
use crate::options::{SignatureKind, SignatureOptions};
use crate::signature::Signature;
use crate::simd::{Level, Simd};
use crate::strong::StrongHash;
use crate::weak::{RabinKarp, RollingSum, Rollsum, WeakHash};

const WINDOW_LENS: [usize; 10] = [1, 2, 15, 16, 17, 63, 256, 700, 2048, 70_000];

fn noise(seed: u32, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2) | 1;
    let next = |_| {
        state = state.wrapping_mul(0x915f_77f5).wrapping_add(0x3c6e_f372);
        (state >> 24) as u8
    };
    (0..len).map(next).collect()
}

/// Data of which every sum takes another way: any bytes, the largest, the smallest, two in turn.
fn samples(len: usize) -> [Vec<u8>; 4] {
    [noise(7, len), vec![0xff; len], vec![0; len], noise(9, len).iter().map(|b| b & 0x80).collect()]
}

fn filter_of(weak: WeakHash, sums: impl ExactSizeIterator<Item = u32>) -> Filter {
    let mut filter = Filter::new(sums.len()).unwrap();
    sums.for_each(|sum| filter.insert(weak.spread(sum)));
    filter
}

/// Rolls over `len` windows and compares sums, candidates and the sum to go on from.
fn check<W: RollingSum>(data: &[u8], window: usize, len: usize, filter: &Filter, simd: Simd) {
    let mut start = W::new();
    start.update(Simd::best(), &data[..window]);
    let (mut rolled, mut stepped) = (start.clone(), start);
    let mut stretch = Stretch::new();
    stretch.roll(&mut rolled, &data[..len], &data[window..][..len], filter, simd);
    let mut candidates = Vec::new();
    for i in 0..len {
        stepped.rotate(data[i], data[window + i]);
        if filter.look_up().may_contain(W::HASH.spread(stepped.digest())) {
            candidates.push((i, stepped.digest()));
        }
        assert_eq!(stretch.sums.as_flattened()[i], stepped.digest());
    }
    let case = format!("{simd:?}, {}, window {window}, {len} windows", W::HASH.name());
    assert!(stretch.candidates().eq(candidates), "{case}");
    // What is kept beyond the sum must be right, too: it shows when the window goes on.
    for &byte in &data[len..window.min(data.len() - window) + len] {
        assert_eq!(rolled.digest(), stepped.digest(), "{case}");
        rolled.rotate(byte, 1);
        stepped.rotate(byte, 1);
    }
}

fn check_all<W: RollingSum>(level: Level) {
    let simd = Simd::up_to(level);
    for window in (1..=70).chain(WINDOW_LENS) {
        let sums: Vec<u32> = noise(3, 400 + window)
            .windows(window)
            .take(400)
            .map(|window| W::HASH.sum(window))
            .collect();
        let half_full = filter_of(W::HASH, sums.into_iter());
        for data in samples(window + Stretch::MAX_LEN + 3) {
            // The start need not be aligned.
            for start in 0..3 {
                check::<W>(&data[start..], window, 100 + window % 64, &half_full, simd);
            }
            check::<W>(&data, window, Stretch::MAX_LEN, &half_full, simd);
        }
    }
    // Every length around the edges of a group and of a mask.
    let data = noise(5, 48 + Stretch::MAX_LEN);
    let empty = Filter::new(1000).unwrap();
    let full = filter_of(W::HASH, (0..4000u32).map(|i| i.wrapping_mul(0x9e37_79b9)));
    for filter in [&empty, &full] {
        for len in (0..200).chain(Stretch::MAX_LEN - 65..=Stretch::MAX_LEN) {
            check::<W>(&data, 48, len, filter, simd);
        }
    }
}

#[test]
fn kernels_give_the_sums_of_every_window() {
    for level in Level::available() {
        check_all::<RabinKarp>(level);
        check_all::<Rollsum>(level);
    }
}

#[test]
fn a_window_with_the_reserved_sum_is_found() {
    // So many zero bytes have the rollsum 0, which shares its key with another one.
    const LEN: usize = 0x20000;
    let kind = SignatureKind { weak: WeakHash::Rollsum, strong: StrongHash::Md4 };
    let options = SignatureOptions::new().kind(kind).block_len(LEN as u32);
    let signature = crate::signature(&[0; LEN], &options).unwrap();
    let index = Index::new(Signature::from_slice(&signature).unwrap()).unwrap();
    assert_eq!(index.signature().weak_sum(0), 0);
    let mut start = Rollsum::new();
    start.update(Simd::best(), &[0; LEN]);
    for level in Level::available() {
        let (mut sum, mut stretch) = (start.clone(), Stretch::new());
        stretch.roll(&mut sum, &[0; 200], &[0; 200], index.filter(), Simd::up_to(level));
        assert_eq!(stretch.candidates().count(), 200, "{level:?}");
    }
}
