//! Deltas of equal, edited and unrelated files, and the index they need; fast_rsync beside its kind.

#![allow(missing_docs, reason = "criterion_group! makes a public function")]

mod common;

use std::hint::black_box;

use common::{LEN, RABIN_KARP_BLAKE2B, ROLLSUM_MD4};
use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use sigdelta::io::BufferSizes;
use sigdelta::{DeltaOptions, Index, Signature};

fn load_and_index(c: &mut Criterion) {
    let basis = common::random(1, LEN);
    let mut group = c.benchmark_group("index");
    for kind in [RABIN_KARP_BLAKE2B, ROLLSUM_MD4] {
        let signature = common::signature(&basis, kind);
        let kind_name = common::name(kind);
        group.throughput(Throughput::Bytes(signature.len() as u64));
        group.bench_function(format!("{kind_name}/sigdelta"), |b| {
            b.iter(|| Index::new(Signature::from_slice(black_box(&signature)).unwrap()).unwrap());
        });
        if kind == ROLLSUM_MD4 {
            group.bench_function(format!("{kind_name}/fast_rsync"), |b| {
                b.iter(|| {
                    // It takes the bytes over, so that loading copies them as ours does.
                    let bytes = black_box(&signature).clone();
                    let loaded = fast_rsync::Signature::deserialize(bytes).unwrap();
                    drop(black_box(loaded.index()));
                });
            });
        }
    }
    group.finish();
}

fn delta(c: &mut Criterion) {
    let basis = common::random(1, LEN);
    let inputs = [
        ("identical", basis.clone()),
        ("edits", common::edited(&basis, 2)),
        ("different", common::random(3, LEN)),
    ];
    let mut group = c.benchmark_group("delta");
    group.sampling_mode(SamplingMode::Flat);
    for (input, new) in &inputs {
        group.throughput(Throughput::Bytes(new.len() as u64));
        for kind in [RABIN_KARP_BLAKE2B, ROLLSUM_MD4] {
            let signature = common::signature(&basis, kind);
            let kind_name = common::name(kind);
            let index = Index::new(Signature::from_slice(&signature).unwrap()).unwrap();
            group.bench_function(format!("{input}/{kind_name}/sigdelta"), |b| {
                b.iter(|| encode(&index, black_box(new)));
            });
            if kind == ROLLSUM_MD4 {
                let loaded = fast_rsync::Signature::deserialize(signature).unwrap();
                let index = loaded.index();
                group.bench_function(format!("{input}/{kind_name}/fast_rsync"), |b| {
                    b.iter(|| {
                        let mut delta = Vec::new();
                        fast_rsync::diff(&index, black_box(new), &mut delta).unwrap();
                        delta
                    });
                });
            }
        }
    }
    group.finish();
}

fn encode(index: &Index, new: &[u8]) -> Vec<u8> {
    let mut delta = Vec::new();
    let options = DeltaOptions::default();
    let buffers = BufferSizes::default();
    sigdelta::io::delta(index, new, &mut delta, options, buffers, &mut ()).unwrap();
    delta
}

criterion_group! {
    name = benches;
    config = common::criterion();
    targets = load_and_index, delta
}
criterion_main!(benches);
