//! Large files between two C streams by several threads. Streams are used in the caller's alone.

use std::ffi::CStr;

use sigdelta::io::BufferSizes;
use sigdelta::parallel::{DeltaPipeline, Pipeline, SignaturePipeline, Threads};
use sigdelta::{DeltaOptions, DeltaStats, Error, SignatureParams, SignatureStats};
use sigdelta_ffi::{Shared, guard, without_signals};

use crate::stdio::{Errno, Stream};
use crate::sumset::{Built, Sumset};
use crate::trace::log_failure;
use crate::types::{rs_result, rs_stats};
use crate::whole::{cannot_read, cannot_write, wanted_buffers};

/// Starts the threads for a signature; None if one is enough.
pub fn signature(params: SignatureParams, basis: Stream) -> Option<SignaturePipeline> {
    start(basis, |threads| SignaturePipeline::new(params, threads))
}

/// Starts the threads for a delta; None if one is enough.
pub fn delta(sumset: &Shared<Sumset>, new: Stream) -> Option<DeltaPipeline<Built>> {
    start(new, |threads| {
        let index = Built::new(Some(sumset.clone())).ok()?;
        DeltaPipeline::new(index, DeltaOptions::new(), threads)
    })
}

fn start<P>(input: Stream, start: impl FnOnce(usize) -> Option<P>) -> Option<P> {
    let threads = guard(1, || Threads::auto().for_len(input.regular_len()));
    if threads == 1 || wanted_buffers() != BufferSizes::default() {
        return None;
    }
    guard(None, || without_signals(|| start(threads)))
}

/// Writes the signature of a stream.
///
/// Runs code of the program, so never inside a guard.
///
/// # Safety
/// `stats` is null or valid.
pub unsafe fn run_signature(
    pipeline: SignaturePipeline,
    streams: (Stream, Stream),
    stats: *mut rs_stats,
) -> rs_result {
    let report = |done: &mut rs_stats, made: SignatureStats| {
        done.set_signature(&made);
        done.set_bytes(made.in_bytes, made.out_bytes);
    };
    // SAFETY: as above.
    unsafe { run(pipeline, c"signature", streams, report, stats) }
}

/// Writes the delta of a stream.
///
/// Runs code of the program, so never inside a guard.
///
/// # Safety
/// `stats` is null or valid.
pub unsafe fn run_delta(
    pipeline: DeltaPipeline<Built>,
    sumset: &Sumset,
    streams: (Stream, Stream),
    stats: *mut rs_stats,
) -> rs_result {
    let report = |done: &mut rs_stats, made: DeltaStats| {
        sumset.count(&made.search);
        done.set_commands(&made.commands);
        done.set_bytes(made.in_bytes, made.out_bytes);
    };
    // SAFETY: as above.
    unsafe { run(pipeline, c"delta", streams, report, stats) }
}

unsafe fn run<P: Pipeline>(
    mut pipeline: P,
    op: &'static CStr,
    (input, output): (Stream, Stream),
    report: impl FnOnce(&mut rs_stats, P::Stats),
    stats: *mut rs_stats,
) -> rs_result {
    let mut done = rs_stats::new(op);
    let driven = drive(&mut pipeline, input, output);
    guard((), || report(&mut done, pipeline.stats()));
    done.finish();
    if !stats.is_null() {
        // SAFETY: not null and by contract valid.
        unsafe { stats.write(done) };
    }
    match driven {
        Ok(()) => rs_result::DONE,
        Err(Failure::Read(errno)) => cannot_read(errno),
        Err(Failure::Write(errno)) => cannot_write(errno),
        Err(Failure::Job(result)) => {
            log_failure(op.to_str().unwrap_or_default(), result);
            result
        }
    }
}

fn drive(pipeline: &mut impl Pipeline, input: Stream, output: Stream) -> Result<(), Failure> {
    let mut ended = false;
    loop {
        if let Some(bytes) = guarded(|| pipeline.output())? {
            output.write(bytes).map_err(Failure::Write)?;
        } else if ended {
            return Ok(());
        } else {
            let len = input.read(guarded(|| pipeline.space())?).map_err(Failure::Read)?;
            ended = len == 0;
            guarded(|| pipeline.advance(len))?;
        }
    }
}

fn guarded<T>(call: impl FnOnce() -> Result<T, Error>) -> Result<T, Failure> {
    let panicked = Err(Failure::Job(rs_result::INTERNAL_ERROR));
    guard(panicked, || call().map_err(|error| Failure::Job(rs_result(error.kind().code()))))
}

enum Failure {
    Job(rs_result),
    Read(Errno),
    Write(Errno),
}
