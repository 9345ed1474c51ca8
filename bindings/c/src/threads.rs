//! Signatures and deltas by as many threads as the options say; the caller's does all reading, writing
//! and progress.

use std::io::{Read, Write};

use sigdelta::io::{self as streams, BufferSizes};
use sigdelta::parallel::{DeltaPipeline, SignaturePipeline, drive};
use sigdelta::{DeltaStats, Error, SignatureParams, SignatureStats};

use crate::index::SharedIndex;
use crate::options::Options;
use crate::progress::Phase;

/// Writes the signature of a basis, whose length may be known.
pub fn signature(
    (basis, len): (impl Read, Option<u64>),
    output: impl Write,
    params: SignatureParams,
    options: &Options,
) -> Result<SignatureStats, Error> {
    let monitor = &mut options.monitor(Phase::Signature, len);
    let pipeline = start(options.threads(len), |threads| SignaturePipeline::new(params, threads));
    match pipeline {
        Some(pipeline) => drive(pipeline, basis, output, monitor),
        None => streams::signature(basis, output, params, BufferSizes::default(), monitor),
    }
}

/// Writes the delta of a new file, whose length may be known.
pub fn delta(
    index: &SharedIndex,
    (new, len): (impl Read, Option<u64>),
    output: impl Write,
    options: &Options,
) -> Result<DeltaStats, Error> {
    let monitor = &mut options.monitor(Phase::Delta, len);
    let pipeline = start(options.threads(len), |threads| {
        DeltaPipeline::new(index.clone(), options.delta(), threads)
    });
    match pipeline {
        Some(pipeline) => drive(pipeline, new, output, monitor),
        None => {
            let buffers = BufferSizes::default();
            streams::delta(index.as_index(), new, output, options.delta(), buffers, monitor)
        }
    }
}

fn start<P>(threads: usize, start: impl FnOnce(usize) -> Option<P>) -> Option<P> {
    if threads == 1 { None } else { start(threads) }
}
