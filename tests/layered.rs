//! Layered patches: every shape of files comes back, and nothing that is damaged does.
#![cfg(feature = "layered")]

mod common;

use std::io::Cursor;
use std::sync::{Arc, Mutex};

use common::Rng;
use proptest::prelude::*;
use sigdelta::format::LAYERED_MAGIC;
use sigdelta::layered::{ApplyOptions, ApplyStats, MakeOptions, PatchLevel, apply, flatten, make};
use sigdelta::{DeltaOptions, Error, Part, ReadAt, Result, Root};

const LEVELS: [PatchLevel; 3] = [PatchLevel::Fast, PatchLevel::Default, PatchLevel::Max];

fn file(bytes: &[u8]) -> (Arc<dyn ReadAt>, u64) {
    (Arc::new(bytes.to_vec()), bytes.len() as u64)
}

fn patch_of(old: &[u8], new: &[u8], level: PatchLevel, threads: usize) -> Vec<u8> {
    let mut patch = Vec::new();
    let options = MakeOptions::new().level(level).threads(threads);
    let stats = make(file(old), file(new), &mut patch, options, &mut ()).unwrap();
    assert_eq!(stats.out_bytes, patch.len() as u64);
    assert_eq!(stats.in_bytes, new.len() as u64);
    patch
}

fn applied(old: &[u8], patch: &[u8]) -> Result<(Vec<u8>, ApplyStats)> {
    let mut result = Vec::new();
    let stats = apply(old, patch, &mut result, ApplyOptions::new(), &mut ())?;
    Ok((result, stats))
}

#[track_caller]
fn comes_back(old: &[u8], new: &[u8]) -> usize {
    let mut lens = Vec::new();
    for level in LEVELS {
        let patch = patch_of(old, new, level, 1);
        let (result, stats) = applied(old, &patch).unwrap();
        assert!(result == new, "{level:?}");
        assert_eq!(stats.root, Root::of(new));
        for threads in 2..=4 {
            assert!(patch_of(old, new, level, threads) == patch, "{level:?}, {threads} threads");
        }
        lens.push(patch.len());
    }
    let mut delta = Vec::new();
    let (options, delta_options) = (MakeOptions::new(), DeltaOptions::new().trailer(true));
    flatten(file(old), file(new), &mut delta, options, delta_options, &mut ()).unwrap();
    assert!(sigdelta::patch(old, &delta).unwrap() == new, "flat");
    lens.into_iter().max().unwrap()
}

/// Bytes of a frame without content: a header with two numbers, and the end.
const FRAME_LEN: usize = 100;

#[test]
fn files_of_any_length_come_back() {
    let mut rng = Rng::new(1);
    let bytes = rng.bytes(70_000, 256);
    let lens = [0, 1, 2, 15, 16, 17, 100, 4095, 65_535, 65_536, 65_537, 70_000];
    for old_len in lens {
        for new_len in lens {
            let len = comes_back(&bytes[..old_len], &bytes[..new_len]);
            let fresh = new_len.saturating_sub(old_len);
            assert!(len <= FRAME_LEN + 60 + fresh, "{old_len} to {new_len}: {len} bytes");
        }
    }
}

#[test]
fn moved_cut_and_appended_bytes_make_small_patches() {
    let mut rng = Rng::new(2);
    let old = rng.bytes(9 << 20, 256);
    let half = old.len() / 2;
    let edited = {
        let mut edited = old.clone();
        for _ in 0..20 {
            let at = rng.below(edited.len());
            edited[at] ^= 1;
        }
        edited
    };
    let shapes: [(&str, Vec<u8>, usize); 7] = [
        ("the same", old.clone(), 0),
        ("halves swapped", [&old[half..], &old[..half]].concat(), 0),
        ("6 MiB cut from the front", old[6 << 20..].to_vec(), 0),
        ("bytes inserted in front", [&[7; 1000], &old[..]].concat(), 0),
        ("twice", [&old[..], &old[..]].concat(), 0),
        ("200 KiB appended", [&old[..], &rng.bytes(200 << 10, 256)].concat(), 200 << 10),
        ("twenty bytes changed", edited, 160),
    ];
    for (name, new, fresh) in shapes {
        let len = comes_back(&old, &new);
        assert!(len < FRAME_LEN + 200 + fresh + fresh / 50, "{name}: {len} bytes");
    }
}

