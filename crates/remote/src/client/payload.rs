//! What is uploaded: bytes that can be read again from anywhere, so that a part can be sent anew.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use hyper::body::Bytes;
use sigdelta::{Error, IoAction, Monitor, ReadAt, Result};
use tempfile::{SpooledTempFile, spooled_tempfile};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::spawn_blocking;

use super::work::{Watcher, report};

/// Bytes that are read and sent at once.
const CHUNK_LEN: usize = 64 << 10;
/// Chunks that are read ahead.
const CHUNKS: usize = 4;
/// Up to so many bytes are kept in memory, more in a temporary file.
const IN_MEMORY: usize = 4 << 20;
/// How hard a whole file or a delta of librsync's is compressed.
const ZSTD_LEVEL: i32 = 9;
/// Samples of a large file that tell whether compressing it pays, and the length of each.
const SAMPLES: u64 = 16;
const SAMPLE_LEN: usize = 64 << 10;

/// The body of an upload.
#[derive(Clone)]
pub(super) struct Payload {
    bytes: Arc<dyn ReadAt>,
    pub(super) len: u64,
    pub(super) content_type: &'static str,
    /// True if the bytes are compressed by zstd.
    pub(super) is_zstd: bool,
}

impl Payload {
    /// Returns a body of bytes that are there.
    pub(super) fn new(bytes: Arc<dyn ReadAt>, len: u64, content_type: &'static str) -> Self {
        Payload { bytes, len, content_type, is_zstd: false }
    }

    /// Returns a body of what `write` writes.
    pub(super) fn write(
        content_type: &'static str,
        write: impl FnOnce(&mut BufWriter<SpooledTempFile>) -> Result<()>,
    ) -> Result<Self> {
        let (bytes, len) = spool(write)?;
        Ok(Payload::new(bytes, len, content_type))
    }

    /// Returns the same bytes as parts of an upload that says itself what they are.
    pub(super) fn into_part(self, content_type: &'static str) -> Self {
        Payload { content_type, is_zstd: false, ..self }
    }

    /// Returns the body compressed, if that makes it shorter by a twentieth.
    pub(super) fn compressed(self, monitor: &mut dyn Monitor) -> Result<Self> {
        if !pays(estimate(&*self.bytes, self.len)?, self.len) {
            return Ok(self);
        }
        let (bytes, len) = spool(|output| {
            let failed = |cause| Error::Io { action: IoAction::Write, cause };
            let mut encoder = zstd::Encoder::new(output, ZSTD_LEVEL).map_err(failed)?;
            encoder.set_pledged_src_size(Some(self.len)).map_err(failed)?;
            let mut buf = vec![0; CHUNK_LEN];
            let mut position = 0;
            while position < self.len {
                let len = self.bytes.read_at(position, &mut buf)?;
                if len == 0 {
                    break;
                }
                encoder.write_all(&buf[..len]).map_err(failed)?;
                position += len as u64;
                report(monitor, position)?;
            }
            encoder.finish().map(drop).map_err(failed)
        })?;
        match pays(len, self.len) {
            true => Ok(Payload { bytes, len, is_zstd: true, ..self }),
            false => Ok(self),
        }
    }

    /// Returns the bytes from a position on as the body of a request.
    pub(super) fn body(&self, start: u64, watcher: Option<Arc<dyn Watcher>>) -> UploadBody {
        let (to_body, chunks) = channel(CHUNKS);
        let (bytes, len) = (Arc::clone(&self.bytes), self.len);
        spawn_blocking(move || {
            let mut position = start;
            while position < len {
                let mut chunk = vec![0; CHUNK_LEN.min((len - position) as usize)];
                let read = match bytes.fill_at(position, &mut chunk) {
                    Ok(read) if read == chunk.len() => Ok(Bytes::from(chunk)),
                    Ok(_) => Err(io::Error::other("the file has become shorter")),
                    Err(error) => Err(io::Error::other(error)),
                };
                position += read.as_ref().map_or(len, |chunk| chunk.len() as u64);
                if to_body.blocking_send(read).is_err() {
                    return;
                }
            }
        });
        UploadBody { chunks, position: start, len, watcher }
    }

    /// Returns a reader of the bytes.
    pub(super) fn reader(&self) -> impl Read {
        reader(Arc::clone(&self.bytes))
    }
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Payload").field("len", &self.len).finish_non_exhaustive()
    }
}

/// Returns about how many bytes a content has when it is compressed for sending; exact for short ones.
pub(super) fn estimate(bytes: &dyn ReadAt, len: u64) -> Result<u64> {
    let failed = |cause| Error::Io { action: IoAction::Read, cause };
    let whole = SAMPLES * SAMPLE_LEN as u64;
    let (samples, sample_len, distance) = match len <= whole {
        true => (1, len as usize, 0),
        false => (SAMPLES, SAMPLE_LEN, (len - SAMPLE_LEN as u64) / (SAMPLES - 1)),
    };
    let mut sample = vec![0; sample_len];
    let (mut before, mut after) = (0u64, 0u64);
    for n in 0..samples {
        let read = bytes.fill_at(n * distance, &mut sample)?;
        before += read as u64;
        let compressed = zstd::bulk::compress(&sample[..read], ZSTD_LEVEL).map_err(failed)?;
        after += compressed.len() as u64;
    }
    let estimated = u128::from(len) * u128::from(after) / u128::from(before.max(1));
    Ok((estimated as u64).min(len))
}

fn pays(compressed: u64, len: u64) -> bool {
    compressed < len - len / 20
}

/// Keeps what is written, in memory or a temporary file.
fn spool(
    write: impl FnOnce(&mut BufWriter<SpooledTempFile>) -> Result<()>,
) -> Result<(Arc<dyn ReadAt>, u64)> {
    let failed = |cause| Error::Io { action: IoAction::Write, cause };
    let mut output = BufWriter::new(spooled_tempfile(IN_MEMORY));
    write(&mut output)?;
    let mut file = output.into_inner().map_err(|error| failed(error.into_error()))?;
    let len = file.stream_position().map_err(failed)?;
    Ok((Arc::new(Mutex::new(file)), len))
}

/// The bytes of a payload on their way.
pub(super) struct UploadBody {
    chunks: Receiver<io::Result<Bytes>>,
    position: u64,
    len: u64,
    watcher: Option<Arc<dyn Watcher>>,
}

impl Body for UploadBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let chunk = ready!(self.chunks.poll_recv(context));
        if let Some(Ok(chunk)) = &chunk {
            self.position += chunk.len() as u64;
            if let Some(watcher) = &self.watcher {
                watcher.progress(self.position);
            }
        }
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.position >= self.len
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.len.saturating_sub(self.position))
    }
}

struct Reader {
    bytes: Arc<dyn ReadAt>,
    position: u64,
}

impl Read for Reader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.bytes.read_at(self.position, buf).map_err(io::Error::other)?;
        self.position += len as u64;
        Ok(len)
    }
}

/// Returns a reader of bytes from the first on.
pub(super) fn reader(bytes: Arc<dyn ReadAt>) -> impl Read {
    Reader { bytes, position: 0 }
}

/// Returns a file for reading anywhere.
pub(super) fn shared(file: File) -> Arc<dyn ReadAt> {
    Arc::new(file)
}
