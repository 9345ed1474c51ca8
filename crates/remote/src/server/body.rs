//! Bodies: taken at a pace and up to a length, and given in chunks.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes};
use flate2::read::MultiGzDecoder;
use futures_util::stream::try_unfold;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, Method};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use sigdelta::ReadAt;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::options::Timeouts;
use super::pool::blocking;
use super::reply::{Problem, Result};
use crate::protocol::Kind;
use crate::storage::Content;

/// Bytes that are gathered before they are written.
const GATHERED: usize = 256 << 10;
/// Bytes of a content that are read at once.
const CHUNK_LEN: u64 = 256 << 10;
/// Logarithm of the longest window of a body in zstd: what RFC 9659 requires is enough.
const ZSTD_WINDOW_LOG: u32 = 23;

/// How a body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

impl Encoding {
    pub(super) fn from_headers(headers: &HeaderMap) -> Result<Self> {
        let lines: Vec<_> = headers.get_all(CONTENT_ENCODING).iter().collect();
        let lines: Vec<_> = lines.iter().map(|line| line.to_str().unwrap_or("?")).collect();
        match lines.join(",").to_ascii_lowercase().as_str() {
            "identity" | "" => Ok(Encoding::Identity),
            "gzip" | "x-gzip" => Ok(Encoding::Gzip),
            "zstd" => Ok(Encoding::Zstd),
            _ => Err(Problem::new(Kind::UnsupportedMedia, "Content-Encoding is zstd or gzip"))
                .map_err(|problem| problem.header(http::header::ACCEPT_ENCODING, "zstd, gzip")),
        }
    }

    /// Wraps a reader of the encoded bytes.
    pub(super) fn decode<'a>(
        self,
        encoded: Box<dyn Read + Send + 'a>,
    ) -> Result<Box<dyn Read + 'a>> {
        Ok(match self {
            Encoding::Identity => encoded,
            Encoding::Gzip => Box::new(MultiGzDecoder::new(encoded)),
            Encoding::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::new(encoded)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Box::new(decoder)
            }
        })
    }
}

/// Reads a body into a sink and returns it.
///
/// # Errors
/// [`Kind::TooLarge`], [`Kind::TooSlow`], [`Kind::BadRequest`] if the body breaks off.
pub(super) async fn receive<W: Write + Send + 'static>(
    body: Body,
    mut sink: W,
    max_bytes: u64,
    timeouts: &Timeouts,
) -> Result<W> {
    let mut paced = Paced::new(body, *timeouts);
    let mut gathered = Vec::new();
    while let Some(bytes) = paced.next().await? {
        if paced.received > max_bytes {
            return Err(TooLong { max_bytes }.into());
        }
        gathered.extend_from_slice(&bytes);
        if gathered.len() >= GATHERED {
            let bytes = std::mem::take(&mut gathered);
            (sink, gathered) = blocking(move || write(sink, bytes)).await?;
        }
    }
    if !gathered.is_empty() {
        (sink, _) = blocking(move || write(sink, gathered)).await?;
    }
    Ok(sink)
}

/// Refuses a body whose length is told and too much.
pub(super) fn check_length(body: &Body, max_bytes: u64) -> Result<()> {
    match http_body::Body::size_hint(body).lower() > max_bytes {
        true => Err(TooLong { max_bytes }.into()),
        false => Ok(()),
    }
}

/// A reader that fails behind a number of bytes.
pub(super) struct AtMost<R> {
    inner: R,
    max_bytes: u64,
    left: u64,
}

impl<R> AtMost<R> {
    pub(super) fn new(inner: R, max_bytes: u64) -> Self {
        AtMost { inner, max_bytes, left: max_bytes }
    }
}

impl<R: Read> Read for AtMost<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buf)?;
        let left = self.left.checked_sub(read as u64);
        self.left = left.ok_or_else(|| io::Error::other(TooLong { max_bytes: self.max_bytes }))?;
        Ok(read)
    }
}

