//! Streams: the engines driven over `Read`, `Write` and `Seek`, in bounded memory.

use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};

use crate::delta::{DeltaEncoder, DeltaOptions};
use crate::engine::{Engine, Status, copy_front};
use crate::error::{Error, IoAction, Result};
use crate::index::Index;
use crate::monitor::Monitor;
use crate::options::SignatureParams;
use crate::patch::{PatchOptions, PatchStatus, Patcher};
use crate::signature::{LoadOptions, Signature, SignatureDecoder, SignatureEncoder};
use crate::stats::{DeltaStats, PatchStats, SignatureStats};

const DEFAULT_BUFFER: usize = 256 << 10;
/// Most input that a signature reads at once for the sake of hashing many blocks together.
const MAX_SIGNATURE_BUFFER: usize = 4 << 20;

/// Sizes of the buffers between an engine and its streams. Results do not depend on them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BufferSizes {
    /// Bytes read at once; `None` takes what suits the operation.
    pub input: Option<usize>,
    /// Bytes written at once; `None` takes what suits the operation.
    pub output: Option<usize>,
}

/// Writes the signature of a stream.
///
/// # Errors
/// [`Error::Io`], [`Error::TooManyBlocks`], [`Error::Cancelled`].
pub fn signature(
    basis: impl Read,
    output: impl Write,
    params: SignatureParams,
    buffers: BufferSizes,
    monitor: &mut impl Monitor,
) -> Result<SignatureStats> {
    // Whole blocks, and so many that the hashes of several are taken together.
    let block_len = params.block_len() as usize;
    let wanted = block_len.saturating_mul(8).clamp(DEFAULT_BUFFER, MAX_SIGNATURE_BUFFER);
    let whole_blocks = if block_len <= wanted { wanted - wanted % block_len } else { wanted };
    let input = buffers.input.unwrap_or(whole_blocks).min(MAX_SIGNATURE_BUFFER);
    let mut engine = SignatureEncoder::new(params);
    drive(&mut engine, basis, output, BufferSizes { input: Some(input), ..buffers }, monitor)?;
    Ok(engine.stats())
}

/// Loads the signature in a stream.
///
/// # Errors
/// [`Error::Io`] and those of [`SignatureDecoder`].
pub fn load_signature(
    input: impl Read,
    options: LoadOptions,
    buffers: BufferSizes,
) -> Result<(Signature, SignatureStats)> {
    let mut input = input;
    let mut decoder = SignatureDecoder::new(options);
    let mut buf = new_buffer(buffers.input);
    loop {
        match read(&mut input, &mut buf)? {
            0 => break,
            len => decoder.push(&buf[..len])?,
        }
    }
    let stats = decoder.stats();
    Ok((decoder.finish()?, stats))
}

