//! The streams of this crate over [`AsyncRead`] and [`AsyncWrite`] of tokio.
//!
//! The work itself is done by a thread of tokio's pool for blocking work; bytes go to it and come from
//! it in chunks of 64 KiB, of which a few are under way, so memory is bounded. Dropping the future
//! ends the work: its next read or write of a chunk fails.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use sigdelta::io::{self, BufferSizes};
//! use sigdelta::{SignatureOptions, aio};
//!
//! let basis: &[u8] = b"any AsyncRead";
//! let params = SignatureOptions::new().params(None)?;
//! let mut signature = Vec::new();
//! aio::run(basis, &mut signature, move |basis, signature| {
//!     io::signature(basis, signature, params, BufferSizes::default(), &mut ())
//! })
//! .await?;
//! assert_eq!(signature.len(), 12 + 4 + 32);
//! # Ok::<(), sigdelta::Error>(())
//! # }).unwrap();
//! ```

use std::io::{self, ErrorKind, Read, Write};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::spawn_blocking;

use crate::engine::copy_front;
use crate::error::{Error, IoAction, Result};

/// Bytes of a chunk.
const CHUNK_LEN: usize = 64 << 10;
/// Chunks under way in each direction.
const CHUNKS: usize = 4;

/// Runs blocking work between an asynchronous reader and writer.
///
/// `work` gets the bytes of `input` as a [`Read`], and what it writes goes to `output`, which is flushed
/// but not shut down.
///
/// # Errors
/// Those of `work`; [`Error::Io`] with the causes of `input` and `output`.
///
/// # Panics
/// If `work` does.
pub async fn run<S: Send + 'static>(
    input: impl AsyncRead,
    output: impl AsyncWrite,
    work: impl FnOnce(ChunkReader, ChunkWriter) -> Result<S> + Send + 'static,
) -> Result<S> {
    let (to_work, chunks) = channel(CHUNKS);
    let reader = ChunkReader { chunks, chunk: Vec::new(), start: 0, ended: false };
    let (chunks, from_work) = channel(CHUNKS);
    let writer = ChunkWriter { chunks, chunk: Vec::new() };
    let done = spawn_blocking(move || work(reader, writer));
    let ((), written) = tokio::join!(feed(input, to_work), drain(output, from_work));
    let result = done.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    // If the output failed, the work only knows that nobody takes its bytes.
    written.map_err(Error::io(IoAction::Write))?;
    result
}

/// Reads until the end, an error, or the end of the work.
async fn feed(input: impl AsyncRead, to_work: Sender<io::Result<Vec<u8>>>) {
    let mut input = std::pin::pin!(input);
    loop {
        // Before reading, so that no byte is taken that nobody wants.
        let Ok(permit) = to_work.reserve().await else { return };
        let mut chunk = vec![0; CHUNK_LEN];
        let read = tokio::select! {
            read = input.read(&mut chunk) => read,
            () = to_work.closed() => return,
        };
        match read {
            Ok(len) => {
                chunk.truncate(len);
                // An empty chunk is the end; without it the work learns that it was abandoned.
                permit.send(Ok(chunk));
                if len == 0 {
                    return;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                permit.send(Err(error));
                return;
            }
        }
    }
}

/// Writes until the work has ended.
async fn drain(output: impl AsyncWrite, mut from_work: Receiver<Vec<u8>>) -> io::Result<()> {
    let mut output = std::pin::pin!(output);
    while let Some(chunk) = from_work.recv().await {
        output.write_all(&chunk).await?;
    }
    output.flush().await
}

/// The bytes of an asynchronous reader, for blocking work.
#[derive(Debug)]
pub struct ChunkReader {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Vec<u8>,
    /// What of the chunk was read.
    start: usize,
    ended: bool,
}

impl Read for ChunkReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.start == self.chunk.len() && !self.ended {
            let chunk = self.chunks.blocking_recv();
            self.chunk = chunk.unwrap_or_else(|| Err(ErrorKind::ConnectionAborted.into()))?;
            self.start = 0;
            self.ended = self.chunk.is_empty();
        }
        let len = copy_front(&self.chunk[self.start..], buf);
        self.start += len;
        Ok(len)
    }
}

/// Takes the bytes of blocking work for an asynchronous writer.
#[derive(Debug)]
pub struct ChunkWriter {
    chunks: Sender<Vec<u8>>,
    chunk: Vec<u8>,
}

impl ChunkWriter {
    fn send(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::take(&mut self.chunk);
        self.chunks.blocking_send(chunk).map_err(|_| ErrorKind::BrokenPipe.into())
    }
}

impl Write for ChunkWriter {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let len = buf.len().min(CHUNK_LEN - self.chunk.len());
        self.chunk.extend_from_slice(&buf[..len]);
        if self.chunk.len() == CHUNK_LEN {
            self.send()?;
        }
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

/// Work need not flush what it writes.
impl Drop for ChunkWriter {
    fn drop(&mut self) {
        // If nobody takes it, nobody wants it.
        let _ = self.send();
    }
}