/// A body has too many bytes.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the body has more than {max_bytes} bytes")]
struct TooLong {
    max_bytes: u64,
}

impl From<TooLong> for Problem {
    fn from(error: TooLong) -> Self {
        Problem::new(Kind::TooLarge, error)
    }
}

/// Says what is wrong with a body that cannot be read, or a content: its length, its encoding, or the disk.
pub(super) fn unreadable(error: io::Error) -> Problem {
    if error.raw_os_error().is_some() {
        return error.into();
    }
    match error.get_ref().and_then(|inner| inner.downcast_ref::<TooLong>()) {
        Some(&too_long) => too_long.into(),
        None => Problem::new(Kind::Damaged, format!("the encoding is damaged: {error}")),
    }
}

fn write<W: Write>(mut sink: W, mut bytes: Vec<u8>) -> Result<(W, Vec<u8>)> {
    sink.write_all(&bytes)?;
    bytes.clear();
    Ok((sink, bytes))
}

/// A body whose bytes must come at a pace.
pub(super) struct Paced {
    body: Body,
    timeouts: Timeouts,
    started: Instant,
    /// Bytes so far.
    pub(super) received: u64,
}

impl Paced {
    pub(super) fn new(body: Body, timeouts: Timeouts) -> Self {
        Paced { body, timeouts, started: Instant::now(), received: 0 }
    }

    /// Returns the next bytes, None at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>> {
        let slow = |detail| Problem::new(Kind::TooSlow, detail);
        loop {
            let frame = timeout(self.timeouts.idle, self.body.frame()).await;
            let Some(frame) = frame.map_err(|_| slow("no bytes came for too long"))? else {
                return Ok(None);
            };
            let frame = frame.map_err(|error| {
                Problem::new(Kind::BadRequest, format!("the body breaks off: {error}"))
            })?;
            // What is no data is trailers, of which there are none in the protocol.
            let Ok(bytes) = frame.into_data() else { continue };
            self.received += bytes.len() as u64;
            let late = self.started.elapsed().saturating_sub(self.timeouts.grace);
            if self.received < late.as_secs().saturating_mul(self.timeouts.min_rate) {
                return Err(slow("the body comes too slowly"));
            }
            return Ok(Some(bytes));
        }
    }
}

/// Returns some bytes as the body of a reply, which is none to HEAD.
pub(super) fn send(bytes: Arc<dyn ReadAt>, start: u64, len: u64, method: &Method) -> Body {
    if method == Method::HEAD || len == 0 {
        return Body::empty();
    }
    let chunks = try_unfold((start, len), move |(position, left)| {
        let bytes = Arc::clone(&bytes);
        async move {
            if left == 0 {
                return Ok::<_, io::Error>(None);
            }
            let wanted = left.min(CHUNK_LEN);
            let chunk = spawn_blocking(move || read_chunk(&*bytes, position, wanted as usize));
            let chunk = chunk.await.map_err(io::Error::other)??;
            Ok(Some((Frame::data(chunk), (position + wanted, left - wanted))))
        }
    });
    Body::new(StreamBody::new(chunks))
}

fn read_chunk(bytes: &dyn ReadAt, position: u64, len: usize) -> io::Result<Bytes> {
    let mut chunk = vec![0; len];
    match bytes.fill_at(position, &mut chunk).map_err(io::Error::other)? {
        filled if filled == len => Ok(chunk.into()),
        _ => Err(io::Error::other("the content became shorter while it was read")),
    }
}

/// Reads a content from start to end.
pub(super) struct ContentReader<'a> {
    content: &'a Content,
    position: u64,
}

impl<'a> ContentReader<'a> {
    pub(super) fn new(content: &'a Content) -> Self {
        ContentReader { content, position: 0 }
    }
}

impl Read for ContentReader<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.content.bytes.read_at(self.position, buf).map_err(io::Error::other)?;
        self.position += read as u64;
        Ok(read)
    }
}
