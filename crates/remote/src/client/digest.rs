//! The SHA-256 of files.

use sha2::{Digest as _, Sha256};
use sigdelta::{Monitor, ReadAt, Result};

use super::work::report;
use crate::protocol::Digest;

/// Bytes that are hashed at once.
const STEP_LEN: usize = 256 << 10;

/// Takes the digest of bytes that come in pieces.
#[derive(Clone, Debug, Default)]
pub(super) struct Hasher(Sha256);

impl Hasher {
    /// Returns a hasher that has taken bytes from the first to where they end, and how many these are.
    pub(super) fn of(bytes: &dyn ReadAt, monitor: &mut dyn Monitor) -> Result<(Self, u64)> {
        let mut hasher = Hasher::default();
        let mut buf = vec![0; STEP_LEN];
        let mut len = 0;
        loop {
            let read = bytes.fill_at(len, &mut buf)?;
            if read == 0 {
                return Ok((hasher, len));
            }
            hasher.update(&buf[..read]);
            len += read as u64;
            report(monitor, len)?;
        }
    }

    /// Takes the next bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the digest of all bytes that have come.
    pub(super) fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}
