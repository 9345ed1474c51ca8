//! Chunks of a file in memory and of a stream; the crate fastcdc, which cuts alike, beside them.

#![allow(missing_docs, reason = "criterion_group! makes a public function")]

mod common;

use std::hint::black_box;

use common::LEN;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fastcdc::v2020::{FastCDC, Normalization};
use sigdelta::chunk::{ChunkParams, ChunkStream, Chunker};

/// Bytes that a stream gets at a time.
const PIECE_LEN: usize = 32 << 10;

fn chunk(c: &mut Criterion) {
    let file = common::random(1, LEN);
    let mut group = c.benchmark_group("chunk");
    group.throughput(Throughput::Bytes(LEN as u64));
    for params in [ChunkParams::KIB_16, ChunkParams::KIB_64] {
        let name = format!("{} KiB", params.average_len() >> 10);
        let chunker = Chunker::new(params);
        group.bench_function(format!("{name}/sigdelta"), |b| {
            b.iter(|| chunker.chunks(black_box(&file)).count());
        });
        group.bench_function(format!("{name}/sigdelta, stream"), |b| {
            b.iter(|| streamed(&chunker, black_box(&file)));
        });
        group.bench_function(format!("{name}/fastcdc"), |b| {
            let [min, average, max] =
                [params.min_len(), params.average_len(), params.max_len()].map(|len| len as usize);
            let level = Normalization::Level2; // that of `params`
            b.iter(|| FastCDC::with_level(black_box(&file), min, average, max, level).count());
        });
    }
    group.finish();
}

fn streamed(chunker: &Chunker, file: &[u8]) -> usize {
    let mut stream = ChunkStream::new(chunker.clone());
    let mut chunks = 0;
    for mut piece in file.chunks(PIECE_LEN) {
        while stream.next_cut(&mut piece).is_some() {
            chunks += 1;
        }
    }
    chunks + usize::from(stream.finish().is_some())
}

criterion_group! {
    name = benches;
    config = common::criterion();
    targets = chunk
}
criterion_main!(benches);