#[test]
fn low_entropy_comes_back() {
    let zeros = vec![0; 1 << 20];
    let period: Vec<u8> = (0..1 << 20).map(|n: u32| (n % 251) as u8).collect();
    for (old, new) in [(&zeros, &period), (&period, &zeros), (&zeros, &zeros)] {
        let len = comes_back(old, &new[..new.len() - 12_345]);
        assert!(len < 20_000, "{len} bytes");
    }
}

#[test]
fn groups_are_joined_to_one_result() {
    // Two groups and a bit.
    let mut rng = Rng::new(3);
    let old = rng.bytes(66 << 20, 256);
    let mut new = [&old[40 << 20..], &old[..40 << 20], b"a tail"].concat();
    new[33 << 20] ^= 0x55;
    let patch = patch_of(&old, &new, PatchLevel::Default, 2);
    assert!(applied(&old, &patch).unwrap().0 == new);
    assert!(patch.len() < 400, "{} bytes", patch.len());
}

/// Two files and a patch with pieces, differences and literals in one group.
fn small() -> (Vec<u8>, Vec<u8>) {
    let mut rng = Rng::new(4);
    let old = rng.bytes(3000, 256);
    let mut new = [&old[1500..], b"and something new", &old[..1400]].concat();
    for at in [100, 104, 700, 2000, 2003] {
        new[at] = new[at].wrapping_add(3);
    }
    (old, new)
}

#[test]
fn patches_of_version_1_are_read_for_ever() {
    // With so many literals that each level has its own layout.
    let mut rng = Rng::new(6);
    let old = rng.bytes(20_000, 256);
    let literal = [rng.bytes(4500, 256), rng.bytes(9000, 8)].concat();
    let mut new = [&old[9000..], &literal, &old[..8000]].concat();
    (0..new.len()).step_by(700).for_each(|at| new[at] = new[at].wrapping_add(5));
    for name in ["fast", "default", "max"] {
        let path = format!("{}/tests/data/layered/v1-{name}.patch", env!("CARGO_MANIFEST_DIR"));
        let patch = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(applied(&old, &patch).unwrap().0 == new, "{name}");
    }
}

#[test]
fn no_flipped_bit_passes() {
    let (old, new) = small();
    for level in LEVELS {
        let patch = patch_of(&old, &new, level, 1);
        for bit in 0..8 * patch.len() {
            let mut damaged = patch.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(applied(&old, &damaged).is_err(), "{level:?}: bit {bit} of {}", patch.len());
        }
    }
}

#[test]
fn no_patch_passes_that_is_cut_or_followed_by_something() {
    let (old, new) = small();
    for level in LEVELS {
        let patch = patch_of(&old, &new, level, 1);
        for len in 0..patch.len() {
            let error = applied(&old, &patch[..len]).unwrap_err();
            assert!(
                matches!(error, Error::InputEnded { offset, .. } if offset == len as u64),
                "{len} of {} bytes: {error:?}",
                patch.len()
            );
        }
        let longer = [&patch[..], &[0]].concat();
        let error = applied(&old, &longer).unwrap_err();
        assert!(matches!(error, Error::StrayBytes { offset } if offset == patch.len() as u64));
    }
}

#[test]
fn a_wrong_basis_is_refused_before_anything_is_written() {
    let (old, new) = small();
    let patch = patch_of(&old, &new, PatchLevel::Default, 1);
    let mut other = old.clone();
    other[17] ^= 1;
    let longer = [&old[..], b"x"].concat();
    for basis in [&other[..], &old[..old.len() - 1], &longer, b""] {
        let mut result = Vec::new();
        let error =
            apply(basis, &patch[..], &mut result, ApplyOptions::new(), &mut ()).unwrap_err();
        assert!(matches!(error, Error::WrongBasis { expected_len: 3000, .. }), "{error:?}");
        assert!(result.is_empty());
    }
}

