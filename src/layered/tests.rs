//! Pieces of whole files: what they rebuild, and how small they are.

use std::io::Write;
use std::thread;

use proptest::collection::vec;
use proptest::prelude::*;

use super::old::{Effort, OldFile};
use super::plan::Scratch;
use crate::bindiff::{mix, work};
use crate::codec::{MAX_GROUP_LEN, Piece};
use crate::read_at::ReadAt;

const GROUP_LEN: usize = MAX_GROUP_LEN as usize;

const EFFORTS: [Effort; 2] = [Effort::FAST, Effort::THOROUGH];

/// A source that does not show its bytes, and gives few of them at once.
#[derive(Debug)]
struct Stored<'a>(&'a [u8]);

impl ReadAt for Stored<'_> {
    fn read_at(&self, position: u64, buf: &mut [u8]) -> crate::Result<usize> {
        let len = buf.len().min(100_000);
        self.0.read_at(position, &mut buf[..len])
    }
}

/// Bytes without any order.
fn bytes(seed: u64, len: usize) -> Vec<u8> {
    (0..len.div_ceil(8)).flat_map(|at| mix(seed, at as u64).to_le_bytes()).take(len).collect()
}

fn groups(new: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    new.chunks(GROUP_LEN).enumerate().map(|(number, group)| ((number * GROUP_LEN) as u64, group))
}

fn pieces_of(old: &OldFile<impl ReadAt>, new: &[u8]) -> Vec<Vec<Piece>> {
    let mut scratch = Scratch::default();
    groups(new).map(|(start, group)| old.lay(group, start, &mut scratch).unwrap().pieces).collect()
}

/// Bytes that the pieces of a file leave to be told: literal ones, and those that differ.
fn told(old: &[u8], new: &[u8], pieces: &[Vec<Piece>]) -> usize {
    let mut told = 0;
    for ((_, group), pieces) in groups(new).zip(pieces) {
        let mut at = 0;
        for piece in pieces {
            let (aligned_len, literal_len) =
                (piece.aligned_len as usize, piece.literal_len as usize);
            assert!(aligned_len + literal_len > 0);
            if aligned_len > 0 {
                let along = &old[piece.old as usize..][..aligned_len];
                told += along.iter().zip(&group[at..]).filter(|(old, new)| old != new).count();
            }
            told += literal_len;
            at += aligned_len + literal_len;
        }
        assert_eq!(at, group.len());
    }
    told
}

/// Finds pieces with each effort, of an old file in memory and of one that is not, and returns the
/// most bytes told and the most pieces.
fn worst(old: &[u8], new: &[u8]) -> (usize, usize) {
    let mut worst = (0, 0);
    for effort in EFFORTS {
        let stored = Effort { max_resident: 0, ..effort };
        let resident = OldFile::new(old, old.len() as u64, effort, |_| Ok(())).unwrap();
        let stored = OldFile::new(Stored(old), old.len() as u64, stored, |_| Ok(())).unwrap();
        for pieces in [pieces_of(&resident, new), pieces_of(&stored, new)] {
            let number = pieces.iter().map(Vec::len).sum();
            worst = (told(old, new, &pieces).max(worst.0), worst.1.max(number));
        }
    }
    worst
}

/// Old and new files of some KiB, with parts that are kept, moved, changed and new.
fn pair() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let stretch = || {
        prop_oneof![
            (any::<u64>(), 0..9_000usize).prop_map(|(seed, len)| bytes(seed, len)),
            (0..3u8, 0..9_000usize).prop_map(|(byte, len)| vec![byte; len]),
            (1..90u8, 0..9_000usize)
                .prop_map(|(period, len)| (0..len).map(|at| at as u8 % period).collect()),
        ]
    };
    let old = vec(stretch(), 0..6).prop_map(|parts| parts.concat());
    let edits = vec((any::<usize>(), 0..20_000usize, stretch(), any::<u8>()), 0..6);
    (old, edits).prop_map(|(old, edits)| {
        let mut new = Vec::new();
        for (from, len, inserted, changed) in edits {
            let rest = &old[from % (old.len() + 1)..];
            let start = new.len();
            new.extend_from_slice(&rest[..rest.len().min(len)]);
            new[start..].iter_mut().step_by(97).for_each(|byte| *byte ^= changed);
            new.extend(inserted);
        }
        (old, new)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn pieces_make_up_any_file((old, new) in pair()) {
        worst(&old, &new);
    }

    #[test]
    fn the_work_is_linear_on_any_files((old, new) in pair()) {
        let old = OldFile::new(&old[..], old.len() as u64, Effort::THOROUGH, |_| Ok(())).unwrap();
        work::take();
        pieces_of(&old, &new);
        prop_assert!(work::take() <= 64 * (new.len() as u64 + 1));
    }
}

#[test]
fn empty_files_and_tiny_ones() {
    let (some, other) = (bytes(1, 100), bytes(2, 31));
    assert_eq!(worst(&[], &[]), (0, 0));
    assert_eq!(worst(&some, &[]), (0, 0));
    assert_eq!(worst(&[], &some), (100, 1));
    assert_eq!(worst(&some, &some), (0, 1));
    assert_eq!(worst(&some, &other), (31, 1));
}

#[test]
fn an_equal_file_is_one_piece_for_each_group() {
    let old = bytes(1, GROUP_LEN + 5_000_000);
    assert_eq!(worst(&old, &old), (0, 2));
}

#[test]
fn halves_that_change_places_are_two_pieces() {
    let old = bytes(1, 12_000_001);
    let new = [&old[6_000_000..], &old[..6_000_000]].concat();
    assert_eq!(worst(&old, &new), (0, 2));
}

#[test]
fn a_file_without_its_first_6_mib_is_one_piece() {
    let old = bytes(1, 20_000_000);
    assert_eq!(worst(&old, &old[6 << 20..]), (0, 1));
}

#[test]
fn bytes_appended_are_literal() {
    let old = bytes(1, 5_000_000);
    let new = [&old[..], &bytes(2, 8 << 20)].concat();
    assert_eq!(worst(&old, &new), (8 << 20, 1));
}

#[test]
fn bytes_put_in_front_are_literal() {
    let old = bytes(1, 5_000_000);
    let new = [&bytes(2, 6 << 20), &old[..]].concat();
    assert_eq!(worst(&old, &new), (6 << 20, 2));
}

#[test]
fn scattered_edits_cost_little_more_than_their_bytes() {
    let old = bytes(1, 8_000_000);
    let mut new = Vec::new();
    // Changed, removed and inserted bytes in turn.
    for (number, part) in old.chunks(40_000).enumerate() {
        match number % 3 {
            0 => new.extend(part.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at == 777))),
            1 => new.extend_from_slice(&part[..39_000]),
            _ => new.extend([part, &bytes(number as u64, 10)].concat()),
        }
    }
    let (told, pieces) = worst(&old, &new);
    // 67 bytes are changed, 66 times 10 are inserted.
    assert!(told < 2 * (67 + 660), "{told}");
    assert!(pieces <= 2 * 134 + 1, "{pieces}");
}

