//! The trailer that makes a delta verify itself: 48 bytes after END, where librsync never looks.
//!
//! ```text
//! 0   4  magic "sdtr"
//! 4   1  version, 1
//! 5   1  digest algorithm, 1 = BLAKE2b-256
//! 6   2  bytes that follow, 40
//! 8   8  length of the result in bytes
//! 16 32  digest of the result
//! ```

use crate::error::{Error, Result};
use crate::format::be_uint;
use crate::strong::{MAX_STRONG_LEN, StrongSum};

/// What a delta promises about its result (`docs/formats.md`, "Trailer").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// Length of the result in bytes.
    pub result_len: u64,
    /// BLAKE2b-256 of the result.
    pub result_digest: StrongSum,
}

impl Trailer {
    /// Length of an encoded trailer in bytes.
    pub const LEN: usize = 48;
    /// The four bytes that start a trailer.
    pub const MAGIC: [u8; 4] = *b"sdtr";

    const HEADER: [u8; 8] = *b"sdtr\x01\x01\x00\x28";

    /// Returns the trailer as it follows END.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..8].copy_from_slice(&Self::HEADER);
        bytes[8..16].copy_from_slice(&self.result_len.to_be_bytes());
        bytes[16..].copy_from_slice(&self.result_digest);
        bytes
    }

    /// Parses a trailer; None if it is not one of this version.
    pub fn decode(bytes: &[u8; Self::LEN]) -> Option<Self> {
        if bytes[..8] != Self::HEADER {
            return None;
        }
        let mut result_digest = [0; MAX_STRONG_LEN];
        result_digest.copy_from_slice(&bytes[16..]);
        Some(Trailer { result_len: be_uint(&bytes[8..16]), result_digest })
    }

    /// Compares with what a result is.
    pub(crate) fn compare(&self, result_len: u64, result_digest: &StrongSum) -> Result<()> {
        if (self.result_len, &self.result_digest) == (result_len, result_digest) {
            return Ok(());
        }
        Err(Error::ResultMismatch { found_len: result_len, expected_len: self.result_len })
    }
}
