//! Cuts a stream into segments, gives them to threads and takes the results in order.

use super::pool::Pool;
use crate::error::{Result, try_vec};

/// How a stream is cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Bytes of a segment: whole blocks.
    pub(super) len: usize,
    /// Bytes of the next segment that one has behind its own.
    pub(super) ahead: usize,
}

/// Some consecutive bytes of a stream.
pub(super) struct Segment {
    pub(super) number: u64,
    /// Its own bytes, and those of the next that it may look at.
    pub(super) bytes: Vec<u8>,
    /// How many are its own.
    pub(super) own_len: usize,
    /// No bytes follow.
    pub(super) is_last: bool,
}

impl Segment {
    pub(super) fn own_bytes(&self) -> &[u8] {
        &self.bytes[..self.own_len]
    }
}

/// A stream on its way through the threads.
pub(super) struct Feed<R> {
    layout: Layout,
    pool: Pool<Segment, (Segment, R)>,
    /// Segments that are worked on or wait at once, at most.
    most_pending: usize,
    next_number: u64,
    buf: Vec<u8>,
    /// Bytes of `buf` that have come.
    filled: usize,
    /// Buffers that are used again.
    spare: Vec<Vec<u8>>,
    in_bytes: u64,
    ended: bool,
}

impl<R: Send + 'static> Feed<R> {
    pub(super) fn new(
        layout: Layout,
        threads: usize,
        work: impl Fn(&Segment) -> R + Send + Sync + 'static,
    ) -> Self {
        let pool = Pool::new(threads, move |segment| {
            let result = work(&segment);
            (segment, result)
        });
        Feed {
            layout,
            pool,
            // One in the hands of each thread, and one that waits for it.
            most_pending: 2 * threads,
            next_number: 0,
            buf: Vec::new(),
            filled: 0,
            spare: Vec::new(),
            in_bytes: 0,
            ended: false,
        }
    }

    /// Returns how many bytes have come.
    pub(super) fn in_bytes(&self) -> u64 {
        self.in_bytes
    }

    /// Returns space for the next bytes, at least one.
    pub(super) fn space(&mut self) -> Result<&mut [u8]> {
        if self.buf.is_empty() {
            self.buf = self.new_buffer()?;
        }
        Ok(&mut self.buf[self.filled..])
    }

    /// Takes note that `len` bytes were put into the space; 0 ends the stream.
    pub(super) fn advance(&mut self, len: usize) -> Result<()> {
        self.filled += len;
        self.in_bytes += len as u64;
        if len == 0 {
            self.ended = true;
            let mut bytes = std::mem::take(&mut self.buf);
            bytes.truncate(self.filled);
            self.submit(bytes, self.filled);
        } else if self.filled == self.buf.len() {
            let mut next = self.new_buffer()?;
            let Layout { len, ahead } = self.layout;
            next[..ahead].copy_from_slice(&self.buf[len..]);
            let bytes = std::mem::replace(&mut self.buf, next);
            self.filled = ahead;
            self.submit(bytes, len);
        }
        Ok(())
    }

    /// Returns the next result with its segment; None asks for more bytes, or says that all are
    /// done if the stream has ended.
    pub(super) fn next(&mut self) -> Option<(Segment, R)> {
        if self.ended || self.pool.pending() >= self.most_pending { self.pool.take() } else { None }
    }

    /// Takes the buffer of a segment back.
    pub(super) fn recycle(&mut self, segment: Segment) {
        if !segment.is_last {
            self.spare.push(segment.bytes);
        }
    }

    fn new_buffer(&mut self) -> Result<Vec<u8>> {
        match self.spare.pop() {
            Some(buf) => Ok(buf),
            None => try_vec(0, self.layout.len + self.layout.ahead),
        }
    }

    fn submit(&mut self, bytes: Vec<u8>, own_len: usize) {
        let segment = Segment { number: self.next_number, bytes, own_len, is_last: self.ended };
        self.next_number += 1;
        self.pool.submit(segment);
    }
}
