//! Smaller deltas: never larger than librsync's, as few copies as possible, the same bytes always.
#![allow(missing_docs)]

mod common;

use std::sync::Arc;

use common::Rng;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use sigdelta::io::{self, BufferSizes};
use sigdelta::parallel::{DeltaPipeline, drive};
use sigdelta::{
    DeltaEncoder, DeltaOptions, DeltaStats, Index, Level, SignatureKind, SignatureParams,
};

fn classic() -> DeltaOptions {
    DeltaOptions::new()
}

fn smaller() -> DeltaOptions {
    DeltaOptions::new().smaller(true)
}

fn index(old: &[u8], block_len: u32) -> Index {
    let params = SignatureParams::new(SignatureKind::default(), block_len, 16).unwrap();
    io::index(old, params, BufferSizes::default(), &mut ()).unwrap()
}

fn make(index: &Index, new: &[u8], options: DeltaOptions) -> (Vec<u8>, DeltaStats) {
    let mut delta = Vec::new();
    let buffers = BufferSizes::default();
    let stats = io::delta(index, new, &mut delta, options, buffers, &mut ()).unwrap();
    assert_eq!(stats.out_bytes, delta.len() as u64);
    (delta, stats)
}

/// Returns the smaller delta, checked against the other one.
fn check(old: &[u8], new: &[u8], block_len: u32) -> (Vec<u8>, DeltaStats) {
    let index = index(old, block_len);
    let (larger, larger_stats) = make(&index, new, classic());
    let (delta, stats) = make(&index, new, smaller());
    assert!(sigdelta::patch(old, &delta).unwrap() == new);
    assert!(delta.len() <= larger.len(), "{} > {}", delta.len(), larger.len());
    assert_eq!(stats.search, larger_stats.search);
    let commands = stats.commands;
    assert!(commands.copy_commands <= larger_stats.commands.copy_commands);
    assert!(commands.literal_bytes <= larger_stats.commands.literal_bytes);
    assert_eq!(commands.result_bytes(), new.len() as u64);
    (delta, stats)
}

/// Returns the delta of these commands.
fn written(commands: &[&[u8]]) -> Vec<u8> {
    [&[b"rs\x026" as &[u8]], commands, &[&[0]]].concat().concat()
}

/// Old and new files of few different blocks, with some bytes between them.
fn pair() -> impl Strategy<Value = (Vec<u8>, Vec<u8>, u32)> {
    let file = || vec((0..4u8, 1..30usize, prop_oneof![4 => Just(0), 1 => 1..40usize]), 0..30);
    (1..40usize, file(), file(), 0..3usize).prop_map(|(block_len, old, new, far)| {
        let bytes = |file: Vec<(u8, usize, usize)>, seed| {
            let mut rng = Rng::new(seed);
            let mut bytes = Vec::new();
            for (kind, blocks, between) in file {
                for block in 0..blocks {
                    match kind {
                        // Runs, periods, and blocks that are drawn.
                        0 => bytes.extend(vec![0; block_len]),
                        1 => bytes.extend(vec![block as u8 % 3; block_len]),
                        2 => bytes.extend((0..block_len).map(|i| (i % 7) as u8)),
                        _ => bytes.extend(vec![10 + rng.below(3) as u8; block_len]),
                    }
                }
                bytes.extend(rng.bytes(between, 3));
            }
            bytes
        };
        // Positions of all widths.
        let far = Rng::new(9).bytes([0, 250, 65_530][far], 256);
        ([far, bytes(old, 1)].concat(), bytes(new, 2), block_len as u32)
    })
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 2000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/smaller.regressions",
        ))),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn deltas_are_never_larger((old, new, block_len) in pair()) {
        check(&old, &new, block_len);
    }

    #[test]
    fn copies_are_as_few_as_can_be(
        old in vec(0..3usize, 1..60),
        chains in vec(vec(0..3usize, 1..16), 1..6),
    ) {
        // Copies of the repeated blocks all take 6 bytes: far back, and less than 256 long.
        let mut rng = Rng::new(3);
        let far = rng.bytes(65_536, 256);
        let blocks = [rng.bytes(16, 256), rng.bytes(16, 256), rng.bytes(16, 256)];
        let bytes = |numbers: &[usize]| numbers.iter().flat_map(|&n| blocks[n].clone()).collect();
        let old_blocks: Vec<u8> = bytes(&old);
        let mut new = Vec::new();
        let mut expected = 0;
        for chain in &chains {
            let windows: Vec<&usize> = chain.iter().filter(|n| old.contains(n)).collect();
            let windows: Vec<usize> = windows.into_iter().copied().collect();
            new.extend::<Vec<u8>>(bytes(&windows));
            new.extend([255; 20]);
            // Copies that the first windows take, at least.
            let mut fewest = vec![0];
            for end in 1..=windows.len() {
                let starts = (0..end).filter(|&start| {
                    old.windows(end - start).any(|blocks| blocks == &windows[start..end])
                });
                fewest.push(1 + starts.map(|start| fewest[start]).min().unwrap());
            }
            expected += fewest[windows.len()];
        }
        let (_, stats) = check(&[far, old_blocks].concat(), &new, 16);
        prop_assert_eq!(stats.commands.copy_commands, expected);
    }
}

