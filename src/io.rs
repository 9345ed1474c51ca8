//! Streams: the engines driven over `Read`, `Write` and `Seek`, in bounded memory.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::{ControlFlow, Range};

use crate::delta::{DeltaEncoder, DeltaOptions};
use crate::engine::{Engine, Status, copy_front};
use crate::error::{Error, IoAction, Result, reserve_exact, try_vec};
use crate::format::Trailer;
use crate::index::Index;
use crate::monitor::{Monitor, Progress};
use crate::options::SignatureParams;
use crate::patch::{PatchOptions, PatchStatus, Patcher};
use crate::signature::{LoadOptions, Signature, SignatureDecoder, SignatureEncoder};
use crate::stats::{DeltaStats, PatchStats, SignatureStats};
use crate::strong::{StrongHash, StrongState};

const DEFAULT_BUFFER: usize = 256 << 10;
/// Bytes read and written at once even where an engine is to see fewer.
const MIN_BUFFER: usize = 4 << 10;
/// Output of a delta that is gathered before it is written.
const SHORT_OUTPUT: usize = 32 << 10;
/// Most input that a signature reads at once for the sake of hashing many blocks together.
const MAX_SIGNATURE_BUFFER: usize = 8 << 20;

/// How much an engine gets at once. Results do not depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BufferSizes {
    /// Bytes of input; `None` takes what suits the operation.
    pub input: Option<usize>,
    /// Bytes of output space; `None` takes what suits the operation.
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
    monitor: &mut dyn Monitor,
) -> Result<SignatureStats> {
    let mut engine = SignatureEncoder::new(params);
    drive_signature(&mut engine, basis, output, buffers, monitor)?;
    Ok(engine.stats())
}

/// As [`signature`], with an engine of the caller, who has its statistics whatever happens.
///
/// # Errors
/// Those of [`signature`].
pub fn drive_signature(
    engine: &mut SignatureEncoder,
    basis: impl Read,
    output: impl Write,
    buffers: BufferSizes,
    monitor: &mut dyn Monitor,
) -> Result<()> {
    let buffers = signature_buffers(engine.params(), buffers);
    drive(engine, Filling(basis), output, buffers, monitor)
}

/// Returns the buffers that suit a signature: the input holds whole blocks, and so many that the hashes
/// of several are taken together.
pub fn signature_buffers(params: &SignatureParams, buffers: BufferSizes) -> BufferSizes {
    let block_len = params.block_len() as usize;
    let wanted = block_len.saturating_mul(8).clamp(DEFAULT_BUFFER, MAX_SIGNATURE_BUFFER);
    let whole_blocks = if block_len <= wanted { wanted - wanted % block_len } else { wanted };
    let input = buffers.input.unwrap_or(whole_blocks).min(MAX_SIGNATURE_BUFFER);
    BufferSizes { input: Some(input), ..buffers }
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
    let mut decoder = SignatureDecoder::new(options);
    drive_load(&mut decoder, input, buffers)?;
    let stats = decoder.stats();
    Ok((decoder.finish()?, stats))
}

/// Loads a stream into a decoder of the caller, who then finishes it.
///
/// # Errors
/// [`Error::Io`] and those of [`SignatureDecoder::push`].
pub fn drive_load(
    decoder: &mut SignatureDecoder,
    mut input: impl Read,
    buffers: BufferSizes,
) -> Result<()> {
    let mut buf = new_buffer(buffers.input)?;
    loop {
        match read(&mut input, &mut buf)? {
            0 => return Ok(()),
            len => decoder.push(&buf[..len])?,
        }
    }
}

/// Returns the index of a stream: its signature, taken and loaded without writing it down.
///
/// # Errors
/// [`Error::Io`], [`Error::TooManyBlocks`], [`Error::Cancelled`].
pub fn index(
    basis: impl Read,
    params: SignatureParams,
    buffers: BufferSizes,
    monitor: &mut dyn Monitor,
) -> Result<Index> {
    let mut decoder = SignatureDecoder::new(LoadOptions::default());
    let mut engine = SignatureEncoder::new(params);
    let buffers = signature_buffers(&params, buffers);
    let load = |bytes: &[u8]| decoder.push(bytes);
    drive_into(&mut engine, Filling(basis), load, buffers, monitor)?;
    Index::new(decoder.finish()?)
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
    monitor: &mut dyn Monitor,
) -> Result<DeltaStats> {
    let mut engine = DeltaEncoder::new(index, options);
    match buffers {
        BufferSizes { input: None, output: None } => {
            drive_delta(&mut engine, new, output, monitor)?;
        }
        _ => drive(&mut engine, new, output, buffers, monitor)?,
    }
    Ok(engine.stats())
}

