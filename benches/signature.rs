//! Signatures of all four kinds; fast_rsync beside its one kind.

#![allow(missing_docs, reason = "criterion_group! makes a public function")]

mod common;

use std::hint::black_box;

use common::{BLOCK_LEN, LEN};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sigdelta::SignatureKind;

fn signature(c: &mut Criterion) {
    let basis = common::random(1, LEN);
    let mut group = c.benchmark_group("signature");
    group.throughput(Throughput::Bytes(LEN as u64));
    for kind in SignatureKind::ALL {
        group.bench_function(format!("{}/sigdelta", common::name(kind)), |b| {
            b.iter(|| common::signature(black_box(&basis), kind));
        });
    }
    let kind = common::name(common::ROLLSUM_MD4);
    group.bench_function(format!("{kind}/fast_rsync"), |b| {
        let options = fast_rsync::SignatureOptions { block_size: BLOCK_LEN, crypto_hash_size: 16 };
        b.iter(|| fast_rsync::Signature::calculate(black_box(&basis), options).into_serialized());
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = common::criterion();
    targets = signature
}
criterion_main!(benches);
