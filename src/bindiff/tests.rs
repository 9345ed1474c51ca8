//! The comparisons against naive ones, and the search on any bytes.

use std::ops::Range;
use std::slice;

use proptest::collection::vec;
use proptest::prelude::*;

use super::buckets::Batch;
use super::compare::{Alike, alike_suffix, differ_by_more};
use super::*;

/// Two stretches that are equal in most places.
fn alike() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let bytes = vec((0..4u8, prop_oneof![9 => Just(0u8), 1 => 1..3u8]), 0..300);
    (bytes, vec(any::<u8>(), 0..3)).prop_map(|(bytes, rest)| {
        let (a, changes): (Vec<u8>, Vec<u8>) = bytes.into_iter().unzip();
        let mut b: Vec<u8> = a.iter().zip(changes).map(|(a, change)| a ^ change).collect();
        b.extend(rest);
        (a, b)
    })
}

/// The first length with the highest score.
fn best_len(equal: impl Iterator<Item = bool>) -> usize {
    let (mut score, mut best, mut best_len) = (0, 0, 0);
    for (at, equal) in equal.enumerate() {
        score += if equal { 1 } else { -1 };
        if score > best {
            (best, best_len) = (score, at + 1);
        }
    }
    best_len
}

/// Old bytes and new ones made from parts of them and of others.
fn pair() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let stretch = || {
        prop_oneof![
            vec(any::<u8>(), 0..200),
            vec(0..2u8, 0..40),
            (0..3u8, 0..600usize).prop_map(|(byte, len)| vec![byte; len]),
            (1..40u8, 0..600usize)
                .prop_map(|(period, len)| (0..len).map(|at| at as u8 % period).collect()),
        ]
    };
    let old = vec(stretch(), 0..12).prop_map(|parts| parts.concat());
    let edits = vec((any::<usize>(), 0..400usize, stretch(), any::<u8>()), 0..12);
    (old, edits).prop_map(|(old, edits)| {
        let mut new = Vec::new();
        for (from, len, inserted, changed) in edits {
            let from = from % (old.len() + 1);
            let rest = &old[from..];
            let start = new.len();
            new.extend_from_slice(&rest[..rest.len().min(len)]);
            new[start..].iter_mut().step_by(23).for_each(|byte| *byte ^= changed);
            new.extend(inserted);
        }
        (old, new)
    })
}

const PATIENCE: Patience = Patience { tolerance: 4, gain: 8, rows_reach: Some(1 << 10) };

fn search(old: &[u8], new: &[u8], stride: usize, key_len: usize) -> Vec<Stretch> {
    search_with(PATIENCE, old, new, stride, key_len)
}

fn search_with(
    patience: Patience,
    old: &[u8],
    new: &[u8],
    stride: usize,
    key_len: usize,
) -> Vec<Stretch> {
    let mut index = Index::new(stride, key_len);
    index.build(old, slice::from_ref(&(0..old.len())), &mut Batch::default()).unwrap();
    let mut stretches = Vec::new();
    let mut matcher = Matcher::new(old, new, &[], patience);
    matcher.run(&index, new.len() / 2, &mut stretches).unwrap();
    matcher.run(&index, new.len(), &mut stretches).unwrap();
    stretches
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn comparisons_are_those_of_single_bytes((a, b) in alike(), limit in 0..20usize) {
        let equal = || a.iter().zip(&b).map(|(a, b)| a == b);
        prop_assert_eq!(common_prefix(&a, &b), equal().take_while(|&equal| equal).count());
        let mut all = Alike::default();
        all.push(&a, &b);
        prop_assert_eq!(all.len, best_len(equal()));
        prop_assert_eq!(differ_by_more(&a, &b, limit), equal().filter(|equal| !equal).count() > limit);
        prop_assert_eq!(differ_by_more(&a, &b[..b.len() / 2], limit), {
            let same = equal().take(b.len() / 2).filter(|&equal| equal).count();
            a.len() - same > limit
        });
        let back = || a.iter().rev().zip(b.iter().rev()).map(|(a, b)| a == b);
        prop_assert_eq!(common_suffix(&a, &b), back().take_while(|&equal| equal).count());
        prop_assert_eq!(alike_suffix(&a, &b), best_len(back()));
    }

    #[test]
    fn what_is_seen_in_parts_is_seen_alike((a, b) in alike(), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(a.len() + 1);
        let mut parts = Alike::default();
        parts.push(&a[..cut], &b);
        parts.push(&a[cut..], &b[cut..]);
        let mut whole = Alike::default();
        whole.push(&a, &b);
        prop_assert_eq!((parts.len, parts.seen), (whole.len, whole.seen));
    }

    #[test]
    fn stretches_make_up_the_new_bytes_and_are_alike(
        (old, new) in pair(),
        stride in 1..9usize,
        key_len in 8..17usize,
        rows_reach in prop_oneof![Just(None), Just(Some(64)), Just(Some(1 << 10))],
    ) {
        let mut covered = 0;
        let mut equal = 0;
        let mut aligned = 0;
        let patience = Patience { rows_reach, ..PATIENCE };
        for stretch in search_with(patience, &old, &new, stride, key_len) {
            prop_assert_eq!(stretch.new, covered);
            prop_assert!(stretch.aligned_len + stretch.literal_len > 0);
            let along = &old[stretch.old..stretch.old + stretch.aligned_len];
            equal += new[covered..].iter().zip(along).filter(|(a, b)| a == b).count();
            aligned += stretch.aligned_len;
            covered += stretch.aligned_len + stretch.literal_len;
        }
        prop_assert_eq!(covered, new.len());
        // Rows of tables may be like each other though no byte is equal.
        prop_assert!(rows_reach.is_some() || 2 * equal >= aligned, "{} of {}", equal, aligned);
    }

    #[test]
    fn the_work_is_linear_on_any_bytes((old, new) in pair(), repeats in 1..50usize) {
        let (old, new) = (old.repeat(repeats), new.repeat(repeats));
        work::take();
        search(&old, &new, 4, 16);
        // Up to eight places are compared for each byte, and what is compared is mostly passed.
        prop_assert!(work::take() <= 64 * (new.len() as u64 + 1));
    }
}