/// As [`drive`], but reads into the buffer of the engine, and writes long literals out of it.
fn drive_delta(
    engine: &mut DeltaEncoder<&Index>,
    mut new: impl Read,
    mut output: impl Write,
    monitor: &mut dyn Monitor,
) -> Result<()> {
    let mut sink = Sink::new(Some(SHORT_OUTPUT))?;
    let mut done = Progress::default();
    let mut ended = false;
    loop {
        let waiting = engine.waiting();
        if !waiting.is_empty() {
            let len = waiting.len();
            done.out_bytes += len as u64;
            sink.write_through(waiting, &mut output)?;
            engine.sent(len);
        } else if !engine.queue_output(ended)? {
            sink.write(&mut output)?;
            if ended {
                return output.flush().map_err(Error::io(IoAction::Write));
            }
            let len = read(&mut new, engine.space(DEFAULT_BUFFER)?)?;
            engine.advance(len);
            ended = len == 0;
            done.in_bytes += len as u64;
            report(monitor, done)?;
        }
    }
}

/// Writes the result of a delta.
///
/// # Errors
/// [`Error::Io`], [`Error::BasisEnded`], [`Error::Cancelled`] and those of [`Patcher::step`]. What
/// was written until then is wrong or incomplete.
pub fn patch(
    basis: impl Basis,
    delta: impl Read,
    output: impl Write,
    options: PatchOptions,
    buffers: BufferSizes,
    monitor: &mut dyn Monitor,
) -> Result<PatchStats> {
    patch_with(basis, delta, output, (), options, buffers, monitor)
}

/// As [`patch`], with a shortcut for what need not be hashed.
pub(crate) fn patch_with(
    basis: impl Basis,
    mut delta: impl Read,
    mut output: impl Write,
    mut shortcut: impl Shortcut,
    options: PatchOptions,
    buffers: BufferSizes,
    monitor: &mut dyn Monitor,
) -> Result<PatchStats> {
    let mut patcher = Patcher::new(options);
    let mut basis = NearbyReads::new(basis);
    let mut source = Source::new(buffers.input);
    let mut sink = Sink::new(buffers.output)?;
    loop {
        let step = patcher.step(source.unread(), source.ended, sink.space());
        // What came out before must not depend on how the input was cut.
        let step = step.inspect_err(|_| _ = sink.write(&mut output))?;
        source.consume(step.consumed);
        sink.produced(step.produced);
        match step.status {
            PatchStatus::NeedsBasis { position, len } => {
                let to_read = match patcher.is_hashing() {
                    true => len,
                    false => shortcut.distance(position, len, sink.total_bytes),
                };
                if sink.is_full() || to_read == 0 {
                    sink.write(&mut output)?;
                    report(monitor, progress(&source, &sink))?;
                }
                if to_read == 0 {
                    let copied = shortcut.copy(&basis.inner, position, len);
                    patcher.copied_unseen(copied);
                    sink.total_bytes += copied;
                    continue;
                }
                let space = sink.space();
                let len = usize::try_from(to_read).unwrap_or(usize::MAX).min(space.len());
                let read = basis.read_at(position, &mut space[..len])?;
                if read == 0 {
                    sink.write(&mut output)?;
                    return Err(patcher.basis_ended());
                }
                patcher.copied(&space[..read]);
                sink.produced(read);
            }
            PatchStatus::NeedsOutput => {
                if sink.is_full() {
                    sink.write(&mut output)?;
                    report(monitor, progress(&source, &sink))?;
                }
            }
            PatchStatus::NeedsInput => {
                if source.is_empty() {
                    source.refill(&mut delta)?;
                    report(monitor, progress(&source, &sink))?;
                }
            }
            PatchStatus::Failing => sink.write(&mut output)?,
            PatchStatus::Done => {
                sink.write(&mut output)?;
                output.flush().map_err(Error::io(IoAction::Write))?;
                return Ok(patcher.stats());
            }
        }
    }
}

/// Reads a result to its end and checks that it is the one a trailer promises.
///
/// # Errors
/// [`Error::ResultMismatch`], [`Error::Io`].
pub fn check_result(trailer: &Trailer, mut result: impl Read) -> Result<()> {
    let mut digest = StrongState::new(StrongHash::Blake2b);
    let mut len = 0;
    let mut buf = new_buffer(None)?;
    loop {
        match read(&mut result, &mut buf)? {
            0 => return trailer.compare(len, &digest.finish()),
            read => {
                digest.update(&buf[..read]);
                len += read as u64;
            }
        }
    }
}

/// Drives an engine from a stream to another until it is done.
///
/// # Errors
/// [`Error::Io`], [`Error::Cancelled`] and those of the engine.
pub fn drive(
    engine: &mut impl Engine,
    input: impl Read,
    mut output: impl Write,
    buffers: BufferSizes,
    monitor: &mut dyn Monitor,
) -> Result<()> {
    let write = |bytes: &[u8]| output.write_all(bytes).map_err(Error::io(IoAction::Write));
    drive_into(engine, input, write, buffers, monitor)?;
    output.flush().map_err(Error::io(IoAction::Write))
}

