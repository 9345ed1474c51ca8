//! The same signatures, deltas and chunks by several threads, for large files.
//!
//! A stream is cut into segments of 256 KiB or more. Threads hash or search them; the caller's thread
//! reads, joins the results in order and writes, so readers and writers need not be `Send`. What
//! comes out never depends on the number of threads. For each thread there are two segments in
//! memory. Chunks are those of a file that is in memory as a whole.

mod chunk;
mod delta;
mod digest;
mod feed;
mod pool;
mod signature;
#[cfg(test)]
mod tests;

use std::borrow::Borrow;
use std::io::{Read, Write};
use std::num::NonZero;
use std::ops::ControlFlow;

pub use self::chunk::cuts;
pub use self::delta::DeltaPipeline;
pub use self::pool::start_threads_by;
pub use self::signature::SignaturePipeline;

#[cfg(feature = "layered")]
pub(crate) use self::pool::in_order;
use crate::delta::DeltaOptions;
use crate::error::{Error, IoAction, Result};
use crate::index::Index;
use crate::io::{self, BufferSizes};
use crate::monitor::{Monitor, Progress};
use crate::options::SignatureParams;
use crate::signature::{LoadOptions, SignatureDecoder};
use crate::stats::{DeltaStats, SignatureStats};
use feed::Layout;

/// Files up to this length are done by one thread unless more are asked for.
const LARGE_FILE: u64 = 64 << 20;
/// Most threads that are taken unless more are asked for: reading and writing is done by one.
const MAX_AUTO: usize = 8;
/// Most threads at all.
const MAX_THREADS: usize = 256;

/// Bytes of a segment, if the block length allows it.
const SEGMENT_LEN: usize = 256 << 10;
/// Blocks of a segment, at least: as many as any kernel hashes together.
const SEGMENT_BLOCKS: usize = 16;
/// Most bytes of a segment.
const MAX_SEGMENT_LEN: usize = 8 << 20;
/// Shorter blocks have so many sums that they would fill the memory.
const MIN_BLOCK_LEN: usize = 32;
/// Longer blocks would make neighbouring segments share too much.
const MAX_BLOCK_LEN: usize = MAX_SEGMENT_LEN / 8;

/// How many threads work on a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Threads(Option<NonZero<usize>>);

impl Threads {
    /// Returns the default: as many as the environment variable `SIGDELTA_THREADS` says; else all
    /// that the machine has, up to 8, for files over 64 MiB, and one for others and for pipes.
    pub fn auto() -> Self {
        let named = std::env::var("SIGDELTA_THREADS").ok();
        named.and_then(|number| number.parse().ok()).map_or(Threads(None), Threads::new)
    }

    /// Sets a number, up to 256; 0 is the machine's choice.
    pub fn new(number: usize) -> Self {
        Threads(NonZero::new(number.min(MAX_THREADS)))
    }

    /// Returns the number for a stream, whose length may be known.
    pub fn for_len(self, len: Option<u64>) -> usize {
        let available = || std::thread::available_parallelism().map_or(1, NonZero::get);
        match self.0 {
            Some(number) => number.get(),
            None if len.is_some_and(|len| len > LARGE_FILE) => available().min(MAX_AUTO),
            None => 1,
        }
    }
}

/// A stream on its way through several threads: bytes are put into its space, output is taken.
///
/// It does no I/O. [`drive`] shows how it is used: output is taken until there is none, then bytes
/// are put in; after the end, and without output, it is done. Dropping it waits for its threads.
pub trait Pipeline {
    /// What [`Pipeline::stats`] returns.
    type Stats;

    /// Returns space for the next bytes, at least one.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    fn space(&mut self) -> Result<&mut [u8]>;

    /// Takes note that `len` bytes were put into the space. 0 is the end; then nothing may follow.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    fn advance(&mut self, len: usize) -> Result<()>;

    /// Returns the next output, which may be empty, and waits for it if enough bytes have come.
    /// None asks for more bytes, or says that all is done if the end has come.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], [`Error::TooManyBlocks`]. Nothing can go on behind an error.
    fn output(&mut self) -> Result<Option<&[u8]>>;

    /// Returns what was done so far.
    fn stats(&self) -> Self::Stats;
}

