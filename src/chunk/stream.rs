//! A stream cut into chunks as it comes.

use super::{Chunker, OpenChunk};

/// Finds the chunks of a stream that comes in pieces, however it is cut into them.
///
/// It keeps no bytes, only their hash: who needs the bytes of a chunk keeps them, or hashes them
/// on the way.
///
/// ```
/// use sigdelta::chunk::{ChunkParams, ChunkStream, Chunker};
///
/// let mut stream = ChunkStream::new(Chunker::new(ChunkParams::KIB_16));
/// let mut lens = Vec::new();
/// for piece in [[1; 40_000], [2; 40_000]] {
///     let mut rest = &piece[..];
///     while let Some(len) = stream.next_cut(&mut rest) {
///         lens.push(len);
///     }
/// }
/// lens.extend(stream.finish());
/// assert_eq!(lens.iter().sum::<usize>(), 80_000);
/// ```
#[derive(Clone, Debug)]
pub struct ChunkStream {
    chunker: Chunker,
    open: OpenChunk,
}

impl ChunkStream {
    /// Starts a stream.
    pub fn new(chunker: Chunker) -> Self {
        ChunkStream { chunker, open: OpenChunk::default() }
    }

    /// Takes bytes from the front of `input` up to the end of a chunk, and returns the length of that
    /// chunk, with what has come of it before. None if all bytes were taken and no chunk has ended.
    ///
    /// A chunk can end before the first byte of `input`.
    pub fn next_cut(&mut self, input: &mut &[u8]) -> Option<usize> {
        self.open.take(&self.chunker, input)
    }

    /// Ends the stream: returns the length of the last chunk, or none if no bytes are left. Another
    /// stream can follow.
    pub fn finish(&mut self) -> Option<usize> {
        self.open.end()
    }
}