/// Drives an engine from a stream into a function.
fn drive_into(
    engine: &mut impl Engine,
    mut input: impl Read,
    mut take: impl FnMut(&[u8]) -> Result<()>,
    buffers: BufferSizes,
    monitor: &mut dyn Monitor,
) -> Result<()> {
    let mut source = Source::new(buffers.input);
    let mut sink = Sink::new(buffers.output)?;
    loop {
        let step = engine.step(source.unread(), source.ended, sink.space())?;
        source.consume(step.consumed);
        sink.produced(step.produced);
        let needs_input = step.status == Status::NeedsInput && source.is_empty();
        if needs_input || step.status == Status::Done || sink.is_full() {
            take(sink.filled())?;
            sink.clear();
        }
        if needs_input {
            source.refill(&mut input)?;
            report(monitor, progress(&source, &sink))?;
        }
        if step.status == Status::Done {
            return Ok(());
        }
    }
}

fn progress(source: &Source, sink: &Sink) -> Progress {
    Progress { in_bytes: source.total_bytes, out_bytes: sink.total_bytes }
}

fn report(monitor: &mut dyn Monitor, done: Progress) -> Result<()> {
    match monitor.progress(done) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Cancelled),
    }
}

/// A basis that can be read anywhere.
pub trait Basis {
    /// Reads bytes from a position and returns how many; 0 says that the basis ends there.
    ///
    /// # Errors
    /// [`Error::Io`].
    fn read_at(&mut self, position: u64, buf: &mut [u8]) -> Result<usize>;

    /// Returns the file behind the basis, if it has the same bytes at the same positions: for copies
    /// by the system.
    fn file(&self) -> Option<&File> {
        None
    }
}

/// A way for bytes of the basis to the output that leads past the buffer.
pub(crate) trait Shortcut {
    /// Returns how many bytes of a copy are to be read before the next may take the shortcut; `len`
    /// if none may.
    fn distance(&self, position: u64, len: u64, out_position: u64) -> u64;

    /// Copies bytes of the basis to where the output stands, and returns how many; 0 if that failed,
    /// which closes the shortcut.
    fn copy(&mut self, basis: &impl Basis, position: u64, len: u64) -> u64;
}

/// There is no shortcut.
impl Shortcut for () {
    fn distance(&self, _: u64, len: u64, _: u64) -> u64 {
        len
    }

    fn copy(&mut self, _: &impl Basis, _: u64, _: u64) -> u64 {
        0
    }
}

impl<B: Basis + ?Sized> Basis for &mut B {
    fn read_at(&mut self, position: u64, buf: &mut [u8]) -> Result<usize> {
        (**self).read_at(position, buf)
    }

    fn file(&self) -> Option<&File> {
        (**self).file()
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
impl Basis for &File {
    fn read_at(&mut self, position: u64, buf: &mut [u8]) -> Result<usize> {
        use std::os::unix::fs::FileExt;
        retry(|| FileExt::read_at(*self, buf, position)).map_err(Error::io(IoAction::ReadBasis))
    }

    fn file(&self) -> Option<&File> {
        Some(self)
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
    source: Source,
}

impl<E: Engine, R: Read> EngineReader<E, R> {
    /// Puts an engine behind a reader.
    pub fn new(engine: E, inner: R) -> Self {
        EngineReader { engine, inner, source: Source::new(None) }
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
                        Error::Io { cause, .. } => cause,
                        error => std::io::Error::other(error),
                    })?;
                }
                _ => return Ok(step.produced),
            }
        }
    }
}

/// A reader that does not return before the buffer is full or the input ends: whole blocks come
/// out of pipes, too.
struct Filling<R>(R);

impl<R: Read> Read for Filling<R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let mut filled = 0;
        while filled < buf.len() {
            match retry(|| self.0.read(&mut buf[filled..]))? {
                0 => break,
                len => filled += len,
            }
        }
        Ok(filled)
    }
}

/// A basis that spares short copies which lie near each other a system call each.
#[derive(Debug)]
pub struct NearbyReads<B> {
    inner: B,
    buf: Vec<u8>,
    /// Where the buffer starts in the basis.
    start: u64,
    /// Where bytes were last wanted.
    last: u64,
}

impl<B: Basis> NearbyReads<B> {
    /// Bytes read at once where fewer are wanted.
    const LEN: usize = 8 << 10;

    /// Wraps a basis.
    pub fn new(inner: B) -> Self {
        NearbyReads { inner, buf: Vec::new(), start: 0, last: 0 }
    }
}

