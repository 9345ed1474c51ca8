//! The layered signature: a basis told by its chunks.

use std::io::Write;

use super::segments::{Summing, WHOLE_SUM_LEN};
use crate::chunk::{ChunkParams, Chunker};
use crate::error::{Error, IoAction, Result, reserve};
use crate::format::chunks::{self, Chunks, MAX_CHUNK_LEN, SALT_LEN};
use crate::layered::shrank;
use crate::monitor::Monitor;
use crate::read_at::ReadAt;
use crate::root::{Root, RootHasher};

/// How a layered signature is made.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct ChunkSignatureOptions {
    average_len: Option<u32>,
    sum_len: Option<u8>,
    salt: Option<[u8; SALT_LEN]>,
    threads: usize,
}

impl ChunkSignatureOptions {
    /// Returns the defaults: chunks and sums as the length of the basis wants them, a random salt, one
    /// thread.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the options for an exchange of one round, where the signature is all that the other side
    /// will know: shorter chunks, about the square root of the length, at which sums and chunks that changed
    /// cost about the same.
    pub fn for_one_round(basis_len: u64) -> Self {
        let average_len = basis_len.isqrt().max(1);
        let average_len = (1u64 << average_len.ilog2()).clamp(512, 64 << 10) as u32;
        Self::new().average_len(average_len)
    }

    /// Sets the average length of chunks in bytes, 256 to 1048576.
    pub fn average_len(mut self, average_len: impl Into<Option<u32>>) -> Self {
        self.average_len = average_len.into();
        self
    }

    /// Sets the bytes of a chunk's sum, 3 to 16. More than the default are of use after an exchange
    /// that failed.
    pub fn sum_len(mut self, sum_len: impl Into<Option<u8>>) -> Self {
        self.sum_len = sum_len.into();
        self
    }

    /// Sets the salt. The same basis, salt and lengths give the same signature. It should be random,
    /// and not known before to those who make the files.
    pub fn salt(mut self, salt: impl Into<Option<[u8; SALT_LEN]>>) -> Self {
        self.salt = salt.into();
        self
    }

    /// Sets the number of threads. The signature does not depend on it.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }
}

/// What the making of a layered signature did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChunkSignatureStats {
    /// Chunks of the basis.
    pub chunks: u64,
    /// Bytes of the basis.
    pub in_bytes: u64,
    /// Bytes of the signature.
    pub out_bytes: u64,
    /// Root of the basis.
    pub root: Root,
}

/// Writes the layered signature of a basis, which is read once. Chunks take 24 bytes of memory each.
///
/// # Errors
/// [`Error::InvalidChunkLens`], [`Error::InvalidStrongLen`], [`Error::Io`] (also if the basis is
/// shorter than `basis_len`, or if there is no random salt), [`Error::OutOfMemory`],
/// [`Error::Cancelled`].
pub fn sign(
    basis: &dyn ReadAt,
    basis_len: u64,
    options: ChunkSignatureOptions,
    mut output: impl Write,
    monitor: &mut dyn Monitor,
) -> Result<ChunkSignatureStats> {
    let average_len = options.average_len.unwrap_or_else(|| recommended_average_len(basis_len));
    let params = ChunkParams::with_average(average_len)?;
    if params.max_len() > MAX_CHUNK_LEN {
        let (min_len, max_len) = (params.min_len(), params.max_len());
        return Err(Error::InvalidChunkLens { min_len, average_len, max_len });
    }
    let sum_len = options.sum_len.unwrap_or_else(|| recommended_sum_len(basis_len, average_len));
    if !chunks::SUM_LENS.contains(&sum_len) {
        let (found, max) = (sum_len.into(), *chunks::SUM_LENS.end());
        return Err(Error::InvalidStrongLen { found, max, hash: "BLAKE2b" });
    }
    let salt = options.salt.map_or_else(random_salt, Ok)?;
    let summing = Summing {
        chunker: Chunker::new(params),
        salt,
        wants_leaves: true,
        threads: options.threads,
    };
    let mut root = RootHasher::new();
    let mut starts = vec![0];
    let mut sums = Vec::new();
    let mut end = 0;
    let shrank = || shrank(IoAction::ReadBasis);
    summing.sum(basis, basis_len, shrank, monitor, |summed| {
        root.push_leaves(&summed.leaves, summed.len);
        reserve(&mut starts, summed.chunks.len())?;
        reserve(&mut sums, summed.chunks.len() * usize::from(sum_len))?;
        for (len, sum) in summed.chunks {
            end += u64::from(len);
            starts.push(end);
            sums.extend_from_slice(&sum[..usize::from(sum_len)]);
        }
        Ok(())
    })?;
    let root = root.finish();
    let chunks = Chunks { params, salt, basis_root: root, starts, sum_len, sums };
    let bytes = chunks.encode();
    output.write_all(&bytes).map_err(Error::io(IoAction::Write))?;
    output.flush().map_err(Error::io(IoAction::Write))?;
    Ok(ChunkSignatureStats {
        chunks: chunks.len() as u64,
        in_bytes: basis_len,
        out_bytes: bytes.len() as u64,
        root,
    })
}

/// Shortest and longest average that is chosen.
const AVERAGE_LENS: [u64; 2] = [1 << 10, 512 << 10];

/// A longer file has more edits, but not as many more: then about this average makes signature, fine
/// sums and literals together the shortest.
fn recommended_average_len(basis_len: u64) -> u32 {
    let [least, most] = AVERAGE_LENS;
    (6 * basis_len.isqrt()).next_power_of_two().clamp(least, most) as u32
}

/// Two files of so many chunks have some pair with equal sums that is not equal once in 2^20 times.
/// Lengths must be equal as well, which counts as a byte and a half.
fn recommended_sum_len(basis_len: u64, average_len: u32) -> u8 {
    const SAFETY_BITS: u32 = 20;
    const LENGTH_BITS: u32 = 12;
    let chunk_bits = (basis_len / u64::from(average_len) + 1).ilog2() + 1;
    let bits = 2 * chunk_bits + SAFETY_BITS - LENGTH_BITS;
    (bits.div_ceil(8) as u8).clamp(4, WHOLE_SUM_LEN as u8)
}

fn random_salt() -> Result<[u8; SALT_LEN]> {
    let mut salt = [0; SALT_LEN];
    getrandom::fill(&mut salt).map_err(|error| Error::io(IoAction::Read)(error.into()))?;
    Ok(salt)
}

/// A layered signature, checked.
#[derive(Clone, Debug)]
pub struct ChunkSignature(pub(super) Chunks);

impl ChunkSignature {
    /// Reads a signature.
    ///
    /// # Errors
    /// [`Error::MessageMagic`], [`Error::MessageVersion`], [`Error::MessageDamaged`],
    /// [`Error::OutOfMemory`].
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        Chunks::decode(bytes).map(ChunkSignature)
    }

    /// Returns the length of the basis in bytes.
    pub fn basis_len(&self) -> u64 {
        self.0.basis_len()
    }

    /// Returns the root of the basis.
    pub fn basis_root(&self) -> Root {
        self.0.basis_root
    }

    /// Returns how many chunks the basis has.
    pub fn chunks(&self) -> usize {
        self.0.len()
    }
}