#[test]
fn a_basis_may_be_any_stream_that_seeks() {
    let (old, new) = small();
    let stream = |bytes: &[u8]| Arc::new(Mutex::new(Cursor::new(bytes.to_vec())));
    let (old_len, new_len) = (old.len() as u64, new.len() as u64);
    let (basis, options) = (stream(&old), MakeOptions::new().threads(2));
    let mut patch = Vec::new();
    let files = ((basis.clone() as _, old_len), (stream(&new) as _, new_len));
    make(files.0, files.1, &mut patch, options, &mut ()).unwrap();
    assert!(patch == patch_of(&old, &new, PatchLevel::Default, 1));
    let mut result = Vec::new();
    apply(&*basis, &patch[..], &mut result, ApplyOptions::new(), &mut ()).unwrap();
    assert!(result == new);
}

#[test]
fn limits_hold_before_anything_is_read() {
    let (old, new) = small();
    let patch = patch_of(&old, &new, PatchLevel::Default, 1);
    let apply = |options| apply(&old[..], &patch[..], &mut Vec::new(), options, &mut ());
    let most = new.len() as u64;
    assert!(apply(ApplyOptions::new().max_output_bytes(most)).is_ok());
    let error = apply(ApplyOptions::new().max_output_bytes(most - 1)).unwrap_err();
    assert!(matches!(error, Error::OutputLimit { max_bytes, .. } if max_bytes == most - 1));
    let error = apply(ApplyOptions::new().max_memory_bytes(1 << 20)).unwrap_err();
    assert!(matches!(error, Error::MemoryLimit { .. }), "{error:?}");
}

