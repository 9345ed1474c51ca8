//! Parameters of a signature: what is chosen, what librsync recommends, what is valid.

use crate::error::{Error, Result};
use crate::strong::StrongHash;
use crate::weak::WeakHash;

/// Block length where the length of the basis is unknown.
pub const DEFAULT_BLOCK_LEN: u32 = 2048;
/// Longest block length: the wire field is read as a signed 32-bit number.
pub const MAX_BLOCK_LEN: u32 = i32::MAX as u32;

/// The two hashes of a signature, which its magic number names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct SignatureKind {
    /// The rolling sum that finds candidates.
    pub weak: WeakHash,
    /// The hash that confirms them.
    pub strong: StrongHash,
}

impl SignatureKind {
    /// All four kinds.
    pub const ALL: [SignatureKind; 4] = [
        SignatureKind { weak: WeakHash::Rollsum, strong: StrongHash::Md4 },
        SignatureKind { weak: WeakHash::Rollsum, strong: StrongHash::Blake2b },
        SignatureKind { weak: WeakHash::RabinKarp, strong: StrongHash::Md4 },
        SignatureKind { weak: WeakHash::RabinKarp, strong: StrongHash::Blake2b },
    ];

    /// Returns the magic number that starts a signature of this kind.
    pub fn magic(self) -> u32 {
        let weak = match self.weak {
            WeakHash::Rollsum => 0x30,
            WeakHash::RabinKarp => 0x40,
        };
        let strong = match self.strong {
            StrongHash::Md4 => 6,
            StrongHash::Blake2b => 7,
        };
        0x7273_0100 | weak | strong
    }

    /// Returns the kind that a magic number names, or None if it names none.
    pub fn from_magic(magic: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.magic() == magic)
    }
}

/// How many bytes of each strong sum a signature keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum StrongLen {
    /// The whole sum.
    #[default]
    Max,
    /// As few as are safe for the length of the basis: see [`min_strong_len`].
    Min,
    /// This many, at least 1.
    Bytes(u32),
}

/// What to ask of a signature; the default is what `rdiff signature` does.
///
/// ```
/// use sigdelta::{SignatureOptions, StrongLen};
///
/// let params = SignatureOptions::new().strong_len(StrongLen::Min).params(Some(1 << 30))?;
/// assert_eq!((params.block_len(), params.strong_len()), (32768, 8));
/// # Ok::<(), sigdelta::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct SignatureOptions {
    kind: SignatureKind,
    block_len: Option<u32>,
    strong_len: StrongLen,
}

impl SignatureOptions {
    /// Returns the defaults: RabinKarp and BLAKE2b, recommended block length, whole sums.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the hashes.
    pub fn kind(mut self, kind: SignatureKind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets the block length in bytes; `None` takes [`recommended_block_len`].
    pub fn block_len(mut self, block_len: impl Into<Option<u32>>) -> Self {
        self.block_len = block_len.into();
        self
    }

    /// Sets the strong length.
    pub fn strong_len(mut self, strong_len: StrongLen) -> Self {
        self.strong_len = strong_len;
        self
    }

    /// Returns the parameters for a basis of `basis_len` bytes, `None` if that is unknown.
    ///
    /// # Errors
    /// [`Error::InvalidBlockLen`] and [`Error::InvalidStrongLen`].
    pub fn params(&self, basis_len: Option<u64>) -> Result<SignatureParams> {
        let block_len = self.block_len.unwrap_or_else(|| recommended_block_len(basis_len));
        let strong_len = match self.strong_len {
            StrongLen::Max => self.kind.strong.max_len().into(),
            StrongLen::Min => {
                min_strong_len(basis_len, block_len).min(u32::from(self.kind.strong.max_len()))
            }
            StrongLen::Bytes(len) => len,
        };
        SignatureParams::new(self.kind, block_len, strong_len)
    }
}

/// Parameters of one signature: valid by construction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SignatureParams {
    kind: SignatureKind,
    block_len: u32,
    strong_len: u8,
}

impl SignatureParams {
    /// Checks and returns parameters.
    ///
    /// # Errors
    /// [`Error::InvalidBlockLen`] unless `block_len` is in 1..=2147483647,
    /// [`Error::InvalidStrongLen`] unless `strong_len` is in 1..=16 for MD4, 1..=32 for BLAKE2b.
    pub fn new(kind: SignatureKind, block_len: u32, strong_len: u32) -> Result<Self> {
        if !(1..=MAX_BLOCK_LEN).contains(&block_len) {
            return Err(Error::InvalidBlockLen { found: block_len });
        }
        let max = kind.strong.max_len();
        match u8::try_from(strong_len) {
            Ok(len) if (1..=max).contains(&len) => {
                Ok(SignatureParams { kind, block_len, strong_len: len })
            }
            _ => Err(Error::InvalidStrongLen {
                found: strong_len.into(),
                max,
                hash: kind.strong.name(),
            }),
        }
    }