#[test]
fn a_moved_part_with_changes_is_one_stretch() {
    let old: Vec<u8> = bytes(1, 10_000);
    let mut new = bytes(2, 100);
    new.extend_from_slice(&old[4_001..9_000]);
    new[500..].iter_mut().step_by(50).for_each(|byte| *byte ^= 1);
    let found = search(&old, &new, 4, 16);
    let moved = Stretch { old: 4_001, new: 100, aligned_len: 4_999, literal_len: 0 };
    assert_eq!(found.last(), Some(&moved));
}

/// Rows of 24 bytes: an offset in names, a constant, an address, a length.
fn row(number: usize, moved: u64) -> [u8; 24] {
    let random = mix(7, number as u64);
    let name = 1000 + 37 * number as u32 + moved as u32;
    let address = 0x40_0000 + 0x150 * number as u64 + (random & 0xF0) + 16 * moved;
    let len = random >> 32 & 0x3FF;
    let mut row = [0; 24];
    row[..4].copy_from_slice(&name.to_le_bytes());
    row[4..8].copy_from_slice(&[2, 0, 13, 0]);
    row[8..16].copy_from_slice(&address.to_le_bytes());
    row[16..].copy_from_slice(&len.to_le_bytes());
    row
}

#[test]
fn rows_of_a_table_lie_along_those_they_were() {
    let old: Vec<u8> = (0..3000).flat_map(|number| row(number, 0)).collect();
    // Where all moved on, and rows came and went: number and old number of each.
    let kept = |rows: Range<usize>| rows.map(|number| (number, Some(number)));
    let inserted = (3000..3011).map(|number| (number, None));
    let rows: Vec<_> =
        kept(0..1000).chain(inserted).chain(kept(1000..1995)).chain(kept(2002..3000)).collect();
    let new: Vec<u8> = rows.iter().flat_map(|&(number, _)| row(number, 0x123)).collect();
    let found_rows = |rows_reach| {
        let patience = Patience { rows_reach, ..PATIENCE };
        let stretches = search_with(patience, &old, &new, 4, 16);
        let is_found = |&(at, &(_, old)): &(usize, &(usize, Option<usize>))| {
            let along = stretches.iter().find(|stretch| {
                stretch.new <= 24 * at && 24 * at + 24 <= stretch.new + stretch.aligned_len
            });
            along.is_some_and(|stretch| {
                Some(stretch.old + 24 * at - stretch.new) == old.map(|old| 24 * old)
            })
        };
        rows.iter().enumerate().filter(is_found).count()
    };
    let with_rows = found_rows(Some(1 << 10));
    assert!(with_rows > rows.len() - 50, "{with_rows}");
    // By equal bytes other rows are as good.
    let without = found_rows(None);
    assert!(without < rows.len() / 2, "{without}");
}

#[test]
fn the_work_is_linear_on_rows_that_move_all_the_time() {
    let old: Vec<u8> = (0..30_000).flat_map(|number| row(number, 0)).collect();
    let mut new = Vec::new();
    for block in 0..2000 {
        let from = 24 * ((12 * block + mix(5, block as u64) as usize % 40) % 29_000);
        new.extend((from / 24..from / 24 + 12).flat_map(|number| row(number, block as u64)));
    }
    work::take();
    search(&old, &new, 4, 16);
    let work = work::take();
    assert!(work <= 64 * new.len() as u64, "{work}");
}

/// Each place of such bytes is alike to each other, farther than anybody should look.
#[test]
fn the_work_is_linear_on_periods_with_defects() {
    for defect_every in [12, 40, 100, 400] {
        let periodic = |seed: u64| {
            let mut periodic = bytes(1, 64).repeat(10_000);
            for part in 0..periodic.len() / defect_every {
                let random = mix(seed, part as u64) as usize;
                periodic[part * defect_every + random % defect_every] ^=
                    1 + (random >> 32) as u8 % 3;
            }
            periodic
        };
        let (old, new) = (periodic(2), periodic(3));
        work::take();
        search(&old, &new, 4, 16);
        let work = work::take();
        assert!(work <= 64 * new.len() as u64, "{defect_every}: {work}");
    }
}

/// Bytes without any order.
fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let mix = |at: usize| mix(seed, at as u64) as u8;
    (0..len).map(mix).collect()
}
