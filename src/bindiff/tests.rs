//! The comparisons against naive ones, and the search on any bytes.

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

fn search(old: &[u8], new: &[u8], stride: usize, key_len: usize) -> Vec<Stretch> {
    let mut index = Index::new(stride, key_len);
    index.build(old, slice::from_ref(&(0..old.len())), &mut Batch::default()).unwrap();
    let mut stretches = Vec::new();
    let mut matcher = Matcher::new(old, new, &[], Patience { tolerance: 4, gain: 8 });
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
    ) {
        let mut covered = 0;
        let mut equal = 0;
        let mut aligned = 0;
        for stretch in search(&old, &new, stride, key_len) {
            prop_assert_eq!(stretch.new, covered);
            prop_assert!(stretch.aligned_len + stretch.literal_len > 0);
            let along = &old[stretch.old..stretch.old + stretch.aligned_len];
            equal += new[covered..].iter().zip(along).filter(|(a, b)| a == b).count();
            aligned += stretch.aligned_len;
            covered += stretch.aligned_len + stretch.literal_len;
        }
        prop_assert_eq!(covered, new.len());
        prop_assert!(2 * equal >= aligned, "{} of {}", equal, aligned);
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
