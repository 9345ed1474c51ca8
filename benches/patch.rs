//! Patching with a delta of scattered edits; fast_rsync beside.

#![allow(missing_docs, reason = "criterion_group! makes a public function")]

mod common;

use std::hint::black_box;

use common::{LEN, ROLLSUM_MD4};
use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use sigdelta::PatchOptions;
use sigdelta::io::BufferSizes;

fn patch(c: &mut Criterion) {
    let basis = common::random(1, LEN);
    let new = common::edited(&basis, 2);
    let delta = sigdelta::delta(&common::signature(&basis, ROLLSUM_MD4), &new).unwrap();
    let apply = |basis: &[u8]| {
        let mut result = Vec::new();
        fast_rsync::apply(basis, &delta, &mut result).unwrap();
        result
    };
    // As for a result that goes to a pipe.
    let patch_hashed = |basis: &[u8]| {
        let mut result = Vec::new();
        let (options, buffers) = (PatchOptions::new(), BufferSizes::default());
        sigdelta::io::patch(basis, &*delta, &mut result, options, buffers, &mut ()).unwrap();
        result
    };
    assert!(sigdelta::patch(&basis, &delta).unwrap() == new);
    assert!(patch_hashed(&basis) == new);
    assert!(apply(&basis) == new);

    let mut group = c.benchmark_group("patch");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Bytes(new.len() as u64));
    group.bench_function("edits/sigdelta", |b| {
        b.iter(|| sigdelta::patch(black_box(&basis), &delta).unwrap());
    });
    group.bench_function("edits/sigdelta, hashed for a trailer", |b| {
        b.iter(|| patch_hashed(black_box(&basis)));
    });
    group.bench_function("edits/fast_rsync", |b| b.iter(|| apply(black_box(&basis))));
    group.finish();
}

criterion_group! {
    name = benches;
    config = common::criterion();
    targets = patch
}
criterion_main!(benches);