#[test]
fn a_run_of_equal_blocks_is_one_copy() {
    let zeros = vec![0; 8 << 20];
    let (delta, _) = check(&zeros, &zeros, 2048);
    assert_eq!(delta, written(&[&[0x47, 0, 0x00, 0x80, 0x00, 0x00]]));

    // A run that is longer than that of the basis.
    let mut rng = Rng::new(5);
    let [before, behind] = [3000, 5000].map(|len| rng.bytes(len, 256));
    let old = [&before[..2000], &[0; 30_000], &behind].concat();
    let new = [&before[..2000], &[0; 100_000], &behind].concat();
    let (_, stats) = check(&old, &new, 1000);
    assert_eq!((stats.commands.copy_commands, stats.commands.literal_bytes), (4, 0));
}

#[test]
fn a_copy_ends_inside_of_a_block_with_known_bytes() {
    let mut rng = Rng::new(6);
    let old = [&rng.bytes(1000, 256)[..], &[7; 5000], &rng.bytes(500, 256)].concat();
    // Three blocks, and 900 bytes that are in the fourth.
    let new = [&[7; 3900][..], b"end"].concat();
    let (delta, _) = check(&old, &new, 1000);
    assert_eq!(delta, written(&[&[0x4a, 0x03, 0xe8, 0x0f, 0x3c], b"\x03end"]));
    // All of the literal is known, up to the end of the file.
    let (delta, _) = check(&old, &new[..3900], 1000);
    assert_eq!(delta, written(&[&[0x4a, 0x03, 0xe8, 0x0f, 0x3c]]));
    // No block like that one comes behind five of them.
    let new = [&[7; 5900][..], b"end"].concat();
    let (_, stats) = check(&old, &new, 1000);
    assert_eq!(stats.commands.literal_bytes, 3);
    assert_eq!(stats.commands.copy_commands, 2);
}

#[test]
fn one_byte_more_is_left_out_where_the_length_would_take_two() {
    let old = [7; 85 * 6];
    let new = [&[7; 85 * 3][..], &[7; 1], b"end"].concat();
    let (delta, _) = check(&old, &new, 85);
    assert_eq!(delta, written(&[&[0x45, 0, 255], b"\x04\x07end"]));
}

#[test]
fn the_place_is_chosen_that_goes_on_longest() {
    let mut rng = Rng::new(7);
    let block: Vec<_> = (0..5).map(|_| rng.bytes(700, 256)).collect();
    let file =
        |numbers: &[usize]| -> Vec<u8> { numbers.iter().flat_map(|&n| block[n].clone()).collect() };
    let old = file(&[0, 1, 3, 0, 1, 2, 4, 1, 2, 0]);
    let (delta, _) = check(&old, &file(&[0, 1, 2, 0]), 700);
    // Blocks 3 to 5, then 0: 2100 from 2100, 700 from 0.
    let copies: [&[u8]; 2] = [&[0x4a, 0x08, 0x34, 0x08, 0x34], &[0x46, 0, 0x02, 0xbc]];
    assert_eq!(delta, written(&copies));
}

#[test]
fn deltas_are_the_same_for_every_level_and_number_of_threads() {
    let mut rng = Rng::new(8);
    let parts: Vec<Vec<u8>> = (0..6).map(|_| rng.bytes(2048, 256)).collect();
    let mut file = |parts_of_file: usize| {
        let mut file = Vec::new();
        for _ in 0..parts_of_file {
            match rng.below(12) {
                0 => file.extend(vec![0; rng.below(600_000)]),
                1 => file.extend(rng.bytes(3000, 256)),
                2 => file.extend(vec![1; rng.below(9000)]),
                _ => file.extend_from_slice(&parts[rng.below(6)]),
            }
        }
        file
    };
    let (old, new) = (file(400), file(400));
    for block_len in [64, 700, 2048, 20_000] {
        let (expected, stats) = check(&old, &new, block_len);
        let index = Arc::new(index(&old, block_len));
        for level in Level::available() {
            let mut one = DeltaEncoder::with_level(Arc::clone(&index), smaller(), level);
            let mut delta = Vec::new();
            let buffers = BufferSizes { input: Some(3000), output: Some(5000) };
            io::drive(&mut one, &new[..], &mut delta, buffers, &mut ()).unwrap();
            assert!(delta == expected, "{level:?}, blocks of {block_len}");
            for threads in 1..=4 {
                let several =
                    DeltaPipeline::with_level(Arc::clone(&index), smaller(), threads, level)
                        .unwrap();
                let mut delta = Vec::new();
                let found = drive(several, &new[..], &mut delta, &mut ()).unwrap();
                assert!(delta == expected, "{level:?}, blocks of {block_len}, {threads} threads");
                assert_eq!(found.commands, stats.commands);
            }
        }
    }
}

#[test]
fn a_basis_without_equal_blocks_gives_librsyncs_delta() {
    let mut rng = Rng::new(10);
    let old = rng.bytes(100_000, 256);
    let new = [&old[30_000..], &rng.bytes(500, 256), &old[..50_000]].concat();
    let index = index(&old, 500);
    assert!(make(&index, &new, smaller()).0 == make(&index, &new, classic()).0);
}