/// Returns the index of a stream: its signature, taken and loaded without writing it down.
///
/// # Errors
/// [`Error::Io`], [`Error::TooManyBlocks`], [`Error::Cancelled`].
pub fn index(
    basis: impl Read,
    params: SignatureParams,
    buffers: BufferSizes,
    monitor: &mut impl Monitor,
) -> Result<Index> {
    struct Loader(SignatureDecoder);
    impl Write for Loader {
        fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
            self.0.push(buf).map_err(std::io::Error::other)?;
            Ok(buf.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut loader = Loader(SignatureDecoder::new(LoadOptions::default()));
    signature(basis, &mut loader, params, buffers, monitor)?;
    Ok(Index::new(loader.0.finish()?))
}

/// Writes the delta of a stream against an index.
///
/// # Errors
/// [`Error::Io`], [`Error::Cancelled`].
pub fn delta(
    index: &Index,
    new: impl Read,
    output: impl Write,
    options: DeltaOptions,
    buffers: BufferSizes,
    monitor: &mut impl Monitor,
) -> Result<DeltaStats> {
    let mut engine = DeltaEncoder::new(index, options);
    drive(&mut engine, new, output, buffers, monitor)?;
    Ok(engine.stats())
}

/// Writes the result of a delta.
///
/// # Errors
/// [`Error::Io`], [`Error::BasisEnded`], [`Error::Cancelled`] and those of [`Patcher::step`]. What
/// was written until then is wrong or incomplete.
pub fn patch(
    mut basis: impl Basis,
    mut delta: impl Read,
    mut output: impl Write,
    options: PatchOptions,
    buffers: BufferSizes,
    monitor: &mut impl Monitor,
) -> Result<PatchStats> {
    let mut patcher = Patcher::new(options);
    let mut input = Input::new(buffers.input);
    let mut small_reads = SmallReads::default();
    let mut out = new_buffer(buffers.output);
    let mut filled = 0;
    loop {
        let step = patcher.step(input.unread(), input.ended, &mut out[filled..])?;
        input.consume(step.consumed);
        filled += step.produced;
        match step.status {
            PatchStatus::NeedsBasis { position, len } if filled < out.len() => {
                let space = &mut out[filled..];
                let len = usize::try_from(len).unwrap_or(usize::MAX).min(space.len());
                let read = small_reads.read_at(&mut basis, position, &mut space[..len])?;
                if read == 0 {
                    return Err(patcher.basis_ended());
                }
                patcher.copied(&space[..read]);
                filled += read;
                continue;
            }
            PatchStatus::NeedsInput => {
                input.refill(&mut delta)?;
                monitor_progress(monitor, input.total_bytes)?;
                // Small reads are no reason for small writes.
                if filled < out.len() / 2 && !input.ended {
                    continue;
                }
            }
            _ => {}
        }
        output.write_all(&out[..filled]).map_err(Error::io(IoAction::Write))?;
        filled = 0;
        if step.status == PatchStatus::Done {
            output.flush().map_err(Error::io(IoAction::Write))?;
            return Ok(patcher.stats());
        }
    }
}

/// Drives an engine from a stream to another until it is done.
///
/// # Errors
/// [`Error::Io`], [`Error::Cancelled`] and those of the engine.
pub fn drive(
    engine: &mut impl Engine,
    mut input: impl Read,
    mut output: impl Write,
    buffers: BufferSizes,
    monitor: &mut impl Monitor,
) -> Result<()> {
    let mut source = Input::new(buffers.input);
    let mut out = new_buffer(buffers.output);
    loop {
        let step = engine.step(source.unread(), source.ended, &mut out)?;
        source.consume(step.consumed);
        output.write_all(&out[..step.produced]).map_err(Error::io(IoAction::Write))?;
        match step.status {
            Status::NeedsOutput => {}
            Status::NeedsInput => {
                source.refill(&mut input)?;
                monitor_progress(monitor, source.total_bytes)?;
            }
            Status::Done => return output.flush().map_err(Error::io(IoAction::Write)),
        }
    }
}

/// A basis that can be read anywhere.
pub trait Basis {
    /// Reads bytes from a position and returns how many; 0 says that the basis ends there.
    ///
    /// # Errors
    /// [`Error::Io`].
    fn read_at(&mut self, position: u64, buf: &mut [u8]) -> Result<usize>;
}

impl<B: Basis + ?Sized> Basis for &mut B {
    fn read_at(&mut self, position: u64, buf: &mut [u8]) -> Result<usize> {
        (**self).read_at(position, buf)
    }
}

impl Basis for &[u8] {
    fn read_at(&mut self, position: u64, buf: &mut [u8]) -> Result<usize> {
        let start = usize::try_from(position).unwrap_or(usize::MAX).min(self.len());
        Ok(copy_front(&self[start..], buf))
    }
}

/// A file is read with one system call and keeps its position.
#[cfg(unix)]
impl Basis for &std::fs::File {
    fn read_at(&mut self, position: u64, buf: &mut [u8]) -> Result<usize> {
        use std::os::unix::fs::FileExt;
        retry(|| FileExt::read_at(*self, buf, position)).map_err(Error::io(IoAction::ReadBasis))
    }
}

/// A stream that can seek, as a [`Basis`].
#[derive(Debug)]
pub struct SeekBasis<R> {
    inner: R,
    /// Where the stream stands, if that is known.
    position: Option<u64>,
}

impl<R: Read + Seek> SeekBasis<R> {
    /// Wraps a stream whose first byte is at position 0 of the basis.
    pub fn new(inner: R) -> Self {
        SeekBasis { inner, position: None }
    }
}

impl<R: Read + Seek> Basis for SeekBasis<R> {
    fn read_at(&mut self, position: u64, buf: &mut [u8]) -> Result<usize> {
        if self.position != Some(position) {
            self.inner.seek(SeekFrom::Start(position)).map_err(Error::io(IoAction::SeekBasis))?;
        }
        self.position = None;
        let len = retry(|| self.inner.read(buf)).map_err(Error::io(IoAction::ReadBasis))?;
        self.position = Some(position + len as u64);
        Ok(len)
    }
}

/// `Read` over an engine: what it makes of the bytes of another reader.
///
/// ```
/// use std::io::Read;
/// use sigdelta::io::EngineReader;
/// use sigdelta::{SignatureEncoder, SignatureOptions};
///
/// let basis: &[u8] = b"the basis, which may be any reader";
/// let engine = SignatureEncoder::new(SignatureOptions::new().params(None)?);
/// let mut signature = Vec::new();
/// EngineReader::new(engine, basis).read_to_end(&mut signature)?;
/// assert_eq!(signature.len(), 12 + 4 + 32);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct EngineReader<E, R> {
    engine: E,
    inner: R,
    source: Input,
}

impl<E: Engine, R: Read> EngineReader<E, R> {
    /// Puts an engine behind a reader.
    pub fn new(engine: E, inner: R) -> Self {
        EngineReader { engine, inner, source: Input::new(None) }
    }

    /// Returns the engine, for its statistics.
    pub fn engine(&self) -> &E {
        &self.engine
    }
}

/// Errors of the engine come as `std::io::Error` of kind `InvalidData` around an [`Error`].
impl<E: Engine, R: Read> Read for EngineReader<E, R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let step = self
                .engine
                .step(self.source.unread(), self.source.ended, buf)
                .map_err(|error| std::io::Error::new(ErrorKind::InvalidData, error))?;
            self.source.consume(step.consumed);
            match step.status {
                Status::NeedsInput if step.produced == 0 => {
                    self.source.refill(&mut self.inner).map_err(|error| match error {
                        Error::Io { source, .. } => source,
                        error => std::io::Error::other(error),
                    })?;
                }
                _ => return Ok(step.produced),
            }
        }
    }
}