#[test]
fn bytes_that_replace_others_are_literal() {
    let old = bytes(1, 3_000_000);
    let new = [&old[..1_000_000], &bytes(2, 200_000), &old[1_200_000..]].concat();
    let old = OldFile::new(&old[..], old.len() as u64, Effort::THOROUGH, |_| Ok(())).unwrap();
    let pieces = pieces_of(&old, &new);
    let [first, last] = pieces[0][..] else { panic!("{pieces:?}") };
    assert!(first.literal_len.abs_diff(200_000) < 20, "{pieces:?}");
    assert_eq!(last.literal_len, 0);
}

#[test]
fn every_hundredth_byte_changed_in_a_file_that_moved() {
    let old = bytes(1, 6_000_000);
    let mut new = [&bytes(2, 12_345), &old[..]].concat();
    new.iter_mut().step_by(100).for_each(|byte| *byte ^= 0x55);
    let (told, pieces) = worst(&old, &new);
    assert!(told < 12_345 + 60_000 + 500, "{told}");
    assert!(pieces < 5, "{pieces}");
}

#[test]
fn zeros_and_periods_cost_few_pieces_and_linear_work() {
    let runs = [vec![0; 3_000_000], bytes(1, 100_000), vec![0; 40]].concat();
    let periods: Vec<u8> = bytes(3, 1000).repeat(3000);
    let short: Vec<u8> = b"abcdefg".repeat(400_000);
    let old = [&runs[..], &periods, &short].concat();
    let new = [&short[..], &[0; 5_000_000], &periods, &vec![7; 100_000], &runs].concat();
    work::take();
    let (told, pieces) = worst(&old, &new);
    assert!(told < 120_000, "{told}");
    assert!(pieces < 60, "{pieces}");
    // Four searches.
    assert!(work::take() < 4 * 64 * new.len() as u64);
}

#[test]
fn a_file_much_longer_than_the_view_is_found_all_the_same() {
    let old = bytes(1, 24_000_000);
    let parts: Vec<&[u8]> = old.chunks(500_000).rev().step_by(2).collect();
    let mut new = parts.concat();
    new.iter_mut().step_by(5_000).for_each(|byte| *byte ^= 1);
    let effort = Effort { max_resident: 0, max_view: 16 << 20, ..Effort::FAST };
    let file = OldFile::new(Stored(&old), old.len() as u64, effort, |_| Ok(())).unwrap();
    let pieces = pieces_of(&file, &new);
    assert!(told(&old, &new, &pieces) < 3_000);
    assert!(pieces[0].len() < 40, "{}", pieces[0].len());
}

#[test]
fn pieces_do_not_depend_on_threads_or_on_other_groups() {
    let old = bytes(1, 70_000_000);
    let mut new = [&old[30_000_000..], &bytes(2, 100_000), &old[..30_000_000]].concat();
    new.iter_mut().step_by(10_007).for_each(|byte| *byte ^= 1);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&old).unwrap();
    let old = OldFile::new(file, old.len() as u64, Effort::FAST, |_| Ok(())).unwrap();
    let expected = pieces_of(&old, &new);
    let each_alone: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = groups(&new)
            .map(|(start, group)| {
                let old = &old;
                scope.spawn(move || old.lay(group, start, &mut Scratch::default()).unwrap().pieces)
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(each_alone, expected);
}

#[test]
fn a_file_that_became_shorter_is_an_error() {
    let old = bytes(1, 100_000);
    let error = OldFile::new(Stored(&old), 100_001, Effort::FAST, |_| Ok(())).unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Io);
}
