//! Signatures and deltas are the same at every SIMD level of this machine.
#![allow(missing_docs)]

mod common;

use std::sync::Arc;

use common::Rng;
use sigdelta::parallel::{DeltaPipeline, Pipeline, SignaturePipeline, drive};
use sigdelta::{
    DeltaEncoder, DeltaOptions, Engine, Index, Level, Signature, SignatureEncoder, SignatureKind,
    SignatureParams, Status,
};

/// Runs an engine to its end, with pieces of input and output of about these lengths.
fn run(mut engine: impl Engine, input: &[u8], piece: usize) -> Vec<u8> {
    let (mut produced, mut pos) = (Vec::new(), 0);
    let mut output = vec![0; piece];
    loop {
        let end = input.len().min(pos + piece);
        let step = engine.step(&input[pos..end], end == input.len(), &mut output).unwrap();
        pos += step.consumed;
        produced.extend_from_slice(&output[..step.produced]);
        if step.status == Status::Done {
            return produced;
        }
    }
}

fn run_threads(pipeline: impl Pipeline, input: &[u8]) -> Vec<u8> {
    let mut produced = Vec::new();
    drive(pipeline, input, &mut produced, &mut ()).unwrap();
    produced
}

/// Returns a file made of the basis with some bytes put in, left out, changed or repeated.
fn edited(basis: &[u8], rng: &mut Rng) -> Vec<u8> {
    let mut new = Vec::new();
    let mut pos = 0;
    while pos < basis.len() {
        let end = basis.len().min(pos + rng.below(60_000));
        new.extend_from_slice(&basis[pos..end]);
        pos = match rng.below(4) {
            0 => end + rng.below(500),
            1 => rng.below(end + 1).max(end.saturating_sub(9000)),
            _ => end,
        };
        let inserted = rng.below(300);
        new.extend(rng.bytes(inserted, 256));
    }
    new
}

#[test]
fn signatures_and_deltas_are_the_same_at_every_level() {
    let mut rng = Rng::new(4);
    let basis = rng.bytes(400_001, 256);
    let new = edited(&basis, &mut rng);
    for kind in SignatureKind::ALL {
        for block_len in [1, 17, 63, 64, 65, 100, 128, 700, 1024, 2048, 30_000] {
            // Short blocks match everywhere; less of them will do.
            let share = if block_len < 17 { 50 } else { 1 };
            let (basis, new) = (&basis[..basis.len() / share], &new[..new.len() / share]);
            let params = SignatureParams::new(kind, block_len, 8).unwrap();
            let mut expected = None;
            for level in Level::available() {
                let encoder = SignatureEncoder::with_level(params, level);
                let piece = rng.pick(&[1000, 70_000, 1 << 20]);
                let signature = run(encoder, basis, piece);
                let index = Index::new(Signature::from_slice(&signature).unwrap()).unwrap();
                let options = DeltaOptions::new();
                let same = run(DeltaEncoder::with_level(&index, options, level), basis, piece);
                let delta = run(DeltaEncoder::with_level(&index, options, level), new, piece);
                let index = Arc::new(index);
                let found = (signature, same, delta);
                let case = format!("{kind:?}, blocks of {block_len}, {level:?}");
                assert!(*expected.get_or_insert_with(|| found.clone()) == found, "{case}");
                for threads in 1..=4 {
                    let signer = SignaturePipeline::with_level(params, threads, level);
                    let index = Arc::clone(&index);
                    let encoder = DeltaPipeline::with_level(index, options, threads, level);
                    let (Some(signer), Some(encoder)) = (signer, encoder) else { continue };
                    assert!(run_threads(signer, basis) == found.0, "{case}, {threads} threads");
                    assert!(run_threads(encoder, new) == found.2, "{case}, {threads} threads");
                }
                assert!(sigdelta::patch(basis, &found.2).unwrap() == new, "{case}");
            }
        }
    }
}

#[test]
fn the_highest_level_asked_for_need_not_exist() {
    let params = SignatureParams::new(SignatureKind::default(), 100, 8).unwrap();
    let of = |level| run(SignatureEncoder::with_level(params, level), &[7; 5000], 5000);
    assert_eq!(of(Level::Avx512), of(Level::Portable));
}