impl<B: Basis> Basis for NearbyReads<B> {
    fn read_at(&mut self, position: u64, output: &mut [u8]) -> Result<usize> {
        if output.len() >= Self::LEN {
            return self.inner.read_at(position, output);
        }
        let offset = position.checked_sub(self.start).and_then(|offset| offset.try_into().ok());
        if let Some(found) = offset.and_then(|offset: usize| self.buf.get(offset..))
            && !found.is_empty()
        {
            self.last = position;
            return Ok(copy_front(found, output));
        }
        // Copies from all over the basis gain nothing from what lies behind each.
        let is_near = position.abs_diff(self.last) < Self::LEN as u64;
        self.last = position;
        if !is_near {
            return self.inner.read_at(position, output);
        }
        self.buf.clear();
        reserve_exact(&mut self.buf, Self::LEN)?;
        self.buf.resize(Self::LEN, 0);
        let read = self.inner.read_at(position, &mut self.buf);
        self.buf.truncate(*read.as_ref().unwrap_or(&0));
        self.start = position;
        read?;
        Ok(copy_front(&self.buf, output))
    }
}

/// A buffer between a reader and an engine.
struct Source {
    /// Most bytes that the engine sees at once.
    size: Option<usize>,
    /// Empty before the first read.
    buf: Vec<u8>,
    /// What is not consumed.
    filled: Range<usize>,
    ended: bool,
    total_bytes: u64,
}

impl Source {
    fn new(size: Option<usize>) -> Self {
        Source { size, buf: Vec::new(), filled: 0..0, ended: false, total_bytes: 0 }
    }

    fn unread(&self) -> &[u8] {
        let Range { start, end } = self.filled;
        let window = self.size.map_or(usize::MAX, |size| size.max(1));
        &self.buf[start..end.min(start.saturating_add(window))]
    }

    fn is_empty(&self) -> bool {
        self.filled.is_empty()
    }

    fn consume(&mut self, len: usize) {
        self.filled.start += len;
    }

    /// Reads once, when everything is consumed.
    fn refill(&mut self, input: &mut impl Read) -> Result<()> {
        if self.buf.is_empty() {
            self.buf = new_buffer(self.size)?;
        }
        let len = read(input, &mut self.buf)?;
        self.filled = 0..len;
        self.ended = len == 0;
        self.total_bytes += len as u64;
        Ok(())
    }
}

/// A buffer between an engine and a writer.
struct Sink {
    buf: Vec<u8>,
    filled: usize,
    /// Most space that the engine sees at once.
    window: usize,
    total_bytes: u64,
}

impl Sink {
    fn new(size: Option<usize>) -> Result<Self> {
        let window = size.unwrap_or(usize::MAX).max(1);
        Ok(Sink { buf: new_buffer(size)?, filled: 0, window, total_bytes: 0 })
    }

    fn space(&mut self) -> &mut [u8] {
        let end = self.filled.saturating_add(self.window).min(self.buf.len());
        &mut self.buf[self.filled..end]
    }

    fn produced(&mut self, len: usize) {
        self.filled += len;
        self.total_bytes += len as u64;
    }

    fn is_full(&self) -> bool {
        self.filled == self.buf.len()
    }

    fn filled(&self) -> &[u8] {
        &self.buf[..self.filled]
    }

    fn clear(&mut self) {
        self.filled = 0;
    }

    /// Gathers bytes, and writes what was gathered if they do not fit.
    fn write_through(&mut self, bytes: &[u8], output: &mut impl Write) -> Result<()> {
        if bytes.len() > self.buf.len() - self.filled {
            self.write(output)?;
        }
        match self.buf.get_mut(self.filled..self.filled + bytes.len()) {
            Some(space) => {
                space.copy_from_slice(bytes);
                self.produced(bytes.len());
                Ok(())
            }
            None => output.write_all(bytes).map_err(Error::io(IoAction::Write)),
        }
    }

    fn write(&mut self, output: &mut impl Write) -> Result<()> {
        output.write_all(self.filled()).map_err(Error::io(IoAction::Write))?;
        self.clear();
        Ok(())
    }
}

fn new_buffer(size: Option<usize>) -> Result<Vec<u8>> {
    try_vec(0, size.unwrap_or(DEFAULT_BUFFER).max(MIN_BUFFER))
}

pub(crate) fn read(input: &mut impl Read, buf: &mut [u8]) -> Result<usize> {
    retry(|| input.read(buf)).map_err(Error::io(IoAction::Read))
}

pub(crate) fn retry(mut call: impl FnMut() -> std::io::Result<usize>) -> std::io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

impl<E: fmt::Debug, R> fmt::Debug for EngineReader<E, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineReader").field("engine", &self.engine).finish_non_exhaustive()
    }
}