/// A header as `docs/formats.md` has it.
fn header(group_log: u8, basis: &[u8], result_len: u64) -> Vec<u8> {
    let mut bytes = LAYERED_MAGIC.to_vec();
    bytes.extend([1, group_log, 64]);
    bytes.extend(varint(basis.len() as u64));
    bytes.extend(Root::of(basis).0);
    bytes.extend(varint(result_len));
    bytes
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 127 {
        bytes.push(value as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

#[test]
fn lying_lengths_are_found_out() {
    let basis = b"basis";
    let damaged = |bytes: Vec<u8>| match applied(basis, &bytes).unwrap_err() {
        Error::PatchDamaged { offset, part } => (offset, part),
        error => panic!("{error:?}"),
    };
    // A group of more bytes than it may have.
    let start = header(25, basis, 10);
    let len = start.len() as u64;
    assert_eq!(damaged([start.clone(), varint(1 << 20)].concat()), (len, Part::PatchGroup));
    assert_eq!(damaged([start.clone(), varint(0)].concat()), (len, Part::PatchGroup));
    // A body that is shorter than its check.
    assert_eq!(damaged([start.clone(), varint(3), vec![0; 3]].concat()).1, Part::PatchGroup);
    // A result of 2^60 bytes that does not come takes neither memory nor time.
    let huge = [header(25, basis, 1 << 60), varint(30 << 20)].concat();
    assert!(matches!(applied(basis, &huge), Err(Error::InputEnded { .. })));
    // Group lengths that no writer has; an end where groups should be.
    assert_eq!(damaged(header(26, basis, 10)), (5, Part::PatchHeader));
    assert_eq!(damaged(header(15, basis, 10)), (5, Part::PatchHeader));
    let mut later = header(25, basis, 10);
    later[4] = 2;
    assert!(matches!(applied(basis, &later), Err(Error::PatchVersion { offset: 4, found: 2 })));
    let overlong = [&LAYERED_MAGIC[..], &[1, 25, 64, 0x85, 0]].concat();
    assert_eq!(damaged(overlong), (7, Part::PatchHeader));
}

#[test]
fn lengths_that_no_file_has_end_soon() {
    let basis = b"basis";
    // A number whose tenth byte says that more follow, where no byte of a header is left.
    let start = header(25, basis, 0);
    let numbers = [vec![0x80; 9], vec![0x81]].concat();
    let longest = [&LAYERED_MAGIC[..], &[1, 25, 64], &[0x80; 9], &[1], &[0; 32], &numbers].concat();
    assert!(matches!(applied(basis, &longest), Err(Error::PatchDamaged { .. })));
    for len in [1 << 63, u64::MAX] {
        assert!(matches!(applied(basis, &header(25, basis, len)), Err(Error::PatchDamaged { .. })));
        let patch = [&start[..7], &varint(len), &start[8..]].concat();
        assert!(matches!(applied(basis, &patch), Err(Error::PatchDamaged { offset: 7, .. })));
    }
    // The longest basis there may be is not looked for behind the end of this one.
    let patch = [&start[..7], &varint(i64::MAX as u64), &start[8..]].concat();
    assert!(matches!(applied(basis, &patch), Err(Error::WrongBasis { found_len: 5, .. })));
    // Less memory than the groups need.
    let mut modest = start;
    modest[6] = 63;
    assert!(matches!(applied(basis, &modest), Err(Error::PatchDamaged { offset: 6, .. })));
}

/// A group of literal bytes alone, split and raw, as `docs/formats.md` has it.
fn literal_group(bytes: &[u8]) -> Vec<u8> {
    let len = varint(bytes.len() as u64);
    let raw = |column: &[u8]| varint(4 * column.len() as u64);
    let heads = [raw(&[0]), raw(&len), raw(b""), raw(b""), raw(b""), raw(bytes)].concat();
    let check = Root::of(bytes).0[..8].to_vec();
    let body = [vec![0], heads, vec![0], len, bytes.to_vec(), check].concat();
    [varint(body.len() as u64), body].concat()
}

#[test]
fn patches_by_hand_with_small_groups_are_read() {
    let new = Rng::new(8).bytes(300_000, 256);
    let groups: Vec<u8> = new.chunks(1 << 16).flat_map(literal_group).collect();
    let mut patch = [header(16, b"basis", new.len() as u64), groups, vec![0]].concat();
    patch.extend(Root::of(&new).0);
    patch.extend(&Root::of(&patch).0[..8]);
    assert!(applied(b"basis", &patch).unwrap().0 == new);
}

#[test]
fn another_kind_of_file_is_named() {
    let error = applied(b"", b"\x72\x73\x02\x36rest").unwrap_err();
    assert!(error.to_string().contains("it looks like a delta"), "{error}");
    // Whatever the first bytes are, three of them do not tell.
    assert!(matches!(applied(b"", b"\x1f\x8b\x08"), Err(Error::InputEnded { offset: 3, .. })));
    assert!(matches!(applied(b"", b""), Err(Error::InputEnded { offset: 0, .. })));
}

/// Bytes with repetitions, and edits of them.
fn pair() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let old = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..5000),
        prop::collection::vec(0..3u8, 0..5000),
        (prop::collection::vec(any::<u8>(), 1..40), 1..200usize)
            .prop_map(|(unit, times)| unit.repeat(times)),
    ];
    let edits = prop::collection::vec((any::<u16>(), 0..400usize, any::<Vec<u8>>()), 0..12);
    (old, edits).prop_map(|(old, edits)| {
        let mut new = old.clone();
        for (at, deleted, inserted) in edits {
            let at = usize::from(at) % (new.len() + 1);
            let end = (at + deleted).min(new.len());
            new.splice(at..end, inserted);
        }
        (old, new)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_pair_comes_back((old, new) in pair()) {
        comes_back(&old, &new);
    }

    #[test]
    fn any_bytes_behind_a_header_are_an_error(
        body in prop::collection::vec(any::<u8>(), 0..300),
        layout in 0..5u8,
    ) {
        let basis = [7; 1000];
        let group = [&[layout][..], &body, &[0; 8]].concat();
        let patch = [header(16, &basis, 5000), varint(group.len() as u64), group].concat();
        prop_assert!(applied(&basis, &patch).is_err());
    }
}
