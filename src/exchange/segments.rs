//! A file in segments: cut into chunks by the caller's thread, hashed by several.

use blake2b_simd::Params;
use blake2b_simd::many::{HashManyJob, hash_many};

use crate::chunk::{ChunkStream, Chunker};
use crate::error::{Result, reserve, try_vec};
use crate::format::chunks::SALT_LEN;
use crate::monitor::{Monitor, Progress};
use crate::parallel::in_order;
use crate::read_at::ReadAt;
use crate::root::{LEAF_LEN, sum_leaves};
use crate::simd::Simd;
use crate::strong::StrongSum;

/// Bytes that are read at once; whole leaves.
const SEGMENT_LEN: usize = 64 * LEAF_LEN;
/// Chunks that are hashed together.
const BATCH: usize = 32;
/// Bytes of a chunk's sum, of which a signature keeps the first.
pub(super) const WHOLE_SUM_LEN: usize = 16;

/// A chunk's sum, all that is taken of it.
pub(super) type WholeSum = [u8; WHOLE_SUM_LEN];

/// How a file is summed.
pub(super) struct Summing {
    pub(super) chunker: Chunker,
    pub(super) salt: [u8; SALT_LEN],
    pub(super) wants_leaves: bool,
    pub(super) threads: usize,
}

/// What is known of a segment.
#[derive(Default)]
pub(super) struct Summed {
    /// Bytes of the file that are new in it.
    pub(super) len: u64,
    /// Sums of the leaves of these, if they are wanted.
    pub(super) leaves: Vec<StrongSum>,
    /// Lengths and sums of the chunks that end in it.
    pub(super) chunks: Vec<(u32, WholeSum)>,
}

impl Summing {
    /// Reads a file once and gives out what is known of its segments, in order.
    ///
    /// # Errors
    /// Those of reading, also if the file is shorter; [`Error::OutOfMemory`](crate::Error::OutOfMemory),
    /// [`Error::Cancelled`](crate::Error::Cancelled); those of `take`.
    pub(super) fn sum(
        self,
        file: &dyn ReadAt,
        file_len: u64,
        shrank: impl Fn() -> crate::Error,
        monitor: &mut dyn Monitor,
        mut take: impl FnMut(Summed) -> Result<()>,
    ) -> Result<()> {
        let mut cutter =
            Cutter { stream: ChunkStream::new(self.chunker), open: Vec::new(), position: 0 };
        let (salt, wants_leaves) = (self.salt, self.wants_leaves);
        let mut done = Progress::default();
        in_order(
            self.threads,
            2 * self.threads,
            move |segment: Segment| segment.sum(&salt, wants_leaves),
            || cutter.next(file, file_len, &shrank),
            |summed| {
                let summed = summed?;
                done.in_bytes += summed.len;
                take(summed)?;
                crate::layered::report(monitor, done)
            },
        )
    }
}

/// Where in a file the next segment starts.
struct Cutter {
    stream: ChunkStream,
    /// What has come of a chunk that has not ended.
    open: Vec<u8>,
    position: u64,
}

impl Cutter {
    fn next(
        &mut self,
        file: &dyn ReadAt,
        file_len: u64,
        shrank: impl Fn() -> crate::Error,
    ) -> Result<Option<Segment>> {
        let left = file_len - self.position;
        if left == 0 {
            return Ok(None);
        }
        let wanted = left.min(SEGMENT_LEN as u64) as usize;
        let fresh = self.open.len();
        let mut bytes = try_vec(0, fresh + wanted)?;
        bytes[..fresh].copy_from_slice(&self.open);
        if file.fill_at(self.position, &mut bytes[fresh..])? < wanted {
            return Err(shrank());
        }
        self.position += wanted as u64;
        let mut lens = Vec::new();
        let mut rest = &bytes[fresh..];
        while let Some(len) = self.stream.next_cut(&mut rest) {
            reserve(&mut lens, 1)?;
            lens.push(len);
        }
        if self.position == file_len {
            lens.extend(self.stream.finish());
        }
        let cut: usize = lens.iter().sum();
        self.open.clear();
        reserve(&mut self.open, bytes.len() - cut)?;
        self.open.extend_from_slice(&bytes[cut..]);
        Ok(Some(Segment { bytes, fresh, lens }))
    }
}

/// Bytes whose chunks are known.
struct Segment {
    /// The open chunk of the segment before, then bytes of this one.
    bytes: Vec<u8>,
    /// Where those start.
    fresh: usize,
    lens: Vec<usize>,
}

impl Segment {
    fn sum(self, salt: &[u8; SALT_LEN], wants_leaves: bool) -> Result<Summed> {
        let fresh = &self.bytes[self.fresh..];
        let mut summed = Summed { len: fresh.len() as u64, ..Summed::default() };
        if wants_leaves {
            sum_leaves(Simd::best(), fresh, &mut summed.leaves)?;
        }
        reserve(&mut summed.chunks, self.lens.len())?;
        let params = chunk_sum(salt);
        let mut rest = &self.bytes[..];
        for lens in self.lens.chunks(BATCH) {
            let mut jobs = Vec::new();
            reserve(&mut jobs, lens.len())?;
            for &len in lens {
                let chunk;
                (chunk, rest) = rest.split_at(len);
                jobs.push(HashManyJob::new(&params, chunk));
            }
            hash_many(&mut jobs);
            for (&len, job) in lens.iter().zip(&jobs) {
                let sum = *job.to_hash().as_bytes().first_chunk().expect("so long it is");
                summed.chunks.push((len as u32, sum));
            }
        }
        Ok(summed)
    }
}

/// Returns what takes the sum of a chunk.
fn chunk_sum(salt: &[u8; SALT_LEN]) -> Params {
    let mut params = Params::new();
    params.hash_length(WHOLE_SUM_LEN).key(salt);
    params
}