/// Spares short copies that lie near each other a system call each.
#[derive(Default)]
struct SmallReads {
    buf: Vec<u8>,
    /// Where the buffer starts in the basis.
    start: u64,
}

impl SmallReads {
    /// Bytes read at once where fewer are wanted.
    const LEN: usize = 8 << 10;

    fn read_at(
        &mut self,
        basis: &mut impl Basis,
        position: u64,
        output: &mut [u8],
    ) -> Result<usize> {
        if output.len() >= Self::LEN {
            return basis.read_at(position, output);
        }
        let offset = position.checked_sub(self.start).and_then(|offset| offset.try_into().ok());
        if let Some(found) = offset.and_then(|offset: usize| self.buf.get(offset..))
            && !found.is_empty()
        {
            return Ok(copy_front(found, output));
        }
        self.buf.resize(Self::LEN, 0);
        let len = basis.read_at(position, &mut self.buf).inspect_err(|_| self.buf.clear())?;
        self.buf.truncate(len);
        self.start = position;
        Ok(copy_front(&self.buf, output))
    }
}

/// A buffer between a reader and an engine.
struct Input {
    buf: Vec<u8>,
    unread: std::ops::Range<usize>,
    ended: bool,
    total_bytes: u64,
}

impl Input {
    fn new(size: Option<usize>) -> Self {
        Input { buf: new_buffer(size), unread: 0..0, ended: false, total_bytes: 0 }
    }

    fn unread(&self) -> &[u8] {
        &self.buf[self.unread.clone()]
    }

    fn consume(&mut self, len: usize) {
        self.unread.start += len;
    }

    /// Reads once, when everything is consumed.
    fn refill(&mut self, input: &mut impl Read) -> Result<()> {
        debug_assert!(self.unread.is_empty());
        let len = read(input, &mut self.buf)?;
        self.unread = 0..len;
        self.ended = len == 0;
        self.total_bytes += len as u64;
        Ok(())
    }
}

fn new_buffer(size: Option<usize>) -> Vec<u8> {
    vec![0; size.unwrap_or(DEFAULT_BUFFER).max(1)]
}

fn read(input: &mut impl Read, buf: &mut [u8]) -> Result<usize> {
    retry(|| input.read(buf)).map_err(Error::io(IoAction::Read))
}

fn retry(mut call: impl FnMut() -> std::io::Result<usize>) -> std::io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

fn monitor_progress(monitor: &mut impl Monitor, done_bytes: u64) -> Result<()> {
    match monitor.progress(done_bytes) {
        std::ops::ControlFlow::Continue(()) => Ok(()),
        std::ops::ControlFlow::Break(()) => Err(Error::Cancelled),
    }
}
