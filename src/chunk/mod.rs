//! Content-defined chunking: files cut where their bytes say so, so that equal stretches of two files
//! become equal chunks wherever they lie.
//!
//! The cuts are those of FastCDC (Xia et al., *FastCDC: a Fast and Efficient Content-Defined
//! Chunking Approach for Data Deduplication*, USENIX ATC 2016, and *The Design of Fast
//! Content-Defined Chunking for Data Deduplication Based Storage Systems*, IEEE TPDS 2020): a byte
//! cuts if certain bits of a Gear hash of the bytes up to it, at least `min_len` behind the last
//! cut, are all zero. The byte is the first of the next chunk. Fewer bits are asked for from the
//! average length on, and a chunk of `max_len` ends in any case. What parameters and key say which
//! cuts never changes.
//!
//! ```
//! use sigdelta::chunk::{ChunkParams, Chunker};
//!
//! let chunker = Chunker::new(ChunkParams::KIB_16);
//! let file: Vec<u8> = (0..1_000_000u32).flat_map(|n| n.to_le_bytes()).collect();
//! let chunks: Vec<&[u8]> = chunker.chunks(&file).collect();
//! assert_eq!(chunks.concat(), file);
//! ```
//!
//! # Keys
//! The lengths of chunks tell what is in them: whoever sees the lengths of a file's chunks, in a
//! signature at rest or on the wire, can recognise the file if he has it. [`Chunker::keyed`] takes
//! another table for each key, so that such a comparison needs the key. **This is not encryption, and
//! it does not resist an attacker who can have bytes of his choice cut and sees the lengths**: from
//! them he can compute the table (Truong et al., *Breaking and Fixing Content-Defined Chunking*, IACR
//! ePrint 2025/558). It also keeps strangers from making a file that is cut badly.

mod gear;
mod open;
mod params;
mod scan;
mod stitch;
mod stream;

pub use params::ChunkParams;
pub use stitch::Part;
pub use stream::ChunkStream;

use gear::Gear;
use open::OpenChunk;

/// Cuts bytes into chunks: parameters, and the table of a key.
///
/// For a file in memory there is [`Chunker::chunks`], for a stream [`ChunkStream`], for several
/// threads [`parallel::cuts`](crate::parallel::cuts); all cut alike.
#[derive(Clone, Debug)]
pub struct Chunker {
    params: ChunkParams,
    /// Bits that must be zero below and from the average.
    masks: [u64; 2],
    gear: Gear,
}

impl Chunker {
    /// Returns the chunker that everybody with these parameters has.
    pub fn new(params: ChunkParams) -> Self {
        Chunker { params, masks: params.masks(), gear: Gear::Published }
    }

    /// Returns the chunker of a key, which should be random. See [the module](self#keys) for what a
    /// key is good for.
    pub fn keyed(params: ChunkParams, key: &[u8; 32]) -> Self {
        Chunker { gear: Gear::keyed(key), ..Chunker::new(params) }
    }

    /// Returns the parameters.
    pub fn params(&self) -> &ChunkParams {
        &self.params
    }

    /// Returns the length of the chunk that `bytes` start with, or none if only more bytes can tell,
    /// or if there are none. With `is_last` no more bytes follow.
    ///
    /// Looks at no more than [`ChunkParams::max_len`] bytes.
    pub fn next_cut(&self, mut bytes: &[u8], is_last: bool) -> Option<usize> {
        let mut open = OpenChunk::default();
        open.take(self, &mut bytes).or_else(|| if is_last { open.end() } else { None })
    }

    /// Returns the chunks of a file in memory.
    pub fn chunks<'a>(&'a self, bytes: &'a [u8]) -> Chunks<'a> {
        Chunks { chunker: self, rest: bytes }
    }
}

/// The chunks of a file in memory, in order. See [`Chunker::chunks`].
#[derive(Clone, Debug)]
pub struct Chunks<'a> {
    chunker: &'a Chunker,
    rest: &'a [u8],
}

impl<'a> Iterator for Chunks<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let len = self.chunker.next_cut(self.rest, true)?;
        let chunk;
        (chunk, self.rest) = self.rest.split_at(len);
        Some(chunk)
    }
}