/// Writes the signature of a stream, as [`io::signature`] does, by a number of threads.
///
/// # Errors
/// Those of [`io::signature`].
pub fn signature(
    basis: impl Read,
    output: impl Write,
    params: SignatureParams,
    threads: usize,
    monitor: &mut dyn Monitor,
) -> Result<SignatureStats> {
    match several(threads).and_then(|threads| SignaturePipeline::new(params, threads)) {
        Some(pipeline) => drive(pipeline, basis, output, monitor),
        None => io::signature(basis, output, params, BufferSizes::default(), monitor),
    }
}

/// Returns the index of a stream, as [`io::index`] does, by a number of threads.
///
/// # Errors
/// Those of [`io::index`].
pub fn index(
    basis: impl Read,
    params: SignatureParams,
    threads: usize,
    monitor: &mut dyn Monitor,
) -> Result<Index> {
    match several(threads).and_then(|threads| SignaturePipeline::new(params, threads)) {
        Some(pipeline) => {
            let mut decoder = SignatureDecoder::new(LoadOptions::default());
            drive_into(pipeline, basis, |bytes| decoder.push(bytes), monitor)?;
            Index::new(decoder.finish()?)
        }
        None => io::index(basis, params, BufferSizes::default(), monitor),
    }
}

/// Writes the delta of a stream, as [`io::delta`] does, by a number of threads. `I` is `Arc<Index>`
/// or the like.
///
/// # Errors
/// Those of [`io::delta`].
pub fn delta<I: Borrow<Index> + Clone + Send + Sync + 'static>(
    index: I,
    new: impl Read,
    output: impl Write,
    options: DeltaOptions,
    threads: usize,
    monitor: &mut dyn Monitor,
) -> Result<DeltaStats> {
    let pipeline =
        several(threads).and_then(|threads| DeltaPipeline::new(index.clone(), options, threads));
    match pipeline {
        Some(pipeline) => drive(pipeline, new, output, monitor),
        None => io::delta(index.borrow(), new, output, options, BufferSizes::default(), monitor),
    }
}

/// Drives a pipeline from a stream to another until it is done.
///
/// # Errors
/// [`Error::Io`], [`Error::Cancelled`] and those of the pipeline.
pub fn drive<P: Pipeline>(
    pipeline: P,
    input: impl Read,
    mut output: impl Write,
    monitor: &mut dyn Monitor,
) -> Result<P::Stats> {
    let write = |bytes: &[u8]| output.write_all(bytes).map_err(Error::io(IoAction::Write));
    let stats = drive_into(pipeline, input, write, monitor)?;
    output.flush().map_err(Error::io(IoAction::Write))?;
    Ok(stats)
}

/// Drives a pipeline from a stream into a function.
fn drive_into<P: Pipeline>(
    mut pipeline: P,
    mut input: impl Read,
    mut take: impl FnMut(&[u8]) -> Result<()>,
    monitor: &mut dyn Monitor,
) -> Result<P::Stats> {
    let mut done = Progress::default();
    let mut ended = false;
    loop {
        if let Some(output) = pipeline.output()? {
            take(output)?;
            done.out_bytes += output.len() as u64;
        } else if ended {
            return Ok(pipeline.stats());
        } else {
            let len = io::read(&mut input, pipeline.space()?)?;
            ended = len == 0;
            pipeline.advance(len)?;
            done.in_bytes += len as u64;
        }
        if let ControlFlow::Break(()) = monitor.progress(done) {
            return Err(Error::Cancelled);
        }
    }
}

/// Returns a number of threads that is more than one.
fn several(threads: usize) -> Option<usize> {
    (threads > 1).then_some(threads)
}

/// Returns how a stream is cut for blocks of this length, if it can be.
fn layout_of(params: &SignatureParams) -> Option<Layout> {
    let block_len = params.block_len() as usize;
    if !(MIN_BLOCK_LEN..=MAX_BLOCK_LEN).contains(&block_len) {
        return None;
    }
    let len = (SEGMENT_BLOCKS * block_len).clamp(SEGMENT_LEN, MAX_SEGMENT_LEN);
    Some(Layout { len: len - len % block_len, ahead: block_len })
}
