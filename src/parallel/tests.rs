//! Pipelines against the engines of one thread, with segments of a few blocks.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::options::{SignatureKind, SignatureOptions, StrongLen};
use crate::signature::Signature;
use crate::simd::Simd;
use crate::slice;

/// Old and new files in which much is alike: runs, periods, moved and repeated blocks.
fn pair(block_len: usize) -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let stretch = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        prop::collection::vec(0..2u8, 0..40),
        (0..3u8, 0..600usize).prop_map(|(byte, len)| vec![byte; len]),
        (1..9u8, 0..600usize)
            .prop_map(|(period, len)| (0..len).map(|i| i as u8 % period).collect()),
    ];
    let old = prop::collection::vec(stretch.clone(), 0..12).prop_map(|parts| parts.concat());
    let edits = prop::collection::vec((any::<usize>(), any::<usize>(), stretch), 0..12);
    (old, edits).prop_map(move |(old, edits)| {
        let mut new = Vec::new();
        for (from, len, inserted) in edits {
            let from = from % (old.len() + 1);
            let rest = &old[from..];
            new.extend_from_slice(&rest[..rest.len().min(len % (20 * block_len))]);
            new.extend(inserted);
        }
        (old, new)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn deltas_are_those_of_one_thread(
        ((old, new), block_len) in (1..70usize)
            .prop_flat_map(|block_len| (pair(block_len), Just(block_len))),
        blocks in 8..20usize,
        threads in 0..4usize,
        kind in prop::sample::select(SignatureKind::ALL.to_vec()),
        trailer: bool,
        smaller: bool,
        piece in 1..3000usize,
    ) {
        prop_assume!(!old.is_empty());
        let options = SignatureOptions::new().kind(kind).block_len(block_len as u32);
        let signature = slice::signature(&old, &options.strong_len(StrongLen::Bytes(8))).unwrap();
        let index = Arc::new(Index::new(Signature::from_slice(&signature).unwrap()).unwrap());
        let options = DeltaOptions::new().trailer(trailer).smaller(smaller);

        let mut expected = Vec::new();
        let buffers = BufferSizes::default();
        let stats = io::delta(&index, &new[..], &mut expected, options, buffers, &mut ()).unwrap();

        let layout = Layout { len: blocks * block_len, ahead: block_len };
        let simd = Simd::best();
        let pipeline = DeltaPipeline::with_layout(Arc::clone(&index), options, threads, simd, layout);
        let mut delta = Vec::new();
        let found = drive(pipeline, Pieces(&new, piece), &mut delta, &mut ()).unwrap();
        prop_assert!(delta == expected);
        prop_assert_eq!(found.commands, stats.commands);
        prop_assert_eq!((found.in_bytes, found.out_bytes), (stats.in_bytes, stats.out_bytes));
    }
}

/// A reader that gives so many bytes at a time.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let piece = buf.len().min(self.1);
        self.0.read(&mut buf[..piece])
    }
}

#[test]
fn signatures_are_those_of_one_thread() {
    let basis: Vec<u8> = (0..3_500_000u32).map(|i| (i.wrapping_mul(i) >> 7) as u8).collect();
    for kind in SignatureKind::ALL {
        for block_len in [31, 32, 100, 2048, 65536, 300_000, 1 << 20, (1 << 20) + 1] {
            let params = SignatureParams::new(kind, block_len, 9).unwrap();
            for len in [0, 1, 1 << 20, (2 << 20) - 1, 2 << 20, (2 << 20) + 1, basis.len()] {
                let basis = &basis[..len];
                let (mut expected, buffers) = (Vec::new(), BufferSizes::default());
                let stats = io::signature(basis, &mut expected, params, buffers, &mut ()).unwrap();
                for threads in 1..5 {
                    let mut found = Vec::new();
                    let same = signature(basis, &mut found, params, threads, &mut ()).unwrap();
                    assert!(found == expected, "{kind:?} {block_len} {len} {threads}");
                    assert_eq!(same, stats);
                }
            }
        }
    }
}

#[test]
fn a_monitor_and_a_failing_writer_end_the_threads() {
    let params = SignatureParams::new(SignatureKind::default(), 2048, 32).unwrap();
    let basis = vec![7; 20 << 20];
    let mut monitor = |done: Progress| match done.in_bytes {
        ..=10_000_000 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    };
    let cancelled = signature(&basis[..], std::io::sink(), params, 3, &mut monitor);
    assert!(matches!(cancelled, Err(Error::Cancelled)), "{cancelled:?}");
    let mut short = [0; 5000];
    let failed = signature(&basis[..], &mut short[..], params, 3, &mut ());
    assert!(matches!(failed, Err(Error::Io { action: IoAction::Write, .. })), "{failed:?}");
}