    /// Returns the hashes.
    pub fn kind(&self) -> SignatureKind {
        self.kind
    }

    /// Returns the block length in bytes.
    pub fn block_len(&self) -> u32 {
        self.block_len
    }

    /// Returns how many bytes of each strong sum are kept.
    pub fn strong_len(&self) -> u8 {
        self.strong_len
    }

    /// Returns the bytes one block takes in a signature.
    pub fn bytes_per_block(&self) -> usize {
        4 + usize::from(self.strong_len)
    }

    /// Returns the length of the signature of `basis_len` bytes.
    pub fn signature_len(&self, basis_len: u64) -> u64 {
        let blocks = basis_len.div_ceil(self.block_len.into());
        blocks.saturating_mul(self.bytes_per_block() as u64).saturating_add(12)
    }
}

/// Returns the block length librsync recommends, in bytes: about the square root of the basis length
/// (`docs/formats.md`, "Recommended lengths").
///
/// 2048 if the length is unknown, 256 up to 64 KiB, then the square root rounded down to a
/// multiple of 128.
pub fn recommended_block_len(basis_len: Option<u64>) -> u32 {
    match basis_len {
        None => DEFAULT_BLOCK_LEN,
        Some(len) if len <= 65536 => 256,
        // The square root of a u64 is at most 2^32 - 1.
        Some(len) => ((len.isqrt() as u32) & !127).min(MAX_BLOCK_LEN & !127),
    }
}

/// Returns the fewest strong bytes librsync recommends for a basis and block length
/// (`docs/formats.md`, "Recommended lengths").
///
/// So many that a false match is unlikely among all pairs of block and offset; 12 if the basis
/// length is unknown.
pub fn min_strong_len(basis_len: Option<u64>, block_len: u32) -> u32 {
    let Some(len) = basis_len else { return 12 };
    let blocks = len / u64::from(block_len.max(1));
    2 + (len.saturating_add(1 << 24).ilog2() + blocks.saturating_add(1).ilog2()).div_ceil(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recommended values of C librsync 2.3.5: basis length, block length, fewest strong bytes.
    const RECOMMENDED: [(u64, u32, u32); 12] = [
        (0, 256, 5),
        (255, 256, 5),
        (256, 256, 6),
        (65537, 256, 6),
        (147_456, 384, 6),
        (1_000_000, 896, 7),
        (1 << 20, 1024, 7),
        (1 << 24, 4096, 7),
        (100_000_000, 9984, 7),
        (1 << 30, 32768, 8),
        (1 << 32, 65536, 8),
        (1 << 40, 1 << 20, 10),
    ];

    #[test]
    fn recommendations_equal_those_of_librsync() {
        assert_eq!(recommended_block_len(None), 2048);
        assert_eq!(min_strong_len(None, 2048), 12);
        for (basis_len, block_len, strong_len) in RECOMMENDED {
            assert_eq!(recommended_block_len(Some(basis_len)), block_len, "{basis_len}");
            assert_eq!(min_strong_len(Some(basis_len), block_len), strong_len, "{basis_len}");
        }
    }

    #[test]
    fn absurd_lengths_are_capped_or_refused() {
        assert_eq!(recommended_block_len(Some(u64::MAX)), MAX_BLOCK_LEN & !127);
        let md4 = SignatureKind { weak: WeakHash::RabinKarp, strong: StrongHash::Md4 };
        let options = SignatureOptions::new().kind(md4);
        let min = options.strong_len(StrongLen::Min).block_len(1).params(Some(u64::MAX)).unwrap();
        assert_eq!(min.strong_len(), 16);
        for bad in [0, 1 << 31, u32::MAX] {
            let error = options.block_len(bad).params(None).unwrap_err();
            assert!(matches!(error, Error::InvalidBlockLen { found } if found == bad));
        }
        for bad in [0, 17, 33, u32::MAX] {
            let error = options.strong_len(StrongLen::Bytes(bad)).params(None).unwrap_err();
            assert!(matches!(error, Error::InvalidStrongLen { max: 16, .. }));
        }
    }
}
